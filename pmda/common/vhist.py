"""Histograms with buckets by powers of two, and percentiles out of them.

Buckets are instances named "lo-hi" (both included) as PCP's bcc and bpf agents
name them, the form that heatmaps read: "0-1", "2-3", "4-7", ...
"""

from __future__ import annotations

from typing import Dict, Optional, Sequence, Tuple


def slot(value: int) -> int:
    """The bucket of a whole number: 0 for 0 and 1, then one for each power of two."""
    return value.bit_length() - 1 if value > 1 else 0


def bounds(index: int) -> Tuple[int, int]:
    """Lowest and highest whole number of a bucket."""
    return (0, 1) if index == 0 else (1 << index, (2 << index) - 1)


def name(index: int) -> str:
    return "%d-%d" % bounds(index)


def names(buckets: int) -> Tuple[str, ...]:
    return tuple(name(index) for index in range(buckets))


def column(counts: Sequence[int]) -> Dict[str, int]:
    """Bucket's name -> count, all buckets up to the highest that holds any."""
    last = max((index for index, count in enumerate(counts) if count), default=-1)
    return {name(index): counts[index] for index in range(last + 1)}


def quantile(counts: Sequence[int], q: float) -> Optional[float]:
    """The `q` quantile (0..1), interpolated linearly within its bucket; None if empty.

    A bucket's values are taken as spread evenly from its lower bound to the
    next bucket's, as in Prometheus' histogram_quantile().
    """
    total = sum(counts)
    if total <= 0:
        return None
    rank, below = q * total, 0
    for index, count in enumerate(counts):
        if count and below + count >= rank:
            low = 0 if index == 0 else 1 << index
            width = 2 if index == 0 else 1 << index
            return low + width * max(rank - below, 0.0) / count
        below += count
    return None


def highest(counts: Sequence[int]) -> Optional[int]:
    """Upper bound of the highest bucket that holds any; None if empty."""
    filled = [index for index, count in enumerate(counts) if count]
    return bounds(filled[-1])[1] if filled else None


def exact_quantile(ordered: Sequence[float], q: float) -> Optional[float]:
    """The `q` quantile of sorted values, interpolated between the two nearest; None if empty."""
    if not ordered:
        return None
    place = q * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
