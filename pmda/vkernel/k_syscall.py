"""Programs of system calls: latency, and calls, errors and time by number.

Switched on they cost every system call of the host about 0.2 microseconds.
Also what is much the same: time between two tracepoints of one thread, for
fsync on ext4.
"""

from __future__ import annotations

import struct

import k_asm
import k_bpf
import k_code
import k_trace
from k_asm import R0, R1, R2, R6, R7, R8, R9, R10, Asm

ENTER, EXIT = "raw_syscalls/sys_enter", "raw_syscalls/sys_exit"
SYNC_ENTER, SYNC_EXIT = "ext4/ext4_sync_file_enter", "ext4/ext4_sync_file_exit"
EVENTS = (ENTER, EXIT)
SYNC_EVENTS = (SYNC_ENTER, SYNC_EXIT)

NUMBERS = 512  # system calls that are told apart
CALL = struct.Struct("<3Q")  # calls, errors, nanoseconds
# -512 and below are the kernel's own (ERESTARTSYS): the call is made again.
LAST_ERROR = -512

KEY, STAMP, NUMBER = -8, -16, -24


def entered(starts: k_bpf.Map) -> bytes:
    """Note when this thread came in."""
    a = Asm()
    a.call(k_asm.PID_TGID)
    a.store(8, R10, KEY, R0)
    a.call(k_asm.KTIME)
    a.mov(R7, R0)
    a.store(8, R10, STAMP, R7)
    k_code.remember(a, starts, KEY, STAMP, R7)
    k_code.leave(a)
    return a.bytes()


def _since_start(a: Asm, starts: k_bpf.Map) -> None:
    """R7 = nanoseconds since this thread's start, which is forgotten; "out" where it has none."""
    a.call(k_asm.PID_TGID)
    a.store(8, R10, KEY, R0)
    k_code.recall(a, starts, KEY, R8, "out")
    a.call(k_asm.KTIME)
    a.mov(R7, R0)
    a.jump(R7, "<", R8, "out")
    a.alu(R7, "-", R8)


def left(
    event: k_trace.Event,
    starts: k_bpf.Map,
    histograms: k_code.Histograms,
    calls: k_bpf.Map,
) -> bytes:
    """sys_exit: `calls` has a value for each CPU, a CALL for each number."""
    a = Asm()
    a.mov(R6, R1)
    _since_start(a, starts)
    a.store(4, R10, NUMBER, 0)
    k_code.add_to_histogram(a, histograms, NUMBER, divide=1000)
    k_code.load(a, R8, event.field("id", 8))
    a.jump(R8, ">=", NUMBERS, "out")  # unsigned: -1 too
    a.alu(R8, "*", CALL.size)
    k_code.load(a, R9, event.field("ret", 8))
    a.store(4, R10, NUMBER, 0)
    k_code.of_this_cpu(a, NUMBER, 1)
    k_code.lookup(a, calls, NUMBER)
    a.jump(R0, "==", 0, "out")
    a.alu(R0, "+", R8)
    a.load(8, R1, R0, 0)
    a.alu(R1, "+", 1)
    a.store(8, R0, 0, R1)
    a.load(8, R1, R0, 16)
    a.alu(R1, "+", R7)
    a.store(8, R0, 16, R1)
    a.jump(R9, "s>=", 0, "out")
    a.jump(R9, "s<=", LAST_ERROR, "out")
    a.load(8, R2, R0, 8)
    a.alu(R2, "+", 1)
    a.store(8, R0, 8, R2)
    k_code.leave(a)
    return a.bytes()


def timed(starts: k_bpf.Map, histograms: k_code.Histograms) -> bytes:
    """The later of two tracepoints: only a histogram."""
    a = Asm()
    _since_start(a, starts)
    a.store(4, R10, NUMBER, 0)
    k_code.add_to_histogram(a, histograms, NUMBER, divide=1000)
    k_code.leave(a)
    return a.bytes()
