"""Expressions over metrics: what a widget draws, as text (docs/wire.md 3).

    expression = term {("+" | "-") term}
    term       = factor {("*" | "/") factor}
    factor     = "-" factor | number | metric.name | "(" expression ")"
               | ("sum" | "avg" | "min" | "max") "(" expression ")"
               | ("min" | "max") "(" expression "," expression ")"
               | "top" "(" number "," expression ")"        outermost only

With one part sum, avg, min and max are over instances; min and max of two parts
are the lesser or greater one for each instance, and where an instance stands on one
side only, that one. Parsing, dimensions and evaluation belong here; the arithmetic
of columns stands in `columns`. An expression sees points in canonical units, counters as rates.
There is one way to evaluate, for a tick of one row as for an hour of history.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from vectorpy.errors import UserError
from vectorpy.model import columns as arithmetic
from vectorpy.model.columns import Column, Columns, Operand
from vectorpy.model.ring import Window
from vectorpy.model.units import Dim, same

MAX_TEXT = 2000
MAX_NODES = 200
MAX_DEPTH = 40
MAX_TOP = 200
AGGREGATES = ("sum", "avg", "min", "max")
PAIRS = ("min", "max")
Keep = Callable[[str], bool]
Evaluate = Callable[[Window, Keep | None], Operand]
# Parts of so many nodes are remembered in their window: a widget's series often share one,
# such as the sum of all CPU time.
SHARED = 6

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)"
    r"|(?P<sign>[-+*/(),]))",
    re.ASCII,
)
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2}


@dataclass(frozen=True, slots=True)
class Node:
    """One part of an expression.

    `kind` is number, metric, binary, negative, an aggregate's name, or top.
    `word` is the metric's name or the sign, `number` a number's value or top's n.
    """

    kind: str
    word: str = ""
    number: float = 0.0
    parts: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True)
class Expression:
    """A parsed expression; `text` is canonical, `top` the n of `top(n, e)` or None."""

    root: Node
    text: str
    metrics: frozenset[str]
    top: int | None = None
    _inner: Node = field(init=False, repr=False, compare=False)
    _run: Evaluate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        inner = self.root if self.top is None else self.root.parts[0]
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_run", _compile(inner))

    def dim(self, dims: Mapping[str, Dim]) -> Dim:
        """Dimension of the result, from those of its metrics' points (units.point_dim).

        UserError where things of different dimension are added, or where a
        metric's dimension is not given. Counts count as plain numbers there.
        """
        return _dim(self._inner, dims)

    def indom(self, indoms: Mapping[str, str | None]) -> str | None:
        """Instance domain of the result, None for a single value.

        UserError where two domains meet that are not the same, or a metric's
        domain is not given.
        """
        return _indom(self._inner, indoms)

    def columns(
        self, window: Window, keep: Keep | None = None, members: tuple[str, ...] | None = None
    ) -> Columns:
        """One column per instance ("" for a single value), a cell per row of `window`.

        Gaps are None. `keep` says which instances of the metrics count. Of
        `top(n, e)` the `members` are shown, in their order; where None, the
        first n of the ranking of this window. {} where no metric has a series.
        """
        found = self._run(window, keep)
        if not isinstance(found, dict):
            found = {"": [found] * len(window.times)}
        if self.top is not None:
            chosen = _ranked(found)[: self.top] if members is None else members
            found = {name: found[name] for name in chosen if name in found}
        return {name: arithmetic.finished(column) for name, column in found.items()}

    def ranking(self, window: Window, keep: Keep | None = None) -> tuple[str, ...]:
        """All instances by the mean over `window`, the largest first, equal ones by name.

        A channel that shows the top n keeps its first n for ten seconds.
        """
        found = self._run(window, keep)
        return _ranked(found) if isinstance(found, dict) else ("",)


def parse(text: str) -> Expression:
    """The expression that `text` means; UserError, with the place, where it means none."""
    if len(text) > MAX_TEXT:
        raise UserError(f"An expression has at most {MAX_TEXT} characters.")
    root = _Parser(text).whole()
    nodes = list(root.walk())
    if len(nodes) > MAX_NODES:
        raise UserError(f"An expression has at most {MAX_NODES} parts.")
    if any(node.kind == "top" for node in nodes if node is not root):
        raise UserError(f"In {text!r} top(n, e) must stand outermost.")
    metrics = frozenset(node.word for node in nodes if node.kind == "metric")
    return Expression(
        root, _print(root, 0), metrics, int(root.number) if root.kind == "top" else None
    )


class _Parser:
    """Recursive descent over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        if len(self._tokens) > 2 * MAX_NODES:
            raise UserError(f"An expression has at most {MAX_NODES} parts.")
        self._next = 0
        self._depth = 0

    def _split(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        end = len(self._text.rstrip())
        while position < end:
            found = _TOKEN.match(self._text, position)
            if not found:
                blank = len(self._text[position:]) - len(self._text[position:].lstrip())
                raise self._error("this can't be read", position + blank)
            yield (
                found.lastgroup or "",
                found[found.lastgroup or 0],
                found.start(found.lastindex or 0),
            )
            position = found.end()
        yield "end", "", end

    def _error(self, words: str, position: int) -> UserError:
        return UserError(f"In the expression {self._text!r}, at character {position + 1}: {words}.")

    def _peek(self) -> str:
        kind, word, _ = self._tokens[self._next]
        return word if kind == "sign" else kind

    def _take(self) -> tuple[str, str, int]:
        token = self._tokens[self._next]
        self._next += token[0] != "end"
        return token

    def _expect(self, sign: str) -> None:
        _, word, position = self._take()
        if word != sign:
            raise self._error(f"{sign!r} is missing", position)

    def whole(self) -> Node:
        node = self._sum()
        if self._peek() != "end":
            _, word, position = self._take()
            raise self._error(f"{word!r} is not expected", position)
        return node

    def _sum(self) -> Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._chain(("*", "/"), self._factor)

    def _chain(self, signs: tuple[str, str], below: Callable[[], Node]) -> Node:
        node = below()
        while self._peek() in signs:
            sign = self._take()[1]
            node = Node("binary", sign, parts=(node, below()))
        return node

    def _factor(self) -> Node:
        self._depth += 1
        kind, word, position = self._take()
        if self._depth > MAX_DEPTH:
            raise self._error("it is nested too deeply", position)
        if word == "-":
            node = Node("negative", parts=(self._factor(),))
        elif word == "(":
            node = self._sum()
            self._expect(")")
        elif kind == "number":
            node = self._number(word, position)
        elif kind == "name" and self._peek() == "(":
            node = self._call(word, position)
        elif kind == "name":
            node = Node("metric", word)
        else:
            raise self._error(
                "a number, a metric or ( is missing"
                if kind == "end"
                else f"{word!r} is not expected",
                position,
            )
        self._depth -= 1
        return node

    def _number(self, word: str, position: int) -> Node:
        value = float(word)
        if not math.isfinite(value):
            raise self._error(f"{word} is too large", position)
        return Node("number", number=value)

    def _call(self, word: str, position: int) -> Node:
        self._expect("(")
        count = 0.0
        if word == "top":
            _, digits, at = self._take()
            if not digits.isdecimal() or not 1 <= int(digits) <= MAX_TOP:
                raise self._error(f"top takes a whole number from 1 to {MAX_TOP} first", at)
            count = float(digits)
            self._expect(",")
        elif word not in AGGREGATES:
            raise self._error(f"{word} is none of sum, avg, min, max, top", position)
        parts = [self._sum()]
        if word in PAIRS and self._peek() == ",":
            self._take()
            parts.append(self._sum())
        self._expect(")")
        return Node(word, number=count, parts=tuple(parts))


def _print(node: Node, rank: int) -> str:
    """Text with no more parentheses than needed; `rank` is that of the sign around it."""
    if node.kind == "number":
        value = node.number
        return str(int(value)) if value.is_integer() and value < 1e15 else repr(value)
    if node.kind == "metric":
        return node.word
    if node.kind == "negative":
        return f"-{_print(node.parts[0], 3)}"
    if node.kind == "binary":
        own = _RANK[node.word]
        text = f"{_print(node.parts[0], own)} {node.word} {_print(node.parts[1], own + 1)}"
        return f"({text})" if own < rank else text
    count = f"{int(node.number)}, " if node.kind == "top" else ""
    return f"{node.kind}({count}{', '.join(_print(part, 0) for part in node.parts)})"


def _dim(node: Node, dims: Mapping[str, Dim]) -> Dim:
    if node.kind == "number":
        return Dim()
    if node.kind == "metric":
        if node.word not in dims:
            raise UserError(f"The units of {node.word} are not known.")
        return dims[node.word]
    if len(node.parts) == 1:
        return _dim(node.parts[0], dims)
    a, b = (_dim(part, dims) for part in node.parts)
    if node.word == "*":
        return Dim(a.space + b.space, a.time + b.time, a.count + b.count)
    if node.word == "/":
        return Dim(a.space - b.space, a.time - b.time, a.count - b.count)
    if not same(a, b):
        verb = "adds" if node.kind == "binary" else "compares"
        raise UserError(f"{_print(node, 0)!r} {verb} things of different units.")
    return a if a.count == b.count else a._replace(count=0)


def _indom(node: Node, indoms: Mapping[str, str | None]) -> str | None:
    if node.kind == "number":
        return None
    if node.kind == "metric":
        if node.word not in indoms:
            raise UserError(f"The instances of {node.word} are not known.")
        return indoms[node.word]
    if node.kind in AGGREGATES and len(node.parts) == 1:
        _indom(node.parts[0], indoms)
        return None
    first, *rest = (_indom(part, indoms) for part in node.parts)
    for other in rest:
        if None not in (first, other) and first != other:
            raise UserError(f"{_print(node, 0)!r} joins instances of different kinds.")
        first = other if first is None else first
    return first


def _compile(node: Node, within: bool = False) -> Evaluate:
    """The node as a function of window and filter, so that ticks need not walk the tree."""
    kind, word = node.kind, node.word
    if kind == "metric":
        return lambda window, keep: _instances(window.columns.get(word, {}), keep)
    if kind == "number":
        number = node.number
        return lambda window, keep: number
    run = _operation(node, *(_compile(part, True) for part in node.parts))
    return _remembered(run, _print(node, 0)) if within and len([*node.walk()]) >= SHARED else run


def _operation(node: Node, a: Evaluate, b: Evaluate | None = None) -> Evaluate:
    kind, word = node.kind, node.word
    if b is not None:
        other, binary = b, arithmetic.binary if kind == "binary" else arithmetic.either
        word = word or kind
        return lambda window, keep: binary(word, a(window, keep), other(window, keep))
    if kind == "negative":
        return lambda window, keep: arithmetic.negative(a(window, keep))
    return lambda window, keep: arithmetic.aggregate(kind, a(window, keep))


def _remembered(run: Evaluate, text: str) -> Evaluate:
    def once(window: Window, keep: Keep | None) -> Operand:
        key = (text, keep)
        found: Operand | None = window.memo.get(key)
        if found is None:
            found = window.memo[key] = run(window, keep)
        return found

    return once


def _instances(columns: Columns, keep: Keep | None) -> Columns:
    """Those of a metric's columns that the filter keeps; a singular one has nothing to filter."""
    if keep is None or "" in columns:
        return columns
    return {name: column for name, column in columns.items() if keep(name)}


def _ranked(found: Columns) -> tuple[str, ...]:
    order: list[tuple[float, str]] = [(-arithmetic.mean(c), name) for name, c in found.items()]
    return tuple(name for _, name in sorted(order))


__all__ = ["AGGREGATES", "Column", "Columns", "Expression", "Keep", "parse"]
