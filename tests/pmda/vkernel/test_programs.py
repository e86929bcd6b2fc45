"""Our programs, run instruction by instruction on recorded tracepoints, to exact numbers."""

from __future__ import annotations

import struct

import k_asm
import k_block
import k_bpf
import k_code
import k_exec
import k_hist
import k_sched
import k_syscall
import k_tcp
import pytest
import vhist
from hypothesis import given, settings
from hypothesis import strategies as st
from k_asm import R1, R6, R7, R9, R10, Asm

MS = 1_000_000


def histogram(machine, maps, number=0):
    """Bucket name -> count of the filled ones, sum and highest value."""
    told = k_hist.Reader(machine, maps).read(number)
    filled = {vhist.name(i): count for i, count in enumerate(told.counts) if count}
    return filled, told.sum, told.top


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 4096)))
def test_a_value_gets_the_bucket_that_its_name_says(machines, value):
    machine = machines()
    maps = k_hist.create(machine, 1, "h")
    a = Asm()
    a.mov(R6, R1)
    a.load(8, R7, R6, 0)
    a.store(4, R10, -24, 0)
    k_code.add_to_histogram(a, maps, -24)
    k_code.leave(a)
    machine._run(a.bytes(), bytearray(struct.pack("<Q", value)))
    filled, total, top = histogram(machine, maps)
    slot = min(vhist.slot(value), k_code.BUCKETS - 1)
    assert (filled, total, top) == ({vhist.name(slot): 1}, value, value)


@pytest.fixture
def scheduler(machine, events):
    """Starts run-queue and off-CPU programs; gives (wake, switch, read)."""
    wakeup, switch = events.get(k_sched.WAKEUP[0]), events.get(k_sched.SWITCH)
    starts = machine.create(k_bpf.LRU_HASH, 4, 8, 64, "q")
    asleep = machine.create(k_bpf.LRU_HASH, 4, 8, 64, "o")
    waits, sleeps = k_hist.create(machine, 1, "w"), k_hist.create(machine, 1, "s")
    for event, code in (
        (wakeup, k_sched.woken(wakeup, starts)),
        (switch, k_sched.waited(switch, starts, waits)),
        (switch, k_sched.slept(switch, asleep, sleeps)),
    ):
        machine.attach(event.id, machine.load("p", code))

    def at(when, event, **fields):
        machine.now = when * 1000
        machine.fire(event, **fields)

    class Scheduler:
        def wake(self, when, pid):
            at(when, wakeup, pid=pid)

        def switch(self, when, before, state, after):
            at(when, switch, prev_pid=before, prev_state=state, next_pid=after)

        def waits(self):
            return histogram(machine, waits)

        def sleeps(self):
            return histogram(machine, sleeps)

    return Scheduler()


def test_a_woken_task_waits_until_it_runs(scheduler):
    scheduler.wake(100, 7)
    scheduler.switch(105, 0, 0, 7)
    assert scheduler.waits() == ({"4-7": 1}, 5000, 5000)


def test_a_task_that_loses_the_cpu_waits_from_then_on(scheduler):
    scheduler.switch(10, 7, 0, 8)
    scheduler.switch(1010, 8, 1, 7)
    assert scheduler.waits() == ({"512-1023": 1}, 1_000_000, 1_000_000)


def test_a_task_preempted_in_the_kernel_waits_as_well(scheduler):
    scheduler.switch(10, 7, 0x100, 8)  # TASK_REPORT_MAX: runnable all the same
    scheduler.switch(13, 8, 1, 7)
    assert scheduler.waits() == ({"2-3": 1}, 3000, 3000)
    assert scheduler.sleeps()[0] == {}


def test_a_blocked_task_is_off_the_cpu_and_does_not_wait(scheduler):
    scheduler.switch(10, 7, 2, 8)
    scheduler.switch(90, 8, 2, 7)
    assert scheduler.waits()[0] == {}
    assert scheduler.sleeps() == ({"64-127": 1}, 80_000, 80_000)


@pytest.mark.parametrize("state", [0x10, 0x20])
def test_a_dead_task_is_not_off_the_cpu(scheduler, machine, state):
    scheduler.switch(10, 7, state, 8)
    scheduler.switch(50, 8, 1, 7)  # another task with its number
    assert scheduler.sleeps()[0] == {}


