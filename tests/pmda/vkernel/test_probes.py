"""The probes over a machine that runs their programs: readings to exact numbers, and refusals."""

from __future__ import annotations

import errno

import k_block
import k_bpf
import k_counts
import k_flow
import k_hist
import k_latency
import k_probe
import k_probes
import k_rows
import k_sched
import k_starts
import k_syscall
import k_table
import k_tcp
import pytest
import vcollect
import vconf
import vfiles
import vsnap

TIMES = k_rows.Times(clock=lambda: 1.0, wall=lambda: 5_000.0)  # the machine starts at 5,000
ALL_ON = {o.name: True for o in k_table.OPTIONS if isinstance(o.default, bool)}


def test_run_queue(tools, machine, events):
    probe = k_latency.RunQueue(tools)
    values = probe.collect(0.0).values
    assert values["runq.latency"] == {} and values["runq.count"] == 0
    assert values["runq.p50"] is None and values["runq.max"] is None
    for pid, micros in ((1, 5), (2, 6), (3, 900)):
        machine.now = 0
        machine.fire(events.get("sched/sched_wakeup_new"), pid=pid)
        machine.now = micros * 1000 + 500
        machine.fire(events.get(k_sched.SWITCH), prev_pid=0, next_pid=pid)
    values = probe.collect(1.0).values
    names = ["0-1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128-255", "256-511"]
    assert values["runq.latency"] == {**dict.fromkeys(names, 0), "4-7": 2, "512-1023": 1}
    assert (values["runq.total"], values["runq.count"]) == (912, 3)
    assert values["runq.max"] == 900.5
    assert values["runq.p50"] == 4 + 4 * 0.75
    assert 512 < values["runq.p99"] <= 900.5
    values = probe.collect(2.0).values  # nothing since: counters stay, percentiles are gone
    assert values["runq.count"] == 3 and values["runq.p99"] is None and values["runq.max"] is None


def test_block_by_direction_and_device(tools, machine, events, world):
    made = world({"/sys/block/vda/dev": "254:0\n", "/sys/block/loop0/dev": "junk\n"})
    probe = k_latency.Block(tools._replace(world=made), devices=True)
    probe.collect(0.0)
    for sector, rwbs, size, micros in ((1, b"R", 4096, 100), (2, b"WS", 65536, 3000)):
        machine.now = 0
        issue = events.get(k_block.ISSUE)
        machine.fire(issue, dev=254 << 20, sector=sector, bytes=size, rwbs=rwbs)
        machine.now = micros * 1000
        machine.fire(events.get(k_block.COMPLETE), dev=254 << 20, sector=sector)
    machine.fire(events.get(k_block.COMPLETE), dev=254 << 20, sector=77)
    values = probe.collect(1.0).values
    assert values["blk.read.latency"]["64-127"] == 1
    assert (values["blk.read.total"], values["blk.read.bytes"]) == (100, 4096)
    assert values["blk.write.size"]["65536-131071"] == 1
    assert (values["blk.write.max"], values["blk.write.size_max"]) == (3000.0, 65536.0)
    assert values["blk.other.count"] == 0 and values["blk.other.p50"] is None
    assert values["blk.dev.write.latency"]["vda::2048-4095"] == 1
    assert values["blk.dev.read.latency"]["vda::64-127"] == 1
    assert probe.lost == probe.missed() == 1


def test_block_by_process_is_what_happened_since(tools, machine, events):
    probe = k_latency.BlockByProcess(tools)
    probe.collect(0.0)
    for pid, command, size in ((7, b"small", 512), (8, b"big", 4096)):
        machine.pid, machine.comm = pid, command
        machine.fire(events.get(k_block.SUBMIT), bytes=size, rwbs=b"W")
    reading = probe.collect(1.0)
    assert reading.values["blk.process.write.bytes"] == {8: 4096, 7: 512}
    assert list(reading.values["blk.process.write.bytes"]) == [8, 7]
    assert reading.values["blk.process.read.ops"] == {8: 0, 7: 0}
    assert reading.names["process"] == {7: "7:small", 8: "8:big"}
    machine.fire(events.get(k_block.SUBMIT), bytes=100, rwbs=b"R")
    reading = probe.collect(2.0)
    assert reading.values["blk.process.read.bytes"] == {8: 100}
    assert probe.collect(3.0).values["blk.process.read.bytes"] == {}


