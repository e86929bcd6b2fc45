"""The probe of control groups: limits, throttling and memory events of each group.

Of cgroup v2, and of version 1 where its hierarchies are mounted: there a group's
files lie in one folder per hierarchy, and its path is the same in all of them.
Groups are looked for every SEARCH seconds, their files read each second. Names
of containers stand in `k_container`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, Hashable, List, NamedTuple, Optional, Tuple

import vcollect
import vfiles
import vsnap

SEARCH = 10.0  # seconds
DEPTH = 12
GROUPS = 1000
BYTES = 65536
_CPU = (
    ("usage_usec", "cpu.usage"),
    ("user_usec", "cpu.user"),
    ("system_usec", "cpu.system"),
    ("nr_periods", "cpu.periods"),
    ("nr_throttled", "cpu.throttled_periods"),
    ("throttled_usec", "cpu.throttled_time"),
)
_EVENTS = ("low", "high", "max", "oom", "oom_kill")
# What a group's memory holds: keys of memory.stat of version 2 and 1, metric. Version 1's totals
# count what is below the group, as version 2 does.
_MEMORY = (
    ("anon", "total_rss", "memory.anon"),
    ("file", "total_cache", "memory.file"),
    ("inactive_file", "total_inactive_file", "memory.inactive_file"),
    ("pgmajfault", "total_pgmajfault", "memory.major_faults"),
)
_IO = (
    ("rbytes", "io.read_bytes"),
    ("wbytes", "io.write_bytes"),
    ("rios", "io.reads"),
    ("wios", "io.writes"),
)
_FILES = (
    *("cpu.stat", "cpu.max", "memory.current", "memory.max", "memory.events", "memory.stat"),
    *("io.stat", "pids.current"),
)
# Of version 1, by controller.
_FILES1 = {
    "cpu": ("cpu.stat", "cpu.cfs_quota_us", "cpu.cfs_period_us"),
    "cpuacct": ("cpuacct.usage", "cpuacct.usage_user", "cpuacct.usage_sys"),
    "memory": (
        *("memory.usage_in_bytes", "memory.limit_in_bytes", "memory.stat"),
        *("memory.failcnt", "memory.oom_control"),
    ),
    "blkio": (
        "blkio.throttle.io_service_bytes_recursive",
        "blkio.throttle.io_serviced_recursive",
    ),
    "pids": ("pids.current",),
}
# Drivers of devices that pass their work on to disks, which count it again.
STACKED = ("loop", "md", "mdp", "device-mapper")
UNLIMITED = 1 << 62  # version 1 writes no limit as 2^63 less a page or a few

Values = Callable[[Dict[str, str]], Dict[str, Any]]
Majors = FrozenSet[str]


class Hierarchy(NamedTuple):
    """A mounted hierarchy: where, the files that are read in it, and what they mean."""

    mount: str
    files: Tuple[str, ...]
    values: Values


def stacked(devices: str) -> Majors:
    """Major numbers of devices that pass their work on, by the text of /proc/devices."""
    fields = (line.split() for line in devices.partition("Block devices:")[2].splitlines())
    return frozenset(found[0] for found in fields if len(found) == 2 and found[1] in STACKED)


def hierarchies(mountinfo: str, over: Majors = frozenset()) -> List[Hierarchy]:
    """Those that are mounted, by the text of /proc/self/mountinfo; version 2 comes last.

    Work of devices with the major numbers `over` is not counted.
    """
    first: List[Hierarchy] = []
    last: List[Hierarchy] = []
    for line in mountinfo.splitlines():
        fields, _, source = line.partition(" - ")
        kind, _, rest = source.partition(" ")
        if kind not in ("cgroup", "cgroup2") or len(fields.split(" ")) < 5:
            continue
        mount = fields.split(" ")[4].replace("\\040", " ")
        if kind == "cgroup2":
            last = [Hierarchy(mount, _FILES, lambda texts: values(texts, over))]
            continue
        controllers = rest.rpartition(" ")[2].split(",")
        files = tuple(file for one in controllers for file in _FILES1.get(one, ()))
        if files:
            first.append(Hierarchy(mount, files, lambda texts: values1(texts, over)))
    return first + last


def pairs(text: str) -> Dict[str, int]:
    """Lines of "name number"."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value.isdecimal():
            found[name] = int(value)
    return found


