"""Programs of the block layer: latency and size of requests by direction, device and process.

A request's latency lasts from its issue to the device to its completion; its
size counts when it completes. Times in nanoseconds, sizes in bytes.
"""

from __future__ import annotations

from typing import Optional

import k_asm
import k_bpf
import k_code
import k_trace
from k_asm import R0, R1, R6, R7, R8, R9, R10, Asm, Reg

ISSUE, COMPLETE, SUBMIT = "block/block_rq_issue", "block/block_rq_complete", "block/block_io_start"
EVENTS = (ISSUE, COMPLETE, SUBMIT)

DIRECTIONS = ("read", "write", "other")
READ, WRITE, OTHER = range(3)
LATENCY, SIZE = 0, len(DIRECTIONS)  # first histogram of each kind

KEY = -16  # dev, 4 bytes, 4 of zero, sector, 8 bytes
KEY_BYTES = 16
START = -40  # when, bytes, direction: 8 bytes each
START_BYTES = 24
NUMBER = -48
PROCESS, PROCESS_VALUE = -56, -104
PROCESS_BYTES = 48  # operations and bytes read, written; command
LOST = 0


def _direction(a: Asm, out: Reg, rwbs: k_trace.Field) -> None:
    """out = direction, by the record's letters: "R..", "W..", "FW.." is a write after a flush."""
    a.mov(out, OTHER)
    a.load(1, R1, R6, rwbs.offset)
    a.jump(R1, "!=", ord("F"), "first")
    a.load(1, R1, R6, rwbs.offset + 1)
    a.label("first")
    a.jump(R1, "==", ord("R"), "read")
    a.jump(R1, "!=", ord("W"), "directed")
    a.mov(out, WRITE)
    a.go("directed")
    a.label("read")
    a.mov(out, READ)
    a.label("directed")


def _key(a: Asm, event: k_trace.Event) -> None:
    """dev and sector to the stack: what identifies a request on its way."""
    k_code.load(a, R1, event.field("dev", 4))
    a.store(8, R10, KEY, R1)
    k_code.load(a, R1, event.field("sector", 8))
    a.store(8, R10, KEY + 8, R1)


def issued(event: k_trace.Event, starts: k_bpf.Map) -> bytes:
    """block_rq_issue: note when, how many bytes, which direction."""
    a = Asm()
    a.mov(R6, R1)
    _key(a, event)
    k_code.load(a, R1, event.field("bytes", 4))
    a.store(8, R10, START + 8, R1)
    _direction(a, R7, event.field("rwbs"))
    a.store(8, R10, START + 16, R7)
    a.call(k_asm.KTIME)
    a.store(8, R10, START, R0)
    k_code.update(a, starts, KEY, START)
    k_code.leave(a)
    return a.bytes()


def _take_start(a: Asm, starts: k_bpf.Map, lost: k_bpf.Map) -> None:
    """R7 = latency of the request, which completes at R7; its size and direction to START."""
    k_code.lookup(a, starts, KEY)
    a.jump(R0, "!=", 0, "found")
    a.store(4, R10, NUMBER, LOST)
    k_code.count(a, lost, NUMBER)
    a.go("out")
    a.label("found")
    a.load(8, R1, R0, 0)
    a.jump(R7, "<", R1, "out")
    a.alu(R7, "-", R1)
    for part in (8, 16):  # the value is gone once its key is deleted
        a.load(8, R1, R0, part)
        a.store(8, R10, START + part, R1)
    a.store(8, R10, START, R7)
    k_code.delete(a, starts, KEY)


def completed(
    event: k_trace.Event,
    starts: k_bpf.Map,
    histograms: k_code.Histograms,
    lost: k_bpf.Map,
    devices: Optional[k_bpf.Map] = None,
) -> bytes:
    """block_rq_complete: latency and size; by device too where `devices` is given.

    `devices` holds dev -> number of its first histogram: the agent's other half
    gives them out. What has no start, because it was on its way when we
    came or the map was full, is counted in `lost`.
    """
    a = Asm()
    a.mov(R6, R1)
    a.call(k_asm.KTIME)
    a.mov(R7, R0)
    _key(a, event)
    _take_start(a, starts, lost)
    a.load(8, R1, R10, START + 16)
    a.store(4, R10, NUMBER, R1)
    k_code.add_to_histogram(a, histograms, NUMBER, divide=1000)
    a.load(8, R1, R10, START + 16)
    a.alu(R1, "+", SIZE)
    a.store(4, R10, NUMBER, R1)
    a.load(8, R7, R10, START + 8)
    k_code.add_to_histogram(a, histograms, NUMBER)
    if devices is not None:
        _by_device(a, devices, histograms)
    k_code.leave(a)
    return a.bytes()


def _by_device(a: Asm, devices: k_bpf.Map, histograms: k_code.Histograms) -> None:
    """The latency once more, into the device's own histogram where it was given one."""
    k_code.lookup(a, devices, KEY)  # its first 4 bytes are dev
    a.jump(R0, "==", 0, "out")
    a.load(4, R9, R0, 0)
    a.load(8, R1, R10, START + 16)
    a.alu(R9, "+", R1)
    a.store(4, R10, NUMBER, R9)
    a.load(8, R7, R10, START)
    k_code.add_to_histogram(a, histograms, NUMBER, divide=1000)


def attributed(event: k_trace.Event, processes: k_bpf.Map) -> bytes:
    """block_io_start, or block_rq_issue where there is none: whose I/O it is.

    Written pages that were only cached belong to the kernel thread that writes them.
    """
    a = Asm()
    a.mov(R6, R1)
    k_code.load(a, R7, event.field("bytes", 4))
    _direction(a, R8, event.field("rwbs"))
    a.jump(R8, "==", OTHER, "out")
    a.alu(R8, "<<", 4)  # 16 bytes for each direction
    a.call(k_asm.PID_TGID)
    a.alu(R0, ">>", 32)
    a.store(8, R10, PROCESS, R0)
    k_code.lookup(a, processes, PROCESS)
    a.jump(R0, "!=", 0, "known")
    k_code.clear(a, PROCESS_VALUE, PROCESS_VALUE + 32)
    a.mov(R1, R10)
    a.alu(R1, "+", PROCESS_VALUE + 32)
    a.mov(k_asm.R2, 16)
    a.call(k_asm.COMM)
    k_code.update(a, processes, PROCESS, PROCESS_VALUE)
    k_code.lookup(a, processes, PROCESS)
    a.jump(R0, "==", 0, "out")
    a.label("known")
    a.alu(R0, "+", R8)
    a.mov(R1, 1)
    a.atomic_add(R0, 0, R1)
    a.atomic_add(R0, 8, R7)
    k_code.leave(a)
    return a.bytes()
