"""Pieces that our programs share: map access, log2 histograms, fields of a record.

Convention: R6 is the tracepoint's record, R7 to R9 are free for the program,
keys and values for maps lie on the stack. What a program measures stands in
`k_sched`, `k_block`, ...; how its maps are read in `k_hist`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import k_asm
import k_bpf
import k_trace
from k_asm import R0, R1, R2, R3, R4, R6, R7, R8, R9, R10, Asm, Reg

BUCKETS = 40  # 2^40 microseconds are 12 days
SUM, TOP = BUCKETS, BUCKETS + 1  # behind the buckets: sum of all values, the highest
CELLS = BUCKETS + 2
HISTOGRAM = struct.Struct("<%dQ" % CELLS)


class Histograms(NamedTuple):
    """An array of histograms: `each` of them for each CPU."""

    map: k_bpf.Map
    each: int


def load(a: Asm, dst: Reg, field: k_trace.Field) -> None:
    """dst = a field of the record in R6."""
    a.load(field.size, dst, R6, field.offset)


def copy(a: Asm, to: int, field: k_trace.Field, step: int, tmp: Reg = R1) -> None:
    """Copy a field to the stack at R10 + to, `step` bytes at a time.

    The verifier refuses loads that are not aligned: 2 for what lies at odd words.
    """
    for part in range(0, field.size, step):
        a.load(step, tmp, R6, field.offset + part)
        a.store(step, R10, to + part, tmp)


def aligned(field: k_trace.Field) -> int:
    """The widest step in which a field may be read."""
    for step in (8, 4, 2):
        if field.offset % step == 0 and field.size % step == 0:
            return step
    return 1


def clear(a: Asm, start: int, end: int) -> None:
    """Zero the stack from R10 + start up to R10 + end; both multiples of 8."""
    for place in range(start, end, 8):
        a.store(8, R10, place, 0)


def lookup(a: Asm, map_: k_bpf.Map, key: int) -> None:
    """R0 = address of the value of the key at R10 + key, or 0."""
    a.mov(R2, R10)
    a.alu(R2, "+", key)
    a.map(R1, map_.fd)
    a.call(k_asm.MAP_LOOKUP)


def update(a: Asm, map_: k_bpf.Map, key: int, value: int) -> None:
    """Set a value; both lie on the stack. R0 = 0 or an error."""
    a.mov(R2, R10)
    a.alu(R2, "+", key)
    a.mov(R3, R10)
    a.alu(R3, "+", value)
    a.map(R1, map_.fd)
    a.mov(R4, 0)
    a.call(k_asm.MAP_UPDATE)


def delete(a: Asm, map_: k_bpf.Map, key: int) -> None:
    a.mov(R2, R10)
    a.alu(R2, "+", key)
    a.map(R1, map_.fd)
    a.call(k_asm.MAP_DELETE)


def remember(a: Asm, starts: k_bpf.Map, key: int, stamp: int, now: Reg) -> None:
    """Set the start of what the key names; the time lies at R10 + stamp and in `now` (R6 to R9).

    An entry stays with its task and is written in place: making and deleting
    one each time would cost several times as much.
    """
    fresh, end = a.fresh(), a.fresh()
    lookup(a, starts, key)
    a.jump(R0, "==", 0, fresh)
    a.store(8, R0, 0, now)
    a.go(end)
    a.label(fresh)
    update(a, starts, key, stamp)
    a.label(end)


def recall(a: Asm, starts: k_bpf.Map, key: int, out: Reg, otherwise: str) -> None:
    """out = the start of what the key names, which is forgotten; `otherwise` if it has none."""
    lookup(a, starts, key)
    a.jump(R0, "==", 0, otherwise)
    a.load(8, out, R0, 0)
    a.jump(out, "==", 0, otherwise)
    a.store(8, R0, 0, 0)


def forget(a: Asm, starts: k_bpf.Map, key: int) -> None:
    """What the key names has no start any more."""
    end = a.fresh()
    lookup(a, starts, key)
    a.jump(R0, "==", 0, end)
    a.store(8, R0, 0, 0)
    a.label(end)


def leave(a: Asm, label: str = "out") -> None:
    """The program's end, reached by jumps to `label` too.

    It returns 1: with 0 the kernel would hide the event from everybody's perf.
    """
    a.label(label)
    a.mov(R0, 1)
    a.exit()


def log2(a: Asm, out: Reg, value: Reg) -> None:
    """out = the bucket of value (floor(log2), 0 for 0); value is lost."""
    a.mov(out, 0)
    for shift in (32, 16, 8, 4, 2, 1):
        below = a.fresh()
        if shift == 32:  # an immediate value has 31 bits
            a.mov(R1, value)
            a.alu(R1, ">>", 32)
            a.jump(R1, "==", 0, below)
        else:
            a.jump(value, "<", 1 << shift, below)
        a.alu(out, "+", shift)
        a.alu(value, ">>", shift)
        a.label(below)


def of_this_cpu(a: Asm, key: int, each: int) -> None:
    """Turn the number (4 bytes at R10 + key) of a value into this CPU's; `each` has every CPU."""
    a.call(k_asm.CPU)
    a.alu(R0, "*", each)
    a.load(4, R1, R10, key)
    a.alu(R0, "+", R1)
    a.store(4, R10, key, R0)


def add_to_histogram(a: Asm, histograms: Histograms, key: int, divide: int = 1) -> None:
    """Count R7 in histogram number (4 bytes at R10 + key, lost); R8 and R9 are lost.

    The bucket is that of R7 / divide; sum and highest value keep R7 itself.
    Nothing else of ours runs on this CPU meanwhile: no atomic operation is needed.
    """
    end, small = a.fresh(), a.fresh()
    a.mov(R8, R7)
    if divide != 1:
        a.alu(R8, "/", divide)
    log2(a, R9, R8)
    a.jump(R9, "<", BUCKETS, small)
    a.mov(R9, BUCKETS - 1)
    a.label(small)
    of_this_cpu(a, key, histograms.each)
    lookup(a, histograms.map, key)
    a.jump(R0, "==", 0, end)
    a.alu(R9, "<<", 3)
    a.mov(R1, R0)
    a.alu(R1, "+", R9)
    a.load(8, R2, R1, 0)
    a.alu(R2, "+", 1)
    a.store(8, R1, 0, R2)
    a.load(8, R2, R0, SUM * 8)
    a.alu(R2, "+", R7)
    a.store(8, R0, SUM * 8, R2)
    a.load(8, R2, R0, TOP * 8)
    a.jump(R2, ">=", R7, end)
    a.store(8, R0, TOP * 8, R7)
    a.label(end)


def count(a: Asm, map_: k_bpf.Map, key: int, tmp: Reg = R1) -> None:
    """Add one to the counter whose 4-byte index lies at R10 + key."""
    end = a.fresh()
    lookup(a, map_, key)
    a.jump(R0, "==", 0, end)
    a.mov(tmp, 1)
    a.atomic_add(R0, 0, tmp)
    a.label(end)
