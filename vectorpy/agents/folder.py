"""An agent's folder below PCP's: what of it is ours, put there and taken away file by file.

Files that people edited or added stay through everything. A record in the
folder tells our files by their digests; PCP is told of nothing here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vectorpy.agents.shipped import Shipped, digest, editable
from vectorpy.errors import Unavailable

RECORD = ".vectorpy.json"
UNKNOWN = "unknown"  # version of an agent that was put there by hand
# Made by PCP's Install, and by Python.
_GENERATED = ("domain.h", "pmns", "domain.h.python", "pmns.python", "domain.h.save", "pmns.save")
_CACHE = "__pycache__"


@dataclass(frozen=True)
class Record:
    """What was put there: version and digests by file name, as shipped."""

    version: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Folder:
    """The folder `path`, meant for the agent `name`; it need not be there."""

    path: Path
    name: str

    @property
    def script(self) -> Path:
        return self.path / f"pmda{self.name}.python"

    def record(self) -> Record | None:
        """What we put there; None where nothing was, or by hand."""
        try:
            data = json.loads((self.path / RECORD).read_text(encoding="utf-8"))
            return Record(str(data["version"]), {str(k): str(v) for k, v in data["files"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @property
    def version(self) -> str | None:
        """Version that is installed, UNKNOWN where it was by hand; None where there is none."""
        if not self.script.exists():
            return None
        record = self.record()
        return UNKNOWN if record is None else record.version

    def require_ours(self) -> None:
        """Raise Unavailable where the folder is somebody else's.

        Nothing but conf files may well be ours: whoever rolls hosts out puts them there first.
        """
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_dir()):
            raise Unavailable(f"{self.path} is not a folder.", hint="Move it out of the way.")
        if not self.path.exists() or self.record() is not None:
            return
        by_hand = self.script.exists() and (self.path / "vpmda.py").exists()
        if not by_hand and not all(map(editable, self._names())):
            raise Unavailable(
                f"{self.path} holds something that is not our agent {self.name}.",
                hint="Look at it, and move it out of the way if it isn't needed.",
            )

    def has(self, shipped: Shipped, version: str) -> bool:
        """Whether all files of this version are there as shipped, edited ones set aside."""
        record = self.record()
        files = shipped.files()
        if record is None or record.version != version or set(record.files) != set(files):
            return False
        for name, source in files.items():
            wanted = digest(source)
            if record.files[name] != wanted:
                return False
            if not editable(name) and _digest(self.path / name) != wanted:
                return False
        return True

    def edited(self, shipped: Shipped) -> list[str]:
        """Editable files that are not as they were shipped."""
        before = self._before(shipped)
        return sorted(
            name
            for name, was in before.items()
            if editable(name) and _present(self.path / name) and _digest(self.path / name) != was
        )

    def changed(self) -> float:
        """When an editable file was last written, Unix seconds; 0 where there is none."""
        times = [0.0]
        for name in self._names():
            if editable(name):
                with contextlib.suppress(OSError):
                    times.append((self.path / name).stat().st_mtime)
        return max(times)

    def put(self, shipped: Shipped, version: str) -> list[str]:
        """Put this version there; names of edited files that were left as they are.

        Where such a file is shipped anew, the new one lies beside it as NAME.new.
        An editable file that somebody deleted stays deleted. Raises OSError.
        """
        record, edited, files = self.record(), self.edited(shipped), shipped.files()
        made = {name: digest(source) for name, source in files.items()}
        old = record.files if record else {}
        _folder(self.path)
        for name, source in files.items():
            deleted = editable(name) and name in old and not _present(self.path / name)
            if name not in edited and not deleted:
                _copy(source, self.path / name)
            elif old.get(name) != made[name]:
                _copy(source, self.path / f"{name}.new")
        for name in old.keys() - files.keys() - set(edited):
            (self.path / name).unlink(missing_ok=True)
        self._write(Record(version, made))
        return edited

    def clear(self, shipped: Shipped) -> list[str]:
        """Take our files away; names of those that stay, since people edited or added them."""
        edited, before = self.edited(shipped), self._before(shipped)
        for name in set(before) - set(edited):
            (self.path / name).unlink(missing_ok=True)
            (self.path / f"{name}.new").unlink(missing_ok=True)
        for name in (*_GENERATED, *(f"{name}.new" for name in edited)):
            (self.path / name).unlink(missing_ok=True)
        for fresh in self.path.rglob(".*.fresh"):  # of a copy that was cut off
            fresh.unlink()
        for base, _, _ in os.walk(self.path, topdown=False):
            if Path(base).name == _CACHE:
                shutil.rmtree(base, ignore_errors=True)
            elif Path(base) != self.path and not os.listdir(base):
                os.rmdir(base)
        (self.path / RECORD).unlink(missing_ok=True)
        left = self._names()
        if left:  # the next install sees that the folder is ours, and what was edited
            self._write(Record("", {name: before[name] for name in edited}))
        else:
            self.path.rmdir()
        return left

    def _before(self, shipped: Shipped) -> dict[str, str]:
        """Our files as they were shipped; today's stand in for those of no record."""
        record = self.record()
        old = {} if record is None else record.files
        today = {name: digest(source) for name, source in shipped.files().items()}
        return {**today, **old}

    def _names(self) -> list[str]:
        return sorted(
            Path(base, name).relative_to(self.path).as_posix()
            for base, _, names in os.walk(self.path)
            for name in names
        )

    def _write(self, record: Record) -> None:
        text = json.dumps({"version": record.version, "files": dict(record.files)}, indent=1)
        _replace(self.path / RECORD, text.encode(), 0o644)


def _present(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _digest(path: Path) -> str:
    """A file's digest; of what is no ordinary file (a link of somebody's) none that fits."""
    try:
        return "" if path.is_symlink() else digest(path)
    except OSError:
        return ""


def _folder(path: Path) -> None:
    if path.is_symlink():
        raise Unavailable(f"{path} is a link.", hint="Move it out of the way.")
    if not path.is_dir():
        _folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def _copy(source: Path, target: Path) -> None:
    """Copy content; scripts may be run (archives lose that right), the owner is who copies."""
    _folder(target.parent)
    content = source.read_bytes()
    _replace(target, content, 0o755 if content.startswith(b"#!") else 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    fresh.write_bytes(content)
    fresh.chmod(mode)
    fresh.replace(path)