def test_a_wait_is_measured_once(scheduler):
    scheduler.wake(100, 7)
    scheduler.switch(105, 0, 0, 7)
    scheduler.switch(200, 0, 0, 7)
    scheduler.wake(300, 7)  # its entry is used again
    scheduler.switch(320, 0, 0, 7)
    assert scheduler.waits() == ({"4-7": 1, "16-31": 1}, 25_000, 20_000)


def test_a_task_woken_while_it_ran_did_not_wait_while_it_slept(scheduler):
    """The kernel may skip the next wake-up for us: the old one must not stand for it."""
    scheduler.wake(100, 7)  # it runs already: nobody switches to it
    scheduler.switch(110, 7, 1, 8)
    scheduler.switch(20_000_110, 8, 1, 7)  # woken unseen
    assert scheduler.waits()[0] == {}


def test_a_task_whose_return_was_skipped_did_not_sleep_while_it_ran(scheduler):
    scheduler.switch(10, 7, 1, 8)
    scheduler.switch(9_000_000, 7, 0, 8)  # it ran meanwhile, and loses the CPU
    scheduler.switch(9_000_050, 8, 1, 7)
    assert scheduler.sleeps()[0] == {}


def test_the_idle_task_is_nobody(scheduler):
    scheduler.switch(10, 0, 0, 7)
    scheduler.switch(20, 7, 1, 0)
    assert scheduler.waits()[0] == {}


def test_a_clock_that_went_back_measures_nothing(scheduler):
    scheduler.wake(100, 7)
    scheduler.switch(90, 0, 0, 7)
    assert scheduler.waits()[0] == {}


def test_counts_of_all_cpus_are_added(scheduler, machine):
    for cpu in (0, 1):
        machine.cpu = cpu
        scheduler.wake(100, 7)
        scheduler.switch(101 + cpu, 0, 0, 7)
    assert scheduler.waits() == ({"0-1": 1, "2-3": 1}, 3000, 2000)


@pytest.fixture
def block(machine, events):
    """Starts the block programs; gives (issue, complete, maps, devices, lost, processes)."""
    issue, complete = events.get(k_block.ISSUE), events.get(k_block.COMPLETE)
    submit = events.get(k_block.SUBMIT)
    starts = machine.create(k_bpf.LRU_HASH, k_block.KEY_BYTES, k_block.START_BYTES, 8, "b")
    maps = k_hist.create(machine, 12, "b")
    devices = machine.create(k_bpf.HASH, 4, 4, 2, "d")
    lost = machine.create(k_bpf.ARRAY, 4, 8, 1, "l")
    processes = machine.create(k_bpf.LRU_HASH, 8, k_block.PROCESS_BYTES, 4, "p")
    codes = (
        (issue, k_block.issued(issue, starts)),
        (complete, k_block.completed(complete, starts, maps, lost, devices)),
        (submit, k_block.attributed(submit, processes)),
    )
    for event, code in codes:
        machine.attach(event.id, machine.load("p", code))

    class Block:
        maps_, lost_, devices_, processes_ = maps, lost, devices, processes

        def issue(self, micros, dev, sector, size, rwbs):
            machine.now = micros * 1000
            machine.fire(issue, dev=dev, sector=sector, bytes=size, rwbs=rwbs)

        def complete(self, micros, dev, sector):
            machine.now = micros * 1000
            machine.fire(complete, dev=dev, sector=sector)

        def submit(self, size, rwbs):
            machine.fire(submit, bytes=size, rwbs=rwbs)

        def read(self, number):
            return histogram(machine, maps, number)

    return Block()


@pytest.mark.parametrize(
    ("rwbs", "direction"),
    [(b"R", 0), (b"RA", 0), (b"W", 1), (b"WS", 1), (b"FWFS", 1), (b"FF", 2), (b"D", 2), (b"N", 2)],
)
def test_a_request_counts_in_its_direction(block, rwbs, direction):
    block.issue(100, 5, 8, 65536, rwbs)
    block.complete(350, 5, 8)
    for number in range(3):
        expected = ({"128-255": 1}, 250_000, 250_000) if number == direction else ({}, 0, 0)
        assert block.read(number) == expected
    assert block.read(3 + direction) == ({"65536-131071": 1}, 65536, 65536)


