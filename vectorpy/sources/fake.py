"""A scripted host for tests and demonstrations: the face of sources without any PCP.

`FakeHost` is the world (metrics, agents, faults, counts of what was asked),
`FakeSource` one open way to it, `FakeDialler` what `live` gets in place of the
real dialler. Nothing here opens a socket. A FakeHost may be changed by one
thread while another fetches.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from vectorpy.errors import HostDown, VectorpyError
from vectorpy.model.metric import COUNTER, INSTANT, Descriptor
from vectorpy.model.sample import SINGULAR, Part, Sample, Value
from vectorpy.sources.face import ALL, Facts, Only

if TYPE_CHECKING:
    from vectorpy.model.hostspec import HostId

# A metric's script: one value (singular), values by instance, or a function of
# the host's time in seconds that gives either.
Plain = Value | Mapping[str, Value]
Script = Plain | Callable[[float], Plain]

LINUX = 60  # domain of the agent that brings a metric unless told otherwise


class FakeHost:
    """One scripted host.

    `clock` gives the host's time in seconds; stamps of samples come from it.
    `agents` is pmcd.agent.status by domain; a metric of a domain with another
    status than 0 is missing. `before_fetch`, where set, is called with the
    names of each fetch before it is answered: it may block, or raise.
    `opens`, `fetches`, `closes` and `asked` (names of each fetch) count what
    came in, `log` has it in order (what, names), `alive` is what a cheap probe finds.
    `only` tells which instances each fetch was narrowed to, `values` how many went out.
    """

    def __init__(
        self,
        hostname: str = "web-01",
        *,
        clock: Callable[[], float] = time.time,
        uptime: float | None = 1000.0,
        machine: str = "",
        address: str = "192.0.2.1:44322",
    ) -> None:
        self.clock = clock
        self.facts = Facts(
            hostname, "fake", address, machine=machine, version="6.0.3", agents={"linux": 0}
        )
        self.agents: dict[int, int] = {LINUX: 0}
        self.alive = True
        self.before_fetch: Callable[[Sequence[str]], None] | None = None
        self.opens = self.fetches = self.closes = 0
        self.asked: list[tuple[str, ...]] = []
        self.only: list[dict[str, frozenset[str]]] = []
        self.values = 0
        self.log: list[tuple[str, tuple[str, ...]]] = []
        self._booted = None if uptime is None else clock() - uptime
        self._lock = threading.Lock()
        self._metrics: dict[str, tuple[Descriptor, Script]] = {}
        self._missing: dict[str, str] = {}
        self._error: VectorpyError | None = None
        self._errors_left: int | None = None

    # -- the world -------------------------------------------------------

    def add(self, descriptor: Descriptor, script: Script) -> None:
        """A metric with a descriptor of your own."""
        with self._lock:
            self._metrics[descriptor.name] = (descriptor, script)
            self.agents.setdefault(descriptor.domain, 0)

    def gauge(self, name: str, script: Script, units: str = "", **more: str | int) -> None:
        """A metric with instant semantics; `more`: type, indom, domain, oneline."""
        self.add(self._descriptor(name, INSTANT, script, units, more), script)

    def counter(self, name: str, script: Script, units: str = "count", **more: str | int) -> None:
        """A metric with counter semantics; `more`: type, indom, domain, oneline."""
        self.add(self._descriptor(name, COUNTER, script, units, more), script)

    def set(self, name: str, script: Script) -> None:
        """A new value (or script) for a metric that is there."""
        with self._lock:
            self._metrics[name] = (self._metrics[name][0], script)

    def drop(self, name: str) -> None:
        """Forget a metric: it is unknown from now on."""
        with self._lock:
            del self._metrics[name]

    def without_value(self, name: str, why: str | None) -> None:
        """`name` is known but missing from samples for this reason; None heals it."""
        with self._lock:
            if why is None:
                self._missing.pop(name, None)
            else:
                self._missing[name] = why

    def fail(self, error: VectorpyError | None, times: int | None = None) -> None:
        """Every open and fetch raises `error`, `times` times or until `fail(None)`."""
        with self._lock:
            self._error, self._errors_left = error, times

    def reboot(self) -> None:
        """Uptime starts from 0; the test sets its counters anew itself."""
        self._booted = self.clock()

    @property
    def uptime(self) -> float | None:
        """Seconds since the (scripted) boot."""
        return None if self._booted is None else self.clock() - self._booted

    def _descriptor(
        self, name: str, semantics: str, script: Script, units: str, more: Mapping[str, str | int]
    ) -> Descriptor:
        value = script(self.clock()) if callable(script) else script
        domain = more.get("domain", LINUX)
        one = next(iter(value.values()), 0) if isinstance(value, Mapping) else value
        kind = {str: "string", float: "double"}.get(type(one), "u64")
        indom = f"{domain}.{abs(hash(name)) % 1000}" if isinstance(value, Mapping) else None
        return Descriptor(
            name=name,
            pmid=f"{domain}.{len(self._metrics) // 1000}.{len(self._metrics) % 1000}",
            type=str(more.get("type", kind)),
            semantics=semantics,
            units=units,
            indom=str(more["indom"]) if "indom" in more else indom,
            oneline=str(more.get("oneline", "")),
        )

    # -- what sources ask of it --------------------------------------------

    def raise_fault(self) -> None:
        """Raise the scripted error, if one is due."""
        with self._lock:
            error = self._error
            if error is None:
                return
            if self._errors_left is not None:
                self._errors_left -= 1
                if self._errors_left <= 0:
                    self._error = None
        raise error

    def descriptors(self, names: Iterable[str]) -> dict[str, Descriptor]:
        """Descriptors of those of `names` that exist."""
        with self._lock:
            return {n: self._metrics[n][0] for n in names if n in self._metrics}

    def below(self, prefix: str) -> list[Descriptor]:
        """Descriptors of the metrics in the subtree `prefix`, by name."""
        with self._lock:
            found = [d for d, _ in self._metrics.values()]
        inside = [d for d in found if not prefix or f"{d.name}.".startswith(f"{prefix}.")]
        return sorted(inside, key=lambda d: d.name)

    def sample(self, names: Sequence[str], only: Only = ALL) -> Sample:
        """The values of `names` at the host's present time, of some domains `only` these."""
        now = self.clock()
        values, missing = {}, {}
        with self._lock:
            for name in dict.fromkeys(names):
                why = self._why_missing(name)
                if why:
                    missing[name] = why
                else:
                    descriptor, script = self._metrics[name]
                    values[name] = _instances(script, now)
                    kept = only.get(descriptor.indom or "")
                    if kept is not None:
                        values[name] = {n: values[name][n] for n in kept if n in values[name]}
                    self.values += len(values[name])
            agents = dict(self.agents)
        return Sample([Part(now, values)], missing, agents, self.uptime)

    def _why_missing(self, name: str) -> str:
        if name not in self._metrics:
            return f"This host has no metric {name}."
        status = self.agents.get(self._metrics[name][0].domain, 0)
        if status:
            return f"Its agent does not run (status {status})."
        return self._missing.get(name, "")


