"""Records of an archive on their way from the reader, many in a frame.

Only their packing belongs here. The names of instances travel once, as numbered tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Out = Callable[[dict[str, Any]], None]
_BATCH = 200  # records per frame


class Pages:
    """Records on their way out, some hundred in a frame; instances' names go once."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._tables: dict[tuple[str, ...], int] = {}
        self._fresh: dict[int, list[str]] = {}
        self._records: list[Any] = []
        self.count = 0

    def table(self, names: tuple[str, ...]) -> int:
        """The number of these names."""
        key = self._tables.get(names)
        if key is None:
            key = self._tables[names] = len(self._tables)
            self._fresh[key] = list(names)
        return key

    def add(self, stamp: float, values: list[Any] | None) -> None:
        """One record: its time and values, None for a mark."""
        self._records.append((stamp, values))
        self.count += 1
        if len(self._records) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what has come together."""
        self._out({"tables": self._fresh, "records": self._records})
        self._fresh, self._records = {}, []
