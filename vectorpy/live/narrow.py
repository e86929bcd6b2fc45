"""A wish of one container on one host: which of its forms is drawn, from which instances.

A form (see `catalog.narrow`) is drawn by a view like any other, which sees the
host's record through `OneGroup`: there each metric has the container's values
alone, without the container's name. So history comes along, and a container that
was started anew under its name goes on in the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from vectorpy.catalog.catalog import Catalog
from vectorpy.live.cgroups import METRICS, PATH, Found, Groups
from vectorpy.live.record import Record
from vectorpy.live.view import Row, View
from vectorpy.model.rates import Point
from vectorpy.model.ring import Window
from vectorpy.model.watch import Wish

Column = list[float | None]
# How many of the known containers a sentence names.
_NAMED = 3


class _OneRing:
    """The host's ring with the container's instances: "" for the group, a disk's name for its
    part on that disk."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._found = Found("waiting")
        self._names: dict[str, list[tuple[str, str]]] = {}
        self._churn = -1

    def learn(self, found: Found) -> bool:
        """What the container is now; whether its instances are others."""
        if found.groups == self._found.groups and self._churn == self._record.churn:
            return False
        self._found, self._churn = found, self._record.churn
        self._names.clear()
        return True

    def names(self, metric: str) -> list[tuple[str, str]]:
        """Instances of a metric that are the container's, and what they are called here."""
        names = self._names.get(metric)
        if names is None:
            every = self._record.ring.instances(metric)
            found = ((one, short) for one in every if (short := self._short(one)) is not None)
            order = {g.path: n for n, g in enumerate(self._found.groups)}
            order |= {g.instance: n for n, g in enumerate(self._found.groups) if g.instance}
            names = sorted(found, key=lambda pair: order.get(pair[0].partition("::")[0], 0))
            if self._found.state != "waiting":
                self._names[metric] = names
        return names

    def _short(self, instance: str) -> str | None:
        if instance == "":
            return ""
        path, _, part = instance.partition("::")
        own = any(path == g.path or instance == g.instance for g in self._found.groups)
        return part if own else None

    # -- the face of a ring, as far as views use it ---------------------------------

    @property
    def last(self) -> int | None:
        return self._record.ring.last

    def latest(self, metric: str) -> dict[str, Point]:
        return self._record.ring.latest(metric)

    def newest(self, t: int) -> Mapping[str, Mapping[str, Point]] | None:
        latest = self._record.ring.newest(t)
        return None if latest is None else _Latest(latest, self)

    def view(self, metrics: Iterable[str], start: int, end: int, interval: int = 1) -> Window:
        names = list(metrics)
        whole = self._record.ring.view(names, start, end, interval)
        columns = {name: self._picked(name, whole.columns.get(name, {})) for name in names}
        return Window(whole.times, columns)

    def _picked(self, metric: str, columns: Mapping[str, Column]) -> dict[str, Column]:
        found: dict[str, Column] = {}
        for name, short in self.names(metric):
            column = columns.get(name)
            if column is None:
                continue
            known = found.get(short)
            found[short] = column if known is None else _joined(known, column)
        return found


class _Latest(dict[str, Mapping[str, Point]]):
    """The newest points of a host as the container's, picked as they are asked for."""

    def __init__(self, whole: Mapping[str, Mapping[str, Point]], ring: _OneRing) -> None:
        super().__init__()
        self._whole, self._ring = whole, ring

    def __missing__(self, metric: str) -> Mapping[str, Point]:
        points = self._whole[metric]
        found: dict[str, Point] = {}
        for name, short in self._ring.names(metric):
            if name in points:
                found.setdefault(short, points[name])
        self[metric] = found
        return found


def _joined(one: Column, other: Column) -> Column:
    """The first of two that has a number, row by row."""
    return [b if a is None else a for a, b in zip(one, other, strict=True)]


