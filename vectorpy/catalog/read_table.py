"""A live table's columns as a TOML file has them, strictly; see `read`."""

from __future__ import annotations

import re
from typing import Any

from vectorpy.catalog.table import ID_UNIT, TIME_UNIT, Columns, ColumnSpec
from vectorpy.errors import UserError
from vectorpy.model import expression, units
from vectorpy.model.expression import Expression
from vectorpy.model.fields import Fault, flag, known, string, strings, tables

TABLE_KEYS = {"row", "sort", "spark", "identity", "refused", "column", "member", "picks"}
_KEYS = {"id", "title", "unit", "expression", "text", "otherwise", "optional", "help", "wide"}
_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_COLUMNS = 40
# Stands for what an agent has not.
_NOTHING = "-"


def read_columns(entry: dict[str, Any]) -> Columns | None:
    """The columns of a widget's table, None where it has none; Fault where they are wrong."""
    rows = tables(entry, "column")
    if not rows:
        for key in TABLE_KEYS - {"column"}:
            if key in entry:
                raise Fault(f"{key} is for tables, and there is no [[widget.column]]")
        return None
    if len(rows) > _MAX_COLUMNS:
        raise Fault(f"a table has at most {_MAX_COLUMNS} columns")
    columns = tuple(_column(row) for row in rows)
    ids = [column.id for column in columns]
    if len(set(ids)) < len(ids):
        raise Fault("two columns have the same id")
    table = Columns(
        string(entry, "row"),
        columns,
        string(entry, "sort"),
        string(entry, "spark", ""),
        identity=string(entry, "identity", ""),
        refused=string(entry, "refused", ""),
        member=string(entry, "member", ""),
        picks=flag(entry, "picks"),
    )
    if table.sort not in table.ranking:
        raise Fault(f"sort must be one of {', '.join(table.ranking)}")
    if table.spark and table.spark not in table.ranking:
        raise Fault(f"spark must be one of {', '.join(table.ranking)}")
    return table


def _column(entry: dict[str, Any]) -> ColumnSpec:
    known(entry, _KEYS)
    id = string(entry, "id")
    try:
        if not _ID.fullmatch(id):
            raise Fault("an id has lower case letters, digits and underscores only")
        text, formula = string(entry, "text", ""), string(entry, "expression", "")
        if bool(text) == bool(formula):
            raise Fault("it has either an expression or a text")
        unit = string(entry, "unit", "")
        if text and unit:
            raise Fault("a text has no unit")
        known_units = (*units.ANSWERS, ID_UNIT, TIME_UNIT)
        if formula and unit not in known_units:
            raise Fault(f"unit {unit!r} must be one of {', '.join(known_units)}")
        return ColumnSpec(
            id=id,
            title=string(entry, "title"),
            unit=unit,
            expression=expression.parse(formula) if formula not in ("", _NOTHING) else None,
            text=text if text != _NOTHING else "",
            otherwise=tuple(_source(t, bool(text)) for t in strings(entry, "otherwise")),
            optional=flag(entry, "optional"),
            help=string(entry, "help", ""),
            wide=flag(entry, "wide"),
        )
    except (Fault, UserError) as error:
        raise Fault(f"the column {id!r}: {error}") from None


def _source(text: str, plain: bool) -> Expression | str:
    """An alternative; "" where that agent has nothing for the column."""
    if text == _NOTHING:
        return ""
    return text if plain else expression.parse(text)
