"""The interval rule: k seconds as one point, whatever is missing among them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorpy.model.metric import Descriptor
from vectorpy.model.ring import Ring

SUMMED = ("h",)


def ring_of(describe, rows, seconds=60):
    """A ring with the counter c, the gauge g and the histogram h, equal in each row.

    `rows` are (t, covered, value); a value of "gap" is a failed sample.
    """
    ring = Ring(seconds, 1 << 22)
    ring.declare({**describe("c"), **describe("h"), **describe("g", semantics="instant")}, SUMMED)
    for t, covered, value in rows:
        if value == "gap":
            ring.gap(t)
        else:
            ring.append(t, covered, {name: {"": value} for name in "cgh"})
    return ring


def seen(ring, metric, interval, start=0, end=10**6):
    window = ring.view([metric], start, end, interval)
    cells = window.columns[metric][""]
    return {
        t: None if x is None or math.isnan(x) else x
        for t, x in zip(window.times, cells, strict=True)
    }


def test_whole_intervals(describe):
    ring = ring_of(describe, [(t, 1.0, float(t)) for t in range(1, 11)])
    assert seen(ring, "c", 5) == {5: 3.0, 10: 8.0}
    assert seen(ring, "g", 5) == {5: 5.0, 10: 10.0}
    assert seen(ring, "h", 5) == {5: 15.0, 10: 40.0}
    assert seen(ring, "c", 2, start=4, end=7) == {4: 3.5, 6: 5.5}


def test_rates_are_weighted_by_the_time_they_cover(describe):
    ring = ring_of(describe, [(1, 0.0, None), (2, 1.5, 10.0), (3, 0.5, 30.0), (4, 1.0, 30.0)])
    assert seen(ring, "c", 4) == {4: pytest.approx((15 + 15 + 30) / 3.0)}
    assert seen(ring, "h", 4) == {4: pytest.approx(60.0)}


@pytest.mark.parametrize(
    ("present", "interval", "there"),
    [((4,), 5, False), ((3, 4), 5, False), ((1, 2, 3), 5, True), ((2,), 2, True), ((1,), 2, True)],
)
def test_null_where_less_than_half_is_there(describe, present, interval, there):
    rows = [(t, 1.0, 8.0 if t in present else None) for t in range(1, interval + 1)]
    rows = [(0, 1.0, 8.0), *rows]
    ring = ring_of(describe, rows)
    expected = 8.0 if there else None
    assert seen(ring, "c", interval)[interval] == expected
    assert seen(ring, "g", interval)[interval] == expected


def test_small_errors_of_the_clock_are_not_missing_time(describe):
    ring = ring_of(describe, [(1, 0.97, 4.0), (2, 0.98, None)])
    assert seen(ring, "c", 2) == {2: 4.0}


def test_a_rate_speaks_for_the_skipped_second_before_it(describe):
    rows = [(1, 1.0, 1.0), (2, 1.0, 1.0), (4, 2.0, 7.0), (6, 2.0, 9.0), (8, 2.0, 11.0)]
    ring = ring_of(describe, rows)
    assert seen(ring, "c", 2) == {2: 1.0, 4: 7.0, 6: 9.0, 8: 11.0}
    assert seen(ring, "c", 3) == {3: pytest.approx(3.0), 6: pytest.approx((7 + 2 * 9) / 3)}
    assert seen(ring, "c", 4) == {4: 4.0, 8: 10.0}


def test_a_skipped_last_second_is_filled_by_the_next_rate(describe):
    rows = [(1, 1.0, 1.0), (2, 1.0, 1.0), (3, 1.0, 1.0), (5, 2.0, 9.0), (6, 1.0, 9.0)]
    ring = ring_of(describe, rows)
    assert seen(ring, "c", 4) == {4: pytest.approx((3 * 1 + 9) / 4)}
    assert seen(ring, "g", 4) == {4: 1.0}


def test_a_long_second_takes_nothing_from_the_one_before(describe):
    ring = ring_of(describe, [(1, 1.0, 2.0), (2, 1.0, 2.0), (3, 1.6, 8.0), (4, 1.0, 8.0)])
    assert seen(ring, "c", 2) == {2: 2.0, 4: pytest.approx(8.0)}


def test_a_hole_is_null_and_not_left_out(describe):
    rows = [(t, 1.0, 1.0) for t in (1, 2, 3, 4)] + [(20, 0.0, None), (21, 1.0, 1.0), (22, 1.0, 2.0)]
    ring = ring_of(describe, rows)
    expected = {4: 1.0, 8: None, 12: None, 16: None, 20: None}
    assert seen(ring, "c", 4) == expected
    assert seen(ring, "g", 4) == expected


def test_a_failed_second_counts_as_missing(describe):
    rows = [(1, 1.0, 3.0), (2, 1.0, "gap"), (3, 1.0, "gap"), (4, 1.0, 5.0)]
    ring = ring_of(describe, rows)
    assert seen(ring, "c", 4) == {4: 4.0}
    assert seen(ring, "g", 4) == {4: 5.0}
    assert seen(ring, "g", 3) == {3: None}


def test_an_instance_that_came_late_did_not_exist_before(describe):
    ring = Ring(60, 1 << 22)
    ring.declare(describe("c"))
    for t in range(1, 9):
        late = {"late": 5.0} if t >= 7 else {}
        ring.append(t, 1.0, {"c": {"early": 1.0, **late}})
    columns = ring.view(["c"], 0, 99, 4).columns["c"]
    assert columns == {"early": [1.0, 1.0], "late": [None, 5.0]}


def test_intervals_go_round_the_end_of_the_arrays(describe):
    ring = ring_of(describe, [(t, 1.0, float(t)) for t in range(1, 200)], seconds=61)
    found = seen(ring, "c", 5)
    assert found == {140: None, **{t: t - 2.0 for t in range(145, 200, 5)}}


def brute(rows, interval):
    """Mean of seconds by a table of seconds: each covered second has its row's rate."""
    table, before = {}, None
    for t, covered, value in rows:
        span = max(1, round(covered))
        span = span if before is None else min(span, t - before)
        share = (covered or span) / span
        for second in range(t - span + 1, t + 1):
            table[second] = (value, share)
        before = t
    first, last = rows[0][0], rows[-1][0]
    rates = {}
    for stop in range(-(-first // interval) * interval, last + 1, interval):
        known = [table.get(s, (None, 0)) for s in range(stop - interval + 1, stop + 1)]
        known = [(x, w) for x, w in known if x is not None]
        enough = 2 * len(known) >= interval
        weight = sum(w for _, w in known)
        rates[stop] = sum(x * w for x, w in known) / weight if enough else None
    return rates


steps = st.lists(
    st.tuples(st.integers(1, 3), st.floats(-0.05, 0.05), st.one_of(st.none(), st.floats(0, 100))),
    min_size=2,
    max_size=40,
)


@given(steps, st.integers(2, 7))
@settings(max_examples=200, deadline=None)
def test_rates_agree_with_a_table_of_seconds(steps, interval):
    rows, t = [], 100
    for gap, jitter, value in steps:
        t += gap
        rows.append((t, gap + jitter if gap <= 2 else 0.0, value if gap <= 2 else None))
    ring = Ring(200, 1 << 22)
    ring.declare({"c": Descriptor("c", "60.0.1", "u64", "counter", "count", None)})
    for second, covered, value in rows:
        ring.append(second, covered, {"c": {"": value}})
    expected = brute(rows, interval)
    found = seen(ring, "c", interval) if ring.view(["c"], 0, 999).columns["c"] else {}
    assert found.keys() == expected.keys()
    for second, x in expected.items():
        assert found[second] == (None if x is None else pytest.approx(x, rel=1e-9, abs=1e-9))


@given(steps.filter(lambda s: len(s) > 8), st.integers(2, 7))
@settings(max_examples=100, deadline=None)
def test_one_interval_alone_is_the_same_as_among_many(steps, interval):
    ring, t = Ring(200, 1 << 22), 100
    for gap, jitter, value in steps:
        t += gap
        ring.append(t, max(0.0, gap + jitter), {"c": {"": value}})
    many = ring.view(["c"], 0, 999, interval)
    for at, second in enumerate(many.times):
        one = ring.view(["c"], second, second, interval)
        assert one.times == [second]
        assert repr(one.columns["c"][""][0]) == repr(many.columns["c"][""][at])
