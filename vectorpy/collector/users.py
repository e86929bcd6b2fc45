"""Who runs as what: the accounts of a stack, and whether they can read our code.

Started by root, pmcd, PCP's agents, sampler and web run as user pcp, and
pmproxy as nobody, because a pmproxy under the agents' own uid would read the
environments of their processes for anybody. An ordinary user has one uid only,
so beside pmproxy there is no pmdaproc. What the processes are stands elsewhere.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vectorpy.errors import Unavailable

STACK_USER = "pcp"
PROXY_USER = "nobody"


@dataclass(frozen=True)
class Account:
    """A user that a process runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Roles:
    """The accounts of one stack.

    `stack` runs pmcd, agents, sampler and web; `proxy` runs pmproxy. `drops`
    says that we are root and change to them; `separate` that they are two uids.
    """

    stack: Account
    proxy: Account
    drops: bool

    @property
    def separate(self) -> bool:
        return self.stack.uid != self.proxy.uid


def roles(
    *,
    needs_pcp: bool = True,
    euid: int | None = None,
    by_name: Callable[[str], pwd.struct_passwd] = pwd.getpwnam,
    by_uid: Callable[[int], pwd.struct_passwd] = pwd.getpwuid,
) -> Roles:
    """The accounts for whoever starts us (`euid`, by default our own).

    `needs_pcp` False lets root do without the user pcp where no collector runs.
    Raises Unavailable where a needed user does not exist.
    """
    uid = os.geteuid() if euid is None else euid
    if uid != 0:
        own = _ordinary(uid, by_uid)
        return Roles(stack=own, proxy=own, drops=False)
    proxy = _named(PROXY_USER, by_name, "Every Linux system should have it; create it.")
    try:
        stack = _named(STACK_USER, by_name, "Install PCP (on Debian: apt install pcp).")
    except Unavailable:
        if needs_pcp:
            raise
        stack = proxy
    return Roles(stack=stack, proxy=proxy, drops=True)


def _named(name: str, by_name: Callable[[str], pwd.struct_passwd], hint: str) -> Account:
    try:
        entry = by_name(name)
    except KeyError as error:
        raise Unavailable(f"There is no user {name} on this system.", hint=hint) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _ordinary(uid: int, by_uid: Callable[[int], pwd.struct_passwd]) -> Account:
    try:
        entry = by_uid(uid)
    except KeyError as error:
        raise Unavailable(
            f"The user id {uid} has no name on this system, and PCP's agents need one.",
            hint="Add it to /etc/passwd, or run as a user that is there.",
        ) from error
    return Account(entry.pw_name, uid, entry.pw_gid)


_CODE_HINT = (
    "Install vectorpy outside of home folders, for example in /opt/vectorpy (scripts/run does "
    "so), or start it as an ordinary user."
)
FOLDER_HINT = "Name others with VECTORPY_STATE_DIR and VECTORPY_RUNTIME_DIR."


def require_readable(account: Account, paths: Iterable[Path], hint: str = _CODE_HINT) -> None:
    """Raise Unavailable, naming folder and remedy, where `account` can't reach one of `paths`."""
    for path in paths:
        barrier = _barrier(account, path)
        if barrier is not None:
            raise Unavailable(
                f"User {account.name}, as whom vectorpy's processes run when root starts it, "
                f"can't read {path}: {barrier} is closed to others.",
                hint=hint,
            )


def _barrier(account: Account, path: Path) -> Path | None:
    """The first of the folders down to `path` that `account` can't pass.

    Both ways count, that of the path as given and that with links followed: a
    venv's python is a link, and lies in a folder of its own.
    """
    given, target = path.absolute(), path.resolve()
    for place in (*reversed(given.parents), *reversed(target.parents), target):
        try:
            status = place.stat()
        except OSError:
            return place
        if status.st_uid == account.uid:
            bits = status.st_mode >> 6
        elif status.st_gid == account.gid:
            bits = status.st_mode >> 3
        else:
            bits = status.st_mode
        needed = 0o1 if place.is_dir() else 0o4
        if not bits & needed:
            return place
    return None
