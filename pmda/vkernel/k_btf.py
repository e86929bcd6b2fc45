"""Where a member lies in one of the kernel's structures, by its type information (BTF).

Only as much of the format as that takes: Documentation/bpf/btf.rst.
"""

from __future__ import annotations

import struct
from typing import Dict, Optional, Sequence

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_MEMBER = struct.Struct("<III")
_MAGIC = 0xEB9F
_STRUCT, _UNION = 4, 5
# bytes behind a type, by kind: fixed ones, and those for each of its parts
_FIXED = {1: 4, 3: 12, 14: 4, 17: 4}
_EACH = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}


def offsets(data: bytes, name: str, members: Sequence[str]) -> Optional[Dict[str, int]]:
    """Offsets in bytes of `members` of struct `name`, those of nameless members of it included.

    None where one of them is not there.
    """
    try:
        types = _Types(data)
        found = types.members(types.find(name.encode("ascii")))
    except (struct.error, ValueError, IndexError, RecursionError):
        return None
    return {one: found[one] for one in members} if set(members) <= set(found) else None


class _Types:
    """The types of a BTF blob. Raises ValueError, IndexError or struct.error for what is none."""

    def __init__(self, data: bytes) -> None:
        magic, _, _, header, start, length, strings, strings_length = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise ValueError("no BTF")
        self._data = data
        self._words = data[header + strings : header + strings + strings_length]
        self._places = [0]  # by type's number, which begins at 1
        place, end = header + start, header + start + length
        while place + _TYPE.size <= end:
            self._places.append(place)
            _, info, _ = _TYPE.unpack_from(data, place)
            kind, parts = info >> 24 & 0x1F, info & 0xFFFF
            place += _TYPE.size + _FIXED.get(kind, 0) + _EACH.get(kind, 0) * parts

    def find(self, name: bytes) -> int:
        """Where the struct of this name lies."""
        wanted = self._words.index(b"\0" + name + b"\0") + 1
        for place in self._places[1:]:
            name_at, info, _ = _TYPE.unpack_from(self._data, place)
            if name_at == wanted and info >> 24 & 0x1F == _STRUCT:
                return place
        raise ValueError("no struct of that name")

    def members(self, place: int, base: int = 0) -> Dict[str, int]:
        """Name -> offset in bytes of the members of the struct or union at `place`."""
        _, info, _ = _TYPE.unpack_from(self._data, place)
        if info >> 24 & 0x1F not in (_STRUCT, _UNION):
            return {}
        found: Dict[str, int] = {}
        for index in range(info & 0xFFFF):
            at = place + _TYPE.size + index * _MEMBER.size
            name_at, type_, offset = _MEMBER.unpack_from(self._data, at)
            inside = base + (offset & 0xFFFFFF if info >> 31 else offset) // 8
            if name_at:
                label = self._words[name_at : self._words.index(b"\0", name_at)]
                found[label.decode("ascii", "replace")] = inside
            else:
                found.update(self.members(self._places[type_], inside))
        return found
