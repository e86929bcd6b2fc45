"""The containers and control groups of a host as a list to choose from, with their use of now.

What a chosen one narrows is `narrow`'s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vectorpy.live.cgroups import CONTAINER, GROUP, NAME, PATH, PATHS, listed
from vectorpy.model.cgroups import Group
from vectorpy.model.rates import Point, Rates
from vectorpy.model.sample import Sample
from vectorpy.sources.face import Source

# Rates cover at most two and a half times so many seconds.
PERIOD = 4.0
# No more are told; containers come first.
MOST = 500
_CPU = ("vkernel.cgroup.cpu.usage", "cgroup.cpu.stat.usage", "cgroup.cpuacct.usage")
_MEMORY = ("vkernel.cgroup.memory.usage", "cgroup.memory.current", "cgroup.memory.usage")
_ENGINE = "containers.engine"
_WANTED = (PATH, CONTAINER, NAME, GROUP, _ENGINE, *PATHS, *_CPU, *_MEMORY)

Values = Mapping[str, Mapping[str, Point]]


class GroupList:
    """One host's list, asked for again and again: CPUs in use are of the time since it was last
    asked, if that is some seconds."""

    def __init__(self) -> None:
        self._rates = Rates()
        self.at = -math.inf
        self.told: dict[str, Any] = {"containers": [], "total": 0}

    def ask(self, source: Source, mono: float) -> None:
        """Ask the host, at `mono` seconds; errors are the host's.

        `told` is then `{"containers": [{"name", "path", "container", "runtime",
        "cpu", "memory"}], "total"}`: containers before other groups, the busiest
        first; `cpu` in CPUs, `memory` in bytes, None where it is not known.
        """
        known = source.describe(sorted(set(_WANTED)))
        sample = source.fetch(sorted(known)) if known else Sample([], {}, {}, None)
        values = self._rates.points(sample, known, PERIOD).values
        rows = [_row(group, values) for group in _groups(values)]
        rows.sort(key=lambda row: (not row["container"], -(row["cpu"] or 0.0), row["name"]))
        self.told = {"containers": rows[:MOST], "total": len(rows)}
        self.at = mono


def _groups(values: Values) -> list[Group]:
    paths = values.get(PATH, {})
    if paths:
        names = values.get(CONTAINER, {})
        return [Group(str(path), str(names.get(i) or ""), i) for i, path in paths.items()]
    return listed(
        {path for metric in PATHS for path in values.get(metric, {})},
        {i: str(path) for i, path in values.get(GROUP, {}).items()},
        {i: str(name) for i, name in values.get(NAME, {}).items()},
    )


def _row(group: Group, values: Values) -> dict[str, Any]:
    return {
        "name": group.name,
        "path": group.path,
        "container": bool(group.container),
        "runtime": group.runtime,
        "cpu": _first(group, values, _CPU),
        "memory": _first(group, values, _MEMORY),
    }


def _first(group: Group, values: Values, metrics: tuple[str, ...]) -> float | None:
    """The first of the metrics that has a number of the group."""
    for metric in metrics:
        points = values.get(metric, {})
        value = points.get(group.instance or group.path)
        if isinstance(value, int | float) and value == value:
            return float(f"{value:.6g}")
    return None
