"""Names of control groups: what people call them, which one a name means, who is in them.

Pure text: which groups a host has is `live.cgroups`'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

SHORT = 12
# What being a container counts beside how much a name is like another, from 0 to 1.
_CONTAINER = 0.3
_ID = re.compile(r"(?:^|[-:])([0-9a-f]{64})(?:\.scope)?\Z")
# What a path tells of who made the group, the first that fits.
_RUNTIMES = (
    (re.compile(r"/docker[-/]"), "docker"),
    (re.compile(r"/libpod-"), "podman"),
    (re.compile(r"cri-containerd[-:]"), "containerd"),
    (re.compile(r"/crio-"), "CRI-O"),
    (re.compile(r"kubepods"), "Kubernetes"),
    (re.compile(r"/lxc[./]"), "LXC"),
    (re.compile(r"/machine-[^/]+\.scope\Z"), "machine"),
    (re.compile(r"\.service\Z"), "service"),
    (re.compile(r"\.scope\Z"), "scope"),
    (re.compile(r"\.slice\Z"), "slice"),
)


class Group(NamedTuple):
    """A control group: its path, the name of its container ("" where it is none), and what
    instance of our agent it is ("" where that does not run)."""

    path: str
    container: str = ""
    instance: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.container or self.path

    @property
    def runtime(self) -> str:
        """Who made it, as far as the path tells: docker, podman, service, slice."""
        return next((what for how, what in _RUNTIMES if how.search(self.path)), "cgroup")


def identity(path: str) -> str:
    """The id of the container whose group this is; "" for other groups."""
    last = path.rpartition("/")[2]
    found = _ID.search(last)
    return found[1] if found and "conmon" not in last else ""


def chosen(name: str, groups: Iterable[Group]) -> list[Group]:
    """The groups that a name means: those of that container, else of that path, id, or last part.

    More than one only where they have the same name, as a container started
    anew has. [] where the name means none, or several of them.
    """
    every = list(groups) if name else []
    found = [g for g in every if g.container == name] or [g for g in every if g.path == name]
    if found:
        return found
    if len(name) >= SHORT and re.fullmatch(r"[0-9a-f]+", name):
        found = [g for g in every if identity(g.path).startswith(name)]
    found = found or [g for g in every if g.path.rpartition("/")[2] == name]
    return found if len({g.name for g in found}) == 1 else []


def nearest(name: str, groups: Iterable[Group], most: int) -> list[str]:
    """Names of groups, those most like `name` first, containers before others about as like."""
    word = name.lower()

    def far(group: Group) -> tuple[float, str]:
        said = group.name.lower()
        alike = SequenceMatcher(None, word, said.rpartition("/")[2] or said).ratio()
        within = bool(word) and (word in said or said in word)
        return (-(alike + within + _CONTAINER * bool(group.container)), said)

    names = dict.fromkeys(group.name for group in sorted(set(groups), key=far))
    return list(names)[:most]


def within(text: str, paths: Collection[str]) -> bool:
    """Whether a process with these control groups (of /proc/PID/cgroup, parts separated by ";")
    is in one of the paths, or below it."""
    for part in text.split(";"):
        path = part.rpartition(":")[2]
        if any(path == one or path.startswith(f"{one}/") for one in paths):
            return True
    return False
