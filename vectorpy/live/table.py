"""One table on one host at one interval: which rows it shows, and their cells.

A table is a view (see `view`) without points in the ring: its numbers come from
samples of their own (`tables`), and travel as rows of which only changed cells
are told. The host's lock is held by whoever calls.
"""

from __future__ import annotations

import heapq
import logging
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.table import Columns
from vectorpy.catalog.widget import Widget
from vectorpy.errors import VectorpyError
from vectorpy.live import cells
from vectorpy.live.cells import Cell, Row
from vectorpy.live.cgroups import Groups
from vectorpy.live.members import Members
from vectorpy.live.record import Record
from vectorpy.live.view import probe_says
from vectorpy.model import wire
from vectorpy.model.metric import Descriptor
from vectorpy.model.rates import Point, Rates
from vectorpy.model.sample import Sample, Value
from vectorpy.model.watch import Wish

logger = logging.getLogger(__name__)

# A sparkline reaches back this far, in seconds.
SPARK_SECONDS = 60
# What a new value weighs in the mean by which rows are chosen; one that is shown already
# counts for more, so that rows of about the same size don't take turns.
_FRESH, _STAYS = 0.4, 1.15


@dataclass(frozen=True, slots=True)
class Rest:
    """What is still to be fetched for the rows chosen: metrics, and the instances of a domain."""

    metrics: frozenset[str] = frozenset()
    indom: str = ""
    instances: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Chosen:
    """Rows to be shown, in order, with the points by which they were chosen.

    `reborn` are those whose name was another's in the sample before: they have
    no rates, and are left out of this one.
    """

    table: Columns
    rows: list[str]
    values: dict[str, dict[str, Point]]
    reborn: frozenset[str]


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

    def __init__(
        self, wish: Wish, interval: int, catalog: Catalog, groups: Groups | None = None
    ) -> None:
        self.wish = wish
        self.interval = interval
        self.version = 0
        self.seq = 0
        self.metrics: frozenset[str] = frozenset()
        self._widget: Widget | None = catalog.instantiate(wish)
        self._one = Members(self._widget, groups or Groups())
        self.metrics = self._widget.metrics | self._one.metrics
        self._title = self._widget.title
        self._id = self._widget.id
        self._drawn: Widget | None = None
        self._reason = ""
        self._missing: tuple[str, ...] = ()
        self._checked = -1
        self._note = ""
        # Until it is known how many rows there are, those shown are chosen first.
        self._total = sys.maxsize
        # Two memories of raw values: of all rows, and of those shown.
        self._rates, self._more_rates = Rates(), Rates()
        self._born: dict[str, Value] = {}
        self._chosen: _Chosen | None = None
        self._rows: dict[str, Row] = {}
        self._scores: dict[str, float] = {}
        self._past: dict[str, deque[tuple[int, Cell]]] = {}

    # -- the face of a view ------------------------------------------------------

    def polled(self, broad: bool) -> frozenset[str]:
        """A table is polled apart from ticks; what tells containers is not."""
        return self._one.polled(broad)

    def ready(self, record: Record) -> bool:
        """Whether it is known which of its columns the host has."""
        return record.asked(self.metrics)

    def refresh(self, record: Record, t: int) -> None:
        """Choose the columns that the host has, and find the container, if it is of one."""
        self.version += self._one.refresh(record)
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
        return {**told, **self._one.told()}

    # -- samples -----------------------------------------------------------------

    def wanted(self) -> frozenset[str]:
        """Metrics of a whole sample for it; none where it can't be drawn."""
        drawn, widget = self._drawn, self._widget
        if drawn is None or drawn.table is None or widget is None:
            return frozenset()
        return drawn.table.metrics | self._one.member | widget.about & frozenset([widget.status])

    def due(self, t: int) -> bool:
        """Whether a sample of second `t` is one of its own."""
        return bool(self.wanted()) and not 0 <= t - self.seq < self.interval

    def first(self) -> frozenset[str]:
        """Metrics to fetch of all rows: what chooses them; all, where all rows are shown anyway."""
        drawn, widget = self._drawn, self._widget
        if drawn is None or drawn.table is None or widget is None:
            return frozenset()
        return self._ranking() if self._total > self._most(drawn) else self.wanted()

    def _ranking(self) -> frozenset[str]:
        """What rows are chosen by: the column that ranks, who they are, texts that are searched."""
        drawn, widget = self._drawn, self._widget
        assert drawn is not None and drawn.table is not None and widget is not None
        return drawn.table.choosing | self._one.member | widget.about & frozenset([widget.status])

    def choose(
        self, t: int, sample: Sample, descriptors: Mapping[str, Descriptor], period: float
    ) -> Rest:
        """Which rows are shown at second `t`, by a sample of `first()`; what else they need."""
        try:
            self._chosen = self._chosen_of(sample, descriptors, period)
        except Exception as error:  # a fault in one widget ends that one alone
            self._failed(error)
            return Rest()
        table, shown = self._chosen.table, self._chosen.rows
        needs = self.wanted() - self._ranking()
        needs -= _brought(sample)
        if not shown or not needs or not table.indom:
            return Rest()
        return Rest(needs | table.identities, table.indom, frozenset(shown))

    def take(
        self, t: int, sample: Sample, descriptors: Mapping[str, Descriptor], period: float
    ) -> News:
        """The rows chosen last, their cells from `sample` too; rates cover the time since the one
        taken before."""
        try:
            return self._take(t, sample, descriptors, period)
        except Exception as error:
            self._failed(error)
            return News(t)

    def _failed(self, error: Exception) -> None:
        logger.error("the table %s failed", self.wish.text, exc_info=error)
        self._widget = self._drawn = self._chosen = None
        self._reason = f"This table failed on the server: {error!r}. Its log says more."
        self._forget()
        self.version += 1

    def _chosen_of(
        self, sample: Sample, descriptors: Mapping[str, Descriptor], period: float
    ) -> _Chosen:
        drawn, widget = self._drawn, self._widget
        assert drawn is not None and drawn.table is not None and widget is not None
        table = drawn.table
        born = cells.texts_of(sample, table.identity)
        reborn = frozenset(n for n, when in born.items() if self._born.get(n, when) != when)
        self._born = born
        for name in reborn:
            self._scores.pop(name, None)
            self._past.pop(name, None)
        own = cells.part_of(sample, self._ranking(), reborn)
        values = self._rates.points(own, descriptors, period).values
        names = {name for m in table.identities for name in values.get(m, ())}
        ranks = cells.column(table.column(table.sort), drawn, values) if table.sort else {}
        rows = {name: ranks.get(name) for name in [*names, *ranks]}
        if drawn.keep is not None:
            rows = {name: value for name, value in rows.items() if drawn.keep(name)}
        if not table.identity:
            # A row may have no number in the column that ranks, and be one all the same.
            seen = cells.part_of(sample, table.metrics, reborn)
            for name in cells.names_of(seen, drawn.keep):
                rows.setdefault(name, None)
        if table.find is not None:
            rows = cells.found(rows, table, values)
        rows = self._one.kept(rows, sample)
        self._note = "" if rows else self._why_none(drawn, sample, values)
        self._total = len(rows)
        return _Chosen(table, self._best(drawn, rows), values, reborn)

    def _why_none(
        self, drawn: Widget, sample: Sample, values: Mapping[str, Mapping[str, Point]]
    ) -> str:
        assert drawn.table is not None and self._widget is not None
        if self._one.why_none:
            return self._one.why_none
        if drawn.table.find is not None and cells.names_of(sample, None):
            return "No row has these words."
        said = probe_says(self._widget, values.get(self._widget.status, {}))
        return said or cells.why_none(drawn.table, sample, self._widget)

    def _take(
        self, t: int, sample: Sample, descriptors: Mapping[str, Descriptor], period: float
    ) -> News:
        drawn, chosen = self._drawn, self._chosen
        if drawn is None or drawn.table is None or chosen is None:
            return News(self.seq)  # the columns changed meanwhile: all begins anew
        self._chosen = None
        born = cells.texts_of(sample, drawn.table.identity)
        # Between the two samples a process can have ended, and its number be another's.
        gone = {n for n, when in born.items() if self._born.get(n, when) != when}
        rest = cells.part_of(sample, drawn.table.metrics - self._ranking(), chosen.reborn | gone)
        values = {
            **chosen.values,
            **self._more_rates.points(rest, descriptors, period).values,
        }
        keep = frozenset(chosen.rows) - gone
        rows = cells.rows(drawn, values, keep)
        shown = {name: rows[name] for name in chosen.rows if name in rows}
        news = News(t, self._changes(shown))
        self._rows, self.seq = shown, t
        if drawn.table.spark:
            self._remember(t, drawn.table.spark)
        return news

    @staticmethod
    def _most(drawn: Widget) -> int:
        return drawn.top or sys.maxsize

    def _best(self, drawn: Widget, rows: Mapping[str, Cell]) -> list[str]:
        """The rows shown: those with the highest mean of the column that ranks."""
        scores: dict[str, float] = {}
        for name, value in rows.items():
            now = float(value) if isinstance(value, int | float) else 0.0
            before = self._scores.get(name)
            scores[name] = now if before is None else before + _FRESH * (now - before)
        self._scores = scores
        if len(rows) <= self._most(drawn):
            return list(rows)
        stays = {name: s * _STAYS if name in self._rows else s for name, s in scores.items()}
        best = heapq.nsmallest(
            self._most(drawn), rows, key=lambda n: (-stays[n], n not in self._rows, n)
        )
        return best

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
        self._rows, self._scores, self._past, self._born, self.seq = {}, {}, {}, {}, 0
        self._total = sys.maxsize
        self._chosen = None
        self._rates.reset()
        self._more_rates.reset()

    @property
    def _told_total(self) -> int:
        return 0 if self._total == sys.maxsize else self._total

    # -- messages ------------------------------------------------------------------

    def fail(self, words: str) -> bool:
        """No sample came, for this reason; whether that is news."""
        news, self._note = words != self._note, words
        return news

    def changed(self, channel: str, v: int, news: News) -> dict[str, Any]:
        """The message of what one sample changed."""
        return wire.rows(
            channel,
            v,
            news.seq,
            self.wish.text,
            news.cells,
            total=self._told_total,
            note=self._note,
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
            total=self._told_total,
            note=self._note,
            whole=True,
            t=times,
            past=past,
        )


def _brought(sample: Sample) -> set[str]:
    """Metrics that a sample was asked for."""
    return {name for part in sample.parts for name in part.values}.union(sample.missing)


def table_view(
    wish: Wish, interval: int, catalog: Catalog, groups: Groups | None = None
) -> TableView | None:
    """The view of a wish that means a live table; None for all others."""
    try:
        tabled = catalog.resolve(wish.id).table
        return TableView(wish, interval, catalog, groups) if tabled else None
    except VectorpyError:
        return None
