"""One table on one host at one interval: which rows it shows, and their cells.

A table is a view (see `view`) without points in the ring: its numbers come from
samples of their own (`tables`), and travel as rows of which only changed cells
are told. The host's lock is held by whoever calls.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.table import Columns, ColumnSpec
from vectorpy.catalog.widget import Widget
from vectorpy.errors import VectorpyError
from vectorpy.live.record import Record
from vectorpy.live.view import probe_says
from vectorpy.model import wire
from vectorpy.model.metric import Descriptor
from vectorpy.model.rates import Point, Rates
from vectorpy.model.ring import Window
from vectorpy.model.sample import Part, Sample
from vectorpy.model.watch import Wish
from vectorpy.sources.riders import NO_VALUE

logger = logging.getLogger(__name__)

# A sparkline reaches back this far, in seconds.
SPARK_SECONDS = 60
# What a new value weighs in the mean by which rows are chosen; one that is shown already
# counts for more, so that rows of about the same size don't take turns.
_FRESH, _STAYS = 0.4, 1.15

Cell = float | int | str | None
Row = dict[str, Cell]


@dataclass(slots=True)
class News:
    """What one sample changed: cells by row, None for a row that left."""

    seq: int
    cells: dict[str, Row | None] = field(default_factory=dict)


class TableView:
    """See the module; it has the face of `view.View` too, with no series.

    `version` rises with each change of the layout. `seq` is the second of the
    newest rows, 0 where there are none.
    """

    def __init__(self, wish: Wish, interval: int, catalog: Catalog) -> None:
        self.wish = wish
        self.interval = interval
        self.version = 0
        self.seq = 0
        self.metrics: frozenset[str] = frozenset()
        self._widget: Widget | None = catalog.instantiate(wish)
        self.metrics = self._widget.metrics
        self._title = self._widget.title
        self._id = self._widget.id
        self._drawn: Widget | None = None
        self._reason = ""
        self._missing: tuple[str, ...] = ()
        self._checked = -1
        self._note = ""
        self._total = 0
        self._rates = Rates()
        self._rows: dict[str, Row] = {}
        self._scores: dict[str, float] = {}
        self._past: dict[str, deque[tuple[int, Cell]]] = {}

    # -- the face of a view ------------------------------------------------------

    def polled(self, broad: bool) -> frozenset[str]:
        """None: a table is polled apart from ticks."""
        return frozenset()

    def ready(self, record: Record) -> bool:
        """Whether it is known which of its columns the host has."""
        return record.asked(self.metrics)

    def refresh(self, record: Record, t: int) -> None:
        """Choose the columns that the host has."""
        if self._widget is None or self._checked == record.checked:
            return
        self._checked = record.checked
        found = self._widget.check(record.descriptors)
        drawn = found.widget if not found.reason else None
        if (drawn, found.reason) != (self._drawn, self._reason):
            self._drawn, self._reason, self._missing = drawn, found.reason, found.missing
            self._forget()
            self.version += 1

    def row(self, record: Record, t: int) -> list[float | None]:
        """No numbers of a tick."""
        return []

    def columns(self, record: Record, start: int, end: int) -> list[list[float | None]]:
        """No columns of a history."""
        return []

    def layout(self) -> dict[str, Any]:
        """The widget's part of a layout message, with the table's columns."""
        told = wire.widget(
            self.wish.text,
            self._id,
            self._title,
            "1",
            "table",
            [],
            None,
            self._missing,
            self._reason,
        )
        widget = self._drawn or self._widget
        told["columns"] = widget.table.page() if widget and widget.table else []
        return told

    # -- samples -----------------------------------------------------------------

    def wanted(self) -> frozenset[str]:
        """Metrics of a sample for it; none where it can't be drawn."""
        drawn, widget = self._drawn, self._widget
        if drawn is None or drawn.table is None or widget is None:
            return frozenset()
        return drawn.table.metrics | (frozenset([widget.status]) if widget.status else frozenset())

    def due(self, t: int) -> bool:
        """Whether a sample of second `t` is one of its own."""
        return bool(self.wanted()) and not 0 <= t - self.seq < self.interval

    def take(
        self, t: int, sample: Sample, descriptors: Mapping[str, Descriptor], period: float
    ) -> News:
        """The sample of second `t`; rates cover the time since the one taken before."""
        try:
            return self._take(t, sample, descriptors, period)
        except Exception as error:  # a fault in one widget ends that one alone
            logger.error("the table %s failed", self.wish.text, exc_info=error)
            self._widget = self._drawn = None
            self._reason = f"This table failed on the server: {error!r}. Its log says more."
            self._forget()
            self.version += 1
            return News(t)

    def _take(
        self, t: int, sample: Sample, descriptors: Mapping[str, Descriptor], period: float
    ) -> News:
        drawn, widget = self._drawn, self._widget
        assert drawn is not None and drawn.table is not None and widget is not None
        own = _part_of(sample, self.wanted())
        values = self._rates.points(own, descriptors, period).values
        rows = self._cells(drawn, values)
        self._note = ""
        if not rows:
            said = probe_says(widget, values.get(widget.status, {}))
            self._note = said or _why_none(drawn.table, own, widget)
        self._total = len(rows)
        shown = self._choose(drawn, rows)
        news = News(t, self._changes(shown))
        self._rows, self.seq = shown, t
        if drawn.table.spark:
            self._remember(t, drawn.table.spark)
        return news

    def _cells(self, drawn: Widget, values: Mapping[str, Mapping[str, Point]]) -> dict[str, Row]:
        """All rows that the filter keeps: instance -> cells by column."""
        assert drawn.table is not None
        rows: dict[str, Row] = {}
        window = Window([0], {m: _columns(points) for m, points in values.items()})
        for column in drawn.table.columns:
            for name, cell in _column(column, drawn, values, window).items():
                rows.setdefault(name, {})[column.id] = cell
        return rows

    def _choose(self, drawn: Widget, rows: dict[str, Row]) -> dict[str, Row]:
        """The rows shown: those with the highest mean of the column that ranks."""
        assert drawn.table is not None
        scores: dict[str, float] = {}
        for name, row in rows.items():
            value = row.get(drawn.table.sort)
            now = float(value) if isinstance(value, int | float) else 0.0
            before = self._scores.get(name)
            scores[name] = now if before is None else before + _FRESH * (now - before)
        self._scores = scores
        most = drawn.top or len(rows)
        if len(rows) <= most:
            return rows
        stays = {name: s * _STAYS if name in self._rows else s for name, s in scores.items()}
        chosen = sorted(rows, key=lambda name: (-stays[name], name not in self._rows, name))
        return {name: rows[name] for name in chosen[:most]}

    def _changes(self, shown: dict[str, Row]) -> dict[str, Row | None]:
        cells: dict[str, Row | None] = {n: None for n in self._rows if n not in shown}
        for name, row in shown.items():
            before = self._rows.get(name)
            if before is None:
                cells[name] = row
                continue
            fresh = {id: cell for id, cell in row.items() if before.get(id) != cell}
            fresh.update({id: None for id in before if id not in row})
            if fresh:
                cells[name] = fresh
        return cells

    def _remember(self, t: int, spark: str) -> None:
        """Keep the sparkline's numbers of the rows shown, and of those that left lately."""
        for name, row in self._rows.items():
            self._past.setdefault(name, deque()).append((t, row.get(spark)))
        for name, past in list(self._past.items()):
            while past and past[0][0] <= t - SPARK_SECONDS:
                past.popleft()
            if not past:
                del self._past[name]

    def _forget(self) -> None:
        self._rows, self._scores, self._past, self.seq = {}, {}, {}, 0
        self._rates.reset()

    # -- messages ------------------------------------------------------------------

    def fail(self, words: str) -> bool:
        """No sample came, for this reason; whether that is news."""
        news, self._note = words != self._note, words
        return news

    def changed(self, channel: str, v: int, news: News) -> dict[str, Any]:
        """The message of what one sample changed."""
        return wire.rows(
            channel, v, news.seq, self.wish.text, news.cells, total=self._total, note=self._note
        )

    def whole(self, channel: str, v: int) -> dict[str, Any]:
        """The message with all rows, for one who joins."""
        times = sorted({t for past in self._past.values() for t, _ in past})
        place = {t: n for n, t in enumerate(times)}
        past: dict[str, list[Cell]] = {}
        for name in self._rows if times else ():
            line: list[Cell] = [None] * len(times)
            for t, value in self._past.get(name, ()):
                line[place[t]] = value
            past[name] = line
        return wire.rows(
            channel,
            v,
            self.seq,
            self.wish.text,
            dict(self._rows),
            total=self._total,
            note=self._note,
            whole=True,
            t=times,
            past=past,
        )


