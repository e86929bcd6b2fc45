"""Arithmetic on columns of points, for one row as for thousands.

Only the arithmetic of `expression` belongs here. A cell is a number, NaN for
null, or None where the instance did not exist (ring.Window). Whole columns are
tried at once; cell by cell only where that fails.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

Cell = float | None
Column = list[Cell]
# Columns by instance name; a singular result has the one name "".
Columns = dict[str, Column]
Operand = float | Columns

NAN = math.nan
_INFINITE = (math.inf, -math.inf)


def _divide(x: float, y: float) -> float:
    return x / y if y else NAN


_FAST: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_SLOW = {**_FAST, "/": _divide}


def binary(op: str, a: Operand, b: Operand) -> Operand:
    """`a op b`, joined by instance name, where a singular operand joins with every instance.

    Instances that only one side has are left out. Null (NaN) and what does not
    exist (None) stay so; division by zero and infinite results are null.
    """
    if not isinstance(a, dict):
        if not isinstance(b, dict):
            return _cells(op, [a], [b])[0] or 0.0
        a = {"": [a] * _rows(b)}
    elif not isinstance(b, dict):
        b = {"": [b] * _rows(a)}
    if "" in b:
        single = b[""]
        return {name: _cells(op, column, single) for name, column in a.items()}
    if "" in a:
        single = a[""]
        return {name: _cells(op, single, column) for name, column in b.items()}
    return {name: _cells(op, column, b[name]) for name, column in a.items() if name in b}


def either(word: str, a: Operand, b: Operand) -> Operand:
    """min or max of both, by instance name; where one side has no such instance, the other.

    A singular operand joins with every instance of the other; null on a side makes null.
    """
    if not isinstance(a, dict):
        if not isinstance(b, dict):
            return min(a, b) if word == "min" else max(a, b)
        a = {"": [a] * _rows(b)} if b else {}
    elif not isinstance(b, dict):
        b = {"": [b] * _rows(a)} if a else {}
    names = {*a, *b} - {""} or {*a, *b}
    found: Columns = {}
    for name in sorted(names):
        pair = [c for c in (a.get(name, a.get("")), b.get(name, b.get(""))) if c is not None]
        found[name] = [_ROWS[word](row) for row in zip(*pair, strict=True)]
    return found


def _rows(columns: Columns) -> int:
    for column in columns.values():
        return len(column)
    return 0


def _cells(op: str, a: Column, b: Column) -> Column:
    fast = _FAST[op]
    try:
        if len(a) == 1:  # a tick
            cell = fast(a[0], b[0])  # type: ignore[arg-type]
            return [cell if cell - cell == 0.0 else NAN]
        cells: Column = [*map(fast, a, b)]  # type: ignore[arg-type]
        total = sum(cells)  # type: ignore[arg-type]
        if total - total == 0.0:
            return cells
    except (TypeError, ZeroDivisionError):
        slow = _SLOW[op]
        cells = [None if x is None or y is None else slow(x, y) for x, y in zip(a, b, strict=True)]
    return [NAN if x in _INFINITE else x for x in cells]


def negative(a: Operand) -> Operand:
    """`-a`."""
    return binary("-", 0.0, a)


def aggregate(word: str, a: Operand) -> Operand:
    """sum, avg, min or max over the instances that exist; one null among them makes null.

    No series at all gives none, never zero.
    """
    if not isinstance(a, dict):
        return a
    if not a:
        return {}
    return {"": [_ROWS[word](row) for row in zip(*a.values(), strict=True)]}


def _row(fold: Callable[[Sequence[float]], float]) -> Callable[[Sequence[Cell]], Cell]:
    """`fold` of a row's numbers: NaN where one is null, None where nothing exists."""

    def folded(row: Sequence[Cell]) -> Cell:
        there = [x for x in row if x is not None] if None in row else row
        if not there:
            return None
        total: float = sum(there)  # type: ignore[arg-type]
        return fold(there) if total == total else NAN  # type: ignore[arg-type]

    return folded


def _mean(row: Sequence[float]) -> float:
    return sum(row) / len(row)


def _total(row: Sequence[float]) -> float:
    total = sum(row)
    return total if math.isfinite(total) else NAN


_ROWS = {"sum": _row(_total), "avg": _row(_mean), "min": _row(min), "max": _row(max)}


def finished(column: Column) -> Column:
    """The column as it travels: None for every gap, of either kind."""
    try:
        total = sum(column) if len(column) > 1 else column[0]  # type: ignore[arg-type]
        if total - total == 0.0:  # type: ignore[operator]
            return column
    except (TypeError, IndexError):
        pass
    return [None if x is None or x - x != 0.0 else x for x in column]


def mean(column: Column) -> float:
    """Mean of the numbers of a column, minus infinity where it has none; for ranking."""
    there = [x for x in column if x is not None and x - x == 0.0]
    return sum(there) / len(there) if there else -math.inf
