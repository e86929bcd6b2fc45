"""Histograms: metrics whose instances are ranges of values, such as `64-127`.

Only the order and merging of ranges belong here. How their counts add up over
an interval stands in `interval` (SUM; a ring is told which metrics they are).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|\.\.|->)\s*(\d+(?:\.\d+)?|inf)", re.ASCII)


class Bucket(NamedTuple):
    """A range of values, both ends included, and the instance that counts it."""

    low: float
    high: float
    instance: str


def buckets(instances: Iterable[str]) -> tuple[Bucket, ...]:
    """The ranges that instance names tell, lowest first; names of another form are left out."""
    found = []
    for instance in instances:
        match = _RANGE.match(instance)
        if match:
            low, high = float(match[1]), float(match[2])
            if low <= high:
                found.append(Bucket(low, high, instance))
    return tuple(sorted(found))


def merged(counts: Mapping[str, float | None], most: int) -> list[tuple[float, float, float]]:
    """`counts` by range in at most `most` ranges, as (low, high, count), lowest first.

    Neighbours are merged evenly, and no count is lost. A range of which one
    count is null or not a number is not told: null is never summed as zero.
    """
    order = buckets(counts)
    if not order or most < 1:
        return []
    size = -(-len(order) // most)
    found = []
    for i in range(0, len(order), size):
        group = order[i : i + size]
        count = _sum([counts[bucket.instance] for bucket in group])
        found.append((group[0].low, group[-1].high, count))
    return [row for row in found if not math.isnan(row[2])]


def _sum(counts: Sequence[float | None]) -> float:
    return math.fsum(math.nan if count is None else count for count in counts)
