"""Expressions on the newest points alone, as plain arithmetic: most ticks need no more.

Only what is quick belongs here. Whatever is not plain (a gap, an instance that is
not there, a division by zero, an overflow) raises one of `UNUSUAL`, and then
`expression` says what the value is. So there is one meaning, and this is no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from vectorpy.model.expression import Expression, Node
from vectorpy.model.rates import Point

Latest = Mapping[str, Mapping[str, Point]]
# The value of one instance; "" where all metrics are singular.
Run = Callable[[Latest, str], float]
UNUSUAL = (KeyError, TypeError, ValueError, ArithmeticError)

_FOLDS: dict[str, Callable[[Any], float]] = {"sum": sum, "min": min, "max": max}


def compiled(expression: Expression) -> Run | None:
    """The expression as a function of newest points; None where it has parts that are not quick.

    Of `top(n, e)` it gives the value of e. The function gives a finite number or
    raises one of UNUSUAL. Instance filters are not applied: aggregates over
    instances are not for widgets that have one.
    """
    root = expression.root
    run = _node(root.parts[0] if expression.top is not None else root)
    if run is None:
        return None
    inner = run

    def finite(latest: Latest, instance: str) -> float:
        x = inner(latest, instance)
        if x - x != 0.0:
            raise ValueError("not finite")
        return x

    return finite


def aggregates(expression: Expression) -> bool:
    """Whether some part of it is over instances."""
    return any(node.kind in _FOLDS or node.kind == "avg" for node in expression.root.walk())


def _node(node: Node) -> Run | None:
    if node.kind == "number":
        number = node.number
        return lambda latest, instance: number
    if node.kind == "metric":
        return _metric(node.word)
    names = _chain(node)
    if len(names) > 2:
        return _total(names)
    if node.kind in ("sum", "min", "max", "avg"):
        return _fold(node)
    parts = [_node(part) for part in node.parts]
    runs = [part for part in parts if part is not None]
    if len(runs) < len(parts):
        return None
    if node.kind == "negative":
        a = runs[0]
        return lambda latest, instance: 0.0 - a(latest, instance)
    return _binary(node.word, *runs) if node.kind == "binary" else None


def _chain(node: Node) -> tuple[str, ...]:
    """The metrics of `a + b + c`, in their order; none where it is anything else."""
    if node.kind == "metric":
        return (node.word,)
    if node.kind != "binary" or node.word != "+" or node.parts[1].kind != "metric":
        return ()
    before = _chain(node.parts[0])
    return (*before, node.parts[1].word) if before else ()


@lru_cache(maxsize=1024)
def _total(names: tuple[str, ...]) -> Run:
    """The sum of some metrics, added from the left.

    Many series are parts of the same sum (the modes of a CPU): it is made once
    for all of them, and its last value is kept with what that was made of.
    """
    kept: tuple[Latest | None, str, float] = (None, "", 0.0)

    def total(latest: Latest, instance: str) -> float:
        nonlocal kept
        points, of, value = kept  # read at once: hosts' threads share this
        if points is latest and of == instance:
            return value
        found: Any = 0.0
        for name in names:
            row = latest[name]
            found += row[instance] if instance in row else row[""]
        kept = (latest, instance, found)
        return found  # type: ignore[no-any-return]

    return total


def _metric(name: str) -> Run:
    def point(latest: Latest, instance: str) -> Any:
        points = latest[name]
        # A singular metric goes with every instance.
        return points[instance] if instance in points else points[""]

    return point


def _fold(node: Node) -> Run | None:
    """An aggregate over the instances of one metric."""
    if len(node.parts) != 1 or node.parts[0].kind != "metric":
        return None
    name, fold = node.parts[0].word, _FOLDS.get(node.kind)

    def folded(latest: Latest, instance: str) -> Any:
        points: Any = latest[name].values()
        if not points:
            raise KeyError(name)
        return fold(points) if fold else sum(points) / len(points)

    return folded


def _binary(sign: str, a: Run, b: Run) -> Run:
    if sign == "+":
        return lambda latest, instance: a(latest, instance) + b(latest, instance)
    if sign == "-":
        return lambda latest, instance: a(latest, instance) - b(latest, instance)
    if sign == "*":
        return lambda latest, instance: a(latest, instance) * b(latest, instance)

    def quotient(latest: Latest, instance: str) -> float:
        x = a(latest, instance)
        found = x / b(latest, instance)
        if found == 0.0 and x != 0.0:
            raise OverflowError("divided by what is no number, or the result is too small")
        return found

    return quotient
