"""The control groups of one host: which there are, which were, and which of them a name means.

Learned from each second's sample while a widget is narrowed to a container. A
name is followed: where its container is started anew with another id, the new
group is meant as well as the old one. The host's lock is held by whoever calls.
"""

from __future__ import annotations

from dataclasses import dataclass

from vectorpy.live.record import Record
from vectorpy.model.cgroups import SHORT, Group, chosen, identity, nearest

PATH, CONTAINER = "vkernel.cgroup.path", "vkernel.cgroup.container"
# PCP's own agent root knows docker's, podman's and LXC's containers, where it runs.
NAME, GROUP = "containers.name", "containers.cgroup"
# Whose instances are paths, for hosts without our agent.
PATHS = ("cgroup.cpu.stat.usage", "cgroup.cpuacct.usage", "cgroup.memory.usage")
METRICS = frozenset((PATH, CONTAINER, NAME, GROUP, *PATHS))
# Groups that are remembered after they went.
MOST = 5000
NEAREST = 12


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means on a host now.

    `state` is here, gone (it was here; `since` is the last second), unknown, or
    waiting where the host has not told its groups yet. `known` are names of
    other groups, the nearest first, where it is unknown, and `total` how many.
    """

    state: str
    groups: tuple[Group, ...] = ()
    since: int = 0
    known: tuple[str, ...] = ()
    total: int = 0


class Groups:
    """See the module."""

    def __init__(self) -> None:
        self._at: int | None = None
        self._now: dict[str, Group] = {}
        # All that were seen, with the second in which each was seen last, the latest last.
        self._seen: dict[Group, int] = {}
        self._told: dict[str, Found] = {}

    def refresh(self, record: Record) -> None:
        """Take in what the newest second of the host's record tells."""
        last = record.ring.last
        if last is None or last == self._at:
            return
        self._at = last
        found = _groups(record)
        if not found:
            return  # the sample failed, or the agent that tells them is away
        self._now = {group.path: group for group in found}
        for group in found:
            self._seen.pop(group, None)
            self._seen[group] = last
        while len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]
        self._told.clear()

    def meant(self, name: str) -> Found:
        """What the name means by what was told so far."""
        told = self._told.get(name)
        if told is None:
            told = self._told[name] = self._meant(name)
        return told

    def _meant(self, name: str) -> Found:
        if not self._now:
            return Found("waiting")
        here = chosen(name, self._now.values())
        # The present first: where two tell of the same second, the newer one counts.
        ever = chosen(name, reversed(self._seen))
        both = tuple(dict.fromkeys([*here, *ever]))
        if here:
            return Found("here", both)
        if ever:
            return Found("gone", both, since=max(self._seen[group] for group in ever))
        every = self._now.values()
        known = tuple(nearest(name, every, NEAREST))
        return Found("unknown", known=known, total=len({group.name for group in every}))


def _groups(record: Record) -> list[Group]:
    """The groups of the newest second."""
    ring = record.ring
    paths = ring.latest(PATH)
    if paths:
        names = ring.latest(CONTAINER)
        return [Group(str(p), str(names.get(i, "")), i) for i, p in paths.items()]
    return listed(
        {path for metric in PATHS for path in ring.latest(metric)},
        {i: str(p) for i, p in ring.latest(GROUP).items()},
        {i: str(n) for i, n in ring.latest(NAME).items()},
    )


def listed(paths: set[str], cgroups: dict[str, str], names: dict[str, str]) -> list[Group]:
    """Groups by their paths, with names that PCP's agent root has for some."""
    known = {cgroups[i].rstrip("/"): name.lstrip("/") for i, name in names.items() if i in cgroups}
    found = []
    for path in sorted(path for path in paths if path.startswith("/") and path != "/"):
        name = known.get(path) or next(
            (n for end, n in known.items() if end and path.endswith(end)), ""
        )
        found.append(Group(path, name or identity(path)[:SHORT]))
    return found
