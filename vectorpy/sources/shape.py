"""The values in libpcp's results, read from memory: one by one, or all at once by a known shape.

A host's answers mostly look alike: the same metrics with the same instances, at
the same places behind each other. Where one does as the two before it did, a
single struct reads it, which takes a fraction of the time. Only reading belongs
here; the calls that bring the results are `libpcp`'s.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
from collections.abc import Callable, Sequence
from ctypes import c_uint, string_at
from operator import itemgetter
from typing import Any, NamedTuple

from vectorpy.model.sample import Value

_INSITU = 0
_IN_PLACE = {"s32": "i", "u32": "I", "float": "f"}
_BLOCKS = {
    kind: struct.Struct(code)
    for kind, code in zip(
        ("s64", "u64", "double", "float", "s32", "u32"),
        ("=q", "=Q", "=d", "=f", "=i", "=I"),
        strict=True,
    )
}
# Where number and kind of values lie in a pmValueSet (an error has no kind), and a block's bytes.
_COUNT, _FORM, _BLOCK = 4, 8, 4
_INT = struct.Struct("i")
_POINTER = struct.calcsize("P")
# Bytes of a value in a PDU; a text counts as one of eight bytes.
_PDU_BYTES = {"s32": 8, "u32": 8, "float": 16}
# The address space as one buffer: struct reads from it in place, without a copy of each piece.
_MEMORY = (ctypes.c_char * sys.maxsize).from_address(0)


class Fetched(NamedTuple):
    """One metric's values by instance id, in two tuples; or the error number instead."""

    error: int
    ids: tuple[int, ...] = ()
    values: tuple[Value, ...] = ()


class Shapes:
    """Reads the results of one list of metrics, whose types are `types`; of one thread.

    `size` are the bytes of the PDU that the last answer came in.
    """

    def __init__(self, types: Sequence[str]) -> None:
        self._types = tuple(types)
        self._places: list[int] = []
        self._ids: list[tuple[int, tuple[int, ...]]] = []
        self._shape: _Shape | None = None
        self.size = 0

    def read(self, sets: tuple[int, ...]) -> list[Fetched]:
        """The values in the pmValueSets at these addresses, in the order of `types`."""
        if not sets:
            return []
        first = sets[0]
        places = [at - first for at in sets]
        if self._shape is not None and places == self._places:
            found = self._shape.read(first)
            if found is not None:
                return found
        found = [_decode(at, kind) for at, kind in zip(sets, self._types, strict=True)]
        self._learn(first, places, found)
        return found

    def _learn(self, first: int, places: list[int], found: list[Fetched]) -> None:
        """A shape, where two answers looked alike: what changes each second has none."""
        ids = [(one.error, one.ids) for one in found]
        alike = (places, ids) == (self._places, self._ids)
        self._places, self._ids = places, ids
        self.size = _answer_bytes(self._types, found)
        self._shape = _shape(first, places, self._types) if alike else None


def _answer_bytes(types: Sequence[str], found: Sequence[Fetched]) -> int:
    """Bytes of the PDU that such an answer comes in (src/include/pcp/libpcp.h: PDU_RESULT).

    Head, time and count are 24 bytes; a metric 8, and 4 more where it has values;
    a value 8, and where it does not fit in 4 bytes a block of 4 and its bytes.
    """
    total = 24
    for one, kind in zip(found, types, strict=True):
        count = len(one.ids)
        total += 8 + (4 + _PDU_BYTES.get(kind, 20) * count if count else 0)
    return total


class _Set(NamedTuple):
    """Where one metric's values stand among what the struct gives, and what to make of them."""

    ids: tuple[int, ...]
    start: int
    end: int
    block: Callable[[Any, int], tuple[Any, ...]] | None
    texts: bool


class _Shape:
    """A struct over all value sets; `known` are the numbers in it that must not change."""

    def __init__(
        self, area: struct.Struct, last: int, marks: list[int], flat: tuple[int, ...]
    ) -> None:
        self._area, self._last = area, last
        self._marks = itemgetter(*marks)
        self._known = self._marks(flat)
        self._count = flat[marks[-1]]
        self.sets: list[_Set | Fetched] = []

    def read(self, first: int) -> list[Fetched] | None:
        """What stands at `first` and behind it; None where it has another shape."""
        # The last set decides how far the area reaches, so it is looked at alone before.
        if _INT.unpack_from(_MEMORY, first + self._last + _COUNT)[0] != self._count:
            return None
        flat = self._area.unpack_from(_MEMORY, first)
        if self._marks(flat) != self._known:
            return None
        return [one if type(one) is Fetched else _values(one, flat) for one in self.sets]  # type: ignore[arg-type]


