"""Finding JVMs: which processes have a JVM's library or its hsperfdata mapped.

What is mapped tells a JVM by any launcher from all else, and its own live
file from one that a dead JVM left behind under the same pid. Reads /proc only.
"""

from __future__ import annotations

import os
import re
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

import j_process
import vfiles

YOUNG = 30.0  # seconds of life in which a process may still become a JVM at any search
SPREAD = 12  # older ones are looked at again at one in so many searches
MOST_MAPS = 16 << 20  # bytes of /proc/PID/maps
MOST_PROCESSES = 100000
_MAPPED = re.compile(rb"/hsperfdata_([^/\n]{1,64})/(\d{1,10})( \(deleted\))?$", re.MULTILINE)
_LIBRARY = re.compile(rb"/libjvm\.so$|/libjvm\.so \(deleted\)$", re.MULTILINE)

Key = Tuple[int, int]  # pid and start, which no other process has


class Mapped(NamedTuple):
    """What a process's maps tell of a JVM; `home` is "" without an hsperfdata file."""

    home: str  # "hsperfdata_USER"
    name: str  # the file's name, a pid
    deleted: bool


class Found(NamedTuple):
    """A JVM. `mapped` is None where its maps may not be read."""

    key: Key
    mapped: Optional[Mapped]


def mapped(world: vfiles.World, pid: int) -> Optional[Mapped]:
    """None if this is no JVM. Raises OSError where maps may not be read.

    A file named after another pid is not its own: jstat maps those of others.
    """
    library, kept = False, b""
    own: Optional[Tuple[int, ...]] = None
    for piece in _pieces(world.path("/proc/%d/maps" % pid)):
        text = kept + piece
        cut = text.rfind(b"\n") + 1
        lines, kept = text[:cut], text[cut:]
        for file in _MAPPED.finditer(lines):
            if own is None:
                status = j_process.status(world, pid)
                own = status.pids if status else ()
            if int(file.group(2)) in own:
                home = "hsperfdata_" + file.group(1).decode("utf-8", "surrogateescape")
                return Mapped(home, file.group(2).decode(), bool(file.group(3)))
        library = library or bool(_LIBRARY.search(lines))
    return Mapped("", "", False) if library else None


def _pieces(path: str) -> Iterator[bytes]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        left = MOST_MAPS
        while left > 0:
            piece = os.read(descriptor, 65536)
            if not piece:
                return
            left -= len(piece)
            yield piece
    finally:
        os.close(descriptor)


class Known(NamedTuple):
    """A process as it was at the last look; `found` is None if it was no JVM."""

    start: int
    name: str
    found: Optional[Found]


class Search:
    """Searches again and again; remembers what it found, so that most is looked at once.

    A process that is new is looked at, one that is young at every search, one
    that has long been no JVM at one search in SPREAD: that is when a program
    that loads a JVM late, or a script that becomes one, is found.
    """

    def __init__(self, world: vfiles.World, ticks: int) -> None:
        self._world = world
        self._ticks = ticks  # per second
        self._round = 0
        self._known: Dict[int, Known] = {}

    def jvms(self, again: FrozenSet[Key] = frozenset()) -> List[Found]:
        """All JVMs that run, by pid; those in `again` are looked at anew. Raises OSError."""
        self._round += 1
        limit = int((j_process.uptime(self._world) - YOUNG) * self._ticks)
        known: Dict[int, Known] = {}
        for pid in sorted(j_process.pids(self._world)[:MOST_PROCESSES]):
            last = self._known.get(pid)
            old = last is not None and last.start <= limit and not self._turn(pid)
            if last is not None and last.found is None and old:
                known[pid] = last
                continue
            now = self._see(pid, last, old, again)
            if now is not None:
                known[pid] = now
        self._known = known
        return [each.found for each in known.values() if each.found is not None]

    def _turn(self, pid: int) -> bool:
        return pid % SPREAD == self._round % SPREAD

    def _see(
        self, pid: int, last: Optional[Known], old: bool, again: FrozenSet[Key]
    ) -> Optional[Known]:
        """A process as it is now; None if it is gone or was never a program."""
        stat = j_process.stat(self._world, pid)
        if stat is None or stat.state in "ZX":
            return None
        if stat.flags & j_process.KERNEL_THREAD:
            return Known(stat.start, stat.name, None)
        if last is not None and (last.start, last.name) == (stat.start, stat.name):
            mapped_ = last.found.mapped if last.found else None
            settled = bool(mapped_ and mapped_.home) or (last.found is not None and old)
            if settled and (pid, stat.start) not in again:
                return last
        return Known(stat.start, stat.name, self._look(pid, stat))

    def _look(self, pid: int, stat: j_process.Stat) -> Optional[Found]:
        try:
            maps = mapped(self._world, pid)
        except PermissionError:
            if stat.name == "java" or self._launcher(pid) == "java":
                return Found((pid, stat.start), None)
            return None
        except OSError:
            return None
        return None if maps is None else Found((pid, stat.start), maps)

    def _launcher(self, pid: int) -> str:
        words = j_process.command_line(self._world, pid)
        return words[0].rsplit("/", 1)[-1] if words else ""
