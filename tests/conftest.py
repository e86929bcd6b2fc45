"""What holds for every test: nothing is left behind, and ports are nobody else's.

Only checks and fixtures that all rooms share belong here; a room's own
builders stand in its conftest.py. The check runs around each test, inside
fixtures of wider scope (what those keep open is theirs to close).
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair, and no test's.
settings.register_profile("vectorpy", deadline=None)
settings.load_profile("vectorpy")

PATIENCE = 3.0  # seconds in which threads and children may end by themselves

# Threads that libraries start once for the life of a process.
LASTING_THREADS = ("tpool_thread_", "playwright")


def _threads() -> set[str]:
    return {
        f"thread {thread.name} ({thread.ident})"
        for thread in threading.enumerate()
        if not thread.name.startswith(LASTING_THREADS)
    }


def _children() -> set[str]:
    """Child processes of this one, zombies included: one that nobody waited for is left too."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # the thread ended meanwhile
            for pid in (task / "children").read_text().split():
                found.add(f"child process {pid} ({_command(pid)})")
    return found


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"


def _sockets() -> set[str]:
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{fd}")
            if target.startswith("socket:"):
                found.add(target)
    return found


def _left() -> set[str]:
    return _threads() | _children() | _sockets()


def _beyond(before: set[str]) -> set[str]:
    """What is there and was not before.

    Sockets count by number: a connection that a fixture of wider scope keeps
    may have been made anew meanwhile.
    """
    now = _left()
    left = now - before
    sockets = {name for name in left if name.startswith("socket:")}
    grown = sum(n.startswith("socket:") for n in now) > sum(n.startswith("socket:") for n in before)
    return left if grown else left - sockets


def _left_since(before: set[str]) -> set[str]:
    """What is there beyond `before` after PATIENCE, or nothing as soon as there is nothing."""
    deadline = time.monotonic() + PATIENCE
    while left := _beyond(before):
        if time.monotonic() > deadline:
            return left
        gc.collect()
        time.sleep(0.01)
    return set()


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails the test that leaves a thread, a child process or a socket behind."""
    before = _left()
    yield
    left = _left_since(before)
    if left:
        pytest.fail(f"{request.node.name} left behind: {', '.join(sorted(left))}", pytrace=False)


class Ports:
    """A block of TCP ports that no other session of tests has, below the kernel's own range.

    Its first port stays bound: that keeps other sessions away as long as this one
    lives, so that a port can be handed to a process that binds it later.
    """

    SIZE = 100

    def __init__(self) -> None:
        for first in random.sample(range(20_000, 32_700, self.SIZE), k=127):
            guard = socket.socket()
            try:
                guard.bind(("127.0.0.1", first))
            except OSError:
                guard.close()
                continue
            self._guard = guard
            self.first, self.last = first, first + self.SIZE - 1
            self._next = first
            return
        raise RuntimeError("no block of ports is free")

    @property
    def range(self) -> str:
        """The block as `--allow-port` takes it."""
        return f"{self.first}-{self.last}"

    def __call__(self) -> int:
        """A port that nobody listens on at any address; each comes again only after all others."""
        for _ in range(self.SIZE):
            self._next = self._next + 1 if self._next < self.last else self.first + 1
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("", self._next))
                return self._next
        raise RuntimeError(f"no port of {self.range} is free")

    def close(self) -> None:
        self._guard.close()


@pytest.fixture(scope="session", autouse=True)
def free_port() -> Iterator[Ports]:
    """`free_port()` is a free port of this session's own; `free_port.range` are all of them."""
    ports = Ports()
    yield ports
    ports.close()
