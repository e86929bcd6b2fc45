"""One TOML file as widgets and presets, strictly: what is not known is an error.

Only the form of one file is judged here: keys, types, texts, expressions.
What concerns several files (ids that occur twice) is `loader`'s.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vectorpy.catalog.options import offered
from vectorpy.catalog.widget import KINDS, ROLES, Help, Preset, SeriesSpec, Widget, placed
from vectorpy.errors import CatalogError, UserError
from vectorpy.model import expression, units
from vectorpy.model.expression import Expression

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_METRIC = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+")
_PLACE = re.compile(r"\{(\w*)\}")
_MAX_BYTES = 1024 * 1024
_MAX_TOP = 50

_FILE_KEYS = {"group", "widget", "preset"}
_WIDGET_KEYS = {
    "id", "aliases", "title", "kind", "kinds", "unit", "range", "per_instance", "top", "label",
    "recorded", "requires", "needs", "help", "where", "series",
}  # fmt: skip
_SERIES_KEYS = {"name", "expression", "otherwise", "role", "unit", "optional", "positive"}
_PRESET_KEYS = {"id", "aliases", "title", "help", "widgets"}


class Entries(NamedTuple):
    """What one file holds; `where` names the file and line of each, by its place in the file."""

    widgets: tuple[Widget, ...]
    presets: tuple[Preset, ...]
    where: Mapping[tuple[str, int], str]


class _Fault(Exception):
    """A reason without its place."""


def read(path: Path) -> Entries:
    """Widgets and presets of a file; CatalogError with file, line and reason."""
    text = _text(path)
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogError(f"{path}: it is no TOML: {error}.") from error
    where = _places(path, text)
    try:
        _known(table, _FILE_KEYS)
        group = _string(table, "group", "") if "group" in table else ""
        widgets, presets = _tables(table, "widget"), _tables(table, "preset")
        if widgets and not group:
            raise _Fault("it has widgets but no group")
    except _Fault as fault:
        raise CatalogError(f"{path}: {fault}.") from None
    return Entries(
        tuple(_each(path, "widget", widgets, where, lambda entry: _widget(entry, group))),
        tuple(_each(path, "preset", presets, where, _preset)),
        where,
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CatalogError(f"{path}: it is larger than {_MAX_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: it can't be read: {error}.") from error


def _places(path: Path, text: str) -> dict[tuple[str, int], str]:
    """File and line of the n-th [[widget]] and [[preset]]; TOML's reader keeps no lines."""
    places: dict[tuple[str, int], str] = {}
    counts = {"widget": 0, "preset": 0}
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r"\s*\[\[\s*(widget|preset)\s*\]\]", line)
        if found:
            places[found[1], counts[found[1]]] = f"{path}, line {number}"
            counts[found[1]] += 1
    return places


def _each(
    path: Path,
    what: str,
    entries: list[dict[str, Any]],
    where: Mapping[tuple[str, int], str],
    build: Callable[[dict[str, Any]], Any],
) -> list[Any]:
    built = []
    for number, entry in enumerate(entries):
        try:
            built.append(build(entry))
        except (_Fault, UserError) as error:
            place = where.get((what, number), str(path))
            name = f"the {what} {entry.get('id', number + 1)!r}"
            raise CatalogError(f"{place}: {name}: {str(error).rstrip('.')}.") from None
    return built


def _widget(entry: dict[str, Any], group: str) -> Widget:
    _known(entry, _WIDGET_KEYS)
    kind = _one_of(entry, "kind", KINDS)
    others = _strings(entry, "kinds")
    if not set(others) <= set(KINDS) - {kind}:
        raise _Fault(f"kinds {others} must be others of {', '.join(KINDS)}")
    unit = _one_of(entry, "unit", tuple(units.ANSWERS))
    per_instance = _flag(entry, "per_instance")
    where = _where(entry)
    series = tuple(_series(s, unit, per_instance, where) for s in _tables(entry, "series"))
    if not any(s.role in ("", "rest") for s in series):
        raise _Fault("it has no series to draw")
    kinds = (kind, *others)
    return Widget(
        id=_id(entry),
        aliases=_aliases(entry),
        title=_string(entry, "title"),
        group=group,
        kind=kind,
        kinds=kinds,
        unit=unit,
        help=_help(entry),
        series=series,
        per_instance=per_instance,
        top=_top(entry, per_instance),
        range=_range(entry),
        requires=_strings(entry, "requires"),
        needs=_string(entry, "needs", ""),
        label=_label(entry, series),
        recorded=_flag(entry, "recorded", True),
        options=offered(per_instance, kinds),
        where=tuple((name, expression.parse(text).text) for name, text in where.items()),
    )


