"""The containers and control groups of a host as a list to choose from, with their use of now.

Two fetches a moment apart give the CPUs in use. What a chosen one narrows is `narrow`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vectorpy.live.groups import CONTAINER, GROUP, NAME, PATH, PATHS, listed
from vectorpy.model.groups import Group
from vectorpy.model.metric import Descriptor
from vectorpy.model.rates import Point, Rates
from vectorpy.sources.face import Source

# Seconds between the two fetches.
BETWEEN = 0.4
# No more are told; containers come first.
MOST = 500
_CPU = ("vkernel.cgroup.cpu.usage", "cgroup.cpu.stat.usage", "cgroup.cpuacct.usage")
_MEMORY = ("vkernel.cgroup.memory.usage", "cgroup.memory.current", "cgroup.memory.usage")
_ENGINE = "containers.engine"
_WANTED = (PATH, CONTAINER, NAME, GROUP, _ENGINE, *PATHS, *_CPU, *_MEMORY)

Values = Mapping[str, Mapping[str, Point]]


def ask(source: Source, pause: Callable[[], None]) -> dict[str, Any]:
    """`{"containers": [{"name", "path", "runtime", "cpu", "memory"}], "total"}`.

    Containers come before other groups, the busiest first. `cpu` is in CPUs,
    `memory` in bytes; None where the host does not tell it. Errors are the host's.
    """
    known = source.describe(sorted(set(_WANTED)))
    if not known:
        return {"containers": [], "total": 0}
    names, rates = sorted(known), Rates()
    rates.points(source.fetch(names), known)
    pause()
    values = rates.points(source.fetch(names), known).values
    rows = [_row(group, values) for group in _groups(known, values)]
    rows.sort(key=lambda row: (not row["container"], -(row["cpu"] or 0.0), row["name"]))
    return {"containers": rows[:MOST], "total": len(rows)}


def _groups(known: Mapping[str, Descriptor], values: Values) -> list[Group]:
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
