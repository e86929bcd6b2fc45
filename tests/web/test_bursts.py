"""Bursts over the socket: asked for, looked at by others from the start, stopped, lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vectorpy.bus.server import BusServer
from vectorpy.catalog.loader import load
from vectorpy.live.hub import Hub
from vectorpy.settings import Settings
from vectorpy.sources.fake import FakeDialler, FakeHost


@pytest.fixture
def host() -> FakeHost:
    """A host whose counter of context switches grows by 100 a second."""
    host = FakeHost("web-01")
    host.counter("kernel.all.pswitch", lambda now: int(now * 100))
    host.counter("kernel.all.intr", lambda now: int(now * 50))
    return host


@pytest.fixture
def server(run_server: Any, mode: str, host: FakeHost) -> Iterator[Any]:
    """A web process whose sampler is a real hub over `host`; `hub` and `bus` are its attributes."""
    server = run_server(mode, sampler=False)
    settings = replace(Settings(), runtime_dir=str(server.folder))
    server.hub = Hub(settings, FakeDialler({"web-01": host}), load(None))
    server.bus = BusServer(server.hub, Path(server.folder) / "bus.sock")
    server.bus.start()
    server.wait_ready()
    yield server
    for page in server.pages:
        page.abort()
    server.bus.close()
    server.hub.close()


def state(page: Any, wanted: str) -> dict[str, Any]:
    """The next message of a burst in this state."""
    while (told := page.until("burst"))["state"] != wanted:
        pass
    return told


def times(page: Any, count: int) -> list[int]:
    """At least so many times of points that follow a whole message, in order."""
    found: list[int] = []
    while len(found) < count:
        message = page.until("burst_points")
        found = sorted({*([] if message["whole"] else found), *message["t"]})
    return found


def watching(server: Any, make_channel: Any) -> Any:
    page = server.page()
    page.watch(make_channel("web-01", "context-switches"))
    page.until("tick")
    return page


def test_one_asks_another_looks_at_it_from_its_start_and_all_hear_that_it_ends(
    server: Any, make_channel: Any, host: FakeHost
) -> None:
    page, other = watching(server, make_channel), watching(server, make_channel)
    page.send("burst", {"host": "web-01", "wishes": ["context-switches"], "seconds": 30})
    told = state(page, "starting")
    assert told["metrics"] == 1 and told["seconds"] == 30
    layout = page.until("burst_layout")
    assert layout["burst"] == told["burst"]
    first = times(page, 12)
    heard = state(other, "running")
    assert heard["burst"] == told["burst"] and heard["from"] == first[0]
    other.send("burst_join", {"burst": heard["burst"]})
    assert state(other, "running")["wishes"] == ["context-switches"]
    whole = other.until("burst_points")
    assert whole["whole"] and whole["t"][0] == first[0] and len(whole["t"]) > 10
    values = [x for x in whole["columns"][0] if x is not None]
    assert values and 80 < sum(values) / len(values) < 120
    other.send("burst_stop", {"burst": heard["burst"]})
    assert state(page, "ended")["reason"] == "It was stopped."
    assert state(other, "ended")["held"] > heard["from"] + 500_000
    late = server.page()
    late.watch(make_channel("web-01", "context-switches"))
    assert late.until("burst")["burst"] == told["burst"], "who comes later hears of it too"
    late.send("burst_join", {"burst": told["burst"]})
    assert late.until("burst_points")["t"][0] == first[0]


def test_no_burst_of_a_host_that_is_not_watched_nor_by_nonsense(
    server: Any, make_channel: Any, host: FakeHost
) -> None:
    page = server.page()
    page.send("burst", {"host": "web-01", "wishes": ["context-switches"]})
    assert "do not watch" in page.until("problem")["detail"]
    page.send("burst", {"host": 7})
    assert "needs a host" in page.until("problem")["detail"]
    page.send("burst_stop", {"burst": "abc"})
    assert "do not look" in page.until("problem")["detail"]
    page.send("burst_join", {"burst": "abc"})
    lost = page.until("burst")
    assert (lost["burst"], lost["state"]) == ("abc", "refused") and "not kept" in lost["reason"]
    page.watch(make_channel("web-01", "context-switches"))
    page.until("tick")
    page.send("burst", {"host": "web-01", "wishes": ["processes-cpu"], "seconds": 5})
    refused = page.until("burst")
    assert (refused["burst"], refused["state"]) == ("", "refused")
    assert host.opens == 1, "nothing was asked of the host for any of these"


def test_who_goes_away_leaves_and_a_sampler_that_ends_takes_the_burst_along(
    server: Any, make_channel: Any, wait_until: Any
) -> None:
    page, other = watching(server, make_channel), watching(server, make_channel)
    page.send("burst", {"host": "web-01", "wishes": ["context-switches"], "seconds": 60})
    name = state(page, "running")["burst"]
    other.send("burst_join", {"burst": name})
    times(other, 2)
    page.abort()
    (burst,) = server.hub.bursts.all()
    wait_until(lambda: sum(map(len, burst._room.sinks.values())) == 1, "the first viewer left")
    server.bus.close()
    lost = state(other, "ended")
    assert "started anew" in lost["reason"]
