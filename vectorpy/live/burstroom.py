"""What those who look at a burst get: its layout, its points since it began, and what comes.

The counterpart of `channel`, for tenths of a second instead of seconds. Asking
the host is `burst`'s; its lock is held by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from vectorpy.live.channel import Event, Sink
from vectorpy.live.record import Record
from vectorpy.live.view import View
from vectorpy.model import burst, wire

# Points go out together, this often: a page draws no faster than people look.
FLUSH_TENTHS = 5
_TENTHS_CHOSEN = 100


class BurstView(View):
    """A view whose seconds are tenths: a list of the largest is chosen anew each ten seconds."""

    choose_each = _TENTHS_CHOSEN


class BurstRoom:
    """See the module. `versions` gives numbers of layouts."""

    def __init__(
        self, id: str, record: Record, views: Sequence[View], versions: Callable[[], int]
    ) -> None:
        self.id = id
        self.sinks: dict[Sink, set[str]] = {}
        self._room = f"burst:{id}"
        self._record, self._views, self._versions = record, views, versions
        self._layout = b""
        self._v = 0
        self._drawn: tuple[int, ...] = ()
        self._start: int | None = None
        self._rows: list[tuple[int, list[float | None]]] = []

    def add(self, sink: Sink, viewer: str) -> list[Event]:
        """One more looks at it: the layout, and all points so far; none before the first."""
        self.sinks.setdefault(sink, set()).add(viewer)
        return self._opening() if self._v else []

    def remove(self, sink: Sink, viewer: str | None) -> None:
        """A viewer (None: all of that web process) looks no more."""
        known = self.sinks.get(sink, set())
        known.difference_update([*known] if viewer is None else [viewer])
        if not known:
            self.sinks.pop(sink, None)

    def tell(self, event: str, message: dict[str, Any]) -> None:
        """Send an event to all who look."""
        self._emit(event, encode(message))

    def took(self, tenth: int) -> None:
        """The record has a row of `tenth`: it goes out, or a new layout with all rows does."""
        record = self._record
        if self._start is None:
            self._start = tenth
        for view in self._views:
            view.refresh(record, tenth)
        row = [x for view in self._views for x in view.row(record, tenth)]
        if self._drawn != tuple(view.version for view in self._views):
            self._rows = []
            self._lay_out()
            for event, text in self._opening():
                self._emit(event, text)
            return
        self._rows.append((tenth, row))
        if tenth - self._rows[0][0] >= FLUSH_TENTHS - 1:
            self.flush()

    def flush(self) -> None:
        """Send the rows that wait."""
        rows, self._rows = self._rows, []
        if rows:
            columns = list(zip(*(row for _, row in rows), strict=True))
            self.tell("burst_points", burst.points(self.id, self._v, [t for t, _ in rows], columns))

    def _lay_out(self) -> None:
        self._v = self._versions()
        self._drawn = tuple(view.version for view in self._views)
        widgets = [view.layout() for view in self._views]
        self._layout = encode(burst.layout(self.id, self._v, burst.TENTH, widgets))

    def _opening(self) -> list[Event]:
        """Layout, and all points up to the newest, those that wait too: they come twice."""
        record = self._record
        start, last = self._start or 0, record.ring.last or 0
        tenths = record.ring.view((), start, last).times
        columns = [c for view in self._views for c in view.columns(record, start, last)]
        whole = burst.points(self.id, self._v, tenths, columns, whole=True)
        return [("burst_layout", self._layout), ("burst_points", encode(whole))]

    def _emit(self, event: str, text: bytes) -> None:
        for sink in self.sinks:
            sink.emit(self._room, event, text)


def encode(message: dict[str, Any]) -> bytes:
    """A message as it travels."""
    return wire.encode(message).encode()
