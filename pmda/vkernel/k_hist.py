"""Histograms of a program, read and told: counts since start, percentiles of the last second.

The maps' layout is `k_code`'s. Programs and their events are not named here.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

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


def create(kernel: k_bpf.Kernel, histograms: int, name: str) -> k_code.Histograms:
    """Room for so many histograms."""
    size, entries = k_code.HISTOGRAM.size, histograms * kernel.cpus
    return k_code.Histograms(kernel.create(k_bpf.ARRAY, 4, size, entries, name), histograms)


class Reader:
    """Reads histograms and remembers what it read."""

    def __init__(self, kernel: k_bpf.Kernel, histograms: k_code.Histograms) -> None:
        self._each, self._cpus = histograms.each, kernel.cpus
        self._memory = kernel.memory(histograms.map)
        self._before: Dict[int, Tuple[int, ...]] = {}

    def read(self, number: int) -> Told:
        """Histogram `number`; its highest value begins anew."""
        sums, top = [0] * k_code.TOP, 0
        for cpu in range(self._cpus):
            start = (cpu * self._each + number) * k_code.HISTOGRAM.size
            cells = k_code.HISTOGRAM.unpack_from(self._memory, start)
            if cells[k_code.SUM] or cells[0]:
                sums = [a + b for a, b in zip(sums, cells)]
            if cells[k_code.TOP]:
                top = max(top, cells[k_code.TOP])
                place = start + 8 * k_code.TOP
                self._memory[place : place + 8] = bytes(8)
        counts = tuple(sums[: k_code.BUCKETS])
        before = self._before.get(number, (0,) * k_code.BUCKETS)
        self._before[number] = counts
        fresh = tuple(now - then for now, then in zip(counts, before))
        return Told(counts, sums[k_code.SUM], fresh, top)
