"""Opening what a stranger's JVM left in its /tmp: never a link, a pipe, a device, another's file.

All steps go by descriptors, so that nothing can be exchanged between a check
and its use; a file is looked at (O_PATH) before it is opened. Files are read
with pread, never mapped: a mapped file that is cut off kills its reader.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import List

import j_hsperf

FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_PATH
LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Refused(Exception):
    """A file that is not used; the text says why, for people."""


def _why(error: OSError, what: str) -> Refused:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused("%s belongs to another user: run the agent as root" % what)
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return Refused("%s is a link or no folder, and not followed" % what)
    if error.errno == errno.ENOENT:
        return Refused("%s is not there" % what)
    return Refused("%s can't be opened: %s" % (what, os.strerror(error.errno or 0)))


def folder(root: str) -> int:
    """A descriptor of `tmp` in the folder that `root` leads to (/proc/PID/root). Raises Refused."""
    try:
        # The one link that is followed: the kernel's own to the process's root.
        top = os.open(root, os.O_DIRECTORY | os.O_CLOEXEC | os.O_PATH)
    except OSError as error:
        raise _why(error, "its root folder") from None
    try:
        return os.open("tmp", FOLDER, dir_fd=top)
    except OSError as error:
        raise _why(error, "its /tmp") from None
    finally:
        os.close(top)


def hsperfdata(root: str, home: str, name: str, uid: int) -> int:
    """A descriptor of tmp/`home`/`name` below `root`, all of it owned by `uid`. Raises Refused."""
    tmp = folder(root)
    try:
        inner = _inner(tmp, home, uid)
    finally:
        os.close(tmp)
    try:
        return _file(inner, name, uid)
    finally:
        os.close(inner)


def _inner(tmp: int, home: str, uid: int) -> int:
    if "/" in home or home in ("", ".", ".."):
        raise Refused("its folder has no proper name")
    try:
        inner = os.open(home, FOLDER, dir_fd=tmp)
    except OSError as error:
        raise _why(error, "its folder in /tmp") from None
    found = os.fstat(inner)
    if found.st_uid != uid or found.st_mode & 0o022:
        os.close(inner)
        raise Refused("its folder in /tmp belongs to, or can be written by, another user")
    return inner


def _file(inner: int, name: str, uid: int) -> int:
    if not name.isdigit():
        raise Refused("its file has no proper name")
    try:
        look = os.open(name, LOOK, dir_fd=inner)
    except OSError as error:
        raise _why(error, "its file") from None
    try:
        fault = _fault(os.fstat(look), uid)
        if fault:
            raise Refused("its file " + fault)
        return os.open("/proc/self/fd/%d" % look, READ)
    except OSError as error:
        raise _why(error, "its file") from None
    finally:
        os.close(look)


def _fault(found: os.stat_result, uid: int) -> str:
    """Why a file is not one that a JVM of `uid` wrote; "" if it may be."""
    if stat.S_ISLNK(found.st_mode):
        return "is a link, and not followed"
    if not stat.S_ISREG(found.st_mode):
        return "is no ordinary file"
    if found.st_uid != uid:
        return "belongs to another user"
    if found.st_nlink != 1:
        return "has %d names" % found.st_nlink
    if found.st_size > j_hsperf.MOST_BYTES:
        return "is too big (%d bytes)" % found.st_size
    return ""


def read(descriptor: int, limit: int = j_hsperf.MOST_BYTES) -> bytes:
    """All of an open file up to `limit`, from its beginning. Raises OSError."""
    data = os.pread(descriptor, limit, 0)
    if len(data) == limit or not data:
        return data
    parts: List[bytes] = [data]
    at = len(data)
    while at < limit:  # a short read is no end until nothing follows
        more = os.pread(descriptor, limit - at, at)
        if not more:
            break
        parts.append(more)
        at += len(more)
    return b"".join(parts)
