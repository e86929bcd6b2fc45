"""Every chart of Netflix Vector, versions 1 and 2, by its old name: the right widget, and the
right numbers where Vector's were wrong. Flame graphs are left out.

Samples are written down by hand; so are the expected values, from the meaning of the counters.
"""

from __future__ import annotations

import pytest

from vectorpy.model.watch import Wish

# Old names, version 1 / version 2, and the wish that they mean.
NAMES = """
kernel.all.load cpu-loadavg cpu-loadavg-table: load
kernel.all.runnable cpu-runnable: runqueue
kernel.all.cpu.sys cpu-utilization-sys: cpu;series=sys
kernel.all.cpu.user cpu-utilization-user: cpu;series=user
kernel.all.cpu cpu-utilization: cpu
kernel.percpu.cpu.sys cpu-percpu-utilization-sys: cpu-percpu;kind=line;mode=sys
kernel.percpu.cpu.user cpu-percpu-utilization-user: cpu-percpu;kind=line;mode=user
kernel.percpu.cpu cpu-percpu-utilization: cpu-percpu
kernel.all.pswitch cpu-pswitch: context-switches
mem.util.free memory-utilization-free: memory-used;series=free
mem.util.used memory-utilization-used: memory-used;series=used
mem.util.cached memory-utilization-cached: memory-used;series=cached
mem memory-utilization: memory
mem.vmstat.pgfault memory-page-faults: page-faults
network.interface.in.drops network-drops-in: network-errors;series=in%20drops
network.interface.out.drops network-drops-out: network-errors;series=out%20drops
network.interface.drops network-drops-inout: network-errors;series=*%20drops
network.interface.bytes network-throughput: network-throughput
network.interface.packets network-packets: network-packets
network.tcpconn.established network-tcp-established: tcp-connections;series=established
network.tcpconn.time_wait network-tcp-timewait: tcp-connections;series=time%20wait
network.tcpconn.close_wait network-tcp-closewait: tcp-connections;series=close%20wait
network.tcpconn network-tcp: tcp-connections
network.tcp.retrans network-retransmits: tcp-retransmit-kinds
disk.iops disk-iops: disk-iops
disk.bytes disk-throughput: disk-throughput
disk.dev.avactive disk-utilization: disk-utilization
disk.dev.latency disk-latency: disk-latency
cgroup.cpuacct.usage container-percont-cpu: container-cpu
cgroup.memory.usage container-percont-mem: container-memory
container.memory.usage container-total-cont-mem: container-memory-total
cgroup.memory.headroom container-percont-mem-headroom: container-memory-headroom
cgroup.memory.utilization container-percont-mem-util: container-memory-limit
cgroup.blkio.all.io_serviced cgroup.blkio.all.throttle.io_serviced: container-iops
container.disk.iops container-disk-iops: container-iops
cgroup.blkio.all.io_service_bytes cgroup.blkio.all.throttle.io_service_bytes: container-io
container.disk.bytes container-disk-tput: container-io
cgroup.cpusched container-percont-cpu-sched: container-cpu-shares
cgroup.cpuacct.headroom container-percont-cpu-headroom: container-cpu-headroom
cgroup.cpusched.throttled_time container-percont-cpu-throttle: container-throttled;measure=time
bcc.disk.dev.latency bcc-biolatency: io-latency
bcc.runq.latency bcc-runqlat: runq-latency
bcc.fs.ext4.latency bcc-ext4lat: ext4-latency
bcc.fs.xfs.latency bcc-xfslat: xfs-latency
bcc.fs.zfs.latency bcc-zfslat: zfs-latency
bcc.proc.io.net.tcp bcc-tcplife: connection-ends
bcc.proc.exec bcc-execsnoop: program-starts
bcc.io.net.tcp.retrans.count bcc-tcpretrans: retransmits-remote
bcc.proc.io.perdev bcc-biotop: io-processes
bcc.proc.io.net.tcptop bcc-tcptop: connections
bcc.tracepoint.hits bcc-tracepoint-hits: tracepoint-hits
bcc.usdt.hits bcc-usdt-hits: usdt-hits
bcc.uprobe.hits bcc-uprobe-hits: uprobe-hits
custom.metric custom-chart custom-table: chart
"""
PAIRS = [
    (name, line.partition(": ")[2])
    for line in NAMES.strip().splitlines()
    for name in line.partition(": ")[0].split()
]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def asked(catalog, text):
    return catalog.instantiate(Wish.parse(text))


