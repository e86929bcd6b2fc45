"""The wheel as a user gets it: built from a clone, installed into a venv of its own.

Builders for the packaging tests only. Everything lies in a folder that all
users may read: started by root, vectorpy's processes run as user pcp.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run(*command: str | Path, cwd: Path | None = None, path: str | None = None) -> str:
    """Output of `command`; its words stand in the failure. `path` replaces PATH."""
    environ = {**os.environ, **({"PATH": path} if path else {})}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    return _run


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """A folder that everybody may read, gone after the tests."""
    folder = Path(tempfile.mkdtemp(prefix="vectorpy-packaging-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def clone(workshop: Path) -> Path:
    """A clone of the last commit, with the browser packages that the checkout has fetched."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, so there is nothing to clone")
    folder = workshop / "clone"
    _run("git", "clone", "--quiet", ROOT, folder)
    vendor = ROOT / "static" / "vendor"
    if vendor.is_dir():  # scripts/vendor checks their sums, and fetches them where they don't fit
        shutil.copytree(vendor, folder / "static" / "vendor")
    return folder


@pytest.fixture(scope="session")
def wheel(clone: Path, workshop: Path) -> Path:
    """The wheel, built by the script that users have."""
    _run("sh", clone / "scripts" / "wheel", workshop / "dist")
    (found,) = (workshop / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="session")
def no_node(workshop: Path) -> str:
    """A PATH with the system's Python and the commands of a shell, and neither node nor npm."""
    folder = workshop / "bin"
    folder.mkdir()
    for name in ("python3", "sh", "env", "cat", "id", "uname", "ls", "hostname"):
        found = shutil.which(name, path="/usr/bin:/bin")
        if found:
            (folder / name).symlink_to(found)
    return str(folder)


@pytest.fixture(scope="session")
def installed(wheel: Path, workshop: Path, no_node: str) -> Path:
    """The `vectorpy` command of a new venv that has the wheel."""
    venv = workshop / "venv"
    _run("/usr/bin/python3", "-m", "venv", "--system-site-packages", venv)
    pip = (venv / "bin" / "python", "-m", "pip", "install", "--quiet")
    _run(*pip, "-c", ROOT / "constraints.txt", wheel, path=no_node)
    return venv / "bin" / "vectorpy"
