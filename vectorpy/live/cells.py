"""Cells of a live table's rows out of one sample's points.

Pure: which rows there are, which are asked for and told is `table`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from vectorpy.catalog.table import Columns, ColumnSpec
from vectorpy.catalog.widget import Widget
from vectorpy.model.rates import Point
from vectorpy.model.ring import Window
from vectorpy.model.sample import SINGULAR, Part, Sample, Value
from vectorpy.sources.riders import NO_VALUE

Cell = float | int | str | None
Row = dict[str, Cell]
Values = Mapping[str, Mapping[str, Point]]
Keep = Callable[[str], bool] | None


def part_of(
    sample: Sample, names: Collection[str], without: Collection[str] = frozenset()
) -> Sample:
    """The sample as if only `names` had been asked for, and the instances `without` not there."""
    parts = []
    for part in sample.parts:
        values = {name: v for name, v in part.values.items() if name in names}
        if without:
            values = {
                name: {i: x for i, x in v.items() if i not in without} for name, v in values.items()
            }
        if values:
            parts.append(Part(part.stamp, values))
    missing = {name: why for name, why in sample.missing.items() if name in names}
    return Sample(parts, missing, sample.agents, sample.uptime)


def texts_of(sample: Sample, metric: str) -> dict[str, Value]:
    """The raw values of one metric by instance."""
    found: dict[str, Value] = {}
    for part in sample.parts:
        found.update(part.values.get(metric, {}))
    return found


def names_of(sample: Sample, keep: Keep) -> list[str]:
    """Instances that some metric of the sample has, and the filter keeps."""
    names = dict.fromkeys(n for p in sample.parts for v in p.values.values() for n in v)
    return [n for n in names if n != SINGULAR and (keep is None or keep(n))]


def rows(drawn: Widget, values: Values, keep: Collection[str]) -> dict[str, Row]:
    """Cells by column of the instances in `keep`."""
    assert drawn.table is not None
    shown = {metric: {n: p[n] for n in keep if n in p} for metric, p in values.items()}
    narrow = replace(drawn, keep=None)
    found: dict[str, Row] = {}
    for spec in drawn.table.columns:
        for name, cell in column(spec, narrow, shown).items():
            found.setdefault(name, {})[spec.id] = cell
    return found


def column(spec: ColumnSpec, drawn: Widget, values: Values) -> dict[str, Cell]:
    """One column's cells by instance."""
    keep = drawn.keep
    if spec.expression is None:
        texts = values.get(spec.text, {})
        return {n: x for n, x in texts.items() if isinstance(x, str) and (not keep or keep(n))}
    window = Window([0], {m: _columns(values[m]) for m in spec.metrics if m in values})
    found = spec.expression.columns(window, keep)
    return {name: _rounded(one[0]) for name, one in found.items()}


def found(rows: Mapping[str, Cell], table: Columns, values: Values) -> dict[str, Cell]:
    """Those rows of which the name or a text has what is searched."""
    has = table.find
    assert has is not None
    texts = [values.get(spec.text, {}) for spec in table.columns if spec.expression is None]

    def right(name: str) -> bool:
        said = (text.get(name) for text in texts)
        return has([name, *(one for one in said if isinstance(one, str))])

    return {name: value for name, value in rows.items() if right(name)}


def why_none(table: Columns, sample: Sample, widget: Widget) -> str:
    """Why there are no rows, in words."""
    dead = any(sample.agents.values())
    for name in sorted(table.metrics):
        why = sample.missing.get(name, NO_VALUE)
        if why != NO_VALUE:
            return why if dead or not table.refused else table.refused
    return widget.empty or table.refused or "There is nothing to show now."


def _columns(points: Mapping[str, Point]) -> dict[str, list[float | None]]:
    """A metric's points as a window of one row."""
    return {
        name: [float("nan") if point is None else point]
        for name, point in points.items()
        if not isinstance(point, str)
    }


def _rounded(value: float | None) -> Cell:
    """Six significant digits, as numbers travel; what is shown as unchanged is not told."""
    if value is None:
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.6g}")