def test_system_calls_by_name(tools, machine, events):
    probe = k_latency.Syscalls(tools)
    probe.collect(0.0)
    number = next(n for n in range(512) if k_latency.k_names.syscall(n) == "openat")
    for cpu, result in ((0, 3), (1, -2)):
        machine.cpu, machine.now = cpu, 0
        machine.fire(events.get(k_syscall.ENTER), id=number)
        machine.now = 2500
        machine.fire(events.get(k_syscall.EXIT), id=number, ret=result)
    values = probe.collect(1.0).values
    assert values["syscall.calls"] == {"openat": 2}
    assert values["syscall.errors"] == {"openat": 1}
    assert values["syscall.time"] == {"openat": 5000}
    assert values["syscall.latency"] == {"0-1": 0, "2-3": 2}


def test_fsync(tools, machine, events):
    probe = k_latency.Sync(tools)
    reading = probe.collect(0.0)
    assert "ext4 only" in reading.note
    machine.now = 0
    machine.fire(events.get(k_syscall.SYNC_ENTER))
    machine.now = 7_000_000
    machine.fire(events.get(k_syscall.SYNC_EXIT))
    assert probe.collect(1.0).values["fs.sync.max"] == 7000.0


def test_retransmits_by_remote_the_latest_first(tools, machine, events):
    probe = k_flow.Retransmits(tools)
    probe.collect(0.0)
    event = events.get(k_tcp.RETRANSMIT)
    four, six = bytes(10) + b"\xff\xff\xc0\0\2\7", bytes.fromhex("20010db8" + "00" * 11 + "01")
    machine.fire(event, daddr_v6=four)
    machine.fire(event, daddr_v6=four)
    assert probe.collect(1.0).values == {
        "retransmit.total": 2,
        "retransmit.remote": {"192.0.2.7": 2},
    }
    machine.fire(event, daddr_v6=six)
    values = probe.collect(2.0).values
    assert list(values["retransmit.remote"].items()) == [("2001:db8::1", 1), ("192.0.2.7", 2)]


CONNECTION = {
    "skaddr": 0x7000,
    "protocol": 6,
    "sport": 5000,
    "dport": 443,
    "saddr_v6": bytes(10) + b"\xff\xff\x7f\0\0\1",
    "daddr_v6": bytes(10) + b"\xff\xff\xc0\0\2\7",
}


def states(machine, events, *steps):
    """Fires a connection's states: (milliseconds, old, new, pid)."""
    for millis, old, new, pid in steps:
        machine.now, machine.pid = millis * 1_000_000, pid
        machine.fire(events.get(k_tcp.STATE), oldstate=old, newstate=new, **CONNECTION)


def test_a_connection_that_ended(tools, machine, events):
    probe = k_flow.Connections(tools, 8, TIMES)
    reading = probe.collect(0.0)
    assert "without bytes" in reading.note
    machine.comm = b"curl"
    established, fin, close = k_tcp.ESTABLISHED, k_tcp.FIN_WAIT1, k_tcp.CLOSE
    states(
        machine,
        events,
        (10, close, k_tcp.SYN_SENT, 42),
        (30, k_tcp.SYN_SENT, established, 0),
        (500, established, fin, 42),
        (530, fin, 5, 0),
        (530, 5, close, 0),
    )
    values = probe.collect(1.0).values
    assert {
        name.split(".")[1]: column for name, column in values.items() if name[-5:] != "count"
    } == {
        "time": {1: 5000.53},
        "pid": {1: 42},
        "command": {1: "curl"},
        "local": {1: "127.0.0.1"},
        "local_port": {1: 5000},
        "remote": {1: "192.0.2.7"},
        "remote_port": {1: 443},
        "sent": {1: None},
        "received": {1: None},
        "resent": {1: None},
        "duration": {1: 500.0},
        "state": {1: "FIN_WAIT2"},
    }
    assert values["connection.count"] == 1


def test_bytes_of_a_connection_by_the_kernel_s_offsets(tools, machine, events, monkeypatch):
    probe = k_flow.Connections(tools, 8, TIMES)
    monkeypatch.setattr(probe, "_offsets", lambda: k_tcp.Offsets(8, 16, 24, 32))
    assert probe.collect(0.0).note == ""
    for offset, value in ((8, 1100), (16, 100), (24, 501), (32, k_tcp.FIN_SEEN)):
        machine.ram[0x7000 + offset] = value.to_bytes(8, "little")
    states(machine, events, (1, 7, 2, 9), (2, 2, 1, 9), (3, 1, 9, 9), (4, 9, 7, 0))
    values = probe.collect(1.0).values
    assert values["connection.sent"] == {1: 1000}
    assert values["connection.resent"] == {1: 100}
    assert values["connection.received"] == {1: 500}  # the FIN is no byte


def test_listeners_and_other_protocols_are_no_connections(tools, machine, events):
    probe = k_flow.Connections(tools, 8, TIMES)
    probe.collect(0.0)
    states(machine, events, (1, k_tcp.LISTEN, k_tcp.CLOSE, 1))
    other = {**CONNECTION, "protocol": 132}
    machine.fire(events.get(k_tcp.STATE), oldstate=1, newstate=7, **other)
    assert probe.collect(1.0).values["connection.count"] == 0