def _values(one: _Set, flat: tuple[Any, ...]) -> Fetched:
    values = flat[one.start : one.end : 2]
    if one.block is not None:
        read = one.block
        values = tuple([read(_MEMORY, pointer + _BLOCK)[0] for pointer in values])
    elif one.texts:
        values = tuple([_string(pointer) for pointer in values])
    return Fetched(0, one.ids, values)


def _shape(first: int, places: list[int], types: Sequence[str]) -> _Shape | None:
    """The shape of the sets at `first` + `places`; None where they don't lie as they usually do."""
    if first % _POINTER or any(place % _POINTER for place in places):
        return None
    code, size, fields = "", 0, 0
    marks: list[int] = []
    made: list[_Set | Fetched] = []
    for place, kind in zip(places, types, strict=True):
        found = _decode(first + place, kind)
        piece, inside = _piece(first + place, kind)
        if place < size:
            return None
        code += f"{place - size}x{piece}"
        size = place + struct.calcsize(piece)
        ids_at = range(fields + 3, fields + 3 + 2 * inside, 2)
        marks += [*ids_at, *([fields + 2] if inside else []), fields + 1]
        made.append(_made(found, fields, inside, kind, first + place))
        fields += 2 + (1 + 2 * inside if inside else 0)
    area = struct.Struct(code)
    shape = _Shape(area, places[-1], marks, area.unpack_from(_MEMORY, first))
    shape.sets = made
    return shape


def _piece(at: int, kind: str) -> tuple[str, int]:
    """A pmValueSet's code for struct, and how many values it has."""
    (count,) = _INT.unpack_from(_MEMORY, at + _COUNT)
    if count <= 0:
        return "Ii", 0
    (form,) = _INT.unpack_from(_MEMORY, at + _FORM)
    code = _IN_PLACE.get(kind, "i") if form == _INSITU else "P"
    return "Iii" + f"0Pi0P{code}" * count, count


def _made(found: Fetched, fields: int, count: int, kind: str, at: int) -> _Set | Fetched:
    if not found.ids:
        return found
    (form,) = _INT.unpack_from(_MEMORY, at + _FORM)
    block = None if form == _INSITU or kind not in _BLOCKS else _BLOCKS[kind].unpack_from
    texts = form != _INSITU and block is None
    return _Set(found.ids, fields + 4, fields + 3 + 2 * count, block, texts)


@functools.lru_cache(maxsize=4096)
def _layout(count: int, code: str) -> struct.Struct:
    """How a value set is stored, and `count` pmValues: instance id, then value or pointer ("P")."""
    return struct.Struct("i" + f"0Pi0P{code}" * count)


def _decode(at: int, kind: str) -> Fetched:
    """One pmValueSet at address `at`: pmid, number of values, how they are stored, values."""
    (count,) = _INT.unpack_from(_MEMORY, at + _COUNT)
    if count <= 0:
        return Fetched(count)
    (form,) = _INT.unpack_from(_MEMORY, at + _FORM)
    code = _IN_PLACE.get(kind) if form == _INSITU else "P"
    if code is None:
        return Fetched(0)
    flat = _layout(count, code).unpack_from(_MEMORY, at + _FORM)
    if form == _INSITU:
        return Fetched(0, flat[1::2], flat[2::2])
    values = _blocks(flat[2::2], kind)
    return Fetched(0, flat[1::2], values) if values else Fetched(0)


def _blocks(pointers: tuple[int, ...], kind: str) -> tuple[Value, ...]:
    """Values that lie in pmValueBlocks: a length of 24 bits and a type, then the bytes."""
    block = _BLOCKS.get(kind)
    if block is not None:
        read = block.unpack_from
        return tuple([read(_MEMORY, pointer + _BLOCK)[0] for pointer in pointers])
    return tuple([_string(pointer) for pointer in pointers]) if kind == "string" else ()


def _string(pointer: int) -> str:
    length = (c_uint.from_address(pointer).value & 0xFFFFFF) - _BLOCK
    text = string_at(pointer + _BLOCK, max(length, 0)).partition(b"\0")[0]
    return text.decode(errors="replace")
