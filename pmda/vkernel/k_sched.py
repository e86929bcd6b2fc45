"""Programs of the scheduler: run-queue latency and off-CPU time.

A task waits from the moment it becomes runnable (it is woken, or loses the CPU
while it could go on) until it runs; it is off the CPU from the moment it blocks
until it runs again. Times in nanoseconds, histograms in microseconds.
"""

from __future__ import annotations

import k_asm
import k_bpf
import k_code
import k_trace
from k_asm import R0, R1, R6, R7, R8, R9, R10, Asm

WAKEUP = ("sched/sched_wakeup", "sched/sched_wakeup_new")
SWITCH = "sched/sched_switch"
EVENTS = (*WAKEUP, SWITCH)

KEY, STAMP, NUMBER = -8, -16, -24  # places on the stack

# The low byte of prev_state is what the task is (0: runnable); a task that is
# preempted inside the kernel has 0x100 besides (TASK_REPORT_MAX), so comparing
# all of it with 0 would lose those.
STATE = 0xFF
DEAD = 0x30  # EXIT_DEAD and EXIT_ZOMBIE: it never runs again


def woken(event: k_trace.Event, starts: k_bpf.Map) -> bytes:
    """sched_wakeup: the task is runnable from now on."""
    a = Asm()
    a.mov(R6, R1)
    a.call(k_asm.KTIME)
    a.mov(R7, R0)
    a.store(8, R10, STAMP, R7)
    k_code.load(a, R1, event.field("pid", 4))
    a.store(4, R10, KEY, R1)
    k_code.remember(a, starts, KEY, STAMP, R7)
    k_code.leave(a)
    return a.bytes()


def _switched(
    event: k_trace.Event, starts: k_bpf.Map, histograms: k_code.Histograms, blocked: bool
) -> bytes:
    """Stamp the task that leaves the CPU, measure the one that gets it.

    Who leaves the other way (blocked instead of runnable, or the reverse) has no
    start: one left from a wake-up while it ran, or of an end that the kernel
    skipped, would count all that it did since as one long wait.
    """
    a = Asm()
    a.mov(R6, R1)
    a.call(k_asm.KTIME)
    a.mov(R7, R0)
    k_code.load(a, R8, event.field("prev_state", 4, 8))
    if blocked:
        a.mov(R9, R8)
        a.alu(R9, "&", DEAD)
        a.jump(R9, "!=", 0, "next")
    a.alu(R8, "&", STATE)
    k_code.load(a, R9, event.field("prev_pid", 4))
    a.jump(R9, "==", 0, "next")  # the idle task
    a.store(4, R10, KEY, R9)
    a.jump(R8, "==" if blocked else "!=", 0, "other")
    a.store(8, R10, STAMP, R7)
    k_code.remember(a, starts, KEY, STAMP, R7)
    a.go("next")
    a.label("other")
    k_code.forget(a, starts, KEY)
    a.label("next")
    k_code.load(a, R8, event.field("next_pid", 4))
    a.jump(R8, "==", 0, "out")
    a.store(4, R10, KEY, R8)
    k_code.recall(a, starts, KEY, R9, "out")
    a.jump(R7, "<", R9, "out")  # clocks of two CPUs may differ by a little
    a.alu(R7, "-", R9)
    a.store(4, R10, NUMBER, 0)
    k_code.add_to_histogram(a, histograms, NUMBER, divide=1000)
    k_code.leave(a)
    return a.bytes()


def waited(event: k_trace.Event, starts: k_bpf.Map, histograms: k_code.Histograms) -> bytes:
    """sched_switch: how long the task that runs now waited for it."""
    return _switched(event, starts, histograms, blocked=False)


def slept(event: k_trace.Event, starts: k_bpf.Map, histograms: k_code.Histograms) -> bytes:
    """sched_switch: how long the task that runs now was blocked, its wait for a CPU included."""
    return _switched(event, starts, histograms, blocked=True)
