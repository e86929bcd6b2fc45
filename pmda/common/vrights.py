"""Giving up root: what is needed of it is done at start, then few capabilities are left.

Only how: user, groups, capabilities of this process, before it has threads.
Numbers: include/uapi/linux/capability.h and prctl.h.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import socket
import struct
from typing import Iterable, Optional, Tuple

CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, KILL = 0, 1, 2, 3, 5
SYS_PTRACE, SYS_ADMIN = 19, 21
PERFMON, BPF = 38, 39  # Linux 5.8
_SETPCAP = 8
_VERSION_3 = 0x20080522
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_PR_CAPBSET_DROP, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS = 24, 8, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
LAST_CAP = "/proc/sys/kernel/cap_last_cap"


class RightsError(Exception):
    """Root could not be given up; the text says why."""


def last_cap(path: str = LAST_CAP) -> int:
    """The highest capability that this kernel knows."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read(16))
    except (OSError, ValueError):
        return 63


def account(name: str = "pcp") -> Optional[Tuple[int, int]]:
    """User and group id of a user, None where there is none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


def give_up(ids: Tuple[int, int], keep: Iterable[int]) -> None:
    """Become this user and group, with the capabilities `keep` and no others, for good.

    Must be called by the only thread there is: capabilities are a thread's.
    Raises RightsError; whoever gets it must not go on.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    last = last_cap()
    kept = sorted(number for number in set(keep) if number <= last)
    try:
        for number in range(last + 1):
            if number not in kept:
                _prctl(libc, _PR_CAPBSET_DROP, number)
        _prctl(libc, _PR_SET_KEEPCAPS, 1)
        os.setgroups([ids[1]])
        os.setresgid(ids[1], ids[1], ids[1])
        os.setresuid(ids[0], ids[0], ids[0])
        _capset(libc, kept)
        _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
        _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    except OSError as error:
        raise RightsError("root can't be given up: %s" % error) from None
    if os.getresuid() != (ids[0],) * 3 or os.getresgid() != (ids[1],) * 3:
        raise RightsError("root can't be given up: the user did not change")


def stand_alone(
    sock: socket.socket, ids: Tuple[int, int], keep: Iterable[int], name: bytes
) -> socket.socket:
    """The life of a child that was forked to keep capabilities, from here on: its end of `sock`.

    Nothing else of its parent stays open in it, pmcd's pipe least of all; it
    ends with its parent. Raises RightsError; then it must end.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(sock.fileno(), 3)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(4, 65536)
    give_up(ids, keep)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NAME, name, 0, 0, 0)
    return socket.socket(fileno=3)


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    word = ctypes.c_ulong
    if libc.prctl(ctypes.c_int(option), word(value), word(0), word(0), word(0)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "prctl %d: %s" % (option, os.strerror(number)))


def _capset(libc: ctypes.CDLL, kept: Iterable[int]) -> None:
    mask = sum(1 << number for number in kept)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = struct.pack("<Ii", _VERSION_3, 0)
    data = struct.pack("<6I", low, low, 0, high, high, 0)
    if libc.capset(header, data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "capset: %s" % os.strerror(number))
