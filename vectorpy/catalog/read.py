"""One TOML file as widgets and presets, strictly: what is not known is an error.

Only the form of one file is judged here: keys, types, texts, expressions.
What concerns several files (ids that occur twice) is `loader`'s.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from vectorpy.catalog.options import (
    DEFAULT_ROWS,
    MAX_ROWS,
    MAX_TOP,
    offered,
    offered_by_table,
)
from vectorpy.catalog.pick import instance_filter
from vectorpy.catalog.places import Places, places, text_of
from vectorpy.catalog.read_table import TABLE_KEYS, read_columns
from vectorpy.catalog.table import Columns
from vectorpy.catalog.widget import (
    DRAWN,
    KINDS,
    ROLES,
    Help,
    Option,
    Preset,
    SeriesSpec,
    Widget,
    placed,
)
from vectorpy.errors import CatalogError, UserError
from vectorpy.model import expression, units
from vectorpy.model.expression import Expression
from vectorpy.model.fields import Fault, flag, known, one_of, string, strings, tables
from vectorpy.model.watch import InstanceFilter, Wish

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_METRIC = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+")
_PLACE = re.compile(r"\{(\w*)\}")

_FILE_KEYS = {"group", "widget", "preset", "alias"}
_WIDGET_KEYS = {
    "id", "aliases", "title", "kind", "kinds", "unit", "range", "per_instance", "top", "label",
    "recorded", "requires", "needs", "help", "where", "series", "buckets", "choice", "part",
    "gate", "probe", "empty", "instances", "narrowed", "whole", "of", "single", *TABLE_KEYS,
}  # fmt: skip
_SERIES_KEYS = {
    "name", "expression", "otherwise", "role", "unit", "optional", "positive", "also", "when",
}  # fmt: skip
_PRESET_KEYS = {"id", "aliases", "title", "help", "widgets"}


class Entries(NamedTuple):
    """What one file holds; `where` names the file and line of each, by its place in the file.

    `aliases` are names of wishes: of a widget with options.
    """

    widgets: tuple[Widget, ...]
    presets: tuple[Preset, ...]
    where: Places
    aliases: Mapping[str, str] = {}


def read(path: Path) -> Entries:
    """Widgets and presets of a file; CatalogError with file, line and reason."""
    return read_text(text_of(path), path)


def read_text(text: str, path: Path) -> Entries:
    """As `read`, of a text that stands in no file yet; `path` names it in errors."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogError(f"{path}: it is no TOML: {error}.") from error
    where = places(path, text)
    try:
        known(table, _FILE_KEYS)
        group = string(table, "group", "") if "group" in table else ""
        widgets, presets = tables(table, "widget"), tables(table, "preset")
        aliases = _wishes(table)
        if widgets and not group:
            raise Fault("it has widgets but no group")
    except Fault as fault:
        raise CatalogError(f"{path}: {fault}.") from None
    return Entries(
        tuple(_each(path, "widget", widgets, where, lambda entry: _widget(entry, group))),
        tuple(_each(path, "preset", presets, where, _preset)),
        where,
        aliases,
    )


def _wishes(table: dict[str, Any]) -> dict[str, str]:
    found = table.get("alias", {})
    if not isinstance(found, dict):
        raise Fault("alias must be a table of names and wishes")
    for name in found:
        if not _ALIAS.fullmatch(name):
            raise Fault(f"the alias {name!r} has other than letters, digits, hyphens and dots")
    return {name: string(found, name) for name in found}


def _each(
    path: Path,
    what: str,
    entries: list[dict[str, Any]],
    where: Places,
    build: Callable[[dict[str, Any]], Any],
) -> list[Any]:
    built = []
    for number, entry in enumerate(entries):
        try:
            built.append(build(entry))
        except (Fault, UserError) as error:
            place = where.get((what, number), str(path))
            name = f"the {what} {entry.get('id', number + 1)!r}"
            raise CatalogError(f"{place}: {name}: {str(error).rstrip('.')}.") from None
    return built


def _widget(entry: dict[str, Any], group: str) -> Widget:
    known(entry, _WIDGET_KEYS)
    table = read_columns(entry)
    widget = _charted(entry, group) if table is None else _tabled(entry, group, table)
    return replace(
        widget,
        aliases=_aliases(entry),
        requires=strings(entry, "requires"),
        needs=string(entry, "needs", ""),
        empty=string(entry, "empty", ""),
        gate=_gate(entry),
        probe=string(entry, "probe", ""),
        narrowed=strings(entry, "narrowed"),
        whole=_whole(entry),
        of=_of(entry),
        single=flag(entry, "single"),
    )


