"""The widgets' numbers against the kernel's own counters and PCP's own reporter.

All that vectorpy draws of this host is compared with /proc, read beside it ten
times a second by a program that knows nothing of PCP, while a load of known
size runs. Tolerances, and why:

- A sample of second T is taken between T and T + 0.7 s (its host's offset below
  0.2 s, the fetch, and a busy machine's delay). So the sum of a rate over the
  seconds is compared with the least and the largest growth of the counter that
  samples of these instants can see: no tolerance in itself, exact up to when
  it was looked at.
- The API tells rates, not the seconds that each covers. Samples come a little
  early or late, so a sum of rates is not exactly the growth: SLACK, 6 %. A rate
  that is wrong by a unit (8, a millisecond, the number of CPUs) is off by far more;
  1000 for 1024 is told by the gauges of memory.
- Counters step: a jiffy, a KiB, one. `step` of each row, for either end.
- Gauges must lie within what /proc showed around the second, widened by what can
  come and go between two readings; in 4 of 5 seconds, as a peak may be shorter.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

SLACK = 0.06
JIFFIES = 0.03

WIDGETS = [
    *("cpu", "cpu-percpu", "load", "runqueue", "context-switches", "interrupts", "forks"),
    *("psi-cpu", "psi-memory", "psi-io", "memory", "memory-available", "swap", "paging"),
    *("page-faults", "major-faults", "oom-kills", "disk-iops", "disk-throughput"),
    *("disk-latency", "disk-utilization", "disk-queue", "filesystems", "network-throughput"),
    *("network-packets", "network-errors", "softnet", "tcp-connections", "tcp-segments"),
    *("tcp-retransmits", "tcp-listen", "tcp-resets", "udp-errors", "file-descriptors"),
]


@dataclass(frozen=True)
class Rate:
    """A series that is a rate: its sum over the seconds, times `scale`, is the counter's growth."""

    widget: str
    series: str
    counter: str
    scale: float = 1.0
    step: float = 1.0
    role: str = ""


PERCENT = 0.01
RATES = [
    Rate("context-switches", "switches", "ctxt"),
    Rate("interrupts", "interrupts", "intr"),
    Rate("forks", "started", "processes"),
    *(
        Rate(f"psi-{resource}", kind, f"psi.{resource}.{kind}", PERCENT, 0.001)
        for resource, kinds in (("cpu", ("some",)), ("memory", ("some", "full")))
        for kind in kinds
    ),
    Rate("psi-io", "some", "psi.io.some", PERCENT, 0.001),
    Rate("psi-io", "full", "psi.io.full", PERCENT, 0.001),
    Rate("swap", "in", "vm.pswpin", role="readout"),
    Rate("swap", "out", "vm.pswpout", role="readout"),
    Rate("paging", "swap in", "vm.pswpin"),
    Rate("paging", "swap out", "vm.pswpout"),
    Rate("paging", "reclaimed", "vm.pgsteal_kswapd"),
    Rate("paging", "direct", "vm.pgsteal_direct"),
    Rate("page-faults", "major", "vm.pgmajfault", role="readout"),
    Rate("major-faults", "major", "vm.pgmajfault"),
    Rate("oom-kills", "kills", "vm.oom_kill"),
    Rate("softnet", "dropped", "softnet.dropped"),
    Rate("softnet", "time squeeze", "softnet.squeezed"),
    Rate("softnet", "processed", "softnet.processed", role="readout"),
    Rate("tcp-segments", "in", "Tcp.InSegs"),
    Rate("tcp-segments", "out", "Tcp.OutSegs"),
    Rate("tcp-segments", "bad in", "Tcp.InErrs", role="readout"),
    Rate("tcp-retransmits", "segments", "Tcp.RetransSegs", role="readout"),
    Rate("tcp-listen", "overflows", "TcpExt.ListenOverflows"),
    Rate("tcp-listen", "drops", "TcpExt.ListenDrops"),
    Rate("tcp-listen", "syn drops", "TcpExt.TCPReqQFullDrop"),
    Rate("tcp-resets", "reset", "Tcp.EstabResets"),
    Rate("tcp-resets", "sent", "Tcp.OutRsts"),
    Rate("tcp-resets", "failed attempts", "Tcp.AttemptFails"),
    Rate("udp-errors", "in errors", "Udp.InErrors"),
    Rate("udp-errors", "receive buffer", "Udp.RcvbufErrors"),
    Rate("udp-errors", "checksum", "Udp.InCsumErrors"),
    Rate("udp-errors", "send buffer", "Udp.SndbufErrors"),
    Rate("udp-errors", "no port", "Udp.NoPorts"),
]
# Per instance: widget, series without the instance, counter with it in the middle.
EACH = [
    Rate("disk-iops", "read", "disk.{}.reads"),
    Rate("disk-iops", "write", "disk.{}.writes"),
    Rate("disk-throughput", "read", "disk.{}.read.bytes", step=2048),
    Rate("disk-throughput", "write", "disk.{}.write.bytes", step=2048),
    Rate("disk-utilization", "", "disk.{}.busy", PERCENT, 0.02),
    Rate("disk-queue", "", "disk.{}.queue", 1.0, 0.02),
    Rate("network-throughput", "in", "net.{}.in.bytes"),
    Rate("network-throughput", "out", "net.{}.out.bytes"),
    Rate("network-packets", "in", "net.{}.in.packets"),
    Rate("network-packets", "out", "net.{}.out.packets"),
    *(
        Rate("network-errors", f"{side} {kind}", f"net.{{}}.{side}.{kind}")
        for side in ("in", "out")
        for kind in ("errors", "drops")
    ),
    Rate("cpu-percpu", "", "{}.busy", PERCENT, JIFFIES),
]


