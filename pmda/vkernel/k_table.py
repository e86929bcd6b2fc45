"""All metrics of vkernel, as a table. Options stand in `k_options`, what fills them in the probes.

Cluster, item and serial are identities for ever: add, never renumber.
"""

from __future__ import annotations

from typing import List, Tuple

import vtable
from k_options import CONF_HEAD, OPTIONS
from vtable import ALL, COUNTER, DISCRETE, DOUBLE, FLOAT, INSTANT, PROBE, STRING, U32, U64

__all__ = ["CONF_HEAD", "OPTIONS", "TABLE"]

DOMAIN = 400

LATENCY = vtable.Indom(2, "latency", "microseconds, lowest and highest of a bucket", 64)
SIZE = vtable.Indom(3, "size", "bytes, lowest and highest of a bucket", 64)
DISK = vtable.Indom(4, "disk_latency", "disk and bucket of microseconds: disk::low-high", 4096)
SYSCALL = vtable.Indom(5, "syscall", "system calls by name", 512)
PROCESS = vtable.Indom(6, "process", "processes with the most block I/O: pid:command", 64)
REMOTE = vtable.Indom(7, "remote", "remote addresses of TCP connections", 100)
START = vtable.Indom(8, "start", "the last program starts, numbered", 256)
CONNECTION = vtable.Indom(9, "connection", "the last TCP connections that ended, numbered", 256)
WAITING = vtable.Indom(10, "waiting", "processes that wait most for a CPU: pid:command", 64)
CPU = vtable.Indom(11, "cpu", "CPUs that are online", 4096)
CGROUP = vtable.Indom(12, "cgroup", "control groups: container's name, else path", 1000)
SEVERITY = vtable.Indom(13, "severity", "severities of the kernel's log", 8)
KIND = vtable.Indom(14, "kind", "kinds of trouble that the kernel logs", 16)
LINE = vtable.Indom(15, "line", "the last lines of the kernel's log, numbered", 256)

_SECOND = "Percentiles and max are of the time since the reading before, a second as a rule; they\n"
_SECOND += (
    "have no value when nothing happened. Percentiles are interpolated in buckets by powers of two."
)


def _times(cluster: int, prefix: str, what: str, text: str) -> Tuple[vtable.Metric, ...]:
    """A histogram of times: buckets, sum, count, percentiles; items 0 to 6."""
    text = "%s\n%s" % (text, _SECOND)
    return vtable.group(
        cluster,
        prefix,
        LATENCY,
        text,
        ((0, "latency", U64, COUNTER, "count", what + ": how many took how many microseconds"),),
    ) + vtable.group(
        cluster,
        prefix,
        ALL,
        text,
        (
            (1, "total", U64, COUNTER, "microsec", what + ": sum of all"),
            (2, "count", U64, COUNTER, "count", what + ": how many"),
            (3, "p50", FLOAT, INSTANT, "microsec", what + ": median of the last second"),
            (4, "p95", FLOAT, INSTANT, "microsec", what + ": 95th percentile of the last second"),
            (5, "p99", FLOAT, INSTANT, "microsec", what + ": 99th percentile of the last second"),
            (6, "max", FLOAT, INSTANT, "microsec", what + ": longest of the last second"),
        ),
    )


def _sizes(cluster: int, prefix: str, what: str, text: str) -> Tuple[vtable.Metric, ...]:
    """A histogram of sizes: items 7 to 12."""
    text = "%s\n%s" % (text, _SECOND)
    return vtable.group(
        cluster,
        prefix,
        SIZE,
        text,
        ((7, "size", U64, COUNTER, "count", what + ": how many had how many bytes"),),
    ) + vtable.group(
        cluster,
        prefix,
        ALL,
        text,
        (
            (8, "bytes", U64, COUNTER, "byte", what + ": bytes of all"),
            (9, "size_p50", FLOAT, INSTANT, "byte", what + ": median size of the last second"),
            (10, "size_p95", FLOAT, INSTANT, "byte", what + ": 95th percentile of size"),
            (11, "size_p99", FLOAT, INSTANT, "byte", what + ": 99th percentile of size"),
            (12, "size_max", FLOAT, INSTANT, "byte", what + ": largest of the last second"),
        ),
    )


