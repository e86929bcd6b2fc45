"""Rates: null exactly where they must be, right everywhere else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.model.metric import Descriptor
from vectorpy.model.rates import Rates
from vectorpy.model.sample import Part, Sample


def run(describe, sampled, steps, **descriptor):
    """Points of m.c's one instance "x" at (stamp, raw value) steps."""
    rates, table = Rates(), describe(**descriptor)
    return [
        rates.points(sampled(stamp, {"m.c": {"x": raw}}), table).values["m.c"]["x"]
        for stamp, raw in steps
    ]


def test_first_rate_is_null_and_the_second_is_per_second(describe, sampled):
    assert run(describe, sampled, [(10.0, 100), (12.0, 150)]) == [None, 25.0]


@pytest.mark.parametrize(
    ("units", "raws", "expected"),
    [
        ("millisec", (0, 500), 0.5),
        ("nanosec", (0, 500_000_000), 0.5),
        ("Kbyte", (0, 3), 3072.0),
        ("count", (5, 5), 0.0),
        ("none", (5, 8), 3.0),
        ("parsec per fortnight", (5, 8), 3.0),
    ],
)
def test_rates_are_canonical(describe, sampled, units, raws, expected):
    steps = [(1.0, raws[0]), (2.0, raws[1])]
    assert run(describe, sampled, steps, units=units)[1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("dt", "covered"), [(0.0, 0.0), (-1.0, 0.0), (2.5, 2.5), (2.51, 0.0), (0.25, 0.25)]
)
def test_dt_out_of_bounds_gives_null(describe, sampled, dt, covered):
    rates = Rates()
    rates.points(sampled(100.0, {"m.c": {"x": 0}}), describe())
    points = rates.points(sampled(100.0 + dt, {"m.c": {"x": 10}}), describe())
    assert points.covered == pytest.approx(covered)
    expected = {"x": pytest.approx(10 / covered)} if covered else {"x": None}
    assert points.values["m.c"] == expected


def test_a_slower_period_allows_longer_steps(describe, sampled):
    rates = Rates()
    rates.points(sampled(0.0, {"m.c": {"x": 0}}), describe(), period=5.0)
    points = rates.points(sampled(12.5, {"m.c": {"x": 25}}), describe(), period=5.0)
    assert points.values["m.c"] == {"x": 2.0}
    assert points.covered == 12.5


@pytest.mark.parametrize(
    ("type", "before", "after", "expected"),
    [
        ("u32", 2**32 - 10, 5, 15.0),
        ("u32", 2**31, 0, float(2**31)),
        ("u32", 2**31 - 1, 0, None),
        ("u32", 1000, 999, None),
        ("s32", 2**31 - 1, -(2**31), 1.0),
        ("u64", 2**32 - 10, 5, None),
        ("u64", 2**64 - 1, 2**64 - 1, 0.0),
        ("s64", 5, 4, None),
        ("double", 5.5, 5.0, None),
    ],
)
def test_decreases_are_wraps_only_in_32_bits(describe, sampled, type, before, after, expected):
    steps = [(1.0, before), (2.0, after), (3.0, after + 7)]
    assert run(describe, sampled, steps, type=type) == [None, expected, 7.0]


def test_a_fall_of_uptime_is_a_restart_and_breaks_all_rates(describe, sampled):
    rates = Rates()
    rates.points(sampled(1.0, {"m.c": {"x": 5}}, uptime=100.0), describe())
    points = rates.points(sampled(2.0, {"m.c": {"x": 9}}, uptime=3.0), describe())
    assert (points.restarted, points.covered) == (True, 0.0)
    assert points.values["m.c"] == {"x": None}
    points = rates.points(sampled(3.0, {"m.c": {"x": 11}}, uptime=4.0), describe())
    assert (points.restarted, points.values["m.c"]) == (False, {"x": 2.0})


def test_an_uptime_missing_once_hides_no_restart(describe, sampled):
    rates = Rates()
    for stamp, uptime in ((1.0, 100.0), (2.0, None)):
        points = rates.points(sampled(stamp, {"m.c": {"x": 5}}, uptime=uptime), describe())
        assert not points.restarted
    assert rates.points(sampled(3.0, {"m.c": {"x": 5}}, uptime=2.0), describe()).restarted


def test_an_agent_that_fails_and_comes_back_leaves_a_gap_and_a_null_rate(describe, sampled):
    rates = Rates()
    table = {**describe(), **describe("m.other", pmid="61.0.1")}
    seen = []
    for stamp, status in enumerate((0, 0, 1, 0, 0)):
        raws = {"m.c": {"x": stamp * 10}, "m.other": {"x": stamp}}
        points = rates.points(sampled(float(stamp), raws, agents={60: status, 61: 0}), table)
        seen.append((points.values["m.c"]["x"], points.values["m.other"]["x"]))
        assert points.agents_restarted == (frozenset({60}) if stamp == 3 else frozenset())
    assert seen == [(None, None), (10.0, 1.0), (None, 1.0), (None, 1.0), (10.0, 1.0)]


