"""PCP archives, by way of a process of their own (`reader`): spans, descriptors, records.

The parent's side belongs here: starting the reader, talking to it, and what it
means when it dies. Nobody who reads an archive is taken along by a damaged one:
the archive that broke the reader is left out and named in `damage`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vectorpy.errors import BadAnswer, HostError, HostLate
from vectorpy.model.grid import Recorded
from vectorpy.model.mask import masked
from vectorpy.model.metric import Descriptor
from vectorpy.sources import archive_files, frames, libpcp, riders

_MEMORY = 3 << 30  # address space of a reader, in bytes
_SECONDS = 60.0  # for the next frame
_CRASHES = 20  # archives of one path that may break the reader


@dataclass(frozen=True, slots=True)
class Damage:
    """What of an archive can't be read, in words; `t` is the last sound second before it."""

    archive: str
    text: str
    t: float | None = None

    def __str__(self) -> str:
        return f"{self.archive}: {self.text}"


@dataclass(slots=True)
class Span:
    """What an archive tells of itself: host, that host's time zone (TZ), first and last time."""

    hostname: str
    zone: str
    start: float
    end: float
    archives: int
    damage: list[Damage] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Survey:
    """Seconds between records by metric (None: recorded once), and some records' times."""

    periods: dict[str, float | None]
    stamps: tuple[float, ...]


class _Died(Exception):
    """The reader ended, or was ended, while it was at an archive."""

    def __init__(self, why: str, late: bool = False) -> None:
        super().__init__(why)
        self.late = late


