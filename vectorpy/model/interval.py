"""The interval rule: what seconds of a column say of k seconds (docs/wire.md 2).

Only arithmetic on columns belongs here; `ring` finds the rows. Rates are the
time-weighted mean of those that exist, gauges the last, histograms the sum;
null where less than half of the k seconds is there.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import NamedTuple

RATE, GAUGE, SUM = 0, 1, 2
ABSENT = math.inf


class Row(NamedTuple):
    """A sampled second: its time, its slot in the columns, the seconds of its rates.

    `covered` are seconds by the host's clock, `span` the whole seconds of ours
    that end with `time` and that this row speaks for.
    """

    time: int
    slot: int
    covered: float
    span: int


@dataclass(slots=True)
class Step:
    """One interval: the rows within it, oldest first, and their shares of its seconds.

    `slots`, `weights` and `spans` are of the rows that end in the interval or
    reach back into it; the last `later` of them end after it. `run` is where
    the slots lie in the column when they follow one another.
    """

    time: int
    seconds: int
    slots: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    later: int = 0
    weight: float = 0.0
    run: tuple[int, int] | None = None


def steps(rows: Iterable[Row], start: int, end: int, seconds: int) -> list[Step]:
    """The intervals that end in start..end at seconds divisible by `seconds`.

    `rows` are in order of time, and never speak for the same second twice.
    """
    first = -(-start // seconds) * seconds
    found = {time: Step(time, seconds) for time in range(first, end + 1, seconds)}
    for row in rows:
        low = row.time - row.span
        stop = -(-row.time // seconds) * seconds
        while stop > low:
            step = found.get(stop)
            if step is not None:
                inside = min(row.time, stop) - max(low, stop - seconds)
                step.slots.append(row.slot)
                step.spans.append(inside)
                step.weights.append((row.covered or row.span) * inside / row.span)
                step.later += row.time > stop
            stop -= seconds
    for step in found.values():
        step.weight = sum(step.weights)
        slots = step.slots
        if slots and sum(step.spans) * 2 >= seconds and _consecutive(slots):
            step.run = slots[0], slots[-1] + 1
    return list(found.values())


def _consecutive(slots: Sequence[int]) -> bool:
    return slots[-1] - slots[0] == len(slots) - 1 and list(slots) == sorted(slots)


def values(column: array[float], kind: int, steps: Sequence[Step]) -> list[float | None]:
    """One value per interval: a number, NaN for null, None where nothing existed."""
    if kind == GAUGE:
        return [_gauge(column, step) for step in steps]
    return [_rate(column, step, kind) for step in steps]


def columns(
    kept: Mapping[str, Mapping[str, array[float]]],
    kinds: Mapping[str, int],
    metrics: Iterable[str],
    steps: Sequence[Step],
) -> dict[str, dict[str, list[float | None]]]:
    """`values` of all instances of these metrics; a metric of unknown kind is a gauge."""
    return {
        metric: {
            instance: values(column, kinds.get(metric, GAUGE), steps)
            for instance, column in kept.get(metric, {}).items()
        }
        for metric in metrics
    }


def _rate(column: array[float], step: Step, kind: int) -> float | None:
    """Time-weighted mean (or, of a histogram, the sum) of the rates that exist."""
    if step.run:
        total: float = sum(map(mul, column[step.run[0] : step.run[1]], step.weights))
        if total - total == 0.0:
            return total if kind == SUM else total / step.weight
    weighted, weight, seconds = 0.0, 0.0, 0
    for slot, share, span in zip(step.slots, step.weights, step.spans, strict=True):
        x = column[slot]
        if x - x == 0.0:
            weighted += x * share
            weight += share
            seconds += span
    if seconds * 2 < step.seconds:
        return _nothing(column, step.slots)
    return weighted if kind == SUM else weighted / weight


def _gauge(column: array[float], step: Step) -> float | None:
    """The last value, of rows that end in the interval."""
    slots = step.slots[: len(step.slots) - step.later]
    found: float | None = None
    seconds = 0
    for slot, span in zip(slots, step.spans, strict=False):
        x = column[slot]
        if x - x == 0.0:
            found = x
            seconds += span
    return found if seconds * 2 >= step.seconds else _nothing(column, slots)


def _nothing(column: array[float], slots: Sequence[int]) -> float | None:
    """None where the instance did not exist for a part, and was null in none; else null."""
    states = [column[slot] for slot in slots]
    if ABSENT in states and not any(x != x for x in states):
        return None
    return math.nan