def test_an_agent_seen_well_again_only_later_breaks_the_rate_then(describe, sampled):
    rates, seen = Rates(), []
    for stamp, agents in enumerate(({60: 0}, {60: 1}, {}, {60: 0}, {60: 0})):
        points = rates.points(sampled(float(stamp), {"m.c": {"x": stamp}}, agents), describe())
        seen.append(points.values["m.c"]["x"])
    assert seen == [None, None, None, None, 1.0]


def test_gauges_of_a_failed_agent_are_gaps(describe, sampled):
    table = describe(semantics="instant")
    points = Rates().points(sampled(1.0, {"m.c": {"x": 7}}, agents={60: -1}), table)
    assert points.values == {"m.c": {"x": None}}


def test_a_new_instance_has_a_null_rate_first(describe, sampled):
    rates = Rates()
    rates.points(sampled(1.0, {"m.c": {"a": 1}}), describe())
    points = rates.points(sampled(2.0, {"m.c": {"a": 2, "b": 50}}), describe())
    assert points.values["m.c"] == {"a": 1.0, "b": None}
    points = rates.points(sampled(3.0, {"m.c": {"b": 51}}), describe())
    assert points.values["m.c"] == {"b": 1.0}
    points = rates.points(sampled(4.0, {"m.c": {"a": 9, "b": 51}}), describe())
    assert points.values["m.c"] == {"a": None, "b": 0.0}


def test_each_answer_counts_by_its_own_time(describe):
    table = {**describe("a"), **describe("b")}
    rates = Rates()
    rates.points(Sample([Part(1.0, {"a": {"": 0}}), Part(1.2, {"b": {"": 0}})]), table)
    points = rates.points(Sample([Part(2.0, {"a": {"": 10}}), Part(2.7, {"b": {"": 30}})]), table)
    assert points.values["a"][""] == pytest.approx(10.0)
    assert points.values["b"][""] == pytest.approx(20.0)
    assert points.covered == pytest.approx(1.0)


def test_gauges_discrete_values_and_texts_are_the_last_value(describe, sampled):
    table = {
        **describe("g", type="u32", semantics="instant", units="Kbyte"),
        **describe("d", type="u32", semantics="discrete", units="none"),
        **describe("t", type="string", semantics="instant", units="none"),
        **describe("unused"),
    }
    raws = {"g": {"": 2}, "d": {"": 4}, "t": {"": "6.1.0"}, "unknown": {"": 1}}
    points = Rates().points(sampled(1.0, raws), table)
    assert points.values == {"g": {"": 2048.0}, "d": {"": 4.0}, "t": {"": "6.1.0"}}


@pytest.mark.parametrize("raw", [math.nan, math.inf, -math.inf, "text"])
@pytest.mark.parametrize("semantics", ["instant", "counter"])
def test_what_is_no_finite_number_becomes_null(describe, sampled, raw, semantics):
    steps = [(1.0, 1.0), (2.0, raw), (3.0, raw)]
    found = run(describe, sampled, steps, type="double", semantics=semantics)
    assert found[1:] == [None, None]


def test_a_number_beyond_all_floats_is_null(describe, sampled):
    assert run(describe, sampled, [(1.0, 10**400)], semantics="instant") == [None]
    assert run(describe, sampled, [(1.0, 1), (2.0, 10**400)]) == [None, None]


def test_a_text_metric_with_a_number_is_null(describe, sampled):
    table = describe(type="string", semantics="instant")
    assert Rates().points(sampled(1.0, {"m.c": {"x": 3}}), table).values == {"m.c": {"x": None}}


def test_another_descriptor_breaks_the_rate(describe, sampled):
    rates = Rates()
    rates.points(sampled(1.0, {"m.c": {"x": 5}}), describe())
    points = rates.points(sampled(2.0, {"m.c": {"x": 9}}), describe(units="Kbyte"))
    assert points.values["m.c"] == {"x": None}
    points = rates.points(sampled(3.0, {"m.c": {"x": 10}}), describe(units="Kbyte"))
    assert points.values["m.c"] == {"x": 1024.0}


def test_reset_forgets_the_last_sample(describe, sampled):
    rates = Rates()
    rates.points(sampled(1.0, {"m.c": {"x": 5}}, uptime=50.0), describe())
    rates.reset()
    points = rates.points(sampled(2.0, {"m.c": {"x": 6}}, uptime=3.0), describe())
    assert (points.covered, points.restarted, points.values["m.c"]) == (0.0, False, {"x": None})


steps_of_time = st.lists(
    st.tuples(st.floats(0.01, 2.4), st.integers(0, 2**40)), min_size=1, max_size=30
)


