"""Cost and truth of vkernel's eBPF programs, beside bpftrace's and libbpf-tools'.

    python -m bench.vkernel [--rounds 7] [--seconds 5]

Cost: CPU of two loads, one of system calls (dd by single bytes) and one of
context switches (two processes on one CPU that hand a byte to each other),
while nobody looks, while vkernel does, while bpftrace does; rounds in turn,
medians. What a program costs is charged to whom it interrupts, so the load's
own CPU tells. Then what the lookers use themselves. Truth: what runqlat and
biolatency count in the same seconds. As root; bpftrace and libbpf-tools are
Debian packages, rows of what is not installed are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

AGENT = Path(__file__).resolve().parents[1] / "pmda" / "vkernel"
PYTHON = "/usr/bin/python3"
CALLS, SWITCHES = 500_000, 40_000
WRITES = 2000

# Runs probes of the agent once a second; at a line on its input prints the metrics asked for.
LOOKER = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
import k_probes, k_rows, k_table, vcollect, vconf, vfiles
on = set(sys.argv[2].split(","))
conf = vconf.defaults(
    k_table.OPTIONS,
    **{o.name: o.name in on for o in k_table.OPTIONS if isinstance(o.default, bool)},
)
tools = k_probes.tools(vfiles.World("/"), print)
probes = [p for p in k_probes.programs(conf, tools, k_rows.Times()) if p.name in on]
last = {}
collector = vcollect.Collector(k_table.TABLE, probes, lambda p: last.update(p=p), print)
collector.once()
collector.start()
print("ready", flush=True)
for line in sys.stdin:
    collector.once()
    values = last["p"].snapshot.values
    asked = [k_table.TABLE.by_name[name].key for name in line.split()]
    print(*[cells[0] for key in asked for cells in values[key].values()], flush=True)
"""
BPFTRACE_RUNQ = """
tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new { @q[args->pid] = nsecs; }
tracepoint:sched:sched_switch {
  if (args->prev_state == 0) { @q[args->prev_pid] = nsecs; }
  $s = @q[args->next_pid];
  if ($s) { @us = hist((nsecs - $s) / 1000); }
  delete(@q[args->next_pid]);
}
"""
BPFTRACE_CALLS = """
tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; }
tracepoint:raw_syscalls:sys_exit /@s[tid]/ {
  @us = hist((nsecs - @s[tid]) / 1000); @n[args->id] = count(); delete(@s[tid]);
}
"""
PING = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
a, b = os.pipe(), os.pipe()
count = %d
if os.fork() == 0:
    for _ in range(count):
        os.read(a[0], 1); os.write(b[1], b"x")
    os._exit(0)
for _ in range(count):
    os.write(a[1], b"x"); os.read(b[0], 1)
os.wait()
"""


def cpu_of(command: list[str]) -> float:
    """CPU seconds of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def calls() -> float:
    """Nanoseconds of CPU per system call."""
    command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={CALLS}"]
    return cpu_of(command) / (2 * CALLS) * 1e9


def switches() -> float:
    """Nanoseconds of CPU per context switch, pipes and Python included."""
    return cpu_of([PYTHON, "-S", "-c", PING % SWITCHES]) / (2 * SWITCHES) * 1e9


class Looker:
    """A process that watches; `cpu` and `memory` are its own."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while "ready" not in (line := self._line()):
            if not line:
                raise RuntimeError(f"{command[0]} did not start")

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ask(self, *names: str) -> list[float]:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(names) + "\n")
        self.process.stdin.flush()
        return [float(word) for word in self._line().split()]

    def cpu(self) -> float:
        """Seconds, by the scheduler's own account of each thread."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.communicate(timeout=10)


def vkernel(*probes: str) -> Looker:
    return Looker([PYTHON, "-c", LOOKER, str(AGENT), ",".join(probes)])


def bpftrace(*programs: str) -> Looker:
    start = 'BEGIN { printf("ready\\n"); }'
    return Looker(["bpftrace", "-e", "\n".join([*programs, start])])


@contextlib.contextmanager
def tracefs() -> Iterator[None]:
    """tracefs mounted for bpftrace, for this process's own mount namespace alone."""
    os.unshare(0x00020000) if hasattr(os, "unshare") else _unshare()
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(
        ["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], check=False, stderr=-3
    )
    subprocess.run(
        ["mount", "-t", "debugfs", "debugfs", "/sys/kernel/debug"], check=False, stderr=-3
    )
    yield


def _unshare() -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000) != 0:
        raise OSError(ctypes.get_errno(), "a mount namespace of our own needs root")


