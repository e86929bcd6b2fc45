"""What was tried on the way to a host, step by step, in words for people new to PCP.

The same steps stand behind `vectorpy check HOST` and behind the page of a host
that does not connect. Nothing is written to the host, and nothing that it sends
is passed on but names, versions and numbers of PCP's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass

from vectorpy.errors import HostError, RefusedByPolicy, VectorpyError
from vectorpy.model.hostspec import LOCAL, HostId
from vectorpy.model.sample import Sample
from vectorpy.sources import probe, riders
from vectorpy.sources.dial import Dialler
from vectorpy.sources.face import Facts, Source

Widget = tuple[str, Collection[str]]  # its id and its metrics
# What listens at a port, and what to know where nothing does.
_PORTS = {
    44321: ("pmcd, PCP's collector", "To start it there: systemctl enable --now pmcd."),
    44322: ("pmproxy, PCP's web API", "To start it there: systemctl enable --now pmproxy."),
    44323: ("pmwebd, the web API of PCP 3 and 4", "Newer PCP does not need it."),
}
_WEB_PORTS = (44322, 44323)

# What brings the metrics below a prefix, the longest prefix first.
_BRINGS = (
    ("kernel.all.pressure.cpu.full.", "Linux 5.13 or newer, told by PCP newer than 6.0"),
    ("kernel.all.pressure.", "the kernel's pressure stall information (Linux 4.20 or newer)"),
    ("kernel.", "PCP's agent linux (package pcp)"),
    ("mem.", "PCP's agent linux (package pcp)"),
    ("disk.", "PCP's agent linux (package pcp)"),
    ("network.", "PCP's agent linux (package pcp)"),
    ("hinv.", "PCP's agent linux (package pcp)"),
    ("filesys.", "PCP's agent linux (package pcp)"),
    ("swap.", "PCP's agent linux (package pcp)"),
    ("vfs.", "PCP's agent linux (package pcp)"),
    ("cgroup.", "PCP's agent proc (package pcp)"),
    ("proc.", "PCP's agent proc (package pcp)"),
    ("containers.", "PCP's agent root, pmdaroot (package pcp)"),
    ("bcc.", "PCP's agent bcc (package pcp-pmda-bcc)"),
    ("bpf.", "PCP's agent bpf (package pcp-pmda-bpf)"),
    ("bpftrace.", "PCP's agent bpftrace (package pcp-pmda-bpftrace)"),
    ("pmcd.", "pmcd itself"),
    ("vkernel.", "vectorpy's agent vkernel (vectorpy agents install vkernel)"),
    ("vnet.", "vectorpy's agent vnet (vectorpy agents install vnet)"),
    ("vjvm.", "vectorpy's agent vjvm (vectorpy agents install vjvm)"),
)

# Agents that a host has only where somebody added them: to lack them is no fault.
_ADDED = ("bcc.", "bpf.", "bpftrace.", "vkernel.", "vnet.", "vjvm.")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `ok` is True, False, or None for a note; `text` are sentences for people."""

    name: str
    ok: bool | None
    text: str


def brings(metric: str) -> str:
    """Which package or agent brings a metric, in words; "" where that is not known."""
    return next((words for prefix, words in _BRINGS if metric.startswith(prefix)), "")


def drawable(available: Collection[str], widgets: Sequence[Widget]) -> dict[str, list[str]]:
    """Missing metrics by widget id, for all of `widgets`; an empty list: it draws whole."""
    return {ident: sorted(set(metrics) - set(available)) for ident, metrics in widgets}


def check(host: HostId, dialler: Dialler, widgets: Sequence[Widget] = ()) -> list[Step]:
    """All steps up to the first that nothing can follow. Never raises a VectorpyError."""
    return list(_steps(host, dialler, widgets))


def _steps(host: HostId, dialler: Dialler, widgets: Sequence[Widget]) -> Iterator[Step]:
    if host.id == LOCAL:
        yield Step("name", True, "`local` is this server's own collector; no network is used.")
    elif host.scheme != "archive":
        reachable = yield from _network(host, dialler)
        if not reachable:
            return
    try:
        source = dialler.dial(host)
    except VectorpyError as error:
        yield Step("PCP", False, str(error))
        return
    with contextlib.closing(source):
        yield from _pcp(source, widgets)


def _network(host: HostId, dialler: Dialler) -> Generator[Step, None, bool]:
    """Name, policy and ports; gives whether there is anything to talk to."""
    try:
        answers = dialler.resolver.resolve(host.name)
    except VectorpyError as error:
        yield Step("name", False, str(error))
        return False
    yield Step("name", True, f"{host.name} has the address {', '.join(answers)}.")
    try:
        places = dialler.places(host)
    except VectorpyError as error:
        yield Step("address policy", False, str(error))
        return False
    yield Step("address policy", True, "This server's settings allow its address and ports.")
    found = False
    for place in sorted(places, key=lambda p: (p.port not in _WEB_PORTS, p.port)):
        step = _port(place, dialler)
        found = found or step.ok is True
        yield step
    if not found:
        yield Step(
            "PCP",
            False,
            "Nothing answers at any port. On the host: install PCP (Debian, Ubuntu: "
            "apt install pcp; Fedora, RHEL: dnf install pcp), start it (systemctl enable --now "
            "pmcd pmproxy), and let this server in through its firewall at port 44322 or 44321.",
        )
    return found