def compare(measured: Any, values: dict[int, float | None], row: Rate) -> float:
    """The sum of `values`, after it was found to be what the counter grew by."""
    known = [value for value in values.values() if value is not None]
    assert len(known) >= len(values) - 2, f"{len(values) - len(known)} gaps"
    total = sum(known) * row.scale
    missed = (len(values) - len(known)) * max(known) * row.scale
    low, high = measured.growth(row.counter)
    least = low * (1 - SLACK) - row.step - missed
    most = high * (1 + SLACK) + row.step
    assert least <= total <= most, f"{row}: {total} is not within {low} to {high}"
    return total


@pytest.mark.parametrize(
    "row", RATES, ids=lambda row: f"{row.widget}-{row.series}".replace(" ", "_")
)
def test_rates_add_up_to_what_the_kernel_counted(measured: Any, row: Rate) -> None:
    key = row.series, row.role
    if key not in measured.points[row.widget]:
        assert row.counter not in measured.readings[0][2], f"{row} is not drawn"
        pytest.skip("this kernel has no such counter")
    compare(measured, measured.series(row.widget, *key), row)


@pytest.mark.parametrize(
    "row", EACH, ids=lambda row: f"{row.widget}-{row.series}".replace(" ", "_")
)
def test_rates_of_instances_add_up(measured: Any, row: Rate) -> None:
    """Every instance that is drawn, and the ones that the load used are."""
    checked = []
    for name, role in measured.points[row.widget]:
        instance = name.removesuffix(f" {row.series}") if row.series else name
        if role or (row.series and instance == name):
            continue
        values = measured.series(row.widget, name)
        one = Rate(row.widget, name, row.counter.format(instance), row.scale, row.step)
        compare(measured, values, one)
        checked.append(instance)
    assert checked
    if row.widget.startswith("network-t") or row.widget.startswith("network-p"):
        assert "lo" in checked


MODES = {
    "user": "vuser", "nice": "vnice", "sys": "sys", "iowait": "iowait", "irq": "irq",
    "softirq": "softirq", "steal": "steal", "guest": "guests", "idle": "idle",
}  # fmt: skip


