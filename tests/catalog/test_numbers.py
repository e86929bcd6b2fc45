"""The numbers of widgets: two samples written down by hand, and what must be drawn of them.

Expected values were worked out by hand from /proc's meaning of the counters.
"""

from __future__ import annotations

import pytest

CPU_FIRST = {
    "kernel.all.cpu.user": 10_000,
    "kernel.all.cpu.vuser": 9_000,
    "kernel.all.cpu.nice": 500,
    "kernel.all.cpu.vnice": 500,
    "kernel.all.cpu.sys": 2_000,
    "kernel.all.cpu.idle": 90_000,
    "kernel.all.cpu.wait.total": 300,
    "kernel.all.cpu.irq.hard": 10,
    "kernel.all.cpu.irq.soft": 20,
    "kernel.all.cpu.steal": 40,
    "kernel.all.cpu.guest": 1_000,
    "kernel.all.cpu.guest_nice": 0,
}
# Over one second, 4 CPUs: 4,000 ms in all; user 1,000 of which 200 were a guest's.
CPU_SECOND = {
    "kernel.all.cpu.user": 11_000,
    "kernel.all.cpu.vuser": 9_800,
    "kernel.all.cpu.nice": 600,
    "kernel.all.cpu.vnice": 560,
    "kernel.all.cpu.sys": 2_400,
    "kernel.all.cpu.idle": 92_000,
    "kernel.all.cpu.wait.total": 580,
    "kernel.all.cpu.irq.hard": 50,
    "kernel.all.cpu.irq.soft": 100,
    "kernel.all.cpu.steal": 140,
    "kernel.all.cpu.guest": 1_200,
    "kernel.all.cpu.guest_nice": 40,
}


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def test_cpu_modes_without_guests_give_100_per_cent(catalog, drawn):
    shown = drawn(catalog.resolve("cpu"), CPU_FIRST, CPU_SECOND)
    assert shown == {
        "user": near(20.0),
        "nice": near(1.5),
        "sys": near(10.0),
        "iowait idle": near(7.0),
        "irq": near(1.0),
        "softirq": near(2.0),
        "steal apart": near(2.5),
        "guest": near(6.0),
        "idle rest": near(50.0),
    }
    assert sum(shown.values()) == near(100.0)


@pytest.mark.parametrize("dt", [0.25, 0.97, 1.08, 2.4])
def test_cpu_modes_give_100_per_cent_whatever_the_host_s_clock_says(catalog, drawn, dt):
    shown = drawn(catalog.resolve("cpu"), CPU_FIRST, CPU_SECOND, dt)
    assert sum(shown.values()) == near(100.0)
    assert shown["user"] == near(20.0)


def test_a_cpu_that_did_not_move_at_all_is_a_gap_and_not_zero(catalog, drawn):
    shown = drawn(catalog.resolve("cpu"), CPU_FIRST, CPU_FIRST)
    assert set(shown.values()) == {None}


@pytest.mark.parametrize("dt", [0.9, 1.0, 1.1])
def test_percpu_is_of_one_cpu_each_and_counts_guests_once(catalog, drawn, dt):
    """Whatever the host's clock says of the second: no CPU is busier than all the time."""
    before = {
        f"kernel.percpu.cpu.{mode}": {"cpu0": 1_000, "cpu1": 1_000}
        for mode in ("user", "nice", "sys", "irq.hard", "irq.soft", "steal", "idle", "wait.total")
    }
    after = {
        "kernel.percpu.cpu.idle": {"cpu0": 1_000, "cpu1": 1_890},
        "kernel.percpu.cpu.wait.total": {"cpu0": 1_000, "cpu1": 1_100},
        "kernel.percpu.cpu.user": {"cpu0": 1_700, "cpu1": 1_000},
        "kernel.percpu.cpu.nice": {"cpu0": 1_000, "cpu1": 1_000},
        "kernel.percpu.cpu.sys": {"cpu0": 1_200, "cpu1": 1_010},
        "kernel.percpu.cpu.irq.hard": {"cpu0": 1_000, "cpu1": 1_000},
        "kernel.percpu.cpu.irq.soft": {"cpu0": 1_050, "cpu1": 1_000},
        "kernel.percpu.cpu.steal": {"cpu0": 1_050, "cpu1": 1_000},
    }
    assert drawn(catalog.resolve("cpu-percpu"), before, after, dt) == {
        "cpu0": near(100.0),
        "cpu1": near(1.0),
    }


def test_pressure_is_per_cent_of_time_from_the_running_total(catalog, drawn):
    first = {
        "kernel.all.pressure.memory.some.total": 5_000_000,
        "kernel.all.pressure.memory.full.total": 1_000_000,
    }
    second = {
        "kernel.all.pressure.memory.some.total": 5_250_000,
        "kernel.all.pressure.memory.full.total": 1_125_000,
    }
    assert drawn(catalog.resolve("psi-memory"), first, second) == {
        "some": near(25.0),
        "full": near(12.5),
    }
    assert drawn(catalog.resolve("psi-memory"), first, second, 2.0)["some"] == near(12.5)


