"""Samples for one host's tables: apart from its ticks, on a thread and a connection of their own.

A table may have thousands of rows, and a slow answer to it must not delay a
chart. Which rows are shown is `table`'s; who watches stands in `host`. `step`
does what is due and tells when it wants to be called again; `run` is the thread
around it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from vectorpy.errors import HostError, HostLate, Overloaded, VectorpyError
from vectorpy.live.clock import Clock
from vectorpy.live.host import Host
from vectorpy.live.sampler import Dials
from vectorpy.live.table import News, Rest, TableView
from vectorpy.model.plan import Backoff, Plan, Slot
from vectorpy.model.sample import Sample
from vectorpy.model.watch import union
from vectorpy.sources.face import ALL, Only, Source

logger = logging.getLogger(__name__)

# Tables are sampled this much after the ticks of the same second.
AFTER = 0.3
# A table's sample may take a fifth of its period: four times its time against a plan
# that slows down at four fifths.
_WEIGHT = 4.0
_NAP = 5.0
# A slot that begins later than this after its time is not its second's any more.
_TOO_LATE = 0.6


class Tables:
    """See the module. One per host, on one thread."""

    def __init__(self, host: Host, dials: Dials, clock: Clock, random: Callable[[], float]) -> None:
        self._host = host
        self._dials = dials
        self._clock = clock
        self._plan = Plan(host.hid.id)
        self._backoff = Backoff(random)
        self._source: Source | None = None
        self._slot: Slot | None = None
        self._retry_at = -math.inf

    # -- the thread ------------------------------------------------------------

    def run(self) -> None:
        """Sample while somebody watches a table; then everything is given back."""
        host = self._host
        try:
            while host.tabled():
                host.table_wake.clear()
                due = self._guarded_step()
                self._clock.wait(host.table_wake, min(_NAP, due - self._clock.now()))
        finally:
            self.close()

    def _guarded_step(self) -> float:
        try:
            return self.step()
        except Exception:  # a fault of ours in one host must not end its thread
            logger.exception("%s: sampling for tables failed", self._host.hid.id)
            self.close()
            return self._pause()

    def close(self) -> None:
        """Close the source; the next step dials anew."""
        source, self._source = self._source, None
        self._slot = None
        if source is not None:
            source.close()

    # -- steps -----------------------------------------------------------------

    def step(self) -> float:
        """Do what is due; when to be called next, by the clock. It raises nothing of a host's."""
        now, mono = self._clock.now(), self._clock.mono()
        if mono < self._retry_at:
            return now + self._retry_at - mono
        slot = self._slot or self._plan.next(now - AFTER)
        if now - slot.at - AFTER > _TOO_LATE or slot.at - now > 2 * self._plan.period + 1:
            slot = self._plan.next(now - AFTER)
        self._slot = slot
        if now < slot.at + AFTER - 0.001:
            return slot.at + AFTER
        self._slot = None
        try:
            self._sample(slot.second)
        except VectorpyError as error:
            return self._failed(error)
        self._slot = self._plan.next(self._clock.now() - AFTER)
        return self._slot.at + AFTER

    def _sample(self, second: int) -> None:
        views, names = self._due(second)
        if not views:
            return
        if self._source is None:
            source = self._dials.dial_wide(self._host.hid)
            source.open()
            self._source = source
        started = self._clock.mono()
        sample = self._fetch(names)
        rests = self._choose(second, views, sample)
        sample = self._complete(sample, rests)
        self._plan.took(_WEIGHT * (self._clock.mono() - started))
        self._backoff.reset()
        self._took(second, views, sample)

    def _due(self, second: int) -> tuple[list[TableView], tuple[str, ...]]:
        """The tables that `second` is a turn of, and their metrics."""
        with self._host.lock:
            views = [view for view in self._host.demand.tables() if view.due(second)]
            return views, union(view.first() for view in views)

    def _choose(self, second: int, views: list[TableView], sample: Sample) -> list[Rest]:
        """Each table chooses its rows; what they need that the first sample has not."""
        host = self._host
        with host.lock:
            known = host.record.descriptors
            return [view.choose(second, sample, known, self._period(view)) for view in views]

    def _complete(self, sample: Sample, rests: list[Rest]) -> Sample:
        """The sample with what is shown of the rows chosen, and of them alone."""
        only: dict[str, set[str]] = {}
        for rest in rests:
            if rest.metrics:
                only.setdefault(rest.indom, set()).update(rest.instances)
        if not only:
            return sample
        more = self._fetch(union(rest.metrics for rest in rests), only)
        parts = [*sample.parts, *more.parts]
        missing = {**more.missing, **sample.missing}
        agents = {d: s or more.agents.get(d, 0) for d, s in sample.agents.items()}
        return Sample(parts, missing, agents, sample.uptime, sample.requests + more.requests)

    def _period(self, view: TableView) -> float:
        return max(self._plan.period, view.interval)

    def _took(self, second: int, views: list[TableView], sample: Sample) -> None:
        """A sample for these tables: their news go to the channels that have them."""
        host = self._host
        with host.lock:
            for view in views:
                news = view.take(second, sample, host.record.descriptors, self._period(view))
                self._tell(view, news)

    def _tell(self, view: TableView, news: News) -> None:
        for channel in self._host.channels.values():
            channel.tell_rows(self._host.epoch, view, news)

    def _fetch(self, names: tuple[str, ...], only: Only = ALL) -> Sample:
        """A fetch; where the context is lost, once more after opening it anew."""
        assert self._source is not None
        try:
            return self._source.fetch(names, only)
        except (HostLate, Overloaded):
            raise
        except HostError as error:
            logger.debug("%s: tables opened anew after: %s", self._host.hid.id, error)
            self._source.open()
            return self._source.fetch(names, only)

    def _failed(self, error: VectorpyError) -> float:
        logger.info("%s: tables: %s", self._host.hid.id, error)
        self.close()
        with self._host.lock:
            for view in self._host.demand.tables():
                if view.fail(error.message):
                    self._tell(view, News(view.seq))
        return self._pause()

    def _pause(self) -> float:
        pause = self._backoff.next()
        self._retry_at = self._clock.mono() + pause
        return self._clock.now() + pause
