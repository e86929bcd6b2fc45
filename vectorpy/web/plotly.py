"""Plotly's file from the PyPI package: found without importing it, gzip-ed once.

Only finding, naming and packing the file belongs here. The package is 64 MB of
Python that the server has no use for; its one JavaScript file is 4.8 MB, and
travels as 1.5 MB where the browser takes gzip.
"""

from __future__ import annotations

import gzip
import importlib.util
import logging
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vectorpy.errors import ConfigError
from vectorpy.settings import Settings

logger = logging.getLogger(__name__)

_BANNER = re.compile(rb"plotly\.js v(\d+\.\d+\.\d+[\w.-]*)")


@dataclass(frozen=True, slots=True)
class PlotlyFile:
    """The file, its version and its URL, which changes with the version."""

    path: Path
    version: str

    @property
    def name(self) -> str:
        """File name in the URL."""
        return f"plotly-{self.version}.min.js"

    @property
    def url(self) -> str:
        """Where the page loads it from."""
        return f"/vendor/{self.name}"


def find() -> PlotlyFile:
    """The file of the installed package; ConfigError where there is none."""
    spec = importlib.util.find_spec("plotly")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    for place in places:
        path = Path(place) / "package_data" / "plotly.min.js"
        if path.is_file():
            with path.open("rb") as file:
                banner = _BANNER.search(file.read(4096))
            return PlotlyFile(path, banner[1].decode() if banner else "unknown")
    raise ConfigError("The Python package plotly is not installed, or has no plotly.min.js.")


def cache_folder(settings: Settings) -> Path:
    """Where packed files are kept: below the state folder, else a temporary folder of our own."""
    if settings.state_dir:
        return Path(settings.state_dir) / "cache"
    if settings.runtime_dir:
        return Path(settings.runtime_dir) / "cache"
    return Path(tempfile.mkdtemp(prefix="vectorpy-"))


def packed(file: PlotlyFile, folder: Path) -> Path | None:
    """The gzip-ed file in `folder`, made where it is not there yet; None where it can't be.

    It takes about half a second of CPU once per version: call it by aio.offload.
    """
    size = file.path.stat().st_size
    target = folder / f"{file.name}-{size}.gz"
    if target.is_file():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as out:
            out.write(gzip.compress(file.path.read_bytes(), 9, mtime=0))
        os.replace(made, target)
    except OSError as error:
        logger.warning("plotly.js can't be packed, it is served as it is: %s", error)
        return None
    return target
