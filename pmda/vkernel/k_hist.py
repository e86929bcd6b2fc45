"""Histograms of a program, read and told: counts since start, percentiles of the last second.

The maps' layout is `k_code`'s. Programs and their events are not named here.
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

import k_bpf
import k_code
import vhist

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


class Told(NamedTuple):
    """One histogram at one reading: counters, and what happened since the reading before."""

    counts: Tuple[int, ...]
    sum: int
    fresh: Tuple[int, ...]
    top: int  # highest value since the reading before

    @property
    def number(self) -> int:
        return sum(self.counts)

    def recent(self, scale: float = 1.0) -> Dict[str, Optional[float]]:
        """p50, p95, p99 and max since the reading before, None where nothing happened.

        Buckets are in the histogram's unit; `scale` makes the highest value that unit too.
        """
        if not any(self.fresh):
            return dict.fromkeys([name for name, _ in QUANTILES] + ["max"])
        # A value may have been counted after the highest was read: then the bucket tells.
        highest = vhist.highest(self.fresh)
        assert highest is not None
        low, high = vhist.bounds(vhist.slot(highest))
        top = self.top * scale if low <= self.top * scale < high + 1 else float(high)
        found: Dict[str, Optional[float]] = {"max": top}
        for name, q in QUANTILES:
            value = vhist.quantile(self.fresh, q)
            found[name] = None if value is None else min(value, top)
        return found


class Maps(NamedTuple):
    """Where a program counts: two per-CPU arrays, one entry per histogram."""

    counts: k_bpf.Map
    tops: k_bpf.Map


def create(kernel: k_bpf.Kernel, histograms: int, name: str) -> Maps:
    """Maps for so many histograms."""
    size, top = k_code.HISTOGRAM.size, k_code.MAX.size
    counts = kernel.create(k_bpf.PERCPU_ARRAY, 4, size, histograms, name)
    return Maps(counts, kernel.create(k_bpf.PERCPU_ARRAY, 4, top, histograms, name + "_top"))


class Reader:
    """Reads histograms and remembers what it read."""

    def __init__(self, kernel: k_bpf.Kernel, maps: Maps) -> None:
        self._kernel = kernel
        self._maps = maps
        self._before: Dict[int, Tuple[int, ...]] = {}

    def read(self, number: int) -> Told:
        key = struct.pack("<I", number)
        top = max(_columns(self._kernel.lookup(self._maps.tops, key), 1, self._kernel.cpus)[0])
        cells = _columns(
            self._kernel.lookup(self._maps.counts, key), k_code.CELLS, self._kernel.cpus
        )
        if top:
            self._kernel.update(self._maps.tops, key, k_code.MAX.pack(0))
        sums = [sum(cell) for cell in cells]
        counts = tuple(sums[: k_code.BUCKETS])
        before = self._before.get(number, (0,) * k_code.BUCKETS)
        self._before[number] = counts
        fresh = tuple(now - then for now, then in zip(counts, before))
        return Told(counts, sums[k_code.SUM], fresh, top)


def _columns(value: bytes, cells: int, cpus: int) -> List[Tuple[int, ...]]:
    """Cell -> its numbers, one of each CPU."""
    numbers = struct.unpack("<%dQ" % (cells * cpus), value)
    return [numbers[cell::cells] for cell in range(cells)]
