"""HotSpot's hsperfdata, PERFDATA version 2.0: bytes in, counters out.

Pure and strict: the file is written by whoever runs a JVM, so nothing in it is
believed before it is within bounds, and whatever is not raises HsperfError.
Opening files is `j_open`'s, what counters mean is `j_meaning`'s.

The format (perfMemory.hpp of OpenJDK): a prologue of 32 bytes,
    u32 magic (big-endian always), u8 byte order, u8 major, u8 minor, u8 accessible,
    i32 used, i32 overflow, i64 time of modification, i32 offset, i32 count
then `count` entries of
    i32 length, i32 offset of the name, i32 length of a vector (0: a single value),
    u8 type, u8 flags, u8 units, u8 variability, i32 offset of the data
with the name, ended by a NUL, and the data within each entry's length.
"""

from __future__ import annotations

import re
import struct
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

MAGIC = b"\xca\xfe\xc0\xc0"
PROLOGUE = 32
ENTRY = 20
MOST_BYTES = 1 << 20  # a default file has 32 KiB
MOST_ENTRIES = 2000  # JVMs have about 200
MOST_STRING = 4096
LONG, BYTES = ord("J"), ord("B")
_NAME = re.compile(rb"[\w.]{1,128}\Z")


class HsperfError(Exception):
    """This is no hsperfdata that can be used; the text says why, for people."""


class NotReady(HsperfError):
    """The JVM is still setting its file up, or is ending."""


class Entry(NamedTuple):
    """Where a value stands: `size` 0 is a 64-bit number, else the bytes of a string."""

    offset: int
    size: int


class Layout(NamedTuple):
    """The entries of one file by name; good while `stamp` is that of the data."""

    order: str  # "<" or ">"
    stamp: Tuple[int, int]  # bytes used, entries
    entries: Dict[str, Entry]

    def text(self, data: bytes, name: str) -> str:
        """A string of the file, printable, at most MOST_STRING bytes; "" where there is none."""
        entry = self.entries.get(name)
        if entry is None or not entry.size:
            return ""
        raw = data[entry.offset : entry.offset + min(entry.size, MOST_STRING)]
        text = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
        return "".join(c if c.isprintable() else "_" for c in text)


def stamp(data: bytes) -> Tuple[str, Tuple[int, int]]:
    """Byte order and (used, entries) of the prologue. Raises HsperfError."""
    if len(data) < PROLOGUE:
        raise HsperfError("its file is too short (%d bytes)" % len(data))
    if data[:4] != MAGIC:
        raise HsperfError("its file does not begin as hsperfdata does")
    if data[4] > 1 or data[5] != 2:
        raise HsperfError("its file has an unknown format (version %d.%d)" % (data[5], data[6]))
    if data[7] != 1:
        raise NotReady("it is starting or ending")
    order = "<" if data[4] == 1 else ">"
    used, _, _, offset, count = struct.unpack_from(order + "iiqii", data, 8)
    if not PROLOGUE <= used <= MOST_BYTES:
        raise HsperfError("its file announces %d bytes" % used)
    if offset != PROLOGUE or not 0 <= count <= MOST_ENTRIES:
        raise HsperfError("its file announces %d entries at %d" % (count, offset))
    return order, (used, count)


def parse(data: bytes) -> Layout:
    """The layout of a whole file. Raises HsperfError, and nothing else whatever `data` is."""
    order, (used, count) = stamp(data)
    if len(data) < used:
        raise HsperfError("its file is cut off (%d of %d bytes)" % (len(data), used))
    head = struct.Struct(order + "iiiBBBBi")
    entries: Dict[str, Entry] = {}
    at = PROLOGUE
    for _ in range(count):
        if at + ENTRY > used:
            raise HsperfError("an entry lies outside of its file")
        length, name_at, vector, kind, _flags, _units, _variability, data_at = head.unpack_from(
            data, at
        )
        if length < ENTRY or at + length > used:
            raise HsperfError("an entry's length is %d" % length)
        name = _name(data, at, length, name_at)
        if name in entries:
            raise HsperfError("an entry stands twice in its file")
        size = _size(kind, vector)
        if size is not None:
            if data_at < ENTRY or data_at + (size or 8) > length:
                raise HsperfError("an entry's data lie outside of it")
            entries[name] = Entry(at + data_at, size)
        at += length
    return Layout(order, (used, count), entries)


def _name(data: bytes, at: int, length: int, name_at: int) -> str:
    if not ENTRY <= name_at < length:
        raise HsperfError("an entry's name lies outside of it")
    end = data.find(b"\0", at + name_at, at + length)
    raw = data[at + name_at : end] if end >= 0 else b""
    if not _NAME.match(raw):
        raise HsperfError("an entry has no proper name")
    return raw.decode("ascii", "replace")


def _size(kind: int, vector: int) -> Optional[int]:
    """0 for a number, the bytes of a string, None for what JVMs do not write."""
    if kind == LONG and vector == 0:
        return 0
    if kind == BYTES and vector > 0:
        return vector
    return None


class Numbers:
    """Reads the named numbers of a layout in one go; names that it lacks are left out."""

    def __init__(self, layout: Layout, names: Sequence[str]) -> None:
        found: List[Tuple[int, str]] = []
        for name in names:
            entry = layout.entries.get(name)
            if entry is not None and entry.size == 0:
                found.append((entry.offset, name))
        found.sort()
        self.names = [name for _, name in found]
        form, at = [layout.order], 0
        for offset, _ in found:
            form.append("%dxq" % (offset - at))
            at = offset + 8
        self._struct = struct.Struct("".join(form))

    def read(self, data: bytes) -> Dict[str, int]:
        """Name -> number. Raises HsperfError if `data` is shorter than the layout's."""
        try:
            return dict(zip(self.names, self._struct.unpack_from(data)))
        except struct.error:
            raise HsperfError("its file is cut off (%d bytes)" % len(data)) from None
