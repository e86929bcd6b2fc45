"""Snapshots: what probes read, laid out as a fetch wants it.

Only the layout: types are checked here, caps kept, ids given. Nothing of PCP's
library is named; a fetch does two look-ups in what is made here.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable, Dict, Hashable, List, Mapping, NamedTuple, Optional, Tuple, Union

import vinst
import vtable

STRING_BYTES = 4096
FLOAT_MAX = 3.4e38  # of a 32-bit float; what is above would become infinite
Value = Union[int, float, str, None]
Values = Mapping[str, Union[Value, Dict[Any, Any]]]


class Reading(NamedTuple):
    """What one probe read.

    `values`: metric's name without the agent's -> value (domain ALL), or
    instance key -> value. None is no value. Keys in order of importance: those
    above the domain's cap are left out. `names`: domain's name -> key -> the
    instance's name, for keys that do not name themselves. `note` is added to
    the probe's status.
    """

    values: Values
    names: Mapping[str, Mapping[Hashable, str]] = {}
    note: str = ""


class Snapshot(NamedTuple):
    """Values by metric's key and instance id, and the instances of every domain."""

    values: Dict[int, Dict[int, Any]]
    indoms: Dict[int, vinst.Pairs]
    instances: int
    truncated: int
    faults: int  # values refused: wrong type, out of range, unknown metric


EMPTY = Snapshot({}, {}, 0, 0, 0)


# Lowest and highest of the whole numbers.
RANGES: Dict[str, Tuple[int, int]] = {
    vtable.U32: (0, (1 << 32) - 1),
    vtable.U64: (0, (1 << 64) - 1),
    vtable.I32: (-(1 << 31), (1 << 31) - 1),
    vtable.I64: (-(1 << 63), (1 << 63) - 1),
}


def _real(value: Any) -> Optional[float]:
    number = float(value)
    return number if math.isfinite(number) else None


def _single(value: Any) -> Optional[float]:
    number = float(value)
    return number if abs(number) <= FLOAT_MAX else None


@functools.lru_cache(maxsize=1024)
def _text(value: Any) -> Optional[str]:
    """Printable and short: NUL breaks PCP's C side, control characters a terminal."""
    if not isinstance(value, str):
        return None
    if not value.isprintable():
        value = "".join(c if c.isprintable() else "_" for c in value)
    return str(value.encode("utf-8", "replace")[:STRING_BYTES], "utf-8", "ignore")


CHECKS: Dict[str, Callable[[Any], Any]] = {
    vtable.FLOAT: _single,
    vtable.DOUBLE: _real,
    vtable.STRING: _text,
}


Cells = Tuple[Dict[int, Any], int]


class Assembler:
    """Makes snapshots; it remembers the instances' ids from one to the next."""

    def __init__(self, table: vtable.Table, keep: float = 300.0) -> None:
        self.table = table
        self._registries = {
            serial: vinst.Instances(indom.cap, keep) for serial, indom in table.indoms.items()
        }
        # What was made last, to be taken again where nothing has changed.
        self._ids: Dict[int, Dict[Hashable, int]] = {}
        self._named: Dict[int, Tuple[Mapping[Hashable, str], vinst.Pairs]] = {}
        self._cells: Dict[str, Tuple[Mapping[Hashable, Value], Cells]] = {}

    def snapshot(self, readings: List[Reading], now: float) -> Snapshot:
        """All readings in one; of two values of one metric and instance the later counts."""
        columns: Dict[str, Mapping[Hashable, Value]] = {}
        keys: Dict[int, Dict[Hashable, None]] = {serial: {} for serial in self.table.indoms}
        names: Dict[str, Dict[Hashable, str]] = {}
        faults = 0
        for reading in readings:
            for domain, given in reading.names.items():
                names.setdefault(domain, {}).update(given)
            for name, value in reading.values.items():
                metric = self.table.by_name.get(name)
                if metric is None:
                    faults += 1
                    continue
                column: Mapping[Any, Value] = value if isinstance(value, dict) else {"all": value}
                before: Optional[Mapping[Any, Value]] = columns.get(name)
                columns[name] = {**before, **column} if before else column
                known = keys[metric.indom.serial]
                if len(known) != len(column) or known.keys() != column.keys():
                    known.update(dict.fromkeys(column))
        return self._lay_out(columns, keys, names, faults, now)

    def _lay_out(
        self,
        columns: Dict[str, Mapping[Hashable, Value]],
        keys: Dict[int, Dict[Hashable, None]],
        names: Dict[str, Dict[Hashable, str]],
        faults: int,
        now: float,
    ) -> Snapshot:
        indoms, truncated, same = {}, 0, set()
        for serial, registry in self._registries.items():
            ids = registry.ids(list(keys[serial]), now)
            truncated += len(keys[serial]) - len(ids)
            if ids is self._ids.get(serial) or ids == self._ids.get(serial):
                same.add(serial)
            self._ids[serial] = ids
            named = names.get(self.table.indoms[serial].name, {})
            indoms[serial] = self._pairs(serial, serial in same, named)
        values = {}
        for name, column in columns.items():
            metric = self.table.by_name[name]
            before = self._cells.get(name)
            if (
                before is None
                or metric.indom.serial not in same
                or (before[0] is not column and before[0] != column)
            ):
                before = column, _cells(column, self._ids[metric.indom.serial], metric.type)
                self._cells[name] = before
            values[metric.key], bad = before[1]
            faults += bad
        shown = sum(len(found) for found in indoms.values())
        return Snapshot(values, indoms, shown, truncated, faults)

    def _pairs(self, serial: int, same: bool, named: Mapping[Hashable, str]) -> vinst.Pairs:
        before = self._named.get(serial)
        if before is None or not same or before[0] != named:
            before = dict(named), vinst.pairs(self._ids[serial], named)
            self._named[serial] = before
        return before[1]


def _whole(
    column: Mapping[Hashable, Value], ids: Mapping[Hashable, int], low: int, high: int
) -> Cells:
    """Id -> value, and how many values were refused.

    Most columns are whole numbers without holes: those are taken at once.
    """
    values = column.values()
    whole: Any = values if set(map(type, values)) == {int} else ()
    if whole and low <= min(whole) and max(whole) <= high:
        try:
            return dict(zip(map(ids.__getitem__, column), values)), 0
        except KeyError:
            pass  # some were cut off by the cap
    cells: Dict[int, Any] = {}
    bad = 0
    for key, value in column.items():
        number = ids.get(key)
        if number is None or value is None:
            continue
        if isinstance(value, float):
            value = int(value) if math.isfinite(value) else None
        if isinstance(value, int) and low <= value <= high:
            cells[number] = value
        else:
            bad += 1
    return cells, bad


def _cells(column: Mapping[Hashable, Value], ids: Mapping[Hashable, int], type_: str) -> Cells:
    if type_ in RANGES:
        return _whole(column, ids, *RANGES[type_])
    return _checked(column, ids, CHECKS[type_])


def _checked(
    column: Mapping[Hashable, Value], ids: Mapping[Hashable, int], check: Callable[[Any], Any]
) -> Cells:
    """Id -> value, and how many values were refused."""
    cells: Dict[int, Any] = {}
    bad = 0
    for key, value in column.items():
        number = ids.get(key)
        if number is None or value is None:
            continue
        try:
            good = check(value)
        except (TypeError, ValueError, OverflowError):
            good = None
        if good is None:
            bad += 1
        else:
            cells[number] = good
    return cells, bad
