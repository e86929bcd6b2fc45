"""Each shipped rule on written-down samples: calm, watch, guilty, cleared, not measured.

The seconds stand here by hand, so that a change of a threshold or a duration is a
change in two places.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from vectorpy.analysis.read import load

RULES = load()
CPU = "kernel.all.cpu"


def cpu(busy: float, steal: float = 0.0, ncpu: int = 4) -> dict[str, Any]:
    """So many of four CPUs busy, half of it in programs."""
    user = (busy - steal) / 2
    rest = (busy - steal) / 8
    named = dict.fromkeys(("nice", "sys", "irq.hard", "irq.soft"), rest)
    modes = {"user": user, **named, "steal": steal}
    return {**{f"{CPU}.{m}": v for m, v in modes.items()}, "hinv.ncpu": ncpu}


def one_cpu(share: float) -> dict[str, Any]:
    """cpu1 busy by that share, cpu0 idle."""
    modes = ("nice", "sys", "irq.hard", "irq.soft", "steal")
    zeros = {f"kernel.percpu.cpu.{m}": {"cpu0": 0.0, "cpu1": 0.0} for m in modes}
    return {**zeros, "kernel.percpu.cpu.user": {"cpu0": 0.01, "cpu1": share}}


def disk(await_: float, ops: float = 100.0) -> dict[str, Any]:
    return {
        "disk.dev.total": {"sda": ops, "sdb": ops},
        "disk.dev.total_rawactive": {"sda": ops * 0.0004, "sdb": ops * await_},
    }


def link(way: str, bytes_: float, speed: float = 125e6) -> dict[str, Any]:
    return {
        f"network.interface.{way}.bytes": {"eth0": bytes_, "lo": 9e9},
        "network.interface.baudrate": {"eth0": speed, "lo": 1.0},
        "network.interface.virtual": {"eth0": 0.0, "lo": 1.0},
    }


def nic(kind: str, per_second: float) -> dict[str, Any]:
    return {
        f"network.interface.in.{kind}": {"eth0": per_second, "lo": 0.0},
        f"network.interface.out.{kind}": {"eth0": 0.0, "lo": 0.0},
    }


def tcp(share: float, segments: float = 1000.0) -> dict[str, Any]:
    return {"network.tcp.retranssegs": segments * share, "network.tcp.outsegs": segments}


def full(share: float) -> dict[str, Any]:
    """/data as full as that; a read-only image is always full."""
    return {
        "filesys.full": {"/dev/sda1": share, "/dev/loop0": 100.0},
        "filesys.readonly": {"/dev/sda1": 0.0, "/dev/loop0": 1.0},
    }


def log(kind: str, per_second: float) -> dict[str, Any]:
    kinds = ("oom_kill", "io_error", "fs_error", "hung_task", "lockup")
    return {"vkernel.kmsg.trouble": {**dict.fromkeys(kinds, 0.0), kind: per_second}}


class Case(NamedTuple):
    """A rule's samples, the seconds after which it speaks, and its words when it does.

    `between` lies between the thresholds of raising and clearing a watch: it
    raises nothing, and clears nothing. Seconds are None where there is no such level.
    """

    calm: dict[str, Any]
    between: dict[str, Any] | None
    watch: dict[str, Any] | None
    watch_after: int | None
    guilty: dict[str, Any] | None
    guilty_after: int | None
    cleared_after: int
    fine: str
    said: str


def psi(name: str, share: float) -> dict[str, Any]:
    return {f"kernel.all.pressure.{name}.total": share / 100}


def single(metric: str, value: float) -> dict[str, Any]:
    return {metric: value}


CASES = {
    "cpu-busy": Case(
        cpu(1.0), cpu(3.2), cpu(3.5), 8, cpu(3.95), 12, 9, "25 % busy", "99 % busy"
    ),
    "cpu-one": Case(
        one_cpu(0.5), one_cpu(0.95), one_cpu(0.99), 25, None, None, 18, "", "cpu1 99 %"
    ),
    "cpu-pressure": Case(
        psi("cpu.some", 3), psi("cpu.some", 20), psi("cpu.some", 30), 8, psi("cpu.some", 80), 12,
        9, "pressure 3 %", "pressure 80 %",
    ),
    "cpu-runqueue": Case(
        {"kernel.all.runnable": 2.0, "hinv.ncpu": 4.0},
        {"kernel.all.runnable": 7.0, "hinv.ncpu": 4.0},
        {"kernel.all.runnable": 9.0, "hinv.ncpu": 4.0}, 8,
        {"kernel.all.runnable": 20.0, "hinv.ncpu": 4.0}, 12,
        9, "0.5 runnable tasks per CPU (not measured: CPU pressure)",
        "5 runnable tasks per CPU",
    ),
    "cpu-steal": Case(
        cpu(1, 0.04), cpu(1, 0.16), cpu(1, 0.4), 10, cpu(1.5, 1), 12, 10, "", "steal 25 %"
    ),
    "cpu-throttle": Case(
        {"hinv.cpu.thermal_throttle.core.count": {"cpu0": 0.0, "cpu1": 0.0}}, None,
        {"hinv.cpu.thermal_throttle.core.count": {"cpu0": 0.0, "cpu1": 1.0}}, 3,
        {"hinv.cpu.thermal_throttle.core.count": {"cpu0": 0.0, "cpu1": 1.0}}, 30, 59,
        "no throttling (not measured: lockups)", "30 thermal throttles in 60 s",
    ),
    "cpu-lockup": Case(
        log("lockup", 0), None, log("lockup", 1), 1, log("lockup", 1), 3, 120,
        "no lockup (not measured: thermal throttling)", "3 CPU lockups in 120 s",
    ),
    "memory-available": Case(
        {"mem.util.available": 50.0, "mem.physmem": 100.0},
        {"mem.util.available": 11.0, "mem.physmem": 100.0},
        {"mem.util.available": 9.0, "mem.physmem": 100.0}, 8,
        {"mem.util.available": 2.0, "mem.physmem": 100.0}, 8, 6, "50 % available", "2 % available",
    ),
    "memory-pressure": Case(
        psi("memory.some", 0), psi("memory.some", 3), psi("memory.some", 10), 8,
        psi("memory.some", 40), 8, 6, "pressure 0 % (not measured: swap traffic)", "pressure 40 %",
    ),
    "memory-reclaim": Case(
        single("mem.vmstat.pgsteal_direct", 0), single("mem.vmstat.pgsteal_direct", 50),
        single("mem.vmstat.pgsteal_direct", 200), 6, single("mem.vmstat.pgsteal_direct", 9000), 12,
        9, "0/s pages reclaimed directly (not measured: memory pressure, swap traffic)",
        "9k/s pages reclaimed directly",
    ),
    "memory-swap": Case(
        {"mem.vmstat.pswpin": 0.0, "mem.vmstat.pswpout": 0.0},
        {"mem.vmstat.pswpin": 30.0, "mem.vmstat.pswpout": 30.0},
        {"mem.vmstat.pswpin": 80.0, "mem.vmstat.pswpout": 80.0}, 8,
        {"mem.vmstat.pswpin": 2000.0, "mem.vmstat.pswpout": 500.0}, 12, 9,
        "swap 0/s (not measured: memory pressure)", "swap 2.5k/s",
    ),
    "memory-oom": Case(
        single("mem.vmstat.oom_kill", 0), None, single("mem.vmstat.oom_kill", 1), 1,
        single("mem.vmstat.oom_kill", 1), 3, 120, "no OOM kill", "3 OOM kills in 120 s",
    ),
    "disk-busy": Case(
        {"disk.dev.avactive": {"sda": 0.03, "sdb": 0.01}},
        {"disk.dev.avactive": {"sda": 0.03, "sdb": 0.7}},
        {"disk.dev.avactive": {"sda": 0.03, "sdb": 0.9}}, 10,
        {"disk.dev.avactive": {"sda": 0.03, "sdb": 0.98}}, 25, 18,
        "sda 3 % busy", "sdb 98 % busy",
    ),
    "disk-full": Case(
        full(41), full(89.5), full(92), 5, full(98), 5, 4, "", "/data 98 % full"
    ),
    "disk-await": Case(
        disk(0.0003), disk(0.04), disk(0.1), 8, disk(0.4), 8, 8,
        "sda await 0.4 ms (not measured: I/O pressure)", "sdb await 400 ms",
    ),
    "io-pressure": Case(
        psi("io.some", 0), psi("io.some", 20), psi("io.some", 50), 10, None, None, 10,
        "pressure 0 % (not measured: await)", "pressure 50 %",
    ),
    "io-stall": Case(
        psi("io.full", 0), psi("io.full", 10), psi("io.full", 20), 10, psi("io.full", 60), 12, 10,
        "", "all stalled 60 %",
    ),
    "io-blocked": Case(
        single("kernel.all.blocked", 0), None, single("kernel.all.blocked", 3), 8,
        single("kernel.all.blocked", 9), 12, 9,
        "0 tasks blocked (not measured: await, I/O pressure)", "9 tasks blocked",
    ),
    "disk-errors": Case(
        log("io_error", 0), None, log("io_error", 1), 1, log("io_error", 1), 5, 120,
        "none in the kernel's log", "5 of io_error in the kernel's log in 120 s",
    ),
    "net-in": Case(
        link("in", 1e6), link("in", 80e6), link("in", 100e6), 8, link("in", 120e6), 12, 9,
        "eth0 0.8 % of its link in (not measured: link, out)", "eth0 96 % of its link in",
    ),
    "net-out": Case(
        link("out", 1e6), link("out", 80e6), link("out", 100e6), 8, link("out", 120e6), 12, 9,
        "eth0 0.8 % out (not measured: link, in)", "eth0 96 % out",
    ),
    "net-squeeze": Case(
        single("network.softnet.time_squeeze", 0), single("network.softnet.time_squeeze", 30),
        single("network.softnet.time_squeeze", 100), 8,
        single("network.softnet.time_squeeze", 900), 12, 9, "squeezes 0/s", "squeezes 900/s",
    ),
    "net-softirq": Case(
        {"kernel.percpu.cpu.irq.soft": {"cpu0": 0.0, "cpu1": 0.01}},
        {"kernel.percpu.cpu.irq.soft": {"cpu0": 0.0, "cpu1": 0.5}},
        {"kernel.percpu.cpu.irq.soft": {"cpu0": 0.0, "cpu1": 0.7}}, 8,
        {"kernel.percpu.cpu.irq.soft": {"cpu0": 0.0, "cpu1": 0.95}}, 12, 9, "", "cpu1 softirq 95 %",
    ),
    "tcp-overflow": Case(
        single("network.tcp.listenoverflows", 0), None, single("network.tcp.listenoverflows", 2), 3,
        single("network.tcp.listenoverflows", 20), 10, 29, "", "200 full accept queues in 30 s",
    ),
    "net-errors": Case(
        nic("errors", 0), None, nic("errors", 0.5), 1, nic("errors", 3), 20, 60,
        "no damage", "eth0 60 damaged packets in 60 s",
    ),
    "net-drops": Case(
        nic("drops", 1), nic("drops", 3), nic("drops", 8), 10, nic("drops", 300), 20, 25, "",
        "eth0 6010 drops in 30 s",
    ),
    "net-backlog": Case(
        single("network.softnet.dropped", 0), None, single("network.softnet.dropped", 1), 3,
        single("network.softnet.dropped", 40), 20, 59, "", "800 backlog drops in 60 s",
    ),
    "tcp-retransmits": Case(
        tcp(0.001), tcp(0.015), tcp(0.03), 8, tcp(0.2), 10, 11, "", "20 % retransmitted"
    ),
}  # fmt: skip


def test_each_rule_has_its_samples_here() -> None:
    assert set(CASES) == {rule.id for rule in RULES.all}


@pytest.mark.parametrize("id", CASES)
def test_watch_needs_its_seconds_and_no_fewer(bench: Any, id: str) -> None:
    case, cell = CASES[id], RULES[id].cell
    if case.watch is None:
        return
    b = bench(only=[id])
    b.run(case.calm, 130)
    assert b.state(cell) in ("fine", "unmeasured")
    assert b.until(case.watch, cell, "watch") == case.watch_after


@pytest.mark.parametrize("id", CASES)
def test_guilt_needs_its_seconds_and_clears_some_seconds_after(bench: Any, id: str) -> None:
    case, cell = CASES[id], RULES[id].cell
    worst = case.guilty or case.watch
    b = bench(only=[id])
    b.run(case.calm, 130)
    before = b.state(cell)
    if case.guilty is not None:
        assert b.until(worst, cell, "guilty") == case.guilty_after
    else:
        b.until(worst, cell, "watch")
    assert b.cell(cell).text == case.said
    took = b.until(case.calm, cell, before)
    assert took == case.cleared_after


@pytest.mark.parametrize("id", CASES)
def test_between_both_thresholds_nothing_is_raised_and_nothing_cleared(bench: Any, id: str) -> None:
    case, cell = CASES[id], RULES[id].cell
    if case.between is None or case.watch is None:
        return
    b = bench(only=[id])
    b.run(case.between, 130)
    assert b.state(cell) not in ("watch", "guilty")
    b.until(case.watch, cell, "watch")
    b.run(case.between, 130)
    assert b.state(cell) == "watch"


@pytest.mark.parametrize("id", CASES)
def test_a_single_sample_is_never_guilty_nor_watched_but_for_errors(bench: Any, id: str) -> None:
    case, rule = CASES[id], RULES[id]
    b = bench(only=[id])
    b.run(case.calm, 40)
    before = b.state(rule.cell)
    b.row(case.guilty or case.watch)
    counted = rule.events and rule.watch is not None and rule.watch.seconds == 1
    assert b.state(rule.cell) == ("watch" if counted else before)


@pytest.mark.parametrize("id", CASES)
def test_fine_says_its_evidence(bench: Any, id: str) -> None:
    """Rules that are not missed where they are missing carry no green alone."""
    case, rule = CASES[id], RULES[id]
    b = bench(only=[id])
    b.run(case.calm, 29)
    assert b.cell(rule.cell).text == "measuring, 29 of 30 s"
    b.row(case.calm)
    cell = b.cell(rule.cell)
    if rule.spare:
        assert cell.state == "unmeasured" and case.fine == ""
    else:
        assert cell.state == "fine" and cell.text.startswith(case.fine)


@pytest.mark.parametrize("id", CASES)
def test_what_is_missing_is_not_measured_and_says_why(bench: Any, id: str) -> None:
    rule = RULES[id]
    b = bench(usable=frozenset())
    b.run({}, 40)
    cell = b.cell(rule.cell)
    assert cell.state == "unmeasured"
    firsts = [r for r in RULES.of(rule.cell) if not r.spare and not r.instead_of]
    assert all(r.missing in cell.text for r in firsts)
    assert rule.missing.endswith(".") or rule.missing.endswith(").")
