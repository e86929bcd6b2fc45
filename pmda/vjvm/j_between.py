"""Counters of MBeans in the seconds between two answers: on a straight line. Pure.

An MBean server is asked every few seconds, and pmcd's clients ask every second.
A counter that stood still between two answers would draw as nothing, nothing,
nothing and then a peak, which is no truth. So what is told runs to the newest
answer in the time that the one before it took to come: late by that time, with
right sums, and never backwards but where the counter itself was set back.
"""

from __future__ import annotations

from typing import AbstractSet, Dict, NamedTuple, Tuple, Union

Number = Union[int, float]
Values = Dict[str, Dict[str, Number]]  # metric -> bean's label -> value


class _Line(NamedTuple):
    """From `start`, told when the newest answer came, to `end`, which that answer says."""

    start: Number
    end: Number


class Between:
    """The values of one server; `counters` are the metrics that are told on a line."""

    def __init__(self, counters: AbstractSet[str]) -> None:
        self._counters = counters
        self._at = 0.0
        self._pause = 0.0
        self._values: Values = {}
        self._lines: Dict[Tuple[str, str], _Line] = {}

    def take(self, now: float, values: Values) -> None:
        """An answer that came at `now`, in seconds."""
        lines = {}
        for metric in self._counters & values.keys():
            for label, end in values[metric].items():
                before = self._lines.get((metric, label))
                start = end if before is None else self._told(before, now)
                # A counter that was set back begins anew, at once.
                lines[metric, label] = _Line(min(start, end), end)
        self._pause = now - self._at if self._lines else 0.0
        self._at, self._values, self._lines = now, values, lines

    def at(self, now: float) -> Values:
        """The values to tell at `now`."""
        return {
            metric: (
                {label: self._told(self._lines[metric, label], now) for label in column}
                if metric in self._counters
                else column
            )
            for metric, column in self._values.items()
        }

    def _told(self, line: _Line, now: float) -> Number:
        share = (now - self._at) / self._pause if self._pause > 0 else 1.0
        if share >= 1.0 or line.start == line.end:
            return line.end
        way = (line.end - line.start) * max(0.0, share)
        return line.start + (int(way) if isinstance(line.end, int) else way)