def _part_of(sample: Sample, names: frozenset[str]) -> Sample:
    """The sample as if only `names` had been asked for."""
    parts = [Part(p.stamp, {n: v for n, v in p.values.items() if n in names}) for p in sample.parts]
    missing = {name: why for name, why in sample.missing.items() if name in names}
    return Sample([p for p in parts if p.values], missing, sample.agents, sample.uptime)


def _columns(points: Mapping[str, Point]) -> dict[str, list[float | None]]:
    """A metric's points as a window of one row."""
    return {
        name: [float("nan") if point is None else point]
        for name, point in points.items()
        if not isinstance(point, str)
    }


def _column(
    column: ColumnSpec, drawn: Widget, values: Mapping[str, Mapping[str, Point]], window: Window
) -> dict[str, Cell]:
    if column.expression is None:
        keep = drawn.keep
        texts = values.get(column.text, {})
        return {n: x for n, x in texts.items() if isinstance(x, str) and (not keep or keep(n))}
    found = column.expression.columns(window, drawn.keep)
    return {name: _rounded(cells[0]) for name, cells in found.items()}


def _rounded(value: float | None) -> Cell:
    """Six significant digits, as numbers travel; what is shown as unchanged is not told."""
    if value is None:
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.6g}")


def _why_none(table: Columns, sample: Sample, widget: Widget) -> str:
    """Why there are no rows, in words."""
    for name in sorted(table.metrics):
        why = sample.missing.get(name, NO_VALUE)
        if why != NO_VALUE:
            return why
    return widget.empty or "There is nothing to show now."


def table_view(wish: Wish, interval: int, catalog: Catalog) -> TableView | None:
    """The view of a wish that means a live table; None for all others."""
    try:
        return TableView(wish, interval, catalog) if catalog.resolve(wish.id).table else None
    except VectorpyError:
        return None