class OneGroup:
    """A host's record as a view of one container sees it."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.ring = _OneRing(record)
        self._churn = 0

    def learn(self, found: Found) -> None:
        """What the container is now."""
        self._churn += self.ring.learn(found)

    @property
    def churn(self) -> int:
        """Another number whenever instances of the container came or went."""
        return self._churn

    def alive(self, metrics: Iterable[str], instance: str, t: int) -> bool:
        """Whether the container has, or had, such a part: its past is drawn with its gap."""
        return any(short == instance for m in metrics for _, short in self.ring.names(m))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)


class NarrowView:
    """See the module; it has the face of `view.View`. The host's lock is held by whoever calls."""

    def __init__(
        self, wish: Wish, interval: int, catalog: Catalog, limit: int, groups: Groups
    ) -> None:
        self.wish = wish
        self.interval = interval
        forms = catalog.narrowed(wish)
        self._views = [View(wish, interval, catalog, limit, form) for form in forms]
        self._container = forms[0].container
        self._groups = groups
        self._found = Found("waiting")
        self._seen: OneGroup | None = None
        self._at = 0
        self._state: tuple[Any, ...] = ()
        self.version = 0
        self.metrics = METRICS.union(*(view.metrics for view in self._views))

    def polled(self, broad: bool) -> frozenset[str]:
        """The metrics to be fetched: of all forms, as each container may need another."""
        return naming(self._seen, broad).union(*(view.polled(broad) for view in self._views))

    def ready(self, record: Record) -> bool:
        """Whether all that it may use was sampled, or is known not to exist."""
        return record.known(self.metrics)

    def refresh(self, record: Record, t: int) -> None:
        """Find the container, and the form that it has numbers for."""
        seen = self._one(record)
        self._groups.refresh(record)
        self._found = self._groups.meant(self._container)
        seen.learn(self._found)
        for view in self._views:
            view.refresh(cast(Record, seen), t)
        self._at = next((n for n, view in enumerate(self._views) if view.draws), 0)
        told = narrow_told(self._container, self._found)
        state = (self._at, self._views[self._at].version, told["state"], told.get("known"))
        if state != self._state:
            self._state = state
            self.version += 1

    def _one(self, record: Record) -> OneGroup:
        if self._seen is None or self._seen.record is not record:
            self._seen = OneGroup(record)
        return self._seen

    @property
    def _shut(self) -> bool:
        """Nothing is drawn of what is not there: neither the host's limits."""
        return self._found.state in ("unknown", "waiting")

    def row(self, record: Record, t: int) -> Row:
        """The numbers of second `t`, one per series of the layout."""
        if self._shut:
            return []
        return self._views[self._at].row(cast(Record, self._one(record)), t)

    def columns(self, record: Record, start: int, end: int) -> list[Row]:
        """One column per series of the layout, for the rows between two seconds."""
        if self._shut:
            return []
        return self._views[self._at].columns(cast(Record, self._one(record)), start, end)

    def layout(self) -> dict[str, Any]:
        """The widget's part of a layout message, with what the container is."""
        told = self._views[self._at].layout()
        told["narrow"] = narrow_told(self._container, self._found)
        if self._shut:
            told["series"], told["total"] = [], None
        if not told["series"]:
            told["reason"] = why_none(self._container, self._found) or told["reason"]
        return told


def naming(seen: OneGroup | None, broad: bool) -> frozenset[str]:
    """The metrics by which containers are known; of our agent alone where it tells them."""
    if seen is None or broad or PATH not in seen.record.descriptors or PATH in seen.record.absent:
        return METRICS
    return frozenset(name for name in METRICS if name.startswith("vkernel."))


def narrow_told(container: str, found: Found) -> dict[str, Any]:
    """What a layout tells of the container: see `narrow` in the schema."""
    told: dict[str, Any] = {"container": container, "state": found.state}
    if found.state == "gone":
        told["since"] = found.since
    if found.state == "unknown":
        told["known"], told["total"] = list(found.known), found.total
    return told


def why_none(container: str, found: Found) -> str:
    """Why nothing is drawn, in words; "" where it is not the container's being."""
    if found.state == "waiting":
        return "This host has told no containers or control groups."
    if found.state == "gone":
        return f"{container} is not running now; it is drawn again when it is back."
    if found.state != "unknown":
        return ""
    some = ", ".join(found.known[:_NAMED])
    rest = found.total - min(_NAMED, len(found.known))
    more = f" and {rest} more" if rest > 0 else ""
    return f"There is no container {container} on this host. It has {some}{more}."


def narrow_view(
    wish: Wish, interval: int, catalog: Catalog, limit: int, groups: Groups
) -> NarrowView | None:
    """The view of a wish that names a container; None for all others, faulty ones too."""
    if not wish.get("container"):
        return None
    try:
        return NarrowView(wish, interval, catalog, limit, groups)
    except Exception:  # View tells it in words
        return None
