"""Tracepoints: their numbers and the places of their fields, read from tracefs.

tracefs is readable by root alone and often not mounted. What is needed of it
is read once, at start, through a mount of our own that nobody else sees
(fsopen(2), fsmount(2)): the host stays as it was. No program stands here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

import vfiles

PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
LIMIT = 65536  # bytes of one format
_ID = re.compile(r"^ID:\s*(\d+)\s*$", re.MULTILINE)
_FIELD = re.compile(
    r"^\s*field:([^;]*?)(\w+)(\[[^\]]*\])?;\s*offset:(\d+);\s*size:(\d+);", re.MULTILINE
)


class Missing(Exception):
    """An event or field is not there; the text says which and why, for people."""


class Field(NamedTuple):
    """Where a field lies in an event's record, in bytes."""

    offset: int
    size: int


class Event(NamedTuple):
    """A tracepoint: its number for perf_event_open(2), and its fields."""

    name: str
    id: int
    fields: Dict[str, Field]

    def field(self, name: str, *sizes: int) -> Field:
        """A field that has one of `sizes`, where they are given. Raises Missing."""
        found = self.fields.get(name)
        if found is None:
            raise Missing("this kernel's %s has no field %s" % (self.name, name))
        if sizes and found.size not in sizes:
            raise Missing("field %s of %s has %d bytes" % (name, self.name, found.size))
        return found


def parse(name: str, text: str) -> Event:
    """An event out of its file `format`. Raises Missing."""
    number = _ID.search(text)
    if number is None:
        raise Missing("%s has no number in tracefs" % name)
    fields = {
        match.group(2): Field(int(match.group(4)), int(match.group(5)))
        for match in _FIELD.finditer(text)
    }
    return Event(name, int(number.group(1)), fields)


class Events:
    """The events that were found at start; `get` raises Missing for all others."""

    def __init__(self, texts: Dict[str, str], reason: str = "") -> None:
        self._texts = texts
        self._reason = reason
        self._known: Dict[str, Event] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def get(self, name: str) -> Event:
        """The event of a name like "sched/sched_switch". Raises Missing."""
        if name not in self._known:
            if name not in self._texts:
                raise Missing(self._reason or "this kernel has no tracepoint %s" % name)
            self._known[name] = parse(name, self._texts[name])
        return self._known[name]


def read(world: vfiles.World, names: Iterable[str]) -> Events:
    """The formats of all `names` that are there; why there are none stands in what get raises."""
    names = list(names)
    for place in PLACES:
        texts = _below(world.path(place), names)
        if texts:
            return Events(texts)
    if world.root:
        return Events({}, "the recorded world has no tracefs")
    try:
        mount = mount_tracefs()
    except OSError as error:
        return Events({}, _why_not(error))
    try:
        return Events(_below("/proc/self/fd/%d" % mount, names))
    finally:
        os.close(mount)


def _why_not(error: OSError) -> str:
    if error.errno in (errno.EPERM, errno.EACCES):
        return "needs root at start, to read tracefs"
    if error.errno == errno.ENODEV:
        return "this kernel has no tracefs"
    return "tracefs can't be mounted: %s" % (error.strerror or error)


def _below(place: str, names: List[str]) -> Dict[str, str]:
    texts = {}
    for name in names:
        try:
            with open("%s/events/%s/format" % (place, name), encoding="ascii") as file:
                texts[name] = file.read(LIMIT)
        except (OSError, UnicodeDecodeError):
            continue
    return texts


# The numbers are the same on all machines (asm-generic/unistd.h).
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_CLOEXEC, _CREATE = 1, 6  # FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC, FSCONFIG_CMD_CREATE
_NOSUID_NODEV_NOEXEC_RDONLY = 2 | 4 | 8 | 1


def mount_tracefs(libc: Optional[ctypes.CDLL] = None) -> int:
    """A folder's descriptor: tracefs, mounted nowhere. Needs CAP_SYS_ADMIN. Raises OSError."""
    libc = libc or ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long

    def call(*arguments: object) -> int:
        result = int(libc.syscall(*arguments))
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    word = ctypes.c_long
    context = call(word(_FSOPEN), ctypes.c_char_p(b"tracefs"), word(_CLOEXEC))
    try:
        call(word(_FSCONFIG), word(context), word(_CREATE), None, None, word(0))
        flags = word(_NOSUID_NODEV_NOEXEC_RDONLY)
        return call(word(_FSMOUNT), word(context), word(_CLOEXEC), flags)
    finally:
        os.close(context)


def cpu_list(text: str) -> Tuple[int, ...]:
    """The CPUs of a list like "0-3,8"; empty for what is none."""
    found: List[int] = []
    for part in text.strip().split(","):
        low, _, high = part.partition("-")
        if not (low.isdecimal() and (high or low).isdecimal()):
            continue
        if int(high or low) < 65536:
            found += range(int(low), int(high or low) + 1)
    return tuple(found)
