"""Questions about a host's metrics, over a second connection: search, and what can draw.

Metadata belongs here, never a point. Each question has a deadline (the source's
ten seconds for metadata), and its answer is kept, by the host's PCP version and
agents. While the host's ticks are late nothing is asked: samples go first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vectorpy.catalog.catalog import Catalog
from vectorpy.errors import Unavailable
from vectorpy.live.clock import Clock
from vectorpy.live.sampler import Dials
from vectorpy.model.hostspec import HostId
from vectorpy.model.metric import Descriptor
from vectorpy.sources.face import Facts, Source

DEADLINE = 10.0
# Answers are kept so long, in seconds, and for so many hosts.
_KEPT_SECONDS = 600.0
_KEPT_HOSTS = 64


@dataclass(slots=True)
class _Known:
    """What is known of one host's metadata; `lock` lets one thread ask at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = 0.0
    agents: dict[int, int] = field(default_factory=dict)
    facts: Facts | None = None
    names: list[Descriptor] | None = None
    drawable: dict[str, Descriptor] | None = None


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
        self._wanted = sorted({m for w in catalog.widgets.values() for m in w.metrics})
        self._clock = clock
        self._late = late
        self._lock = threading.Lock()
        self._hosts: dict[str, _Known] = {}
        self._never = threading.Event()

    def search(
        self, hid: HostId, text: str, limit: int, agents: Mapping[int, int]
    ) -> dict[str, Any]:
        """Metrics whose name or help has all words of `text`: the best `limit`, and how many.

        Errors are the host's, or Unavailable where it doesn't come to it in time.
        """
        with self._known(hid, agents) as known:
            if known.names is None:
                with self._source(hid, known) as source:
                    known.names = source.children("")
            names = known.names
        words = text.lower().split()
        found = [(rank, d) for d in names if (rank := _rank(d, words)) is not None]
        found.sort(key=lambda pair: (pair[0], pair[1].name))
        return {"metrics": [_told(d) for _, d in found[:limit]], "total": len(found)}

    def abilities(self, hid: HostId, agents: Mapping[int, int]) -> Abilities:
        """What the host says of itself and of the catalogue's metrics; errors are the host's."""
        with self._known(hid, agents) as known:
            if known.drawable is None or known.facts is None:
                with self._source(hid, known) as source:
                    known.drawable = source.describe(self._wanted)
            assert known.facts is not None
            return Abilities(known.facts, known.drawable)

    @contextmanager
    def _known(self, hid: HostId, agents: Mapping[int, int]) -> Iterator[_Known]:
        with self._lock:
            known = self._hosts.setdefault(hid.id, _Known())
            while len(self._hosts) > _KEPT_HOSTS:
                del self._hosts[next(iter(self._hosts))]
        if not known.lock.acquire(timeout=DEADLINE):
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


def _rank(descriptor: Descriptor, words: list[str]) -> int | None:
    """0 for a hit at the name's start, 1 in the name, 2 in the help; None where words lack."""
    name, text = descriptor.name.lower(), f"{descriptor.oneline} {descriptor.text}".lower()
    if not all(word in name or word in text for word in words):
        return None
    if words and name.startswith(words[0]):
        return 0
    return 1 if all(word in name for word in words) else 2


def _told(descriptor: Descriptor) -> dict[str, Any]:
    return {
        "name": descriptor.name,
        "help": descriptor.oneline or descriptor.text,
        "type": descriptor.type,
        "semantics": descriptor.semantics,
        "units": descriptor.units,
        "indom": descriptor.indom,
    }
