"""Questions about a host's metrics, over a second connection: names, search, what can draw.

Metadata belongs here, never a point; the one value of a metric that a person looks at is
told as it came. Each question has a deadline (the source's
ten seconds for metadata), and its answer is kept, by the host's PCP version and
agents. While the host's ticks are late nothing is asked: samples go first.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.pick import natural
from vectorpy.errors import RefusedByPolicy, Unavailable, UnknownName
from vectorpy.live.clock import Clock
from vectorpy.live.grouplist import GroupList
from vectorpy.live.names import Names, detailed
from vectorpy.live.sampler import Dials
from vectorpy.model import units
from vectorpy.model.hostspec import HostId
from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import Sample, Value
from vectorpy.sources import riders
from vectorpy.sources.face import Facts, Source

DEADLINE = 10.0
# So long one question waits for another of the same host: all names may take that.
_PATIENCE = 40.0
# Answers are kept so long, in seconds, and for so many hosts.
_KEPT_SECONDS = 600.0
_KEPT_HOSTS = 64
# Instances of one metric that are told with their values.
_INSTANCES = 200
# Characters of a text value.
_TEXT = 500


@dataclass(slots=True)
class _Known:
    """What is known of one host's metadata; `lock` lets one thread ask at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = 0.0
    agents: dict[int, int] = field(default_factory=dict)
    facts: Facts | None = None
    names: Names | None = None
    drawable: dict[str, Descriptor] | None = None
    # What it was asked for to know `drawable`.
    wanted: list[str] | None = None
    groups: GroupList = field(default_factory=GroupList)


@dataclass(frozen=True, slots=True)
class Abilities:
    """A host's facts and the descriptors of all that the catalogue's widgets may use."""

    facts: Facts
    descriptors: dict[str, Descriptor]


class Lookup:
    """See the module. `late(host id)` tells whether the host's ticks are late now.

    `agents` of a question are the status of a watched host's agents: where
    they differ from those of the last answer, it is asked anew.
    """

    def __init__(
        self, dials: Dials, catalog: Catalog, clock: Clock, late: Callable[[str], bool]
    ) -> None:
        self._dials = dials
        self._catalog = catalog
        self._wanted = self._named()
        self._clock = clock
        self._late = late
        self._lock = threading.Lock()
        self._hosts: dict[str, _Known] = {}
        self._never = threading.Event()

    def renew(self) -> None:
        """The catalogue has changed: what its widgets may use is asked for again."""
        self._wanted = self._named()

    def _named(self) -> list[str]:
        return sorted({m for w in self._catalog.widgets.values() for m in w.metrics})

    def search(
        self, hid: HostId, text: str, limit: int, agents: Mapping[int, int]
    ) -> dict[str, Any]:
        """See `Names.search`; errors are those of `names`."""
        return self.names(hid, agents).search(text, limit)

    def names(self, hid: HostId, agents: Mapping[int, int]) -> Names:
        """All metrics of a host; errors are its own, or Unavailable where it takes too long."""
        with self._known(hid, agents) as known:
            return self._names(hid, known)

    def _names(self, hid: HostId, known: _Known) -> Names:
        if known.names is None:
            with self._source(hid, known) as source:
                known.names = Names(source.children(""))
        return known.names

    def metric(self, hid: HostId, name: str, agents: Mapping[int, int]) -> dict[str, Any]:
        """One metric with its help, instances and values of now; UnknownName, RefusedByPolicy."""
        if riders.never_fetched(name):
            hint = "No setting changes this."
            raise RefusedByPolicy(riders.forbidden(name), host=hid.id, hint=hint)
        with self._known(hid, agents) as known:
            found = self._names(hid, known).get(name)
            if found is None:
                raise UnknownName(riders.unknown(name), host=hid.id)
            with self._source(hid, known) as source:
                sample = source.fetch([name])
        return {"host": hid.id, **detailed(found), **_values(found, sample)}

    def containers(self, hid: HostId, agents: Mapping[int, int], age: float) -> dict[str, Any]:
        """Containers and other control groups of a host, as of at most `age` seconds ago."""
        with self._known(hid, agents) as known:
            if self._clock.mono() - known.groups.at > age:
                with self._source(hid, known) as source:
                    known.groups.ask(source, self._clock.mono())
            return {"host": hid.id, **known.groups.told}

    def describe(
        self, hid: HostId, names: Collection[str], agents: Mapping[int, int]
    ) -> dict[str, Descriptor]:
        """Descriptors of those that the host has."""
        with self._known(hid, agents) as known, self._source(hid, known) as source:
            return source.describe(sorted(names))

    def abilities(self, hid: HostId, agents: Mapping[int, int]) -> Abilities:
        """What the host says of itself and of the catalogue's metrics; errors are the host's."""
        with self._known(hid, agents) as known:
            wanted = self._wanted
            stale = known.drawable is None or known.wanted is not wanted
            if stale or known.facts is None:
                with self._source(hid, known) as source:
                    known.drawable, known.wanted = source.describe(wanted), wanted
            assert known.drawable is not None
            assert known.facts is not None
            return Abilities(known.facts, known.drawable)

    @contextmanager
    def _known(self, hid: HostId, agents: Mapping[int, int]) -> Iterator[_Known]:
        with self._lock:
            known = self._hosts.setdefault(hid.id, _Known())
            while len(self._hosts) > _KEPT_HOSTS:
                del self._hosts[next(iter(self._hosts))]
        if not known.lock.acquire(timeout=_PATIENCE):
            raise Unavailable(
                f"{hid.id} is still busy with another question.", host=hid.id, hint="Try it again."
            )
        try:
            stale = self._clock.mono() - known.at > _KEPT_SECONDS
            if stale or (agents and agents != known.agents):
                known.names = known.drawable = None
                known.agents = dict(agents)
            yield known
        finally:
            known.lock.release()

    @contextmanager
    def _source(self, hid: HostId, known: _Known) -> Iterator[Source]:
        """A connection of its own, opened; what is kept is dropped where the host has changed."""
        self._wait_turn(hid)
        source = self._dials.dial(hid)
        try:
            facts = source.open()
            before = known.facts
            if before and (before.version, before.agents) != (facts.version, facts.agents):
                known.names = known.drawable = None
            known.facts, known.at = facts, self._clock.mono()
            yield source
        finally:
            source.close()

    def _wait_turn(self, hid: HostId) -> None:
        end = self._clock.mono() + DEADLINE
        while self._late(hid.id):
            if self._clock.mono() >= end:
                raise Unavailable(
                    f"{hid.id} answers too slowly now to be asked for more than samples.",
                    host=hid.id,
                    hint="Try it again when its charts move.",
                )
            self._clock.wait(self._never, 0.25)


def _values(descriptor: Descriptor, sample: Sample) -> dict[str, Any]:
    """Values by instance, as points have them but for counters, which are totals here."""
    name = descriptor.name
    found = sample.parts[0].values.get(name, {}) if sample.parts else {}
    rows = [
        {"name": instance, "value": _plain(descriptor, found[instance])}
        for instance in sorted(found, key=natural)[:_INSTANCES]
    ]
    missing = "" if found else sample.missing.get(name, riders.NO_VALUE)
    return {"instances": rows, "total": len(found), "missing": missing}


def _plain(descriptor: Descriptor, value: Value) -> float | str | None:
    """A value in canonical units; None where it is no finite number."""
    if isinstance(value, str):
        return value[:_TEXT]
    number = value * units.point_factor(descriptor)
    return number if math.isfinite(number) else None
