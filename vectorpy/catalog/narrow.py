"""Widgets of one container: what the option container makes of a wish.

Which widgets stand in a widget's place is said by its file (`narrowed`); here they
get their titles and options. Which instances are the container's is `live.cgroups`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from vectorpy.catalog.widget import SeriesSpec, Widget
from vectorpy.errors import UserError
from vectorpy.model.watch import Wish

OPTION = "container"


def forms(widget: Widget, wish: Wish, find: Callable[[str], Widget]) -> tuple[Widget, ...]:
    """The widgets that show `wish` of its container, the best first; () where it names none.

    Options of a widget that another stands for are checked, and then mean
    nothing. UserError where the widget can't be narrowed.
    """
    options = dict(wish.options)
    container = options.pop(OPTION, "").strip()
    if not container:
        if OPTION in dict(wish.options):
            raise UserError("The option container is empty.", hint="Name one, or leave it out.")
        return ()
    if not widget.narrowed:
        why = widget.whole or "It is not told apart by container."
        raise UserError(f"{widget.id} shows the whole host. {why}")
    bare = widget.instantiate(Wish(wish.id, options))
    return tuple(
        _of(*((bare, widget) if id == widget.id else (find(id),) * 2), container, wish.text)
        for id in widget.narrowed
    )


def _of(widget: Widget, plain: Widget, container: str, wish: str) -> Widget:
    """`widget` of one container; `plain` is it without options, which may add to its title."""
    name = container if len(container) <= 60 else f"…{container[-59:]}"
    title = f"{widget.title}: {name}"
    if widget.of and widget.title.startswith(plain.title):
        title = widget.of.replace("{container}", name) + widget.title[len(plain.title) :]
    series = tuple(_named(spec, name) for spec in widget.series)
    return replace(widget, title=title, series=series, container=container, wish=wish)


def _named(spec: SeriesSpec, name: str) -> SeriesSpec:
    """A series that is named by its instance alone is named by the container."""
    if spec.bare:
        return spec
    plain = name.replace("{", "(").replace("}", ")")
    return replace(spec, name=f"{plain} {{instance}}")


def faults(widgets: Iterable[Widget], known: Callable[[str], Widget | None]) -> dict[str, str]:
    """By widget, why its `narrowed` means nothing; none where all mean something."""
    found: dict[str, str] = {}
    for widget in widgets:
        for id in widget.narrowed:
            form = known(id)
            if form is None:
                found[widget.id] = f"narrowed names {id!r}, which is no widget"
            elif form.table is not None and not form.table.member:
                found[widget.id] = f"narrowed names {id!r}, a table without member"
            elif form.buckets or (form.table is None and not form.per_instance):
                found[widget.id] = f"narrowed names {id!r}, which has no instances of containers"
    return found
