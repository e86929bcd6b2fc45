"""The last minutes of one host as columns.

Keeping and reading points belongs here; what they mean stands in `rates`, what
is drawn of them in `expression`, how seconds become intervals in `interval`. A
ring belongs to one thread or one lock.

A column is an array of float64, one per second, at second modulo capacity.
Within it NaN is null (a gap), and infinity says that the instance did not exist
at that second; neither can come in as a point (docs/wire.md 2).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from vectorpy.model import interval as intervals
from vectorpy.model.interval import ABSENT, GAUGE, RATE, SUM, Row
from vectorpy.model.metric import COUNTER, Descriptor
from vectorpy.model.rates import Point

NAN = math.nan
# The time of a slot without a row; no second is below zero.
NEVER = -(1 << 62)
# Bytes that a series costs besides its points: array, names and table entries.
SERIES_OVERHEAD = 300

Column = list[float | None]
Values = Mapping[str, Mapping[str, Point]]


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of a ring: `times` in Unix seconds, and metric -> instance -> one value per row.

    A number is a point. NaN is null, a gap. None is where the instance did not
    exist. On the wire both are null; `expression` tells them apart, since sums
    go on without what does not exist. There may be more metrics than were asked
    for. `memo` is where `expression` keeps the parts that several series share.
    """

    times: list[int]
    columns: dict[str, dict[str, Column]]
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


