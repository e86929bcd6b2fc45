"""A recorded span of one host as columns: a ring that has one slot per row, not per second.

Keeping and reading rows belongs here, with the same face as `ring`. An
archive's rows may be a minute apart, and metrics in it more or less often
recorded; `fill` gives every row what holds at its time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from vectorpy.model import interval as intervals
from vectorpy.model.interval import ABSENT, GAUGE, Row
from vectorpy.model.rates import MAX_PERIODS, Point
from vectorpy.model.ring import NAN, SERIES_OVERHEAD, Ring, Values, Window, _shown


class Track(Ring):
    """Rows of an archive in order of time. `period` are the seconds between them.

    `limit_bytes` bounds its memory: series that come when it is used up are refused.
    """

    def __init__(self, period: float, limit_bytes: int) -> None:
        self._period = period
        self._most = limit_bytes
        super().__init__(0, limit_bytes)

    def clear(self) -> None:
        """See Ring.clear."""
        super().clear()
        self._moments: list[int] = []
        self._spans = array("d")
        self._gaps: list[int] = []
        self._told: dict[str, list[int]] = {}
        self._points: dict[str, Mapping[str, Point]] = {}

    def __len__(self) -> int:
        return len(self._moments)

    @property
    def last(self) -> int | None:
        """See Ring.last."""
        return self._moments[-1] if self._moments else None

    @property
    def first(self) -> int | None:
        """See Ring.first."""
        return self._moments[0] if self._moments else None

    @property
    def bytes(self) -> int:
        """See Ring.bytes."""
        rows = len(self._moments)
        return 40 * rows + self._series * (8 * rows + SERIES_OVERHEAD)

    # Writing

    def append(self, t: int, covered: float, values: Values) -> None:
        """The row of second `t`, later than all before."""
        slot = self._row_at(t, covered)
        for metric, points in values.items():
            if metric in self._texts:
                self._points[metric] = points
                continue
            self._told.setdefault(metric, []).append(slot)
            self._points[metric] = points
            columns = self._columns.setdefault(metric, {})
            for instance, point in points.items():
                if isinstance(point, str):
                    continue
                column = columns.get(instance)
                if column is None:
                    column = self._new(columns, instance)
                    if column is None:
                        continue
                missing = slot - len(column)
                if missing:
                    column.extend([ABSENT] * missing)
                if point is not None:
                    column.append(point)
                else:
                    column.append(ABSENT if slot and column[slot - 1] == ABSENT else NAN)

    def gap(self, t: int) -> None:
        """Nothing is known of second `t`."""
        self._gaps.append(self._row_at(t, 0.0))

    def _row_at(self, t: int, covered: float) -> int:
        self._moments.append(t)
        self._spans.append(covered)
        return len(self._moments) - 1

    def _new(self, columns: dict[str, array[float]], instance: str) -> array[float] | None:
        rows = len(self._moments)
        if (self._series + 1) * 8 * rows > self._most:
            self.refused += 1
            return None
        column = columns[instance] = array("d", [ABSENT]) * (rows - 1)
        self._series += 1
        self.generation += 1
        return column

    def fill(self, periods: Mapping[str, float | None]) -> None:
        """Give each row what holds at its time of metrics recorded more rarely than rows are.

        A rate covers all the seconds since the record before, so it holds for the
        rows between them; a gauge holds for 2.5 of its periods, one without a
        period (recorded once) until it is recorded again. To be called when all
        rows are there.
        """
        rows = len(self._moments)
        for metric, columns in self._columns.items():
            told = self._told.get(metric, [])
            for column in columns.values():
                column.extend([ABSENT] * (rows - len(column)))
            if len(told) == rows:
                continue
            period = periods.get(metric)
            kind = self._kinds.get(metric, GAUGE)
            # What is in most rows is missing in the others: those are gaps.
            slow = period is None or len(told) * 4 < (rows - len(self._gaps)) * 3
            for before, after in zip([-1, *told], [*told, rows], strict=True):
                if after - before > 1:
                    self._bridge(columns, kind, before, after, period, slow)

    def _bridge(
        self,
        columns: Mapping[str, array[float]],
        kind: int,
        before: int,
        after: int,
        period: float | None,
        slow: bool,
    ) -> None:
        """The rows between two that have the metric; -1 and the number of rows are ends."""
        between = range(before + 1, after)
        ends = self._held(before, after, period) if slow else before + 1
        gaps = frozenset(self._gaps) if self._gaps else frozenset()
        for column in columns.values():
            back = column[after] if slow and kind != GAUGE and after < len(column) else NAN
            ahead = column[before] if kind == GAUGE and before >= 0 else NAN
            for slot in between:
                value = ahead if slot < ends else NAN
                if kind != GAUGE:
                    value = back
                if value == ABSENT:
                    column[slot] = ABSENT
                elif value == value and (slot not in gaps or period is None):
                    column[slot] = value
                else:
                    column[slot] = NAN

    def _held(self, before: int, after: int, period: float | None) -> int:
        """The first slot for which a gauge of slot `before` holds no more."""
        if period is None or before < 0:
            return after
        until = self._moments[before] + MAX_PERIODS * period
        gap = next((slot for slot in self._gaps if before < slot < after), after)
        return min(bisect_right(self._moments, until), gap)

    # Reading

    def covered(self, t: int) -> float:
        """See Ring.covered."""
        slot = bisect_left(self._moments, t)
        there = slot < len(self._moments) and self._moments[slot] == t
        return self._spans[slot] if there else 0.0

    def latest(self, metric: str) -> dict[str, Point]:
        """Points of the newest row that has the metric."""
        return dict(self._points.get(metric, {}))

    def newest(self, t: int) -> Values | None:
        """Never: rows are read by `view`."""
        return None

    def view(self, metrics: Iterable[str], start: int, end: int, interval: int = 1) -> Window:
        """Rows from `start` to `end`, both included, as recorded; see Ring.view.

        At an interval longer than the rows' own period, one per second divisible by it.
        """
        if interval > self._period and self._moments:
            return self._at_interval(metrics, start, end, interval)
        low, high = bisect_left(self._moments, start), bisect_right(self._moments, end)
        found = {
            metric: {
                instance: _shown(column[low:high].tolist())
                for instance, column in self._columns.get(metric, {}).items()
            }
            for metric in metrics
        }
        return Window(self._moments[low:high], found)

    def _at_interval(self, metrics: Iterable[str], start: int, end: int, interval: int) -> Window:
        start = max(start, self._moments[0])
        end = min(end, self._moments[-1])
        low = max(0, bisect_left(self._moments, start - interval) - 1)
        high = min(len(self._moments), bisect_right(self._moments, end) + 1)
        steps = intervals.steps(
            [self._row_of(slot) for slot in range(low, high)], start, end, interval
        )
        columns = intervals.columns(self._columns, self._kinds, metrics, steps)
        return Window([step.time for step in steps], columns)

    def _row_of(self, slot: int) -> Row:
        t, covered = self._moments[slot], self._spans[slot]
        span = max(1, round(covered or min(self._period, 1.0)))
        if slot:
            span = min(span, t - self._moments[slot - 1])
        return Row(t, slot, covered, span)
