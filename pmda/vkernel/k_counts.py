"""Probes of plain counters by perf_event_open(2): software, hardware, tracepoints; no eBPF."""

from __future__ import annotations

import errno
from typing import Dict, Optional, Sequence, Tuple

import k_bpf
import k_probe
import k_trace
import vcollect
import vsnap

ONLINE = "/sys/devices/system/cpu/online"
# name -> number, perf_event.h
SOFTWARE = (
    ("context_switches", 3),
    ("cpu_migrations", 4),
    ("page_faults_minor", 5),
    ("page_faults_major", 6),
)
HARDWARE = (("cycles", 0), ("instructions", 1))
TRACEPOINTS = (
    ("tcp_retransmits", "tcp/tcp_retransmit_skb"),
    ("tcp_resets_received", "tcp/tcp_receive_reset"),
    ("tcp_resets_sent", "tcp/tcp_send_reset"),
    ("oom_kills", "oom/mark_victim"),
    ("sched_migrations", "sched/sched_migrate_task"),
)
EVENTS = tuple(event for _, event in TRACEPOINTS)


class Counters(vcollect.Probe):
    """Counters of every CPU that is online; those of CPUs that go offline are kept in `total`."""

    retry = 60.0

    def __init__(self, tools: k_probe.Tools) -> None:
        self.tools = tools
        self.kernel = tools.kernel
        self._open: Dict[Tuple[int, str], int] = {}
        self._last: Dict[Tuple[int, str], int] = {}
        self._gone: Dict[str, int] = {}
        self._cpus: Tuple[int, ...] = ()

    def wanted(self) -> Sequence[Tuple[str, int, int]]:
        """Name, type and number of each counter. Raises Unavailable."""
        raise NotImplementedError

    def refused(self, error: k_bpf.Refused) -> str:
        """Why there is none, in words."""
        return k_probe.reason(error)

    def _follow_cpus(self) -> None:
        """Open counters on CPUs that have come, close those of CPUs that have gone."""
        online = k_trace.cpu_list(self.tools.world.text(ONLINE, 4096))
        if online == self._cpus:
            return
        for cpu, name in [key for key in self._open if key[0] not in online]:
            self.kernel.close(self._open.pop((cpu, name)))
            self._gone[name] = self._gone.get(name, 0) + self._last.pop((cpu, name), 0)
        for name, type_, number in self.wanted():
            for cpu in online:
                if (cpu, name) not in self._open:
                    self._open[cpu, name] = self.kernel.counter(type_, number, cpu)
        self._cpus = online

    def counts(self) -> Dict[Tuple[int, str], int]:
        """(CPU, name) -> count. Raises Unavailable."""
        try:
            self._follow_cpus()
        except k_bpf.Refused as error:
            self.close()
            raise vcollect.Unavailable(self.refused(error)) from None
        for key, counter in self._open.items():
            value, enabled, running = self.kernel.count(counter)
            if 0 < running < enabled:  # it shares the hardware with others: an estimate
                value = value * enabled // running
            self._last[key] = max(value, self._last.get(key, 0))
        return self._last

    def by_cpu(self) -> vsnap.Reading:
        columns: Dict[str, Dict[str, int]] = {}
        for (cpu, name), value in self.counts().items():
            columns.setdefault("perf." + name, {})["cpu%d" % cpu] = value
        return vsnap.Reading(columns)

    def close(self) -> None:
        self._cpus = ()
        while self._open:
            self.kernel.close(self._open.popitem()[1])


class Software(Counters):
    """Context switches, migrations, page faults."""

    name = "perf_software"

    def wanted(self) -> Sequence[Tuple[str, int, int]]:
        return [(name, k_bpf.SOFTWARE, number) for name, number in SOFTWARE]

    def collect(self, now: float) -> vsnap.Reading:
        return self.by_cpu()


class Hardware(Counters):
    """Cycles and instructions."""

    name = "perf_hardware"
    retry = 600.0

    def wanted(self) -> Sequence[Tuple[str, int, int]]:
        return [(name, k_bpf.HARDWARE, number) for name, number in HARDWARE]

    def refused(self, error: k_bpf.Refused) -> str:
        if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
            return "this machine has no PMU (virtual machines often have none)"
        return super().refused(error)

    def collect(self, now: float) -> vsnap.Reading:
        return self.by_cpu()


class Tracepoints(Counters):
    """Hits of tracepoints, all CPUs together."""

    name = "tracepoints"

    def wanted(self) -> Sequence[Tuple[str, int, int]]:
        missing: Optional[k_trace.Missing] = None
        found = []
        for name, event in TRACEPOINTS:
            try:
                found.append((name, k_bpf.TRACEPOINT, self.tools.events.get(event).id))
            except k_trace.Missing as error:
                missing = missing or error
        if not found:
            raise vcollect.Unavailable(str(missing))
        return found

    def collect(self, now: float) -> vsnap.Reading:
        sums: Dict[str, int] = {}
        for (_, name), value in self.counts().items():
            sums[name] = sums.get(name, 0) + value
        return vsnap.Reading(
            {"tracepoint." + name: value + self._gone.get(name, 0) for name, value in sums.items()}
        )
