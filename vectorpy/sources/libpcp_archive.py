"""libpcp's calls on archives: contexts, labels, places in time, and records as they were written.

Only calls and their decoding belong here. It runs in the reader's process alone
(`reader`): a damaged archive may take libpcp down with it.
"""

from __future__ import annotations

import ctypes
import struct
from ctypes import byref, c_int, c_void_p, string_at
from typing import Any

from vectorpy.sources.libpcp import Lib, Wanted, _bindings
from vectorpy.sources.shape import Fetched, _decode

PM_ERR_EOL, PM_ERR_LOGREC = -12370, -12373
_ARCHIVE, _FORWARD = 2, 2


class ArchiveLib(Lib):
    """The calls that the reader needs, besides those for all contexts."""

    def __init__(self) -> None:
        self._pmapi = _bindings()
        super().__init__(self._pmapi, 2.0)

    def _make_prototypes(self) -> None:
        super()._make_prototypes()
        self._time = self._pmapi.timeval
        # Not by the bindings' own prototypes, as for all calls here.
        self._get_label = self._call("pmGetArchiveLabel", c_void_p)
        self._get_end = self._call("pmGetArchiveEnd", c_void_p)
        self._set_mode = self._call("pmSetMode", c_int, c_void_p, c_int)

    def new_archive(self, base: str) -> int:
        """A new context on the archive `base`, in use by this thread."""
        return self._check(self._new(_ARCHIVE, base.encode()))

    def label(self) -> tuple[str, str, float]:
        """Host name, time zone and first time of the archive in use."""
        label = self._pmapi.pmLogLabel()
        self._check(self._get_label(ctypes.addressof(label)))
        start = label.start.tv_sec + label.start.tv_usec * self._fraction
        return _text(label.hostname), _text(label.tz), start

    def end(self) -> float:
        """Last time of the archive in use."""
        when = self._time()
        self._check(self._get_end(ctypes.addressof(when)))
        return float(when.tv_sec + when.tv_usec * self._fraction)

    def seek(self, when: float) -> None:
        """The next record read is the first one at `when` or later."""
        at = self._time()
        at.tv_sec = int(when)
        at.tv_usec = int((when - int(when)) / self._fraction)
        self._check(self._set_mode(_FORWARD, ctypes.addressof(at), 0))

    def record(self, wanted: Wanted) -> tuple[float, list[Fetched] | None]:
        """The next record that has one of the metrics: its time and values; None is a mark.

        A metric that the record lacks has no ids. PmError with PM_ERR_EOL at the end.
        """
        pointer = c_void_p()
        self._check(self._fetch(len(wanted.types), wanted.pmids, byref(pointer)))
        base = pointer.value
        assert base is not None
        try:
            head = self._result_head
            seconds, fraction, number = head.unpack(string_at(base, head.size))
            stamp = seconds + fraction * self._fraction
            if number != len(wanted.types):
                return stamp, None
            sets = struct.unpack(f"{number}P", string_at(base + head.size, number * 8))
            both = zip(sets, wanted.types, strict=True)
            # One by one: the next record lies elsewhere, and has other metrics.
            return stamp, [_decode(at, kind) for at, kind in both]
        finally:
            self._free_result(base)


def _text(value: Any) -> str:
    raw = value if isinstance(value, bytes) else bytes(value)
    return raw.partition(b"\0")[0].decode(errors="replace")
