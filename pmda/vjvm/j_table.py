"""The metrics of vjvm and the options of its conf. Identities are for ever: append only.

Metrics of MBeans come from the map files beside this module (`j_maps`).
"""

from __future__ import annotations

import j_maps
import vconf
import vtable
from vtable import ALL, COUNTER, DISCRETE, INSTANT, STRING, U32, U64

AGENT, DOMAIN = "vjvm", 402

JVM = vtable.Indom(2, "jvm", "JVMs on this host and in its containers, as pid:main-class", 200)
POOL = vtable.Indom(3, "pool", "memory pools of each JVM's heap, as jvm::pool", 1600)
GC = vtable.Indom(4, "collector", "garbage collectors of each JVM, as jvm::collector", 1000)

_FILE = (
    "Read from the JVM's hsperfdata file, without any effect on the JVM. What its\n"
    "collector or its version does not tell has no value."
)

METRICS = (
    vtable.group(
        1,
        "",
        ALL,
        "JVMs are found by what processes have mapped, in containers too.",
        (
            (0, "count", U32, INSTANT, "count", "JVMs that run on this host"),
            (1, "unreadable", U32, INSTANT, "count", "JVMs without values of their own"),
            (2, "refused", U64, COUNTER, "count", "hsperfdata files refused or found damaged"),
            (3, "scan_seconds", vtable.DOUBLE, INSTANT, "sec", "duration of the last search"),
        ),
    )
    + vtable.group(
        2,
        "info",
        JVM,
        "What tells one JVM from another. Values of options whose names look like those\n"
        "of secrets are masked.",
        (
            (0, "command", STRING, DISCRETE, "none", "main class or jar"),
            (1, "arguments", STRING, DISCRETE, "none", "arguments of the program, masked"),
            (2, "jvm_arguments", STRING, DISCRETE, "none", "arguments of the JVM, masked"),
            (3, "version", STRING, DISCRETE, "none", "version of Java"),
            (4, "vm", STRING, DISCRETE, "none", "name, version and maker of the JVM"),
            (
                5,
                "gc",
                STRING,
                DISCRETE,
                "none",
                "collector: G1, Parallel, Serial, ZGC, ...",
            ),
            (6, "user", STRING, DISCRETE, "none", "user that it runs as"),
            (7, "container", STRING, DISCRETE, "none", "container's id or name; empty for none"),
            (8, "pid", U32, DISCRETE, "none", "process id on this host"),
            (9, "nspid", U32, DISCRETE, "none", "process id in its container"),
            (
                10,
                "source",
                STRING,
                DISCRETE,
                "none",
                "where values come from, or why not",
            ),
        ),
    )
    + vtable.group(
        3,
        "",
        JVM,
        _FILE,
        (
            (0, "uptime", U64, INSTANT, "millisec", "time since the JVM started"),
            (1, "app_time", U64, COUNTER, "nanosec", "time in which the application could run"),
        ),
    )
    + vtable.group(
        4,
        "heap",
        JVM,
        _FILE
        + "\nZGC tells what is in use when it collects. Parallel and Serial of JDK 24 and later\n"
        "do not tell it: there the option attach fills it.",
        (
            (0, "used", U64, INSTANT, "byte", "heap in use, garbage included"),
            (1, "committed", U64, INSTANT, "byte", "heap that the JVM has from the system"),
            (2, "max", U64, INSTANT, "byte", "most heap that it may have (-Xmx)"),
        ),
    )
    + vtable.group(
        5,
        "pool",
        POOL,
        _FILE + "\nPools that a JVM never uses are left out.",
        (
            (0, "used", U64, INSTANT, "byte", "bytes in use in this pool"),
            (1, "committed", U64, INSTANT, "byte", "bytes that this pool has now"),
            (2, "max", U64, INSTANT, "byte", "most bytes that this pool may have"),
        ),
    )
    + vtable.group(
        6,
        "metaspace",
        JVM,
        _FILE + "\nThe class space is part of it.",
        (
            (0, "used", U64, INSTANT, "byte", "metaspace in use"),
            (1, "committed", U64, INSTANT, "byte", "metaspace that the JVM has from the system"),
            (2, "class_used", U64, INSTANT, "byte", "compressed class space in use"),
            (3, "class_committed", U64, INSTANT, "byte", "compressed class space committed"),
        ),
    )
    + vtable.group(
        7,
        "gc",
        GC,
        _FILE + "\nThe collector's name decides whether its time is a pause; Shenandoah counts\n"
        "phases that run beside the application with its pauses, so it has no pauses here:\n"
        "use vjvm.safepoint.time.",
        (
            (0, "count", U64, COUNTER, "count", "collections (for ZGC and Shenandoah: phases)"),
            (1, "time", U64, COUNTER, "nanosec", "time spent in collections"),
            (2, "last_pause", U64, INSTANT, "nanosec", "duration of the last pause"),
            (3, "pauses", U32, DISCRETE, "none", "1 if its time stops the application, else 0"),
        ),
    )
    + vtable.group(
        8,
        "gc",
        JVM,
        _FILE,
        (
            (
                0,
                "pause_total",
                U64,
                COUNTER,
                "nanosec",
                "time in pauses of all collectors",
            ),
            (1, "cause", STRING, INSTANT, "none", "why it collected last"),
            (2, "tenuring", U32, INSTANT, "count", "young collections until promotion"),
        ),
    )
    + vtable.group(
        9,
        "",
        JVM,
        "Estimated once a second from eden's and the old generation's use, since the agent\n"
        "saw the JVM first; within ten percent as a rule. Collectors without an eden have no\n"
        "value, and large objects of G1 are missed.",
        (
            (0, "alloc.bytes", U64, COUNTER, "byte", "bytes allocated (estimate)"),
            (
                1,
                "promoted.bytes",
                U64,
                COUNTER,
                "byte",
                "bytes that became old (estimate)",
            ),
        ),
    )
    + vtable.group(
        10,
        "safepoint",
        JVM,
        _FILE + "\nAll threads stand at a safepoint, for collections and other reasons: the\n"
        "safest measure of how long a JVM stood still.",
        (
            (0, "count", U64, COUNTER, "count", "safepoints"),
            (1, "time", U64, COUNTER, "nanosec", "time at safepoints"),
            (2, "sync_time", U64, COUNTER, "nanosec", "time until all threads had stopped"),
            (3, "vmop_time", U64, COUNTER, "nanosec", "time in operations of the JVM itself"),
        ),
    )
    + vtable.group(
        11,
        "threads",
        JVM,
        _FILE,
        (
            (0, "live", U32, INSTANT, "count", "Java threads, daemons included"),
            (1, "daemon", U32, INSTANT, "count", "daemon threads"),
            (2, "peak", U32, INSTANT, "count", "most threads at a time so far"),
            (3, "started", U64, COUNTER, "count", "threads started"),
        ),
    )
    + vtable.group(
        12,
        "classes",
        JVM,
        _FILE + "\nClasses of the shared archive included.",
        (
            (0, "loaded", U64, COUNTER, "count", "classes loaded"),
            (1, "unloaded", U64, COUNTER, "count", "classes unloaded"),
            (2, "load_time", U64, COUNTER, "nanosec", "time spent loading classes"),
        ),
    )
    + vtable.group(
        13,
        "jit",
        JVM,
        _FILE,
        (
            (0, "time", U64, COUNTER, "nanosec", "time spent compiling"),
            (1, "compiles", U64, COUNTER, "count", "methods compiled"),
            (2, "osr", U64, COUNTER, "count", "loops compiled while they ran"),
            (3, "bailouts", U64, COUNTER, "count", "compilations given up"),
            (4, "invalidates", U64, COUNTER, "count", "compiled methods thrown away"),
            (5, "code_bytes", U64, INSTANT, "byte", "code of methods compiled so far"),
        ),
    )
    + vtable.group(
        14,
        "lock",
        JVM,
        _FILE + "\nJDK 24 and later do not count these.",
        (
            (0, "contended", U64, COUNTER, "count", "tries to enter a monitor that was held"),
            (1, "inflations", U64, COUNTER, "count", "monitors that became heavy"),
            (2, "parks", U64, COUNTER, "count", "waits of threads for monitors"),
            (3, "futile_wakeups", U64, COUNTER, "count", "wake-ups that found the monitor held"),
        ),
    )
    + vtable.group(
        15,
        "proc",
        JVM,
        "The JVM's process as /proc tells of it.",
        (
            (0, "cpu", U64, COUNTER, "millisec", "CPU time of all its threads"),
            (1, "rss", U64, INSTANT, "byte", "resident memory"),
            (2, "threads", U32, INSTANT, "count", "threads of the process, native ones included"),
            (3, "rundelay", U64, COUNTER, "nanosec", "time its threads waited for a CPU"),
            (4, "fds", U64, INSTANT, "count", "open file descriptors"),
        ),
    )
)

