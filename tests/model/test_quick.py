"""Expressions on newest points: written-down values, and that they are those of `expression`."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorpy.model.expression import parse
from vectorpy.model.quick import UNUSUAL, aggregates, compiled
from vectorpy.model.ring import Window

LATEST = {
    "cpu.user": {"cpu0": 0.5, "cpu1": 0.25},
    "cpu.sys": {"cpu0": 0.125, "cpu1": 0.0},
    "ncpu": {"": 2.0},
    "idle": {"": 0.0},
    "broken": {"": None},
    "mixed": {"a": 1.0, "b": None},
    "empty": {},
    "huge": {"": 1e308},
}


@pytest.mark.parametrize(
    ("text", "instance", "value"),
    [
        ("100 * ncpu", "", 200.0),
        ("-ncpu", "", -2.0),
        ("100 * (cpu.user + cpu.sys) / ncpu", "cpu0", 31.25),
        ("top(3, 100 * cpu.user)", "cpu1", 25.0),
        ("sum(cpu.user) - ncpu", "", -1.25),
        ("avg(cpu.user)", "", 0.375),
        ("max(cpu.sys) + min(cpu.user)", "", 0.375),
        ("idle / ncpu", "", 0.0),
    ],
)
def test_plain_values(text, instance, value):
    run = compiled(parse(text))
    assert run is not None
    assert run(LATEST, instance) == value


@pytest.mark.parametrize(
    ("text", "instance"),
    [
        ("ncpu / idle", ""),
        ("ncpu + broken", ""),
        ("sum(mixed)", ""),
        ("sum(empty)", ""),
        ("sum(absent)", ""),
        ("absent", ""),
        ("cpu.user", "cpu7"),
        ("cpu.user", ""),
        ("huge * huge", ""),
        ("ncpu / (huge * huge)", ""),
    ],
)
def test_what_is_not_plain_is_left_to_others(text, instance):
    run = compiled(parse(text))
    assert run is not None
    with pytest.raises(UNUSUAL):
        run(LATEST, instance)


def test_an_aggregate_of_more_than_a_metric_is_not_quick():
    assert compiled(parse("1 + sum(cpu.user * 2)")) is None


def test_aggregates_are_known():
    assert aggregates(parse("1 + sum(cpu.user)"))
    assert not aggregates(parse("top(2, cpu.user / ncpu)"))


POINTS = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0])
METRICS = {
    "a.x": st.dictionaries(st.sampled_from("pqr"), POINTS, max_size=3),
    "a.y": st.dictionaries(st.sampled_from("pqr"), POINTS, max_size=3),
    "one": st.fixed_dictionaries({"": POINTS}),
}
LEAF = st.sampled_from(["a.x", "a.y", "one", "2", "0.5"])


def _joined(below):
    pair = st.tuples(below, st.sampled_from("+-*/"), below).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    fold = st.tuples(st.sampled_from(["sum", "min", "max", "avg"]), below)
    return pair | fold.map(lambda f: f"{f[0]}({f[1]})") | below.map(lambda b: f"(-{b})")


@settings(max_examples=400)
@given(st.recursive(LEAF, _joined, max_leaves=6), st.fixed_dictionaries(METRICS))
def test_where_it_is_quick_it_says_what_the_expression_says(text, latest):
    expression = parse(text)
    run = compiled(expression)
    cells = {
        metric: {name: [math.nan if x is None else x] for name, x in points.items()}
        for metric, points in latest.items()
    }
    columns = expression.columns(Window([0], cells))
    for instance in [*columns, "p", ""]:
        try:
            value = run(latest, instance) if run is not None else None
        except UNUSUAL:
            continue
        if value is not None and instance in columns:
            assert columns[instance][0] == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_a_sum_that_many_series_share_is_each_rows_and_instances_own():
    whole = compiled(parse("a.user + a.sys + a.idle"))
    share = compiled(parse("100 * a.user / (a.user + a.sys + a.idle)"))
    first = {"a.user": {"x": 1.0, "y": 2.0}, "a.sys": {"x": 1.0, "y": 2.0}, "a.idle": {"": 2.0}}
    second = {"a.user": {"x": 4.0, "y": 0.0}, "a.sys": {"x": 0.0, "y": 0.0}, "a.idle": {"": 4.0}}
    assert whole is not None and share is not None
    for _ in range(2):
        assert [whole(row, i) for row in (first, second) for i in "xy"] == [4.0, 6.0, 8.0, 4.0]
        assert [share(row, i) for row in (first, second) for i in "xy"] == [
            25.0,
            pytest.approx(100 / 3),
            50.0,
            0.0,
        ]
    with pytest.raises(KeyError):
        whole({"a.user": {"x": 1.0}, "a.sys": {"x": 1.0}}, "x")
    with pytest.raises(TypeError):
        whole({"a.user": {"x": None}, "a.sys": {"x": 1.0}, "a.idle": {"": 1.0}}, "x")
