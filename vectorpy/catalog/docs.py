"""docs/widgets.md, made from the catalogue, so that it can't be wrong.

python -m vectorpy.catalog.docs > docs/widgets.md
"""

from __future__ import annotations

import re
import sys
from itertools import groupby

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.loader import load
from vectorpy.catalog.table import Columns, ColumnSpec
from vectorpy.catalog.widget import SeriesSpec, Widget

_HEAD = """\
# Widgets and presets

This text is made from the catalogue (`vectorpy/catalog/*.toml`) by
`python -m vectorpy.catalog.docs > docs/widgets.md`; change it there.

A wish is the id of a widget, with options where wanted: `w=disk-latency;instances=sd*`. Expressions
see canonical units (bytes, seconds, ones) and counters as rates per second. Series that a host
lacks are left out where they are optional, are reference lines (*limit*) or numbers beside the
title (*readout*); a widget that lacks any other says why it can't be drawn. *rest* fills a stack up
to its whole; a *mark* is an event at each second in which it is above zero.

Every widget that has instances takes `instances` (globs such as `sd*,!sda`, or `/regex/`) and `top`
(how many to show, busiest first; the number of the table unless told). No instance is hidden for
its name: loopback interfaces and loop devices are shown where they are among the busiest. Widgets
with several series take `series` (names or globs, separated by commas: `cpu;series=sys,user`).
`kind` is an option where more than one is named. In expressions, `min(a, b)` and `max(a, b)` take
the lesser or the greater for each instance.
"""

_OWN = """\
## Widgets of your own

Files ending in `.toml` in the folder that the setting `catalog_dir` names are read with the same
strict rules as our own, and again when they change: [own-widgets.md](own-widgets.md). Ids and
aliases must not be taken already.

```toml
group = "Own"

[[widget]]
id = "dirty-share"
title = "Memory to be written"
kind = "line"                  # line, stacked, heatmap, table or value
unit = "%"                     # % B B/s s /s count 1
range = [0, 100]               # or "auto" for an end
requires = ["linux"]           # PCP agents that bring the metrics

[widget.help]
shows = "Changed file data that is not on the disk yet, of all memory."
normal = "Below 10 %."
action = "See disk-throughput: programs write faster than the disk."

[[widget.series]]
name = "dirty"                 # with {instance} in widgets that have per_instance = true
expression = "100 * mem.util.dirty / mem.physmem"

[[preset]]
id = "own"
title = "Our own"
help = "What we look at first."
widgets = ["cpu", "dirty-share", "disk-latency;instances=sd*"]
```

More keys of a widget: `aliases`, `kinds` (other ways to draw it), `per_instance`, `top`, `label` (a
text metric that names the instances, for `{label}` in names), `recorded` (false: polled only while
drawn), `needs` (a sentence: what brings the metrics), `where` (parts of expressions by name, used
as `{name}`), `instances` (a filter), `choice` (an option whose values stand as `when` with series).
A table `[alias]` gives names to wishes. More keys of a series: `role` (limit, rest, readout, mark;
idle or apart, which the head's number of a whole leaves out), `unit` (of a readout), `optional`,
`otherwise` (expressions for hosts that lack a metric), `positive` (0 and below mean that there is
none). A heatmap of a metric by ranges has `buckets`, the unit of its ranges; `also` are metrics
added to it by range. A live table has `row`, `sort`, `spark`, and each `[[widget.column]]` an `id`,
`title`, `unit`, and `expression` or `text` (a metric of strings). What a widget shows of one
container (`narrowed`, `of`, `single`, `whole`, `member`, `picks`) tells
[own-widgets.md](own-widgets.md).
"""


