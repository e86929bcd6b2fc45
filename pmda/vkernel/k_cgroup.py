"""The probe of cgroup v2: limits, throttling and memory events of each group.

Groups are looked for every SEARCH seconds, their files read each second. Names
of containers stand in `k_container`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Hashable, List, Optional, Tuple

import vcollect
import vfiles
import vsnap

SEARCH = 10.0  # seconds
DEPTH = 12
GROUPS = 1000
BYTES = 65536
_CPU = (
    ("usage_usec", "cpu.usage"),
    ("nr_periods", "cpu.periods"),
    ("nr_throttled", "cpu.throttled_periods"),
    ("throttled_usec", "cpu.throttled_time"),
)
_EVENTS = ("low", "high", "max", "oom", "oom_kill")
_FILES = ("cpu.stat", "cpu.max", "memory.current", "memory.max", "memory.events")


def mount_point(mountinfo: str) -> Optional[str]:
    """Where cgroup v2 is mounted, in the text of /proc/self/mountinfo."""
    for line in mountinfo.splitlines():
        fields, _, source = line.partition(" - ")
        if source.split(" ")[0] == "cgroup2" and len(fields.split(" ")) > 4:
            return fields.split(" ")[4].replace("\\040", " ")
    return None


def pairs(text: str) -> Dict[str, int]:
    """Lines of "name number"."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value.isdecimal():
            found[name] = int(value)
    return found


def cpus(text: str) -> Optional[float]:
    """CPUs that the text of cpu.max grants; None for no limit."""
    fields = text.split()
    if len(fields) != 2 or not all(field.isdecimal() for field in fields) or fields[1] == "0":
        return None
    return int(fields[0]) / int(fields[1])


def values(texts: Dict[str, str]) -> Dict[str, Any]:
    """Metrics of one group out of its files; what it does not have is not there."""
    found: Dict[str, Any] = {}
    stat = pairs(texts.get("cpu.stat", ""))
    found.update({metric: stat[name] for name, metric in _CPU if name in stat})
    limit = cpus(texts.get("cpu.max", ""))
    if limit is not None:
        found["cpu.limit"] = limit
    for name, metric in (("memory.current", "memory.usage"), ("memory.max", "memory.limit")):
        number = texts.get(name, "").strip()
        if number.isdecimal():
            found[metric] = int(number)
    events = pairs(texts.get("memory.events", ""))
    found.update({"memory." + name: events[name] for name in _EVENTS if name in events})
    return found


class Cgroups(vcollect.Probe):
    """All groups of cgroup v2. `names` gives a container's name for a group's path, or None."""

    name = "cgroups"

    def __init__(self, world: vfiles.World, names: Callable[[List[str]], Dict[str, str]]) -> None:
        self._world = world
        self._names = names
        self._mount = ""
        self._searched = float("-inf")
        self._groups: List[Tuple[str, Tuple[str, ...]]] = []
        self._containers: Dict[str, str] = {}

    def collect(self, now: float) -> vsnap.Reading:
        if now - self._searched >= SEARCH:
            self._search()
            self._searched = now
        columns: Dict[str, Dict[str, Any]] = {}
        for path, files in self._groups:
            texts = {}
            for name in files:
                try:
                    texts[name] = self._world.text(self._mount + path + "/" + name, BYTES)
                except OSError:
                    continue
            for metric, value in values(texts).items() if texts else ():
                columns.setdefault("cgroup." + metric, {})[path] = value
            if texts:
                columns.setdefault("cgroup.path", {})[path] = path
                if path in self._containers:
                    columns.setdefault("cgroup.container", {})[path] = self._containers[path]
        names: Dict[Hashable, str] = dict(self._containers.items())
        return vsnap.Reading(columns, {"cgroup": names})

    def _search(self) -> None:
        try:
            mount = mount_point(self._world.text("/proc/self/mountinfo"))
        except OSError:
            mount = None
        if mount is None:
            raise vcollect.Unavailable("this host has no cgroup v2")
        self._mount = mount
        self._groups = self._walk()
        if not self._groups:
            raise vcollect.Unavailable("cgroup v2 at %s has no controllers" % mount)
        self._containers = self._names([path for path, _ in self._groups])

    def _walk(self) -> List[Tuple[str, Tuple[str, ...]]]:
        """Paths of the groups and which of our files they have, the upper ones first."""
        found: List[Tuple[str, Tuple[str, ...]]] = []
        level = [""]
        for _ in range(DEPTH):
            below: List[str] = []
            for path in level:
                try:
                    names = self._world.names(self._mount + (path or "/"))
                except OSError:
                    continue
                files = tuple(name for name in _FILES if name in names)
                if path and files:
                    found.append((path, files))
                below += [
                    "%s/%s" % (path, name) for name in names if "." not in name or _is_group(name)
                ]
                if len(found) >= GROUPS:
                    return found[:GROUPS]
            level = below
        return found


def _is_group(name: str) -> bool:
    """Whether an entry with a dot is a group (units of systemd), not one of the kernel's files."""
    return name.split(".", 1)[0] not in _CONTROLLERS


_CONTROLLERS = frozenset(
    ("cgroup", "cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc", "irq", "dmem")
)
