"""Archives as libpcp can open them: unpacked where it can't do that, or without a damaged index.

Only files belong here: links and copies in a folder that is removed in the end.
libpcp knows all packings but zstd; without an index it reads from the start.
"""

from __future__ import annotations

import os
import subprocess
import tempfile


class Unpacker:
    """A folder of its own for what is unpacked; `close` removes it."""

    def __init__(self) -> None:
        self._place: tempfile.TemporaryDirectory[str] | None = None

    def needed(self, base: str) -> bool:
        """Whether the archive has files that are packed by zstd."""
        return any(name.endswith(".zst") for name in _files(base))

    def indexed(self, base: str) -> bool:
        """Whether the archive has an index that could be damaged."""
        return any(".index" in name[len(os.path.basename(base)) :] for name in _files(base))

    def unpacked(self, base: str, index: bool = True) -> str:
        """The archive in another place, with links to what need not be unpacked.

        OSError with words where it can't be done. Without `index` that is left away.
        """
        if self._place is None:
            self._place = tempfile.TemporaryDirectory(prefix="vectorpy-archive-")
        place = tempfile.mkdtemp(dir=self._place.name)
        folder, name = os.path.split(base)
        for file in _files(base):
            source = os.path.abspath(os.path.join(folder, file))
            target = os.path.join(place, file.removesuffix(".zst"))
            if not index and file.startswith(f"{name}.index"):
                continue
            if not file.endswith(".zst"):
                os.symlink(source, target)
                continue
            try:
                run = subprocess.run(["zstd", "-dqo", target, source], check=False)
            except FileNotFoundError:
                raise OSError("it is packed by zstd, which is not installed here") from None
            if run.returncode:
                raise OSError(f"{file} can't be unpacked")
        return os.path.join(place, name)

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._place is not None:
            self._place.cleanup()


def _files(base: str) -> list[str]:
    folder, name = os.path.split(base)
    return [file for file in os.listdir(folder or ".") if file.startswith(f"{name}.")]
