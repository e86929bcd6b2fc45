"""A process as /proc tells of it: identity, CPU, memory, run delay, descriptors, container, user.

Reads a `vfiles.World`; knows nothing of Java.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

import vfiles

KERNEL_THREAD = 0x00200000  # PF_KTHREAD in the flags of /proc/PID/stat
_CONTAINER = re.compile(r"(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])")
_NAMED = re.compile(r"/(?:lxc(?:\.payload)?[./]|machine-)([\w.-]+?)(?:\.scope)?(?:/|$)", re.M)


class Stat(NamedTuple):
    """From /proc/PID/stat. `start` (ticks since boot) tells apart two processes of one pid."""

    pid: int
    name: str
    state: str
    flags: int
    cpu: int  # ticks
    threads: int
    start: int  # ticks since boot
    rss: int  # pages


class Status(NamedTuple):
    """From /proc/PID/status."""

    uid: int  # effective
    gid: int
    pids: Tuple[int, ...]  # the pid in each namespace, the innermost last
    catches_quit: bool


def parse_stat(text: str) -> Stat:
    """Raises ValueError. The name may hold blanks and brackets, so its end is the last bracket."""
    opened, closed = text.index("("), text.rindex(")")
    words = text[closed + 2 :].split()
    if len(words) < 22:
        raise ValueError("short /proc/PID/stat")
    return Stat(
        pid=int(text[:opened]),
        name=text[opened + 1 : closed],
        state=words[0],
        flags=int(words[6]),
        cpu=int(words[11]) + int(words[12]),
        threads=int(words[17]),
        start=int(words[19]),
        rss=max(0, int(words[21])),
    )


def stat(world: vfiles.World, pid: int) -> Optional[Stat]:
    """None where the process is gone."""
    try:
        return parse_stat(world.text("/proc/%d/stat" % pid, 4096))
    except (OSError, ValueError):
        return None


def status(world: vfiles.World, pid: int) -> Optional[Status]:
    """None where the process is gone or the file is not what it should be."""
    try:
        lines = world.text("/proc/%d/status" % pid, 16384).splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return Status(
            uid=int(fields["Uid"].split()[1]),
            gid=int(fields["Gid"].split()[1]),
            pids=tuple(int(word) for word in fields.get("NSpid", str(pid)).split()),
            catches_quit=bool(int(fields["SigCgt"], 16) >> 2 & 1),  # SIGQUIT is 3
        )
    except (OSError, ValueError, KeyError, IndexError):
        return None


def pids(world: vfiles.World) -> List[int]:
    return [int(name) for name in os.listdir(world.path("/proc")) if name.isdigit()]


def command_line(world: vfiles.World, pid: int) -> List[str]:
    try:
        raw = world.bytes("/proc/%d/cmdline" % pid, 65536)
    except OSError:
        return []
    words = raw.decode("utf-8", "replace").split("\0")
    return words[:-1] if words and not words[-1] else words


def uptime(world: vfiles.World) -> float:
    """Seconds since boot. Raises OSError or ValueError."""
    return float(world.text("/proc/uptime", 64).split()[0])


def open_files(world: vfiles.World, pid: int, limit: int = 20000) -> Optional[int]:
    """How many descriptors are open; None where that may not be known."""
    folder = world.path("/proc/%d/fd" % pid)
    try:
        told = os.stat(folder).st_size  # Linux 6.2 and later tell it here
        if told and folder.startswith("/proc/"):
            return told
        with os.scandir(folder) as entries:
            return sum(1 for _, _entry in zip(range(limit), entries))
    except OSError:
        return None


def container(world: vfiles.World, pid: int) -> str:
    """The short id or name of its container by its cgroup; "" for none."""
    try:
        text = world.text("/proc/%d/cgroup" % pid, 65536)
    except OSError:
        return ""
    found = _CONTAINER.findall(text)
    if found:
        return str(found[-1][:12])
    named = _NAMED.search(text)
    return named.group(1) if named else ""


def users(world: vfiles.World) -> Dict[int, str]:
    """Uid -> name by /etc/passwd alone: a directory service could keep us waiting."""
    found: Dict[int, str] = {}
    try:
        lines = world.text("/etc/passwd").splitlines()
    except OSError:
        return found
    for line in lines:
        words = line.split(":")
        if len(words) > 2 and words[2].isdigit():
            found.setdefault(int(words[2]), words[0])
    return found


class RunDelay:
    """Nanoseconds that the threads of one process waited for a CPU, added up by ourselves.

    /proc/PID/schedstat is that of the first thread only, which a JVM hardly
    uses; the sum over all threads would fall whenever one of them ends.
    """

    def __init__(self, most: int) -> None:
        self.total = 0
        self._most = most
        self._last: Dict[str, int] = {}

    def read(self, world: vfiles.World, pid: int, threads: int) -> Optional[int]:
        """The total so far; None with more than `most` threads or where the kernel has none."""
        if threads > self._most:
            return None
        folder = "/proc/%d/task/" % pid
        now: Dict[str, int] = {}
        try:
            for name in os.listdir(world.path(folder)):
                try:
                    now[name] = int(world.bytes("%s%s/schedstat" % (folder, name), 128).split()[1])
                except OSError:
                    continue  # that thread has ended
        except (OSError, ValueError, IndexError):
            return None
        if not now:
            return None
        for name, delay in now.items():
            last = self._last.get(name, 0)
            self.total += delay - last if delay >= last else delay  # a new thread of an old id
        self._last = now
        return self.total