_BLOCK = (
    "By eBPF on the block layer's tracepoints: from a request's issue to the device to its\n"
    "completion. other is flush, discard and whatever else is neither read nor write."
)


def _block() -> Tuple[vtable.Metric, ...]:
    made: List[vtable.Metric] = []
    for cluster, direction in ((3, "read"), (4, "write"), (5, "other")):
        what = "block requests (%s)" % direction
        made += _times(cluster, "blk." + direction, what, _BLOCK)
        made += _sizes(cluster, "blk." + direction, what, _BLOCK)
    rows = [
        (item, name + ".latency", U64, COUNTER, "count", "block requests (%s) by disk" % name)
        for item, name in enumerate(("read", "write", "other"))
    ]
    made += vtable.group(6, "blk.dev", DISK, _BLOCK, rows)
    return tuple(made)


_PROBES = vtable.group(
    19,
    "probe",
    PROBE,
    "Probes are switched by vkernel.conf on the host, never from afar.",
    (
        (0, "enabled", U32, DISCRETE, "none", "1 if the conf switches this probe on"),
        (1, "lost", U64, COUNTER, "count", "events that this probe could not measure"),
    ),
)

_SYSCALLS = _times(
    7, "syscall", "system calls", "By eBPF on raw_syscalls; waiting in poll, read, futex counts."
) + vtable.group(
    7,
    "syscall",
    SYSCALL,
    "By eBPF on raw_syscalls. Calls of 32-bit programs stand under the names that their\n"
    "numbers have for 64-bit ones.",
    (
        (7, "calls", U64, COUNTER, "count", "system calls by name"),
        (8, "errors", U64, COUNTER, "count", "system calls that returned an error, by name"),
        (9, "time", U64, COUNTER, "nanosec", "time in system calls by name, waiting included"),
    ),
)

_PROCESSES = vtable.group(
    11,
    "blk.process",
    PROCESS,
    "Block I/O since the reading before (a second as a rule) of the processes with most of it,\n"
    "by eBPF. Written pages that were only cached belong to the kernel thread that writes them.",
    (
        (0, "read.ops", U64, INSTANT, "count", "reads in the last second"),
        (1, "read.bytes", U64, INSTANT, "byte", "bytes read in the last second"),
        (2, "write.ops", U64, INSTANT, "count", "writes in the last second"),
        (3, "write.bytes", U64, INSTANT, "byte", "bytes written in the last second"),
    ),
)

_RETRANSMITS = vtable.group(
    8,
    "retransmit",
    ALL,
    "By eBPF on tcp_retransmit_skb: connections that end within a second count too.",
    ((0, "total", U64, COUNTER, "count", "TCP segments sent again"),),
) + vtable.group(
    8,
    "retransmit",
    REMOTE,
    "By eBPF on tcp_retransmit_skb, since the agent's start; the remotes with the latest ones.",
    ((1, "remote", U64, COUNTER, "count", "TCP segments sent again, by remote address"),),
)

_STARTS = vtable.group(
    9,
    "start",
    START,
    "The last program starts, by eBPF on the scheduler's tracepoints and, for failed ones, the\n"
    "return of execve. The path is cut at 127 bytes.",
    (
        (0, "time", DOUBLE, DISCRETE, "sec", "when, in seconds since 1970"),
        (1, "pid", U32, DISCRETE, "none", "process id"),
        (2, "ppid", U32, DISCRETE, "none", "process id of the parent"),
        (3, "uid", U32, DISCRETE, "none", "user id"),
        (4, "command", STRING, DISCRETE, "none", "command: of the program, or of who failed"),
        (5, "path", STRING, DISCRETE, "none", "path of the program"),
        (6, "result", STRING, DISCRETE, "none", "ok, or the error's name"),
    ),
) + vtable.group(
    9,
    "start",
    ALL,
    "By eBPF on the scheduler's tracepoints and the return of execve.",
    ((7, "count", U64, COUNTER, "count", "program starts, failed ones too"),),
)

