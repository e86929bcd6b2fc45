"""What a host is asked for: the union of what is drawn and what is recorded.

Views are made, shared and forgotten here; who watches them is `host`'s. The
host's lock is held by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.widget import Widget
from vectorpy.live.cgroups import Groups
from vectorpy.live.cost import OWN
from vectorpy.live.narrow import NarrowView, narrow_view
from vectorpy.live.record import Record
from vectorpy.live.table import TableView, table_view
from vectorpy.live.verdict import VerdictView, verdict_view
from vectorpy.live.view import View
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings

# Whatever a channel draws: charts, tables, verdicts.
AnyView = View | NarrowView | TableView | VerdictView


class Demand:
    """See the module. `recorded` are the widgets whose metrics are sampled on every host.

    `left_out` counts the metrics beyond `tick_metrics`; with `shed` set the
    recorded ones are not asked for, as the host has too many values; with
    `spare`, as asking burdens it. What tells that (`cost.OWN`) always is.
    """

    def __init__(
        self, record: Record, catalog: Catalog, recorded: tuple[Widget, ...], settings: Settings
    ) -> None:
        self.shed = self.spare = False
        self.left_out = 0
        self._record = record
        self._catalog = catalog
        self._recorded_widgets = recorded
        self._settings = settings
        self._views: dict[tuple[int, str], AnyView] = {}
        self._groups = Groups()
        self._names: tuple[str, ...] | None = None
        self._wanted: tuple[str, ...] | None = None
        # Recorded metrics that this host's widgets are drawn from, for a state of the record.
        self._narrow: tuple[int, frozenset[str]] | None = None
        self._broad = True

    # -- views -----------------------------------------------------------------

    def views_of(self, spec: ChannelSpec) -> list[AnyView]:
        """The views of a channel's wishes: those that others have already, or new ones."""
        found: list[AnyView] = []
        for wish in spec.wishes:
            place = (spec.interval, wish.text)
            view = self._views.get(place)
            if view is None:
                view = self._views[place] = self._made(wish, spec.interval)
                last = self._record.ring.last
                if last is not None and view.ready(self._record):
                    view.refresh(self._record, last)
            found.append(view)
        self.changed()
        return found

    def _made(self, wish: Wish, interval: int) -> AnyView:
        rows = table_view(wish, interval, self._catalog, self._groups)
        cells = rows or verdict_view(wish, interval, self._catalog)
        most = self._settings.series_drawn
        narrow = narrow_view(wish, interval, self._catalog, most, self._groups)
        return cells or narrow or View(wish, interval, self._catalog, most)

    def forget(self, names: Collection[str]) -> None:
        """Widgets of these names mean others now: the views of wishes by them are made anew."""
        self._views = {p: view for p, view in self._views.items() if view.wish.id not in names}
        self.changed()

    def record_others(self, recorded: tuple[Widget, ...]) -> None:
        """Other widgets are sampled on every host now."""
        self._recorded_widgets, self._narrow = recorded, None
        self.changed()

    def tables(self) -> list[TableView]:
        """The views that are tables."""
        return [view for view in self._views.values() if isinstance(view, TableView)]

    def keep(self, views: Iterable[AnyView]) -> None:
        """Forget all views but these."""
        used = {id(view) for view in views}
        self._views = {place: view for place, view in self._views.items() if id(view) in used}
        self.changed()

    def refresh(self, t: int) -> None:
        """Bring all views up to date with second `t`."""
        for view in self._views.values():
            before = view.version
            view.refresh(self._record, t)
            if view.version != before:
                self._names = None

    # -- metrics ---------------------------------------------------------------

    def wanted(self) -> tuple[str, ...]:
        """Metrics to describe: all that open widgets may use, and the recorded ones."""
        if self._wanted is None:
            self._wanted = tuple(sorted({*self.drawn(), *self._recorded(True)}))
        return self._wanted

    def drawn(self) -> tuple[str, ...]:
        """Those of them that open widgets may use."""
        return tuple(sorted(self._drawn(lambda view: view.metrics)))

    def names(self, new: bool = False) -> tuple[str, ...]:
        """Metrics to fetch: of open widgets first, then recorded, up to `tick_metrics`.

        Of a `new` host, of which nothing is described yet, those that are drawn.
        """
        limit = self._settings.tick_metrics
        if new:
            return tuple(sorted(self._drawn(lambda view: view.polled(True))))[:limit]
        if self._names is None:
            have = self._record.descriptors.keys()
            first = self._drawn(lambda view: view.polled(self._broad)) & have
            rest = (self._recorded(self._broad) & have) - first
            ranked = sorted(first) + sorted(rest)
            self.left_out = max(0, len(ranked) - limit)
            self._names = tuple(sorted(ranked[:limit]))
        return self._names

    def changed(self) -> None:
        """What the host has, or what is drawn, is not what it was: metrics are chosen anew."""
        self._names = self._wanted = None

    def broaden(self) -> None:
        """Fetch all that might have a value, once: what had none may have one now."""
        self._broad, self._names = True, None

    def narrow(self) -> None:
        """A broad fetch was made; from now on what is known to have values is asked for."""
        if self._broad:
            self._broad, self._names = False, None

    def _drawn(self, metrics: Callable[[AnyView], frozenset[str]]) -> set[str]:
        return {name for view in self._views.values() for name in metrics(view)}

    def _recorded(self, all_of_them: bool) -> frozenset[str]:
        """Metrics of the recorded widgets: all, or those that this host's ones are drawn from."""
        if self.shed or self.spare:
            return OWN
        if all_of_them:
            return OWN.union(*(widget.metrics for widget in self._recorded_widgets))
        record = self._record
        if self._narrow is None or self._narrow[0] != record.checked:
            checked = (
                widget.check(record.descriptors, record.absent).widget
                for widget in self._recorded_widgets
            )
            names = {name for widget in checked if widget.series for name in widget.metrics}
            self._narrow = (record.checked, OWN | names)
        return self._narrow[1]
