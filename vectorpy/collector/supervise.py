"""Starts children in order, keeps them alive, stops them in the opposite order.

What happens is said in words (`say`), and stands in health.json. One thread
does it all, because children are bound to the thread that started them. One
child's life stands in `keeper`, what to run in `stack`.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from vectorpy.collector import health
from vectorpy.collector.keeper import ASK_READY, Keeper, Log, Say
from vectorpy.collector.process import Child, Process, RealProcess, adopt_orphans, reap_orphans
from vectorpy.errors import Unavailable

IDLE = 1.0  # seconds


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
