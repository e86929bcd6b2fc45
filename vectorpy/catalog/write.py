"""A chart that somebody made, as a file for the folder of own widgets.

Writing TOML belongs here. What is written is read by the strict loader's reader and checked
against the host before it is given away, so that nothing is refused later that was known now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.options import CHART
from vectorpy.catalog.read import read_text
from vectorpy.catalog.widget import SeriesSpec, Widget
from vectorpy.errors import CatalogError, UnknownName, UserError
from vectorpy.model.metric import Descriptor
from vectorpy.model.watch import Wish

_GROUP = "Own"
_SHOWS = "{title}. Say here what it shows, so that others need not guess."
_NORMAL = "Say here which values are usual."
_ACTION = "Say here what to do when they are not."
_MIXED = "All its series need instances, or none; sum(), avg(), min() and max() have none."
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f]")


def widget_file(
    widget: Widget, descriptors: Mapping[str, Descriptor], id: str, catalog: Catalog
) -> str:
    """The file of a chart of any metric, as the host with these descriptors draws it.

    `id` is that of the new widget. UserError where the host can't draw all of
    it, where some of its series have instances and some have none, or where
    the id is none or taken in `catalog`.
    """
    if not widget.open:
        hint = "Charts of any metric can be saved: chart;expr=..."
        raise UserError(f"{widget.id} is a widget of the catalogue already.", hint=hint)
    _check_id(id, catalog)
    checked = widget.check(descriptors)
    if checked.reason or checked.missing:
        lacks = f"This host has no {', '.join(checked.missing)}."
        raise UserError(checked.reason or lacks)
    text = _written(checked.widget, id)
    try:
        again = read_text(text, Path(f"{id}.toml")).widgets[0].check(descriptors)
        reason = again.reason
    except CatalogError as error:
        reason = error.message
    if reason:
        raise UserError(f"This can't be a widget of the catalogue. {reason}", hint=_MIXED)
    return text


def _check_id(id: str, catalog: Catalog) -> None:
    if not _ID.fullmatch(id):
        hint = "For example disk-writes: lower case letters, digits and hyphens."
        raise UserError(f"{id[:80]!r} can't be the id of a widget.", hint=hint)
    try:
        other = catalog.resolve(id)
    except UnknownName:
        return
    raise UserError(f"The id {id} is taken by {other.title!r}.", hint="Choose another one.")


def _written(widget: Widget, id: str) -> str:
    lines = _head(widget, id)
    single = len(widget.series) == 1
    for series in widget.series:
        lines += ["", "[[widget.series]]", f"name = {quoted(_name(series, widget, single))}"]
        lines.append(f"expression = {quoted(series.expression.text)}")
    return "\n".join(lines) + "\n"


def _head(widget: Widget, id: str) -> list[str]:
    """What stands before the series. Top and the filter are those of the wish."""
    others = [kind for kind in CHART.kinds if kind not in (widget.kind, "value")]
    lines = [
        f"group = {quoted(_GROUP)}",
        "",
        "[[widget]]",
        f"id = {quoted(id)}",
        f"title = {quoted(widget.title)}",
        f"kind = {quoted(widget.kind)}",
        f"kinds = [{', '.join(quoted(kind) for kind in others)}]",
        f"unit = {quoted(widget.unit)}",
    ]
    if widget.per_instance:
        lines += ["per_instance = true", f"top = {widget.top or CHART.top}"]
        instances = Wish.parse(widget.wish).get("instances")
        lines += [f"instances = {quoted(instances)}"] if instances else []
    lines += ["recorded = false", "", "[widget.help]"]
    lines.append(f"shows = {quoted(_SHOWS.format(title=widget.title))}")
    return [*lines, f"normal = {quoted(_NORMAL)}", f"action = {quoted(_ACTION)}"]


def _name(series: SeriesSpec, widget: Widget, single: bool) -> str:
    """A template: of a chart of one expression the instance says enough."""
    if not widget.per_instance:
        return series.bare
    return "{instance}" if single else series.name


def quoted(text: str) -> str:
    """A basic string of TOML."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", plain) + '"'
