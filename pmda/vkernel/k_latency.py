"""Probes of latency: run queue, off-CPU, block I/O, system calls, fsync.

Each loads its programs (`k_sched`, `k_block`, `k_syscall`), reads its maps and
tells counters and the percentiles of the last second.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Dict, List, Tuple

import k_block
import k_bpf
import k_hist
import k_names
import k_probe
import k_sched
import k_syscall
import vhist
import vsnap

STARTS = 16384  # tasks that can be on their way at a time
REQUESTS = 8192
DEVICES = 64
MICRO = 1e-3  # from nanoseconds
PROCESSES = 1024
SHOWN = 20


def told(prefix: str, histogram: k_hist.Told) -> Dict[str, Any]:
    """Metrics of a histogram of times: counters in microseconds, percentiles."""
    values: Dict[str, Any] = {
        prefix + ".latency": vhist.column(histogram.counts),
        prefix + ".total": histogram.sum // 1000,
        prefix + ".count": histogram.number,
    }
    for name, value in histogram.recent(MICRO).items():
        values["%s.%s" % (prefix, name)] = value
    return values


class _Scheduler(k_probe.Program):
    """One histogram out of sched_switch."""

    def _measure(self, program: Callable[..., bytes]) -> k_bpf.Map:
        events = self.tools.events
        starts = self.map(k_bpf.LRU_HASH, 4, 8, STARTS, self.name)
        switch = events.get(k_sched.SWITCH)
        self.run(switch, program(switch, starts, self.histograms(1, self.name)))
        return starts

    def read(self, now: float) -> vsnap.Reading:
        return vsnap.Reading(told(self.name, self.reader.read(0)))


class RunQueue(_Scheduler):
    """How long tasks that could run waited for a CPU."""

    name = "runq"

    def attach(self) -> None:
        starts = self._measure(k_sched.waited)
        for name in k_sched.WAKEUP:
            event = self.tools.events.get(name)
            self.run(event, k_sched.woken(event, starts))


class OffCpu(_Scheduler):
    """How long tasks were blocked."""

    name = "offcpu"

    def attach(self) -> None:
        self._measure(k_sched.slept)


class Block(k_probe.Program):
    """Latency and size of block I/O by direction, and by device where that is wanted."""

    name = "blk"

    def __init__(self, tools: k_probe.Tools, devices: bool) -> None:
        super().__init__(tools)
        self._by_device = devices
        self._numbers: Dict[str, int] = {}  # disk -> its first histogram

    def attach(self) -> None:
        events = self.tools.events
        issue, complete = events.get(k_block.ISSUE), events.get(k_block.COMPLETE)
        self._numbers = {}
        starts = self.map(k_bpf.LRU_HASH, k_block.KEY_BYTES, k_block.START_BYTES, REQUESTS, "blk")
        kinds = 2 * len(k_block.DIRECTIONS)
        each = len(k_block.DIRECTIONS) * DEVICES if self._by_device else 0
        histograms = self.histograms(kinds + each, "blk")
        lost = self.counters("lost")
        self._devices = self.map(k_bpf.HASH, 4, 4, DEVICES, "blk_dev") if each else None
        self.run(
            complete,
            k_block.completed(complete, starts, histograms, lost, self._devices),
        )
        self.run(issue, k_block.issued(issue, starts))

    def read(self, now: float) -> vsnap.Reading:
        values: Dict[str, Any] = {}
        for number, direction in enumerate(k_block.DIRECTIONS):
            prefix = "blk." + direction
            values.update(told(prefix, self.reader.read(k_block.LATENCY + number)))
            size = self.reader.read(k_block.SIZE + number)
            values[prefix + ".size"] = vhist.column(size.counts)
            values[prefix + ".bytes"] = size.sum
            for name, value in size.recent().items():
                values["%s.size_%s" % (prefix, name)] = value
        self.lost = self.number("lost")
        if self._devices is not None:
            values.update(self._of_devices(self._devices))
        return vsnap.Reading(values)

    def _of_devices(self, devices: k_bpf.Map) -> Dict[str, Any]:
        """Histograms by disk; disks that are new get their numbers here."""
        columns: Dict[str, Dict[str, int]] = {name: {} for name in k_block.DIRECTIONS}
        for disk, dev in disks(self.tools.world):
            if disk not in self._numbers:
                if len(self._numbers) == DEVICES:
                    continue
                first = (2 + len(self._numbers)) * len(k_block.DIRECTIONS)
                self._numbers[disk] = first
                self.kernel.update(devices, struct.pack("<I", dev), struct.pack("<I", first))
            for number, direction in enumerate(k_block.DIRECTIONS):
                found = self.reader.read(self._numbers[disk] + number)
                for bucket, count in vhist.column(found.counts).items():
                    columns[direction]["%s::%s" % (disk, bucket)] = count
        return {"blk.dev.%s.latency" % name: column for name, column in columns.items()}


def disks(world: Any) -> List[Tuple[str, int]]:
    """Names of the disks and their numbers as tracepoints give them (major << 20 | minor)."""
    found = []
    try:
        names = world.names("/sys/block")
    except OSError:
        return []
    for name in names:
        try:
            major, minor = world.text("/sys/block/%s/dev" % name, 64).split(":")
            found.append((name, int(major) << 20 | int(minor)))
        except (OSError, ValueError):
            continue
    return found


class BlockByProcess(k_probe.Program):
    """Block I/O of processes between two readings."""

    name = "blk_processes"
    _FORMAT = struct.Struct("<4Q16s")

    def __init__(self, tools: k_probe.Tools) -> None:
        super().__init__(tools)
        self._before: Dict[int, Tuple[int, ...]] = {}
        self._first = True

    def attach(self) -> None:
        events = self.tools.events
        event = events.get(k_block.SUBMIT if k_block.SUBMIT in events else k_block.ISSUE)
        self._before, self._first = {}, True
        self._map = self.map(k_bpf.LRU_HASH, 8, k_block.PROCESS_BYTES, PROCESSES, "blk_proc")
        self.run(event, k_block.attributed(event, self._map))

    def read(self, now: float) -> vsnap.Reading:
        fresh, before = {}, {}
        commands: Dict[object, str] = {}
        for key, value in self.kernel.items(self._map):
            (pid,) = struct.unpack("<Q", key)
            *counts, command = self._FORMAT.unpack(value)
            old = self._before.get(pid, (0, 0, 0, 0))
            if any(now < then for now, then in zip(counts, old)):
                old = (0, 0, 0, 0)  # the key was dropped meanwhile, and came again
            before[pid] = tuple(counts)
            done = [now - then for now, then in zip(counts, old)]
            if any(done):
                fresh[pid] = done
                commands[pid] = "%d:%s" % (pid, k_names.text(command))
        self._before = before
        order = sorted(fresh, key=lambda pid: -(fresh[pid][1] + fresh[pid][3]))[:SHOWN]
        names = ("read.ops", "read.bytes", "write.ops", "write.bytes")
        return vsnap.Reading(
            {
                "blk.process." + name: {pid: fresh[pid][place] for pid in order}
                for place, name in enumerate(names)
            },
            {"process": {pid: commands[pid] for pid in order}},
        )


class Syscalls(k_probe.Program):
    """Latency of system calls, and calls, errors and time by name."""

    name = "syscall"

    def attach(self) -> None:
        events = self.tools.events
        enter, leave = events.get(k_syscall.ENTER), events.get(k_syscall.EXIT)
        starts = self.map(k_bpf.LRU_HASH, 8, 8, STARTS, "sys")
        histograms = self.histograms(1, "sys")
        size = k_syscall.NUMBERS * k_syscall.CALL.size
        calls = self.map(k_bpf.ARRAY, 4, size, self.kernel.cpus, "sys_calls")
        self._calls = self.kernel.memory(calls)
        self.run(leave, k_syscall.left(leave, starts, histograms, calls))
        self.run(enter, k_syscall.entered(starts))

    def read(self, now: float) -> vsnap.Reading:
        values = told("syscall", self.reader.read(0))
        raw = bytes(self._calls[:])
        size = k_syscall.NUMBERS * k_syscall.CALL.size
        columns: Tuple[Dict[str, int], ...] = ({}, {}, {})
        for cpu in range(self.kernel.cpus):
            for number in range(k_syscall.NUMBERS):
                call = k_syscall.CALL.unpack_from(raw, cpu * size + number * k_syscall.CALL.size)
                if call[0]:
                    name = k_names.syscall(number)
                    for column, value in zip(columns, call):
                        column[name] = column.get(name, 0) + value
        values["syscall.calls"], values["syscall.errors"], values["syscall.time"] = columns
        return vsnap.Reading(values)


class Sync(k_probe.Program):
    """fsync on ext4: the part of file system latency that has tracepoints."""

    name = "fs"

    def attach(self) -> None:
        events = self.tools.events
        enter, leave = events.get(k_syscall.SYNC_ENTER), events.get(k_syscall.SYNC_EXIT)
        starts = self.map(k_bpf.LRU_HASH, 8, 8, STARTS, "sync")
        histograms = self.histograms(1, "sync")
        self.run(leave, k_syscall.timed(starts, histograms))
        self.run(enter, k_syscall.entered(starts))

    def read(self, now: float) -> vsnap.Reading:
        note = "fsync on ext4 only; read, write and open have no tracepoints (see bcc.fs)"
        return vsnap.Reading(told("fs.sync", self.reader.read(0)), note=note)