def cost(rounds: int) -> list[tuple[str, str, str]]:
    """Rows: who looks, CPU per call, CPU per switch; medians, and the lowest in brackets."""
    lookers: dict[str, Callable[[], Looker | None]] = {
        "nobody": lambda: None,
        "vkernel: runq, blk": lambda: vkernel("runq", "blk"),
        "vkernel: runq, offcpu, blk (default)": lambda: vkernel("runq", "offcpu", "blk"),
        "vkernel: runq, blk, syscall": lambda: vkernel("runq", "blk", "syscalls", "syscall"),
    }
    if shutil.which("bpftrace"):
        lookers["bpftrace: runq"] = lambda: bpftrace(BPFTRACE_RUNQ)
        lookers["bpftrace: runq, syscall"] = lambda: bpftrace(BPFTRACE_RUNQ, BPFTRACE_CALLS)
    figures: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in lookers}
    for number in range(rounds):
        print(f"cost, round {number + 1} of {rounds} ...", file=sys.stderr, flush=True)
        for name, start in lookers.items():
            looker = start()
            figures[name][0].append(calls())
            figures[name][1].append(switches())
            if looker is not None:
                looker.stop()
    base_calls, base_switches = (statistics.median(figures["nobody"][i]) for i in (0, 1))
    return [
        (name, _figure(of_calls, base_calls), _figure(of_switches, base_switches))
        for name, (of_calls, of_switches) in figures.items()
    ]


def _figure(values: list[float], base: float) -> str:
    middle = statistics.median(values)
    return f"{middle:.0f} ns ({middle - base:+.0f}; lowest {min(values):.0f})"


def own(seconds: float) -> list[tuple[str, str, str]]:
    """Rows: who looks, its CPU, its memory."""
    lookers = {"vkernel: runq, offcpu, blk": lambda: vkernel("runq", "offcpu", "blk")}
    if shutil.which("bpftrace"):
        lookers["bpftrace: runq"] = lambda: bpftrace(BPFTRACE_RUNQ)
    rows = []
    for name, start in lookers.items():
        looker = start()
        time.sleep(1.5)
        before, began = looker.cpu(), time.monotonic()
        time.sleep(seconds)
        share = (looker.cpu() - before) / (time.monotonic() - began) * 100
        rows.append((name, f"{share:.2f} % of a CPU", f"{looker.memory():.0f} MB"))
        looker.stop()
    return rows


def truth(seconds: float, folder: Path) -> list[tuple[str, str, str]]:
    """Rows: what, vkernel's count, the other's, in the same seconds."""
    looker = vkernel("runq", "blk")
    rows = []
    for tool, names, load in (
        ("runqlat", ("runq.count",), lambda: cpu_of([PYTHON, "-S", "-c", PING % SWITCHES])),
        (
            "biolatency",
            ("blk.read.count", "blk.write.count", "blk.other.count"),
            lambda: cpu_of(
                [
                    *("dd", "if=/dev/zero", f"of={folder}/x", "bs=64k", f"count={WRITES}"),
                    "oflag=direct",
                ]
            ),
        ),
    ):
        if not shutil.which(tool):
            continue
        other = subprocess.Popen(
            ["stdbuf", "-oL", tool, str(int(seconds)), "1"],
            stdout=subprocess.PIPE,
            text=True,
            stderr=-3,
        )
        assert other.stdout is not None
        other.stdout.readline()  # it traces from now on
        before = sum(looker.ask(*names))
        load()
        text = other.stdout.read()
        ours = sum(looker.ask(*names)) - before
        other.wait()
        theirs = sum(int(n) for n in re.findall(r"^\s*\d+ -> \d+\s*: (\d+)", text, re.M))
        rows.append((tool, f"{ours:.0f}", f"{theirs}"))
    looker.stop()
    return rows


def table(heads: tuple[str, ...], rows: list[tuple[str, str, str]]) -> None:
    for row in (heads, ("---",) * len(heads), *rows):
        print("| " + " | ".join(row) + " |")
    print()


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", choices=("cost", "own", "truth"))
    options = parser.parse_args()
    with tracefs(), tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        if options.only in (None, "cost"):
            heads = ("who looks", "CPU per system call", "CPU per context switch")
            table(heads, cost(options.rounds))
        if options.only in (None, "own"):
            table(("who looks", "its CPU", "its memory"), own(options.seconds * 2))
        if options.only in (None, "truth"):
            table(("beside", "vkernel", "that"), truth(options.seconds, Path(folder)))


if __name__ == "__main__":
    main()
