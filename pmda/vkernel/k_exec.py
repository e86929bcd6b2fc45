"""Programs of program starts: who started what, and what came of it.

A start that works is told by the scheduler; one that fails only by the return
of the system call, whose tracepoints are attached for that. Records go through
a map that the agent empties each second (`RECORD`).
"""

from __future__ import annotations

import struct
from typing import Optional

import k_asm
import k_bpf
import k_code
import k_trace
from k_asm import R0, R1, R2, R3, R6, R7, R10, Asm

FORK, EXEC = "sched/sched_process_fork", "sched/sched_process_exec"
CALLS = tuple(
    ("syscalls/sys_enter_" + name, "syscalls/sys_exit_" + name) for name in ("execve", "execveat")
)
EVENTS = (FORK, EXEC, *(event for pair in CALLS for event in pair))

PATH_BYTES = 128
# pid, pid of the parent or 0, result (0 or -errno), user id, command, path
RECORD = struct.Struct("<IIiI16s%ds" % PATH_BYTES)
LOST, SENT = 0, 1  # indexes in the map of counters

_KEY, _VALUE = -8, -16
_QUEUE_KEY = -32  # time, pid and thread
_RECORD = _QUEUE_KEY - RECORD.size
_PARENT, _RESULT, _UID = _RECORD + 4, _RECORD + 8, _RECORD + 12
_COMM, _PATH = _RECORD + 16, _RECORD + 32
_UID_GID = 15  # helper


def forked(event: k_trace.Event, parents: k_bpf.Map) -> bytes:
    """sched_process_fork, in the parent: note the child's parent."""
    a = Asm()
    a.mov(R6, R1)
    k_code.load(a, R1, event.field("child_pid", 4))
    a.store(4, R10, _KEY, R1)
    a.call(k_asm.PID_TGID)
    a.alu(R0, ">>", 32)
    a.store(4, R10, _VALUE, R0)
    k_code.update(a, parents, _KEY, _VALUE)
    k_code.leave(a)
    return a.bytes()


def _fill(a: Asm, parents: k_bpf.Map) -> None:
    """The record but result and path; R7 = pid and thread."""
    k_code.clear(a, _RECORD, _RECORD + RECORD.size)
    a.call(k_asm.PID_TGID)
    a.mov(R7, R0)
    a.store(8, R10, _QUEUE_KEY + 8, R7)
    a.mov(R1, R7)
    a.alu(R1, ">>", 32)
    a.store(4, R10, _RECORD, R1)
    a.store(4, R10, _KEY, R1)
    orphan = a.fresh()
    k_code.lookup(a, parents, _KEY)
    a.jump(R0, "==", 0, orphan)
    a.load(4, R1, R0, 0)
    a.store(4, R10, _PARENT, R1)
    a.label(orphan)
    a.call(_UID_GID)
    a.store(4, R10, _UID, R0)
    a.mov(R1, R10)
    a.alu(R1, "+", _COMM)
    a.mov(R2, 16)
    a.call(k_asm.COMM)
    a.call(k_asm.KTIME)
    a.store(8, R10, _QUEUE_KEY, R0)


def _send(a: Asm, queue: k_bpf.Map, counters: k_bpf.Map) -> None:
    k_code.update(a, queue, _QUEUE_KEY, _RECORD)
    a.store(4, R10, _KEY, LOST)
    a.jump(R0, "!=", 0, "count")
    a.store(4, R10, _KEY, SENT)
    a.label("count")
    k_code.count(a, counters, _KEY)


def _path(a: Asm, helper: int) -> None:
    """Copy the path at R3, at most PATH_BYTES - 1 bytes."""
    a.mov(R1, R10)
    a.alu(R1, "+", _PATH)
    a.mov(R2, PATH_BYTES)
    a.call(helper)


def started(
    event: k_trace.Event, parents: k_bpf.Map, queue: k_bpf.Map, counters: k_bpf.Map
) -> bytes:
    """sched_process_exec: a record of a start that worked."""
    a = Asm()
    a.mov(R6, R1)
    _fill(a, parents)
    # __data_loc: the low 16 bits say where in the record the text lies.
    k_code.load(a, R1, event.field("filename", 4))
    a.alu(R1, "&", 0xFFFF)
    a.mov(R3, R6)
    a.alu(R3, "+", R1)
    _path(a, k_asm.PROBE_READ_KERNEL_STR)
    _send(a, queue, counters)
    k_code.leave(a)
    return a.bytes()


def called(event: k_trace.Event, paths: k_bpf.Map) -> bytes:
    """sys_enter_execve: note where in the caller's memory the path lies."""
    a = Asm()
    a.mov(R6, R1)
    k_code.load(a, R1, event.field("filename", 8))
    a.store(8, R10, _VALUE, R1)
    a.call(k_asm.PID_TGID)
    a.store(8, R10, _KEY, R0)
    k_code.update(a, paths, _KEY, _VALUE)
    k_code.leave(a)
    return a.bytes()


def returned(
    event: k_trace.Event,
    paths: k_bpf.Map,
    parents: k_bpf.Map,
    queue: k_bpf.Map,
    counters: k_bpf.Map,
) -> bytes:
    """sys_exit_execve: a record of a start that failed; by now the path is in memory."""
    a = Asm()
    a.mov(R6, R1)
    k_code.load(a, R1, event.field("ret", 8))
    a.jump(R1, "s>=", 0, "out")
    _fill(a, parents)
    k_code.load(a, R1, event.field("ret", 8))
    a.store(4, R10, _RESULT, R1)
    a.store(8, R10, _KEY, R7)
    k_code.lookup(a, paths, _KEY)
    a.jump(R0, "==", 0, "send")
    a.load(8, R3, R0, 0)
    _path(a, k_asm.PROBE_READ_USER_STR)
    k_code.delete(a, paths, _KEY)
    a.label("send")
    _send(a, queue, counters)
    k_code.leave(a)
    return a.bytes()


def parent_of(stat: str) -> Optional[int]:
    """The parent's pid in the text of /proc/PID/stat; None for what is none."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 and fields[1].isdecimal() else None
