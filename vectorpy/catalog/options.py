"""Options of a wish: what each widget allows, and what they change.

Reading the wish's text is `model.watch`'s; only the meaning of options is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase

from vectorpy.catalog.pick import instance_filter, part_filter, text_filter
from vectorpy.catalog.table import Columns
from vectorpy.catalog.widget import SPARE, Help, Option, SeriesSpec, Widget
from vectorpy.errors import UserError
from vectorpy.model import expression, units
from vectorpy.model.watch import Wish

MAX_TOP = 50
MAX_ROWS, DEFAULT_ROWS = 200, 50
MAX_EXPRESSIONS = 20
MAX_FIND = 100
# Words that people type for a kind.
_KIND_WORDS = {"lines": "line", "stack": "stacked"}

_INSTANCES = Option("instances", "Show these instances only: globs (sd*,!sda) or /regex/.")
_FIND = Option("find", "Show rows that have this in a text: a word, or a glob (nginx*).")
_TOP = Option("top", f"How many instances to show, busiest first: 1 to {MAX_TOP}.")


def offered(
    per_instance: bool,
    kinds: tuple[str, ...],
    choice: Option | None = None,
    part: Option | None = None,
    series: tuple[SeriesSpec, ...] = (),
) -> tuple[Option, ...]:
    """The options of a widget of the catalogue."""
    options: list[Option] = [_INSTANCES, _TOP] if per_instance else []
    if len(kinds) > 1:
        options.append(Option("kind", "How to draw it.", kinds))
    names = _drawn_names(series)
    if len(names) > 1:
        options.append(Option("series", f"Show these only, by name or glob: {', '.join(names)}."))
    return (*options, *(option for option in (choice, part) if option is not None))


def _drawn_names(series: tuple[SeriesSpec, ...]) -> tuple[str, ...]:
    """Names that the option series knows: those of series that are drawn as such."""
    return tuple(dict.fromkeys(s.bare for s in series if s.role not in SPARE and s.bare))


def offered_by_table(table: Columns, part: Option | None = None) -> tuple[Option, ...]:
    """The options of a live table."""
    rows = Option("top", f"How many rows to show: 1 to {MAX_ROWS}.")
    sort = Option("sort", "Which column chooses the rows, highest first.", table.ranking)
    some = [part] if part is not None else []
    if any(column.expression is None for column in table.columns):
        some.append(_FIND)
    return (_INSTANCES, rows, sort, *some)


def apply(widget: Widget, wish: Wish) -> Widget:
    """`widget` with the options of `wish`; UserError for unknown options and bad values."""
    known = {option.name for option in widget.options}
    for key, _ in wish.options:
        if key not in known:
            raise UserError(
                f"The widget {widget.id} has no option {key}.",
                hint=f"It has: {', '.join(sorted(known)) or 'none'}.",
            )
    changed = replace(widget, wish=wish.text)
    for key, value in wish.options:
        changed = _change(changed, key)(changed, value)
    if widget.open and not changed.series:
        raise UserError("A chart needs the option expr.", hint="For example chart;expr=mem.freemem")
    return changed


def _change(widget: Widget, key: str) -> Callable[[Widget, str], Widget]:
    if widget.choice is not None and key == widget.choice.name:
        return _choose
    if widget.part is not None and key == widget.part.name:
        return _only
    return _CHANGES[key]


def _choose(widget: Widget, value: str) -> Widget:
    assert widget.choice is not None
    if value not in widget.choice.values:
        raise UserError(
            f"{widget.choice.name} of {widget.id} is one of "
            f"{', '.join(widget.choice.values)}, not {value[:20]!r}."
        )
    return replace(widget, chosen=value, title=f"{widget.title}: {value}")


def _only(widget: Widget, value: str) -> Widget:
    only, keep = part_filter(value), widget.keep
    title = f"{widget.title}: {value}"
    if keep is None:
        return replace(widget, keep=only, title=title)
    return replace(widget, keep=lambda name: only(name) and keep(name), title=title)


def _instances(widget: Widget, value: str) -> Widget:
    found, keep = instance_filter(value), widget.keep
    if keep is None:
        return replace(widget, keep=found)
    return replace(widget, keep=lambda name: found(name) and keep(name))


def _top(widget: Widget, value: str) -> Widget:
    most = MAX_TOP if widget.table is None else MAX_ROWS
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= most):
        raise UserError(f"The option top is 1 to {most}, not {value[:20]!r}.")
    return replace(widget, top=int(value))


def _sort(widget: Widget, value: str) -> Widget:
    table = widget.table
    if table is None or value not in table.ranking:
        names = ", ".join(table.ranking) if table else "none"
        raise UserError(f"{widget.id} is sorted by one of {names}, not by {value[:20]!r}.")
    title = f"{widget.title} by {table.column(value).title}"
    return replace(widget, table=replace(table, sort=value), title=title)


def _find(widget: Widget, value: str) -> Widget:
    assert widget.table is not None
    if not value.strip() or len(value) > MAX_FIND:
        raise UserError(f"What is to be found has 1 to {MAX_FIND} characters.")
    found = replace(widget.table, find=text_filter(value))
    return replace(widget, table=found, title=f"{widget.title}: {value}")


def _kind(widget: Widget, value: str) -> Widget:
    kind = _KIND_WORDS.get(value, value)
    if kind not in widget.kinds:
        raise UserError(
            f"{widget.id} is drawn as {' or '.join(widget.kinds)}, not as {value[:20]!r}."
        )
    return replace(widget, kind=kind)


def _expr(widget: Widget, value: str) -> Widget:
    texts = split(value)
    if len(texts) > MAX_EXPRESSIONS:
        raise UserError(f"A chart has at most {MAX_EXPRESSIONS} expressions.")
    series = tuple(
        SeriesSpec(f"{_escaped(text)} {{instance}}", expression.parse(text), optional=True)
        for text in texts
    )
    return replace(widget, series=series, title=", ".join(texts))


def _unit(widget: Widget, value: str) -> Widget:
    if value not in units.ANSWERS:
        raise UserError(f"A unit is one of {' '.join(units.ANSWERS)}, not {value[:20]!r}.")
    return replace(widget, unit=value)


def _some_series(widget: Widget, value: str) -> Widget:
    wanted = [name.strip() for name in value.split(",") if name.strip()]
    known = _drawn_names(widget.series)
    found = [name for name in known if any(fnmatchcase(name, one) for one in wanted)]
    strangers = [one for one in wanted if not any(fnmatchcase(name, one) for name in known)]
    if strangers or not found:
        raise UserError(
            f"{widget.id} has no series {', '.join(strangers)[:80]!r}.",
            hint=f"It has: {', '.join(known)}.",
        )
    kept = tuple(s for s in widget.series if s.role in SPARE or s.bare in found)
    return replace(widget, series=kept, title=f"{widget.title}: {', '.join(found)}")


def _title(widget: Widget, value: str) -> Widget:
    return replace(widget, title=value.strip() or widget.title)


_CHANGES = {
    "instances": _instances,
    "top": _top,
    "sort": _sort,
    "find": _find,
    "kind": _kind,
    "expr": _expr,
    "unit": _unit,
    "title": _title,
    "series": _some_series,
}


def split(text: str) -> list[str]:
    """Expressions of a comma-separated list; commas within parentheses do not part them."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    parts = [part.strip() for part in parts]
    if not all(parts):
        raise UserError(f"The chart's expressions {text[:80]!r} have an empty one.")
    return parts


def _escaped(text: str) -> str:
    """An expression as part of a name template; expressions have no braces."""
    return text.replace("{", "").replace("}", "")


CHART = Widget(
    id="chart",
    title="Chart of any metric",
    group="Own",
    kind="line",
    unit="",
    help=Help(
        "Any metric of the host, or an expression over metrics; counters are shown per second.",
        "What is normal depends on the metric; its help text comes from the host.",
        "Compare it with the same time of another day, or with a host that is well.",
    ),
    series=(),
    aliases=("custom.metric", "custom-chart", "custom-table"),
    per_instance=True,
    top=8,
    range=(None, None),
    kinds=("line", "stacked", "heatmap", "value"),
    recorded=False,
    options=(
        Option(
            "expr", "Metrics or expressions, separated by commas: 8 * network.interface.in.bytes"
        ),
        _INSTANCES,
        _TOP,
        Option("unit", "Unit of the result, where the metric has none.", tuple(units.ANSWERS)),
        Option("kind", "How to draw it.", ("line", "stacked", "heatmap", "value")),
        Option("title", "Title of the chart."),
    ),
    open=True,
)
