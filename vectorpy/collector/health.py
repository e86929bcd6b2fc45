"""health.json: what the supervisor knows of its children, for /healthz and for people.

    {"pid": supervisor, "updated": Unix s, "children": {NAME: {"state", "pid",
     "restarts", "since", "words"}}}

`state` is one of starting, running, waiting (for its next start), stopped;
`since` is the Unix second in which it entered that state; `restarts` counts
starts beyond the first; `words` are the last lines it said before its last end.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Health:
    """One child's health; see the head of this file."""

    state: str
    pid: int | None
    restarts: int
    since: int
    words: tuple[str, ...]


def write(path: Path, pid: int, updated: int, children: dict[str, Health]) -> None:
    """Replace `path` as a whole; a reader sees the old file or the new one.

    The folder may belong to another user: a link put in the way is never followed.
    """
    text = json.dumps(
        {
            "pid": pid,
            "updated": updated,
            "children": {name: asdict(health) for name, health in children.items()},
        }
    )
    fresh = path.with_name(f".{path.name}.{pid}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text + "\n")
    fresh.replace(path)