def _port(place: probe.Place, dialler: Dialler) -> Step:
    what, advice = _PORTS.get(place.port, ("a port of your own choice", ""))
    name = f"port {place.port}"
    outcome = probe.race([place], dialler.settings.connect_timeout)
    if outcome.socket is not None:
        outcome.socket.close()
        return Step(name, True, f"It takes a connection at {place.address} ({what}).")
    if outcome.silent:
        return Step(
            name,
            None,
            f"No answer from {place.address} ({what}): the host is down, or a firewall drops it.",
        )
    text = f"Closed at {place.address} ({what}): nothing listens. {advice}"
    return Step(name, None, text.strip())


def _pcp(source: Source, widgets: Sequence[Widget]) -> Iterator[Step]:
    try:
        facts = source.open()
    except (HostError, RefusedByPolicy, VectorpyError) as error:
        yield Step("PCP", False, str(error))
        return
    yield Step(
        "PCP",
        True,
        f"PCP {facts.version or 'of unknown version'} answers by {_transport(facts)}; "
        f"the host calls itself {facts.hostname}.",
    )
    yield _agents(facts)
    if facts.transport == "web":
        yield Step(
            "security",
            None,
            "Whoever reaches this web API can read all of the host's metrics, and may write "
            'some where pmcd.conf does not say `disallow "local:*" : store;` (that can\'t be '
            "seen from here without writing). Keep its port inside of a trusted network.",
        )
    if widgets:
        yield from _widgets(source, widgets)


def _transport(facts: Facts) -> str:
    way = "its web API" if facts.transport == "web" else "pmcd itself"
    return f"{way} at {facts.address}"


def _agents(facts: Facts) -> Step:
    bad = {name: status for name, status in facts.agents.items() if status}
    if not facts.agents:
        return Step("agents", None, "It does not tell which agents it has.")
    if bad:
        words = "; ".join(f"{name} {riders.status_words(s)}" for name, s in sorted(bad.items()))
        return Step(
            "agents",
            False,
            f"Not all of its agents are well: {words}. Their metrics are missing. Look into "
            "/var/log/pcp/pmcd there, and restart them with: systemctl restart pmcd.",
        )
    return Step("agents", True, f"All agents are well: {', '.join(sorted(facts.agents))}.")


def _widgets(source: Source, widgets: Sequence[Widget]) -> Iterator[Step]:
    names = sorted({metric for _, metrics in widgets for metric in metrics})
    try:
        sample = source.fetch(names)
    except VectorpyError as error:
        yield Step("widgets", False, str(error))
        return
    available = {name for part in sample.parts for name in part.values}
    missing = drawable(available, widgets)
    none = [ident for ident, metrics in widgets if set(metrics) <= set(missing[ident]) and metrics]
    more = {ident: origins for ident in none if (origins := _added(missing[ident], sample))}
    none = [ident for ident in none if ident not in more]
    usual = [ident for ident in missing if ident not in more]
    lacks = {ident: _faults(missing[ident], sample) for ident in usual}
    partly = [ident for ident in usual if lacks[ident] and ident not in none]
    text = f"{len(usual) - len(none) - len(partly)} of {len(usual)} widgets can draw all they show."
    if partly:
        text += f" In part: {', '.join(partly)}."
    if none:
        text += f" Not at all: {', '.join(none)}."
    yield Step("widgets", not any(lacks[ident] for ident in none), text)
    for ident in none:
        yield Step(
            f"widget {ident}", False if lacks[ident] else None, _lacks(missing[ident], sample)
        )
    for ident in partly:
        yield Step(f"widget {ident}", True, _lacks(lacks[ident], sample))
    for ident in usual:
        added = [metric for metric in missing[ident] if _added([metric], sample)]
        if added and ident not in none:
            more[ident] = _added(added, sample)
    if more:
        yield Step("more widgets", None, _could(more))


def _faults(metrics: list[str], sample: Sample) -> list[str]:
    """Those that should be there: neither without a value just now, nor of an added agent."""
    return [m for m in metrics if _why(m, sample) != riders.NO_VALUE and not _added([m], sample)]


def _added(metrics: list[str], sample: Sample) -> str:
    """Which agents that can be added bring all of these unknown metrics; "" where none do."""
    if not all(m.startswith(_ADDED) and _why(m, sample) == riders.unknown(m) for m in metrics):
        return ""
    return " or ".join(sorted({brings(metric) for metric in metrics}, reverse=True))


def _could(more: dict[str, str]) -> str:
    """What agents that are not there would add, alike widgets together."""
    by_origin: dict[str, list[str]] = {}
    for ident, origin in more.items():
        by_origin.setdefault(origin, []).append(ident)
    words = [f"With {origin}: {', '.join(idents)}." for origin, idents in by_origin.items()]
    return (
        f"{len(more)} can be drawn, or show more, where an agent is added to the host. "
        + " ".join(words)
    )


def _why(metric: str, sample: Sample) -> str:
    return sample.missing.get(metric, riders.NO_VALUE)


def _lacks(metrics: list[str], sample: Sample) -> str:
    """Why these metrics are missing, and what brings them; alike reasons together."""
    reasons: dict[str, list[str]] = {}
    for metric in metrics:
        why = _why(metric, sample)
        if why == riders.unknown(metric):
            brought = brings(metric)
            why = "Unknown there" + (f"; brought by {brought}" if brought else "") + "."
        reasons.setdefault(why, []).append(metric)
    return " ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items())