def _whole(entry: dict[str, Any]) -> str:
    whole = string(entry, "whole", "")
    if whole and strings(entry, "narrowed"):
        raise Fault("narrowed and whole exclude each other")
    return whole


def _of(entry: dict[str, Any]) -> str:
    of = string(entry, "of", "")
    if of and _PLACE.findall(of) != ["container"]:
        raise Fault("of has {container} in it, once, and no other place")
    if flag(entry, "single") and not of:
        raise Fault("single needs of, the title of one container")
    return of


def _gate(entry: dict[str, Any]) -> str:
    gate, probe = string(entry, "gate", ""), string(entry, "probe", "")
    if gate and not _METRIC.fullmatch(gate):
        raise Fault(f"gate {gate!r} is no name of a metric")
    if probe and not gate:
        raise Fault("probe needs a gate")
    return gate


def _charted(entry: dict[str, Any], group: str) -> Widget:
    kind = one_of(entry, "kind", KINDS)
    others = strings(entry, "kinds")
    if not set(others) <= set(KINDS) - {kind}:
        raise Fault(f"kinds {others} must be others of {', '.join(KINDS)}")
    unit = one_of(entry, "unit", tuple(units.ANSWERS))
    per_instance = flag(entry, "per_instance")
    where = _where(entry)
    series = tuple(_series(s, unit, per_instance, where) for s in tables(entry, "series"))
    if not any(s.role in DRAWN for s in series):
        raise Fault("it has no series to draw")
    kinds = (kind, *others)
    choice, part = _choice(entry, series), _part(entry)
    return Widget(
        id=_id(entry),
        title=string(entry, "title"),
        group=group,
        kind=kind,
        kinds=kinds,
        unit=unit,
        help=_help(entry),
        series=series,
        per_instance=per_instance,
        top=_top(entry, per_instance),
        range=_range(entry),
        label=_label(entry, series),
        recorded=flag(entry, "recorded", True),
        buckets=_buckets(entry, per_instance, unit),
        choice=choice,
        part=part,
        keep=_keep(entry),
        options=offered(per_instance, kinds, choice, part, series),
        where=tuple((name, expression.parse(text).text) for name, text in where.items()),
    )


def _tabled(entry: dict[str, Any], group: str, table: Columns) -> Widget:
    for key in (
        "kinds",
        "unit",
        "range",
        "per_instance",
        "label",
        "recorded",
        "where",
        "series",
        "instances",
    ):
        if key in entry:
            raise Fault(f"{key} is not for tables")
    part = _part(entry)
    return Widget(
        id=_id(entry),
        title=string(entry, "title"),
        group=group,
        kind=one_of(entry, "kind", ("table",)),
        kinds=("table",),
        unit="1",
        help=_help(entry),
        series=(),
        per_instance=True,
        top=_top(entry, True, MAX_ROWS) or DEFAULT_ROWS,
        recorded=False,
        part=part,
        table=table,
        options=offered_by_table(table, part),
    )


def _keep(entry: dict[str, Any]) -> InstanceFilter | None:
    text = string(entry, "instances", "")
    return instance_filter(text) if text else None


def _choice(entry: dict[str, Any], series: tuple[SeriesSpec, ...]) -> Option | None:
    values = tuple(dict.fromkeys(s.when for s in series if s.when))
    text = entry.get("choice")
    if text is None and not values:
        return None
    if not isinstance(text, dict) or not values:
        raise Fault("a choice (a table of name and help) and when of its series go together")
    known(text, {"name", "help"})
    return Option(string(text, "name"), string(text, "help"), values)


def _part(entry: dict[str, Any]) -> Option | None:
    text = entry.get("part")
    if text is None:
        return None
    known(text, {"name", "help"})
    return Option(string(text, "name"), string(text, "help"))


def _buckets(entry: dict[str, Any], per_instance: bool, unit: str) -> str:
    text = string(entry, "buckets", "")
    if text:
        units.canonical(text)
        if not per_instance or unit != "count":
            raise Fault("a histogram (buckets) is per_instance and its unit is count")
    return text


