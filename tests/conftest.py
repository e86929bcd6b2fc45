"""What holds for every test: nothing is left behind.

Only checks and fixtures that all rooms share belong here; a room's own
builders stand in its conftest.py. The check runs around each test, inside
fixtures of wider scope (what those keep open is theirs to close).
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

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
