"""Starts children in order, keeps them alive, stops them in the opposite order.

A child that ends is started again after a pause that doubles with each early
end. What happens is said in words (`say`), and stands in health.json. One
thread does it all, because children are bound to the thread that started them.
How a process is started stands in `process`, what to run in `stack`.
"""

from __future__ import annotations

import collections
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from vectorpy.collector import health
from vectorpy.collector.process import (
    Child,
    Process,
    RealProcess,
    adopt_orphans,
    exit_in_words,
    printable,
    reap_orphans,
)
from vectorpy.errors import Unavailable

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 30.0
STEADY = 60.0  # seconds of running after which earlier ends no longer count
GIVE_UP = 3  # ends in a row of a child that never was ready
ASK_READY = 0.05  # seconds between two questions whether a child is ready
IDLE = 1.0
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


class Supervisor:
    """Keeps `children`, in this order, until it is told to stop.

    `goal` is asked, once all children run, until it says yes; then `reached` is
    called. `say` takes sentences for people, `log` (child's name, line) its
    words. `health_path` None writes no health. Clock and spawn are for tests.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        say: Say,
        log: Log = lambda name, line: None,
        health_path: Path | None = None,
        goal: Callable[[], bool] = lambda: True,
        reached: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        spawn: Callable[[Child], Process] = RealProcess,
    ) -> None:
        self.keepers = [Keeper(child, spawn, say, log, wall) for child in children]
        self._say, self._clock, self._wall = say, clock, wall
        self._health_path = health_path
        self._goal, self._reached = goal, reached
        self._goal_reached = False
        self._written: dict[str, health.Health] | None = None
        self._stops = 0

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP, then stop all; a second signal stops at once.

        Raises Unavailable, all children stopped, where one can't be brought up at all.
        """
        adopt_orphans()
        with self._signals() as wake:
            try:
                while not self._stops:
                    self.step()
                    self._wait(wake)
                self._say("stopping ...")
            finally:
                self.stop(wake)

    def step(self) -> None:
        """One look at every child: start whose turn it is, tick the rest, write health."""
        now = self._clock()
        all_before_ready = True
        for keeper in self.keepers:
            if keeper.child.waits and not all_before_ready:
                break
            if keeper.state == "stopped":
                self._say(f"starting {keeper.child.name} ...")
                keeper.start(now)
            keeper.tick(now)
            if keeper.gave_up:
                self._write_health()
                raise _not_brought_up(keeper)
            all_before_ready = all_before_ready and keeper.was_ready
        reap_orphans(frozenset(k.process.pid for k in self.keepers if k.process is not None))
        self._seek_goal()
        self._write_health()

    def _seek_goal(self) -> None:
        running = all(keeper.state == "running" for keeper in self.keepers)
        if not self._goal_reached and running and self._goal():
            self._goal_reached = True
            self._reached()

    def stop(self, wake: int | None = None) -> None:
        """End all, the last started first; who outlives its grace is killed with its group."""
        for keeper in reversed(self.keepers):
            keeper.terminate()
            deadline = self._clock() + keeper.child.grace
            while not keeper.ended(self._clock()):
                if self._stops > 1 or self._clock() > deadline:
                    keeper.kill()
                self._wait(wake, ASK_READY)
            self._write_health()
        reap_orphans(frozenset())

    def _wait(self, wake: int | None, longest: float = IDLE) -> None:
        """Sleep until a child speaks or ends, a signal comes, or something is due."""
        dues = [keeper.due for keeper in self.keepers]
        times = [due - self._clock() for due in dues if due is not None]
        if not self._goal_reached:
            times.append(ASK_READY)
        timeout = max(0.0, min([longest, *times]))
        poll = select.poll()
        for keeper in self.keepers:
            if keeper.process is not None and keeper.process.talking:
                poll.register(keeper.process.fileno(), select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        ready = poll.poll(timeout * 1000)
        if wake is not None and any(fd == wake for fd, _ in ready):
            os.read(wake, 4096)

    def _write_health(self) -> None:
        """Write health.json where something has changed."""
        children = {
            keeper.child.name: health.Health(
                state=keeper.state,
                pid=keeper.process.pid if keeper.process is not None else None,
                restarts=keeper.restarts,
                since=keeper.since_wall,
                words=keeper.last_words,
            )
            for keeper in self.keepers
        }
        if self._health_path is None or children == self._written:
            return
        self._written = children
        try:
            health.write(self._health_path, os.getpid(), int(self._wall()), children)
        except OSError as error:
            self._say(f"health can't be written: {error}")

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Take our signals; the descriptor given becomes readable at each, SIGCHLD too."""

        def stop(number: int, frame: FrameType | None) -> None:
            self._stops += 1

        def wake_up(number: int, frame: FrameType | None) -> None:
            return None

        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        handlers = {number: stop for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # started by nohup
            del handlers[signal.SIGHUP]
        old_fd = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        old = {n: signal.signal(n, h) for n, h in {**handlers, signal.SIGCHLD: wake_up}.items()}
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(old_fd)
            for number, handler in old.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)


def _not_brought_up(keeper: Keeper) -> Unavailable:
    words = "\n  ".join(keeper.last_words) or "(nothing)"
    return Unavailable(
        f"{keeper.child.name} can't be brought up. It said last:\n  {words}",
        hint="\nMore may stand in its log below the state folder.",
    )
