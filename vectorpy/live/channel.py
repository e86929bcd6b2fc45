"""A channel: the messages of one host's wishes at one interval, each encoded once.

Which series there are is `view`'s; here they become layout, history and ticks,
in order, without a double or missing point. The host's lock is held by whoever
calls, so that what a joiner gets and what comes after it fit together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from vectorpy.live.narrow import NarrowView
from vectorpy.live.record import Record
from vectorpy.live.table import News, TableView
from vectorpy.live.verdict import VerdictView
from vectorpy.live.view import View
from vectorpy.model import wire
from vectorpy.model.watch import ChannelSpec

Event = tuple[str, bytes]
AnyView = View | NarrowView | TableView | VerdictView
# Seconds of a channel's interval that may be told late: a sample can cover them all.
_LATE_TICKS = 3


class Sink(Protocol):
    """One web process: events go out first in, first out, and `emit` never blocks."""

    def emit(self, room: str, event: str, text: bytes) -> None:
        """Queue an event, already encoded, for a room."""
        ...


class Versions:
    """Numbers of layouts that never repeat, in this life of the sampler or the next.

    They start at the milliseconds of the clock, and no sampler makes a thousand
    layouts a second for long.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._numbers = itertools.count(int(now() * 1000))

    def __call__(self) -> int:
        return next(self._numbers)