def _series(entry: Any, unit: str, per_instance: bool, where: Mapping[str, str]) -> SeriesSpec:
    _known(entry, _SERIES_KEYS)
    name = _string(entry, "name")
    role = _one_of(entry, "role", ROLES, "")
    try:
        for place in _PLACE.findall(name):
            if place not in ("instance", "label"):
                raise _Fault(
                    f"there is no {{{place}}} to name it by, only {{instance}} and {{label}}"
                )
        if per_instance and role in ("", "rest") and not placed(name):
            raise _Fault("its name needs {instance} or {label}, as the widget is per instance")
        if placed(name) and not per_instance:
            raise _Fault("its name has a place for an instance, but the widget is not per_instance")
        own = _one_of(entry, "unit", tuple(units.ANSWERS), unit)
        if own != unit and role != "readout":
            raise _Fault("only a readout may have a unit of its own")
        return SeriesSpec(
            name=name,
            expression=_expression(_string(entry, "expression"), where),
            otherwise=tuple(_expression(t, where) for t in _strings(entry, "otherwise")),
            role=role,
            unit=own,
            optional=_flag(entry, "optional"),
            positive=_flag(entry, "positive"),
        )
    except (_Fault, UserError) as error:
        raise _Fault(f"the series {name!r}: {error}") from None


def _expression(text: str, where: Mapping[str, str]) -> Expression:
    def filled(found: re.Match[str]) -> str:
        if found[1] not in where:
            raise _Fault(f"{{{found[1]}}} does not stand under where")
        return f"({where[found[1]]})"

    return expression.parse(" ".join(_PLACE.sub(filled, text).split()))


def _where(entry: dict[str, Any]) -> dict[str, str]:
    where = entry.get("where", {})
    if not isinstance(where, dict):
        raise _Fault("where must be a table of texts")
    return {key: _string(where, key) for key in where}


def _preset(entry: dict[str, Any]) -> Preset:
    _known(entry, _PRESET_KEYS)
    widgets = _strings(entry, "widgets")
    if not widgets:
        raise _Fault("it has no widgets")
    if len(set(widgets)) < len(widgets):
        raise _Fault("it names a widget twice")
    return Preset(
        _id(entry), _aliases(entry), _string(entry, "title"), _string(entry, "help"), widgets
    )


def _help(entry: dict[str, Any]) -> Help:
    table = entry.get("help")
    if not isinstance(table, dict):
        raise _Fault("it has no help (shows, normal, action)")
    try:
        _known(table, set(Help._fields))
        return Help(*(_string(table, key) for key in Help._fields))
    except _Fault as fault:
        raise _Fault(f"help: {fault}") from None


def _id(entry: dict[str, Any]) -> str:
    id = _string(entry, "id")
    if not _ID.fullmatch(id):
        raise _Fault("an id has lower case letters, digits and hyphens only")
    return id


def _aliases(entry: dict[str, Any]) -> tuple[str, ...]:
    aliases = _strings(entry, "aliases")
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise _Fault(f"the alias {alias!r} has other than letters, digits, hyphens and dots")
    return aliases


def _top(entry: dict[str, Any], per_instance: bool) -> int | None:
    top = entry.get("top")
    if top is None:
        return None
    if not per_instance:
        raise _Fault("top needs per_instance = true")
    if type(top) is not int or not 1 <= top <= _MAX_TOP:
        raise _Fault(f"top must be 1 to {_MAX_TOP}")
    return top


def _range(entry: dict[str, Any]) -> tuple[float | None, float | None]:
    ends = entry.get("range", ["auto", "auto"])
    if not isinstance(ends, list) or len(ends) != 2:
        raise _Fault('range must be two ends, each a number or "auto"')
    low, high = (_end(value) for value in ends)
    if low is not None and high is not None and low >= high:
        raise _Fault("range must run from low to high")
    return low, high


def _end(value: Any) -> float | None:
    if value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault('range must be two ends, each a number or "auto"')
    return value


def _label(entry: dict[str, Any], series: tuple[SeriesSpec, ...]) -> str | None:
    label = _string(entry, "label", "") or None
    if label is not None and not _METRIC.fullmatch(label):
        raise _Fault(f"label {label!r} is no name of a metric")
    if (label is None) == any("{label}" in s.name for s in series):
        raise _Fault("label and {label} in a series' name go together")
    return label


# Reading of single values: the type, and what is missing, in words.


def _known(table: Any, keys: set[str]) -> None:
    if not isinstance(table, dict):
        raise _Fault("it must be a table")
    for key in table:
        if key not in keys:
            raise _Fault(f"unknown key {key!r} (known: {', '.join(sorted(keys))})")


def _string(table: dict[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if value is None:
        raise _Fault(f"{key} is missing")
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise _Fault(f"{key} must be a text")
    return " ".join(value.split())


def _strings(table: dict[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise _Fault(f"{key} must be a list of texts")
    return tuple(value)


def _flag(table: dict[str, Any], key: str, default: bool = False) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise _Fault(f"{key} must be true or false")
    return value


def _one_of(
    table: dict[str, Any], key: str, allowed: tuple[str, ...], default: str | None = None
) -> str:
    value = _string(table, key, default)
    if value not in allowed:
        raise _Fault(f"{key} {value!r} must be one of {', '.join(a for a in allowed if a)}")
    return value


def _tables(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _Fault(f"{key} must be written as [[{key}]]")
    return value
