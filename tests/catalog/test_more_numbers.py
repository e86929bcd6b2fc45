"""More numbers of widgets, from samples written down by hand; see test_numbers.py."""

from __future__ import annotations

import pytest


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.fixture
def shown(catalog, drawn):
    """`shown(id, first, second, dt)`."""
    return lambda id, *samples: drawn(catalog.resolve(id), *samples)


def test_size_of_requests_is_bytes_of_one(shown):
    first = {
        "disk.dev.read": {"sda": 100},
        "disk.dev.write": {"sda": 7},
        "disk.dev.read_bytes": {"sda": 1_000},
        "disk.dev.write_bytes": {"sda": 50},
    }
    second = {
        **first,
        "disk.dev.read": {"sda": 150},
        "disk.dev.read_bytes": {"sda": 1_800},
    }
    expected = {"sda read": near(16_384), "sda write": None}
    assert shown("disk-request-size", first, second) == expected
    assert shown("disk-request-size", first, second, 2.0) == expected


def test_flushes_are_counted_and_their_time_is_of_one(shown):
    first = {
        "disk.dev.flush": {"sda": 10},
        "disk.dev.flush_rawactive": {"sda": 4_294_967_290},
        "disk.dev.discard": {"sda": 3},
        "disk.dev.discard_rawactive": {"sda": 9},
    }
    second = {
        **first,
        "disk.dev.flush": {"sda": 14},
        "disk.dev.flush_rawactive": {"sda": 4},
    }
    assert shown("disk-flushes", first, second) == {"sda flush": near(4), "sda discard": 0}
    assert shown("disk-flush-latency", first, second) == {
        "sda flush": near(0.0025),
        "sda discard": None,
    }


def test_space_left_is_in_bytes(shown):
    values = {"filesys.avail": {"/dev/sda1": 2_000}, "filesys.mountdir": {"/dev/sda1": "/"}}
    assert shown("filesystem-free", values, values) == {"/dev/sda1": 2_048_000}


def test_memory_of_the_kernel_is_in_bytes(shown):
    values = {
        "mem.util.slabUnreclaimable": 300,
        "mem.util.slabReclaimable": 600,
        "mem.util.pageTables": 40,
        "mem.util.kernelStack": 16,
    }
    assert shown("kernel-memory", values, values) == {
        "slab fixed": 307_200,
        "slab cache": 614_400,
        "page tables": 40_960,
        "stacks": 16_384,
    }


def test_stalls_of_both_zones_are_added_up(shown):
    first = {
        "mem.vmstat.allocstall_normal": 5,
        "mem.vmstat.allocstall_movable": 5,
        "mem.vmstat.compact_stall": 1,
        "mem.vmstat.pgscan_direct_throttle": 0,
    }
    second = {**first, "mem.vmstat.allocstall_normal": 9, "mem.vmstat.allocstall_movable": 11}
    assert shown("allocation-stalls", first, second, 2.0) == {
        "reclaim": near(5),
        "compaction": 0,
        "throttled": 0,
    }
    older = {"mem.vmstat.allocstall": 7}, {"mem.vmstat.allocstall": 10}
    assert shown("allocation-stalls", *older) == {"reclaim": near(3)}


def test_scanned_pages_by_zone_are_added_up_on_older_kernels(shown):
    names = [
        f"mem.vmstat.pgscan_{who}_{zone}"
        for who in ("kswapd", "direct")
        for zone in ("dma", "dma32", "normal", "movable")
    ]
    first = dict.fromkeys(names, 100)
    second = {name: 110 if "kswapd" in name else 100 for name in names}
    assert shown("reclaim", first, second) == {"kswapd": near(40), "direct": 0}


def test_free_memory_of_each_node_is_of_that_node(shown):
    values = {
        "mem.numa.util.free": {"node0": 1_000, "node1": 30},
        "mem.numa.util.total": {"node0": 4_000, "node1": 3_000},
    }
    assert shown("numa-free", values, values) == {"node0": near(25), "node1": near(1)}


def test_memory_of_sockets_is_told_in_pages_and_shown_in_bytes(shown):
    values = {
        "network.sockstat.tcp.mem": 100,
        "network.sockstat.udp.mem": 2,
        "network.sockstat.tcp.alloc": 31,
        "hinv.pagesize": 4_096,
    }
    assert shown("socket-memory", values, values) == {
        "tcp": 409_600,
        "udp": 8_192,
        "allocated readout": 31,
    }


def test_a_link_is_up_where_it_is_switched_on_and_has_a_carrier(shown):
    values = {
        "network.interface.up": {"eth0": 1, "eth1": 1, "eth2": 0},
        "network.interface.running": {"eth0": 1, "eth1": 0, "eth2": 1},
    }
    assert shown("network-links", values, values) == {"eth0": 1, "eth1": 0, "eth2": 0}


@pytest.mark.parametrize(
    ("what", "metric"),
    [("dropped", "dropped"), ("squeezed", "time_squeeze"), ("processed", "processed")],
)
def test_packet_work_of_each_cpu_is_a_rate(catalog, drawn, what, metric):
    from vectorpy.model.watch import Wish

    name = f"network.softnet.percpu.{metric}"
    widget = catalog.instantiate(Wish.parse(f"softnet-percpu;what={what}"))
    first, second = {name: {"cpu0": 5, "cpu1": 5}}, {name: {"cpu0": 25, "cpu1": 5}}
    assert drawn(widget, first, second, 2.0) == {"cpu0": near(10), "cpu1": 0}


def test_datagrams_of_both_ip_versions_are_added_up(shown):
    names = ("udp.indatagrams", "udp6.indatagrams", "udp.outdatagrams", "udp6.outdatagrams")
    first = {f"network.{name}": 10 for name in names}
    second = {**first, "network.udp.indatagrams": 13, "network.udp6.indatagrams": 12}
    assert shown("udp-datagrams", first, second) == {"in": near(5), "out": 0}


def test_tasks_stand_below_the_highest_number_that_one_can_have(shown):
    values = {"kernel.all.nprocs": 231, "kernel.all.pid_max": 32_768}
    assert shown("tasks", values, values) == {"tasks": 231, "most limit": 32_768}


def test_uptime_is_in_seconds(shown):
    values = {"kernel.all.uptime": 12_517.5}
    assert shown("uptime", values, values) == {"up": 12_517.5}


def test_cost_of_pmcd_is_per_cent_of_one_cpu(shown):
    first = {"pmcd.cputime.total": 80, "pmcd.cputime.per_pdu_in": 28.0}
    second = {"pmcd.cputime.total": 100, "pmcd.cputime.per_pdu_in": 43.0}
    assert shown("pmcd-cpu", first, second) == {
        "pmcd": near(2),
        "each message readout": near(0.000043),
    }


def test_requests_to_pmcd_count_both_kinds_of_fetches(shown):
    first = {
        "pmcd.pdu_in.fetch": 0,
        "pmcd.pdu_in.highres_fetch": 10,
        "pmcd.pdu_in.total": 40,
        "pmcd.pdu_out.total": 50,
    }
    second = {**first, "pmcd.pdu_in.highres_fetch": 13, "pmcd.pdu_in.total": 46}
    assert shown("pmcd-requests", first, second) == {
        "fetches": near(3),
        "all in": near(6),
        "all out": 0,
    }


def test_waiting_processes_are_read_from_proc_where_our_agent_is_not(shown):
    first = {"proc.schedstat.run_delay": {"000042 java": 1_000_000_000}}
    second = {"proc.schedstat.run_delay": {"000042 java": 1_400_000_000}}
    assert shown("waiting-processes", first, second) == {"000042 java": near(40)}
