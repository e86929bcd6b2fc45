"""How evidence adds up: gaps, silence, instances that come and go, stand-ins, words, since when."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorpy.analysis.judge import Judge, worst
from vectorpy.analysis.read import load
from vectorpy.analysis.rules import CELLS, STATES
from vectorpy.model.ring import Ring

U = "cpu utilization"
BUSY = """
[[rule]]
id = "busy"
name = "busy time"
resource = "cpu"
aspect = "utilization"
value = "cpu.busy"
unit = "%"
watch = { reach = 80, clear = 60, seconds = 4, of = 6 }
guilty = { reach = 95, clear = 80, seconds = 6, of = 8 }
words = "{value} busy"
widget = "cpu"
missing = "No CPU times."
evidence = 10
"""
DISKS = """
[[rule]]
id = "busy"
name = "busy time"
resource = "cpu"
aspect = "utilization"
per_instance = true
value = "disk.busy / disk.size"
unit = "%"
watch = { reach = 80, clear = 60, seconds = 3, of = 4 }
words = "{instance} {value} busy"
widget = "cpu"
missing = "No disk."
evidence = 10
"""


def busy(value: float) -> dict[str, Any]:
    return {"cpu.busy": value}


def disks(**shares: float | None) -> dict[str, Any]:
    return {"disk.busy": shares, "disk.size": dict.fromkeys(shares, 1.0)}


# -- evidence --------------------------------------------------------------------------------


def test_nothing_is_fine_before_its_evidence_is_full(bench: Any) -> None:
    b = bench(BUSY)
    for second in range(1, 10):
        b.row(busy(3))
        assert (b.state(U), b.cell(U).text) == ("unknown", f"measuring, {second} of 10 s")
    b.row(busy(3))
    assert b.cell(U)[:3] == ("fine", "3 % busy", 1000)


def test_a_failed_sample_breaks_evidence(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(3), 20)
    b.fail()
    assert (b.state(U), b.cell(U).text) == ("unknown", "measuring, 0 of 10 s")
    b.run(busy(3), 9)
    assert b.state(U) == "unknown"
    b.row(busy(3))
    assert b.cell(U)[:3] == ("fine", "3 % busy", 1021)


def test_a_null_among_good_values_breaks_evidence_too(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(3), 20)
    b.row(busy(None))  # type: ignore[arg-type]
    assert b.cell(U).text == "measuring, 0 of 10 s"


def test_a_silence_breaks_the_evidence_of_gauges(bench: Any) -> None:
    """Seconds without a sample are no evidence, though a gauge has its value at once again."""
    b = bench(BUSY)
    b.run(busy(3), 20)
    b.silence(7)
    b.first(busy(3))
    assert b.cell(U).text == "measuring, 1 of 10 s"


def test_a_sample_without_rates_breaks_the_evidence_of_gauges_too(bench: Any) -> None:
    """A host that was started anew is another: what its gauges said before is no evidence."""
    b = bench(BUSY)
    b.run(busy(3), 20)
    b.first(busy(3))
    assert b.cell(U).text == "measuring, 1 of 10 s"


def test_a_skipped_second_that_the_next_rate_covers_breaks_nothing(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(3), 9)
    b.row(busy(3), seconds=2)
    assert b.state(U) == "fine"
    assert b.cell(U).since == 1000


def test_a_slowed_host_counts_seconds_not_samples(bench: Any) -> None:
    b = bench(BUSY)
    b.row(busy(3))
    for _ in range(3):
        b.row(busy(99), seconds=2)
    assert b.state(U) == "guilty"  # six seconds in three samples


# -- guilt -----------------------------------------------------------------------------------


def test_guilt_is_raised_before_the_evidence_for_fine_is_full(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(99), 3)
    assert b.state(U) == "unknown"
    b.row(busy(99))
    assert b.cell(U)[:3] == ("watch", "99 % busy", 1004)
    b.run(busy(99), 2)
    assert b.cell(U)[:3] == ("guilty", "99 % busy", 1006)


def test_a_dip_does_not_save_who_is_busy_most_of_the_time(bench: Any) -> None:
    b = bench(BUSY)
    for value in (99, 99, 10, 99, 99, 10, 99, 99):
        b.row(busy(value))
    assert b.state(U) == "guilty"


def test_a_gap_adds_no_guilt_and_a_short_one_takes_none_away(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(99), 5)
    b.fail()
    assert b.state(U) == "watch"
    b.row(busy(99))
    assert b.state(U) == "guilty"
    b.fail()
    b.fail()
    assert b.state(U) == "guilty"


def test_guilt_across_a_gap_says_what_was_measured_before_it(bench: Any) -> None:
    b = bench(BUSY.replace("seconds = 6, of = 8", "seconds = 6, of = 20"))
    b.run(busy(99), 16)
    for _ in range(7):
        b.fail()
    assert b.cell(U)[:2] == ("guilty", "99 % busy")


def test_a_share_is_never_more_than_all(bench: Any) -> None:
    b = bench(only=["cpu-pressure"])
    b.run({"kernel.all.pressure.cpu.some.total": 1.04}, 20)
    assert b.cell("cpu saturation").text == "pressure 100 %"


def test_a_long_gap_leaves_neither_guilt_nor_innocence(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(99), 20)
    for _ in range(8):
        b.fail()
    assert (b.state(U), b.cell(U).text) == ("unknown", "measuring, 0 of 10 s")


def test_guilt_falls_to_watch_and_to_fine_with_hysteresis(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(99), 12)
    # 70 is below guilty's clear and above watch's: one level is left, the other stays.
    assert b.until(busy(70), U, "watch") == 5
    b.run(busy(70), 60)
    assert b.state(U) == "watch"
    assert b.until(busy(20), U, "fine") == 4
    assert b.cell(U).since == b.t


def test_values_around_a_threshold_do_not_flicker(bench: Any) -> None:
    b = bench(BUSY)
    b.run(busy(30), 20)
    states = []
    for second in range(60):
        b.row(busy(85 if second % 2 else 75))
        states.append(b.state(U))
    changes = sum(a != b for a, b in itertools.pairwise(states))
    assert changes == 0


# -- instances -------------------------------------------------------------------------------


def test_the_worst_instance_is_named_and_others_counted(bench: Any) -> None:
    b = bench(DISKS)
    b.run(disks(sda=3.0, sdb=1.0), 12)
    assert b.cell(U).text == "sda 3 % busy"
    b.run(disks(sda=85.0, sdb=97.0, sdc=10.0), 5)
    assert b.cell(U).text == "sdb 97 % busy and 1 more"


def test_a_new_instance_and_one_that_goes_break_nothing(bench: Any) -> None:
    b = bench(DISKS)
    b.run(disks(sda=3.0), 12)
    b.row(disks(sda=3.0, sdb=None))  # a new counter has no rate at first
    assert b.state(U) == "fine"
    b.run(disks(sda=3.0, sdb=2.0), 3)
    b.row(disks(sda=3.0))
    assert b.state(U) == "fine"


def test_a_guilty_instance_that_is_gone_is_no_longer_guilty(bench: Any) -> None:
    b = bench(DISKS)
    b.run(disks(sda=3.0, sdb=99.0), 12)
    assert b.state(U) == "watch"
    b.row(disks(sda=3.0))
    assert b.cell(U)[:2] == ("fine", "sda 3 % busy")


def test_a_null_of_one_instance_that_had_values_is_a_gap(bench: Any) -> None:
    b = bench(DISKS)
    b.run(disks(sda=3.0, sdb=2.0), 12)
    b.row(disks(sda=3.0, sdb=None))
    assert b.cell(U).text == "measuring, 0 of 10 s"


def test_no_instances_at_all_are_not_measured_after_a_few_seconds(bench: Any) -> None:
    b = bench(DISKS)
    b.run(disks(), 4)
    assert b.state(U) == "unknown"
    b.row(disks())
    assert b.cell(U)[:2] == ("unmeasured", "No disk.")


def test_division_by_zero_is_not_measurable_and_not_a_gap(bench: Any) -> None:
    b = bench(DISKS)
    both = {"disk.busy": {"sda": 3.0, "sdb": 9.0}, "disk.size": {"sda": 1.0, "sdb": 0.0}}
    b.run(both, 12)
    assert b.cell(U)[:2] == ("fine", "sda 3 % busy")
    none = {"disk.busy": {"sda": 3.0, "sdb": 9.0}, "disk.size": {"sda": 0.0, "sdb": 0.0}}
    b.row(none)
    assert b.cell(U)[:2] == ("unmeasured", "No disk.")


# -- the shipped rules where a host lacks something -------------------------------------------


def link(speed: float | None, **more: float) -> dict[str, Any]:
    speeds = {"lo": None, "eth0": speed, **more}
    names = dict.fromkeys(speeds, 1e6)
    return {
        "network.interface.in.bytes": names,
        "network.interface.out.bytes": names,
        "network.interface.baudrate": {n: s for n, s in speeds.items() if s is not None},
        "network.interface.virtual": {n: 1.0 if n == "lo" else 0.0 for n in speeds},
    }


@pytest.mark.parametrize("speed", [None, 0.0, 536870911875000.0])
def test_a_link_without_a_known_speed_is_not_measured(bench: Any, speed: float | None) -> None:
    """0, nothing, or -1 Mbit/s made positive: each is how some kernel says that it is unknown."""
    b = bench(only=["net-in", "net-out"])
    b.run(link(speed), 40)
    cell = b.cell("network utilization")
    assert cell.state == "unmeasured"
    assert cell.text == "Link speed unknown: virtual machines seldom tell it."


def test_a_link_with_a_speed_is_fine_and_names_the_one_without(bench: Any) -> None:
    b = bench(only=["net-in", "net-out"])
    b.run(link(125e6, eth1=0.0), 40)
    cell = b.cell("network utilization")
    assert cell.state == "fine"
    assert cell.text == (
        "eth0 0.8 % of its link in (eth1: speed not known), eth0 0.8 % out (eth1: speed not known)"
    )


def test_an_idle_disk_is_fine_without_an_await(bench: Any) -> None:
    """No operation has no latency: a missing value that is no gap and no fault."""
    idle = {
        "disk.dev.total": {"sda": 0.0},
        "disk.dev.total_rawactive": {"sda": 0.0},
        "kernel.all.pressure.io.some.total": 0.0,
    }
    b = bench(only=["disk-await", "io-pressure"])
    b.run(idle, 30)
    assert b.cell("disk saturation")[:2] == ("fine", "hardly any I/O, pressure 0 %")


def test_one_slow_operation_now_and_then_weighs_nothing(bench: Any) -> None:
    slow = {"disk.dev.total": {"sda": 1.0}, "disk.dev.total_rawactive": {"sda": 2.0}}
    b = bench(only=["disk-await"])
    b.run(slow, 40)
    assert b.state("disk saturation") == "fine"


def test_without_pressure_the_run_queue_stands_in_and_it_is_said(bench: Any) -> None:
    b = bench(only=["cpu-runqueue"])
    b.run({"kernel.all.runnable": 2.0, "hinv.ncpu": 4.0}, 30)
    cell = b.cell("cpu saturation")
    assert cell.state == "fine" and cell.widget == "runqueue"
    assert cell.text == "0.5 runnable tasks per CPU (not measured: CPU pressure)"


def test_with_pressure_the_run_queue_has_no_say(bench: Any) -> None:
    b = bench(only=["cpu-pressure", "cpu-runqueue"])
    calm = {"kernel.all.pressure.cpu.some.total": 0.0}
    b.run({"kernel.all.runnable": 99.0, "hinv.ncpu": 4.0, **calm}, 30)
    assert b.cell("cpu saturation")[:2] == ("fine", "pressure 0 %")


def test_a_single_dropped_packet_is_not_even_watched_and_one_damaged_is(bench: Any) -> None:
    kinds = [
        f"network.interface.{way}.{kind}" for way in ("in", "out") for kind in ("errors", "drops")
    ]
    calm = {name: {"eth0": 0.0} for name in kinds}
    b = bench(only=["net-errors", "net-drops"])
    b.run(calm, 40)
    b.row({**calm, "network.interface.in.drops": {"eth0": 1.0}})
    assert b.state("network errors") == "fine"
    b.row({**calm, "network.interface.in.errors": {"eth0": 1.0}})
    assert b.cell("network errors")[:2] == ("watch", "eth0 1 damaged packets in 60 s")


def test_all_of_a_calm_host_is_fine_or_says_why_not(bench: Any) -> None:
    b = bench(usable=frozenset())
    b.run({}, 40)
    for cell in b.judge.cells().values():
        assert cell.state == "unmeasured" and cell.text.endswith((".", ")."))


# -- what always holds -----------------------------------------------------------------------

VALUES = st.lists(
    st.one_of(st.floats(0, 100), st.none(), st.just("fail"), st.just("skip")), max_size=80
)


def _drive(b: Any, steps: list[Any]) -> None:
    for step in steps:
        if step == "fail":
            b.fail()
        elif step == "skip":
            b.silence(6)
        else:
            b.row(busy(step))


@given(VALUES)
@settings(deadline=None, max_examples=60)
def test_green_only_on_evidence(steps: list[Any]) -> None:
    """Whatever came: fine means that each of the last 10 seconds has a number."""
    from_conftest = _bench()
    _drive(from_conftest, steps)
    if from_conftest.state(U) == "fine":
        window = from_conftest.ring.view(["cpu.busy"], from_conftest.t - 9, from_conftest.t)
        column = window.columns["cpu.busy"][""]
        assert len(column) == 10 and all(x is not None and x == x for x in column)


@given(VALUES)
@settings(deadline=None, max_examples=60)
def test_guilt_only_on_its_seconds(steps: list[Any]) -> None:
    """When guilt begins, 6 of the last 8 seconds reached 95."""
    b = _bench()
    before = "unknown"
    for step in steps:
        _drive(b, [step])
        now = b.state(U)
        if now == "guilty" and before != "guilty":
            column = b.ring.view(["cpu.busy"], b.t - 7, b.t).columns["cpu.busy"][""]
            assert sum(x is not None and x >= 95 for x in column) >= 6
        before = now


@given(VALUES, st.integers(1, 79))
@settings(deadline=None, max_examples=60)
def test_it_is_the_same_row_by_row_and_all_at_once(steps: list[Any], cut: int) -> None:
    """A strip that opens now says what one says that was open all the time."""
    b = _bench()
    _drive(b, steps)
    later = Judge(b.rules, {"busy": b.rules["busy"].value}, frozenset(["cpu.busy"]))
    if b.ring.last is not None:
        for start, end in ((1001, 1000 + cut), (1001 + cut, b.t)):
            window = b.ring.view(later.metrics, start, end, 1)
            later.take(window, [b.ring.covered(t) for t in window.times])
    assert later.states() == b.judge.states()
    assert later.cells() == b.judge.cells()


def test_the_gravest_state_comes_first() -> None:
    assert [worst(STATES[n:]) for n in range(len(STATES))] == list(STATES)


def test_a_row_of_every_metric_costs_little(bench: Any) -> None:
    """Twelve cells whatever the host: rows of all metrics, with 64 CPUs and 30 disks."""
    rules = load()
    metrics = frozenset().union(*(r.value.metrics | r.extras for r in rules.all))
    per = {"kernel.percpu": 64, "disk.dev": 30, "network.interface": 30, "filesys": 20}
    row = {
        m: {f"i{n}": 0.01 for n in range(next(c for p, c in per.items() if m.startswith(p)))}
        if m.startswith(tuple(per))
        else 0.01
        for m in metrics
        if m != "filesys.mountdir"
    }
    b = bench(usable=frozenset(row))
    b.run(row, 40)
    assert set(b.judge.states()) == set(CELLS)


def _bench() -> Any:
    """Hypothesis takes no fixtures of a test's life: a bench of its own for each example."""
    return _MAKE[0](BUSY)


_MAKE: list[Any] = []


@pytest.fixture(autouse=True)
def _keep(bench: Any) -> None:
    _MAKE[:] = [bench]


def test_the_ring_tells_what_its_rates_cover() -> None:
    ring = Ring(60, 1_000_000)
    ring.append(100, 0.0, {"a": {"": 1.0}})
    ring.append(101, 1.25, {"a": {"": 1.0}})
    ring.gap(102)
    assert [ring.covered(t) for t in (99, 100, 101, 102, 161)] == [0.0, 0.0, 1.25, 0.0, 0.0]