def _instances(script: Script, now: float) -> dict[str, Value]:
    value = script(now) if callable(script) else script
    return dict(value) if isinstance(value, Mapping) else {SINGULAR: value}


class FakeSource:
    """An open way to a FakeHost; see `face.Source`."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host

    def open(self) -> Facts:
        """See `face.Source.open`; raises the scripted error."""
        self.host.opens += 1
        self.host.log.append(("open", ()))
        self.host.raise_fault()
        return self.host.facts

    def describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        """See `face.Source.describe`; raises the scripted error."""
        self.host.log.append(("describe", tuple(names)))
        self.host.raise_fault()
        return self.host.descriptors(names)

    def fetch(self, names: Sequence[str], only: Only = ALL) -> Sample:
        """See `face.Source.fetch`; raises the scripted error."""
        self.host.only.append({indom: frozenset(kept) for indom, kept in only.items()})
        self.host.fetches += 1
        self.host.asked.append(tuple(names))
        self.host.log.append(("fetch", tuple(names)))
        if self.host.before_fetch is not None:
            self.host.before_fetch(names)
        self.host.raise_fault()
        return self.host.sample(names, only)

    def children(self, prefix: str) -> list[Descriptor]:
        """See `face.Source.children`; raises the scripted error."""
        self.host.raise_fault()
        return self.host.below(prefix)

    def close(self) -> None:
        """See `face.Source.close`."""
        self.host.closes += 1


class FakeDialler:
    """What the real `dial.Dialler` is to `live`, over scripted hosts by host id.

    A host that is not listed, or is not `alive`, is down. `dials` lists the ids
    that were dialled, `refusals` gives errors that dialling an id raises.
    """

    def __init__(self, hosts: Mapping[str, FakeHost] | None = None) -> None:
        self.hosts: dict[str, FakeHost] = dict(hosts or {})
        self.refusals: dict[str, VectorpyError] = {}
        self.dials: list[str] = []
        self.probes: list[str] = []

    def dial(self, host: HostId) -> FakeSource:
        """An unopened source; HostDown, or the error in `refusals`."""
        self.dials.append(host.id)
        if host.id in self.refusals:
            raise self.refusals[host.id]
        world = self.hosts.get(host.id)
        if world is None or not world.alive:
            raise HostDown(f"Nothing answers at {host.id}.", host=host.id)
        return FakeSource(world)

    def dial_wide(self, host: HostId) -> FakeSource:
        """See `dial`."""
        return self.dial(host)

    def alive(self, host: HostId) -> bool:
        """Whether the scripted host would take a connection."""
        self.probes.append(host.id)
        world = self.hosts.get(host.id)
        return world is not None and world.alive

    def close(self) -> None:
        """Nothing to give back."""
