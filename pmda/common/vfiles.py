"""Reading files of a world: below a root that is a parameter, and never without bounds.

For /proc and /sys and recorded copies of them. No parsing stands here.
"""

from __future__ import annotations

import os
from typing import List

LIMIT = 4 << 20  # bytes


class World:
    """The file system as a probe sees it; `root` is "/" or a recorded tree."""

    def __init__(self, root: str = "/") -> None:
        self.root = root.rstrip("/") or ""

    def path(self, name: str) -> str:
        """The real path of `name`, which starts with a slash."""
        return self.root + name

    def bytes(self, name: str, limit: int = LIMIT) -> bytes:
        """Content, cut at `limit`. Raises OSError; a FIFO doesn't block, it is empty."""
        descriptor = os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            parts, left = [], limit
            while left > 0:
                part = os.read(descriptor, min(left, 65536))
                if not part:
                    break
                parts.append(part)
                left -= len(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)

    def text(self, name: str, limit: int = LIMIT) -> str:
        return self.bytes(name, limit).decode("utf-8", "replace")

    def number(self, name: str) -> int:
        """A file that is one whole number. Raises OSError or ValueError."""
        return int(self.bytes(name, 64))

    def names(self, name: str) -> List[str]:
        """Sorted entries of a folder. Raises OSError."""
        return sorted(os.listdir(self.path(name)))