def test_an_older_connection_has_no_duration(tools, machine, events):
    probe = k_flow.Connections(tools, 8, TIMES)
    probe.collect(0.0)
    states(machine, events, (1, 8, 9, 5), (2, 9, 7, 0))
    values = probe.collect(1.0).values
    assert values["connection.duration"] == {1: None} == values["connection.pid"]


def test_a_full_queue_is_counted(tools, machine, events, monkeypatch):
    monkeypatch.setattr(k_flow, "QUEUE", 2)
    probe = k_flow.Connections(tools, 8, TIMES)
    probe.collect(0.0)
    for millis in range(5):
        states(machine, events, (millis, 8, 7, 0))
    assert probe.collect(1.0).values["connection.count"] == 2
    assert probe.lost == 3


def test_program_starts(tools, machine, events):
    probe = k_starts.Starts(tools, 4, True, TIMES)
    assert probe.collect(0.0).note == ""
    machine.pid = 50
    machine.fire(events.get("sched/sched_process_fork"), child_pid=60)
    machine.pid, machine.uid, machine.comm, machine.now = 60, 1000, b"ls", 2_000_000_000
    event = events.get("sched/sched_process_exec")
    size = max(field.offset + field.size for field in event.fields.values())
    machine.fire(event, text=b"/bin/ls\0", filename=size | 8 << 16)
    machine.pid, machine.thread, machine.comm = 61, 61, b"bash"
    machine.now = 3_000_000_000
    machine.ram[0xABC] = b"/no/such\0"
    machine.fire(events.get("syscalls/sys_enter_execve"), filename=0xABC)
    machine.fire(events.get("syscalls/sys_exit_execve"), ret=-2)
    machine.fire(events.get("syscalls/sys_exit_execve"), ret=0)
    values = probe.collect(1.0).values
    assert {name.split(".")[1]: column for name, column in values.items()} == {
        "time": {1: 5002.0, 2: 5003.0},
        "pid": {1: 60, 2: 61},
        "ppid": {1: 50, 2: None},
        "uid": {1: 1000, 2: 1000},
        "command": {1: "ls", 2: "bash"},
        "path": {1: "/bin/ls", 2: "/no/such"},
        "result": {1: "ok", 2: "ENOENT"},
        "count": 2,
    }


def test_counters_of_perf_follow_the_cpus(tools, machine, world):
    made = world({k_counts.ONLINE: "0-1\n"})
    probe = k_counts.Software(tools._replace(world=made))
    first = probe.collect(0.0).values
    assert first["perf.context_switches"] == {"cpu0": 0, "cpu1": 0}
    assert sorted(machine.opened)[:2] == [(1, 3, 0), (1, 3, 1)]
    for place, fd in enumerate(machine.counters):
        machine.counters[fd] = (10 + place, 100, 100)
    assert probe.collect(1.0).values["perf.context_switches"] == {"cpu0": 10, "cpu1": 11}
    world({k_counts.ONLINE: "0\n"})
    assert probe.collect(2.0).values["perf.page_faults_major"] == {"cpu0": 16}
    assert len(machine.closed) == 4


def test_shared_hardware_counters_are_scaled_and_never_fall(tools, machine, world):
    probe = k_counts.Hardware(tools._replace(world=world({k_counts.ONLINE: "0\n"})))
    probe.collect(0.0)
    for fd in machine.counters:
        machine.counters[fd] = (100, 1000, 500)
    assert probe.collect(1.0).values["perf.cycles"] == {"cpu0": 200}
    for fd in machine.counters:
        machine.counters[fd] = (110, 1100, 1000)
    assert probe.collect(2.0).values["perf.cycles"] == {"cpu0": 200}


def test_a_cpu_that_goes_offline_keeps_its_hits(tools, machine, world):
    probe = k_counts.Tracepoints(tools._replace(world=world({k_counts.ONLINE: "0-1\n"})))
    probe.collect(0.0)
    for fd in machine.counters:
        machine.counters[fd] = (5, 1, 1)
    assert probe.collect(1.0).values["tracepoint.oom_kills"] == 10
    world({k_counts.ONLINE: "1\n"})
    assert probe.collect(2.0).values["tracepoint.oom_kills"] == 10


