"""One child's life: starting, running, waiting, stopped; and what is said of it.

A child that ends is started again after a pause that doubles with each early
end. The order of several is `supervise`'s, the process itself `process`'s.
"""

from __future__ import annotations

import collections
import os
import time
from collections.abc import Callable
from pathlib import Path

from vectorpy.collector.process import Child, Process, exit_in_words, printable

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 30.0
STEADY = 60.0  # seconds of running after which earlier ends no longer count
GIVE_UP = 3  # ends in a row of a child that never was ready
ASK_READY = 0.05  # seconds between two questions whether a child is ready
WORDS = 8
_LOG_TAIL = 4096

Say = Callable[[str], None]
Log = Callable[[str, str], None]


def pause(ends: int) -> float:
    """Seconds before the next start after `ends` ends in a row (1 or more)."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(ends - 1, 16)))


class Keeper:
    """One child's life: starting, running, waiting, stopped. Times are of the caller's clock."""

    def __init__(
        self,
        child: Child,
        spawn: Callable[[Child], Process],
        say: Say,
        log: Log,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.child = child
        self.state = "stopped"
        self.since = 0.0
        self.since_wall = int(wall())
        self.restarts = 0
        self.was_ready = False
        self.process: Process | None = None
        self.last_words: tuple[str, ...] = ()
        self._spawn, self._say, self._log, self._wall = spawn, say, log, wall
        self._words: collections.deque[str] = collections.deque(maxlen=WORDS)
        self._ends = 0
        self._next = 0.0

    @property
    def gave_up(self) -> bool:
        """It ended GIVE_UP times without ever having been ready: starting again is no help."""
        return not self.was_ready and self._ends >= GIVE_UP

    @property
    def due(self) -> float | None:
        """When `tick` has to be called next, or None where only an event matters."""
        return self._next if self.state in ("starting", "waiting") else None

    def start(self, now: float) -> None:
        """Start it for the first time or again."""
        if self.state == "waiting":
            self.restarts += 1
        self._words.clear()
        try:
            self.child.before()
            self.process = self._spawn(self.child)
        except OSError as error:
            self._words.append(f"it can't be started: {error}")
            self._ended(now, "did not start")
            return
        self._enter("starting", now)
        self._next = now

    def tick(self, now: float) -> None:
        """Look after it: take its words, notice its end, ask whether it is ready, start again."""
        if self.process is not None:
            self._listen(self.process)
            code = self.process.poll()
            if code is not None:
                self._listen(self.process)
                self._ended(now, exit_in_words(code))
                return
        if self.state == "starting" and now >= self._next:
            self._ask(now)
        elif self.state == "waiting" and now >= self._next:
            self.start(now)
        elif self.state == "running" and now - self.since >= STEADY:
            self._ends = 0

    def _ask(self, now: float) -> None:
        if self.child.ready is None or self.child.ready():
            if self.restarts:
                self._say(f"{self.child.name} runs again.")
            self._enter("running", now)
            self.was_ready = True
        elif now - self.since > self.child.ready_within and self.process is not None:
            self._words.append(f"it did not answer within {self.child.ready_within:g} s")
            self.process.kill()
            self._next = now + ASK_READY
        else:
            self._next = now + ASK_READY

    def _listen(self, process: Process) -> None:
        for line in process.lines():
            self._words.append(line)
            self._log(self.child.name, line)

    def _ended(self, now: float, how: str) -> None:
        self._forget_process()
        if self.state == "running" and now - self.since >= STEADY:
            self._ends = 0
        self._ends += 1
        self.last_words = tuple(self._words) or tail(self.child.log)
        self._enter("waiting", now)
        self._next = now + pause(self._ends)
        said = f" It said last: {self.last_words[-1]}" if self.last_words else ""
        again = "" if self.gave_up else f" It starts again in {pause(self._ends):g} s."
        self._say(f"{self.child.name} {how}.{again}{said}")

    def _forget_process(self) -> None:
        if self.process is not None:
            self.process.close()
        self.process = None

    def terminate(self) -> None:
        """Ask it to end; `ended` says when it did."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End it and all of its group now."""
        if self.process is not None:
            self.process.kill()

    def ended(self, now: float) -> bool:
        """True once nothing of it runs; used while stopping, when nothing starts again."""
        if self.process is not None:
            self._listen(self.process)
            if self.process.poll() is None:
                return False
            self._listen(self.process)
            self._forget_process()
        if self.state != "stopped":
            self._enter("stopped", now)
        return True

    def _enter(self, state: str, now: float) -> None:
        self.state, self.since, self.since_wall = state, now, int(self._wall())


def tail(path: Path | None) -> tuple[str, ...]:
    """The last lines of a log that a child wrote itself; none where there is no such file.

    The file is another user's: only a regular file is read, links are not followed.
    """
    if path is None:
        return ()
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            file.seek(max(0, os.fstat(fd).st_size - _LOG_TAIL))
            lines = file.read(_LOG_TAIL).splitlines()
    except OSError:
        return ()
    return tuple(text for line in lines if (text := printable(line)))[-WORDS:]
