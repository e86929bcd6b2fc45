"""One watched host: who watches it, what is known of it, and what goes out.

All that its sampler's thread and the bus's threads share stands here, behind
one lock. Asking the host is `sampler`'s; which hosts there are is `hub`'s.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from vectorpy.catalog.widget import Widget
from vectorpy.errors import VectorpyError
from vectorpy.live import cost
from vectorpy.live.channel import Channel, Event, Sink
from vectorpy.live.cost import Measure
from vectorpy.live.demand import Demand
from vectorpy.live.record import Record
from vectorpy.live.status import Status, failed, overload, partial, waiting
from vectorpy.live.voice import Voice
from vectorpy.live.world import World
from vectorpy.model.hostspec import HostId
from vectorpy.model.metric import Descriptor
from vectorpy.model.plan import SET_BACK, Life
from vectorpy.model.sample import Sample
from vectorpy.model.watch import ChannelSpec
from vectorpy.sources.face import Facts

logger = logging.getLogger(__name__)

Answer = Callable[[list[Event]], None]


class Host:
    """See the module. `ids` are the names that it is watched by, the first one dialled."""

    def __init__(self, hid: HostId, world: World) -> None:
        self.hid = hid
        self.ids = [hid.id]
        self.lock = threading.RLock()
        self.wake = threading.Event()
        self.table_wake = threading.Event()
        self.table_thread: threading.Thread | None = None
        self.status = Status()
        self.facts: Facts | None = None
        self.since = world.clock.now()
        self.polls = self.requests = 0
        self.asking: float | None = None
        self.last_live: float | None = None
        # How late its samples begin, in seconds: the mean over some of them.
        self.lateness = 0.0
        self.last_error: VectorpyError | None = None
        self.thread: threading.Thread | None = None
        self.merged: Host | None = None
        self._world = world
        settings = world.settings
        self.spares = settings.spare_hosts
        self.record = Record(settings.ring_seconds, settings.ring_bytes, world.histograms)
        self.channels: dict[str, Channel] = {}
        self.demand = Demand(self.record, world.catalog, world.recorded, settings)
        self._life = Life(settings.linger_seconds, settings.keep_seconds)
        self._voice = Voice(self.ids, self.channels, world.clock)
        self._epoch = secrets.token_hex(4)
        self._good = world.clock.mono()
        self._call = False

    # -- who watches -----------------------------------------------------------

    def join(
        self, spec: ChannelSpec, window: int, sink: Sink, viewers: Iterable[str], answer: Answer
    ) -> bool:
        """Add viewers to a channel, and answer with state, layout and history.

        `answer` is called under the lock: what it queues comes before any later
        tick of the channel, and after any former one. False where this host has
        just become another name of `merged`; then nothing was done.
        """
        with self.lock:
            if self.merged is not None:
                return False
            channel = self.channels.get(spec.key)
            if channel is None:
                channel = self.channels[spec.key] = self._make(spec)
            before = len(channel.viewers)
            channel.add(sink, viewers, window)
            for _ in range(len(channel.viewers) - before):
                self._life.join(self._world.clock.mono())
            events = self._voice.opening(spec.host, self.status, window)
            answer([*events, *channel.begin(self.record, self._epoch, window)])
            self._call = True
        self.wake.set()
        self.table_wake.set()
        return True

    def leave(self, key: str, sink: Sink, viewers: Iterable[str] | None) -> None:
        """Viewers (None: all of that web process) leave a channel; unknown ones are let pass."""
        with self.lock:
            channel = self.channels.get(key)
            if channel is None:
                return
            before = len(channel.viewers)
            channel.remove(sink, viewers)
            for _ in range(before - len(channel.viewers)):
                self._life.leave(self._world.clock.mono())
            if not channel.sinks:
                del self.channels[key]
                self.demand.keep(v for c in self.channels.values() for v in c.views)

    def drop(self, sink: Sink) -> None:
        """A web process is gone: all its viewers leave."""
        with self.lock:
            for key in list(self.channels):
                self.leave(key, sink, None)

    def polled(self) -> bool:
        """Whether it is to be sampled: it has viewers, or had some a moment ago."""
        with self.lock:
            return self.merged is None and self._life.polled(self._world.clock.mono())

    def take_call(self) -> bool:
        """Whether somebody joined since it was last asked."""
        with self.lock:
            call, self._call = self._call, False
            return call

    def kept(self) -> bool:
        """Whether its history is to be kept."""
        with self.lock:
            return self._life.kept(self._world.clock.mono())

    def renew(
        self, names: Collection[str], recorded: tuple[Widget, ...], histograms: frozenset[str]
    ) -> None:
        """Widgets of these names mean others now: who watches them gets a new layout."""
        with self.lock:
            self.record.learn(histograms)
            self.demand.record_others(recorded)
            self.demand.forget(names)
            for channel in self.channels.values():
                if any(wish.id in names for wish in channel.spec.wishes):
                    channel.show(self.demand.views_of(channel.spec))
            self.demand.keep(v for c in self.channels.values() for v in c.views)
            self._call = True
        self.wake.set()
        self.table_wake.set()

    @property
    def watched(self) -> bool:
        """Whether it has viewers now."""
        return bool(self.channels)

    def adopt(self, other: Host) -> None:
        """`other` turned out to be this machine: its channels and names move here."""
        with self.lock, other.lock:
            other.merged = self
            self.ids += [i for i in other.ids if i not in self.ids]
            for key, channel in other.channels.items():
                moved = self.channels[key] = self._make(channel.spec)
                moved.sinks = channel.sinks
                for _ in channel.viewers:
                    self._life.join(self._world.clock.mono())
                self._voice.state_to(moved, self.status)
                for event, text in moved.begin(self.record, self._epoch, moved.window):
                    for sink in moved.sinks:
                        sink.emit(key, event, text)
            other.channels.clear()
        self.wake.set()
        other.wake.set()

    def _make(self, spec: ChannelSpec) -> Channel:
        return Channel(spec, self.demand.views_of(spec), self._world.versions)

    # -- what to ask for -------------------------------------------------------

    def wanted(self, new: bool = False) -> tuple[str, ...]:
        """Metrics to describe; of a `new` host those that are drawn alone."""
        with self.lock:
            return self.demand.drawn() if new else self.demand.wanted()

    def names(self, new: bool = False) -> tuple[str, ...]:
        """Metrics to fetch; of a `new` host those that are drawn, described or not."""
        with self.lock:
            return self.demand.names(new)

    def broaden(self) -> None:
        """See Demand.broaden."""
        with self.lock:
            self.demand.broaden()

    def described(self, names: Iterable[str], found: dict[str, Descriptor]) -> None:
        """The host was asked to describe `names`, and has `found`."""
        with self.lock:
            self.record.described(names, found)
            self.demand.changed()

    def hunger(self) -> float | None:
        """See cost.hunger."""
        with self.lock:
            return cost.hunger(self.record)

    def spare(self, on: bool) -> None:
        """Fetch what is drawn and nothing else, as asking burdens the host; or all again."""
        with self.lock:
            self.demand.spare = on
            self.demand.changed()

    def shed_recorded(self) -> bool:
        """Fetch what is drawn and nothing else, as the host has too many values.

        False where that is so already.
        """
        with self.lock:
            before, self.demand.shed = self.demand.shed, True
            self.demand.changed()
            return not before

    # -- what came -------------------------------------------------------------

    def opened(self, facts: Facts) -> None:
        """A connection stands."""
        with self.lock:
            self.facts = facts
            self.demand.shed = False
            self.demand.changed()
            self._set(
                replace(self.status, transport=facts.transport, name=facts.hostname)
                if self.status.state in ("live", "partial", "overloaded")
                else Status(transport=facts.transport, name=facts.hostname)
            )

    def base(self, sample: Sample, period: int) -> None:
        """A first sample, which only begins rates."""
        with self.lock:
            self.requests += sample.requests
            self.record.base(sample, period)

    def took(self, t: int, sample: Sample, measure: Measure) -> bool:
        """The sample of second `t`: keep it and publish. True where agents changed.

        Where `t` had its row already (a connection made anew within a second),
        the sample only begins rates.
        """
        with self.lock:
            last = self.record.ring.last
            self._good = self._world.clock.mono()
            self.last_live = self._good
            if last is not None and 0 <= last - t <= SET_BACK:
                self.base(sample, measure.period)
                self._set(self._well(sample, measure))
                return False
            if last is not None and t < last:
                self._live_anew()
            self.polls += 1
            self.requests += sample.requests
            checked = self.record.checked
            taken = self.record.take(t, sample, measure.period)
            self.demand.narrow()
            if checked != self.record.checked:
                self.demand.changed()
            self._set(self._well(sample, measure))
            for kind, text in taken.marks:
                self._voice.mark(t, kind, text)
            self._publish(t)
            return taken.agents_changed

    def _live_anew(self) -> None:
        """Our clock was set back: seconds will repeat, so this is another life of the host."""
        self._epoch = secrets.token_hex(4)
        for channel in self.channels.values():
            channel.last = 0

    def failed(
        self, t: int | None, error: VectorpyError, next_try: float | None, often: bool = False
    ) -> None:
        """Asking failed: a gap at second `t` (None: no sample was due), and the reason.

        It is asked again at `next_try`, or `often`: every second.
        """
        with self.lock:
            self.last_error = error
            silent = self._world.clock.mono() - self._good
            self._set(failed(self.status, error, silent, next_try, often))
            last = self.record.ring.last
            if t is not None and last is not None and t > last:
                self.polls += 1
                self.requests += 1
                self.record.gap(t)
                self._publish(t)

    def say(self, state: str, reason: str, hint: str = "") -> None:
        """Another state, where no error tells it."""
        with self.lock:
            told = replace(self.status, state=state, reason=reason, hint=hint)
            self._set(replace(told, next_try=None, often=False))

    def supervise(self) -> None:
        """Called now and then by another thread: an answer that doesn't come makes it late."""
        asking = self.asking
        if asking is None or not self.watched:
            return
        with self.lock:
            # A host that never answered is silent since the first question.
            since = asking if self.last_live is None else self._good
            status = waiting(self.status, self._world.clock.mono() - since)
            if status is not self.status:
                self._set(status)

    def _well(self, sample: Sample, measure: Measure) -> Status:
        """The status after a good sample: live, partial or overloaded, and what it cost."""
        settings, demand = self._world.settings, self.demand
        names = demand.names()
        dead = {domain: self.record.brings(domain) for domain in self.record.dead(names)}
        full = self.record.full or self.record.ring.refused > 0
        said = overload(measure, demand.shed, demand.left_out, full, settings)
        state, reason, hint = said or partial(dead) or ("live", "", "")
        middle = measure.started + measure.seconds / 2
        viewers = len({one for channel in self.channels.values() for one in channel.viewers})
        return Status(
            state=state,
            reason=reason,
            hint=hint,
            skew=sample.stamp - middle if sample.parts else None,
            cost=cost.reckoned(self.status.cost, self.record, sample, measure, len(names), viewers),
            transport=self.status.transport,
            name=self.status.name,
        )

    # -- tables ------------------------------------------------------------------

    def tabled(self) -> bool:
        """Whether somebody watches a table of it."""
        with self.lock:
            return self.merged is None and bool(self.demand.tables())

    @property
    def epoch(self) -> str:
        """The name of this life of its points."""
        return self._epoch

    def tell_burst(self, told: dict[str, Any]) -> None:
        """A burst of it began, changed or ended: all who watch hear of it, and who joins later."""
        with self.lock:
            self._voice.burst(told)

    # -- what goes out ---------------------------------------------------------

    def _publish(self, t: int) -> None:
        self.demand.refresh(t)
        for channel in self.channels.values():
            try:
                channel.publish(self.record, self._epoch, t)
            except Exception:  # one channel's fault must not keep others from their ticks
                logger.exception("the channel %s could not be published", channel.key)

    def _set(self, status: Status) -> None:
        if status.state != self.status.state:
            logger.info("%s: %s %s", self.hid.id, status.state, status.reason)
        self.status = status
        self._voice.state(status)

    # -- questions -------------------------------------------------------------

    def viewers(self, name: str) -> int:
        """Number of viewers that watch it by this name."""
        with self.lock:
            channels = [c for c in self.channels.values() if c.spec.host == name]
            return len({viewer for channel in channels for viewer in channel.viewers})

    def history(self, key: str, start: int, end: int, *, layout: bool) -> list[Event]:
        """History of a channel that is joined; [] where it has no layout yet."""
        with self.lock:
            channel = self.channels.get(key)
            return channel.history(self.record, start, end, layout=layout) if channel else []

    def listed(self) -> list[Channel]:
        """Its channels now."""
        with self.lock:
            return list(self.channels.values())

    def stop(self) -> None:
        """Nobody watches any more, at once: the thread ends when it notices."""
        with self.lock:
            self.channels.clear()
            self.demand.keep(())
            self._life = Life(0.0, 0.0)
        self.wake.set()
        self.table_wake.set()