class Channel:
    """See the module. `views` stand in the order of the spec's wishes."""

    def __init__(
        self,
        spec: ChannelSpec,
        views: Sequence[AnyView],
        versions: Versions,
    ) -> None:
        self.spec = spec
        self.key = spec.key
        self.views = tuple(views)
        self.sinks: dict[Sink, dict[str, int]] = {}
        self.last = 0
        self._versions = versions
        self._v = 0
        self._drawn: tuple[int, ...] = ()
        self._epoch = ""
        self._layout = b""
        self._cut: dict[tuple[int, int], bytes] = {}

    def show(self, views: Sequence[AnyView]) -> None:
        """Other views of the same wishes; their layout follows when all they need is sampled."""
        self.views = tuple(views)
        self._v = 0
        self._drawn = ()

    # -- who listens -----------------------------------------------------------

    def add(self, sink: Sink, viewers: Iterable[str], window: int) -> None:
        """`viewers` of a web process watch, and want `window` seconds of history."""
        known = self.sinks.setdefault(sink, {})
        for viewer in viewers:
            known[viewer] = max(window, known.get(viewer, 0))

    def remove(self, sink: Sink, viewers: Iterable[str] | None) -> None:
        """`viewers` (None: all) of a web process watch no more."""
        known = self.sinks.get(sink, {})
        for viewer in list(known if viewers is None else viewers):
            known.pop(viewer, None)
        if not known:
            self.sinks.pop(sink, None)

    @property
    def viewers(self) -> set[tuple[int, str]]:
        """Who watches: (web process, viewer)."""
        return {(id(sink), viewer) for sink, known in self.sinks.items() for viewer in known}

    @property
    def window(self) -> int:
        """The longest history that one of the viewers wants, in seconds."""
        return max((w for known in self.sinks.values() for w in known.values()), default=0)

    # -- messages --------------------------------------------------------------

    def ready(self, record: Record) -> bool:
        """Whether all that it draws from was sampled, so that it has a layout."""
        if record.ring.last is None:
            return False
        return all(view.ready(record) for view in self.views)

    def begin(self, record: Record, epoch: str, window: int) -> list[Event]:
        """Layout and history for one who joins; none where the channel isn't ready yet.

        The history ends with the last tick that went out, so that later ticks
        are exactly what is missing.
        """
        last = record.ring.last
        if last is None or not (self._v or self.ready(record)):
            return []
        if self._v and self._stale(epoch):
            self._renew(record, epoch, last)
            self._announce(record)
        elif not self._v:
            self._renew(record, epoch, last)
        return self._opening(record, window)

    def publish(self, record: Record, epoch: str, t: int) -> None:
        """Send what second `t` brought: ticks, or a new layout with its history."""
        if not self._v and not self.ready(record):
            return
        self._cut.clear()
        seconds = self._due(t)
        rows = [(s, [view.row(record, s) for view in self.views]) for s in seconds]
        if not self._v or self._stale(epoch):
            self._renew(record, epoch, t)
            self._announce(record)
            return
        for second, parts in rows:
            if second != t - t % self.spec.interval and _empty(parts):
                continue  # a second that was never sampled
            numbers = list(itertools.chain.from_iterable(parts))
            tick = wire.tick(self.key, epoch, self._v, second, self.last, numbers)
            self.last = second
            self._emit("tick", wire.encode(tick).encode())
        for view in self.views:
            if isinstance(view, VerdictView) and view.news is not None:
                self.tell_rows(epoch, view, view.news)

    def tell_rows(self, epoch: str, view: TableView | VerdictView, news: News) -> None:
        """Send what changed in a table; a new layout, where one is due, brings all its rows."""
        if view in self.views and self._v and not self._stale(epoch):
            self._emit("rows", _encode(view.changed(self.key, self._v, news)))

    def history(self, record: Record, start: int, end: int, *, layout: bool) -> list[Event]:
        """History between two seconds (both included), for frozen views."""
        if not self._v:
            return []
        text = self._history(record, start, min(end, self.last))
        return [("layout", self._layout), ("history", text)] if layout else [("history", text)]

    def _opening(self, record: Record, window: int) -> list[Event]:
        """Layout, `window` seconds of history up to the last tick, and the rows of tables."""
        start = self.last - max(window, self.spec.interval) + 1
        # The history first: where a widget fails in it, the layout changes.
        history = self._history(record, start, self.last)
        rowed = (view for view in self.views if isinstance(view, TableView | VerdictView))
        tables = [view for view in rowed if view.seq]
        rows = [_encode(view.whole(self.key, self._v)) for view in tables]
        return [("layout", self._layout), ("history", history), *(("rows", r) for r in rows)]

    def _announce(self, record: Record) -> None:
        """A new layout goes to all who watch, with its history."""
        for event, text in self._opening(record, self.window):
            self._emit(event, text)

    def _due(self, t: int) -> list[int]:
        """Seconds of the channel's interval after the last tick, up to `t`."""
        interval = self.spec.interval
        newest = t - t % interval
        if newest <= self.last:
            return []
        # A sample may cover some seconds before it; those farther back were never sampled.
        first = max(self.last + interval, newest - _LATE_TICKS * interval)
        return list(range(first, newest + 1, interval)) if self.last else [newest]

    def _stale(self, epoch: str) -> bool:
        return epoch != self._epoch or self._drawn != tuple(v.version for v in self.views)

    def _renew(self, record: Record, epoch: str, t: int) -> None:
        """A new layout, up to second `t`."""
        self._v = self._versions()
        self._epoch = epoch
        self.last = t - t % self.spec.interval
        self._cut.clear()
        self._lay_out()

    def _lay_out(self) -> None:
        widgets = [view.layout() for view in self.views]
        self._drawn = tuple(view.version for view in self.views)
        message = wire.layout(self.key, self._v, self._epoch, widgets)
        self._layout = wire.encode(message).encode()

    def _history(self, record: Record, start: int, end: int) -> bytes:
        known = self._cut.get((start, end))
        if known is not None:
            return known
        times = record.ring.view((), start, end, self.spec.interval).times if end >= start else []
        columns = [c for view in self.views for c in view.columns(record, start, end)]
        if self._drawn != tuple(view.version for view in self.views):
            # A widget failed while its history was made: it is laid out as failed instead.
            self._v = self._versions()
            self._lay_out()
            columns = [c for view in self.views for c in view.columns(record, start, end)]
        message = wire.history(self.key, self._v, self._epoch, end, times, columns)
        text = wire.encode(message).encode()
        if len(self._cut) < 8:
            self._cut[start, end] = text
        return text

    def _emit(self, event: str, text: bytes) -> None:
        for sink in self.sinks:
            sink.emit(self.key, event, text)


def _encode(message: dict[str, Any]) -> bytes:
    return wire.encode(message).encode()


def _empty(parts: Iterable[Sequence[float | None]]) -> bool:
    return all(x is None or x != x for part in parts for x in part)
