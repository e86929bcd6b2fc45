"""The text of a TOML file, and at which line each of its entries stands.

TOML's reader keeps no lines, and a fault is told with its line. What entries mean is `read`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from vectorpy.errors import CatalogError

MAX_BYTES = 1024 * 1024
# File and line of the n-th widget or preset, and of an alias by its name.
Places = Mapping[tuple[str, int | str], str]


def text_of(path: Path) -> str:
    """The file's text; CatalogError where it can't be read or is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CatalogError(f"{path}: it is larger than {MAX_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: it can't be read: {error}.") from error


def places(path: Path, text: str) -> Places:
    """File and line of the n-th [[widget]] and [[preset]], and of each alias."""
    found: dict[tuple[str, int | str], str] = {}
    counts = {"widget": 0, "preset": 0}
    aliases = False
    for number, line in enumerate(text.splitlines(), 1):
        aliases = bool(re.match(r"\s*\[\s*alias\s*\]", line)) or (
            aliases and not line.lstrip().startswith("[")
        )
        if entry := re.match(r"\s*\[\[\s*(widget|preset)\s*\]\]", line):
            found[entry[1], counts[entry[1]]] = f"{path}, line {number}"
            counts[entry[1]] += 1
        elif aliases and (entry := re.match(r"\s*[\"']?([a-z0-9._-]+)[\"']?\s*=", line)):
            found["alias", entry[1]] = f"{path}, line {number}"
    return found
