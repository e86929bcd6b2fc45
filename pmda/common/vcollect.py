"""The collector: probes read in a thread, each by itself, and the last snapshot published.

Nothing here may stop a fetch or end the agent: a probe that can't read says
why, one that fails is counted, and the others go on.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import vsnap
import vtable

# Collected shortly before each whole second, so that a client that samples
# just after it gets exactly one fresh snapshot per second.
PHASE = 0.85
LOG_EVERY = 60.0  # seconds between two lines about the same probe


def calm_garbage_collector() -> None:
    """What a round makes is freed by itself at the next; seldom searching for cycles among it
    saves a sixth of a large round's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100000, 20, 20)


class Unavailable(Exception):
    """A probe can't read here; the text says why, and what would help, for people."""


class Probe:
    """A part of an agent that reads one source. Subclasses set `name` and write `collect`."""

    name = ""
    every = 1.0  # seconds between readings
    retry = 30.0  # seconds until the next try after Unavailable

    def collect(self, now: float) -> vsnap.Reading:
        """Read everything; `now` is monotonic, in seconds. Raises Unavailable."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what is open; called once at the end."""


class Published(NamedTuple):
    """A snapshot, when it was complete (monotonic) and how long its collection took."""

    snapshot: vsnap.Snapshot
    done: float
    seconds: float


class _State:
    """What the collector knows of one probe."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.status = "not read yet"
        self.reading: Optional[vsnap.Reading] = None
        self.read_at = 0.0
        self.due = float("-inf")
        self.seconds: Optional[float] = None
        self.logged = float("-inf")

    def current(self, now: float) -> Optional[vsnap.Reading]:
        """The last reading while it is young enough."""
        if self.reading is None or now - self.read_at > max(3.0, 2.5 * self.probe.every):
            return None
        return self.reading


class Collector:
    """Runs probes and publishes snapshots. `once` is one round, `start` a thread of rounds."""

    def __init__(
        self,
        table: vtable.Table,
        probes: Sequence[Probe],
        publish: Callable[[Published], None],
        log: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        period: float = 1.0,
    ) -> None:
        self.errors = 0
        self._states = [_State(probe) for probe in probes]
        self._assembler = vsnap.Assembler(table)
        self._publish = publish
        self._log = log
        self._clock = clock
        self._wall = wall
        self._period = period
        self._end = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._thread.start()

    def stop(self, patience: float = 1.0) -> None:
        """End the thread; one that hangs in a probe is left to the process's end."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(patience)
            if self._thread.is_alive():
                return
        for state in self._states:
            try:
                state.probe.close()
            except Exception as error:
                self._log("%s: closing: %r" % (state.probe.name, error))

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.once()
            except Exception as error:
                self.errors += 1
                self._log("collector: %r" % error)
            self._end.wait(self.pause())

    def pause(self) -> float:
        """Seconds until the next round; rounds that were missed are not made up for."""
        behind = (self._wall() - PHASE * self._period) % self._period
        return self._period - behind

    def once(self) -> None:
        """One round: read what is due, publish."""
        start = self._clock()
        for state in self._states:
            if start >= state.due:
                self._read(state, start)
        readings: List[vsnap.Reading] = []
        for state in self._states:
            reading = state.current(start)
            if reading is not None:
                readings.append(reading)
        readings.append(self._own())
        snapshot = self._assembler.snapshot(readings, start)
        self.errors += snapshot.faults
        done = self._clock()
        self._publish(Published(snapshot, done, done - start))

    def _read(self, state: _State, now: float) -> None:
        probe = state.probe
        # Half a period of grace: rounds are not exactly a period apart.
        state.due = now + probe.every - self._period / 2
        begun = self._clock()
        try:
            state.reading = probe.collect(now)
            state.read_at = now
            note = state.reading.note
            self._tell(state, "ok: " + note if note else "ok", now)
        except Unavailable as reason:
            state.reading = None
            state.due = now + max(probe.retry, probe.every) - self._period / 2
            self._tell(state, str(reason), now)
        except Exception as error:
            self.errors += 1
            state.reading = None
            self._tell(state, "error: %s: %s" % (type(error).__name__, error), now)
        state.seconds = self._clock() - begun

    def _tell(self, state: _State, status: str, now: float) -> None:
        """Set the status, and log a change of kind, at most once a minute per probe."""
        changed = status.split(":")[0] != state.status.split(":")[0]
        state.status = status
        if changed and now - state.logged >= LOG_EVERY:
            state.logged = now
            self._log("%s: %s" % (state.probe.name, status))

    def _own(self) -> vsnap.Reading:
        statuses: Dict[object, object] = {s.probe.name: s.status for s in self._states}
        seconds: Dict[object, object] = {s.probe.name: s.seconds for s in self._states}
        return vsnap.Reading({"probe.status": statuses, "probe.seconds": seconds})
