"""Which PCP archives lie at a path: their names, their volumes, and what is missing of them.

Only names of files belong here, none is opened. An archive NAME is the files
NAME.meta, NAME.index and the volumes NAME.0, NAME.1, ..., each perhaps
compressed (pmlogger(1), LOGARCHIVE(5)).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from vectorpy.errors import UnknownName, UserError

_PACKED = r"(?:\.(?:xz|lzma|gz|bz2|zst|Z|z))?"
_FILE = re.compile(r"(?P<name>.+)\.(?P<part>meta|index|[0-9]{1,6})" + _PACKED)
# What is looked at below a folder: pmlogger's own are HOST/DAY; no more than this many.
MAX_ARCHIVES = 400
_HINT = "Name an archive without its .meta or .0, or a folder that holds archives."


@dataclass(slots=True)
class Files:
    """One archive on disk: its path without endings, and the numbers of its volumes."""

    base: str
    volumes: set[int] = field(default_factory=set)
    meta: bool = False

    @property
    def lack(self) -> str:
        """Which files are missing, in words; "" where it is whole."""
        if not self.meta:
            return "its .meta file is missing, so nothing of it can be read"
        if not self.volumes:
            return "it has no volume (.0), so there is nothing in it to read"
        low, high = min(self.volumes), max(self.volumes)
        gone = sorted(set(range(low, high + 1)) - self.volumes)
        if gone:
            return f"volume {', '.join(map(str, gone))} is missing: that time is a gap"
        return ""


def find(path: str | Path) -> list[Files]:
    """The archives at `path`: one by its name or one of its files, or all of a folder.

    In order of their names. UnknownName where there is none, UserError where there
    are too many. Hidden files and links to elsewhere in a folder are let be.
    """
    path = Path(path)
    if path.is_dir():
        found = _in_folder(path, None)
    else:
        match = _FILE.fullmatch(path.name) if path.is_file() else None
        found = _in_folder(path.parent, match["name"] if match else path.name)
    if not found:
        what = "this folder" if path.is_dir() else "this path"
        raise UnknownName(f"There is no PCP archive at {what}: {path}.", hint=_HINT)
    if len(found) > MAX_ARCHIVES:
        raise UserError(f"{path} holds {len(found)} archives; {MAX_ARCHIVES} can be read at once.")
    return [found[name] for name in sorted(found)]


def _in_folder(folder: Path, name: str | None) -> dict[str, Files]:
    """Archives in a folder, all or that of `name`; links count where one is named by hand."""
    found: dict[str, Files] = {}
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise UnknownName(f"{folder} can't be read: {error.strerror or error}.") from error
    for entry in entries:
        match = _FILE.fullmatch(entry.name)
        if match is None or entry.name.startswith(".") or name not in (None, match["name"]):
            continue
        if not entry.is_file(follow_symlinks=name is not None):
            continue
        base = str(folder / match["name"])
        one = found.setdefault(base, Files(base))
        if match["part"] == "meta":
            one.meta = True
        elif match["part"] != "index":
            one.volumes.add(int(match["part"]))
    return {base: one for base, one in found.items() if one.meta or one.volumes}
