"""All files together: the shipped catalogue, then the user's own folder.

A fault in a shipped file is ours and stops the program (CatalogError). A fault
in a file of the user's folder leaves out that file and is told in `problems`.
Only what concerns several files is judged here; one file's form is `read`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from vectorpy.catalog import narrow
from vectorpy.catalog.catalog import Catalog, with_chart
from vectorpy.catalog.options import CHART
from vectorpy.catalog.read import Entries, read
from vectorpy.catalog.verdict import ID, verdict_widget
from vectorpy.catalog.widget import Preset, Widget
from vectorpy.errors import CatalogError, UserError
from vectorpy.model.watch import Wish

SHIPPED = Path(__file__).resolve().parent
# Groups in the order of reading; files of other names come after these, by name.
_ORDER = (
    *("cpu", "pressure", "memory", "disk", "network", "tcp", "limits", "presets"),
    *(
        "vkernel",
        "vnet",
        "containers",
        "container",
        "events",
        "cost",
        "vjvm",
        "tomcat",
        "kafka",
        "cassandra",
    ),
)


def load(own_dir: Path | None = None, shipped: Path = SHIPPED) -> Catalog:
    """The shipped catalogue and the widgets and presets of `own_dir`.

    CatalogError names file, line and reason where a shipped file is wrong;
    faults below `own_dir` stand in `Catalog.problems` and harm nothing else.
    """
    shelf = _shipped(shipped).copy()
    for path in own_files(own_dir):
        try:
            shelf.put(path, read(path))
        except CatalogError as error:
            shelf.problems.append(error.message)
    if own_dir is not None and not own_dir.is_dir():
        shelf.problems.append(f"{own_dir}: this folder for widgets of your own does not exist.")
    shelf.drop_wishes()
    widgets = with_chart(shelf.widgets.values())
    return Catalog(widgets, shelf.presets, tuple(shelf.problems), aliases=shelf.aliases)


@cache
def _shipped(folder: Path) -> _Shelf:
    """What is shipped is read once: it does not change while the program runs."""
    shelf = _Shelf()
    for path in _files(folder):
        shelf.put(path, read(path))
    shelf.check_wishes()
    return shelf


def own_files(folder: Path | None) -> list[Path]:
    """The files of the user's folder, in the order of reading; none where there is no folder."""
    return _files(folder) if folder is not None and folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    def place(path: Path) -> tuple[int, str]:
        return (_ORDER.index(path.stem) if path.stem in _ORDER else len(_ORDER), path.name)

    return sorted(folder.glob("*.toml"), key=place)


class _Shelf:
    """What was read so far; names are taken once, whether as id or as alias."""

    def __init__(self) -> None:
        self.widgets: dict[str, Widget] = {ID: verdict_widget()}
        self.presets: dict[str, Preset] = {}
        self.aliases: dict[str, str] = {}
        self.problems: list[str] = []
        # Presets and aliases that were checked: no file can change what they name.
        self._sound: frozenset[str] = frozenset()
        self._taken: dict[str, dict[str, str]] = {
            "widget": dict.fromkeys((ID, CHART.id, *CHART.aliases), "vectorpy itself"),
            "preset": {},
        }

    def copy(self) -> _Shelf:
        """Another shelf with the same entries; what is put there does not come here."""
        other = _Shelf()
        other.widgets, other.presets = dict(self.widgets), dict(self.presets)
        other.aliases, other.problems = dict(self.aliases), list(self.problems)
        other._taken = {what: dict(names) for what, names in self._taken.items()}
        other._sound = frozenset(self.presets) | frozenset(self.aliases)
        return other

    def put(self, path: Path, entries: Entries) -> None:
        """Take a file's entries, all or none; CatalogError where a name is taken already."""
        fresh: dict[str, dict[str, str]] = {"widget": {}, "preset": {}}
        both: tuple[tuple[str, tuple[Widget | Preset, ...]], ...] = (
            ("widget", entries.widgets),
            ("preset", entries.presets),
        )
        for what, items in both:
            for number, item in enumerate(items):
                place = entries.where.get((what, number), str(path))
                for name in (item.id, *item.aliases):
                    other = self._taken[what].get(name) or fresh[what].get(name)
                    if other:
                        raise CatalogError(f"{place}: the {what} {name!r} is taken by {other}.")
                    fresh[what][name] = place
        for name in entries.aliases:
            place = entries.where.get(("alias", name), str(path))
            other = self._taken["widget"].get(name) or fresh["widget"].get(name)
            if other:
                raise CatalogError(f"{place}: the alias {name!r} is taken by {other}.")
            fresh["widget"][name] = place
        for what, names in fresh.items():
            self._taken[what].update(names)
        self.widgets.update((widget.id, widget) for widget in entries.widgets)
        self.presets.update((preset.id, preset) for preset in entries.presets)
        self.aliases.update(entries.aliases)

    def check_wishes(self) -> None:
        """CatalogError for the first alias or preset that names what does not exist."""
        faults = (self._narrow_faults(), self._alias_faults(), self._preset_faults())
        for reason in [reason for found in faults for reason in found.values()]:
            raise CatalogError(reason)

    def drop_wishes(self) -> None:
        """Leave out aliases and presets that name what does not exist, and say so."""
        for id, reason in self._narrow_faults().items():
            del self.widgets[id]
            self.problems.append(reason)
        for name, reason in self._alias_faults().items():
            del self.aliases[name]
            self.problems.append(reason)
        for id, reason in self._preset_faults().items():
            del self.presets[id]
            self.problems.append(reason)

    def _narrow_faults(self) -> dict[str, str]:
        place = self._taken["widget"]
        faults = narrow.faults(self.widgets.values(), self.widgets.get)
        return {id: f"{place[id]}: the widget {id!r}: {why}." for id, why in faults.items()}

    def _alias_faults(self) -> dict[str, str]:
        catalog = Catalog(with_chart(self.widgets.values()), {})
        place = self._taken["widget"]
        faults = {
            name: _fault(catalog, [text])
            for name, text in self.aliases.items()
            if name not in self._sound
        }
        return {n: f"{place[n]}: the alias {n!r}: {fault}" for n, fault in faults.items() if fault}

    def _preset_faults(self) -> dict[str, str]:
        catalog = Catalog(with_chart(self.widgets.values()), {}, aliases=self.aliases)
        place = self._taken["preset"]
        fresh = [preset for preset in self.presets.values() if preset.id not in self._sound]
        faults = {preset.id: _fault(catalog, preset.widgets) for preset in fresh}
        return {i: f"{place[i]}: the preset {i!r}: {fault}" for i, fault in faults.items() if fault}


def _fault(catalog: Catalog, wishes: Iterable[str]) -> str:
    """Why one of the wishes means nothing; "" where all mean something."""
    for text in wishes:
        try:
            catalog.instantiate(Wish.parse(text))
        except UserError as error:
            return str(error)
    return ""
