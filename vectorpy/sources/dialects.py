"""The two servers of the web API: how pmproxy and pmwebd differ in what they are asked.

Both speak the same routes for contexts, fetches and instance domains; they
differ in how a context is asked for, in how many metrics can be described at
once, and in how the PMNS is listed. The source never tells either of a host:
it is always the server's own pmcd that is asked for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from vectorpy.errors import ContextLost, HostDown, HostError, NotPcp
from vectorpy.model.metric import Descriptor
from vectorpy.sources import answers, riders
from vectorpy.sources.egress import Answer

# pmproxy gives 400 from 8001 bytes of URL on, and 414 from 8192.
URL_LENGTH = 7900
METADATA_SECONDS = 10.0  # for one subtree of the PMNS
PMNS_SECONDS = 40.0  # for all of them: pmproxy needs five where it has nothing else to do
METADATA_BYTES = 16 * 1024 * 1024
# In pmproxy's words for a name that failed: its pmcd is gone. Others mean no such metric.
_LOST = ("IPC protocol", "onnect", "imeout", "timed out")

# Ask(path behind the context, seconds or None, bytes or None) -> JSON object; raises HostError.
Ask = Callable[..., dict[str, Any]]


class Dialect(Protocol):
    """What a source must know of the server that it talks to."""

    name: str
    hostspec: str  # to be sent for a context, "" for none
    profiles: bool  # whether fetches can be narrowed to some instances

    def describe(self, ask: Ask, names: Sequence[str]) -> dict[str, Descriptor]:
        """Descriptors of those names that are known there."""
        ...

    def below(self, ask: Ask, prefix: str) -> Iterator[Descriptor]:
        """Descriptors of a subtree of the PMNS."""
        ...

    def valueless(self, get: Callable[[str], Answer], names: Sequence[str]) -> set[str]:
        """Those singular, numeric metrics that fetches give a value although there is none.

        `get` takes a path behind the context.
        """
        ...


class Pmproxy:
    """pmproxy of PCP 5 to 7: many names in one request."""

    name = "pmproxy"
    hostspec = ""
    profiles = True

    def describe(self, ask: Ask, names: Sequence[str]) -> dict[str, Descriptor]:
        """One request per URL full of names."""
        found: dict[str, Descriptor] = {}
        for part in split(names, URL_LENGTH - 64):
            some, failed = answers.read_metrics(ask("_metric?names=" + ",".join(part)))
            if any(lost in words for words in failed.values() for lost in _LOST):
                raise ContextLost("Its pmcd did not answer for all metrics.")
            found.update(some)
        return {name: found[name] for name in names if name in found}

    def below(self, ask: Ask, prefix: str) -> Iterator[Descriptor]:
        """By subtree: all at once takes pmproxy five seconds, in which it serves nobody."""
        tops = [prefix] if prefix else self._tops(ask)
        for top in tops:
            document = ask(
                "_metric?prefix=" + quote(top), total=METADATA_SECONDS, size=METADATA_BYTES
            )
            yield from answers.read_metrics(document)[0].values()

    def valueless(self, get: Callable[[str], Answer], names: Sequence[str]) -> set[str]:
        """By the OpenMetrics route, which leaves out what its fetches give as 0."""
        found: set[str] = set()
        for part in split(names, URL_LENGTH - 64):
            answer = get("metrics?names=" + ",".join(part))
            with_value = set(_OPEN_METRICS.findall(answer.body.decode(errors="replace")))
            if answer.status == 200 and with_value:
                found.update(name for name in part if name not in with_value)
        return found

    def _tops(self, ask: Ask) -> list[str]:
        document = ask("children?prefix=")
        tops = [*document.get("nonleaf", ()), *document.get("leaf", ())]
        return [top for top in tops if isinstance(top, str) and riders.well_formed(top)]


_OPEN_METRICS = re.compile(r"^# PCP\d* (\S+) ", re.MULTILINE)


class Pmwebd:
    """pmwebd of PCP 3 and 4: by subtree of the PMNS only."""

    name = "pmwebd"
    hostspec = "localhost"
    profiles = False

    def describe(self, ask: Ask, names: Sequence[str]) -> dict[str, Descriptor]:
        """One request per folder that several names share, else one per name."""
        found: dict[str, Descriptor] = {}
        for prefix in folders(names):
            document = ask("_metric?prefix=" + quote(prefix))
            found.update(answers.read_metrics(document)[0])
        return {name: found[name] for name in names if name in found}

    def below(self, ask: Ask, prefix: str) -> Iterator[Descriptor]:
        """The subtree in one request; pmwebd has no way to list children."""
        path = "_metric?prefix=" + quote(prefix)
        document = ask(path, total=METADATA_SECONDS, size=METADATA_BYTES)
        yield from answers.read_metrics(document)[0].values()

    def valueless(self, get: Callable[[str], Answer], names: Sequence[str]) -> set[str]:
        """None: pmwebd leaves out of its fetches what has no value."""
        return set()


def detect(get: Callable[[str], Answer], query: str) -> tuple[Dialect, Answer]:
    """Which server answers, and its answer to the first wish for a context.

    `query` is that of the context ("polltimeout=30"). NotPcp where it is neither.
    """
    answer = get("/pmapi/context?" + query)
    if answers.error_code(answer.body) is not None:
        dialect = Pmwebd()
        return dialect, get(f"/pmapi/context?{query}&hostspec={dialect.hostspec}")
    return Pmproxy(), answer


def refused(answer: Answer) -> HostError:
    """Our error for a server that gives no context."""
    if answer.status == 401:
        return HostDown(
            "Its pmcd wants a user name and password, which vectorpy does not send.",
            hint="Allow this server's address in the [access] section of its pmcd.conf.",
        )
    if answers.error_code(answer.body) is not None or answers.refusal(answer.body) is not None:
        return HostDown(
            "Its web API answers, but the pmcd behind it does not.",
            hint="Start pmcd there: systemctl start pmcd.",
        )
    return NotPcp("Something answers there, but it is not PCP's web API.")


def narrow(indom: str, ids: Collection[int] | None) -> list[str]:
    """Requests after which a context of pmproxy fetches these instances alone; None is all.

    Of ids that it has never seen it makes none at all, which it takes for all.
    """
    path = f"profile?indom={indom}&expr="
    if ids is None:
        return [path + "add"]
    parts = split((str(ident) for ident in sorted(ids)), URL_LENGTH - 128)
    return [path + "del", *(f"{path}add&instance={','.join(part)}" for part in parts)]


def split(names: Iterable[str], length: int) -> Iterator[list[str]]:
    """`names` in lists whose texts, joined by commas, are at most `length` long."""
    part: list[str] = []
    size = 0
    for name in names:
        if part and size + len(name) + 1 > length:
            yield part
            part, size = [], 0
        part.append(name)
        size += len(name) + 1
    if part:
        yield part


def folders(names: Iterable[str]) -> list[str]:
    """Prefixes that cover `names` in few requests: the folder where several stand in one.

    A folder right below the root is too big to be worth it ("network", "mem").
    """
    inside: dict[str, list[str]] = defaultdict(list)
    for name in names:
        inside[name.rpartition(".")[0]].append(name)
    prefixes: list[str] = []
    for folder, members in inside.items():
        worth = len(members) > 1 and "." in folder
        prefixes += [folder] if worth else members
    return prefixes