class Archive:
    """The archive, or the folder of archives of one host, at `path`. For one thread at a time.

    `seconds` is how long the reader may take for its next frame, `memory` the
    bytes of address space that it may have.
    """

    def __init__(
        self, path: str | Path, *, memory: int = _MEMORY, seconds: float = _SECONDS
    ) -> None:
        self.path = Path(path)
        self.name = self.path.name
        self.damage: list[Damage] = []
        self._memory, self._seconds = memory, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._without: list[str] = []
        self._at = ""

    # -- the face ------------------------------------------------------------------

    def open(self) -> Span:
        """Start a reader and tell the archive's span.

        UnknownName where there is no archive, BadAnswer where none can be read or
        they are of several hosts; Unavailable without PCP's bindings.
        """
        archive_files.find(self.path)
        libpcp.require()
        answer: dict[str, Any] = {}
        while not answer:
            try:
                answer = self._open()
            except _Died as death:
                self._blame(death)
        rows = answer["archives"]
        for one in answer["damage"]:
            self._note(Damage(one["archive"], one["text"]))
        if not rows:
            self.close()
            words = "; ".join(map(str, self.damage)) or "it is empty"
            raise BadAnswer(f"Nothing of the archive {self.name} can be read: {words}.", hint="")
        hosts = sorted({row["hostname"] for row in rows})
        if len(hosts) > 1:
            self.close()
            raise BadAnswer(
                f"{self.name} holds archives of {len(hosts)} hosts: {', '.join(hosts[:8])}.",
                hint="Name one of the archives, or a folder with those of one host.",
            )
        start, end = min(row["start"] for row in rows), max(row["end"] for row in rows)
        return Span(hosts[0], rows[-1]["zone"], start, end, len(rows), list(self.damage))

    def describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        """Descriptors of those of `names` that the archive has; never of what holds secrets."""
        wanted = [n for n in riders.unique(names) if not riders.never_fetched(n)]
        rows = self._ask("describe", names=wanted)["metrics"]
        return {row[0]: Descriptor(*row) for row in rows}

    def names(self) -> list[str]:
        """Names of all its metrics, sorted."""
        found = self._ask("names")["names"]
        return [name for name in found if not riders.never_fetched(name)]

    def offsets(self, zone: str, times: Sequence[float]) -> list[int]:
        """Seconds east of UTC in `zone`, as a span tells it, at these times."""
        return [int(x) for x in self._ask("offsets", zone=zone, times=list(times))["offsets"]]

    def survey(self, names: Sequence[str], near: float) -> Survey:
        """How often each of `names` is recorded; they were described before."""
        said = self._ask("survey", names=list(names), near=near)
        return Survey(dict(zip(names, said["periods"], strict=True)), tuple(said["stamps"]))

    def read(self, names: Sequence[str], start: float, end: float) -> Iterator[Recorded]:
        """The records of `names`, described before, from `start` to `end` in order of time.

        Where an archive breaks off, a mark comes, and `damage` grows.
        """
        yield from self._read("read", names, start, end)

    def once(self, names: Sequence[str]) -> list[Recorded]:
        """All records of metrics that are recorded rarely, some thousand at most."""
        return list(self._read("once", names, 0.0, float("inf")))

    def close(self) -> None:
        """End the reader. It never raises."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close() if pipe else None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)  # it removes what it unpacked
        process.kill()
        process.wait()

    # -- reading --------------------------------------------------------------------

    def _read(self, op: str, names: Sequence[str], start: float, end: float) -> Iterator[Recorded]:
        last = start
        while names:
            try:
                for record in self._records(op, names, last, end):
                    last = record[0]
                    yield record
                return
            except _Died as death:
                self._blame(death, last)
                yield last, None
                last = last + 1e-6

    def _records(
        self, op: str, names: Sequence[str], start: float, end: float
    ) -> Iterator[Recorded]:
        tables: dict[int, list[str]] = {}
        lines = {i for i, name in enumerate(names) if name in riders.COMMAND_LINES}
        span = {} if op == "once" else {"start": start, "end": end}
        for message in self._frames(op, names=list(names), **span):
            tables.update({int(key): table for key, table in message.get("tables", {}).items()})
            for stamp, values in message.get("records", ()):
                if values is None:
                    yield stamp, None
                    continue
                found = {}
                for number, key, numbers in values:
                    instances = dict(zip(tables[key], numbers, strict=True))
                    if number in lines:
                        instances = {n: masked(str(x)) for n, x in instances.items()}
                    found[names[number]] = instances
                yield stamp, found
            for one in message.get("damage", ()):
                self._note(Damage(one["archive"], one["text"], one.get("t")))

    # -- the reader --------------------------------------------------------------------

    def _open(self) -> dict[str, Any]:
        self._start()
        return self._last(self._frames("open", path=str(self.path), without=self._without))

    def _ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """One answer; an archive that breaks the reader on the way is left out from then on."""
        while True:
            try:
                return self._last(self._frames(op, **fields))
            except _Died as death:
                self._blame(death)
                self.open()

    def _last(self, messages: Iterator[dict[str, Any]]) -> dict[str, Any]:
        last: dict[str, Any] = {}
        for message in messages:
            last = message
        if "error" in last:
            raise BadAnswer(f"The archive {self.name} can't be read: {last['error']}.", hint="")
        return last

    def _blame(self, death: _Died, t: float | None = None) -> None:
        """Leave out the archive that broke the reader; where none is to blame, give up."""
        self.close()
        at, self._at = self._at, ""
        if not at or at in self._without or len(self._without) >= _CRASHES:
            kind = HostLate if death.late else HostError
            raise kind(f"The archive {self.name} can't be read: {death}.", hint="") from None
        self._without.append(at)
        self._note(Damage(os.path.basename(at), f"{death}, so it was left out", t))

    def _note(self, damage: Damage) -> None:
        if damage not in self.damage:
            self.damage.append(damage)

    def _start(self) -> None:
        self.close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vectorpy.sources.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._send({"memory": self._memory})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(frames.pack(message))
            self._process.stdin.flush()
        except OSError:
            raise _Died(self._why()) from None

    def _frames(self, op: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """Frames of an answer, to the one that says it is done."""
        if self._process is None:
            if op == "open":
                raise HostError(f"The reader of {self.name} does not run.")
            self._reopen()
        self._send({"op": op, **fields})
        done = False
        try:
            while not done:
                message = self._next()
                self._at = message.get("at", self._at)
                done = bool(message.get("done"))
                if "at" not in message:
                    yield message
        finally:
            if not done:
                self.close()  # given up in the middle: what is still to come would confuse

    def _reopen(self) -> None:
        self.open()

    def _next(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        end = time.monotonic() + self._seconds

        def exactly(size: int) -> bytes:
            parts, lacking = [], size
            while lacking:
                left = end - time.monotonic()
                if left <= 0 or not select.select([pipe], [], [], left)[0]:
                    raise _Died(f"PCP's library took longer than {self._seconds:.0f} s", late=True)
                part = os.read(pipe, min(lacking, 1 << 20))
                if not part:
                    break
                parts.append(part)
                lacking -= len(part)
            return b"".join(parts)

        try:
            message = frames.unpack(exactly)
        except ValueError as error:
            raise _Died(f"the reader said what is no frame ({error})") from None
        if message is None:
            raise _Died(self._why())
        return message

    def _why(self) -> str:
        """How the reader ended, in words."""
        assert self._process is not None
        try:
            code = self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            return "the reader closed its door"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"PCP's library crashed on it ({signal.Signals(-code).name})"
        return f"the reader ended ({code})"