@given(steps_of_time, st.integers(0, 2**62))
def test_rates_times_dt_sum_to_the_difference_and_are_never_negative(steps, begin):
    table = {"m": Descriptor("m", "60.0.1", "u64", "counter", "byte", None)}
    rates, stamp, raw, total = Rates(), 1000.0, begin, 0.0
    rates.points(Sample([Part(stamp, {"m": {"": raw}})]), table)
    for dt, step in steps:
        stamp, raw = stamp + dt, raw + step
        points = rates.points(Sample([Part(stamp, {"m": {"": raw}})]), table)
        rate = points.values["m"][""]
        assert rate is not None and rate >= 0
        total += rate * points.covered
    assert total == pytest.approx(raw - begin, rel=1e-9)


def test_a_range_that_comes_was_at_zero_before(describe, sampled):
    """The one slow event in a range of its own is what a histogram is looked at for."""
    table, rates = describe(units="microsec"), Rates(histograms=["m.c"])
    rates.points(sampled(10.0, {"m.c": {"0-1": 5}}), table)
    points = rates.points(sampled(12.0, {"m.c": {"0-1": 7, "64-127": 3}}), table)
    assert points.values["m.c"] == {"0-1": 1.0, "64-127": 1.5}, "counts, whatever the unit says"
    plain = Rates()
    plain.points(sampled(10.0, {"m.c": {"0-1": 5}}), table)
    assert plain.points(sampled(12.0, {"m.c": {"2-3": 3}}), table).values["m.c"] == {"2-3": None}


def test_a_histogram_that_is_new_or_set_back_begins_anew(describe, sampled):
    table, rates = describe(), Rates(histograms=["m.c"])
    assert rates.points(sampled(10.0, {"m.c": {"0-1": 5}}), table).values["m.c"] == {"0-1": None}
    points = rates.points(sampled(11.0, {"m.c": {"0-1": 2}}), table)
    assert points.values["m.c"] == {"0-1": None}


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=10))
def test_busy_time_is_the_same_in_every_unit(steps):
    scales = {"nanosec": 10**9, "microsec": 10**6, "millisec": 1000}
    table = {u: Descriptor(u, "60.0.1", "u64", "counter", u, None) for u in scales}
    rates, busy = Rates(), 0
    for second, step in enumerate([0, *steps]):
        busy += step
        raws = {unit: {"": busy * scale // 1000} for unit, scale in scales.items()}
        values = rates.points(Sample([Part(float(second), raws)]), table).values
        if second:
            for unit in scales:
                assert values[unit][""] == pytest.approx(step / 1000, rel=1e-12)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_a_wrapping_32_bit_counter_loses_nothing(steps, begin):
    table = {"m": Descriptor("m", "60.0.1", "u32", "counter", "count", None)}
    rates, raw, total = Rates(), begin, 0.0
    rates.points(Sample([Part(0.0, {"m": {"": raw}})]), table)
    for i, step in enumerate(steps):
        raw = (raw + step) % 2**32
        points = rates.points(Sample([Part(i + 1.0, {"m": {"": raw}})]), table)
        total += points.values["m"][""]
    assert total == sum(steps)


@given(st.lists(st.lists(st.integers(0, 2**63), min_size=3, max_size=3), min_size=2, max_size=6))
def test_splitting_a_fetch_changes_no_rate(rows):
    names = ["a", "b", "c"]
    table = {n: Descriptor(n, "60.0.1", "u64", "counter", "count", None) for n in names}
    whole, split = Rates(), Rates()
    for i, row in enumerate(rows):
        raws = {name: {"": raw} for name, raw in zip(names, row, strict=True)}
        parts = [Part(float(i), {name: raws[name]}) for name in names]
        one = whole.points(Sample([Part(float(i), raws)]), table)
        many = split.points(Sample(parts), table)
        assert one.values == many.values
        assert one.covered == many.covered


def test_running_totals_that_pcp_calls_instant_become_rates(describe, sampled):
    name = "cgroup.pressure.cpu.some.total"
    found = Descriptor(name, "3.66.0", "u64", "instant", "microsec", "3.16")
    assert found.semantics == "counter"
    rates = Rates()
    rates.points(sampled(1.0, {name: {"/a": 1_000_000}}), {name: found})
    points = rates.points(sampled(2.0, {name: {"/a": 1_250_000}}), {name: found})
    assert points.values[name] == {"/a": 0.25}


def test_an_interface_whose_speed_is_not_known_has_none(describe, sampled):
    """The kernel's -1 Mbit/s comes as 4,294,967,295 of them."""
    name = "network.interface.baudrate"
    table = {name: Descriptor(name, "60.3.24", "u64", "discrete", "byte / sec", "60.3")}
    raw = {"eth0": 536_870_911_875_000, "eth1": 125_000_000, "lo": 0}
    points = Rates().points(sampled(1.0, {name: raw}), table)
    assert points.values[name] == {"eth1": 125_000_000, "lo": 0}
