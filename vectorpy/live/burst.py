"""One burst: ten samples a second of some metrics of a host, for a short while.

It has a thread, a connection, a clock and a history of its own, so that a slow
answer to it delays no tick, table or other burst. `step` does what is due and
tells when it wants to be called again; `run` is the thread around it. What goes
out is `burstroom`'s; whether a host may have a burst at all is decided in `bursts`.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vectorpy.errors import HostError, VectorpyError
from vectorpy.live.burstroom import BurstRoom, encode
from vectorpy.live.channel import Event, Sink
from vectorpy.live.clock import Clock
from vectorpy.live.record import Record
from vectorpy.live.sampler import Dials
from vectorpy.live.view import View
from vectorpy.model import burst
from vectorpy.model.burst import ENDED, REFUSED, RUNNING, STARTING, TENTH
from vectorpy.model.hostspec import HostId
from vectorpy.model.sample import Sample
from vectorpy.sources.face import Source

logger = logging.getLogger(__name__)

# Samples that only tell how long one takes, before it begins.
TRIALS = 4
# A burst whose last viewer left ends after this; a page that is loaded anew is back by then.
ALONE = 5.0
# Samples that fail in a row before it ends.
_FAILURES = 2
_SET_BACK = 2.0


@dataclass(frozen=True, slots=True)
class Ask:
    """What a burst is to be: its host, the widgets drawn, their metrics, and for how long.

    `left` tells why wishes are not in it. `values` is how many values a sample may have.
    """

    id: str
    hid: HostId
    views: tuple[View, ...]
    metrics: frozenset[str]
    seconds: int
    left: Mapping[str, str]
    values: int
    limit_bytes: int
    histograms: frozenset[str] = frozenset()


class Burst:
    """See the module. `tell(message)` says to all who watch the host how it does.

    `trouble()` tells in words why it must end though its own samples are well:
    the host is short of CPU, say; "" where it need not.
    """

    def __init__(
        self,
        ask: Ask,
        dials: Dials,
        clock: Clock,
        keep: float,
        versions: Callable[[], int],
        tell: Callable[[dict[str, Any]], None],
        trouble: Callable[[], str] = lambda: "",
    ) -> None:
        self.ask = ask
        self.id = ask.id
        self.lock = threading.RLock()
        self.state = STARTING
        self._dials, self._clock, self._keep = dials, clock, keep
        self._tell, self._trouble = tell, trouble
        tenths = ask.seconds * 10 + 2
        # What vanished stays drawn to the end: its points are part of the picture.
        self._record = Record(tenths, ask.limit_bytes, ask.histograms, vanished=tenths)
        self._room = BurstRoom(ask.id, self._record, ask.views, versions)
        self._beat = burst.Beat(ask.hid.id)
        self._source: Source | None = None
        self._slot: burst.Slot | None = None
        self._trials: list[float] = []
        self._start = self._until = self._held = 0
        self._samples = self._failures = 0
        self._period = TENTH
        self._reason = self._hint = ""
        self._alone: float | None = None
        self._wake = threading.Event()

    # -- who looks -------------------------------------------------------------

    def join(self, sink: Sink, viewer: str) -> list[Event]:
        """A viewer looks at it: how it does, its layout, and all points that went out so far."""
        with self.lock:
            self._alone = None
            return [("burst", encode(self.message())), *self._room.add(sink, viewer)]

    def leave(self, sink: Sink, viewer: str | None) -> None:
        """A viewer (None: all of that web process) looks no more."""
        with self.lock:
            self._room.remove(sink, viewer)
            if not self._room.sinks and self._alone is None:
                self._alone = self._clock.mono()

    # -- how it does -----------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether it samples no more."""
        return self.state in (ENDED, REFUSED)

    def kept(self) -> bool:
        """Whether its points are to be kept."""
        with self.lock:
            return not self.over or self._clock.now() * 10 < self._held

    @property
    def bytes(self) -> int:
        """Memory that its points take."""
        return self._record.ring.bytes

    def message(self) -> dict[str, Any]:
        """See `burst.told`."""
        ask = self.ask
        return burst.told(
            ask.hid.id,
            self.id,
            self.state,
            start=self._start,
            until=self._until,
            held=self._held,
            period=self._period,
            seconds=ask.seconds,
            metrics=len(ask.metrics),
            samples=self._samples,
            reason=self._reason,
            hint=self._hint,
            wishes=[view.wish.text for view in ask.views],
            left=ask.left,
        )

    def stop(self, reason: str) -> None:
        """End it, whoever asks; one that is over stays as it is."""
        with self.lock:
            self._finish(ENDED, reason)
        self._wake.set()

    def _finish(self, state: str, reason: str, hint: str = "") -> None:
        if self.over:
            return
        self._room.flush()
        self.state = state if self._samples else REFUSED
        self._reason, self._hint = reason or self._reason, hint
        last = self._record.ring.last
        self._until = last if last is not None else 0
        keep = self._keep if self._samples else 0.0
        self._held = math.floor((self._clock.now() + keep) * 10)
        name, count = self.ask.hid.id, self._samples
        logger.info("%s: a burst is over after %d samples: %s", name, count, reason)
        self._say()

    def _say(self) -> None:
        """Tell all who look at it; who watches the host hears of those that ran alone."""
        message = self.message()
        self._room.tell("burst", message)
        if self._samples:
            self._tell(message)

    # -- the thread ------------------------------------------------------------

    def run(self) -> None:
        """Sample until it is over; then the connection is given back."""
        try:
            while not self.over:
                due = self.step()
                if not self.over:
                    self._clock.wait(self._wake, max(0.0, due - self._clock.now()))
        except Exception:  # a fault of ours ends this burst alone
            logger.exception("%s: a burst failed", self.ask.hid.id)
            self.stop("This server failed at the burst; its log says why.")
        finally:
            self.close()

    def close(self) -> None:
        """Close the source."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def step(self) -> float:
        """Do what is due; when to be called next, by the clock. It raises nothing of a host's."""
        try:
            if self._source is None:
                self._open()
                return self._clock.now()
            if len(self._trials) < TRIALS:
                return self._try()
            return self._on_time()
        except VectorpyError as error:
            with self.lock:
                self._finish(ENDED, f"The host failed: {error.message}", error.hint)
            return self._clock.now()

    def _open(self) -> None:
        source = self._dials.dial(self.ask.hid)
        self._source = source
        source.open()
        names = tuple(sorted(self.ask.metrics))
        found = source.describe(names)
        with self.lock:
            self._record.described(names, found)

    def _try(self) -> float:
        """A sample that tells how long one takes; the last of them begins rates."""
        sample, seconds = self._fetch()
        # The first one asks for names of instances too, which later ones need not.
        self._trials.append(seconds)
        if len(self._trials) < TRIALS:
            return self._clock.now() + TENTH / 2
        middle = sorted(self._trials[1:])[len(self._trials[1:]) // 2]
        refusal, hint = self._too_much(sample, middle)
        with self.lock:
            if refusal:
                self._finish(REFUSED, refusal, hint)
                return self._clock.now()
            self._record.base(sample, TENTH)
        self._slot = self._beat.next(self._clock.now() + TENTH / 2)
        return self._slot.at

    def _too_much(self, sample: Sample, seconds: float) -> tuple[str, str]:
        count = sample.count()
        if count > self.ask.values:
            reason = f"A sample has {count} values; a burst may have {self.ask.values}."
            return reason, "Leave out widgets with many instances (setting burst_values)."
        if seconds > burst.ROOM * TENTH:
            ms = math.ceil(seconds * 1000)
            reason = f"A sample takes {ms} ms: ten a second would burden the host."
            return reason, "Leave out widgets, or look at the way to the host."
        return "", ""

    def _on_time(self) -> float:
        now = self._clock.now()
        slot = self._slot or self._beat.next(now)
        self._slot = None
        late = now - slot.at
        if late < -_SET_BACK:
            self.stop("This server's clock was set back.")
            return now
        if late < -0.001:
            self._slot = slot
            return slot.at
        if slot.tenth > self._until and self._start:
            self.stop("")
            return now
        if late > burst.LATE * TENTH:
            self._pace(0.0, late)
        else:
            self._sample(slot, late)
        self._slot = self._beat.next(self._clock.now())
        return self._slot.at

    def _sample(self, slot: burst.Slot, late: float) -> None:
        why = self._alone_long() or self._trouble()
        if why:
            self.stop(why)
            return
        began = self._clock.mono()
        try:
            sample, seconds = self._fetch()
        except HostError as error:
            self._failures += 1
            if self._failures >= _FAILURES:
                raise
            logger.info("%s: a sample of a burst failed: %s", self.ask.hid.id, error)
            with self.lock:
                self._took(slot.tenth, None)
            self._pace(self._clock.mono() - began, late)
            return
        self._failures = 0
        with self.lock:
            if not self.over:
                self._took(slot.tenth, sample)
        self._pace(seconds, late)

    def _pace(self, seconds: float, late: float) -> None:
        """Slow down where samples have no room; end where even the slowest have none."""
        slower = self._beat.took(seconds, late)
        if slower is False:
            return
        busy = late > burst.LATE * TENTH and seconds <= self._beat.period
        what = "this server is busy" if busy else f"a sample takes {math.ceil(seconds * 1000)} ms"
        with self.lock:
            if slower is None:
                self._finish(ENDED, f"It was ended: {what}, too much even for two a second.")
            elif not self.over:
                self._period = self._beat.period
                rate = round(1 / self._period)
                self._reason = f"It was slowed down to {rate} a second: {what}."
                self._say()

    def _fetch(self) -> tuple[Sample, float]:
        assert self._source is not None
        began = self._clock.mono()
        sample = self._source.fetch(tuple(sorted(self.ask.metrics)))
        return sample, self._clock.mono() - began

    def _alone_long(self) -> str:
        alone = self._alone
        if alone is None or self._clock.mono() - alone < ALONE:
            return ""
        return "Nobody looked at it any more."

    # -- points ----------------------------------------------------------------

    def _took(self, tenth: int, sample: Sample | None) -> None:
        """The sample of a tenth; None where it failed, which is a gap."""
        record, last = self._record, self._record.ring.last
        if last is not None and tenth <= last:
            return self._finish(ENDED, "This server's clock was set back.")
        if sample is None:
            if last is None:
                return
            record.gap(tenth)
        else:
            record.take(tenth, sample, self._beat.period)
            self._samples += 1
        first = not self._start
        if first:
            self._start, self._until = tenth, tenth + self.ask.seconds * 10 - 1
            self.state = RUNNING
            self._say()
        self._room.took(tenth)
