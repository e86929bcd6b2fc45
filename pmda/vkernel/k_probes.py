"""The probes of vkernel, and how they are put together.

What only root may do is done here, before root is given up: tracefs is read,
the kernel's log opened. After that the agent has CAP_BPF and CAP_PERFMON, and
those only where a probe needs them.
"""

from __future__ import annotations

import os
import resource
from typing import Callable, Dict, List, Sequence

import k_block
import k_bpf
import k_cgroup
import k_container
import k_counts
import k_delay
import k_exec
import k_flow
import k_kmsg
import k_latency
import k_probe
import k_reader
import k_rows
import k_sched
import k_starts
import k_syscall
import k_tcp
import k_trace
import vcollect
import vconf
import vfiles
import vrights

Log = Callable[[str], None]
EVENTS = (
    *k_sched.EVENTS,
    *k_block.EVENTS,
    *k_syscall.EVENTS,
    *k_syscall.SYNC_EVENTS,
    *k_tcp.EVENTS,
    *k_exec.EVENTS,
    *k_counts.EVENTS,
)
NICE = -10
POSSIBLE = "/sys/devices/system/cpu/possible"


def tools(world: vfiles.World, log: Log) -> k_probe.Tools:
    """The real outside world. Raises k_bpf.Refused on machines that we don't know."""
    possible = k_trace.cpu_list(_text(world, POSSIBLE)) or tuple(range(os.cpu_count() or 1))
    online = k_trace.cpu_list(_text(world, k_counts.ONLINE)) or possible
    kernel = k_bpf.Kernel(possible[-1] + 1, online[0])
    return k_probe.Tools(kernel, k_trace.read(world, EVENTS), world, log)


def _text(world: vfiles.World, name: str) -> str:
    try:
        return world.text(name, 4096)
    except OSError:
        return ""


def programs(conf: vconf.Conf, tools_: k_probe.Tools, times: k_rows.Times) -> List[vcollect.Probe]:
    """The probes that use eBPF or perf, each as the conf has it."""
    off = k_probe.Off

    def one(wanted: bool, made: Callable[[], vcollect.Probe], name: str, option: str) -> None:
        probes.append(made() if wanted else off(name, option))

    probes: List[vcollect.Probe] = []
    one(conf.runq, lambda: k_latency.RunQueue(tools_), "runq", "runq")
    one(conf.offcpu, lambda: k_latency.OffCpu(tools_), "offcpu", "offcpu")
    one(conf.blk, lambda: k_latency.Block(tools_, conf.blk_devices), "blk", "blk")
    one(
        conf.blk_processes,
        lambda: k_latency.BlockByProcess(tools_),
        "blk_processes",
        "blk_processes",
    )
    one(conf.syscalls, lambda: k_latency.Syscalls(tools_), "syscall", "syscalls")
    one(conf.fsync, lambda: k_latency.Sync(tools_), "fs", "fsync")
    one(conf.retransmits, lambda: k_flow.Retransmits(tools_), "retransmits", "retransmits")
    rows = conf.connection_rows
    one(
        conf.connections,
        lambda: k_flow.Connections(tools_, rows, times),
        "connections",
        "connections",
    )
    one(
        conf.starts,
        lambda: k_starts.Starts(tools_, conf.start_rows, conf.failed_starts, times),
        "starts",
        "starts",
    )
    for kind in (k_counts.Software, k_counts.Hardware, k_counts.Tracepoints):
        one(conf.perf, lambda kind=kind: kind(tools_), kind.name, "perf")  # type: ignore[misc]
    return probes


def files(
    conf: vconf.Conf,
    world: vfiles.World,
    times: k_rows.Times,
    opened: Callable[[], int],
    look_up: Callable[[List[str]], Dict[str, str]],
) -> List[vcollect.Probe]:
    """The probes that read files."""
    off = k_probe.Off
    return [
        k_delay.RunDelay(world, conf.rundelay_threads)
        if conf.rundelay
        else off("rundelay", "rundelay"),
        k_cgroup.Cgroups(world, k_container.Names(look_up))
        if conf.cgroups
        else off("cgroups", "cgroups"),
        k_kmsg.KernelLog(opened, times, conf.kmsg_lines) if conf.kmsg else off("kmsg", "kmsg"),
    ]


def build(conf: vconf.Conf, root: str, log: Log) -> Sequence[vcollect.Probe]:
    """All probes of this host; root is given up on the way, where we have it."""
    world = vfiles.World(root)
    times = k_rows.Times()
    _come_first()
    _raise_limits()
    made = tools(world, log)
    opened = _open_log(world) if conf.kmsg else _closed
    look_up = _become_small(conf, world, log)
    probes = programs(conf, made, times)
    if world.root:
        still = "a recorded world runs no programs"
        probes = [k_probe.Still(probe.name, still) for probe in probes]
    probes += files(conf, world, times, opened, look_up)
    return [*probes, k_probe.Switches(probes)]


def _become_small(
    conf: vconf.Conf, world: vfiles.World, log: Log
) -> Callable[[List[str]], Dict[str, str]]:
    """Give up root; the result looks names of containers up, with what is left."""

    def own(ids: List[str]) -> Dict[str, str]:
        return k_container.known(world, ids) if conf.container_names else {}

    if os.geteuid() != 0:
        return own
    ids = vrights.account("pcp") or vrights.account("nobody")
    if ids is None:
        raise vrights.RightsError("there is neither a user pcp nor a user nobody to become")
    look_up = own
    if conf.container_names and conf.cgroups and not world.root:
        look_up = k_reader.start(ids, world, log).look_up
    wanted = (
        *(conf.runq, conf.offcpu, conf.blk, conf.blk_processes, conf.syscalls, conf.fsync),
        *(conf.retransmits, conf.connections, conf.starts, conf.perf),
    )
    vrights.give_up(ids, {vrights.BPF, vrights.PERFMON} if any(wanted) else ())
    return look_up


def _open_log(world: vfiles.World) -> Callable[[], int]:
    """Open the kernel's log now; the result gives its descriptor once, or raises why not."""
    path = world.path(k_kmsg.DEVICE)
    try:
        held = [k_kmsg.open_device(path)]
    except OSError as error:
        held, reason = [], error

        def refuse() -> int:
            raise reason

        return refuse
    return lambda: held.pop() if held else k_kmsg.open_device(path)


def _closed() -> int:
    raise OSError("not opened")


def _come_first() -> None:
    """Run ahead of ordinary processes: on a host whose CPUs are all taken is when we are asked.

    A thousandth of a CPU is all that this takes from them.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except OSError:  # not root
        return


def _raise_limits() -> None:
    """Room for counters on many CPUs; before Linux 5.11 maps count as locked memory."""
    for limit, wanted in (
        (resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        (resource.RLIMIT_MEMLOCK, resource.RLIM_INFINITY),
    ):
        hard = resource.getrlimit(limit)[1]
        try:
            resource.setrlimit(limit, (wanted, wanted if wanted > hard else hard))
        except (OSError, ValueError):
            continue