def test_requests_are_told_apart_by_device_and_sector(block):
    block.issue(0, 1, 8, 512, b"W")
    block.issue(10, 2, 8, 512, b"W")
    block.issue(20, 1, 16, 512, b"W")
    block.complete(100, 2, 8)
    block.complete(1000, 1, 8)
    block.complete(30, 1, 16)
    assert block.read(1)[0] == {"8-15": 1, "64-127": 1, "512-1023": 1}


def test_a_completion_without_start_is_lost(block, machine):
    block.complete(100, 1, 8)
    assert machine.memory(block.lost_) == b"\1" + bytes(7)
    assert block.read(0)[0] == {}


def test_a_known_device_has_histograms_of_its_own(block, machine):
    machine.update(block.devices_, struct.pack("<I", 5), struct.pack("<I", 9))
    for dev in (5, 6):
        block.issue(0, dev, 8, 4096, b"W")
        block.complete(40, dev, 8)
    assert block.read(1)[0] == {"32-63": 2}
    assert block.read(10) == ({"32-63": 1}, 40_000, 40_000)
    assert block.read(9)[0] == block.read(11)[0] == {}


def test_io_belongs_to_the_process_that_submits_it(block, machine):
    machine.pid, machine.comm = 321, b"dd"
    block.submit(4096, b"W")
    block.submit(8192, b"WS")
    block.submit(512, b"R")
    block.submit(0, b"FF")
    ((key, value),) = machine.items(block.processes_)
    assert struct.unpack("<Q", key) == (321,)
    assert struct.unpack("<4Q16s", value) == (1, 512, 2, 12288, b"dd".ljust(16, b"\0"))


def test_system_calls_are_counted_by_number_with_errors_and_time(machine, events):
    enter, leave = events.get(k_syscall.ENTER), events.get(k_syscall.EXIT)
    starts = machine.create(k_bpf.LRU_HASH, 8, 8, 8, "s")
    maps = k_hist.create(machine, 1, "s")
    size = k_syscall.NUMBERS * k_syscall.CALL.size
    calls = machine.create(k_bpf.ARRAY, 4, size, machine.cpus, "c")
    code = k_syscall.left(leave, starts, maps, calls)
    machine.attach(leave.id, machine.load("p", code))
    machine.attach(enter.id, machine.load("p", k_syscall.entered(starts)))
    for number, result, micros in [(0, 5, 3), (0, -11, 9), (0, -512, 1), (511, 0, 2)]:
        machine.now = 0
        machine.fire(enter, id=number)
        machine.now = micros * 1000
        machine.fire(leave, id=number, ret=result)
    for number in (512, -1):  # out of the table: only the histogram
        machine.now = 0
        machine.fire(enter, id=number)
        machine.fire(leave, id=number, ret=0)
    machine.fire(leave, id=0, ret=0)  # its start was before ours
    raw = machine.memory(calls)
    assert k_syscall.CALL.unpack_from(raw, 0) == (3, 1, 13_000)
    assert k_syscall.CALL.unpack_from(raw, 511 * k_syscall.CALL.size) == (1, 0, 2000)
    filled, total, top = histogram(machine, maps)
    assert (filled, total, top) == ({"0-1": 3, "2-3": 2, "8-15": 1}, 15_000, 9000)


def test_retransmits_are_counted_by_remote(machine, events):
    event = events.get(k_tcp.RETRANSMIT)
    remotes = machine.create(k_bpf.LRU_HASH, 16, 8, 8, "r")
    total = machine.create(k_bpf.ARRAY, 4, 8, 1, "t")
    machine.attach(event.id, machine.load("p", k_tcp.retransmitted(event, remotes, total)))
    one, two = bytes(10) + b"\xff\xff\x0a\0\0\1", bytes(range(16))
    for remote in (one, two, one):
        machine.fire(event, daddr_v6=remote)
    assert dict(machine.items(remotes)) == {one: b"\2" + bytes(7), two: b"\1" + bytes(7)}
    assert machine.memory(total) == b"\3" + bytes(7)


def test_a_program_that_leaves_its_memory_is_found_out(machine, faults):
    a = Asm()
    a.load(8, R9, R10, 0)
    k_code.leave(a)
    with pytest.raises(faults, match="access"):
        machine._run(a.bytes(), bytearray(8))


def test_records_fit_on_the_stack():
    assert k_exec.RECORD.size % 8 == k_tcp.RECORD.size % 8 == 0
    assert -k_tcp._RECORD <= 512 and -k_exec._RECORD <= 512
    assert k_asm.R10 == 10
