"""Histograms in channels: ranges in order, sums over an interval, and why there are none."""

from __future__ import annotations

from typing import Any

from vectorpy.catalog.widget import SeriesSpec
from vectorpy.model import expression

SECOND = 1_795_000_000
RANGES: dict[str, Any] = {"indom": "400.2", "domain": 400}


def heat(build: Any, **more: Any) -> Any:
    """A histogram of reads and writes, by our agent `blk`."""
    both = SeriesSpec(
        "{instance}", expression.parse("blk.read"), also=(expression.parse("blk.write"),)
    )
    return build.widget("io", "count", both, buckets="microsec", **more)


def drive(world: Any, build: Any, **more: Any) -> Any:
    w = world(catalog=build.catalog([*build.widgets, heat(build, **more)]))
    w.web.counter("blk.read", build.rising(**{"0-1": 10, "16-31": 4}), **RANGES)
    w.web.counter("blk.write", build.rising(**{"16-31": 6, "2-3": 1, "128-255": 2}), **RANGES)
    return w


def test_ranges_stand_in_order_with_their_ends_and_directions_are_added(
    world: Any, build: Any
) -> None:
    w = drive(world, build)
    w.join("io")
    w.run(3.5)
    told = w.sink.of("layout")[-1]["widgets"][0]
    assert [s["name"] for s in told["series"]] == ["0-1", "2-3", "16-31", "128-255"]
    assert told["series"][2]["labels"] == {
        "instance": "16-31",
        "low": "1.6e-05",
        "high": "3.1e-05",
    }
    assert told["buckets"] == {"unit": "s", "rate": True}
    assert w.sink.of("tick")[-1]["n"] == [10, 1, 10, 2]


def test_a_longer_interval_has_the_sum_of_its_events(world: Any, build: Any) -> None:
    w = drive(world, build)
    w.join("io", interval=5)
    w.run(11.5)
    assert w.sink.of("tick")[-1]["n"] == [50, 5, 50, 10]


def test_a_present_state_by_ranges_is_not_summed(world: Any, build: Any) -> None:
    state = build.widget("rtts", "count", ("{instance}", "rtt.hist"), buckets="microsec")
    w = world(catalog=build.catalog([*build.widgets, state]))
    w.web.gauge("rtt.hist", {"0-1": 3, "2-3": 4}, **RANGES)
    w.join("rtts", interval=5)
    w.run(11.5)
    assert w.sink.of("layout")[-1]["widgets"][0]["buckets"] == {"unit": "s", "rate": False}
    assert w.sink.of("tick")[-1]["n"] == [3, 4]


def test_the_first_event_of_a_range_is_seen(world: Any, build: Any) -> None:
    w = drive(world, build)
    w.join("io")
    w.run(3.5)
    w.web.set("blk.write", {"16-31": 0, "1024-2047": 3})
    w.run(12.0)
    names = [s["name"] for s in w.sink.of("layout")[-1]["widgets"][0]["series"]]
    assert "1024-2047" in names
    columns = w.sink.of("history")[-1]["columns"]
    assert 3 in columns[names.index("1024-2047")]


def test_nothing_happened_and_nothing_works_are_told_apart(world: Any, build: Any) -> None:
    said = {"gate": "blk.count", "probe": "blk", "empty": "No request has gone to a disk yet."}
    w = drive(world, build, **said)
    w.web.set("blk.read", {})
    w.web.set("blk.write", {})
    w.web.gauge("blk.count", {"all": 0}, domain=400, indom="400.0")
    w.web.gauge("blk.probe.status", {"blk": "ok"}, domain=400, indom="400.1")
    w.join("io")
    w.run(2.5)
    assert w.sink.of("layout")[-1]["widgets"][0]["reason"] == "No request has gone to a disk yet."

    w = drive(world, build, **said)
    w.web.gauge("blk.count", {"all": 0}, domain=400, indom="400.0")
    w.web.gauge("blk.probe.status", {"blk": "needs CAP_BPF"}, domain=400, indom="400.1")
    for name in ("blk.read", "blk.write", "blk.count"):
        w.web.without_value(name, "It has no value there now.")
    w.join("io")
    w.run(2.5)
    assert w.sink.of("layout")[-1]["widgets"][0]["reason"] == (
        "The agent blk runs on this host, but its probe blk says: needs CAP_BPF."
    )


def test_what_a_probe_says_may_come_later_than_the_lack_of_values(world: Any, build: Any) -> None:
    w = drive(world, build, gate="blk.count", probe="blk", empty="Nothing yet.")
    w.web.gauge("blk.count", {"all": 0}, domain=400, indom="400.0")
    w.web.gauge("blk.probe.status", {"blk": "ok"}, domain=400, indom="400.1")
    for name in ("blk.read", "blk.write", "blk.count"):
        w.web.without_value(name, "It has no value there now.")
    w.join("io")
    w.run(2.5)
    assert "blk.count has no value there" in w.sink.of("layout")[-1]["widgets"][0]["reason"]
    w.web.gauge("blk.probe.status", {"blk": "needs CAP_BPF"}, domain=400, indom="400.1")
    w.run(2.5)
    assert w.sink.of("layout")[-1]["widgets"][0]["reason"] == (
        "The agent blk runs on this host, but its probe blk says: needs CAP_BPF."
    )
    count = len(w.sink.of("layout"))
    w.run(3.0)
    assert len(w.sink.of("layout")) == count, "it is said once"
