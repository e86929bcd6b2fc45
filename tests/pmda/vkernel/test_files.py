"""Parsers of /proc, tracefs and BTF, and the probe of run delay, to exact numbers."""

from __future__ import annotations

import struct

import k_btf
import k_delay
import k_exec
import k_names
import k_rows
import k_trace
import pytest
import vcollect
import vfiles
from hypothesis import given
from hypothesis import strategies as st


def test_fields_of_a_tracepoint(events):
    switch = events.get("sched/sched_switch")
    assert switch.id == 372
    assert switch.field("prev_state") == (32, 8)
    assert switch.field("next_pid", 4) == (56, 4)
    assert events.get("block/block_rq_issue").field("rwbs") == (34, 10)
    assert events.get("raw_syscalls/sys_enter").field("args") == (16, 48)
    assert events.get("sched/sched_process_exec").field("filename") == (8, 4)


def test_what_is_missing_is_told(events):
    with pytest.raises(k_trace.Missing, match="no tracepoint no/such"):
        events.get("no/such")
    with pytest.raises(k_trace.Missing, match="no field nothing"):
        events.get("sched/sched_switch").field("nothing")
    with pytest.raises(k_trace.Missing, match="prev_pid of sched/sched_switch has 4 bytes"):
        events.get("sched/sched_switch").field("prev_pid", 8)
    nowhere = k_trace.read(vfiles.World("/nowhere"), ["sched/sched_switch"])
    with pytest.raises(k_trace.Missing, match="recorded world has no tracefs"):
        nowhere.get("sched/sched_switch")


@given(st.text(max_size=200))
def test_any_text_is_a_format_or_missing(text):
    try:
        event = k_trace.parse("x", text)
    except k_trace.Missing:
        return
    assert event.id >= 0


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0-3\n", (0, 1, 2, 3)), ("0", (0,)), ("0-1,4,6-7", (0, 1, 4, 6, 7)), ("", ()), ("x-y", ())],
)
def test_lists_of_cpus(text, cpus):
    assert k_trace.cpu_list(text) == cpus


@given(st.text(alphabet="0123456789-,\n ", max_size=12))
def test_any_list_of_cpus_is_read(text):
    k_trace.cpu_list(text)


def test_names_of_system_calls():
    x86, arm = k_names.table("x86_64"), k_names.table("aarch64")
    assert [x86[n] for n in (0, 1, 59, 202, 257, 332, 435)] == [
        *("read", "write", "execve", "futex", "openat", "statx", "clone3"),
    ]
    assert [arm[n] for n in (63, 64, 221, 98, 56, 291, 435)] == [
        *("read", "write", "execve", "futex", "openat", "statx", "clone3"),
    ]
    assert k_names.syscall(511) == "syscall_511"
    assert k_names.text(b"dd\0junk") == "dd"


def btf(*types: bytes, names: bytes) -> bytes:
    """A BTF blob; types are numbered from 1."""
    body = b"".join(types)
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(body), len(body), len(names)) + (
        body + names
    )


def kind(name, number, parts, size, *members, flag=0):
    head = struct.pack("<III", name, flag << 31 | number << 24 | parts, size)
    return head + b"".join(struct.pack("<III", *member) for member in members)


NAMES = b"\0u64\0sock\0a\0flags\0b\0"
AT = {"u64": 1, "sock": 5, "a": 10, "flags": 12, "b": 18}


def blob():
    number = struct.pack("<IIII", AT["u64"], 1 << 24, 8, 64)  # an int has 4 bytes behind it
    union = kind(0, 5, 2, 8, (AT["flags"], 1, 0), (AT["b"], 1, 0))
    members = [(AT["a"], 1, 0), (0, 2, 64), (AT["b"], 1, 128)]
    return btf(number, union, kind(AT["sock"], 4, 3, 24, *members), names=NAMES)


def test_members_of_a_structure_and_of_nameless_ones_in_it():
    assert k_btf.offsets(blob(), "sock", ("a", "flags")) == {"a": 0, "flags": 8}
    assert k_btf.offsets(blob(), "sock", ("b",)) == {"b": 16}
    assert k_btf.offsets(blob(), "sock", ("a", "nothing")) is None
    assert k_btf.offsets(blob(), "flags", ("a",)) is None


@given(st.integers(0, 140), st.binary(max_size=40))
def test_any_blob_is_read_or_none(cut, more):
    assert k_btf.offsets(blob()[:cut] + more, "sock", ("a",)) in (None, {"a": 0})
    assert k_btf.offsets(more, "sock", ("a",)) is None


def test_rows_are_a_ring_with_numbers_that_go_on():
    rows = k_rows.Rows("p", ("x", "y"), 2)
    for value in (1, 2, 3):
        rows.add({"x": value})
    assert rows.values() == {"p.x": {3: 3, 2: 2}, "p.y": {3: None, 2: None}}
    assert rows.count == 3


def test_the_parent_in_a_stat():
    assert k_exec.parent_of("12 (a) b) S 7 12 12 0") == 7
    assert k_exec.parent_of("") is None


def proc(**tasks):
    files = {}
    for name, (command, text) in tasks.items():
        files[f"/proc/{name[1:]}/schedstat"] = text
        files[f"/proc/{name[1:]}/comm"] = command + "\n"
    return files


def test_run_delay_in_total_and_of_those_who_wait_most(world):
    made = world(proc(p1=("init", "5000 100 3\n"), p20=("my app", "700 50 1\n")))
    probe = k_delay.RunDelay(made, threads=False)
    first = probe.collect(0.0)
    assert first.values == {"rundelay.total": 0, "rundelay.processes": 2, "rundelay.top": {}}
    world(proc(p1=("init", "6000 130 4\n"), p20=("my app", "900 1050 2\n")))
    world(proc(p30=("new", "10 70 1\n")))
    second = probe.collect(1.0)
    assert second.values == {
        "rundelay.total": 30 + 1000 + 70,
        "rundelay.processes": 3,
        "rundelay.top": {20: 1050, 30: 70, 1: 130},
    }
    assert list(second.values["rundelay.top"]) == [20, 30, 1]
    assert second.names["waiting"] == {20: "20:my app", 30: "30:new", 1: "1:init"}


def test_another_process_with_the_number_counts_from_zero(world):
    made = world(proc(p20=("old", "9000 8000 1\n")))
    probe = k_delay.RunDelay(made, threads=False)
    probe.collect(0.0)
    world(proc(p20=("new", "100 40 1\n")))
    assert probe.collect(1.0).values["rundelay.total"] == 40


def test_threads_are_read_where_that_is_wanted(world):
    files = {f"/proc/5/task/{tid}/schedstat": "1 2 3\n" for tid in (5, 6)}
    made = world({**files, "/proc/5/schedstat": "1 2 3\n", "/proc/5/comm": "x\n"})
    probe = k_delay.RunDelay(made, threads=True)
    probe.collect(0.0)
    world({"/proc/5/task/6/schedstat": "9 22 3\n"})
    reading = probe.collect(1.0)
    assert reading.values["rundelay.total"] == 20
    assert reading.values["rundelay.top"] == {5: 24}
    assert reading.values["rundelay.processes"] == 1


def test_a_kernel_without_it_says_so(world):
    with pytest.raises(vcollect.Unavailable, match="no /proc/PID/schedstat"):
        k_delay.RunDelay(world({"/proc/1/comm": "x"}), threads=False).collect(0.0)


@given(st.text(max_size=40))
def test_any_text_is_a_schedstat_or_none(text):
    parsed = k_delay.parse(text)
    assert parsed is None or min(parsed) >= 0