def number(text: str) -> Optional[int]:
    """A file that is one whole number, without a sign; else None."""
    word = text.strip()
    return int(word) if word.isdecimal() else None


def cpus(text: str) -> Optional[float]:
    """CPUs that the text of cpu.max grants; None for no limit."""
    fields = text.split()
    if len(fields) != 2 or not all(field.isdecimal() for field in fields) or fields[1] == "0":
        return None
    return int(fields[0]) / int(fields[1])


def io(text: str, over: Majors = frozenset()) -> Dict[str, int]:
    """Metrics of the text of io.stat: the sum over disks."""
    found: Dict[str, int] = {}
    for line in text.splitlines():
        device, _, rest = line.partition(" ")
        if device.partition(":")[0] in over:
            continue
        told = dict(word.partition("=")[::2] for word in rest.split())
        for key, metric in _IO:
            if told.get(key, "").isdecimal():
                found[metric] = found.get(metric, 0) + int(told[key])
    return found


def io1(text: str, read: str, write: str, over: Majors = frozenset()) -> Dict[str, int]:
    """The same of a file of version 1, whose lines are "8:0 Read 4096"."""
    found: Dict[str, int] = {}
    for line in text.splitlines():
        fields = line.split()
        metric = {"Read": read, "Write": write}.get(fields[1]) if len(fields) == 3 else None
        if metric and fields[0].partition(":")[0] not in over and fields[2].isdecimal():
            found[metric] = found.get(metric, 0) + int(fields[2])
    return found


def values(texts: Dict[str, str], over: Majors = frozenset()) -> Dict[str, Any]:
    """Metrics of one group out of its files; what it does not have is not there."""
    found: Dict[str, Any] = {}
    stat = pairs(texts.get("cpu.stat", ""))
    found.update({metric: stat[name] for name, metric in _CPU if name in stat})
    found["cpu.limit"] = cpus(texts.get("cpu.max", ""))
    found["memory.usage"] = number(texts.get("memory.current", ""))
    found["memory.limit"] = number(texts.get("memory.max", ""))
    events = pairs(texts.get("memory.events", ""))
    found.update({"memory." + name: events[name] for name in _EVENTS if name in events})
    memory = pairs(texts.get("memory.stat", ""))
    found.update({metric: memory[key] for key, _, metric in _MEMORY if key in memory})
    found.update(io(texts.get("io.stat", ""), over))
    found["pids"] = number(texts.get("pids.current", ""))
    return {metric: value for metric, value in found.items() if value is not None}


def values1(texts: Dict[str, str], over: Majors = frozenset()) -> Dict[str, Any]:
    """As `values`, out of files of version 1, whose times are nanoseconds.

    memory.failcnt counts the times that the limit was met, as `max` of version
    2's memory.events does.
    """
    stat = pairs(texts.get("cpu.stat", ""))
    usage = number(texts.get("cpuacct.usage", ""))
    quota = texts.get("cpu.cfs_quota_us", "").strip()  # -1 is none
    limit = number(texts.get("memory.limit_in_bytes", ""))
    memory = pairs(texts.get("memory.stat", ""))
    user, system = (number(texts.get("cpuacct.usage_" + kind, "")) for kind in ("user", "sys"))
    found = {
        "cpu.usage": None if usage is None else usage // 1000,
        "cpu.user": None if user is None else user // 1000,
        "cpu.system": None if system is None else system // 1000,
        **{metric: memory.get(key) for _, key, metric in _MEMORY},
        **io1(texts.get(_FILES1["blkio"][0], ""), "io.read_bytes", "io.write_bytes", over),
        **io1(texts.get(_FILES1["blkio"][1], ""), "io.reads", "io.writes", over),
        "pids": number(texts.get("pids.current", "")),
        "cpu.periods": stat.get("nr_periods"),
        "cpu.throttled_periods": stat.get("nr_throttled"),
        "cpu.throttled_time": stat["throttled_time"] // 1000 if "throttled_time" in stat else None,
        "cpu.limit": cpus("%s %s" % (quota, texts.get("cpu.cfs_period_us", "").strip())),
        "memory.usage": number(texts.get("memory.usage_in_bytes", "")),
        "memory.limit": None if limit is None or limit >= UNLIMITED else limit,
        "memory.max": number(texts.get("memory.failcnt", "")),
        "memory.oom_kill": pairs(texts.get("memory.oom_control", "")).get("oom_kill"),
    }
    return {metric: value for metric, value in found.items() if value is not None}


