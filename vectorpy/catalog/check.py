"""Whether a host can draw a widget: its series or columns against the host's descriptors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from vectorpy.catalog.table import Columns, choose_columns, listed
from vectorpy.catalog.widget import SPARE, SeriesSpec, Widget, placed
from vectorpy.errors import UserError
from vectorpy.model import units
from vectorpy.model.metric import COUNTER, Descriptor

Descriptors = Mapping[str, Descriptor]


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


def check(
    widget: Widget, descriptors: Descriptors, absent: Collection[str] = frozenset()
) -> Checked:
    """What of `widget` a host with these descriptors can draw; it never raises.

    `absent` are metrics that are described but have no value there. Required
    series are needed all, as a part of a sum that is left out would lie;
    optional ones, limits and readouts are left out alone.
    """
    bare = replace(widget, gate="", probe="")
    if widget.gate in descriptors:
        if widget.gate in absent:
            others = check(bare, _without(_agent(widget), descriptors), absent)
            return _cannot(widget, (widget.gate,), _silent(widget)) if others.reason else others
        absent = frozenset()
    if bare.table is not None:
        return _check_table(bare, bare.table, descriptors)
    # Of its own metrics alone: hosts have hundreds, and their first second checks all widgets.
    own = {n: descriptors[n] for n in bare.metrics if n in descriptors}
    usable = {n: d for n, d in own.items() if d.numeric and n not in absent}
    chosen, gaps, lacking = _choose_all(bare, usable)
    drawn = any(series.role not in SPARE for series in chosen)
    if lacking or not drawn:
        return _cannot(bare, gaps, _lacks(bare, sorted(lacking or gaps), descriptors))
    labelled = bare.label is not None and bare.label in descriptors
    found = replace(bare, series=chosen, choice=None, label=bare.label if labelled else None)
    try:
        return Checked(_measured(found, usable), gaps, "")
    except UserError as error:
        return _cannot(bare, gaps, str(error))


def _choose_all(
    widget: Widget, usable: Descriptors
) -> tuple[tuple[SeriesSpec, ...], tuple[str, ...], set[str]]:
    """Series that can be drawn; metrics that are missing; those of them that are needed."""
    chosen: list[SeriesSpec] = []
    missing: set[str] = set()
    lacking: set[str] = set()
    for series in widget.active:
        fitting = _choose(series, usable)
        if fitting is not None:
            chosen.append(fitting)
            continue
        first = frozenset().union(*(e.metrics for e in series.expressions))
        gone = {name for name in first if name not in usable}
        missing |= gone
        if not series.optional and series.role not in SPARE:
            lacking |= gone
    return tuple(chosen), tuple(sorted(missing)), lacking


def _choose(series: SeriesSpec, usable: Descriptors) -> SeriesSpec | None:
    """The series with the first of its expressions whose metrics are all there."""
    if all(name in usable for e in series.expressions for name in e.metrics):
        return replace(series, otherwise=())
    for expression in series.otherwise:
        if all(name in usable for name in expression.metrics):
            return replace(series, expression=expression, otherwise=(), also=())
    return None


def _check_table(widget: Widget, table: Columns, descriptors: Descriptors) -> Checked:
    try:
        found, missing = choose_columns(table, descriptors)
    except UserError as error:
        return _cannot(widget, (), f"{widget.id}: {error}")
    if found is None:
        return _cannot(widget, missing, _lacks(widget, list(missing), descriptors))
    return Checked(replace(widget, table=found), missing, "")


def _cannot(widget: Widget, missing: tuple[str, ...], reason: str) -> Checked:
    return Checked(replace(widget, series=(), label=None, table=None), missing, reason)


def _agent(widget: Widget) -> str:
    return widget.gate.partition(".")[0]


def _without(agent: str, descriptors: Descriptors) -> dict[str, Descriptor]:
    return {n: d for n, d in descriptors.items() if not n.startswith(f"{agent}.")}


def _silent(widget: Widget) -> str:
    """Words for an agent that runs but does not bring this."""
    return f"The agent {_agent(widget)} runs on this host, but {widget.gate} has no value there."


def _lacks(widget: Widget, names: list[str], descriptors: Descriptors) -> str:
    """Words for metrics that this host does not have, or has without numbers."""
    if not widget.series and widget.table is None:
        return "No metric was asked for."
    texts = [n for n in names if n in descriptors and not descriptors[n].numeric]
    if texts:
        return f"{listed(texts)} is no number on this host, so it can't be drawn."
    sentence = f"This host has no {listed(names)}."
    if widget.needs:
        return f"{sentence} {widget.needs}"
    if widget.requires:
        agents = listed(list(widget.requires))
        return f"{sentence} It comes from PCP's agent {agents}: is it installed and running there?"
    return sentence


def _measured(widget: Widget, usable: Descriptors) -> Widget:
    """`widget` after its dimensions and instance domains are checked; UserError if wrong."""
    counted = bool(widget.buckets)
    dims = {name: _dim(descriptor, counted) for name, descriptor in usable.items()}
    indoms = {name: descriptor.indom for name, descriptor in usable.items()}
    unit, some = widget.unit, False
    for series in widget.series:
        dim = series.expression.dim(dims)
        if series.role == "limit" and not series.expression.metrics:
            continue  # a plain number: a threshold in the widget's own unit
        if not all(units.same(other.dim(dims), dim) for other in series.also):
            raise UserError(f"The series {series.name!r} adds up things of different units.")
        unit = unit or units.unit_name(dim)
        declared = series.unit or unit
        if not units.fits(declared, dim):
            raise UserError(
                f"The series {series.name!r} of {widget.id} comes out in "
                f"{units.unit_name(dim)}, not in {declared}."
            )
        inside = series.expression.indom(indoms) is not None
        some = some or inside
        if not widget.open and inside != placed(series.name):
            what = "has instances" if inside else "has no instances"
            raise UserError(f"The series {series.name!r} of {widget.id} {what} on this host.")
    series_ = tuple(replace(s, unit=s.unit or unit) for s in widget.series)
    rate = counted and any(
        usable[name].semantics == COUNTER for series in series_ for name in series.metrics
    )
    return replace(widget, unit=unit, series=series_, per_instance=some, rate=rate)


def _dim(descriptor: Descriptor, counted: bool) -> units.Dim:
    """Dimension of a metric's points; a histogram counts, whatever its descriptor says.

    (PCP's bcc tells the unit of the ranges instead.)
    """
    return units.Dim(count=1) if counted else units.point_dim(descriptor)
