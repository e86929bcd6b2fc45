"""Tables of events: the last so many, each an instance numbered since the agent's start."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Callable, Deque, Dict, Mapping, Sequence, Tuple


class Rows:
    """A bounded ring of rows; a row is a mapping of metric -> value."""

    def __init__(self, prefix: str, columns: Sequence[str], length: int) -> None:
        self._prefix = prefix
        self._columns = tuple(columns)
        self._rows: Deque[Tuple[int, Mapping[str, Any]]] = deque(maxlen=length)
        self.count = 0  # rows since start

    def add(self, row: Mapping[str, Any]) -> None:
        self.count += 1
        self._rows.append((self.count, row))

    def values(self) -> Dict[str, Dict[int, Any]]:
        """Metric -> number of row -> value; the newest first."""
        return {
            "%s.%s" % (self._prefix, column): {
                number: row.get(column) for number, row in reversed(self._rows)
            }
            for column in self._columns
        }


class Times:
    """Kernel time (CLOCK_MONOTONIC, nanoseconds) as seconds since 1970."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall = wall

    def unix(self, nanoseconds: int) -> float:
        return round(self._wall() - self._clock() + nanoseconds / 1e9, 6)
