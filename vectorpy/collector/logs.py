"""What children say, kept in files of bounded size: NAME.log and NAME.log.old."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

FILE_BYTES = 1024 * 1024


class Logs:
    """Appends lines to one file per child in `folder`; past `size` bytes it starts a new one."""

    def __init__(
        self, folder: Path, *, size: int = FILE_BYTES, wall: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._size, self._wall = folder, size, wall

    def path(self, name: str) -> Path:
        """The file of the child `name`."""
        return self._folder / f"{name}.log"

    def write(self, name: str, line: str) -> None:
        """Append a line with its time (UTC). A full disk loses the line and nothing else."""
        path = self.path(name)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._wall()))
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{stamp} {line}\n")
                full = file.tell() > self._size
            if full:
                path.replace(path.with_name(path.name + ".old"))
        except OSError:
            return
