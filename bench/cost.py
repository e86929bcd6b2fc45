"""What processes cost: CPU seconds and memory, read from the kernel.

Process CPU is the figure to trust on a shared machine; wall clock is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def cpu(pid: int) -> float:
    """CPU seconds that process `pid`, all its threads, has used; OSError where it is gone."""
    return time.clock_gettime((~pid << 3) | 2)  # the kernel's MAKE_PROCESS_CPUCLOCK


def cpu_of(pids: Iterable[int]) -> float:
    return sum(cpu(pid) for pid in pids)


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it."""
    found = [pid]
    for parent in found:
        for task in PROC.glob(f"{parent}/task/*/children"):
            try:
                found.extend(int(child) for child in task.read_text().split())
            except OSError:
                continue
    return found


def command(pid: int) -> str:
    """The command line of `pid`, "" where it is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def private_bytes(pid: int) -> int:
    """Memory that belongs to `pid` alone and is written, in bytes."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"the kernel does not tell the memory of {pid}")


class Meter:
    """CPU per second of `pids` between two moments."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)
        self._cpu, self._clock = cpu_of(self._pids), time.monotonic()

    def stop(self) -> tuple[float, float]:
        """CPU seconds and wall seconds since the start."""
        return cpu_of(self._pids) - self._cpu, time.monotonic() - self._clock

    def per_second(self) -> float:
        used, passed = self.stop()
        return used / passed
