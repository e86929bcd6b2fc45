"""The catalogue of a running process: it follows the files of the user's folder.

Watching of files belongs here; reading them is `loader`'s. The sampler and the web process each
follow the same folder, and so come to the same catalogue within two looks.
"""

from __future__ import annotations

import logging
from pathlib import Path

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.loader import SHIPPED, load, own_files
from vectorpy.settings import Settings

logger = logging.getLogger(__name__)

# Name, time of change in ns, and size of each file, and whether the folder is there.
_Stamps = tuple[bool, tuple[tuple[str, int, int], ...]]


class Followed:
    """See the module. `catalog` is one object for ever, which `look` brings up to date."""

    def __init__(self, own_dir: Path | None, shipped: Path = SHIPPED) -> None:
        self._dir = own_dir
        self._shipped = shipped
        self._seen = self._found = _stamps(own_dir)
        self.catalog: Catalog = load(own_dir, shipped)
        self._tell()

    @classmethod
    def of(cls, settings: Settings) -> Followed:
        """What follows the folder that the setting `catalog_dir` names."""
        return cls(Path(settings.catalog_dir) if settings.catalog_dir else None)

    def look(self) -> frozenset[str] | None:
        """Read the folder anew where it changed; call it every second or so.

        Returns the names of widgets that mean another now (see `Catalog.take`),
        None where nothing was read. A file that is being written is waited for:
        it must be the same at two looks.
        """
        if self._dir is None:
            return None
        now = _stamps(self._dir)
        steady, self._found = now == self._found, now
        if not steady or now == self._seen:
            return None
        self._seen = now
        changed = self.catalog.take(load(self._dir, self._shipped))
        logger.info("catalog: the files in %s were read anew", self._dir)
        self._tell()
        return changed

    @property
    def problems(self) -> list[str]:
        """The faults of the user's files: file (without its folder), line and reason."""
        return [problem.replace(f"{self._dir}/", "") for problem in self.catalog.problems]

    def _tell(self) -> None:
        for problem in self.catalog.problems:
            logger.warning("catalog: %s", problem)


def _stamps(folder: Path | None) -> _Stamps:
    found = []
    for path in own_files(folder):
        try:
            stat = path.stat()
        except OSError:  # gone in the meantime, or a link that leads nowhere
            found.append((path.name, 0, 0))
        else:
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return folder is not None and folder.is_dir(), tuple(found)
