"""What a widget is: its texts, its series, and whether a host can draw it.

Plain records and the check against a host's descriptors belong here; reading
files is `loader`'s, options are `options`', tables' columns are `table`'s,
numbers are `model.expression`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from vectorpy.catalog.table import Columns, choose_columns, listed
from vectorpy.errors import UserError
from vectorpy.model import units
from vectorpy.model.expression import Expression
from vectorpy.model.histogram import buckets
from vectorpy.model.metric import COUNTER, Descriptor
from vectorpy.model.ring import Window
from vectorpy.model.watch import Wish

KINDS = ("line", "stacked", "heatmap", "table", "value")
# limit: a reference line. rest: what fills a stack up to its whole. readout: a number, not drawn.
# mark: an event at each second in which it is above zero.
ROLES = ("", "limit", "rest", "readout", "mark")
# Series that a widget can do without: they explain, and carry no part of a sum.
_SPARE = ("limit", "readout", "mark")


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

    def labels(self, instance: str = "", label: str = "") -> dict[str, str]:
        """Labels of a series in a layout; empty ones are left out."""
        bare = self.name.replace("{instance}", "").replace("{label}", "").strip()
        labels = {"instance": instance, "series": bare, "role": self.role}
        if label != instance:
            labels["label"] = label
        if self.role in ("readout", "mark"):
            labels["unit"] = self.unit
        return {key: text for key, text in labels.items() if text}


class Checked(NamedTuple):
    """A widget as one host can draw it.

    `widget` has the series (or a table's columns) that can be drawn, the fitting
    expression chosen for each. `missing` are metrics that the host lacks.
    `reason` says in words why nothing can be drawn ("" where something can);
    then `widget.series` and `.table` are empty.
    """

    widget: Widget
    missing: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Widget:
    """One widget of the catalogue, or one with a wish's options applied.

    `unit` is the unit of answers (WIRE.md 3), "" for a chart of any metric
    until it is checked. `range` is the fixed y axis, None for an open end.
    `top` is the number of instances shown, None for all; `keep` picks them.
    `buckets` is the PCP unit of a histogram's ranges ("" where it is none): its
    points count events in an interval. `choice` is an option whose values pick
    among the series (`when`), `chosen` the value given. `part` is an option that
    picks instances by what stands before "::" in their names. `table` are the
    columns of a live table, which has no series.
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
    # Parts of its expressions that have a name in the file, for its documentation: name, text.
    where: tuple[tuple[str, str], ...] = ()
    # True for the widget `chart`, whose metrics are not known beforehand.
    open: bool = field(default=False, repr=False)

    @property
    def metrics(self) -> frozenset[str]:
        """All metrics that it may use: describe these; those of the checked widget are fetched."""
        if self.table is not None:
            return self.table.metrics
        label = frozenset([self.label]) if self.label else frozenset()
        return label.union(*(series.metrics for series in self.active))

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

    def instantiate(self, wish: Wish) -> Widget:
        """This widget with the wish's options; UserError for unknown options and bad values."""
        from vectorpy.catalog.options import apply  # it needs this module first

        return apply(self, wish)

    def check(
        self, descriptors: Mapping[str, Descriptor], absent: Collection[str] = frozenset()
    ) -> Checked:
        """What of it a host with these descriptors can draw; it never raises.

        `absent` are metrics that are described but have no value there. Required
        series are needed all, as a part of a sum that is left out would lie;
        optional ones, limits and readouts are left out alone.
        """
        if self.table is not None:
            return self._check_table(self.table, descriptors)
        usable = {n: d for n, d in descriptors.items() if d.numeric and n not in absent}
        chosen: list[SeriesSpec] = []
        missing: set[str] = set()
        lacking: set[str] = set()
        for series in self.active:
            fitting = _choose(series, usable)
            if fitting is not None:
                chosen.append(fitting)
                continue
            first = frozenset().union(*(e.metrics for e in series.expressions))
            gone = {name for name in first if name not in usable}
            missing |= gone
            if not series.optional and series.role not in _SPARE:
                lacking |= gone
        gaps = tuple(sorted(missing))
        drawn = any(series.role not in _SPARE for series in chosen)
        if lacking or not drawn:
            return self._cannot(gaps, self._lacks(sorted(lacking or missing), descriptors))
        widget = replace(
            self, series=tuple(chosen), label=self.label if self._labelled(descriptors) else None
        )
        try:
            return Checked(widget._measured(usable), gaps, "")
        except UserError as error:
            return self._cannot(gaps, str(error))

    def _cannot(self, missing: tuple[str, ...], reason: str) -> Checked:
        return Checked(replace(self, series=(), label=None, table=None), missing, reason)

    def _check_table(self, table: Columns, descriptors: Mapping[str, Descriptor]) -> Checked:
        try:
            found, missing = choose_columns(table, descriptors)
        except UserError as error:
            return self._cannot((), f"{self.id}: {error}")
        if found is None:
            return self._cannot(missing, self._lacks(missing, descriptors))
        return Checked(replace(self, table=found), missing, "")

    def _labelled(self, descriptors: Mapping[str, Descriptor]) -> bool:
        return self.label is not None and self.label in descriptors

    def _lacks(self, names: Iterable[str], descriptors: Mapping[str, Descriptor]) -> str:
        """Words for metrics that this host does not have, or has without numbers."""
        if not self.series and self.table is None:
            return "No metric was asked for."
        texts = [n for n in names if n in descriptors and not descriptors[n].numeric]
        if texts:
            return f"{listed(texts)} is no number on this host, so it can't be drawn."
        sentence = f"This host has no {listed(list(names))}."
        if self.needs:
            return f"{sentence} {self.needs}"
        if self.requires:
            agents = listed(list(self.requires))
            return (
                f"{sentence} It comes from PCP's agent {agents}: is it installed and running there?"
            )
        return sentence

    def _measured(self, usable: Mapping[str, Descriptor]) -> Widget:
        """This widget after its dimensions and instance domains are checked; UserError if wrong."""
        counted = bool(self.buckets)
        dims = {name: _dim(descriptor, counted) for name, descriptor in usable.items()}
        indoms = {name: descriptor.indom for name, descriptor in usable.items()}
        unit, some = self.unit, False
        for series in self.series:
            dim = series.expression.dim(dims)
            if any(units.same(e.dim(dims), dim) is False for e in series.also):
                raise UserError(f"The series {series.name!r} adds up things of different units.")
            unit = unit or units.unit_name(dim)
            declared = series.unit or unit
            if not units.fits(declared, dim):
                raise UserError(
                    f"The series {series.name!r} of {self.id} comes out in "
                    f"{units.unit_name(dim)}, not in {declared}."
                )
            inside = series.expression.indom(indoms) is not None
            some = some or inside
            if not self.open and inside != placed(series.name):
                what = "has instances" if inside else "has no instances"
                raise UserError(f"The series {series.name!r} of {self.id} {what} on this host.")
        series_ = tuple(replace(s, unit=s.unit or unit) for s in self.series)
        rate = counted and any(
            usable[name].semantics == COUNTER for series in series_ for name in series.metrics
        )
        return replace(self, unit=unit, series=series_, per_instance=some, rate=rate)

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
            "columns": self.table.page() if self.table is not None else [],
        }


def placed(template: str) -> bool:
    """True where a series' name has a place for its instance."""
    return "{instance}" in template or "{label}" in template


def _choose(series: SeriesSpec, usable: Mapping[str, Descriptor]) -> SeriesSpec | None:
    """The series with the first of its expressions whose metrics are all there."""
    if all(name in usable for e in series.expressions for name in e.metrics):
        return replace(series, otherwise=())
    for expression in series.otherwise:
        if all(name in usable for name in expression.metrics):
            return replace(series, expression=expression, otherwise=(), also=())
    return None


def _dim(descriptor: Descriptor, counted: bool) -> units.Dim:
    """Dimension of a metric's points; of a histogram's counter, that of its counts."""
    dim = units.point_dim(descriptor)
    if counted and descriptor.semantics == COUNTER:
        return dim._replace(time=dim.time + 1)
    return dim


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
