"""What a widget is: its texts and its series.

Plain records belong here; reading files is `loader`'s, options are `options`',
the check against a host is `check`'s, tables' columns are `table`'s, numbers
are `model.expression`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from vectorpy.catalog.table import Columns
from vectorpy.model import units
from vectorpy.model.expression import Expression
from vectorpy.model.histogram import buckets
from vectorpy.model.metric import Descriptor
from vectorpy.model.ring import Window
from vectorpy.model.watch import Wish

if TYPE_CHECKING:
    from vectorpy.catalog.check import Checked

KINDS = ("line", "stacked", "heatmap", "table", "value")
# limit: a reference line. rest: what fills a stack up to its whole. readout: a number, not drawn.
# mark: an event at each second in which it is above zero. idle: a part of the whole that nobody
# uses, drawn as the others (iowait). apart: used by others than this host, told by itself (steal).
ROLES = ("", "limit", "rest", "readout", "mark", "idle", "apart")
# Series that are drawn as parts or lines of their own.
DRAWN = ("", "rest", "idle", "apart")
# Series that a widget can do without: they explain, and carry no part of a sum.
SPARE = ("limit", "readout", "mark")


class Help(NamedTuple):
    """A widget's texts for people: what it shows, what is normal, what to do when it is not."""

    shows: str
    normal: str
    action: str


class Option(NamedTuple):
    """An option that a wish may carry; `values` are those allowed, () for any text."""

    name: str
    help: str
    values: tuple[str, ...] = ()


class Preset(NamedTuple):
    """A named list of wishes (texts), in the order of reading."""

    id: str
    aliases: tuple[str, ...]
    title: str
    help: str
    widgets: tuple[str, ...]

    def page(self) -> dict[str, Any]:
        """Plain data for GET /api/v1/presets."""
        return {**self._asdict(), "aliases": list(self.aliases), "widgets": list(self.widgets)}


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """One expression of a widget, and how its series are named.

    `name` is a template: `{instance}` is the instance's name, `{label}` the
    text that the host has for it. `otherwise` are expressions for hosts that
    lack a metric of the first. `positive`: values <= 0 mean that there is none.
    `also` are expressions whose instances are added to those of the first: of
    histograms, where an absent range counts nothing. `when` is the value of the
    widget's choice that it belongs to, "" for all.
    """

    name: str
    expression: Expression
    otherwise: tuple[Expression, ...] = ()
    role: str = ""
    unit: str = ""
    optional: bool = False
    positive: bool = False
    also: tuple[Expression, ...] = ()
    when: str = ""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Those that make its numbers, alternatives left out."""
        return (self.expression, *self.also)

    @property
    def metrics(self) -> frozenset[str]:
        """Metrics of all its expressions."""
        return frozenset().union(*(e.metrics for e in (*self.expressions, *self.otherwise)))

    def columns(
        self, window: Window, keep: Callable[[str], bool] | None = None, **how: Any
    ) -> dict[str, list[float | None]]:
        """Columns by instance, in the series' unit; `keep` and `how` go to the expression."""
        columns = self.expression.columns(window, keep, **how)
        for other in self.also:
            columns = _added(columns, other.columns(window, keep))
        if not self.positive:
            return columns
        return {
            name: [None if v is not None and v <= 0 else v for v in column]
            for name, column in columns.items()
        }

    def title(self, instance: str = "", label: str = "") -> str:
        """Name for people: "sda read"; "user" where there is no instance."""
        text = self.name.replace("{label}", label or instance).replace("{instance}", instance)
        return " ".join(text.split()) or "value"

    @property
    def bare(self) -> str:
        """Its name without its instance: "read"."""
        return self.name.replace("{instance}", "").replace("{label}", "").strip()

    def labels(self, instance: str = "", label: str = "") -> dict[str, str]:
        """Labels of a series in a layout; empty ones are left out."""
        labels = {"instance": instance, "series": self.bare, "role": self.role}
        if label != instance:
            labels["label"] = label
        if self.role in ("readout", "mark"):
            labels["unit"] = self.unit
        return {key: text for key, text in labels.items() if text}


