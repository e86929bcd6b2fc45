"""Network namespaces of this host: found by their processes, entered for a moment.

A netlink socket stays in the namespace where it was opened, whoever uses it
later. So a thread enters the namespace, opens one, and ends; no other thread
ever leaves the agent's own namespace.
"""

from __future__ import annotations

import ctypes
import os
import re
import threading
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import n_netlink as netlink
import vfiles

CLONE_NEWNET = 0x40000000
EVERY = 10.0  # seconds between two searches
SEARCHED = 20000  # processes at most

# What opens a netlink socket inside of a namespace's file: (path, protocol) -> channel.
Enter = Callable[[str, int], netlink.Channel]


class Found(NamedTuple):
    """A namespace: its inode, a process that lives in it, and what people call it."""

    inode: int
    pid: str
    label: str


def enter(
    path: str, protocol: int, opener: netlink.Opener = netlink.open_netlink
) -> netlink.Channel:
    """A netlink socket of the namespace whose file is `path`. Raises OSError."""
    result: List[object] = []

    def inside() -> None:
        try:
            with open(path, "rb") as file:
                _setns(file.fileno())
            result.append(opener(protocol))
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=inside, name="netns")
    thread.start()
    thread.join()
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]  # type: ignore[return-value]


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "setns: " + os.strerror(number))


def own(world: vfiles.World) -> int:
    """Inode of the agent's own namespace; 0 where it can't be told."""
    try:
        return _inode(world.path("/proc/self/ns/net")) or 0
    except PermissionError:
        return 0


def _inode(path: str) -> Optional[int]:
    """None where the process is gone. Raises PermissionError."""
    try:
        match = re.match(r"net:\[(\d+)\]\Z", os.readlink(path))
    except PermissionError:
        raise
    except OSError:
        return None
    return int(match.group(1)) if match else None


def search(world: vfiles.World, except_for: int) -> Tuple[List[Found], int]:
    """All other namespaces that a process lives in, and how many processes hid theirs.

    Raises OSError where /proc can't be listed.
    """
    names = _named(world)
    found: Dict[int, Found] = {}
    hidden = 0
    pids = [name for name in world.names("/proc") if name.isdigit()]
    for pid in sorted(pids, key=int)[:SEARCHED]:
        try:
            inode = _inode(world.path("/proc/%s/ns/net" % pid))
        except PermissionError:
            hidden += 1
            continue
        if inode is not None and inode != except_for and inode not in found:
            label = names.get(inode) or _container(world, pid) or "net-%d" % inode
            found[inode] = Found(inode, pid, label)
    return list(found.values()), hidden


def _named(world: vfiles.World) -> Dict[int, str]:
    """Inode -> name of those that `ip netns` named."""
    folder, found = "/run/netns", {}
    try:
        for name in world.names(folder):
            found[os.stat(world.path("%s/%s" % (folder, name))).st_ino] = name
    except OSError:
        pass  # no such folder: nothing is named
    return found


def _container(world: vfiles.World, pid: str) -> Optional[str]:
    """First 12 digits of the container's id that a process's cgroup tells."""
    try:
        match = re.search(r"[0-9a-f]{64}", world.text("/proc/%s/cgroup" % pid, 65536))
    except OSError:
        return None
    return match.group()[:12] if match else None


class Sockstat(NamedTuple):
    """The kernel's own counts in a namespace; None where it does not tell."""

    time_wait: Optional[int] = None
    inuse: Optional[int] = None  # TCP sockets of IPv4, listeners too
    inuse6: Optional[int] = None


def sockstat(world: vfiles.World, pid: str) -> Sockstat:
    """The counts of the namespace that a process lives in."""
    folder = "/proc/%s/net/" % pid
    text = _text(world, folder + "sockstat")
    return Sockstat(
        _count(r"^TCP:.* tw (\d+)\b", text),
        _count(r"^TCP: inuse (\d+)\b", text),
        _count(r"^TCP6: inuse (\d+)\b", _text(world, folder + "sockstat6")),
    )


def _text(world: vfiles.World, path: str) -> str:
    try:
        return world.text(path, 65536)
    except OSError:
        return ""


def _count(pattern: str, text: str) -> Optional[int]:
    match = re.search(pattern, text, re.M)
    return int(match.group(1)) if match else None
