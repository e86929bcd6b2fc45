"""A sampler process over a scripted host, as `python launch.py SOCKET SPEED`: for tests alone.

It is `vectorpy.bus.server` in all but the dialler and the clock, which runs
SPEED times faster. Each life's host has another context switch rate, so that
lives can be told apart.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from vectorpy.bus import server
from vectorpy.catalog.loader import load
from vectorpy.live.hub import Hub
from vectorpy.settings import Settings
from vectorpy.sources.fake import FakeDialler, FakeHost


class FastClock:
    """A clock that runs `speed` times faster than the machine's, from the same start for all."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    def now(self) -> float:
        return 1_795_000_000 + self.mono()

    def mono(self) -> float:
        # Seconds since this boot: processes of one test agree on it.
        return time.monotonic() * self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds) / self.speed)


def scripted(clock: Any, name: str = "web-01") -> FakeHost:
    """A host with load 2.5 whose context switches count the seconds of its clock."""
    host = FakeHost(name, clock=clock.now, address=f"{name}:44322")
    host.gauge("kernel.all.load", {"1 minute": 2.5, "5 minute": 1.5, "15 minute": 0.5})
    host.gauge("hinv.ncpu", 4)
    host.counter("kernel.all.pswitch", lambda now: now * 100.0)
    host.counter("kernel.all.sysfork", lambda now: now * 3.0)
    # The value of second T is T % 1000, to be told apart from all others.
    host.gauge("mem.util.available", lambda now: float(int(now) % 1000), "byte")
    host.gauge("mem.physmem", 1_000_000, "Kbyte")
    return host


def make_hub(clock: Any, hosts: dict[str, FakeHost], **more: Any) -> Hub:
    settings = Settings(**{"recorded": (), **more})
    return Hub(settings, FakeDialler(hosts), load(), clock, chance=lambda: 0.5)


def main() -> None:
    path, speed = Path(sys.argv[1]), float(sys.argv[2])
    clock = FastClock(speed)
    settings = Settings(runtime_dir=str(path.parent))
    hub = make_hub(clock, {"web-01": scripted(clock)})
    server.die_with_parent()
    server.serve(settings, hub, server.until_signal)


if __name__ == "__main__":
    main()
    os._exit(0)
