"""The web process on a real hub behind a real bus; only the host is scripted."""

from __future__ import annotations

import time
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
    """A host with a load, and a counter of context switches that grows by 100 a second."""
    host = FakeHost("web-01")
    host.gauge("kernel.all.load", {"1 minute": 0.5, "5 minute": 0.25, "15 minute": 0.125}, "")
    host.counter("kernel.all.pswitch", lambda now: int(now * 100))
    host.gauge("hinv.ncpu", 4)
    hits = lambda now: {"sched:exec": int(now * 10), "block:issue": int(now * 30)}  # noqa: E731
    host.counter("bcc.tracepoint.hits", hits)
    return host


@pytest.fixture
def server(run_server: Any, mode: str, host: FakeHost) -> Iterator[Any]:
    """A web process whose sampler is a real hub over `host`, known as web-01."""
    server = run_server(mode, sampler=False)
    settings = replace(Settings(), runtime_dir=str(server.folder))
    hub = Hub(settings, FakeDialler({"web-01": host}), load(None))
    bus = BusServer(hub, Path(server.folder) / "bus.sock")
    bus.start()
    server.wait_ready()
    yield server
    for page in server.pages:
        page.abort()
    bus.close()
    hub.close()


def _ticks(page: Any, key: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        event, data = page.next()
        if event == "tick" and data["channel"] == key:
            found.append(data)
    return found


def test_a_host_is_drawn_from_its_first_second_by_one_poll_a_second(
    server: Any, host: FakeHost, make_channel: Any
) -> None:
    page, late = server.page(), server.page()
    wish = make_channel("web-01", "load", "context-switches")
    [told] = page.watch(wish)
    layout, history = page.until("layout"), page.until("history")
    widgets = {widget["id"]: widget for widget in layout["widgets"]}
    assert widgets["load"]["reason"] == widgets["context-switches"]["reason"] == ""
    assert layout["channel"] == history["channel"] == told["channel"]
    first = _ticks(page, told["channel"], 1)[0]
    begun, fetches = time.time(), host.fetches
    late.watch(wish)
    past = late.until("history")
    assert past["t"][-1] == past["upto"] >= first["seq"]
    mine, other = _ticks(page, told["channel"], 3), _ticks(late, told["channel"], 2)
    assert [tick["prev"] for tick in mine] == [first["seq"], *[tick["seq"] for tick in mine[:-1]]]
    assert other[0]["prev"] == past["upto"]
    assert host.fetches - fetches <= time.time() - begun + 1
    at = 0
    for widget in layout["widgets"]:
        if widget["id"] == "context-switches":
            assert mine[-1]["n"][at] == pytest.approx(100, rel=0.05)
        at += len(widget["series"])


def test_points_over_http_are_the_same_points(server: Any, make_channel: Any) -> None:
    status, found = server.json("/api/v1/hosts/web-01/points?widget=context-switches")
    assert status == 200
    values = [value for _, value in found["widgets"][0]["series"][0]["points"]]
    rates = [value for value in values if value is not None]
    assert rates
    assert rates == pytest.approx([100] * len(rates), rel=0.1)
    [row] = server.json("/api/v1/hosts")[1]["hosts"]
    assert (row["host"], row["state"], row["viewers"]) == ("web-01", "live", 1)


def test_rows_of_a_table_reach_pages_and_http(server: Any, make_channel: Any) -> None:
    page, late = server.page(), server.page()
    wish = make_channel("web-01", "tracepoint-hits")
    page.watch(wish)
    layout = page.until("layout")
    assert [c["id"] for c in layout["widgets"][0]["columns"]] == ["", "hits"]
    news = page.until("rows")
    while news["cells"].get("block:issue", {}).get("hits") is None:
        news = page.until("rows")
    assert news["v"] == layout["v"] and news["key"] == "tracepoint-hits"
    assert news["cells"]["block:issue"]["hits"] == pytest.approx(30, rel=0.2)
    late.watch(wish)
    whole = late.until("rows")
    assert whole["whole"] is True and set(whole["cells"]) == {"sched:exec", "block:issue"}
    status, found = server.json("/api/v1/hosts/web-01/points?widget=tracepoint-hits")
    [table] = found["widgets"]
    assert (status, table["total"], table["series"]) == (200, 2, [])
    assert table["rows"]["sched:exec"]["hits"] == pytest.approx(10, rel=0.2)


def test_a_host_that_is_down_is_a_state_in_words(server: Any, make_channel: Any) -> None:
    page = server.page()
    page.watch(make_channel("web-99", "load"))
    state = page.until("state")
    while state["state"] == "connecting":
        state = page.until("state")
    assert (state["host"], state["state"]) == ("web-99", "down")
    assert state["reason"]
    status, found = server.json("/api/v1/hosts/web-99/points?widget=load")
    assert (status, found["state"]) == (202, "down")
    assert found["reason"] == state["reason"]


def test_limits_of_the_sampler_are_counted_too(server: Any) -> None:
    _, found = server.json("/limits")
    assert {row["name"] for row in found["limits"]} >= {"max_hosts", "new_hosts_rate"}
    assert server.get("/metrics")[0] == 200
