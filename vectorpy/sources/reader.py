"""The process that reads archives: requests in by stdin, frames out by stdout.

libpcp meets damaged files here and nowhere else: when it crashes, hangs or eats
memory, this process ends, and who started it (`archive`) says so in words. Run as
`python -m vectorpy.sources.reader`; it ends with its stdin.

Requests are `{"op", ...}`: open, describe, survey, once, read. Answers are frames
in order, the last of them with "done"; before an archive is touched, its name is told
("at"), so that it is known which one broke the reader.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from vectorpy.model import grid
from vectorpy.model.metric import Descriptor
from vectorpy.sources import archive_files, frames, libpcp, riders
from vectorpy.sources.answers import indom_number
from vectorpy.sources.instances import PROCESSES, tidy
from vectorpy.sources.libpcp import PmError, Wanted
from vectorpy.sources.libpcp_archive import PM_ERR_EOL, ArchiveLib
from vectorpy.sources.pages import Out, Pages
from vectorpy.sources.shape import Fetched
from vectorpy.sources.unpack import Unpacker

_OPEN = 8  # contexts kept open
_SURVEY_RECORDS, _SURVEY_SECONDS = 2000, 3.0
_ONCE_RECORDS = 2000  # of a metric that is recorded rarely
_NAMES_SECONDS = 10.0  # of the archive, after which names of instances are looked up again
# Metrics that were computed when they were recorded, an interval late at times; libpcp 6.0
# frees the records of some of them twice.
_DERIVED = 511
_FILE_BYTES = 4 << 30  # of an archive that is unpacked


@dataclass(slots=True)
class _Archive:
    """One archive of the path: what its label says, and what is wrong with it."""

    base: str
    hostname: str
    zone: str
    start: float
    end: float
    lack: str = ""


@dataclass(slots=True)
class _Plan:
    """How metrics are fetched from one archive."""

    descriptors: list[Descriptor]
    numbers: list[int]  # their positions in the request
    wanted: Wanted
    ids: dict[str, tuple[int, ...]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    looked: dict[str, tuple[float, dict[int, str]]] = field(default_factory=dict)


class Reader:
    """See the module. One path, for the life of the process."""

    def __init__(self, out: Out, lib: ArchiveLib | None = None) -> None:
        self._out = out
        self._lib = lib or ArchiveLib()
        self._archives: list[_Archive] = []
        self._contexts: dict[str, int] = {}
        self._known: dict[str, Descriptor] = {}
        self._unpacker = Unpacker()
        self._damage: list[dict[str, Any]] = []

    def handle(self, ask: dict[str, Any]) -> None:
        """Answer one request; what libpcp says against it goes out as "error"."""
        try:
            answer = getattr(self, f"do_{ask['op']}")(ask)
        except PmError as error:
            answer = {"error": error.words}
        except MemoryError:
            answer = {"error": "it needs more memory than a reader may have"}
        self._out({**answer, "done": True})

    # -- the path ----------------------------------------------------------------

    def do_open(self, ask: dict[str, Any]) -> dict[str, Any]:
        """Labels of all archives at `path`, but those in `without`; damage in words."""
        damage = []
        for files in archive_files.find(ask["path"]):
            name = os.path.basename(files.base)
            if files.base in ask.get("without", ()):
                continue
            if files.lack:
                damage.append({"archive": name, "text": files.lack})
            if not files.meta or not files.volumes:
                continue
            try:
                self._archives.append(self._labelled(files.base))
            except PmError as error:
                damage.append({"archive": name, "text": error.words})
        self._archives.sort(key=lambda one: (one.start, one.end))
        rows = [
            {"base": a.base, "hostname": a.hostname, "zone": a.zone, "start": a.start, "end": a.end}
            for a in self._archives
        ]
        return {"archives": rows, "damage": [*damage, *self._damage]}

    def _labelled(self, base: str) -> _Archive:
        self._enter(base)
        hostname, zone, start = self._lib.label()
        try:
            end = self._lib.end()
        except PmError:
            end = self._last(start)  # its last record is damaged: find the last sound one
        return _Archive(base, hostname, zone, start, max(start, end))

    def _last(self, start: float) -> float:
        names = self._lib.below("")
        known = self._lib.descriptors(self._lib.lookup(names[:1])) if names else {}
        end = start
        with contextlib.suppress(PmError):
            self._lib.seek(start)
            wanted = libpcp.wanted(list(known.values()))
            while known:
                end = self._lib.record(wanted)[0]
        return end

    def _enter(self, base: str) -> None:
        """The context of an archive becomes the one in use."""
        context = self._contexts.pop(base, None)
        self._out({"at": base})
        if context is None:
            if len(self._contexts) >= _OPEN:
                self._lib.destroy(self._contexts.pop(next(iter(self._contexts))))
            context = self._opened(base)
        self._contexts[base] = context
        self._lib.use(context)

    def _opened(self, base: str) -> int:
        """A new context on the archive; without its index where that is damaged."""
        files = self._unpacker
        try:
            if files.needed(base):
                return self._lib.new_archive(files.unpacked(base))
            return self._lib.new_archive(base)
        except OSError as error:
            raise PmError(0, str(error)) from None
        except PmError:
            if not files.indexed(base):
                raise
            context = self._lib.new_archive(files.unpacked(base, index=False))
            words = "its index is damaged: it is read without"
            self._damage.append({"archive": os.path.basename(base), "text": words})
            return context

    def close(self) -> None:
        """Remove what was unpacked."""
        self._unpacker.close()

    # -- metrics -------------------------------------------------------------------

    def do_describe(self, ask: dict[str, Any]) -> dict[str, Any]:
        """Descriptors of `names`, from the newest archive that has them."""
        lacking = [n for n in ask["names"] if n not in self._known and riders.well_formed(n)]
        for archive in reversed(self._archives):
            if not lacking:
                break
            with contextlib.suppress(PmError):
                self._enter(archive.base)
                self._known.update(self._lib.descriptors(self._lib.lookup(lacking)))
            lacking = [n for n in lacking if n not in self._known]
        found = [self._known[n] for n in ask["names"] if n in self._known]
        return {"metrics": [_plain(d) for d in found]}

    def do_names(self, ask: dict[str, Any]) -> dict[str, Any]:
        """Names of all metrics of all archives."""
        names: dict[str, None] = {}
        for archive in self._archives:
            with contextlib.suppress(PmError):
                self._enter(archive.base)
                names.update(dict.fromkeys(self._lib.below("")))
        return {"names": sorted(names)}

    def do_offsets(self, ask: dict[str, Any]) -> dict[str, Any]:
        """Seconds east of UTC in the time zone `zone` (TZ of POSIX) at each of `times`."""
        os.environ["TZ"] = ask["zone"]
        time.tzset()
        return {"offsets": [time.localtime(t).tm_gmtoff for t in ask["times"]]}

    def _plan(self, names: Sequence[str]) -> _Plan:
        """For the archive in use; a metric that means another thing there is left out."""
        pmids = self._lib.lookup(names)
        there = self._lib.descriptors(pmids)
        order, numbers = [], []
        for number, name in enumerate(names):
            found, known = there.get(name), self._known.get(name)
            if found is None or known is None or found.type not in riders.FETCHED_TYPES:
                continue
            if found.domain == _DERIVED:
                continue
            if (found.semantics, found.units) == (known.semantics, known.units):
                order.append(found)
                numbers.append(number)
        return _Plan(order, numbers, libpcp.wanted(order))

    # -- records -------------------------------------------------------------------

    def do_survey(self, ask: dict[str, Any]) -> dict[str, Any]:
        """How often each of `names` is recorded, by the first records of the archive at `near`."""
        self.do_describe(ask)
        times: list[list[float]] = [[] for _ in ask["names"]]
        archive = next((a for a in self._archives if a.end >= ask["near"]), None)
        archive = archive or (self._archives[-1] if self._archives else None)
        if archive is not None:
            with contextlib.suppress(PmError):  # what is damaged is said where it is read
                self._count(archive, ask["names"], times)
        periods = [grid.period(one) for one in times]
        fractions = sorted({stamp for one in times for stamp in one[:50]})[:200]
        return {"periods": periods, "stamps": fractions}

    def _count(self, archive: _Archive, names: Sequence[str], times: list[list[float]]) -> None:
        end = time.monotonic() + _SURVEY_SECONDS
        plan, records = self._records(archive, names, archive.start)
        for count, (stamp, found) in enumerate(records):
            for number, one in zip(plan.numbers, found or (), strict=False):
                if one.ids:
                    times[number].append(stamp)
            if count > _SURVEY_RECORDS or time.monotonic() > end:
                break

    def do_once(self, ask: dict[str, Any]) -> dict[str, Any]:
        """All records of metrics that are recorded rarely, as `read` gives them."""
        return self._read(ask["names"], 0.0, float("inf"), _ONCE_RECORDS)

    def do_read(self, ask: dict[str, Any]) -> dict[str, Any]:
        """The records of `names` from second `start` to `end`, both included.

        Frames of "tables" (names of instances by number) and "records": [time,
        [[position of the metric, table, values], ...]], or [time, null] for a mark.
        """
        return self._read(ask["names"], ask["start"], ask["end"], None)

    def _read(
        self, names: Sequence[str], start: float, end: float, most: int | None
    ) -> dict[str, Any]:
        self.do_describe({"names": names})
        pages = Pages(self._out)
        damage, last, former = [], -1.0, False
        for archive in self._archives:
            if archive.end < start or archive.start > end:
                continue
            try:
                plan, records = self._records(archive, names, max(start, archive.start))
                if former:
                    pages.add(max(last, archive.start), None)
                for stamp, found in records:
                    if stamp > end:
                        break
                    if stamp < last:
                        continue  # two archives speak for the same time: the former is believed
                    last = stamp
                    pages.add(stamp, self._named(plan, pages, stamp, found))
                    if most is not None and pages.count > most:
                        break
            except PmError as error:
                if error.code != PM_ERR_EOL:
                    name = os.path.basename(archive.base)
                    damage.append({"archive": name, "text": error.words, "t": max(last, 0.0)})
            former = True
        pages.flush()
        return {"damage": damage}

    def _records(
        self, archive: _Archive, names: Sequence[str], start: float
    ) -> tuple[_Plan, Iterator[tuple[float, list[Fetched] | None]]]:
        self._enter(archive.base)
        plan = self._plan(names)
        self._lib.seek(start)
        return plan, self._walk(plan)

    def _walk(self, plan: _Plan) -> Iterator[tuple[float, list[Fetched] | None]]:
        record = self._lib.record
        while plan.descriptors:
            try:
                yield record(plan.wanted)
            except PmError as error:
                if error.code == PM_ERR_EOL:
                    return
                raise

    def _named(
        self, plan: _Plan, pages: Pages, stamp: float, found: list[Fetched] | None
    ) -> list[Any] | None:
        """The values of a record, with the numbers of the tables that name their instances."""
        if found is None:
            return None
        values: list[Any] = []
        for number, descriptor, one in zip(plan.numbers, plan.descriptors, found, strict=True):
            if one.ids:
                key = self._table(plan, pages, descriptor, one.ids, stamp)
                values.append((number, key, one.values))
        return values

    def _table(
        self, plan: _Plan, pages: Pages, descriptor: Descriptor, ids: tuple[int, ...], stamp: float
    ) -> int:
        """Which names these instances have at this time, as the number of a table."""
        indom = descriptor.indom
        if indom is None:
            return pages.table(("",))
        if indom in PROCESSES:
            return pages.table(tuple(map(str, ids)))
        at, known = plan.looked.get(indom, (-1e12, {}))
        name = descriptor.name
        if abs(stamp - at) < _NAMES_SECONDS and plan.ids.get(name) == ids:
            return plan.keys[name]
        if at != stamp:
            with contextlib.suppress(PmError):
                known = tidy(self._lib.instances(indom_number(indom)))
            plan.looked[indom] = (stamp, known)
        plan.ids[name] = ids
        key = pages.table(tuple(known.get(ident, "") for ident in ids))
        plan.keys[name] = key
        return key


def _plain(d: Descriptor) -> list[Any]:
    return [d.name, d.pmid, d.type, d.semantics, d.units, d.indom]


def _confine(memory: int) -> None:
    """Limits that a reader can't leave: memory, files that it unpacks, no core dumps."""
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """End when whoever started us is gone, also while libpcp hangs (it gives up the GIL)."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests until there are no more."""

    def out(message: dict[str, Any]) -> None:
        target.write(frames.pack(message))
        target.flush()

    first = frames.unpack(source.read)
    if first is None:
        return
    _confine(int(first.get("memory", 0)))
    reader = Reader(out)
    try:
        while (ask := frames.unpack(source.read)) is not None:
            reader.handle(ask)
    finally:
        reader.close()


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # What libpcp or a tool that unpacks prints must not come among the frames.
    frames_out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        main(sys.stdin.buffer, frames_out)
