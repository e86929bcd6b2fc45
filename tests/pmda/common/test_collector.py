"""The collector: each probe by itself, reasons told, faults counted, time taken by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import vcollect
import vsnap
import vtable as t

TABLE = t.Table(
    "toy",
    410,
    t.group(
        1,
        "a",
        t.ALL,
        "Help.",
        ((0, "one", t.U32, t.INSTANT, "none", "x"), (1, "two", t.U32, t.INSTANT, "none", "x")),
    ),
)
KEY = {metric.name: metric.key for metric in TABLE.metrics}


class Toy(vcollect.Probe):
    """A probe that does what `script` says, and notes when it was asked."""

    def __init__(self, name: str, metric: str, script: list[object], every: float = 1.0) -> None:
        self.name, self.metric, self.script, self.every = name, metric, script, every
        self.asked: list[float] = []
        self.closed = 0

    def collect(self, now: float) -> vsnap.Reading:
        self.asked.append(now)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, str):
            return vsnap.Reading({}, note=step)
        return vsnap.Reading({self.metric: step})  # type: ignore[dict-item]

    def close(self) -> None:
        self.closed += 1


class Rig:
    """A collector whose clock is set by hand."""

    def __init__(self, *probes: vcollect.Probe) -> None:
        self.now = 100.0
        self.published: list[vcollect.Published] = []
        self.logged: list[str] = []
        self.collector = vcollect.Collector(
            TABLE,
            probes,
            self.published.append,
            self.logged.append,
            clock=lambda: self.now,
            wall=lambda: self.now,
        )

    def round(self, at: float) -> dict[str, object]:
        """One round at `at`; metric -> value of the instance all, or probe -> its own."""
        self.now = at
        self.collector.once()
        snapshot = self.published[-1].snapshot
        found: dict[str, object] = {}
        for name, key in KEY.items():
            cells = snapshot.values.get(key, {})
            names = dict(snapshot.indoms[TABLE.by_name[name].indom.serial])
            for number, value in cells.items():
                found[name if names[number] == "all" else f"{name}[{names[number]}]"] = value
        return found


def test_a_round_reads_every_probe_and_publishes_one_snapshot() -> None:
    rig = Rig(Toy("p", "a.one", [5]), Toy("q", "a.two", [6]))
    assert rig.round(100) == {
        "a.one": 5,
        "a.two": 6,
        "probe.status[p]": "ok",
        "probe.status[q]": "ok",
        "probe.seconds[p]": 0.0,
        "probe.seconds[q]": 0.0,
    }
    assert (rig.published[0].done, rig.published[0].seconds) == (100, 0)


def test_one_that_can_t_read_says_why_and_the_others_go_on() -> None:
    lame = Toy("p", "a.one", [vcollect.Unavailable("needs CAP_BPF: run as root"), 7])
    rig = Rig(lame, Toy("q", "a.two", [6, 6, 6]))
    found = rig.round(100)
    assert found["probe.status[p]"] == "needs CAP_BPF: run as root"
    assert "a.one" not in found
    assert found["a.two"] == 6
    assert rig.collector.errors == 0
    assert "a.one" not in rig.round(129)  # asked again half a minute later
    assert rig.round(130)["a.one"] == 7
    assert lame.asked == [100, 130]


def test_one_that_fails_is_counted_and_asked_again_at_once() -> None:
    rig = Rig(Toy("p", "a.one", [KeyError("x"), 5]), Toy("q", "a.two", [6, 6]))
    found = rig.round(100)
    assert found["probe.status[p]"] == "error: KeyError: 'x'"
    assert "a.one" not in found
    assert found["a.two"] == 6
    assert rig.collector.errors == 1
    assert rig.round(101)["a.one"] == 5


def test_values_that_a_type_can_t_hold_are_counted() -> None:
    rig = Rig(Toy("p", "a.one", [-1]))
    assert "a.one" not in rig.round(100)
    assert rig.collector.errors == 1


def test_a_note_is_told_with_ok() -> None:
    assert Rig(Toy("p", "a.one", ["3 seen"])).round(100)["probe.status[p]"] == "ok: 3 seen"


def test_slow_probes_keep_their_values_between_readings() -> None:
    probe = Toy("p", "a.one", [5, 6], every=10.0)
    rig = Rig(probe)
    seen = [rig.round(second).get("a.one") for second in range(100, 112)]
    assert seen == [5] * 10 + [6, 6]
    assert probe.asked == [100, 110]


def test_values_that_are_not_renewed_vanish() -> None:
    probe = Toy("p", "a.one", [5], every=1.0)
    rig = Rig(probe)
    rig.round(100)
    rig.collector._states[0].due = 1e9  # as if it were never asked again
    assert rig.round(103)["a.one"] == 5
    assert "a.one" not in rig.round(103.5)


def test_rounds_come_shortly_before_each_whole_second() -> None:
    rig = Rig()
    for wall, pause in ((100.0, 0.85), (100.85, 1.0), (100.9, 0.95), (107.5, 0.35)):
        rig.now = wall
        assert rig.collector.pause() == pytest.approx(pause)


def test_a_round_a_little_early_still_reads_what_is_read_each_second() -> None:
    probe = Toy("p", "a.one", [1, 2, 3])
    rig = Rig(probe)
    for second in (100.0, 100.9, 101.99):
        rig.round(second)
    assert probe.asked == [100.0, 100.9, 101.99]


def test_the_log_has_a_line_when_a_status_changes_and_not_each_second() -> None:
    boom = [ValueError("x")] * 200
    rig = Rig(Toy("p", "a.one", [*boom, 1]))
    for second in range(100, 301):
        rig.round(second)
    assert rig.logged == ["p: error: ValueError: x", "p: ok"]


def test_the_thread_goes_on_after_an_error_of_its_own_and_ends_when_told(
    wait_until: Callable[..., object],
) -> None:
    probe = Toy("p", "a.one", [1] * 1000)
    taken: list[vcollect.Published] = []

    def publish(published: vcollect.Published) -> None:
        taken.append(published)
        if len(taken) == 1:
            raise OSError("once")

    logged: list[str] = []
    collector = vcollect.Collector(TABLE, [probe], publish, logged.append, period=0.01)
    collector.start()
    wait_until(lambda: len(taken) >= 3)
    collector.stop()
    assert collector.errors == 1
    assert "collector: OSError('once')" in logged
    assert probe.closed == 1


def test_one_that_hangs_is_left_alone_at_the_end() -> None:
    release = threading.Event()
    entered = threading.Event()

    class Hanging(vcollect.Probe):
        name = "hang"

        def collect(self, now: float) -> vsnap.Reading:
            entered.set()
            release.wait()
            return vsnap.Reading({})

        def close(self) -> None:
            raise AssertionError("closed under its thread")

    collector = vcollect.Collector(TABLE, [Hanging()], lambda published: None, lambda text: None)
    collector.start()
    assert entered.wait(5)
    collector.stop(patience=0.05)
    release.set()
