"""The catalogue: all widgets and presets, and what they are called.

Look-up belongs here; reading files is `loader`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from vectorpy.catalog import narrow
from vectorpy.catalog.options import CHART
from vectorpy.catalog.widget import Preset, Widget
from vectorpy.errors import UnknownName
from vectorpy.model.watch import Wish

DEFAULT = "triage"


@dataclass(frozen=True)
class Catalog:
    """Widgets and presets by id, in the order of their files.

    `problems` are sentences about files of the user's own folder that were
    left out. The widget `chart` (any metric) is always among the widgets.
    `aliases` are names of wishes: `cpu-utilization-sys` is `cpu;series=sys`.
    """

    widgets: Mapping[str, Widget]
    presets: Mapping[str, Preset]
    problems: tuple[str, ...] = ()
    default: str = DEFAULT
    aliases: Mapping[str, str] = field(default_factory=dict)
    _widget_ids: Mapping[str, str] = field(init=False, repr=False)
    _preset_ids: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_widget_ids", _names(self.widgets.values()))
        object.__setattr__(self, "_preset_ids", _names(self.presets.values()))

    def take(self, other: Catalog) -> frozenset[str]:
        """Become `other`, for all who hold this one; the names of widgets that mean another now.

        Threads that read meanwhile may miss a name for a moment; who keeps a
        widget looks again where its name is among those returned.
        """
        before, after = self._meanings(), other._meanings()
        for name in ("widgets", "presets", "aliases", "problems", "_widget_ids", "_preset_ids"):
            object.__setattr__(self, name, getattr(other, name))
        names = before.keys() | after.keys()
        return frozenset(name for name in names if before.get(name) != after.get(name))

    def _meanings(self) -> dict[str, tuple[Widget | None, str]]:
        """Widget, and wish where it stands for one, by name."""
        found: dict[str, tuple[Widget | None, str]] = {
            name: (self.widgets[id], "") for name, id in self._widget_ids.items()
        }
        for name, wish in self.aliases.items():
            found[name] = (self.resolve(name), wish)
        return found

    def resolve(self, id: str) -> Widget:
        """The widget of that id or alias; UnknownName where there is none.

        Of a name that stands for a wish, the widget without the wish's options.
        """
        if id in self.aliases:
            id = Wish.parse(self.aliases[id]).id
        try:
            return self.widgets[self._widget_ids[id]]
        except KeyError:
            raise _unknown("widget", id, [*self._widget_ids, *self.aliases]) from None

    def preset(self, id: str) -> Preset:
        """The preset of that id or alias; UnknownName where there is none."""
        try:
            return self.presets[self._preset_ids[id]]
        except KeyError:
            raise _unknown("preset", id, self._preset_ids) from None

    def instantiate(self, wish: Wish) -> Widget:
        """The widget that a wish means, with its options; UnknownName or UserError."""
        meant = self._meant(wish)
        forms = narrow.forms(self.resolve(wish.id), meant, self.resolve)
        return forms[0] if forms else self.resolve(wish.id).instantiate(meant)

    def narrowed(self, wish: Wish) -> tuple[Widget, ...]:
        """What a wish with a container means: the widgets that stand for it, the best first.

        () where the wish has no container; UnknownName or UserError as `instantiate`.
        """
        return narrow.forms(self.resolve(wish.id), self._meant(wish), self.resolve)

    def _meant(self, wish: Wish) -> Wish:
        """The wish itself, or the one that its name stands for with its options over those."""
        if wish.id not in self.aliases:
            return wish
        meant = Wish.parse(self.aliases[wish.id])
        return Wish(meant.id, {**dict(meant.options), **dict(wish.options)})

    def recorded_widgets(self, presets: Iterable[str]) -> tuple[Widget, ...]:
        """The widgets of these presets that are polled on every watched host, drawn or not.

        Those whose metrics are dear to read are left out. UnknownName for an unknown preset.
        """
        found: dict[str, Widget] = {}
        for id in presets:
            for text in self.preset(id).widgets:
                widget = self.instantiate(Wish.parse(text))
                if widget.recorded:
                    found[widget.wish] = widget
        return tuple(found.values())

    def recorded(self, presets: Iterable[str]) -> frozenset[str]:
        """All metrics of the recorded widgets, alternatives for older hosts among them.

        Narrower for one host: the metrics of each recorded widget's `check(..).widget`.
        """
        return frozenset().union(*(widget.metrics for widget in self.recorded_widgets(presets)))

    @property
    def histograms(self) -> frozenset[str]:
        """Metrics whose instances are ranges, by the widgets that draw them so."""
        return frozenset(
            name
            for widget in self.widgets.values()
            if widget.buckets
            for series in widget.series
            for name in series.metrics
        )

    def page(self) -> dict[str, Any]:
        """Plain data: `widgets` and `presets` of docs/wire.md 6, and the `default` preset."""
        return {
            "widgets": [widget.page() for widget in self.widgets.values()],
            "presets": [preset.page() for preset in self.presets.values()],
            "aliases": dict(self.aliases),
            "default": self.default,
        }


def _names(items: Iterable[Widget | Preset]) -> dict[str, str]:
    """Id by id and by alias."""
    return {name: item.id for item in items for name in (item.id, *item.aliases)}


def _unknown(what: str, id: str, known: Iterable[str]) -> UnknownName:
    """The error for a name that does not exist, with the nearest one that does."""
    near = get_close_matches(id[:80], known, n=1)
    hint = f"Did you mean {near[0]}?" if near else None
    return UnknownName(f"There is no {what} {id[:80]!r} here.", hint=hint)


def with_chart(widgets: Iterable[Widget]) -> dict[str, Widget]:
    """Widgets by id, with the chart of any metric at the end."""
    return {widget.id: widget for widget in (*widgets, CHART)}