@dataclass(frozen=True)
class Widget:
    """One widget of the catalogue, or one with a wish's options applied.

    `unit` is the unit of answers (docs/wire.md 3), "" for a chart of any metric
    until it is checked. `range` is the fixed y axis, None for an open end.
    `top` is the number of instances shown, None for all; `keep` picks them.
    `buckets` is the PCP unit of a histogram's ranges ("" where it is none): its
    points count events in an interval. `choice` is an option whose values pick
    among the series (`when`), `chosen` the value given. `part` is an option that
    picks instances by what stands before "::" in their names. `table` are the
    columns of a live table, which has no series. `gate` is a metric that has a
    value whenever the widget's metrics may have some: then theirs may be missing
    for want of events, and `empty` says so where there is nothing to draw.
    `probe` is the part of the agent that brings them, by its name in the agent's
    probe.status. `narrowed` are the widgets that stand in its place where a
    dashboard is narrowed to one container, the best first; `whole` says why it
    goes on showing the whole host. `of` is its title of one container, which is
    `{container}`; `single` says that it means something of one container only.
    `container` is the one that a wish asked for.
    """

    id: str
    title: str
    group: str
    kind: str
    unit: str
    help: Help
    series: tuple[SeriesSpec, ...]
    aliases: tuple[str, ...] = ()
    per_instance: bool = False
    top: int | None = None
    keep: Callable[[str], bool] | None = None
    range: tuple[float | None, float | None] = (None, None)
    requires: tuple[str, ...] = ()
    needs: str = ""
    kinds: tuple[str, ...] = ()
    label: str | None = None
    recorded: bool = True
    options: tuple[Option, ...] = ()
    wish: str = ""
    buckets: str = ""
    rate: bool = False
    choice: Option | None = None
    chosen: str = ""
    part: Option | None = None
    table: Columns | None = None
    gate: str = ""
    probe: str = ""
    empty: str = ""
    narrowed: tuple[str, ...] = ()
    whole: str = ""
    of: str = ""
    single: bool = False
    container: str = ""
    # Parts of its expressions that have a name in the file, for its documentation: name, text.
    where: tuple[tuple[str, str], ...] = ()
    # True for the widget `chart`, whose metrics are not known beforehand.
    open: bool = field(default=False, repr=False)

    @property
    def metrics(self) -> frozenset[str]:
        """All metrics that it may use: describe these; those of the checked widget are fetched."""
        if self.table is not None:
            return self.table.metrics | self.about
        label = frozenset([self.label]) if self.label else frozenset()
        return self.about.union(label, *(series.metrics for series in self.active))

    @property
    def about(self) -> frozenset[str]:
        """Metrics that tell whether it can be drawn, and why not."""
        return frozenset(name for name in (self.gate, self.status) if name)

    @property
    def status(self) -> str:
        """The text metric of its agent's probes, "" where it is of none."""
        return f"{self.gate.partition('.')[0]}.probe.status" if self.probe else ""

    @property
    def active(self) -> tuple[SeriesSpec, ...]:
        """Its series without those of other values of its choice."""
        if self.choice is None:
            return self.series
        chosen = self.chosen or self.choice.values[0]
        return tuple(series for series in self.series if series.when in ("", chosen))

    def bounds(self, instance: str) -> dict[str, str]:
        """Labels of a histogram's range: low and high end in canonical units, as text."""
        found = buckets([instance]) if self.buckets else ()
        if not found:
            return {}
        factor, _ = units.canonical(self.buckets)
        return {"low": f"{found[0].low * factor:.6g}", "high": f"{found[0].high * factor:.6g}"}

    @property
    def bucket_unit(self) -> str:
        """The unit of answers that a histogram's ranges are in."""
        return units.unit_name(units.canonical(self.buckets)[1])

    def instantiate(self, wish: Wish) -> Widget:
        """This widget with the wish's options; UserError for unknown options and bad values."""
        from vectorpy.catalog.options import apply  # it needs this module first

        return apply(self, wish)

    def check(
        self, descriptors: Mapping[str, Descriptor], absent: Collection[str] = frozenset()
    ) -> Checked:
        """What of it a host with these descriptors can draw; see `check.check`."""
        from vectorpy.catalog.check import check  # it needs this module first

        return check(self, descriptors, absent)

    def page(self) -> dict[str, Any]:
        """Plain data for GET /api/v1/widgets."""
        series = [
            {
                "name": s.name,
                "expression": s.expression.text,
                "role": s.role,
                "unit": s.unit,
                "optional": s.optional,
            }
            for s in self.active
        ]
        options = [{"name": o.name, "help": o.help, "values": list(o.values)} for o in self.options]
        same = ("id", "title", "group", "kind", "unit", "per_instance", "top", "needs", "recorded")
        return {
            **{name: getattr(self, name) for name in same},
            "aliases": list(self.aliases),
            "kinds": list(self.kinds),
            "range": list(self.range),
            "metrics": sorted(self.metrics),
            "series": series,
            "help": self.help._asdict(),
            "requires": list(self.requires),
            "options": options,
            "part": self.part.name if self.part is not None else None,
            "columns": self.table.page() if self.table is not None else [],
            "narrowed": list(self.narrowed),
            "whole": self.whole,
            "single": self.single,
            "picks": self.table is not None and self.table.picks,
        }


def placed(template: str) -> bool:
    """True where a series' name has a place for its instance."""
    return "{instance}" in template or "{label}" in template


def _added(
    one: dict[str, list[float | None]], other: dict[str, list[float | None]]
) -> dict[str, list[float | None]]:
    """Both by instance, added where both have a number."""
    both = dict(one)
    for name, column in other.items():
        mine = both.get(name)
        if mine is None:
            both[name] = column
        else:
            both[name] = [
                b if a is None else a if b is None else a + b
                for a, b in zip(mine, column, strict=True)
            ]
    return both