def test_cpu_by_mode(measured: Any) -> None:
    """The modes are 100 % in every second, and each is its share of the CPU seconds there were."""
    ours = {
        name: next(measured.series("cpu", *key) for key in measured.points["cpu"] if key[0] == name)
        for name in MODES
    }
    for second in range(measured.start + 1, measured.end + 1):
        shares = [ours[name][second] for name in MODES]
        if None not in shares:
            assert sum(shares) == pytest.approx(100, abs=0.01), second
    first = measured.readings[0][2]
    cpus = sum(key.startswith("cpu") and key.endswith(".busy") for key in first) - 1
    for name, mode in MODES.items():
        compare(
            measured, ours[name], Rate("cpu", name, f"cpu.{mode}", cpus * PERCENT, JIFFIES * cpus)
        )


def test_no_cpu_is_busier_than_all_the_time(measured: Any) -> None:
    """Its modes are measured against each other, not against a clock that is read later."""
    for key in measured.points["cpu-percpu"]:
        values = [value for value in measured.series("cpu-percpu", *key).values() if value]
        assert max(values) <= 100.001, key


def product(
    measured: Any, values: dict[int, float | None], weights: dict[int, float | None]
) -> dict[int, float | None]:
    """What a ratio is the ratio of: nothing where nothing happened, and there it must be a gap."""
    found: dict[int, float | None] = {}
    for second, weight in weights.items():
        value = values[second]
        if weight == 0:
            assert value is None, f"{value} without any operation at {second}"
            found[second] = 0.0
        else:
            found[second] = None if value is None or weight is None else value * weight
    return found


@pytest.mark.parametrize("side", ["read", "write"])
def test_disk_latency_is_the_time_of_one_operation(measured: Any, side: str) -> None:
    """Times the operations of the same second it is the time that the kernel counted."""
    for name, _ in measured.points["disk-latency"]:
        disk = name.removesuffix(f" {side}")
        if disk != name:
            latency = measured.series("disk-latency", name)
            spent = product(measured, latency, measured.series("disk-iops", name))
            compare(
                measured, spent, Rate("disk-latency", name, f"disk.{disk}.{side}.time", 1.0, 0.01)
            )


def test_retransmissions_in_per_cent_of_segments(measured: Any) -> None:
    share = measured.series("tcp-retransmits", "retransmitted")
    spent = product(measured, share, measured.series("tcp-segments", "out"))
    again = compare(
        measured, spent, Rate("tcp-retransmits", "retransmitted", "Tcp.RetransSegs", PERCENT)
    )
    assert again > 10, "the load's lost connections are not seen"


def test_minor_faults_leave_major_ones_out(measured: Any) -> None:
    values = measured.series("page-faults", "minor")
    majors = measured.series("page-faults", "major", "readout")
    every = {t: None if v is None else v + majors[t] for t, v in values.items()}
    compare(measured, every, Rate("page-faults", "minor", "vm.pgfault"))
    assert sum(v for v in values.values() if v) > measured.load["faults"] * (1 - SLACK)


FLOORS = [
    ("forks", "started", "", "forks"),
    ("major-faults", "major", "", "major"),
    ("tcp-resets", "failed attempts", "", "refused"),
    ("tcp-resets", "reset", "", "reset"),
    ("udp-errors", "no port", "", "udp.no port"),
    ("network-throughput", "lo in", "", "net.lo.bytes"),
    ("network-throughput", "lo out", "", "net.lo.bytes"),
]


@pytest.mark.parametrize(("widget", "series", "role", "done"), FLOORS)
def test_the_load_is_seen_whole(
    measured: Any, widget: str, series: str, role: str, done: str
) -> None:
    """What the load did is known without any counter: at least that much is drawn."""
    values = measured.series(widget, series, role).values()
    least = measured.load[done] * (1 - SLACK) * (0.5 if done == "major" else 1)
    assert sum(value for value in values if value) > least > 0


