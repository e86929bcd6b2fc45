"""The probe of program starts, by eBPF."""

from __future__ import annotations

import errno
from typing import Any, Dict, Tuple

import k_bpf
import k_exec
import k_names
import k_probe
import k_rows
import vsnap

PARENTS = 8192
QUEUE = 1024  # starts within a second


class Starts(k_probe.Program):
    """The last program starts, and how many there were."""

    name = "starts"
    _COLUMNS = ("time", "pid", "ppid", "uid", "command", "path", "result")

    def __init__(self, tools: k_probe.Tools, rows: int, failed: bool, times: k_rows.Times) -> None:
        super().__init__(tools)
        self._failed = failed
        self._rows = k_rows.Rows("start", self._COLUMNS, rows)
        self._times = times
        self._note = ""

    def attach(self) -> None:
        events = self.tools.events
        fork, start = events.get(k_exec.FORK), events.get(k_exec.EXEC)
        parents = self.map(k_bpf.LRU_HASH, 4, 4, PARENTS, "parents")
        self._queue = self.map(k_bpf.HASH, 16, k_exec.RECORD.size, QUEUE, "starts")
        self._taken, counters = 0, self.counters("lost", "sent")
        self.run(fork, k_exec.forked(fork, parents))
        self.run(start, k_exec.started(start, parents, self._queue, counters))
        self._note = ""
        if self._failed:
            self._watch_failures(parents, counters)

    def _watch_failures(self, parents: k_bpf.Map, counters: k_bpf.Map) -> None:
        """Attach to execve and its like."""
        events = self.tools.events
        self._note = "without failed ones: this kernel has no tracepoints of system calls"
        paths = self.map(k_bpf.LRU_HASH, 8, 8, 1024, "paths")
        for enter, leave in k_exec.CALLS:
            if enter in events and leave in events:
                into, out = events.get(enter), events.get(leave)
                code = k_exec.returned(out, paths, parents, self._queue, counters)
                self.run(out, code)
                self.run(into, k_exec.called(into, paths))
                self._note = ""

    def read(self, now: float) -> vsnap.Reading:
        sent = self.number("sent")
        taken = self.kernel.take(self._queue) if sent != self._taken else ()
        self._taken = sent
        stamped = [(int.from_bytes(key[:8], "little"), value) for key, value in taken]
        for at, value in sorted(stamped):
            self._rows.add(self._row(at, k_exec.RECORD.unpack(value)))
        self.lost = self.number("lost")
        values: Dict[str, Any] = {**self._rows.values(), "start.count": self._rows.count}
        return vsnap.Reading(values, note=self._note)

    def _row(self, at: int, record: Tuple[int, int, int, int, bytes, bytes]) -> Dict[str, object]:
        pid, parent, result, uid, command, path = record
        return {
            "time": self._times.unix(at),
            "pid": pid,
            "ppid": parent or self._parent(pid),
            "uid": uid,
            "command": k_names.text(command),
            "path": k_names.text(path) or None,
            "result": "ok" if result == 0 else errno.errorcode.get(-result, str(result)),
        }

    def _parent(self, pid: int) -> object:
        """The parent of a process that was forked before we came, while it lives."""
        try:
            return k_exec.parent_of(self.tools.world.text("/proc/%d/stat" % pid, 4096))
        except OSError:
            return None