def test_cpu_pressure_without_full_draws_some(catalog, drawn):
    metric = "kernel.all.pressure.cpu.some.total"
    shown = drawn(catalog.resolve("psi-cpu"), {metric: 0}, {metric: 900_000})
    assert shown == {"some": near(90.0)}


MEMORY = {
    "mem.physmem": 16_000_000,
    "mem.util.anonpages": 4_000_000,
    "mem.util.shmem": 500_000,
    "mem.util.hugepagesTotalBytes": 2_097_152_000,
    "mem.util.slab": 900_000,
    "mem.util.slabReclaimable": 600_000,
    "mem.util.bufmem": 100_000,
    "mem.util.cached": 5_500_000,
    "mem.util.free": 3_000_000,
}


def test_memory_parts_are_bytes_and_give_physical_memory_exactly(catalog, drawn):
    shown = drawn(catalog.resolve("memory"), MEMORY, MEMORY)
    assert shown == {
        "applications": 4_096_000_000,
        "shared": 512_000_000,
        "huge pages": 2_097_152_000,
        "slab fixed": 307_200_000,
        "other": 462_848_000,
        "slab cache": 614_400_000,
        "buffers": 102_400_000,
        "page cache": 5_120_000_000,
        "free rest": 3_072_000_000,
    }
    assert sum(shown.values()) == 16_384_000_000


def test_memory_gives_physical_memory_where_huge_pages_are_not_told(catalog, drawn):
    older = {k: v for k, v in MEMORY.items() if k != "mem.util.hugepagesTotalBytes"}
    shown = drawn(catalog.resolve("memory"), older, older)
    assert "huge pages" not in shown
    assert shown["other"] == 2_560_000_000
    assert sum(shown.values()) == 16_384_000_000


def test_available_memory_stands_beside_all_of_it_in_bytes_and_per_cent(catalog, drawn):
    values = {"mem.util.available": 4_000_000, "mem.physmem": 16_000_000}
    assert drawn(catalog.resolve("memory-available"), values, values) == {
        "available": 4_096_000_000,
        "all memory limit": 16_384_000_000,
        "available readout": near(25.0),
    }


DISK_FIRST = {
    "disk.dev.read": {"sda": 1_000, "sdb": 50},
    "disk.dev.write": {"sda": 2_000, "sdb": 10},
    "disk.dev.read_rawactive": {"sda": 30_000, "sdb": 700},
    "disk.dev.write_rawactive": {"sda": 4_294_967_000, "sdb": 90},
    "disk.dev.read_bytes": {"sda": 8_000, "sdb": 0},
    "disk.dev.write_bytes": {"sda": 1_000, "sdb": 0},
    "disk.dev.avactive": {"sda": 4_294_967_290, "sdb": 5},
    "disk.dev.aveq": {"sda": 100_000, "sdb": 0},
}
# sda: 200 reads in 900 ms, 40 writes in 1,200 ms (the 32-bit counter wraps); sdb: nothing.
DISK_SECOND = {
    "disk.dev.read": {"sda": 1_200, "sdb": 50},
    "disk.dev.write": {"sda": 2_040, "sdb": 10},
    "disk.dev.read_rawactive": {"sda": 30_900, "sdb": 700},
    "disk.dev.write_rawactive": {"sda": 904, "sdb": 90},
    "disk.dev.read_bytes": {"sda": 9_024, "sdb": 0},
    "disk.dev.write_bytes": {"sda": 1_512, "sdb": 0},
    "disk.dev.avactive": {"sda": 744, "sdb": 5},
    "disk.dev.aveq": {"sda": 102_100, "sdb": 0},
}


def test_disk_latency_is_seconds_per_operation_and_a_gap_without_any(catalog, drawn):
    assert drawn(catalog.resolve("disk-latency"), DISK_FIRST, DISK_SECOND) == {
        "sda read": near(0.0045),
        "sda write": near(0.03),
        "sdb read": None,
        "sdb write": None,
    }


def test_disk_latency_does_not_depend_on_the_time_between_samples(catalog, drawn):
    shown = drawn(catalog.resolve("disk-latency"), DISK_FIRST, DISK_SECOND, 2.0)
    assert shown["sda read"] == near(0.0045)


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("disk-iops", {"sda read": 200, "sda write": 40, "sdb read": 0, "sdb write": 0}),
        (
            "disk-throughput",
            {"sda read": 1_048_576, "sda write": 524_288, "sdb read": 0, "sdb write": 0},
        ),
        ("disk-utilization", {"sda": 75.0, "sdb": 0}),
        ("disk-queue", {"sda": 2.1, "sdb": 0}),
    ],
)
def test_disk_rates(catalog, drawn, id, expected):
    shown = drawn(catalog.resolve(id), DISK_FIRST, DISK_SECOND)
    assert shown == {name: near(value) for name, value in expected.items()}