def test_the_disk_s_load_is_seen_whole(measured: Any) -> None:
    """Written and synced: on some disk, at least that much."""
    written = [
        sum(value for value in measured.series("disk-throughput", *key).values() if value)
        for key in measured.points["disk-throughput"]
        if key[0].endswith(" write")
    ]
    assert max(written) > measured.load["disk.write.bytes"] * (1 - SLACK)


# -- gauges --------------------------------------------------------------------

MEBI = 1 << 20
Gauge = tuple[str, str, str, Callable[[dict[str, float]], float], float]
GAUGES: list[Gauge] = [
    ("load", "1 minute", "", lambda now: now["load.1"], 0.01),
    ("load", "5 minute", "", lambda now: now["load.5"], 0.01),
    ("load", "15 minute", "", lambda now: now["load.15"], 0.01),
    ("runqueue", "blocked", "", lambda now: now["procs_blocked"], 2),
    ("memory", "applications", "", lambda now: now["mem.AnonPages"], 32 * MEBI),
    ("memory", "shared", "", lambda now: now["mem.Shmem"], 8 * MEBI),
    ("memory", "slab fixed", "", lambda now: now["mem.SUnreclaim"], 4 * MEBI),
    ("memory", "slab cache", "", lambda now: now["mem.SReclaimable"], 4 * MEBI),
    ("memory", "buffers", "", lambda now: now["mem.Buffers"], MEBI),
    ("memory", "page cache", "", lambda now: now["mem.Cached"] - now["mem.Shmem"], 16 * MEBI),
    ("memory", "free", "rest", lambda now: now["mem.MemFree"], 64 * MEBI),
    (
        *("memory", "huge pages", ""),
        lambda now: now.get("mem.HugePages_Total", 0) * now.get("mem.Hugepagesize", 0),
        0,
    ),
    (
        *("memory", "other", ""),
        lambda now: (
            now["mem.MemTotal"]
            - sum(
                now[f"mem.{one}"] for one in ("AnonPages", "Slab", "Buffers", "Cached", "MemFree")
            )
            - now.get("mem.HugePages_Total", 0) * now.get("mem.Hugepagesize", 0)
        ),
        64 * MEBI,
    ),
    ("memory-available", "available", "", lambda now: now["mem.MemAvailable"], 64 * MEBI),
    (
        *("memory-available", "available", "readout"),
        lambda now: 100 * now["mem.MemAvailable"] / now["mem.MemTotal"],
        0.3,
    ),
    ("memory-available", "all memory", "limit", lambda now: now["mem.MemTotal"], 1e-5 * 2**35),
    ("swap", "used", "", lambda now: now["mem.SwapTotal"] - now["mem.SwapFree"], MEBI),
    ("file-descriptors", "open", "", lambda now: now["files"], 130),
    *(
        ("tcp-connections", state, "", lambda now, state=state: now[f"tcp.{state}"], 12)
        for state in ("established", "syn sent", "syn received", "close wait", "time wait")
    ),
    ("tcp-connections", "fin wait", "", lambda now: now["tcp.fin wait"], 12),
    ("tcp-connections", "closing", "", lambda now: now["tcp.closing"], 12),
    ("tcp-connections", "listen", "", lambda now: now["tcp.listen"], 12),
]


def gauge_holds(measured: Any, key: tuple[str, str, str], read: Any, room: float) -> None:
    values = measured.series(*key)
    strays = []
    for second, value in values.items():
        near = [
            read(now)
            for begin, end, now in measured.readings
            if end >= second - 0.3 and begin <= second + 1.0
        ]
        # Six digits travel: half of the sixth is lost.
        rounding = 5e-6 * abs(value or 0)
        if value is None or not min(near) - room - rounding <= value <= max(near) + room + rounding:
            strays.append((second, value, min(near), max(near)))
    assert len(strays) <= len(values) // 5, strays