@pytest.mark.parametrize(("name", "wish"), PAIRS)
def test_every_chart_of_vector_is_here_by_its_old_name(catalog, name, wish):
    meant = Wish.parse(wish)
    assert catalog.resolve(name).id == meant.id
    if meant.id == "chart":
        return
    ours, old = asked(catalog, wish), asked(catalog, name)
    assert (old.title, old.kind, old.active) == (ours.title, ours.kind, ours.active)


@pytest.mark.parametrize(("name", "id"), [("bcc-profile", "graph.flame.cpu.task")])
def test_flame_graphs_are_not_here(catalog, name, id):
    assert not {name, id} & {*catalog.aliases, *catalog.widgets}


def test_cpu_sys_and_user_are_of_all_cpus_and_not_of_one(catalog, drawn):
    """4 CPUs, one second: Vector 1 showed 240 % of sys and, with the guests', 100 % of user."""
    first = {
        name: 0
        for name in (
            *("kernel.all.cpu.user", "kernel.all.cpu.nice", "kernel.all.cpu.sys"),
            *("kernel.all.cpu.idle", "kernel.all.cpu.wait.total", "kernel.all.cpu.irq.hard"),
            *("kernel.all.cpu.irq.soft", "kernel.all.cpu.steal", "kernel.all.cpu.vuser"),
        )
    }
    second = {
        **first,
        "kernel.all.cpu.user": 1_000,
        "kernel.all.cpu.vuser": 800,
        "kernel.all.cpu.sys": 2_400,
        "kernel.all.cpu.idle": 600,
    }
    assert drawn(asked(catalog, "kernel.all.cpu.sys"), first, second) == {"sys": near(60)}
    assert drawn(asked(catalog, "cpu-utilization-user"), first, second) == {"user": near(20)}


def test_a_cpu_that_does_nothing_is_at_zero_and_stays_in_the_chart(catalog, drawn):
    modes = ("user", "nice", "sys", "irq.hard", "irq.soft", "steal", "idle", "wait.total")
    first = {f"kernel.percpu.cpu.{mode}": {"cpu0": 0, "cpu1": 0} for mode in (*modes, "vuser")}
    second = {
        **first,
        "kernel.percpu.cpu.idle": {"cpu0": 1_000, "cpu1": 750},
        "kernel.percpu.cpu.sys": {"cpu0": 0, "cpu1": 250},
    }
    assert drawn(asked(catalog, "cpu-percpu-utilization"), first, second) == {
        "cpu0": 0,
        "cpu1": near(25),
    }
    assert drawn(asked(catalog, "kernel.percpu.cpu.sys"), first, second) == {
        "cpu0": 0,
        "cpu1": near(25),
    }
    assert drawn(asked(catalog, "cpu-percpu;mode=user"), first, second) == {"cpu0": 0, "cpu1": 0}
    assert drawn(asked(catalog, "cpu-percpu;mode=idle"), first, second) == {
        "cpu0": near(100),
        "cpu1": near(75),
    }


def test_memory_is_in_bytes_and_fine_enough_for_less_than_a_gigabyte(catalog, drawn):
    values = {
        "mem.util.used": 700_000,
        "mem.util.cached": 300_000,
        "mem.util.free": 99_000,
        "mem.util.bufmem": 50_000,
    }
    found = drawn(asked(catalog, "mem.util.used"), values, values)
    assert found == {"used": 716_800_000, "used without cache readout": 358_400_000}
    free = drawn(asked(catalog, "memory-utilization-free"), values, values)
    assert free["free"] == 101_376_000
    assert drawn(asked(catalog, "mem.util.cached"), values, values)["cached"] == 307_200_000


