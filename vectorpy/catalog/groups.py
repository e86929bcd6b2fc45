"""Groups of hosts, as a file of their owner's lists them: a strict loader that follows the file.

    web = ["web-01", "web-02:44322"]
    db = ["pcp://db-1", "pcp://db-2"]

Names and texts only: whether a host may be reached is found out in `sources`. A faulty group is
told with its line and reason, and harms no other.
"""

from __future__ import annotations

import logging
import re
import tomllib
from pathlib import Path
from typing import Any

from vectorpy.catalog.places import text_of
from vectorpy.errors import BadHost, CatalogError
from vectorpy.model import hostspec
from vectorpy.settings import Settings

logger = logging.getLogger(__name__)

MOST_GROUPS, MOST_HOSTS = 256, 256
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
Members = dict[str, tuple[str, ...]]
_Stamp = tuple[int, int] | None


class HostGroups:
    """The groups of the file that the setting `host_groups` names; none without one.

    `members` are host ids by the group's name. A file that is no TOML at all
    leaves the groups of before in force: somebody is just writing it.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = self._found = _stamp(path)
        self.members: Members = {}
        self.problems: list[str] = []
        self._read()

    @classmethod
    def of(cls, settings: Settings) -> HostGroups:
        """What follows the file that the setting `host_groups` names."""
        return cls(Path(settings.host_groups) if settings.host_groups else None)

    def look(self) -> bool:
        """Read the file anew where it changed and is no longer being written; True where it was."""
        if self._path is None:
            return False
        now = _stamp(self._path)
        steady, self._found = now == self._found, now
        if not steady or now == self._seen:
            return False
        self._seen = now
        self._read()
        return True

    def _read(self) -> None:
        if self._path is None:
            return
        name = self._path.name
        self.problems = []
        try:
            self.members, faults = parse(text_of(self._path))
            self.problems = [f"{name}{fault}" for fault in faults]
        except CatalogError as error:
            self.members = {}
            self.problems = [error.message.replace(str(self._path), name)]
        except tomllib.TOMLDecodeError as error:
            kept = " The groups of before stay." if self.members else ""
            self.problems = [f"{name}: it is no TOML: {error}.{kept}"]
        for problem in self.problems:
            logger.warning("groups: %s", problem)


def parse(text: str) -> tuple[Members, list[str]]:
    """Groups of a file's text, and of each faulty one ", line N: reason".

    Raises tomllib.TOMLDecodeError where the text is no TOML.
    """
    members: Members = {}
    faults: list[str] = []
    lines = text.splitlines()
    for name, value in tomllib.loads(text).items():
        try:
            members[name] = _group(name, value, len(members))
        except _Fault as fault:
            faults.append(f", line {_line(lines, name, fault.host)}: {fault}")
    return members, faults


class _Fault(Exception):
    """Why a group can't be taken; `host` is the text to blame, where it is one."""

    def __init__(self, text: str, host: str = "") -> None:
        super().__init__(text)
        self.host = host


def _group(name: str, value: Any, before: int) -> tuple[str, ...]:
    if not NAME.fullmatch(name):
        raise _Fault(f"{name!r} is no name of a group: small letters, digits, dots and dashes.")
    if before >= MOST_GROUPS:
        raise _Fault(f"the group {name} is one too many: {MOST_GROUPS} are taken.")
    if not isinstance(value, list) or not value:
        raise _Fault(f'the group {name} must be a list of hosts, like ["web-01", "web-02"].')
    if len(value) > MOST_HOSTS:
        raise _Fault(f"the group {name} has {len(value)} hosts; {MOST_HOSTS} are taken.")
    hosts: dict[str, None] = {}
    for text in value:
        host = _host(name, text)
        if host in hosts:
            raise _Fault(f"the group {name} names {host} twice.", str(text))
        hosts[host] = None
    return tuple(hosts)


def _host(name: str, text: Any) -> str:
    if not isinstance(text, str):
        raise _Fault(f"the group {name} has {text!r}, which is no text.")
    try:
        host = hostspec.parse(text)
    except BadHost as error:
        raise _Fault(f"the group {name}: {error.message}", text) from None
    if host.scheme == hostspec.ARCHIVE:
        raise _Fault(f"the group {name} has {text}: an archive is no live host.", text)
    return host.id


def _line(lines: list[str], name: str, host: str) -> int:
    """Line of a group, or within it the last line that has the text."""
    start = re.compile(rf"\s*\[{{0,2}}\s*[\"']?{re.escape(name)}[\"']?\s*[\]=.]")
    at = next((n for n, line in enumerate(lines) if start.match(line)), 0)
    found = at
    for n in range(at, len(lines)):
        if host and re.search(rf"[\"']{re.escape(host)}[\"']", lines[n]):
            found = n
        if "]" in lines[n].partition("#")[0]:
            break
    return found + 1


def _stamp(path: Path | None) -> _Stamp:
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size) if stat is not None else None
