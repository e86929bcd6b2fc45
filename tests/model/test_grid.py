"""Records of an archive become rows: grouping, whole seconds, marks, holes."""

import itertools

import pytest

from vectorpy.model import grid
from vectorpy.model.metric import Descriptor
from vectorpy.model.rates import Rates
from vectorpy.model.sample import Part, Sample
from vectorpy.model.track import Track

READ = Descriptor("disk.read", "60.0.4", "u64", "counter", "count", "60.1")
IDLE = Descriptor("cpu.idle", "60.0.5", "u64", "counter", "count", None)
LOAD = Descriptor("load", "60.2.0", "float", "instant", "", None)
CPUS = Descriptor("cpus", "60.0.32", "u32", "discrete", "", None)


def record(stamp, **values):
    return stamp, {name: {"": value} for name, value in values.items()}


def told(rows):
    return [
        (row.t, {name: got[""] for part in row.parts for name, got in part.values.items()})
        for row in rows
    ]


def test_records_of_one_time_are_one_row():
    """pmlogger writes groups of metrics some milliseconds apart."""
    records = [record(10.01, a=1), record(10.02, b=2), record(20.01, a=3), record(20.03, b=4)]

    assert told(grid.rows(records, 10.0)) == [(10, {"a": 1, "b": 2}), (20, {"a": 3, "b": 4})]


def test_of_records_written_twice_the_last_counts():
    """Two groups with the same metric, a quarter of a period apart at most."""
    records = [record(10.0, a=1), record(12.4, a=2), record(20.0, a=3)]

    assert told(grid.rows(records, 10.0)) == [(10, {"a": 2}), (20, {"a": 3})]


def test_groups_half_a_period_apart_are_rows_of_their_own():
    """They are different times."""
    records = [record(10.0, a=1), record(15.5, b=2), record(21.0, a=3)]

    assert [t for t, _ in told(grid.rows(records, 10.0))] == [10, 16, 21]


def test_seconds_do_not_waver_where_records_lie_on_the_half():
    """A phase of half a second, with some jitter: each second comes once."""
    stamps = [n + 0.5 + (0.003 if n % 2 else -0.003) for n in range(100, 120)]
    phase = grid.phase(stamps)
    rows = list(grid.rows([record(s, a=1) for s in stamps], 1.0, phase))

    assert abs(abs(phase) - 0.5) < 0.01
    assert [b.t - a.t for a, b in itertools.pairwise(rows)] == [1] * 19


@pytest.mark.parametrize("hole", [[(20.5, None)], []], ids=["a mark", "a silence"])
def test_marks_and_silences_are_gaps(hole):
    """A row without parts stands where nothing is known."""
    records = [record(10.0, a=1), record(20.0, a=2), *hole, record(60.0, a=3)]
    rows = list(grid.rows(records, 10.0))

    assert [(row.t, bool(row.parts)) for row in rows] == [
        (10, True), (20, True), (21, False), (60, True),
    ]  # fmt: skip


def test_the_period_is_that_of_most_steps_without_doubles():
    """Steps of 15 ms beside those of ten seconds don't count."""
    times = [t + d for t in range(0, 100, 10) for d in (0.0, 0.015)]

    assert grid.period(times) == pytest.approx(9.985)
    assert grid.period([5.0]) is None


def track(rows, period, periods, descriptors=(READ, IDLE, LOAD, CPUS)):
    """A track of rows (t, {metric: {instance: value}} or None)."""
    known = {d.name: d for d in descriptors}
    made, rates = Track(period, 1 << 20), Rates((), periods)
    made.declare(known)
    for t, values in rows:
        if values is None:
            made.gap(t)
            rates.reset()
            continue
        points = rates.points(Sample([Part(float(t), values)]), known, period)
        made.append(t, points.covered, points.values)
    made.fill({**dict.fromkeys(known), **periods})
    return made


def cells(made, metric, instance=""):
    """Numbers, with "null" for a gap and None for what is not there."""
    column = made.view([metric], 0, 1000).columns[metric].get(instance, [])
    return [None if x is None else ("null" if x != x else x) for x in column]


def test_a_rate_holds_for_all_rows_of_the_seconds_that_it_covers():
    """A counter recorded each 30 s beside a load each 10 s."""
    made = track(
        [
            (0, {"load": {"": 1.0}, "cpu.idle": {"": 0}}),
            (10, {"load": {"": 2.0}}),
            (20, {"load": {"": 3.0}}),
            (30, {"load": {"": 4.0}, "cpu.idle": {"": 60}}),
            (40, {"load": {"": 5.0}}),
        ],
        10.0,
        {"load": 10.0, "cpu.idle": 30.0},
    )

    assert cells(made, "load") == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert cells(made, "cpu.idle") == ["null", 2.0, 2.0, 2.0, "null"] or cells(
        made, "cpu.idle"
    ) == [None, 2.0, 2.0, 2.0, "null"]


def test_what_was_recorded_once_holds_and_a_gauge_ends_at_a_gap():
    """The number of CPUs stays; a load of before a mark is not known after it."""
    made = track(
        [
            (0, {"cpus": {"": 4}, "load": {"": 1.0}, "cpu.idle": {"": 0}}),
            (10, {"cpu.idle": {"": 10}}),
            (11, None),
            (60, {"cpu.idle": {"": 20}}),
            (70, {"cpu.idle": {"": 30}}),
        ],
        10.0,
        {"cpu.idle": 10.0, "load": 60.0},
    )

    assert cells(made, "cpus") == [4, 4, 4, 4, 4]
    assert cells(made, "load") == [1.0, 1.0, "null", "null", "null"]
    assert cells(made, "cpu.idle")[1:2] + cells(made, "cpu.idle")[4:] == [1.0, 1.0]
    assert cells(made, "cpu.idle")[2] == "null" and cells(made, "cpu.idle")[3] in (None, "null")


def test_instances_that_come_and_go_and_a_wrap():
    """A 32-bit counter wraps; an instance has no value while it is gone, no rate on return."""
    wrapping = Descriptor("disk.read", "60.0.4", "u32", "counter", "count", "60.1")
    made = track(
        [
            (0, {"disk.read": {"sda": 4294967290, "sdb": 5}}),
            (10, {"disk.read": {"sda": 4}}),
            (20, {"disk.read": {"sda": 14, "sdb": 105}}),
            (30, {"disk.read": {"sda": 24, "sdb": 115}}),
        ],
        10.0,
        {"disk.read": 10.0},
        (wrapping,),
    )

    assert cells(made, "disk.read", "sda")[1:] == [1.0, 1.0, 1.0]
    assert cells(made, "disk.read", "sdb")[1] is None
    assert cells(made, "disk.read", "sdb")[2] in (None, "null")
    assert cells(made, "disk.read", "sdb")[3] == 1.0


def test_longer_intervals_are_means_weighted_by_time():
    """At 30 s of rows each 10 s, at seconds divisible by it."""
    rows = [(t, {"cpu.idle": {"": t * t}}) for t in range(0, 100, 10)]
    made = track(rows, 10.0, {"cpu.idle": 10.0})
    window = made.view(["cpu.idle"], 30, 90, 30)

    assert window.times == [30, 60, 90]
    assert window.columns["cpu.idle"][""] == pytest.approx([30.0, 90.0, 150.0])
