"""The probe of the kernel's log: counts by severity, and the last trouble of each kind.

/dev/kmsg is opened at start, while we may, and read without ever blocking and
never more than BATCH records at a time. Its format: Documentation/ABI/testing/dev-kmsg.
"""

from __future__ import annotations

import errno
import os
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import k_rows
import vcollect
import vsnap

DEVICE = "/dev/kmsg"
BATCH = 5000  # records per reading
RECORD = 16384  # bytes: more than the kernel makes one
ROWS = 32
TEXT = 500  # characters of a line that are shown
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

_DEVICE = r"(?P<name>[\w./!-]{1,32})"
_TASK = r"(?P<name>.{1,64}?)"
_PATTERNS: Tuple[Tuple[str, "re.Pattern[str]"], ...] = (
    (
        "oom_kill",
        re.compile(r"[Oo]ut of memory: Killed process (?P<pid>\d+) \(%s\),? (?:UID|total)" % _TASK),
    ),
    (
        "io_error",
        re.compile(r"\b(?:I/O|medium|target|transport|timeout) error,? (?:on )?dev %s" % _DEVICE),
    ),
    (
        "fs_error",
        re.compile(r"^(?:EXT[234]-fs error|XFS|BTRFS error) \((?:device )?%s\):? " % _DEVICE),
    ),
    (
        "hung_task",
        re.compile(r"INFO: task %s:(?P<pid>\d+) blocked for more than \d+ seconds" % _TASK),
    ),
    (
        "lockup",
        re.compile(r"soft lockup - CPU#\d+ stuck for \d+s! \[%s:(?P<pid>\d+)\]" % _TASK),
    ),
)
KINDS = tuple(kind for kind, _ in _PATTERNS)
_XFS_TROUBLE = re.compile(r"error|corrupt|shutdown|shutting down", re.IGNORECASE)


class Record(NamedTuple):
    """One message: severity 0 to 7, its number, microseconds since boot, and the text."""

    severity: int
    facility: int
    number: int
    micros: int
    text: str


def parse(raw: bytes) -> Optional[Record]:
    """One record of /dev/kmsg; None for what is none."""
    head, separator, rest = raw.partition(b";")
    fields = head.split(b",")
    if not separator or len(fields) < 4 or not all(field.isdigit() for field in fields[:3]):
        return None
    priority, number, micros = (int(field) for field in fields[:3])
    text = rest.split(b"\n", 1)[0].decode("utf-8", "replace")
    return Record(priority & 7, priority >> 3, number, micros, text)


def trouble(text: str) -> Optional[Tuple[str, str]]:
    """Kind and subject of a message that tells of trouble."""
    for kind, pattern in _PATTERNS:
        found = pattern.search(text)
        if found is None:
            continue
        if kind == "fs_error" and text.startswith("XFS") and not _XFS_TROUBLE.search(text):
            continue
        groups = found.groupdict()
        return kind, "%s:%s" % (groups["pid"], groups["name"]) if "pid" in groups else found["name"]
    return None


class KernelLog(vcollect.Probe):
    """Counts and the last trouble. `opened` is /dev/kmsg's descriptor, or why there is none."""

    name = "kmsg"

    def __init__(
        self,
        opened: Callable[[], int],
        times: k_rows.Times,
        lines: bool,
        read: Callable[[int, int], bytes] = os.read,
    ) -> None:
        self._opened = opened
        self._times = times
        self._read = read
        self._fd: Optional[int] = None
        self._counts = dict.fromkeys(SEVERITIES, 0)
        self._kinds = dict.fromkeys(KINDS, 0)
        self._last: Dict[str, Tuple[float, str]] = {}
        self._next: Optional[int] = None
        self._missed = 0
        columns = ("time", "severity", "text")
        self._rows = k_rows.Rows("kmsg.line", columns, ROWS) if lines else None

    def collect(self, now: float) -> vsnap.Reading:
        if self._fd is None:
            try:
                self._fd = self._opened()
            except OSError as error:
                raise vcollect.Unavailable(_why_not(error)) from None
        for record in self._fresh(self._fd):
            self._take(record)
        values: Dict[str, object] = {
            "kmsg.count": dict(self._counts),
            "kmsg.trouble": dict(self._kinds),
            "kmsg.last_time": {kind: last[0] for kind, last in self._last.items()},
            "kmsg.last_subject": {kind: last[1] for kind, last in self._last.items()},
            "kmsg.missed": self._missed,
        }
        if self._rows is not None:
            values.update(self._rows.values())
        return vsnap.Reading(values)  # type: ignore[arg-type]

    def _fresh(self, descriptor: int) -> List[Record]:
        found = []
        for _ in range(BATCH):
            try:
                raw = self._read(descriptor, RECORD)
            except BlockingIOError:
                break
            except OSError as error:
                # EPIPE: some were overwritten; the next read gives the oldest there is.
                if error.errno in (errno.EPIPE, errno.EINVAL, errno.EINTR):
                    continue
                raise
            if not raw:
                break
            record = parse(raw)
            if record is not None:
                found.append(record)
        return found

    def _take(self, record: Record) -> None:
        if self._next is not None and record.number > self._next:
            self._missed += record.number - self._next
        self._next = record.number + 1
        if record.facility != 0:  # written by a program, not by the kernel
            return
        at = self._times.unix(record.micros * 1000)
        self._counts[SEVERITIES[record.severity]] += 1
        if self._rows is not None:
            severity = SEVERITIES[record.severity]
            self._rows.add({"time": at, "severity": severity, "text": record.text[:TEXT]})
        found = trouble(record.text)
        if found is not None:
            self._kinds[found[0]] += 1
            self._last[found[0]] = (at, found[1])

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _why_not(error: OSError) -> str:
    if error.errno in (errno.EPERM, errno.EACCES):
        return "needs root at start, to open %s" % DEVICE
    return "%s can't be opened: %s" % (DEVICE, error.strerror or error)


def open_device(path: str) -> int:
    """The log's descriptor, at the oldest record. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
