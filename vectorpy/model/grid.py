"""Records of an archive as rows: what was recorded at about one time belongs together.

Only times and grouping belong here. pmlogger writes what is due at one time in
several records, some milliseconds apart, and different metrics as often as its
configuration says; a row is one such time, put on a whole second. Nothing is
interpolated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from vectorpy.model.sample import Instances, Part

# The time of a record and its values by metric and instance; None is a mark: what comes after
# it does not follow from what was before (the recorder or its host was started anew).
Recorded = tuple[float, dict[str, Instances] | None]
# Rows farther apart than this many periods have a gap between them (as rates have none there).
MAX_PERIODS = 2.5


@dataclass(slots=True)
class GridRow:
    """The row of second `t`; one without parts is a gap, after which rates begin anew."""

    t: int
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A row that records are still added to."""

    t: int
    first: float
    values: dict[str, tuple[float, Instances]] = field(default_factory=dict)

    def row(self) -> GridRow:
        parts: dict[float, dict[str, Instances]] = {}
        for name, (stamp, instances) in self.values.items():
            parts.setdefault(stamp, {})[name] = instances
        return GridRow(self.t, [Part(stamp, parts[stamp]) for stamp in sorted(parts)])


def phase(stamps: Iterable[float]) -> float:
    """Where in the second records are written, -0.5 to 0.5: rounding after it never wavers."""
    fractions = [stamp % 1.0 for stamp in stamps]
    if not fractions:
        return 0.0
    x = sum(math.cos(2 * math.pi * f) for f in fractions)
    y = sum(math.sin(2 * math.pi * f) for f in fractions)
    return math.atan2(y, x) / (2 * math.pi)


def period(times: Sequence[float]) -> float | None:
    """The middle distance of a metric's records in order; None where there are not two.

    Where two loggers, or two of its groups, write the same metric at nearly the
    same time, the short steps between these don't count.
    """
    steps = sorted(b - a for a, b in itertools.pairwise(times) if b > a)
    if not steps:
        return None
    long = steps[len(steps) * 3 // 4]
    return median(step for step in steps if step > long / 4)


def base_period(periods: Mapping[str, float | None]) -> float:
    """Seconds between rows: those between the records of what is recorded most often."""
    known = [period for period in periods.values() if period]
    return max(1.0, min(known)) if known else 1.0


def rows(records: Iterable[Recorded], period: float, phase: float = 0.0) -> Iterator[GridRow]:
    """Rows at whole seconds, each second once and in order, of records in order of time.

    `period` is that of rows, a second at least. Of records within one second, or a
    quarter of the period, the last of each metric counts.
    """
    open_: _Open | None = None
    last, stamp_before = None, 0.0
    marked = False
    for stamp, values in records:
        if values is None:
            marked = True
            continue
        t = round(stamp - phase)
        if open_ is not None and not marked and _belongs(open_, t, stamp, values, period):
            open_.values.update({name: (stamp, got) for name, got in values.items()})
            continue
        if open_ is not None:
            yield open_.row()
            last, stamp_before = open_.t, open_.first
        if last is not None:
            t = max(t, last + 1)
            if marked or stamp - stamp_before > MAX_PERIODS * period:
                t = max(t, last + 2)
                yield GridRow(last + 1)
        marked = False
        open_ = _Open(t, stamp, {name: (stamp, got) for name, got in values.items()})
    if open_ is not None:
        yield open_.row()


def _belongs(
    row: _Open, t: int, stamp: float, values: Mapping[str, Instances], period: float
) -> bool:
    since = stamp - row.first
    if t == row.t or since < period / 4:
        return True
    return since < period / 2 and row.values.keys().isdisjoint(values)
