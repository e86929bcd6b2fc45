"""The ring: what was appended is what is read, within bounds of time and memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorpy.model.ring import Ring, Window

ROOM = 1 << 22


def plain(window: Window) -> Window:
    """The window with None for null (NaN) and "-" for what did not exist (None)."""

    def shown(x):
        return "-" if x is None else None if math.isnan(x) else x

    columns = {
        metric: {name: [shown(x) for x in column] for name, column in found.items()}
        for metric, found in window.columns.items()
    }
    return Window(window.times, columns)


def filled(rows, seconds=10, limit=ROOM):
    ring = Ring(seconds, limit)
    for t, values in rows:
        ring.append(t, 1.0, {"m": values})
    return ring


def test_an_empty_ring_has_nothing():
    ring = Ring(10, ROOM)
    assert (len(ring), ring.first, ring.last, ring.instances("m")) == (0, None, None, ())
    assert ring.view(["m"], 0, 100) == Window([], {"m": {}})
    assert ring.latest("m") == {}


def test_rows_are_read_as_they_were_appended():
    ring = filled([(100, {"a": 1.0}), (101, {"a": 2.0, "b": None}), (102, {"a": None, "b": 5.0})])
    assert plain(ring.view(["m"], 0, 1000)) == Window(
        [100, 101, 102], {"m": {"a": [1.0, 2.0, None], "b": ["-", "-", 5.0]}}
    )
    assert ring.instances("m") == ("a", "b")
    assert ring.latest("m") == {"a": None, "b": 5.0}
    assert plain(ring.view(["m"], 101, 101)) == Window([101], {"m": {"a": [2.0], "b": ["-"]}})
    assert plain(ring.view(["m"], 99, 99)) == Window([], {"m": {"a": [], "b": []}})
    assert plain(ring.view(["m"], 90, 99)) == Window([], {"m": {"a": [], "b": []}})


def test_an_instance_without_a_row_does_not_exist_but_a_metric_without_one_is_null():
    ring = filled([(1, {"a": 1.0, "b": 1.0}), (2, {"a": 2.0})])
    ring.append(3, 1.0, {})
    assert plain(ring.view(["m"], 1, 3)).columns == {"m": {"a": [1, 2, None], "b": [1, "-", None]}}


def test_an_instance_that_returns_has_no_points_before_its_first_number():
    both = {"a": 1.0, "b": 1.0}
    ring = filled([(1, both), (2, {"a": 1.0}), (3, {"a": 1.0, "b": None}), (4, both)])
    ring.append(5, 1.0, {"m": {"a": 1.0, "b": None}})
    assert plain(ring.view(["m"], 0, 9)).columns["m"]["b"] == [1.0, "-", "-", 1.0, None]


def test_a_failed_sample_is_null_everywhere_and_keeps_the_latest():
    ring = filled([(1, {"": 7.0})])
    ring.gap(2)
    assert plain(ring.view(["m"], 1, 2)) == Window([1, 2], {"m": {"": [7.0, None]}})
    assert plain(ring.view(["m"], 2, 2)) == Window([2], {"m": {"": [None]}})
    assert ring.latest("m") == {"": 7.0}


def test_skipped_seconds_have_no_rows():
    ring = filled([(1, {"": 1.0}), (4, {"": 4.0}), (13, {"": 13.0})])
    assert ring.view(["m"], 0, 20) == Window([4, 13], {"m": {"": [4.0, 13.0]}})
    assert (ring.first, ring.last, len(ring)) == (4, 13, 2)


def test_the_same_second_again_replaces_its_row():
    ring = filled([(1, {"": 1.0}), (2, {"": 2.0}), (2, {"": 3.0})])
    assert ring.view(["m"], 0, 9) == Window([1, 2], {"m": {"": [1.0, 3.0]}})
    assert len(ring) == 2


def test_a_clock_set_back_forgets_what_was_later():
    ring = filled([(t, {"": float(t)}) for t in range(100, 108)])
    ring.append(103, 1.0, {"m": {"": -1.0}})
    assert ring.view(["m"], 0, 999) == Window(
        [100, 101, 102, 103], {"m": {"": [100.0, 101.0, 102.0, -1.0]}}
    )
    assert (ring.first, ring.last, len(ring)) == (100, 103, 4)
    ring.append(50, 1.0, {"m": {"": 5.0}})
    assert ring.view(["m"], 0, 999) == Window([50], {"m": {"": [5.0]}})


def test_texts_are_in_the_latest_row_only(describe):
    ring = Ring(10, ROOM)
    ring.declare(describe("release", type="string", semantics="discrete"))
    ring.append(1, 1.0, {"release": {"": "6.1"}, "other": {"": "x"}, "m": {"": 1.0}})
    generation = ring.generation
    ring.append(2, 1.0, {"release": {"": "6.2"}, "other": {"": "y"}, "m": {"": 1.0}})
    assert ring.generation == generation
    assert ring.latest("release") == {"": "6.2"}
    assert ring.view(["release", "other"], 0, 9).columns == {"release": {}, "other": {}}


def test_generation_tells_when_series_come_and_go():
    ring = filled([(1, {"a": 1.0})], seconds=20)
    seen = [ring.generation]
    for t in range(2, 30):
        ring.append(t, 1.0, {"m": {"b": 1.0}})
        if ring.generation != seen[-1]:
            seen.append(ring.generation)
    assert len(seen) == 3
    assert ring.instances("m") == ("b",)


def test_an_instance_that_is_always_null_stays():
    ring = Ring(20, ROOM)
    generations = set()
    for t in range(100):
        ring.append(t, 1.0, {"m": {"broken": None, "fine": 1.0}})
        generations.add(ring.generation)
    assert len(generations) == 1
    assert ring.instances("m") == ("broken", "fine")


def test_churn_of_instances_does_not_grow_it():
    ring = Ring(60, 200 * (8 * 60 + 300))
    for t in range(1000):
        ring.append(t, 1.0, {"m": {"lo": 1.0, f"veth{t}": 2.0, f"veth{t + 1}": 1.0}})
    assert ring.bytes <= 70 * (8 * 60 + 300)
    assert len(ring.instances("m")) <= 70
    assert "lo" in ring.instances("m")


def test_at_the_limit_the_longest_gone_makes_room_and_the_rest_is_refused():
    ring = Ring(10, 16 * 10 + 3 * (8 * 10 + 300))
    ring.append(1, 1.0, {"m": {"old": 1.0}})
    ring.append(2, 1.0, {"m": {"young": 1.0, "here": 1.0}})
    ring.append(3, 1.0, {"m": {"here": 2.0, "new": 9.0}})
    assert ring.instances("m") == ("young", "here", "new")
    assert ring.refused == 0
    ring.append(4, 1.0, {"m": {"here": 3.0, "new": 8.0, "x": 1.0, "y": 2.0}})
    assert ring.instances("m") == ("here", "new", "x")
    assert ring.refused == 1
    assert ring.bytes <= 16 * 10 + 3 * (8 * 10 + 300)


def test_a_hole_longer_than_the_ring_empties_it():
    for t in (11, 50):
        ring = filled([(1, {"a": 1.0}), (t, {"b": 2.0})], seconds=10)
        assert plain(ring.view(["m"], 0, 99)) == Window([t], {"m": {"b": [2.0]}})


def test_memory_is_eight_bytes_a_point_and_little_more():
    ring = Ring(600, 1 << 26)
    ring.append(1, 1.0, {"m": {f"i{n}": 1.0 for n in range(500)}})
    points = 500 * 600 * 8
    assert points <= ring.bytes <= 1.1 * points


point = st.one_of(st.none(), st.floats(-1e12, 1e12))
row = st.dictionaries(st.sampled_from("abcd"), point, max_size=4)
# Seconds since the row before, and the row; None is a failed sample.
life = st.lists(st.tuples(st.integers(1, 4), st.one_of(st.none(), row)), max_size=40)


@given(life, st.integers(5, 12), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_it_holds_what_a_list_with_a_limit_holds(steps, capacity, start, length):
    ring, rows, t = Ring(capacity, ROOM), {}, 1000
    for dt, values in steps:
        t += dt
        rows[t] = values
        if values is None:
            ring.gap(t)
        else:
            ring.append(t, 1.0, {"m": values})
    kept = {s: v for s, v in rows.items() if s > t - capacity}
    assert len(ring) == len(kept)
    low, high = 1000 + start, 1000 + start + length
    window = ring.view(["m"], low, high)
    assert window.times == [s for s in sorted(kept) if low <= s <= high]
    names = {
        name for values in kept.values() for name, x in (values or {}).items() if x is not None
    }
    assert names <= set(ring.instances("m"))
    for name in ring.instances("m"):
        column = window.columns["m"][name]
        found = [x if x is not None and not math.isnan(x) else None for x in column]
        assert found == [(kept[s] or {}).get(name) for s in window.times]


@given(life.filter(bool), st.integers(1000, 1100))
@settings(max_examples=100, deadline=None)
def test_one_row_is_the_same_as_that_row_of_many(steps, second):
    ring, t = Ring(30, ROOM), 1000
    for dt, values in steps:
        t += dt
        ring.append(t, 1.0, {"m": values or {}})
    many, one = ring.view(["m"], 0, 2000), ring.view(["m"], second, second)
    if second not in many.times:
        assert one.times == []
        return
    at = many.times.index(second)
    for name, column in many.columns["m"].items():
        cell = one.columns["m"][name][0]
        assert repr(cell) == repr(column[at])


@pytest.mark.parametrize("seconds", [60, 61, 600])
def test_views_across_the_end_of_the_arrays_are_in_order(seconds):
    ring = Ring(seconds, ROOM)
    for t in range(3 * seconds):
        ring.append(t, 1.0, {"m": {"": float(t)}})
        window = ring.view(["m"], t - 40, t)
        assert window.times == list(range(max(0, t - 40), t + 1))
        assert window.columns["m"][""] == [float(s) for s in window.times]


def test_the_newest_points_are_those_of_the_last_row_alone():
    ring = Ring(60, 1 << 20)
    assert ring.newest(5) is None
    ring.append(5, 1.0, {"load": {"": 2.0}})
    assert ring.newest(5) == {"load": {"": 2.0}}
    assert ring.newest(4) is None
    ring.gap(6)
    assert ring.newest(5) is None
    assert ring.newest(6) is None
    ring.append(7, 1.0, {"load": {"": 3.0}})
    assert ring.newest(7) == {"load": {"": 3.0}}
    ring.clear()
    assert ring.newest(7) is None


def test_where_a_series_was_refused_the_newest_points_are_not_what_is_kept():
    ring = Ring(60, 0)
    ring.append(5, 1.0, {"load": {"": 2.0}})
    assert ring.refused == 1
    assert ring.newest(5) is None