@pytest.mark.parametrize(
    "gauge", GAUGES, ids=lambda gauge: "-".join(filter(None, gauge[:3])).replace(" ", "_")
)
def test_gauges_are_what_the_kernel_said(measured: Any, gauge: Gauge) -> None:
    widget, series, role, read, room = gauge
    gauge_holds(measured, (widget, series, role), read, room)


def test_memory_adds_up_to_all_of_it(measured: Any) -> None:
    parts = [measured.series("memory", *key) for key in measured.points["memory"]]
    every = measured.readings[0][2]["mem.MemTotal"]
    for second in range(measured.start + 1, measured.end + 1):
        values = [part[second] for part in parts]
        assert None not in values
        assert sum(values) == pytest.approx(every, rel=1e-5)


def test_file_systems_are_as_full_as_df_says(measured: Any) -> None:
    """Used in per cent of what ordinary users can have; 0.2 for files that come and go."""
    for mount, role in measured.points["filesystems"]:
        gauge_holds(
            measured, ("filesystems", mount, role), lambda now, m=mount: now[f"fs.{m}"], 0.2
        )
    assert ("/", "") in measured.points["filesystems"]


def test_connections_that_the_load_holds_are_seen(measured: Any) -> None:
    """Both ends of each, in the load's midst."""
    middle = int((measured.load["begin"] + measured.load["end"]) / 2)
    values = measured.series("tcp-connections", "established")
    assert values[middle] >= measured.load["held connections"] == 80


def test_busy_tasks_are_in_the_run_queue(measured: Any) -> None:
    """Three of the load never sleep, and the agent that reads is runnable as well.

    The number changes within milliseconds, and pmcd, its agents and the sampler
    wake for each sample: so its mean lies above that of readings beside it, by
    no more than those few, and never below.
    """
    inside = range(int(measured.load["begin"]) + 3, int(measured.load["end"]) - 1)
    values = [measured.series("runqueue", "runnable")[second] for second in inside]
    assert all(value >= 4 for value in values)
    near = [
        now["procs_running"]
        for begin, end, now in measured.readings
        if begin >= inside[0] and end <= inside[-1]
    ]
    assert -2 < sum(values) / len(values) - sum(near) / len(near) < 8
    cpus = set(measured.points["load"]["CPUs", "limit"].values())
    assert cpus == set(measured.points["runqueue"]["CPUs", "limit"].values())
    assert cpus == {os.sysconf("SC_NPROCESSORS_ONLN")}


# -- PCP's own reporter ----------------------------------------------------------

REPORTS = [
    ("context-switches", "switches", "kernel.all.pswitch", 1.0),
    ("forks", "started", "kernel.all.sysfork", 1.0),
    ("psi-cpu", "some", "kernel.all.pressure.cpu.some.total", 100.0),
    ("tcp-segments", "out", "network.tcp.outsegs", 1.0),
    ("network-throughput", "lo in", "network.interface.in.bytes-lo", 1.0),
]


@pytest.mark.parametrize(("widget", "series", "column", "scale"), REPORTS)
def test_pmrep_says_the_same(
    measured: Any,
    reported_units: dict[str, float],
    widget: str,
    series: str,
    column: str,
    scale: float,
) -> None:
    """Sums over the same seconds by PCP's own rates of the same pmcd: 10 %, as pmrep samples
    at other instants of the first and the last second."""
    rows = measured.reported[column]
    seen = range(max(min(rows), measured.start + 1), min(max(rows), measured.end) + 1)
    theirs = sum(rows.get(second, 0.0) for second in seen)
    values = measured.series(widget, series)
    ours = sum(values[second] or 0.0 for second in seen)
    assert len(seen) > 15
    assert ours == pytest.approx(
        theirs * scale * reported_units[column.partition("-")[0]], rel=0.10
    )