_CONNECTIONS = vtable.group(
    10,
    "connection",
    CONNECTION,
    "The last TCP connections that ended, by eBPF on inet_sock_set_state. pid and command are\n"
    "of who connected or closed. Bytes come from struct tcp_sock, by the kernel's BTF; sent is\n"
    "without what was sent again.",
    (
        (0, "time", DOUBLE, DISCRETE, "sec", "when it ended, in seconds since 1970"),
        (1, "pid", U32, DISCRETE, "none", "process id"),
        (2, "command", STRING, DISCRETE, "none", "command"),
        (3, "local", STRING, DISCRETE, "none", "local address"),
        (4, "local_port", U32, DISCRETE, "none", "local port"),
        (5, "remote", STRING, DISCRETE, "none", "remote address"),
        (6, "remote_port", U32, DISCRETE, "none", "remote port"),
        (7, "sent", U64, DISCRETE, "byte", "bytes sent"),
        (8, "received", U64, DISCRETE, "byte", "bytes received"),
        (9, "resent", U64, DISCRETE, "byte", "bytes sent again"),
        (10, "duration", DOUBLE, DISCRETE, "millisec", "how long it was established"),
        (11, "state", STRING, DISCRETE, "none", "last state before it was closed"),
    ),
) + vtable.group(
    10,
    "connection",
    ALL,
    "By eBPF on inet_sock_set_state.",
    ((12, "count", U64, COUNTER, "count", "TCP connections that ended"),),
)

_DELAYS = vtable.group(
    12,
    "rundelay",
    ALL,
    "From /proc/PID/schedstat, without eBPF. Of each process only the main thread, unless\n"
    "rundelay_threads is set. Summed since the agent's start.",
    (
        (0, "total", U64, COUNTER, "nanosec", "time that processes waited for a CPU"),
        (1, "processes", U32, INSTANT, "count", "processes that were read"),
    ),
) + vtable.group(
    12,
    "rundelay",
    WAITING,
    "From /proc/PID/schedstat, without eBPF: those that waited most since the reading before.",
    ((2, "top", U64, COUNTER, "nanosec", "time that a process waited for a CPU, since it began"),),
)

_PERF = vtable.group(
    13,
    "perf",
    CPU,
    "Counters of perf_event_open(2), since the agent's start. cycles and instructions need a\n"
    "PMU, which many virtual machines lack.",
    (
        (0, "context_switches", U64, COUNTER, "count", "context switches"),
        (1, "cpu_migrations", U64, COUNTER, "count", "tasks that came from another CPU"),
        (2, "page_faults_minor", U64, COUNTER, "count", "page faults without I/O"),
        (3, "page_faults_major", U64, COUNTER, "count", "page faults with I/O"),
        (4, "cycles", U64, COUNTER, "count", "CPU cycles"),
        (5, "instructions", U64, COUNTER, "count", "instructions executed"),
    ),
)

_TRACEPOINTS = vtable.group(
    14,
    "tracepoint",
    ALL,
    "Hits of tracepoints, counted by perf_event_open(2), since the agent's start.",
    (
        (0, "tcp_retransmits", U64, COUNTER, "count", "TCP segments sent again"),
        (1, "tcp_resets_received", U64, COUNTER, "count", "TCP resets received"),
        (2, "tcp_resets_sent", U64, COUNTER, "count", "TCP resets sent"),
        (3, "oom_kills", U64, COUNTER, "count", "processes chosen to be killed for memory"),
        (4, "sched_migrations", U64, COUNTER, "count", "tasks moved to another CPU"),
    ),
)

