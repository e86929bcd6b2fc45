"""The probe of run delay without eBPF: /proc/PID/schedstat, in total and the top processes."""

from __future__ import annotations

from typing import Any, Dict, Hashable, List, NamedTuple, Optional, Tuple

import vcollect
import vfiles
import vsnap

SHOWN = 20
TASKS = 20000  # most that are read at a time


class _Task(NamedTuple):
    """What was read of a task: time on CPU and waiting, nanoseconds."""

    ran: int
    waited: int


def parse(text: str) -> Optional[Tuple[int, int]]:
    """Nanoseconds run and waited in the text of a schedstat; None for what is none."""
    fields = text.split()
    if len(fields) < 3 or not (fields[0].isdecimal() and fields[1].isdecimal()):
        return None
    return int(fields[0]), int(fields[1])


class RunDelay(vcollect.Probe):
    """Time that processes waited for a CPU."""

    name = "rundelay"

    def __init__(self, world: vfiles.World, threads: bool) -> None:
        self._world = world
        self._threads = threads
        self._before: Optional[Dict[Tuple[int, int], _Task]] = None  # by (pid, tid)
        self._total = 0

    def collect(self, now: float) -> vsnap.Reading:
        tasks = self._read()
        if not tasks:
            raise vcollect.Unavailable("this kernel keeps no /proc/PID/schedstat")
        fresh: Dict[int, int] = {}
        if self._before is not None:
            for key, task in tasks.items():
                old = self._before.get(key)
                # Less time on the CPU than before: another task has the number now.
                then = old.waited if old is not None and old.ran <= task.ran else 0
                if task.waited > then:
                    fresh[key[0]] = fresh.get(key[0], 0) + task.waited - then
        self._before = tasks
        self._total += sum(fresh.values())
        return self._reading(tasks, fresh)

    def _reading(self, tasks: Dict[Tuple[int, int], _Task], fresh: Dict[int, int]) -> vsnap.Reading:
        order = sorted(fresh, key=lambda pid: (-fresh[pid], pid))[:SHOWN]
        top = dict.fromkeys(order, 0)
        for (pid, _), task in tasks.items():
            if pid in top:
                top[pid] += task.waited
        names: Dict[Hashable, str] = {pid: "%d:%s" % (pid, self._command(pid)) for pid in order}
        values: Dict[str, Any] = {
            "rundelay.total": self._total,
            "rundelay.processes": len({pid for pid, _ in tasks}),
            "rundelay.top": top,
        }
        return vsnap.Reading(values, {"waiting": names})

    def _read(self) -> Dict[Tuple[int, int], _Task]:
        found: Dict[Tuple[int, int], _Task] = {}
        for pid in self._numbers("/proc"):
            for tid in self._numbers("/proc/%d/task" % pid) if self._threads else (pid,):
                place = "/proc/%d/task/%d" % (pid, tid) if self._threads else "/proc/%d" % pid
                try:
                    parsed = parse(self._world.text(place + "/schedstat", 256))
                except OSError:
                    continue
                if parsed is not None:
                    found[pid, tid] = _Task(*parsed)
            if len(found) >= TASKS:
                break
        return found

    def _numbers(self, folder: str) -> List[int]:
        try:
            return [int(name) for name in self._world.names(folder) if name.isdecimal()]
        except OSError:
            return []

    def _command(self, pid: int) -> str:
        try:
            return self._world.text("/proc/%d/comm" % pid, 64).strip() or "?"
        except OSError:
            return "?"