def test_retransmissions_in_per_cent_of_segments_and_per_second(catalog, drawn):
    first = {"network.tcp.retranssegs": 70, "network.tcp.outsegs": 10_000}
    second = {"network.tcp.retranssegs": 76, "network.tcp.outsegs": 10_400}
    shown = drawn(catalog.resolve("tcp-retransmits"), first, second)
    assert shown == {"retransmitted": near(1.5), "segments readout": near(6.0)}
    quiet = drawn(catalog.resolve("tcp-retransmits"), first, first)
    assert quiet == {"retransmitted": None, "segments readout": 0}


def test_connections_are_those_of_both_ip_versions(catalog, drawn):
    names = catalog.resolve("tcp-connections").metrics
    values = {name: 3 if "conn6" in name else 10 for name in names}
    assert drawn(catalog.resolve("tcp-connections"), values, values) == {
        "established": 13,
        "syn sent": 13,
        "syn received": 13,
        "close wait": 13,
        "time wait": 13,
        "fin wait": 26,
        "closing": 39,
        "listen": 13,
    }
    older = {name: 10 for name in names if "conn6" not in name}
    assert drawn(catalog.resolve("tcp-connections"), older, older)["fin wait"] == 20


def test_minor_faults_are_without_the_major_ones(catalog, drawn):
    first = {"mem.vmstat.pgfault": 1_000, "mem.vmstat.pgmajfault": 100}
    second = {"mem.vmstat.pgfault": 1_500, "mem.vmstat.pgmajfault": 120}
    shown = drawn(catalog.resolve("page-faults"), first, second)
    assert shown == {"minor": near(480), "major readout": near(20)}


@pytest.mark.parametrize(
    ("limit", "line", "share"), [(1_000, 1_000, 40.0), (-1, None, None), (0, None, None)]
)
def test_a_kernel_without_a_limit_of_files_has_no_line(catalog, drawn, limit, line, share):
    values = {"vfs.files.count": 400, "vfs.files.max": limit}
    assert drawn(catalog.resolve("file-descriptors"), values, values) == {
        "open": 400,
        "limit limit": line,
        "of the limit readout": share,
    }


def test_swap_is_bytes_with_pages_beside_it_and_no_line_where_there_is_none(catalog, drawn):
    first = {
        "swap.used": 1_000_000,
        "swap.length": 8_000_000,
        "mem.vmstat.pswpin": 5,
        "mem.vmstat.pswpout": 7,
    }
    second = {**first, "mem.vmstat.pswpin": 25, "mem.vmstat.pswpout": 7}
    shown = drawn(catalog.resolve("swap"), first, second)
    assert shown == {
        "used": 1_000_000,
        "all swap limit": 8_000_000,
        "in readout": near(20),
        "out readout": 0,
    }
    none = {**first, "swap.used": 0, "swap.length": 0}
    assert drawn(catalog.resolve("swap"), none, none)["all swap limit"] is None


def test_file_systems_are_per_cent_as_pcp_tells_them(catalog, drawn):
    values = {
        "filesys.full": {"/dev/sda1": 93.5},
        "tmpfs.full": {"/dev/shm": 1.0},
        "filesys.mountdir": {"/dev/sda1": "/"},
    }
    shown = drawn(catalog.resolve("filesystems"), values, values)
    assert shown == {"/dev/sda1": 93.5, "/dev/shm": 1.0}


def test_inodes_are_left_out_where_a_file_system_has_no_fixed_number(catalog, drawn):
    values = {
        "filesys.usedfiles": {"/dev/sda1": 250, "/dev/sdb1": 70},
        "filesys.maxfiles": {"/dev/sda1": 1_000, "/dev/sdb1": 0},
        "filesys.mountdir": {"/dev/sda1": "/", "/dev/sdb1": "/data"},
    }
    shown = drawn(catalog.resolve("filesystem-inodes"), values, values)
    assert shown == {"/dev/sda1": 25.0, "/dev/sdb1": None}


def test_load_has_one_line_per_average_and_the_cpus_as_limit(catalog, drawn):
    values = {
        "kernel.all.load": {"1 minute": 3.5, "5 minute": 2.0, "15 minute": 1.0},
        "hinv.ncpu": 4,
    }
    assert drawn(catalog.resolve("load"), values, values) == {
        "1 minute": 3.5,
        "5 minute": 2.0,
        "15 minute": 1.0,
        "CPUs limit": 4,
    }


def test_network_drops_are_rates_and_not_raw_counters(catalog, drawn):
    metrics = [
        f"network.interface.{way}.{what}" for way in ("in", "out") for what in ("errors", "drops")
    ]
    first = {name: {"eth0": 1_000_000} for name in metrics}
    second = {**first, "network.interface.in.drops": {"eth0": 1_000_003}}
    assert drawn(catalog.resolve("network-errors"), first, second) == {
        "eth0 in errors": 0,
        "eth0 in drops": near(3),
        "eth0 out errors": 0,
        "eth0 out drops": 0,
    }