_CGROUPS = vtable.group(
    15,
    "cgroup",
    CGROUP,
    "From cgroup v2, or version 1 where that is mounted. What a group does not limit or count\n"
    "has no value.",
    (
        (0, "cpu.usage", U64, COUNTER, "microsec", "CPU time"),
        (1, "cpu.periods", U64, COUNTER, "count", "periods in which the CPU limit was enforced"),
        (2, "cpu.throttled_periods", U64, COUNTER, "count", "periods that were cut short"),
        (3, "cpu.throttled_time", U64, COUNTER, "microsec", "time that its tasks stood still"),
        (4, "cpu.limit", DOUBLE, INSTANT, "none", "CPUs that it may use (cpu.max)"),
        (5, "memory.usage", U64, INSTANT, "byte", "memory in use"),
        (6, "memory.limit", U64, INSTANT, "byte", "memory that it may use (memory.max)"),
        (7, "memory.low", U64, COUNTER, "count", "reclaims below the protected amount"),
        (8, "memory.high", U64, COUNTER, "count", "slowed down for being above memory.high"),
        (9, "memory.max", U64, COUNTER, "count", "times that the limit was about to be passed"),
        (10, "memory.oom", U64, COUNTER, "count", "allocations that could not be met"),
        (11, "memory.oom_kill", U64, COUNTER, "count", "processes killed for memory"),
        (12, "container", STRING, DISCRETE, "none", "name of its container, else the short id"),
        (13, "path", STRING, DISCRETE, "none", "path below the root of cgroups"),
        (14, "cpu.user", U64, COUNTER, "microsec", "CPU time in programs"),
        (15, "cpu.system", U64, COUNTER, "microsec", "CPU time in the kernel"),
        (16, "memory.anon", U64, INSTANT, "byte", "memory that its programs allocated"),
        (17, "memory.file", U64, INSTANT, "byte", "data of files in memory"),
        (18, "memory.inactive_file", U64, INSTANT, "byte", "of it, what gives way first"),
        (19, "memory.major_faults", U64, COUNTER, "count", "page faults that read from a disk"),
        (20, "io.read_bytes", U64, COUNTER, "byte", "read from disks"),
        (21, "io.write_bytes", U64, COUNTER, "byte", "written to disks"),
        (22, "io.reads", U64, COUNTER, "count", "reads from disks"),
        (23, "io.writes", U64, COUNTER, "count", "writes to disks"),
        (24, "pids", U64, INSTANT, "count", "processes and threads"),
    ),
)

_KERNEL_LOG = (
    vtable.group(
        16,
        "kmsg",
        SEVERITY,
        "Messages of the kernel itself in its log, those since boot that it still holds included.",
        ((0, "count", U64, COUNTER, "count", "messages by severity"),),
    )
    + vtable.group(
        16,
        "kmsg",
        KIND,
        "What the kernel's log tells of trouble; subject is the process, or the device.",
        (
            (1, "trouble", U64, COUNTER, "count", "how often"),
            (2, "last_time", DOUBLE, DISCRETE, "sec", "the last one, in seconds since 1970"),
            (3, "last_subject", STRING, DISCRETE, "none", "whom or what the last one hit"),
        ),
    )
    + vtable.group(
        16,
        "kmsg",
        ALL,
        "The log is a ring: who reads too late misses messages.",
        ((4, "missed", U64, COUNTER, "count", "messages overwritten before they were read"),),
    )
    + vtable.group(
        17,
        "kmsg.line",
        LINE,
        "Only where kmsg_lines is set: whoever reaches pmcd can read them.",
        (
            (0, "time", DOUBLE, DISCRETE, "sec", "when, in seconds since 1970"),
            (1, "severity", STRING, DISCRETE, "none", "severity"),
            (2, "text", STRING, DISCRETE, "none", "the message"),
        ),
    )
)

TABLE = vtable.Table(
    "vkernel",
    DOMAIN,
    (
        *_times(
            1,
            "runq",
            "waits for a CPU",
            "By eBPF on the scheduler's tracepoints: from the moment a task could run, because it\n"
            "was woken or lost the CPU, until it ran.",
        ),
        *_times(
            2,
            "offcpu",
            "times off the CPU",
            "By eBPF on sched_switch: from the moment a task blocked until it ran again. Tasks\n"
            "that wait for work count as well.",
        ),
        *_block(),
        *_SYSCALLS,
        *_RETRANSMITS,
        *_STARTS,
        *_CONNECTIONS,
        *_PROCESSES,
        *_DELAYS,
        *_PERF,
        *_TRACEPOINTS,
        *_CGROUPS,
        *_KERNEL_LOG,
        *_times(
            18,
            "fs.sync",
            "fsync on ext4",
            "By eBPF on ext4's tracepoints. Latency of read, write and open needs kprobes.",
        ),
        *_PROBES,
    ),
)
