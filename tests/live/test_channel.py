"""What a viewer gets: layout, history, ticks; joins, instances that come and go, top lists."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from vectorpy.catalog.widget import SeriesSpec
from vectorpy.live.view import View

SECOND = 1_795_000_000


def ticks(world: Any, *wishes: str, interval: int = 1) -> list[dict[str, Any]]:
    return world.sink.of("tick", world.spec(*wishes, interval=interval).key)


def test_first_join_gets_the_state_then_layout_and_history_to_the_room(world: Any) -> None:
    w = world()
    answer = w.join("load", "switches")
    assert [event for event, _ in answer] == ["state"]
    assert answer[0][1]["state"] == "connecting"
    w.run(0.5)
    events = [(room, event) for room, event, _ in w.sink.events]
    key = w.spec("load", "switches").key
    assert events == [
        ("host:web-01", "state"),
        ("host:web-01", "state"),
        (key, "layout"),
        (key, "history"),
    ]
    layout, history = w.sink.of("layout")[0], w.sink.of("history")[0]
    assert [x["id"] for x in layout["widgets"]] == ["load", "switches"]
    assert layout["widgets"][0]["series"] == [{"name": "load", "labels": {"series": "load"}}]
    # The second fetch follows the first by 250 ms: there are rates at once.
    assert history["t"] == [SECOND]
    assert history["columns"] == [[2.5], [100]]
    assert history["upto"] == SECOND
    assert w.sink.of("state")[-1]["state"] == "live"
    assert w.sink.of("state")[-1]["cost"]["metrics"] == 2


def test_ticks_are_positional_and_name_the_one_before(world: Any) -> None:
    w = world()
    w.join("load", "switches")
    w.run(3.9)
    found = ticks(w, "load", "switches")
    assert [(t["seq"] - SECOND, t["prev"] - SECOND) for t in found] == [(1, 0), (2, 1), (3, 2)]
    assert all(t["n"] == [2.5, 100] for t in found)
    assert {t["v"] for t in found} == {w.sink.of("layout")[0]["v"]}


def test_a_later_join_is_answered_with_history_up_to_the_last_tick(world: Any) -> None:
    w = world()
    w.join("switches")
    w.run(5.5)
    other = type(w.sink)()
    answer = dict(w.join("switches", sink=other, viewer="bob", window=3))
    assert answer["history"]["upto"] == SECOND + 5
    assert answer["history"]["t"] == [SECOND + 3, SECOND + 4, SECOND + 5]
    assert answer["history"]["v"] == answer["layout"]["v"]
    w.run(2.0)
    assert [t["seq"] for t in other.of("tick")] == [SECOND + 6, SECOND + 7]
    assert w.web.fetches == 2 + 7, "two viewers cause one fetch a second"


def test_interval_channels_have_seconds_divisible_by_it(world: Any) -> None:
    w = world()
    w.join("switches", interval=5)
    w.run(16)
    history, found = w.sink.of("history")[0], ticks(w, "switches", interval=5)
    assert history["t"] == [SECOND]
    assert [t["seq"] - SECOND for t in found] == [5, 10, 15]
    assert [t["n"] for t in found] == [[100]] * 3
    again = dict(w.join("switches", interval=5, viewer="bob"))
    assert [t - SECOND for t in again["history"]["t"]] == [0, 5, 10, 15]


def test_the_same_numbers_come_by_ticks_and_by_history(world: Any) -> None:
    w = world()
    w.join("disks", "switches", "load")
    w.run(20)
    found = {t["seq"]: t["n"] for t in ticks(w, "disks", "switches", "load")}
    history = dict(w.join("disks", "switches", "load", viewer="bob"))["history"]
    rows = dict(zip(history["t"], zip(*history["columns"], strict=True), strict=True))
    assert len(found) >= 19
    assert {t: list(rows[t]) for t in found} == found


def test_instances_make_series_in_natural_order(world: Any) -> None:
    w = world()
    w.web.counter("disk.read", lambda now: {"sd10": 1, "sd2": 1}, indom="60.1")
    w.web.counter("disk.write", lambda now: {"sd10": 1, "sd2": 1}, indom="60.1")
    w.join("disks")
    w.run(0.5)
    names = [s["name"] for s in w.sink.of("layout")[0]["widgets"][0]["series"]]
    assert names == ["sd2 read", "sd2 write", "sd10 read", "sd10 write"]


def test_a_new_instance_makes_a_new_layout_with_a_new_v(world: Any, build: Any) -> None:
    w = world()
    w.join("disks")
    w.run(20.5)
    assert len(w.sink.of("layout")) == 1
    more = build.rising(sda=10, sdb=20, sdc=30)
    w.web.set("disk.read", more)
    w.web.set("disk.write", more)
    w.run(3.0)
    first, second = w.sink.of("layout")
    assert second["v"] > first["v"]
    assert [s["name"] for s in second["widgets"][0]["series"]][-2:] == ["sdc read", "sdc write"]
    last = ticks(w, "disks")[-1]
    assert last["v"] == second["v"]
    assert last["n"] == [10, 10, 20, 20, 30, 30]
    after = w.sink.of("history")[-1]
    assert after["v"] == second["v"]
    assert after["columns"][4][-2:] == [None, None] or after["columns"][4][-1] is None


def test_a_vanished_instance_is_null_for_a_minute_and_then_gone(world: Any, build: Any) -> None:
    w = world()
    w.join("disks")
    w.run(10.5)
    w.web.set("disk.read", build.rising(sda=10))
    w.web.set("disk.write", build.rising(sda=1))
    w.run(50)
    assert len(w.sink.of("layout")) == 1
    assert ticks(w, "disks")[-1]["n"] == [10, 1, None, None]
    w.run(25)
    assert len(w.sink.of("layout")) == 2
    assert ticks(w, "disks")[-1]["n"] == [10, 1]


def test_top_lists_are_chosen_anew_at_most_every_ten_seconds(world: Any) -> None:
    w = world()
    rates = {"a": 10.0, "b": 20.0, "c": 1.0}
    level = dict.fromkeys(rates, 0.0)
    at = [w.clock.now()]

    def script(now: float) -> dict[str, float]:
        for name in rates:
            level[name] += rates[name] * (now - at[0])
        at[0] = now
        return dict(level)

    w.web.counter("disk.read", script, indom="60.1")
    w.join("busy")
    w.run(5.0)
    names = [s["name"] for s in w.sink.of("layout")[-1]["widgets"][0]["series"]]
    assert names == ["a", "b"]
    assert w.sink.of("layout")[-1]["widgets"][0]["total"] == 3
    rates.update(a=0.0, c=1000.0)
    w.run(40.0)
    layouts = w.sink.of("layout")
    assert [s["name"] for s in layouts[-1]["widgets"][0]["series"]] == ["b", "c"]
    changed = [h["upto"] for h in w.sink.of("history")]
    assert all(b - a >= 10 for a, b in itertools.pairwise(changed))
    assert len(layouts) == 2, "the choice is stable where the order is"
    # History is that of the present members.
    assert len(w.sink.of("history")[-1]["columns"]) == 2


def test_top_in_an_expression_keeps_its_members_too(world: Any) -> None:
    w = world()
    w.join("chart;expr=top(1%2C%20disk.read)")
    w.run(15)
    (layout,) = w.sink.of("layout")
    assert [s["labels"]["instance"] for s in layout["widgets"][0]["series"]] == ["sdb"]
    assert layout["widgets"][0]["total"] == 2
    assert ticks(w, "chart;expr=top(1%2C%20disk.read)")[-1]["n"] == [20]


def test_no_more_series_travel_than_are_drawn(world: Any) -> None:
    w = world(series_drawn=10)
    w.web.counter("disk.read", lambda now: {f"d{i}": i for i in range(40)}, indom="60.1")
    w.web.counter("disk.write", lambda now: {f"d{i}": i for i in range(40)}, indom="60.1")
    w.join("disks")
    w.run(0.5)
    (told,) = w.sink.of("layout")[0]["widgets"]
    assert len(told["series"]) == 10
    assert told["total"] == 80


def test_a_widget_that_cannot_draw_says_why_and_harms_no_other(world: Any) -> None:
    w = world()
    w.join("load", "nonsense", "pressure")
    w.run(2.5)
    load, nonsense, pressure = w.sink.of("layout")[0]["widgets"]
    assert len(load["series"]) == 1
    assert nonsense["series"] == [] and "nonsense" in nonsense["reason"]
    assert pressure["series"] == [] and pressure["missing"] == ["pressure.some"]
    assert pressure["reason"] == "This host has no pressure.some. Linux 4.20 brings it."
    assert ticks(w, "load", "nonsense", "pressure")[-1]["n"] == [2.5]


def test_a_metric_without_value_is_told_in_the_hosts_words(world: Any) -> None:
    w = world()
    w.web.gauge("pressure.some", 1.0)
    w.web.without_value("pressure.some", "It is switched off.")
    w.join("pressure")
    w.run(2.5)
    (told,) = w.sink.of("layout")[0]["widgets"]
    assert told["series"] == []
    assert "It is switched off." in told["reason"]


def test_a_faulty_widget_ends_alone(
    world: Any, build: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    w = world()
    w.join("load", "switches")
    w.run(2.5)
    real = SeriesSpec.columns

    def broken(self: Any, *args: Any, **how: Any) -> Any:
        if self.name == "load":
            raise ZeroDivisionError("a fault")
        return real(self, *args, **how)

    monkeypatch.setattr(SeriesSpec, "columns", broken)
    monkeypatch.setattr(View, "_quick_row", lambda *_: None)
    w.run(3.0)
    load, switches = w.sink.of("layout")[-1]["widgets"]
    assert load["series"] == [] and "a fault" in load["reason"]
    assert len(switches["series"]) == 1
    assert ticks(w, "load", "switches")[-1]["n"] == [100]
    assert "the widget load failed" in caplog.text


def test_a_widget_added_later_opens_with_recorded_history(world: Any, build: Any) -> None:
    w = world(catalog=build.catalog(recorded=("switches",)))
    w.join("load")
    w.run(10.5)
    answer = dict(w.join("switches", viewer="bob"))
    assert len(answer["history"]["t"]) == 11
    # What is drawn comes first: recorded ones begin with the sample after the first rates.
    assert answer["history"]["columns"] == [[None] * 2 + [100] * 9]


def test_a_metric_that_was_not_sampled_comes_with_the_next_sample(world: Any) -> None:
    w = world()
    w.join("load")
    w.run(5.5)
    assert [event for event, _ in w.join("memory")] == ["state"]
    w.run(1.0)
    history = w.sink.of("history", w.spec("memory").key)[0]
    assert history["upto"] == SECOND + 6
    assert history["columns"] == [[None] * 6 + [4096000]]


def test_v_never_repeats(world: Any) -> None:
    w = world()
    seen = []
    for name in ("load", "switches", "disks", "memory", "busy"):
        seen += [message["v"] for event, message in w.join(name) if event == "layout"]
        w.run(1.5)
    seen += [m["v"] for m in w.sink.of("layout")]
    assert len(seen) == len({*seen}) == 5
    assert min(seen) >= SECOND * 1000


def test_frozen_views_get_any_part_of_the_history(world: Any) -> None:
    w = world()
    w.join("switches")
    w.run(30)
    key = w.spec("switches").key
    found = w.hub.history(key, SECOND + 10, SECOND + 12, layout=True)
    assert [event for event, _ in found] == ["layout", "history"]
    assert json.loads(found[1][1])["t"] == [SECOND + 10, SECOND + 11, SECOND + 12]
