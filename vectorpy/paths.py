"""Where the files that are not Python lie: static/ and pmda/.

They stand beside the package in a checkout and inside it in a wheel; each is
found by a file of ours in it, so that a stranger's folder of the same name
beside an installed package is never taken for ours.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _find(name: str, mark: str, package: Path) -> Path:
    for place in (package / name, package.parent / name):
        if (place / mark).exists():
            return place
    raise FileNotFoundError(f"the folder {name}/ with {mark} is neither in nor beside {package}")


def static_root(package: Path = PACKAGE) -> Path:
    """Folder of the page: index.html, css/, js/, vendor/. FileNotFoundError if absent."""
    return _find("static", "index.html", package)


def pmda_root(package: Path = PACKAGE) -> Path:
    """Folder of our PCP agents. FileNotFoundError if absent."""
    return _find("pmda", "README.md", package)
