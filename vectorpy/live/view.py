"""One wish on one host at one interval: which series it draws, and their numbers.

A view chooses its series and evaluates expressions; messages are `channel`'s.
Views are shared by the channels that want the same. A fault in one (a widget
file of the user's, say) ends that view alone, with a sentence.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.pick import natural
from vectorpy.catalog.widget import SPARE, SeriesSpec, Widget
from vectorpy.errors import VectorpyError
from vectorpy.live.record import Record
from vectorpy.model import quick, wire
from vectorpy.model.ring import Window
from vectorpy.model.watch import Wish

logger = logging.getLogger(__name__)

# Members of a top list are chosen anew at most this often, in seconds; the same
# holds for layouts that change because instances come and go.
CHOOSE_SECONDS = 10

Row = list[float | None]


class _Series(NamedTuple):
    """A position in the layout: which of the widget's series, and which instance."""

    spec: int
    instance: str


class View:
    """See the module. The host's lock is held by whoever calls.

    `version` rises with each change of the layout; then channels take a new `v`.
    `metrics` are all that it may use, alternatives too: to be described. `span` are
    the last seconds that series are chosen by.
    """

    choose_each = CHOOSE_SECONDS

    def __init__(
        self,
        wish: Wish,
        interval: int,
        catalog: Catalog,
        limit: int,
        widget: Widget | None = None,
    ) -> None:
        self.wish = wish
        self.interval = interval
        self.version = 0
        self.span = self.choose_each
        self._limit = limit
        self._widget: Widget | None = None
        self._drawn: Widget | None = None
        self._uses: frozenset[str] = frozenset()
        self._reason = ""
        self._missing: tuple[str, ...] = ()
        self._series: tuple[_Series, ...] = ()
        self._total: int | None = None
        self._members: tuple[str, ...] = ()
        self._labels: dict[str, str] = {}
        self._checked = self._churn = -1
        self._chosen: int | None = None
        self._ranked = False
        self._row: tuple[int, int, Row] | None = None
        self._runs: list[tuple[quick.Run, str, bool]] | None = None
        self.metrics: frozenset[str] = frozenset()
        try:
            self._widget = widget or catalog.instantiate(wish)
            self.metrics = self._widget.metrics
        except VectorpyError as error:
            self._reason = str(error)
        except Exception as error:
            self._break(error)

    @property
    def draws(self) -> bool:
        """Whether it has what it is for: optional series and lines of reference don't count."""
        drawn = self._drawn
        main = [s.role not in SPARE and not s.optional for s in drawn.series] if drawn else []
        return any(main[spec] for spec, _ in self._series)

    def polled(self, broad: bool) -> frozenset[str]:
        """The metrics to be fetched: those that it draws from as far as it was checked, or all."""
        return self.metrics if broad or self._drawn is None else self._uses

    def ready(self, record: Record) -> bool:
        """Whether all that it may use was sampled, or is known not to exist."""
        return record.known(self.metrics)

    # -- which series ----------------------------------------------------------

    def refresh(self, record: Record, t: int) -> None:
        """Bring the series up to date with what the host has at second `t`."""
        if self._widget is None:
            return
        try:
            if self._checked != record.checked:
                self._check(record)
            if self._drawn is None:
                self._ask_probe(record)
            elif self._due(record, t):
                self._choose(record, t)
        except Exception as error:
            self._break(error)

    def _check(self, record: Record) -> None:
        widget = self._widget
        assert widget is not None
        found = widget.check(record.descriptors, record.absent)
        self._checked = record.checked
        drawn = found.widget if found.widget.series else None
        reason = found.reason if drawn is None else ""
        if reason:
            reason = _explain(reason, found.missing, widget, record)
        state = (drawn, reason, tuple(found.missing))
        if state != (self._drawn, self._reason, self._missing):
            self._drawn, self._reason, self._missing = state
            self._uses = drawn.metrics if drawn else frozenset()
            self._series, self._total, self._chosen = (), None, None
            self._runs = None
            self.version += 1

    def _ask_probe(self, record: Record) -> None:
        """What its agent says of itself may come later than that the metrics have no values."""
        widget = self._widget
        if widget is None or widget.gate not in self._missing:
            return
        said = probe_says(widget, record.ring.latest(widget.status)) if widget.status else ""
        if said and said != self._reason:
            self._reason = said
            self.version += 1

    def _due(self, record: Record, t: int) -> bool:
        if self._chosen is None:
            return True
        if not self._ranked and self._churn == record.churn:
            return False
        return not 0 <= t - self._chosen < self.choose_each

    def _choose(self, record: Record, t: int) -> None:
        drawn = self._drawn
        assert drawn is not None
        uses = [spec.metrics for spec in drawn.series]
        self._chosen, self._churn = t, record.churn
        window = record.ring.view(self._uses, t - self.span + 1, t, 1)
        columns = [_columns(spec, window, drawn, None) for spec in drawn.series]
        found = [
            [i for i in column if not i or record.alive(metrics, i, t)]
            for metrics, column in zip(uses, columns, strict=True)
        ]
        instances = list(dict.fromkeys(i for names in found for i in names if i))
        shown = self._shown(drawn, instances, found, columns)
        series = tuple(
            [
                _Series(number, name)
                for name in ["", *shown]
                for number, names in enumerate(found)
                if name in names
            ]
        )
        self._members = tuple(shown)
        labels = self._read_labels(drawn, record, shown)
        exist = sum(len(names) for names in found)
        total = exist if exist > len(series) else None
        if (series, labels, total) != (self._series, self._labels, self._total):
            same = (series, labels) == (self._series, self._labels)
            self._series, self._labels, self._total = series, labels, total
            self._runs = self._bind(drawn)
            # A count that changed alone ("8 of 65") waits for the next real change.
            if not same:
                self.version += 1
        self._row = None

    def _shown(
        self,
        drawn: Widget,
        instances: list[str],
        found: Sequence[list[str]],
        columns: Sequence[dict[str, Row]],
    ) -> list[str]:
        """The instances that are drawn, in natural order: all, or those of most activity."""
        per = max(1, sum(1 for names in found if any(names)))
        room = max(1, (self._limit - sum(1 for names in found if "" in names)) // per)
        room = min(room, _top(drawn) or room)
        self._ranked = len(instances) > room
        if self._ranked:
            weights = dict.fromkeys(instances, 0.0)
            for spec, column in zip(drawn.series, columns, strict=True):
                if spec.role == "":
                    for name in instances:
                        weights[name] += _mean(column.get(name, ()))
            instances = sorted(instances, key=lambda name: (-weights[name], natural(name)))[:room]
        return sorted(instances, key=natural)

    def _read_labels(self, drawn: Widget, record: Record, shown: list[str]) -> dict[str, str]:
        if not drawn.label:
            return {}
        texts = record.ring.latest(drawn.label)
        return {name: str(texts[name]) for name in shown if texts.get(name)}

    # -- numbers ---------------------------------------------------------------

    def row(self, record: Record, t: int) -> Row:
        """The numbers of second `t`, one per series of the layout."""
        if self._row is not None and self._row[:2] == (t, self.version):
            return self._row[2]
        row = self._quick_row(record, t)
        if row is None:
            columns = self.columns(record, t, t)
            row = [column[-1] if column else None for column in columns]
        self._row = (t, self.version, row)
        return row

    def _quick_row(self, record: Record, t: int) -> Row | None:
        """The same by plain arithmetic on the newest points; None where that won't do."""
        latest = record.ring.newest(t) if self.interval == 1 else None
        if latest is None or self._runs is None:
            return None
        row: Row = []
        try:
            for run, instance, positive in self._runs:
                value = run(latest, instance)
                row.append(None if positive and value <= 0 else value)
        except quick.UNUSUAL:
            return None
        except Exception as error:
            self._break(error)
        return row

    def _bind(self, drawn: Widget) -> list[tuple[quick.Run, str, bool]] | None:
        """A function per series of the layout, where all of them are quick."""
        runs = [_quick(spec, drawn) for spec in drawn.series]
        bound = []
        for number, instance in self._series:
            run = runs[number]
            if run is None:
                return None
            bound.append((run, instance, drawn.series[number].positive))
        return bound

    def columns(self, record: Record, start: int, end: int) -> list[Row]:
        """One column per series of the layout, for the rows between two seconds."""
        drawn = self._drawn
        if drawn is None or not self._series:
            return []
        try:
            window = record.ring.view(self._uses, start, end, self.interval)
            found = [_columns(spec, window, drawn, self._members) for spec in drawn.series]
            empty: Row = [None] * len(window.times)
            return [found[spec].get(instance, empty) for spec, instance in self._series]
        except Exception as error:
            self._break(error)
            return []

    # -- layout ----------------------------------------------------------------

    def layout(self) -> dict[str, Any]:
        """The widget's part of a layout message."""
        widget = self._drawn or self._widget
        reason = self._reason
        if widget is None:
            title = self.wish.id
            return wire.widget(
                self.wish.text, self.wish.id, title, "", "line", [], None, (), reason
            )
        if self._drawn is not None and not self._series:
            names = ", ".join(sorted(self._uses)[:3])
            nothing = f"There is nothing to draw: the host has no instances of {names} now."
            reason = self._drawn.empty or nothing
        specs = self._drawn.series if self._drawn else ()
        series = [
            wire.series(
                specs[spec].title(instance, self._labels.get(instance, "")),
                {
                    **specs[spec].labels(instance, self._labels.get(instance, "")),
                    **widget.bounds(instance),
                },
            )
            for spec, instance in self._series
        ]
        told = wire.widget(
            self.wish.text,
            widget.id,
            widget.title,
            widget.unit,
            widget.kind,
            series,
            self._total,
            self._missing,
            reason,
        )
        if widget.buckets:
            told["buckets"] = {"unit": widget.bucket_unit, "rate": widget.rate}
        return told

    def _break(self, error: Exception) -> None:
        """The widget failed: it draws no more, says so, and harms no other."""
        logger.error("the widget %s failed", self.wish.text, exc_info=error)
        self._widget = self._drawn = None
        self.metrics = frozenset()
        self._series, self._total, self._row, self._runs = (), None, None, None
        self._reason = f"This widget failed on the server: {error!r}. Its log says more."
        self.version += 1


def _columns(
    spec: SeriesSpec, window: Window, drawn: Widget, members: tuple[str, ...] | None
) -> dict[str, Row]:
    """All columns of a series; of `top(n, e)` those of `members`, or of all instances of e.

    Which of them are shown is the view's choice, kept for some seconds: an
    expression that chose anew in each row would have no history.
    """
    if spec.expression.top is None:
        return spec.columns(window, drawn.keep)
    if members is None:
        members = spec.expression.ranking(window, drawn.keep)
    return spec.columns(window, drawn.keep, members=members)


def _quick(spec: SeriesSpec, drawn: Widget) -> quick.Run | None:
    if spec.also or (drawn.keep is not None and quick.aggregates(spec.expression)):
        return None
    return quick.compiled(spec.expression)


def _top(drawn: Widget) -> int | None:
    """How many instances are shown at most, by the widget or by `top(n, e)`; None for all."""
    tops = [drawn.top, *(spec.expression.top for spec in drawn.series)]
    return min((top for top in tops if top is not None), default=None)


def _mean(column: Iterable[float | None]) -> float:
    """Mean of the numbers in a column, gaps as nothing; 0.0 where there are none."""
    numbers = [abs(x) for x in column if x is not None and not math.isnan(x)]
    return sum(numbers) / len(numbers) if numbers else 0.0


def _explain(reason: str, missing: Iterable[str], widget: Widget, record: Record) -> str:
    """The reason, with the host's own words where a metric is there but without a value."""
    said = probe_says(widget, record.ring.latest(widget.status)) if widget.status else ""
    if said and widget.gate in missing:
        return said
    for name in missing:
        why = record.without.get(name)
        if why and why not in reason:
            return f"{reason} The host says of {name}: {why}"
    return reason


def probe_says(widget: Widget, statuses: Mapping[str, object]) -> str:
    """Why the part of an agent that brings the widget does not work; "" where it does."""
    said = statuses.get(widget.probe, "")
    if str(said).partition(":")[0] in ("", "ok"):
        return ""
    agent = widget.status.partition(".")[0]
    return f"The agent {agent} runs on this host, but its probe {widget.probe} says: {said}."
