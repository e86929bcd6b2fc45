"""The door of the sampler process: which hosts are watched, by whom, and what is asked of them.

Hosts are made, kept and forgotten here; sampling is `sampler`'s, what goes out
is `host`'s and `channel`'s. Its methods may be called from any thread.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import vectorpy
from vectorpy.catalog import write
from vectorpy.catalog.catalog import Catalog
from vectorpy.errors import (
    ConfigError,
    HostError,
    Unavailable,
    UnknownName,
    VectorpyError,
)
from vectorpy.live import facts, health, memory
from vectorpy.live.admission import Admission
from vectorpy.live.bursts import Bursts
from vectorpy.live.channel import Event, Sink, Versions
from vectorpy.live.clock import Clock, SystemClock
from vectorpy.live.host import Answer, Host
from vectorpy.live.lookup import Abilities, Lookup
from vectorpy.live.sampler import Dials, Sampler
from vectorpy.live.tables import Tables
from vectorpy.live.world import World
from vectorpy.model import hostspec
from vectorpy.model.hostspec import HostId
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.sources.check import Step
from vectorpy.sources.dial import same_machine
from vectorpy.sources.face import Facts

logger = logging.getLogger(__name__)

_KEEPER_SECONDS = 0.5
# What answers at a host, step by step; widgets are (id, metrics).
Check = Callable[[HostId, Sequence[tuple[str, Collection[str]]]], Sequence[Step]]


class Hub:
    """See the module. One per sampler process; `close` ends it."""

    def __init__(
        self,
        settings: Settings,
        dials: Dials,
        catalog: Catalog,
        clock: Clock | None = None,
        *,
        check: Check | None = None,
        spread: Callable[[HostId], dict[str, Any]] | None = None,
        look: Callable[[], Collection[str] | None] | None = None,
        chance: Callable[[], float] = random.random,
        threads: bool = True,
    ) -> None:
        self.version: str = vectorpy.__version__
        self._settings = settings
        self._dials = dials
        self._clock = clock or SystemClock()
        self._check = check
        self._spread = spread
        # Brings the catalogue up to date; names of widgets that changed, None where nothing did.
        self._look = look
        self._chance = chance
        self._threads = threads
        try:
            recorded = catalog.recorded_widgets(settings.recorded)
        except UnknownName as error:
            raise ConfigError(f"The setting recorded: {error.message}") from error
        versions = Versions(self._clock.now)
        self._world = World(settings, catalog, self._clock, versions, recorded, catalog.histograms)
        self._lookup = Lookup(dials, catalog, self._clock, self._is_late)
        self.bursts = Bursts(lambda: self._world, self._all, dials, threads=threads)
        self._gate = threading.BoundedSemaphore(settings.gate_probes)
        self._lock = threading.RLock()
        self._hosts: dict[str, Host] = {}
        self._admission = Admission(settings, self._clock)
        self._hits = self._admission.hits
        self._since = self._clock.now()
        self._closed = threading.Event()
        if threads:
            threading.Thread(target=self._keep, name="hub-keeper", daemon=True).start()

    # -- channels --------------------------------------------------------------

    def join(
        self, spec: ChannelSpec, window: int, sink: Sink, viewers: Iterable[str], answer: Answer
    ) -> None:
        """Join viewers to a channel with `window` seconds of history; starts its host if needed.

        `answer(events)` is called once, before any later event of the channel
        is given to `sink`. LimitReached, BadHost.
        """
        viewers = list(viewers)
        window = min(max(1, window), self._settings.ring_seconds)
        joined = False
        while not joined:
            host = self._host_of(hostspec.parse(spec.host))
            joined = host.join(spec, window, sink, viewers, answer)
        self._ensure_thread(host)

    def leave(self, channel: str, sink: Sink, viewers: Iterable[str]) -> None:
        """Viewers leave a channel; unknown ones are let pass."""
        viewers = list(viewers)
        for host in self._all():
            if channel in host.channels:
                host.leave(channel, sink, viewers)

    def drop(self, sink: Sink) -> None:
        """A web process is gone: all its viewers leave."""
        for host in self._all():
            host.drop(sink)
        self.bursts.drop(sink)

    def history(self, channel: str, start: int, end: int, *, layout: bool = False) -> list[Event]:
        """A joined channel's history between two seconds; UnknownName where nobody joined it."""
        for host in self._all():
            if channel in host.channels:
                events = host.history(channel, start, end, layout=layout)
                if not events:
                    raise HostError(
                        host.status.reason or "The host has no points yet.", host=host.hid.id
                    )
                return events
        raise UnknownName(f"Nobody watches the channel {channel[:40]!r}.")

    # -- hosts -----------------------------------------------------------------

    def _host_of(self, hid: HostId) -> Host:
        with self._lock:
            host = self._hosts.get(hid.id)
            if host is None:
                self._admit(hid)
                host = self._hosts[hid.id] = Host(hid, self._world)
            return host

    def _admit(self, hid: HostId) -> None:
        """Count a new host; LimitReached where there are too many, or too many at once."""
        sampled = lambda: sum(host.polled() for host in set(self._hosts.values()))  # noqa: E731
        self._admission.admit(hid, sampled)

    def _ensure_thread(self, host: Host) -> None:
        """Start the host's threads where it has none; one that hangs is never doubled."""
        with host.lock:
            if self._threads and host.thread is None and not self._closed.is_set():
                name = f"host-{host.hid.id}"[:60]
                host.thread = threading.Thread(
                    target=self._live, args=(host,), name=name, daemon=True
                )
                host.thread.start()
            if self._threads and host.table_thread is None and host.tabled():
                name = f"tables-{host.hid.id}"[:60]
                host.table_thread = threading.Thread(
                    target=self._live_tables, args=(host,), name=name, daemon=True
                )
                host.table_thread.start()

    def _live_tables(self, host: Host) -> None:
        tables = self.tables(host)
        while True:
            tables.run()
            with host.lock:
                if self._closed.is_set() or not host.tabled():
                    host.table_thread = None
                    return

    def tables(self, host: Host) -> Tables:
        """The sampler of a host's tables; its thread is the caller's."""
        return Tables(host, self._dials, self._clock, self._chance)

    def _live(self, host: Host) -> None:
        sampler = self.sampler(host)
        while True:
            sampler.run()
            with host.lock:
                if self._closed.is_set() or not host.polled():
                    host.thread = None
                    return

    def sampler(self, host: Host) -> Sampler:
        """The sampler of a host; its thread is the caller's."""
        return Sampler(host, self._dials, self._gate, self._clock, self._chance, self._claim)

    def _claim(self, host: Host, said: Facts) -> bool:
        """Where another watched host is the same machine, it takes over this one's viewers."""
        with self._lock:
            for other in set(self._hosts.values()):
                if other is host or other.facts is None or other.merged is not None:
                    continue
                # One that has been live keeps what it has, as its history is its own.
                if host.record.ring.last is None and same_machine(other.facts, said):
                    logger.info("%s is the same machine as %s", host.hid.id, other.hid.id)
                    other.adopt(host)
                    for name in host.ids:
                        self._hosts[name] = other
                    self._ensure_thread(other)
                    return True
        return False

    def _all(self) -> list[Host]:
        with self._lock:
            return list(dict.fromkeys(self._hosts.values()))

    # -- keeping ---------------------------------------------------------------

    def _keep(self) -> None:
        while not self._clock.wait(self._closed, _KEEPER_SECONDS):
            try:
                self.keep()
            except Exception:  # the keeper must outlive any fault
                logger.exception("keeping the hosts failed")

    def keep(self) -> None:
        """Called twice a second: late hosts, hosts nobody wants, memory, widgets that changed."""
        changed = self._look() if self._look is not None else None
        if changed is not None:
            self.renew(changed)
        for host in self._all():
            host.supervise()
            if not host.kept() and host.thread is None:
                self._forget(host)
        self.bursts.keep()
        self._bound_memory()

    def _forget(self, host: Host) -> None:
        with self._lock, host.lock:
            if not host.watched and not host.kept():
                self._hosts = {n: h for n, h in self._hosts.items() if h is not host}

    def _bound_memory(self) -> None:
        gone, hits = memory.bound(self._all(), self._settings.ring_bytes)
        self._hits["ring_bytes"] += hits
        if gone:
            with self._lock:
                self._hosts = {n: h for n, h in self._hosts.items() if h not in gone}

    def renew(self, names: Collection[str]) -> None:
        """The catalogue has changed: widgets of these names mean others now."""
        self._world = self._world.renewed()
        self._lookup.renew()
        for host in self._all():
            host.renew(names, self._world.recorded, self._world.histograms)
            self._ensure_thread(host)

    def close(self) -> None:
        """Stop sampling. Threads that wait for a host are left to end by themselves."""
        self._closed.set()
        self.bursts.close()
        for host in self._all():
            host.stop()

    # -- questions -------------------------------------------------------------

    def hosts(self) -> list[dict[str, Any]]:
        """Each watched or kept name with its state and counts (docs/wire.md 6)."""
        with self._lock:
            named = sorted(self._hosts.items())
        return [self._row(name, host) for name, host in named]

    def _row(self, name: str, host: Host) -> dict[str, Any]:
        return {
            "host": name,
            "state": host.status.state,
            "transport": host.status.transport,
            "viewers": host.viewers(name),
            "polls": host.polls,
            "requests": host.requests,
            "since": round(host.since),
        }

    def host(self, name: str, *, start: bool = True) -> dict[str, Any]:
        """State, counts, facts and widgets of one host (see `facts`), asked for where needed.

        With `start` False a host that is not watched is not contacted: UnknownName.
        """
        hid = hostspec.parse(name)
        with self._lock:
            host = self._hosts.get(hid.id)
            if host is None:
                if not start:
                    raise UnknownName(f"{hid.id} is not watched now.", host=hid.id)
                self._admit(hid)
        error: VectorpyError | None = None
        known: Abilities | None = None
        try:
            known = self._lookup.abilities(hid, self._agents(hid.id))
        except VectorpyError as problem:
            error = problem
        if host is None:
            host = Host(hid, self._world)
            if error is not None:
                host.failed(None, error, None)
            else:
                host.say("live", "")
        return {
            **self._row(hid.id, host),
            **host.status.message(hid.id),
            **facts.told(host.facts, known, host.record, self._world.catalog),
        }

    def search(self, name: str, text: str, limit: int = 50) -> dict[str, Any]:
        """Metrics of a host by words in name, help or units: {"metrics", "total"}."""
        hid, agents = self._question(name)
        return self._lookup.search(hid, text, min(max(1, limit), 1000), agents)

    def names(self, name: str) -> dict[str, Any]:
        """All metrics of a host as rows: {"host", "metrics", "total"}; see `Names.listed`."""
        hid, agents = self._question(name)
        return {"host": hid.id, **self._lookup.names(hid, agents).listed()}

    def tree(self, name: str, under: str) -> dict[str, Any]:
        """What stands below a name: {"host", "under", "nodes"}; see `Names.tree`."""
        hid, agents = self._question(name)
        return {"host": hid.id, **self._lookup.names(hid, agents).tree(under)}

    def metric(self, name: str, metric: str) -> dict[str, Any]:
        """One metric of a host, with its values of now."""
        hid, agents = self._question(name)
        return self._lookup.metric(hid, metric, agents)

    def containers(self, name: str, age: float = 0.0) -> dict[str, Any]:
        """Containers and control groups of a host, `age` seconds old at most: `grouplist.ask`."""
        return self._lookup.containers(*self._question(name), age)

    def widget_file(self, name: str, wish: str, id: str) -> dict[str, Any]:
        """A wish of a host as a file of the catalogue: {"name", "text"}; UserError and others."""
        widget = self._world.catalog.instantiate(Wish.parse(wish))
        hid, agents = self._question(name)
        known = self._lookup.describe(hid, widget.metrics, agents)
        file = write.widget_file(widget, known, id, self._world.catalog)
        return {"name": f"{id}.toml", "text": file}

    def _question(self, name: str) -> tuple[HostId, dict[int, int]]:
        """The host of a question, counted where it is new, and its agents (see `_agents`)."""
        hid = hostspec.parse(name)
        with self._lock:
            if hid.id not in self._hosts:
                self._admit(hid)
        return hid, self._agents(hid.id)

    def _agents(self, name: str) -> dict[int, int]:
        """The agents of a watched host, whose change makes what was looked up stale."""
        host = self._hosts.get(name)
        return dict(host.record.agents) if host is not None else {}

    def check(self, name: str) -> list[dict[str, Any]]:
        """What answers at a host, step by step, in words: [{"name", "ok", "text"}]."""
        if self._check is None:
            raise Unavailable("This sampler can't check hosts.", host=name)
        hid = hostspec.parse(name)
        widgets = [(w.id, w.metrics) for w in self._world.catalog.widgets.values()]
        return [{"name": s.name, "ok": s.ok, "text": s.text} for s in self._check(hid, widgets)]

    def spread(self, name: str) -> dict[str, Any]:
        """The addresses of a name as hosts, see `sources.spread`; counted as one new host."""
        if self._spread is None:
            raise Unavailable("This sampler can't look up names.", host=name)
        return self._spread(self._question(name)[0])

    def health(self) -> dict[str, Any]:
        """How the sampler process does; see `health.told`."""
        hosts, settings = self._all(), self._settings
        return health.told(hosts, self.bursts, settings, self.version, self._since, self._hits)

    def _is_late(self, name: str) -> bool:
        host = self._hosts.get(name)
        return host is not None and host.status.state in ("late", "stale")
