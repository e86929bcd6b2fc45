"""The verdict on one host: a view whose rows are cells in words, told when they change.

It samples nothing: its metrics are in the host's ticks, and its evidence is the
ring's, so that it knows at once what the last minutes said. Rules and states
are `analysis`'. The host's lock is held by whoever calls.
"""

from __future__ import annotations

import logging
from typing import Any

from vectorpy.analysis.judge import Judge
from vectorpy.analysis.rules import UNKNOWN
from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.verdict import VerdictWidget, columns
from vectorpy.errors import VectorpyError
from vectorpy.live.cells import Row
from vectorpy.live.record import Record
from vectorpy.live.table import News
from vectorpy.model import wire
from vectorpy.model.expression import Expression
from vectorpy.model.watch import Wish

logger = logging.getLogger(__name__)

# Words whose state did not change are told anew at most this often, in seconds.
WORDS_EVERY = 5


class VerdictView:
    """See the module; it has the face of `view.View` and of a table's rows.

    `version` rises with each change of the layout. `seq` is the second of the
    newest row that was judged, 0 where there is none.
    """

    def __init__(self, wish: Wish, interval: int, widget: VerdictWidget) -> None:
        self.wish = wish
        self.interval = interval
        self.version = 0
        self.seq = 0
        self.metrics = widget.metrics
        self._widget = widget
        self._uses = widget.metrics
        self._values: dict[str, Expression] = {}
        self._missing: tuple[str, ...] = ()
        self._checked = -1
        self._judge: Judge | None = None
        self._reason = ""
        self._rows: dict[str, Row] = {}
        self._news: News | None = None
        self._states: dict[str, str] = {}
        self._said = 0

    # -- the face of a view ------------------------------------------------------

    def polled(self, broad: bool) -> frozenset[str]:
        """The metrics to be fetched: those of the rules that the host can answer, or all."""
        return self.metrics if broad else self._uses

    def ready(self, record: Record) -> bool:
        """Whether all that it may use was sampled, or is known not to exist."""
        return record.known(self.metrics)

    def refresh(self, record: Record, t: int) -> None:
        """Judge the rows up to second t."""
        self._news = None
        if self._reason:
            return
        try:
            judge = self._judge = self._begin(record, t)
            self._take(judge, record, t)
            self._tell(judge, record, t)
        except Exception as error:  # a fault in one widget ends that one alone
            logger.error("the verdict failed", exc_info=error)
            self._reason = f"The verdict failed on the server: {error!r}. Its log says more."
            self._judge, self._rows, self.seq = None, {}, 0
            self.version += 1

    def row(self, record: Record, t: int) -> list[float | None]:
        """No numbers of a tick."""
        return []

    def columns(self, record: Record, start: int, end: int) -> list[list[float | None]]:
        """No columns of a history."""
        return []

    def layout(self) -> dict[str, Any]:
        """The widget's part of a layout message, with the columns of its rows."""
        widget = self._widget
        told = wire.widget(
            self.wish.text,
            widget.id,
            widget.title,
            "1",
            widget.kind,
            [],
            None,
            self._missing,
            self._reason,
        )
        told["columns"] = columns()
        return told

    # -- judging -----------------------------------------------------------------

    def _begin(self, record: Record, t: int) -> Judge:
        """The judge of what the host can answer now: the one before where that is the same.

        A new one begins with the ring's past.
        """
        judge, before = self._judge, self._checked
        set_back = judge is not None and judge.t is not None and t < judge.t
        if judge is not None and before == record.checked and not set_back:
            return judge
        self._checked = record.checked
        found = self._widget.check(record.descriptors, record.absent)
        values = {s.name.partition(" ")[0]: s.expression for s in found.widget.series}
        uses = frozenset(n for n in self.metrics if n in record.descriptors) - record.absent
        same = (values, uses) == (self._values, self._uses)
        self._values, self._uses, self._missing = values, uses, found.missing
        if judge is not None and same and not set_back:
            return judge
        self.version += not same
        return Judge(self._widget.rules, values, uses)

    def _take(self, judge: Judge, record: Record, t: int) -> None:
        """The rows that it has not seen yet."""
        past = self._widget.rules.reach
        start = t - past + 1 if judge.t is None else judge.t + 1
        if start > t:
            return
        window = record.ring.view(judge.metrics, start, t, 1)
        judge.take(window, [record.ring.covered(second) for second in window.times])

    def _tell(self, judge: Judge, record: Record, t: int) -> None:
        """Note what changed: states at once, words now and then."""
        states = {cell: state for cell, (state, _) in judge.states().items()}
        counting = UNKNOWN in states.values()
        if states == self._states and not counting and 0 <= t - self._said < WORDS_EVERY:
            return
        self._states, self._said = states, t
        rows: dict[str, Row] = {}
        for name, cell in judge.cells(lambda metric, i: _label(record, metric, i)).items():
            rows[name] = {
                "state": cell.state,
                "text": cell.text,
                "since": cell.since,
                "widget": cell.widget,
            }
        cells: dict[str, Row | None] = {}
        for name, row in rows.items():
            before = self._rows.get(name, {})
            changed = {key: value for key, value in row.items() if before.get(key) != value}
            if changed:
                cells[name] = changed
        self._rows, self.seq = rows, t
        if cells:
            self._news = News(t, cells)

    # -- messages ------------------------------------------------------------------

    @property
    def news(self) -> News | None:
        """What the newest second changed; None where it changed nothing."""
        return self._news

    def changed(self, channel: str, v: int, news: News) -> dict[str, Any]:
        """The message of what one second changed."""
        total = len(self._rows)
        return wire.rows(channel, v, news.seq, self.wish.text, news.cells, total=total)

    def whole(self, channel: str, v: int) -> dict[str, Any]:
        """The message with all cells, for one who joins."""
        total = len(self._rows)
        rows = dict(self._rows)
        return wire.rows(channel, v, self.seq, self.wish.text, rows, total=total, whole=True)


def _label(record: Record, metric: str, instance: str) -> str:
    found = record.ring.latest(metric).get(instance)
    return found if isinstance(found, str) else ""


def verdict_view(wish: Wish, interval: int, catalog: Catalog) -> VerdictView | None:
    """The view of a wish that means a verdict; None for all others."""
    try:
        widget = catalog.instantiate(wish)
    except VectorpyError:
        return None
    return VerdictView(wish, interval, widget) if isinstance(widget, VerdictWidget) else None