class Ring:
    """Points of one host: at most `seconds` seconds of them, within `limit_bytes`."""

    def __init__(self, seconds: int, limit_bytes: int) -> None:
        self.capacity = seconds
        # Rises whenever a series comes or goes, so that layouts can be made anew.
        self.generation = 0
        # Series of the last row that were not kept, for want of memory.
        self.refused = 0
        self._limit = max(0, (limit_bytes - 16 * seconds) // (8 * seconds + SERIES_OVERHEAD))
        self._kinds: dict[str, int] = {}
        self._texts: set[str] = set()
        self.clear()

    def clear(self) -> None:
        """Forget all points; declarations stay."""
        self._times = array("q", [NEVER]) * self.capacity
        self._covered = array("d", [0.0]) * self.capacity
        self._columns: dict[str, dict[str, array[float]]] = {}
        self._latest: Values = {}
        self._latest_at = NEVER
        self._series = 0
        self._untidy = 0
        self._last: int | None = None
        self._rows = 0
        self._row: Window | None = None
        self.generation += 1

    def declare(self, descriptors: Mapping[str, Descriptor], summed: Iterable[str] = ()) -> None:
        """Say which metrics are rates, gauges or texts; those in `summed` are histograms."""
        histograms = set(summed)
        for name, descriptor in descriptors.items():
            if not descriptor.numeric:
                self._texts.add(name)
            elif name in histograms:
                self._kinds[name] = SUM
            else:
                self._kinds[name] = RATE if descriptor.semantics == COUNTER else GAUGE

    def __len__(self) -> int:
        """Number of rows: seconds that were sampled, or failed."""
        return self._rows

    @property
    def last(self) -> int | None:
        """Second of the newest row, None where there is none."""
        return self._last

    @property
    def first(self) -> int | None:
        """Second of the oldest row, None where there is none."""
        return min((t for t in self._times if t >= 0), default=None)

    @property
    def bytes(self) -> int:
        """Memory held, in bytes, to a few per cent."""
        return 16 * self.capacity + self._series * (8 * self.capacity + SERIES_OVERHEAD)

    # Writing

    def append(self, t: int, covered: float, values: Values) -> None:
        """The row of second `t`, whose rates cover `covered` seconds.

        The same second once more replaces its row. A second before the last one
        means that the clock was set back: what was later is forgotten.
        """
        slot = self._open(t, covered)
        self._latest, self._latest_at = values, t
        met = 0
        for metric, columns in self._columns.items():
            points = values.get(metric)
            if points is None:
                for column in columns.values():
                    column[slot] = NAN
                continue
            found = 0
            for instance, column in columns.items():
                if instance not in points:
                    column[slot] = ABSENT
                    continue
                found += 1
                point = points[instance]
                if point is None:
                    # Until its first number an instance has no points that could be missing.
                    column[slot] = ABSENT if column[slot - 1] == ABSENT else NAN
                else:
                    column[slot] = point  # type: ignore[assignment]
            met += found == len(points)
        self.refused = 0
        texts = self._texts
        if met != len([name for name in values if name not in texts]):
            self._admit(slot, values)
        self._untidy += 1
        if self._untidy > self.capacity // 10:
            self._tidy()

    def gap(self, t: int) -> None:
        """The sample of second `t` failed: everything is null there."""
        slot = self._open(t, 0.0)
        self._latest_at = NEVER
        for columns in self._columns.values():
            for column in columns.values():
                column[slot] = NAN

    def _open(self, t: int, covered: float) -> int:
        """Slot of second `t`, after the seconds since the last row were emptied."""
        self._row = None
        if self._last is not None and t < self._last:
            self._forget_from(t)
        if self._last is not None:
            if t - self._last >= self.capacity:
                self.clear()
            elif t - self._last > 1:
                self._empty(range(self._last + 1, t))
        slot = t % self.capacity
        self._rows += self._times[slot] < 0
        self._times[slot] = t
        self._covered[slot] = covered
        self._last = t
        return slot

    def _empty(self, seconds: range) -> None:
        """No row is at these seconds."""
        slots = [second % self.capacity for second in seconds]
        for slot in slots:
            self._rows -= self._times[slot] >= 0
            self._times[slot] = NEVER
        for columns in self._columns.values():
            for column in columns.values():
                for slot in slots:
                    column[slot] = NAN

    def _forget_from(self, t: int) -> None:
        kept = [time for time in self._times if 0 <= time < t]
        if not kept:
            self.clear()
        else:
            last = self._last or t
            self._empty(range(max(t, last - self.capacity + 1), last + 1))
            self._last = max(kept)

    def _admit(self, slot: int, values: Values) -> None:
        """Make columns for series that are new, as far as memory allows."""
        vanished: list[tuple[str, str]] | None = None
        for metric, points in values.items():
            known = self._columns.get(metric, {})
            if metric in self._texts:
                continue
            for instance, point in points.items():
                if instance in known:
                    continue
                if isinstance(point, str):
                    self._texts.add(metric)
                    break
                if self._series >= self._limit:
                    vanished = self._vanished() if vanished is None else vanished
                    if not vanished:
                        self.refused += 1
                        continue
                    self._drop(*vanished.pop())
                column = array("d", [ABSENT]) * self.capacity
                if point is not None:
                    column[slot] = point
                known = self._columns.setdefault(metric, {})
                known[instance] = column
                self._series += 1
                self.generation += 1

    def _vanished(self) -> list[tuple[str, str]]:
        """Series that the newest row does not have, those longest gone last."""
        latest, last = self._latest, self._last or 0
        order = [(last - back) % self.capacity for back in range(self.capacity)]

        def age(series: tuple[str, str]) -> int:
            column = self._columns[series[0]][series[1]]
            return next((i for i, slot in enumerate(order) if math.isfinite(column[slot])), 1 << 30)

        gone = [
            (metric, instance)
            for metric, columns in self._columns.items()
            for instance in columns
            if instance not in latest.get(metric, ())
        ]
        return sorted(gone, key=age)

    def _drop(self, metric: str, instance: str) -> None:
        columns = self._columns[metric]
        del columns[instance]
        if not columns:
            del self._columns[metric]
        self._series -= 1
        self.generation += 1

    def _tidy(self) -> None:
        """Drop the series that have no number left and are not in the newest row."""
        self._untidy = 0
        latest = self._latest
        for metric in list(self._columns):
            points = latest.get(metric, {})
            for instance, column in list(self._columns[metric].items()):
                if instance not in points and not any(x - x == 0.0 for x in column):
                    self._drop(metric, instance)

    # Reading

    def covered(self, t: int) -> float:
        """Seconds that the rates of second `t` cover; 0.0 where there are none."""
        slot = t % self.capacity
        return self._covered[slot] if self._times[slot] == t else 0.0

    def instances(self, metric: str) -> tuple[str, ...]:
        """Instances of a metric in the ring, in order of first appearance; ("",) if singular."""
        return tuple(self._columns.get(metric, ()))

    def latest(self, metric: str) -> dict[str, Point]:
        """Points of the newest row that did not fail, texts as well; {} where it has none."""
        return dict(self._latest.get(metric, {}))

    def newest(self, t: int) -> Values | None:
        """Points of second `t`, texts as well; None where they are not the last row's, or not all
        are kept."""
        return self._latest if t == self._latest_at and not self.refused else None

    def view(self, metrics: Iterable[str], start: int, end: int, interval: int = 1) -> Window:
        """Rows of these metrics from `start` to `end`, both included, at `interval` seconds.

        At 1 there is one row per second that was sampled or failed; at k one
        per second divisible by k, from the ring's first second to its last.
        """
        if self._last is None:
            return Window([], {metric: {} for metric in metrics})
        start = max(start, self._last - self.capacity + 1)
        end = min(end, self._last)
        if interval == 1:
            return (
                self._second(metrics, end) if start == end else self._seconds(metrics, start, end)
            )
        # The interval that ends at `start` begins before it.
        rows = list(self._span_rows(start - interval + 1, end))
        if not rows or rows[0].time > start:
            start = max(start, self.first or 0)
        steps = intervals.steps(rows, start, end, interval)
        columns = intervals.columns(self._columns, self._kinds, metrics, steps)
        return Window([step.time for step in steps], columns)

    def _second(self, metrics: Iterable[str], t: int) -> Window:
        """The one row of second `t`, as every tick asks for it; all widgets share it."""
        slot = t % self.capacity
        if self._times[slot] != t:
            return Window([], {m: {i: [] for i in self._columns.get(m, ())} for m in metrics})
        row = self._row
        if row is None or row.times[0] != t:
            row = self._row = Window([t], {})
        found = row.columns
        for metric in metrics:
            if metric not in found:
                columns = self._columns.get(metric, {})
                found[metric] = {
                    instance: [cell if (cell := column[slot]) != ABSENT else None]
                    for instance, column in columns.items()
                }
        return row

    def _seconds(self, metrics: Iterable[str], start: int, end: int) -> Window:
        """Rows as they are; a slice of each column where no second is missing."""
        capacity, times = self.capacity, self._times
        seconds = [t for t in range(start, end + 1) if times[t % capacity] == t]
        whole = len(seconds) == end - start + 1
        a, b = start % capacity, end % capacity + 1
        slots = [t % capacity for t in seconds]
        pick = itemgetter(*slots) if len(slots) > 1 else None
        found: dict[str, dict[str, Column]] = {}
        for metric in metrics:
            found[metric] = columns = {}
            for instance, column in self._columns.get(metric, {}).items():
                if pick is None:
                    cells = [column[slot] for slot in slots]
                elif not whole:
                    cells = list(pick(column))
                elif a < b:
                    cells = column[a:b].tolist()
                else:
                    cells = column[a:].tolist() + column[:b].tolist()
                columns[instance] = _shown(cells)
        return Window(seconds, found)

    def _span_rows(self, start: int, end: int) -> Iterator[Row]:
        """Rows from `start` on, up to the first one after `end`, which may reach back."""
        capacity, last = self.capacity, self._last or 0
        oldest = last - capacity + 1
        before: int | None = None
        for t in range(max(start - 1, oldest), last + 1):
            slot = t % capacity
            if self._times[slot] != t:
                continue
            span = max(1, round(self._covered[slot]))
            if t >= start:
                reach = span if before is None else min(span, t - before)
                yield Row(t, slot, self._covered[slot], reach)
            before = t
            if t > end:
                return


def _shown(cells: list[float]) -> Column:
    """Cells as a window has them. Where all are finite, their sum says so at once."""
    total = sum(cells)
    if total - total == 0.0 or ABSENT not in cells:
        return cells  # type: ignore[return-value]
    return [None if x == ABSENT else x for x in cells]