TRAFFIC = {
    f"network.interface.{way}.{what}": {"eth0": 4_294_967_000}
    for way in ("in", "out")
    for what in ("bytes", "packets", "drops", "errors")
}


@pytest.mark.parametrize("dt", [1.0, 2.0])
def test_throughput_is_bytes_per_second_and_drops_are_rates(catalog, drawn, dt):
    second = {
        **TRAFFIC,
        "network.interface.in.bytes": {"eth0": 4_294_967_000 + 250_000},
        "network.interface.out.drops": {"eth0": 4_294_967_006},
    }
    assert drawn(asked(catalog, "network.interface.bytes"), TRAFFIC, second, dt) == {
        "eth0 in": near(250_000 / dt),
        "eth0 out": 0,
    }
    assert drawn(asked(catalog, "network-drops-inout"), TRAFFIC, second, dt) == {
        "eth0 in drops": 0,
        "eth0 out drops": near(6 / dt),
    }
    assert drawn(asked(catalog, "network.interface.in.drops"), TRAFFIC, second) == {
        "eth0 in drops": 0
    }


def test_a_counter_that_was_set_back_is_a_gap_and_no_spike_downwards(catalog, drawn):
    second = {**TRAFFIC, "network.interface.in.bytes": {"eth0": 10}}
    assert drawn(asked(catalog, "network-throughput"), TRAFFIC, second) == {
        "eth0 in": None,
        "eth0 out": 0,
    }


def test_utilization_is_shown_only_where_the_speed_is_known(catalog, drawn):
    """The kernel says -1 Mbit/s for an interface without a speed; PCP makes a huge number of it."""
    speeds = {"eth0": 125_000_000, "virtio0": 536_870_911_875_000, "lo": 0}
    first = {
        "network.interface.in.bytes": dict.fromkeys(speeds, 0),
        "network.interface.out.bytes": dict.fromkeys(speeds, 0),
        "network.interface.baudrate": speeds,
    }
    second = {
        **first,
        "network.interface.in.bytes": {"eth0": 62_500_000, "virtio0": 62_500_000, "lo": 7},
    }
    assert drawn(catalog.resolve("network-utilization"), first, second) == {
        "eth0 in": near(50),
        "eth0 out": 0,
        "lo in": None,
        "lo out": None,
    }


def test_retransmissions_by_cause_are_rates(catalog, drawn):
    names = (
        "retranssegs",
        "timeouts",
        "listendrops",
        "fastretrans",
        "slowstartretrans",
        "synretrans",
    )
    first = {f"network.tcp.{name}": 1_000 for name in names}
    second = {**first, "network.tcp.retranssegs": 1_009, "network.tcp.listendrops": 1_002}
    assert drawn(asked(catalog, "network.tcp.retrans"), first, second, 2.0) == {
        "all": near(4.5),
        "fast": 0,
        "slow start": 0,
        "syn": 0,
        "timeouts": 0,
        "listen drops readout": near(1),
    }


def test_connections_of_one_state_alone(catalog, drawn):
    widget = asked(catalog, "network-tcp-closewait")
    values = {name: 4 if "conn6" in name else 10 for name in widget.metrics}
    assert drawn(widget, values, values) == {"close wait": 14}


def test_success_of_reclaim_is_high_where_it_is_good(catalog, drawn):
    """grafana-pcp's checklist warned above one half, which is where reclaim works well."""
    names = ("pgsteal_kswapd", "pgsteal_direct", "pgscan_kswapd", "pgscan_direct")
    first = {f"mem.vmstat.{name}": 10_000 for name in names}
    second = {
        "mem.vmstat.pgscan_kswapd": 10_900,
        "mem.vmstat.pgscan_direct": 10_100,
        "mem.vmstat.pgsteal_kswapd": 10_880,
        "mem.vmstat.pgsteal_direct": 10_070,
    }
    widget = catalog.resolve("reclaim-efficiency")
    assert drawn(widget, first, second) == {"freed": near(95)}
    assert drawn(widget, first, first) == {"freed": None}
