"""Builders of this room's tests: hubs over scripted hosts, real sockets, a client that notes."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vectorpy.bus.client import BusClient, Joined
from vectorpy.bus.server import BusServer
from vectorpy.model.watch import ChannelSpec, Wish

HERE = Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("bus_launch", HERE / "launch.py")
assert _spec is not None and _spec.loader is not None
launch = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(launch)


def until(found: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    """Wait until `found()` is true and give it back; fails with `what` after the deadline."""
    end = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > end:
            pytest.fail(f"in vain waited for: {what}")
        time.sleep(0.005)
    return value


class Heard:
    """A client and all that it heard, in order: (room, event, message) and links."""

    def __init__(self, path: Path, **more: Any) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.links: list[bool] = []
        self.client = BusClient(path, self._event, on_link=self.links.append, **more)

    def _event(self, room: str, event: str, text: str) -> None:
        self.events.append((room, event, json.loads(text)))

    def of(self, event: str, room: str | None = None) -> list[dict[str, Any]]:
        return [m for r, e, m in self.events if e == event and room in (None, r)]

    def join(self, *wishes: str, viewer: str = "ann", window: int = 600, **more: Any) -> Joined:
        """Join and wait for the answer; what it brought is noted as events of `answer:VIEWER`."""
        found: list[Joined] = []
        spec = self.spec(*wishes, **more)

        def joined(answer: Joined) -> None:
            for event, text in answer.events:
                self.events.append((f"answer:{viewer}", event, json.loads(text)))
            found.append(answer)

        self.client.join(spec, window, viewer, joined)
        until(lambda: found, "the answer to a join")
        return found[0]

    def spec(self, *wishes: str, host: str = "web-01", interval: int = 1) -> ChannelSpec:
        return ChannelSpec(host, interval, [Wish.parse(wish) for wish in wishes])


@pytest.fixture
def heard() -> Iterator[Callable[..., Heard]]:
    """Makes connected clients of a path."""
    made: list[Heard] = []

    def make(path: Path, **more: Any) -> Heard:
        one = Heard(path, **more)
        made.append(one)
        one.client.connect()
        return one

    yield make
    for one in made:
        one.client.close()


@pytest.fixture
def hubs() -> Iterator[Callable[..., Any]]:
    """Makes hubs with threads over scripted hosts, faster than life: (hub, hosts, clock)."""
    made: list[Any] = []

    def make(speed: float = 10.0, names: tuple[str, ...] = ("web-01",), **more: Any) -> Any:
        clock = launch.FastClock(speed)
        hosts = {name: launch.scripted(clock, name) for name in names}
        hub = launch.make_hub(clock, hosts, **more)
        made.append(hub)
        return hub, hosts, clock

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def served(hubs: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes a hub behind a real unix socket: (server, path, hub, hosts)."""
    made: list[BusServer] = []

    def make(speed: float = 10.0, server: dict[str, Any] | None = None, **more: Any) -> Any:
        hub, hosts, _ = hubs(speed, **more)
        path = tmp_path / f"run{len(made)}" / "bus.sock"
        one = BusServer(hub, path, **(server or {}))
        one.start()
        made.append(one)
        return one, path, hub, hosts

    yield make
    for one in made:
        one.close()


class Process:
    """A sampler process of `launch.py`; `kill` and `start` again for another life."""

    def __init__(self, path: Path, speed: float) -> None:
        self.path = path
        self.speed = speed
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, str(HERE / "launch.py"), str(self.path), str(self.speed)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        self.child = subprocess.Popen(command, env=environment)

    def end(self, number: int = signal.SIGKILL) -> int:
        """Signal it; its exit code."""
        assert self.child is not None
        if self.child.poll() is None:
            self.child.send_signal(number)
        code = self.child.wait(10)
        self.child = None
        return code


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """A sampler process, not started yet."""
    one = Process(tmp_path / "run" / "bus.sock", 10.0)
    yield one
    if one.child is not None:
        one.end()


@pytest.fixture
def wait() -> Callable[..., Any]:
    """`until`, for tests."""
    return until


@pytest.fixture(autouse=True)
def _threads_named() -> Iterator[None]:
    """Threads of the bus end with their test: wait for those of accepted connections."""
    yield
    end = time.monotonic() + 2.0
    while any(t.name.startswith("bus-") for t in threading.enumerate()):
        if time.monotonic() > end:
            break
        time.sleep(0.005)