REFUSALS = [
    ("program", k_bpf.Refused(errno.EPERM, "program x"), k_probe.NEEDS),
    ("map", k_bpf.Refused(errno.EPERM, "map x"), k_probe.NEEDS),
    ("program", k_bpf.Refused(errno.ENOSYS, "x"), "no eBPF"),
    (
        "program",
        k_bpf.Refused(
            errno.EACCES, "program x", "0: (61) r1\ninvalid access off=58\nprocessed 3\n"
        ),
        "the kernel refused program x: Permission denied: invalid access off=58",
    ),
]


@pytest.mark.parametrize(("what", "error", "text"), REFUSALS)
def test_why_a_program_does_not_run_is_told(tools, machine, what, error, text):
    machine.refuse[what] = error
    probe = k_latency.RunQueue(tools)
    with pytest.raises(vcollect.Unavailable, match=text.replace("(", "\\(")):
        probe.collect(0.0)
    assert not machine.running and not probe.running
    assert len(machine.said) == len(error.log.splitlines())
    del machine.refuse[what]
    assert probe.collect(60.0).values["runq.count"] == 0


def test_a_machine_without_counters_says_why(tools, machine, world):
    made = tools._replace(world=world({k_counts.ONLINE: "0\n"}))
    machine.refuse["counter"] = k_bpf.Refused(errno.ENOENT, "perf event")
    with pytest.raises(vcollect.Unavailable, match="no PMU"):
        k_counts.Hardware(made).collect(0.0)
    machine.refuse["counter"] = k_bpf.Refused(errno.EACCES, "perf event")
    with pytest.raises(vcollect.Unavailable, match="needs CAP_BPF"):
        k_counts.Software(made).collect(0.0)


def test_a_missing_tracepoint_is_named(tools, machine, recorded):
    nothing = k_probes.k_trace.read(vfiles.World("/nowhere"), ["x"])
    with pytest.raises(vcollect.Unavailable, match="recorded world has no tracefs"):
        k_latency.RunQueue(tools._replace(events=nothing)).collect(0.0)
    assert not machine.running


def test_closing_leaves_nothing_open(tools, machine):
    probe = k_latency.Block(tools, devices=True)
    probe.collect(0.0)
    assert machine.running == 2
    probe.close()
    assert machine.running == 0
    assert len(set(machine.closed)) == len(machine.closed) == 8


def test_the_highest_value_may_be_younger_than_the_buckets():
    told = k_hist.Told((0, 0, 5), 20, (0, 0, 5), 900)
    assert told.recent()["max"] == 7  # the top belongs to what the next reading counts
    assert k_hist.Told((0,), 0, (0,), 5).recent()["max"] is None


def test_all_probes_together_give_what_the_table_has(tools, machine, world):
    conf = vconf.defaults(k_table.OPTIONS, **ALL_ON)
    made = world({k_counts.ONLINE: "0\n", "/proc/1/task/1/schedstat": "1 1 1\n"})
    tools = tools._replace(world=made)
    probes = k_probes.programs(conf, tools, TIMES)

    def refuse():
        raise FileNotFoundError(2, "No such file")

    probes += k_probes.files(conf, made, TIMES, refuse, lambda ids: {})
    probes.append(k_probe.Switches(probes))
    published = []
    collector = vcollect.Collector(k_table.TABLE, probes, published.append, lambda text: None)
    machine.missed = 3
    collector.once()
    assert collector.errors == 0
    snapshot = published[-1].snapshot
    names = dict(snapshot.indoms[1])
    status = {
        names[i]: v for i, v in snapshot.values[k_table.TABLE.by_name["probe.status"].key].items()
    }
    assert {name for name, text in status.items() if not text.startswith("ok")} == {
        "cgroups",
        "kmsg",
    }
    lost = snapshot.values[k_table.TABLE.by_name["probe.lost"].key]
    assert {names[i]: v for i, v in lost.items()}["runq"] == 9  # three programs
    metrics = {k_table.TABLE.by_name[n].key for n in ("runq.count", "blk.write.bytes")}
    assert metrics <= set(snapshot.values)


def test_what_is_switched_off_says_how_to_switch_it_on(tools):
    conf = vconf.defaults(k_table.OPTIONS, **dict.fromkeys(ALL_ON, False))
    probes = k_probes.programs(conf, tools, TIMES)
    for probe in probes:
        with pytest.raises(
            vcollect.Unavailable, match=r"off: switch it on in vkernel.conf \(\w+ = yes\)"
        ):
            probe.collect(0.0)
    reading = k_probe.Switches(probes).collect(0.0)
    assert set(reading.values["probe.enabled"].values()) == {0}
    assert isinstance(reading, vsnap.Reading)


def test_every_event_that_a_program_needs_is_asked_for(recorded):
    here = {
        str(path.parent.relative_to(recorded / "sys/kernel/tracing/events"))
        for path in recorded.rglob("format")
    }
    assert here == set(k_probes.EVENTS)
