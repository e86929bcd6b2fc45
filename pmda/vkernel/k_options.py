"""The options of vkernel's conf, and the text at its head."""

from __future__ import annotations

import vconf

OPTIONS = (
    vconf.Option("runq", True, "Run-queue latency, by eBPF."),
    vconf.Option("offcpu", True, "Time off the CPU, by eBPF."),
    vconf.Option("blk", True, "Latency and size of block I/O, by eBPF."),
    vconf.Option("blk_devices", False, "The same by disk."),
    vconf.Option("blk_processes", False, "Block I/O by process, by eBPF."),
    vconf.Option(
        "syscalls",
        False,
        "System calls by name, by eBPF. Slows each of the host's by 0.2 to 0.7 us.",
    ),
    vconf.Option("fsync", False, "Latency of fsync on ext4, by eBPF."),
    vconf.Option("retransmits", True, "TCP retransmits by remote address, by eBPF."),
    vconf.Option(
        "starts", False, "The last program starts, by eBPF: all who reach pmcd can see them."
    ),
    vconf.Option("failed_starts", True, "Failed ones too. Slows every system call a little."),
    vconf.Option("start_rows", 32, "How many of them.", 1, 256),
    vconf.Option(
        "connections", False, "The last TCP connections that ended, by eBPF, for all to see."
    ),
    vconf.Option("connection_rows", 32, "How many of them.", 1, 256),
    vconf.Option("rundelay", True, "Time that processes waited for a CPU, from /proc."),
    vconf.Option(
        "rundelay_threads", False, "All threads, not only main ones. Costs 20 microseconds each."
    ),
    vconf.Option("perf", True, "Counters of perf by CPU, and counts of tracepoints."),
    vconf.Option("cgroups", True, "Limits, throttling and memory events of cgroups."),
    vconf.Option("container_names", True, "Names of containers, where they can be found."),
    vconf.Option("kmsg", True, "Counts of the kernel's log and the last trouble in it."),
    vconf.Option(
        "kmsg_lines", False, "Its last lines too. Whoever reaches pmcd can read them then."
    ),
)

CONF_HEAD = """Conf of the PCP agent vkernel.
Everything below is commented out and shows its default. A change takes effect
when the agent starts anew: kill it, and pmcd starts it again.
"""