def page(catalog: Catalog) -> str:
    """The whole text of docs/widgets.md."""
    parts = [_HEAD]
    for group, widgets in groupby(catalog.widgets.values(), key=lambda widget: widget.group):
        parts.append(f"## {group}\n")
        parts.extend(_widget(widget) for widget in widgets)
    parts.append("## Presets\n\n| id | title | widgets |\n| --- | --- | --- |")
    for preset in catalog.presets.values():
        widgets_ = ", ".join(f"`{text}`" for text in preset.widgets)
        ids = ", ".join(f"`{id}`" for id in (preset.id, *preset.aliases))
        parts.append(f"| {ids} | {preset.title} {preset.help} | {widgets_} |")
    parts.append(f"\n`{catalog.default}` is shown where none is asked for.\n")
    parts.append("## Names of wishes\n\n| name | means |\n| --- | --- |")
    parts.extend(f"| `{name}` | `{wish}` |" for name, wish in catalog.aliases.items())
    parts.append("")
    return "\n".join([*parts, _OWN])


def _plain(text: str) -> str:
    """A text for people, with the signs that Markdown would take for its own."""
    return re.sub(r"([*_<])", r"\\\1", text)


def _widget(widget: Widget) -> str:
    facts = [" or ".join(widget.kinds), f"unit {widget.unit}" if widget.unit else "any unit"]
    if widget.top:
        facts.append(f"top {widget.top}")
    if not widget.recorded:
        facts.append("polled only while drawn")
    shows, normal, action = (_plain(text) for text in widget.help)
    lines = [f"### `{widget.id}`: {widget.title}\n", f"{', '.join(facts)}. {shows}\n"]
    lines += [f"*Normal:* {normal}\n", f"*When not:* {action}\n"]
    if widget.needs:
        lines.append(f"*Needs:* {_plain(widget.needs)}\n")
    if widget.open:
        options = [f"`{option.name}` ({option.help.rstrip('.')})" for option in widget.options]
        lines.append(f"*Options:* {', '.join(options)}.\n")
    if widget.choice is not None:
        values = ", ".join(f"`{value}`" for value in widget.choice.values)
        lines.append(f"*Option* `{widget.choice.name}`: {values}. {widget.choice.help}\n")
    if widget.part is not None:
        lines.append(f"*Option* `{widget.part.name}`: {widget.part.help}\n")
    if widget.table is not None:
        lines.append(f"| column | from |\n| --- | --- |\n| {widget.table.row} | the row's name |")
        lines += [_column(column, widget.table) for column in widget.table.columns]
        lines.append("")
    if widget.series:
        lines.append("| series | expression |\n| --- | --- |")
        lines += [_series(series, widget) for series in widget.series]
        lines.append("")
        lines += [f"*{name}* is `{text}`.\n" for name, text in widget.where]
    if widget.narrowed and widget.narrowed != (widget.id,):
        stands = ", else ".join(f"`{id}`" for id in widget.narrowed)
        lines.append(f"*Of one container:* {stands}.\n")
    elif widget.narrowed:
        lines.append("*Of one container:* the same, of that one alone.\n")
    if widget.aliases:
        lines.append(f"*Also called* {', '.join(f'`{alias}`' for alias in widget.aliases)}.\n")
    return "\n".join(lines)


def _column(column: ColumnSpec, table: Columns) -> str:
    marks = ["sort"] if column.id == table.sort else []
    marks += [mark for mark in (column.unit, "optional" if column.optional else "") if mark]
    marks += ["sparkline"] if column.id == table.spark else []
    texts = [s if isinstance(s, str) else s.text for s in column.sources]
    shown = ", else ".join(f"`{text}`" for text in texts if text)
    return f"| {column.title} `{column.id}` (*{', '.join(marks) or 'text'}*) | {shown} |"


def _series(series: SeriesSpec, widget: Widget) -> str:
    given = (series.when, series.role, "optional" if series.optional else "")
    marks = [mark for mark in given if mark]
    if series.role in ("readout", "mark"):
        marks.append(series.unit)
    name = f"{series.name} (*{', '.join(marks)}*)" if marks else series.name
    added = [f"{e.text} (by range)" for e in series.also]
    first = " + ".join([series.expression.text, *added])
    texts = ", else ".join(f"`{text}`" for text in (first, *(e.text for e in series.otherwise)))
    for part, text in widget.where:
        texts = texts.replace(f"({text})", part)
    return f"| {name} | {texts} |"


if __name__ == "__main__":
    sys.stdout.write(page(load()))