TABLE = vtable.Table(AGENT, DOMAIN, METRICS + j_maps.metrics(j_maps.shipped()))

OPTIONS = (
    vconf.Option("rescan", 5.0, "Seconds between two searches for JVMs.", 1.0, 300.0),
    vconf.Option(
        "arguments",
        True,
        "Show arguments of programs and JVMs, masked; they can be seen by whoever reaches pmcd.",
    ),
    vconf.Option(
        "rundelay_threads",
        300,
        "Run delay is read for JVMs of up to so many threads (10 microseconds each); 0 is never.",
        0,
        100000,
    ),
    vconf.Option(
        "attach",
        False,
        "Ask JVMs that write no file for heap and threads; it stops them for milliseconds.",
    ),
    vconf.Option("attach_every", 15.0, "Seconds between two such questions.", 5.0, 3600.0),
    vconf.Option(
        "mbeans",
        (),
        "MBean servers, as tomcat:jmxproxy:http://127.0.0.1:8080/manager/jmxproxy (see README).",
    ),
    vconf.Option("mbeans_every", 5.0, "Seconds between questions to an MBean server.", 1.0, 300.0),
    vconf.Option("mbeans_timeout", 3.0, "Seconds within which it must answer.", 0.1, 30.0),
    vconf.Option(
        "mbeans_beyond_loopback", False, "Allow MBean servers that are not on this host's loopback."
    ),
    vconf.Option(
        "credentials",
        "",
        "File of lines HOST:PORT USER PASSWORD for MBean servers, of mode 0600.",
    ),
)

CONF_HEAD = """vjvm: JVMs of this host as metrics of PCP. See pmdavjvm(1).

A key that is not listed here is an error. A change counts after a restart of the agent."""