def _series(entry: Any, unit: str, per_instance: bool, where: Mapping[str, str]) -> SeriesSpec:
    known(entry, _SERIES_KEYS)
    name = string(entry, "name")
    role = one_of(entry, "role", ROLES, "")
    try:
        for place in _PLACE.findall(name):
            if place not in ("instance", "label"):
                raise Fault(
                    f"there is no {{{place}}} to name it by, only {{instance}} and {{label}}"
                )
        if per_instance and role in DRAWN and not placed(name):
            raise Fault("its name needs {instance} or {label}, as the widget is per instance")
        if placed(name) and not per_instance:
            raise Fault("its name has a place for an instance, but the widget is not per_instance")
        own = one_of(entry, "unit", tuple(units.ANSWERS), unit)
        if own != unit and role not in ("readout", "mark"):
            raise Fault("only a readout or a mark may have a unit of its own")
        return SeriesSpec(
            name=name,
            expression=_expression(string(entry, "expression"), where),
            otherwise=tuple(_expression(t, where) for t in strings(entry, "otherwise")),
            role=role,
            unit=own,
            optional=flag(entry, "optional"),
            positive=flag(entry, "positive"),
            also=tuple(_expression(t, where) for t in strings(entry, "also")),
            when=string(entry, "when", ""),
        )
    except (Fault, UserError) as error:
        raise Fault(f"the series {name!r}: {error}") from None


def _expression(text: str, where: Mapping[str, str]) -> Expression:
    def filled(found: re.Match[str]) -> str:
        if found[1] not in where:
            raise Fault(f"{{{found[1]}}} does not stand under where")
        return f"({where[found[1]]})"

    return expression.parse(" ".join(_PLACE.sub(filled, text).split()))


def _where(entry: dict[str, Any]) -> dict[str, str]:
    where = entry.get("where", {})
    if not isinstance(where, dict):
        raise Fault("where must be a table of texts")
    return {key: string(where, key) for key in where}


def _preset(entry: dict[str, Any]) -> Preset:
    known(entry, _PRESET_KEYS)
    # As pages and channels spell them.
    widgets = tuple(Wish.parse(text).text for text in strings(entry, "widgets"))
    if not widgets:
        raise Fault("it has no widgets")
    if len(set(widgets)) < len(widgets):
        raise Fault("it names a widget twice")
    return Preset(
        _id(entry), _aliases(entry), string(entry, "title"), string(entry, "help"), widgets
    )


def _help(entry: dict[str, Any]) -> Help:
    table = entry.get("help")
    if not isinstance(table, dict):
        raise Fault("it has no help (shows, normal, action)")
    try:
        known(table, set(Help._fields))
        return Help(*(string(table, key) for key in Help._fields))
    except Fault as fault:
        raise Fault(f"help: {fault}") from None


def _id(entry: dict[str, Any]) -> str:
    id = string(entry, "id")
    if not _ID.fullmatch(id):
        raise Fault("an id has lower case letters, digits and hyphens only")
    return id


def _aliases(entry: dict[str, Any]) -> tuple[str, ...]:
    aliases = strings(entry, "aliases")
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise Fault(f"the alias {alias!r} has other than letters, digits, hyphens and dots")
    return aliases


def _top(entry: dict[str, Any], per_instance: bool, most: int = MAX_TOP) -> int | None:
    top = entry.get("top")
    if top is None:
        return None
    if not per_instance:
        raise Fault("top needs per_instance = true")
    if type(top) is not int or not 1 <= top <= most:
        raise Fault(f"top must be 1 to {most}")
    return top


def _range(entry: dict[str, Any]) -> tuple[float | None, float | None]:
    ends = entry.get("range", ["auto", "auto"])
    if not isinstance(ends, list) or len(ends) != 2:
        raise Fault('range must be two ends, each a number or "auto"')
    low, high = (_end(value) for value in ends)
    if low is not None and high is not None and low >= high:
        raise Fault("range must run from low to high")
    return low, high


def _end(value: Any) -> float | None:
    if value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault('range must be two ends, each a number or "auto"')
    return value


def _label(entry: dict[str, Any], series: tuple[SeriesSpec, ...]) -> str | None:
    label = string(entry, "label", "") or None
    if label is not None and not _METRIC.fullmatch(label):
        raise Fault(f"label {label!r} is no name of a metric")
    if (label is None) == any("{label}" in s.name for s in series):
        raise Fault("label and {label} in a series' name go together")
    return label
