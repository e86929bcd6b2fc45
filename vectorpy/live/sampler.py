"""One host's sampler: dial, open, describe, and fetch once a second.

It alone talks to its host, on one thread, with one request in flight. `step`
does what is due and tells when it wants to be called again; `run` is the thread
around it. What is shared with other threads stands in `host`.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from vectorpy.errors import HostDown, HostError, HostLate, Overloaded, VectorpyError
from vectorpy.live.clock import Clock
from vectorpy.live.cost import Measure
from vectorpy.live.host import Host
from vectorpy.model.hostspec import HostId
from vectorpy.model.pace import Pace
from vectorpy.model.plan import FOLLOW, RECENTLY, SET_BACK, Backoff, Plan, Slot, retry_after
from vectorpy.model.sample import Sample
from vectorpy.sources.face import Facts, Source

logger = logging.getLogger(__name__)

# A source is dialled anew after so many failed opens: address or transport may differ now.
_OPENS = 3
# Of tries by cheap probe alone, each such one dials, so that the reason told stays fresh.
_DIAL_EACH = 8
# Metrics that the host did not have are asked for again after this, in seconds.
_ASK_AGAIN = 30.0
# A host with too many values is left in peace for this, in seconds.
_OVERLOADED_PAUSE = 10.0
# A slot that begins later than this after its time is not its second's any more.
_TOO_LATE = 0.5
# What the newest sample weighs in how late they begin.
_LATENESS = 0.2
# The thread looks this often whether it is still wanted, in seconds.
_NAP = 5.0


class Dials(Protocol):
    """What a sampler needs of `sources.dial.Dialler`."""

    def dial(self, host: HostId) -> Source:
        """An unopened source; VectorpyError where there is none."""
        ...

    def dial_wide(self, host: HostId) -> Source:
        """The same for tables: a source that takes more values in one answer."""
        ...

    def alive(self, host: HostId) -> bool:
        """Whether something listens there; cheap, and never raises."""
        ...


class Sampler:
    """See the module. `claim(host, facts)` tells whether the host is another's second name."""

    def __init__(
        self,
        host: Host,
        dials: Dials,
        gate: AbstractContextManager[object],
        clock: Clock,
        random: Callable[[], float],
        claim: Callable[[Host, Facts], bool] = lambda host, facts: False,
    ) -> None:
        self._host = host
        self._dials = dials
        self._gate = gate
        self._clock = clock
        self._claim = claim
        self._plan = Plan(host.hid.id)
        self._pace = Pace(host.spares)
        self._backoff = Backoff(random)
        self._source: Source | None = None
        self._open = False
        self._slot: Slot | None = None
        self._tries = 0
        self._opens = 0
        # By the clock that never jumps.
        self._retry_at = self._rest_until = -math.inf
        self._asked_at = -math.inf
        self._ask_again = False
        # Names asked for since the connection stands; None once all were.
        self._told: set[str] | None = set()
        # The wanted names of which nothing lacks, and for which state of the record.
        self._whole: tuple[tuple[str, ...], int] | None = None
        # Until the first rates of a new host are out, only what they are drawn from is asked for.
        self._hurry = False
        self._never = threading.Event()

    # -- the thread ------------------------------------------------------------

    def run(self) -> None:
        """Sample until the host is not polled any more; then everything is given back."""
        host = self._host
        try:
            while host.polled():
                host.wake.clear()
                due = self._guarded_step()
                self._clock.wait(host.wake, min(_NAP, due - self._clock.now()))
        finally:
            self.close()

    def _guarded_step(self) -> float:
        try:
            return self.step()
        except Exception as error:  # a fault of ours in one host must not end its thread
            logger.exception("%s: the sampler failed", self._host.hid.id)
            fault = HostError(f"The sampler of this server failed: {error!r}.")
            self._lost(fault, self._due_second())
            return self._retry()

    def close(self) -> None:
        """Close the source; the next step dials anew."""
        source, self._source = self._source, None
        self._open = False
        self._slot = None
        if source is not None:
            with self._asking():
                source.close()

    # -- steps -----------------------------------------------------------------

    def step(self) -> float:
        """Do what is due; when to be called next, by the clock. It raises nothing of a host's."""
        try:
            if self._open:
                return self._on_time(self._clock.now())
            if self._clock.mono() < self._retry_at and not self._called():
                return self._retry()
            return self._connect()
        except VectorpyError as error:
            self._lost(error, self._due_second())
            return self._retry()

    def _on_time(self, now: float) -> float:
        slot = self._slot or self._plan.next(now)
        # Too late for its second, or our clock was set back: another second's turn.
        if not -self._plan.period - SET_BACK <= now - slot.at <= _TOO_LATE:
            slot = self._plan.next(now)
        self._slot = slot
        if now < slot.at - 0.001:
            self._describe_new()
            return slot.at
        self._slot = None
        if self._clock.mono() >= self._rest_until:
            self._sample(slot)
        if not self._open:
            return self._retry()
        self._slot = self._plan.next(self._clock.now())
        return self._slot.at

    def _retry(self) -> float:
        """When the next try is due, by the clock."""
        return self._clock.now() + max(0.0, self._retry_at - self._clock.mono())

    def _called(self) -> bool:
        """Whether somebody came while the host rests in a long pause: he gets a try at once."""
        return self._host.take_call() and self._retry_at - self._clock.mono() > 1.5

    # -- connecting --------------------------------------------------------------

    def _connect(self) -> float:
        host = self._host
        if self._source is None:
            self._source = self._dial()
        with self._asking():
            facts = self._source.open()
        self._opens = 0
        if self._claim(host, facts):
            self.close()
            return self._clock.now()
        host.opened(facts)
        self._open = True
        self._told = set()
        self._hurry = host.record.ring.last is None and bool(host.names(new=True))
        if not self._hurry:
            self._describe_new()
        self._first_samples()
        self._hurry = False
        if not self._open:
            return self._retry()
        self._tries = 0
        self._backoff.reset()
        self._slot = self._plan.next(self._clock.now())
        # What else is recorded is asked for now, between two samples.
        return self._slot.at if self._told is None else self._clock.now()

    def _dial(self) -> Source:
        """A source. Hosts not known to be up pass the gate, few at a time."""
        tries, self._tries = self._tries, self._tries + 1
        if self._quick():
            return self._probe_and_dial(tries)
        with self._gate:
            return self._probe_and_dial(tries)

    def _probe_and_dial(self, tries: int) -> Source:
        hid = self._host.hid
        with self._asking():
            if tries % _DIAL_EACH and not self._dials.alive(hid):
                raise self._host.last_error or HostDown(
                    f"Nothing answers at {hid.id}.", host=hid.id
                )
            return self._dials.dial(hid)

    def _quick(self) -> bool:
        """Whether it is probed each second: it has viewers, and was live a moment ago."""
        last = self._host.last_live
        return self._host.watched and last is not None and self._clock.mono() - last <= RECENTLY

    def _first_samples(self) -> None:
        """Two samples, a quarter of a second apart, so that rates are there at once.

        What they must be read with is asked for in the time between, where it is new.
        """
        names = self._host.names(new=self._hurry)
        first = self._plan.start(self._clock.now())
        try:
            sample = self._fetch(names)
        except Overloaded as error:
            self._too_much(error, None)
            return
        self._describe_new()
        self._host.base(sample, self._plan.period)
        follow = self._plan.follow(max(first.at, self._clock.now() - FOLLOW))
        self._clock.wait(self._never, follow.at - self._clock.now())
        self._sample(follow)

    # -- sampling ----------------------------------------------------------------

    def _sample(self, slot: Slot) -> None:
        started = self._clock.now()
        self._host.lateness += _LATENESS * (max(0.0, started - slot.at) - self._host.lateness)
        try:
            self._describe_new()
            sample = self._healed_fetch(self._host.names())
        except Overloaded as error:
            self._too_much(error, slot.second)
            return
        except VectorpyError as error:
            self._lost(error, slot.second)
            return
        seconds = self._clock.now() - started
        pace = self._pace
        if pace.took(seconds, self._host.hunger()):
            self._plan.period = pace.period
            self._host.spare(pace.spare)
        measure = Measure(started, seconds, pace.period, pace.spare, pace.starved)
        if self._host.took(slot.second, sample, measure):
            self._ask_again = True

    def _healed_fetch(self, names: tuple[str, ...]) -> Sample:
        """A fetch; where the context or connection is lost, once more after opening it anew."""
        try:
            return self._fetch(names)
        except (HostLate, Overloaded):
            raise
        except HostError as error:
            logger.debug("%s: opened anew after: %s", self._host.hid.id, error)
            assert self._source is not None
            with self._asking():
                self._host.opened(self._source.open())
            return self._fetch(names)

    def _fetch(self, names: tuple[str, ...]) -> Sample:
        assert self._source is not None
        with self._asking():
            return self._source.fetch(names)

    def _describe_new(self) -> None:
        """Ask for descriptors of new wishes, and now and then for what was not there.

        A connection made anew asks for all: the host's PCP may be another now.
        """
        now = self._clock.mono()
        wanted = self._host.wanted(new=self._hurry)
        record = self._host.record
        again = self._ask_again or now - self._asked_at > _ASK_AGAIN
        told = self._told
        if told is not None:
            names = [n for n in wanted if n not in told]
            again = again or bool(names)
        elif again:
            names = [n for n in wanted if n not in record.descriptors]
        elif (
            self._whole is None or self._whole[0] is not wanted or self._whole[1] != record.checked
        ):
            names = record.lacking(wanted)
        else:
            names = []
        if names:
            assert self._source is not None
            with self._asking():
                found = self._source.describe(names)
            self._host.described(names, found)
        else:
            self._whole = (wanted, record.checked)
        if told is not None:
            self._told = {*told, *names} if self._hurry else None
        if again:
            self._ask_again = False
            self._asked_at = now
            self._host.broaden()

    def _too_much(self, error: Overloaded, second: int | None) -> None:
        """More values than may be asked for: recorded metrics are left out, then it rests."""
        host = self._host
        host.failed(second, error, None)
        if host.shed_recorded():
            return
        self._rest_until = self._clock.mono() + _OVERLOADED_PAUSE

    # -- trouble -----------------------------------------------------------------

    def _lost(self, error: VectorpyError, second: int | None) -> None:
        """The host is lost for now: a gap, the reason, and when to try again."""
        host = self._host
        self._open = False
        self._slot = None
        self._opens += 1
        if self._opens >= _OPENS or not isinstance(error, HostError):
            self._opens = 0
            self.close()
        now = self._clock.mono()
        pause = retry_after(now, host.last_live, host.watched, self._backoff)
        self._retry_at = now + pause
        # The time of each second's try would be news each second: told is that it goes so.
        often = pause <= 1.5
        host.failed(second, error, None if often else self._clock.now() + pause, often)

    def _due_second(self) -> int | None:
        """The second whose sample fails with this try: none while tries are rare."""
        return math.floor(self._clock.now()) if self._quick() else None

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Marks that an answer is awaited, so that its delay can be told by another thread."""
        self._host.asking = self._clock.mono()
        try:
            yield
        finally:
            self._host.asking = None