class Cgroups(vcollect.Probe):
    """All groups. `names` gives a container's name for a group's path, or None."""

    name = "cgroups"

    def __init__(self, world: vfiles.World, names: Callable[[List[str]], Dict[str, str]]) -> None:
        self._world = world
        self._names = names
        self._searched = float("-inf")
        # Path -> where it lies: a hierarchy and which of its files the group has.
        self._groups: Dict[str, List[Tuple[Hierarchy, Tuple[str, ...]]]] = {}
        self._containers: Dict[str, str] = {}

    def collect(self, now: float) -> vsnap.Reading:
        if now - self._searched >= SEARCH:
            self._search()
            self._searched = now
        columns: Dict[str, Dict[str, Any]] = {}
        for path, places in self._groups.items():
            found: Dict[str, Any] = {}
            there = False
            for hierarchy, files in places:
                texts = self._texts(hierarchy.mount + path, files)
                there = there or bool(texts)
                found.update(hierarchy.values(texts))
            if not there:
                continue
            found["path"] = path
            if path in self._containers:
                found["container"] = self._containers[path]
            for metric, value in found.items():
                columns.setdefault("cgroup." + metric, {})[path] = value
        names: Dict[Hashable, str] = dict(self._containers.items())
        return vsnap.Reading(columns, {"cgroup": names})

    def _texts(self, folder: str, files: Tuple[str, ...]) -> Dict[str, str]:
        texts = {}
        for name in files:
            try:
                texts[name] = self._world.text(folder + "/" + name, BYTES)
            except OSError:
                continue
        return texts

    def _search(self) -> None:
        try:
            mounted = hierarchies(self._world.text("/proc/self/mountinfo"), self._over())
        except OSError:
            mounted = []
        if not mounted:
            raise vcollect.Unavailable("this host has no cgroups")
        groups: Dict[str, List[Tuple[Hierarchy, Tuple[str, ...]]]] = {}
        for hierarchy in mounted:
            for path, files in self._walk(hierarchy):
                groups.setdefault(path, []).append((hierarchy, files))
        self._groups = dict(list(groups.items())[:GROUPS])
        if not groups:
            mounts = ", ".join(hierarchy.mount for hierarchy in mounted)
            raise vcollect.Unavailable("the cgroups at %s have no controllers" % mounts)
        self._containers = self._names(list(self._groups))

    def _over(self) -> Majors:
        try:
            return stacked(self._world.text("/proc/devices"))
        except OSError:
            return frozenset()

    def _walk(self, hierarchy: Hierarchy) -> List[Tuple[str, Tuple[str, ...]]]:
        """Paths of the groups and which of our files they have, the upper ones first."""
        found: List[Tuple[str, Tuple[str, ...]]] = []
        level = [""]
        for _ in range(DEPTH):
            below: List[str] = []
            for path in level:
                try:
                    names = self._world.names(hierarchy.mount + (path or "/"))
                except OSError:
                    continue
                files = tuple(name for name in hierarchy.files if name in names)
                if path and files:
                    found.append((path, files))
                below += ["%s/%s" % (path, name) for name in names if _is_group(name)]
                if len(found) >= GROUPS:
                    return found[:GROUPS]
            level = below
        return found


def _is_group(name: str) -> bool:
    """Whether an entry may be a group (units of systemd have a dot), not a file of the kernel."""
    return name not in _PLAIN and ("." not in name or name.split(".", 1)[0] not in _CONTROLLERS)


_PLAIN = frozenset(("tasks", "notify_on_release", "release_agent"))
_CONTROLLERS = frozenset(
    (
        *("cgroup", "cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc", "irq"),
        *("dmem", "cpuacct", "blkio", "devices", "freezer", "net_cls", "net_prio", "perf_event"),
    )
)
