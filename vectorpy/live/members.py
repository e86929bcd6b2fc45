"""The rows of a live table that are in one container; all of them where it is of none.

Which groups the container's name means is `groups`' to say, its words are `narrow`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vectorpy.catalog.widget import Widget
from vectorpy.live import cells
from vectorpy.live.cells import Cell
from vectorpy.live.cgroups import METRICS, Found, Groups
from vectorpy.live.narrow import OneGroup, naming, narrow_told, why_none
from vectorpy.live.record import Record
from vectorpy.model.cgroups import within
from vectorpy.model.sample import Sample


class Members:
    """See the module. `metrics` are those that tell containers, `member` what tells its rows."""

    def __init__(self, widget: Widget, groups: Groups) -> None:
        self._container = widget.container
        self._groups = groups
        self._found = Found("waiting")
        self._seen: OneGroup | None = None
        member = widget.table.member if widget.table is not None else ""
        self.member = frozenset([member] if self._container and member else [])
        self.metrics = METRICS | self.member if self._container else frozenset[str]()
        self._empty = False

    def polled(self, broad: bool) -> frozenset[str]:
        """Metrics of ticks that tell containers."""
        return naming(self._seen, broad) if self._container else frozenset()

    def refresh(self, record: Record) -> bool:
        """Find the container; whether what a layout says of it changed."""
        if not self._container:
            return False
        self._seen = self._seen or OneGroup(record)
        self._groups.refresh(record)
        before, self._found = self._found, self._groups.meant(self._container)
        return (before.state, before.known) != (self._found.state, self._found.known)

    def kept(self, rows: dict[str, Cell], sample: Sample) -> dict[str, Cell]:
        """Those of the rows that are in the container."""
        if not self._container:
            return rows
        paths = {group.path for group in self._found.groups}
        texts: Mapping[str, object] = cells.texts_of(sample, next(iter(self.member), ""))
        kept = {n: v for n, v in rows.items() if within(str(texts.get(n, "")), paths)}
        self._empty = bool(rows) and not kept
        return kept

    @property
    def why_none(self) -> str:
        """Why there are no rows, where the container is the reason."""
        if not self._container or not self._empty:
            return ""
        said = why_none(self._container, self._found)
        return said or f"No process is seen in {self._container} now."

    def told(self) -> dict[str, Any]:
        """What a layout says of the container; {} where it is of none."""
        return {"narrow": narrow_told(self._container, self._found)} if self._container else {}
