"""The shell scripts' parts that can be tried without installing anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _sh(text: str, root: Path, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    """Runs `text` after sourcing lib.sh, with ROOT set to `root`."""
    return subprocess.run(
        ["sh", "-c", f'set -eu; ROOT=$1; . "$2/scripts/lib.sh"; {text}', "sh", root, ROOT],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH as on a system that has neither apt nor dpkg."""
    for name in ("sh", "id", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    return str(tmp_path)


def test_unknown_system_is_told_what_it_needs(bare: str) -> None:
    done = _sh("install_packages pcp python3-pcp python3-venv", ROOT, bare)
    assert done.returncode == 1
    assert "not Debian or Ubuntu" in done.stderr
    assert "Missing here, by Debian's names: pcp python3-pcp python3-venv" in done.stderr
    assert "Python 3.11" in done.stderr


def test_fingerprint_follows_contents_and_names(tmp_path: Path) -> None:
    def taken() -> str:
        return _sh("fingerprint code file", tmp_path).stdout.strip()

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("1")
    (tmp_path / "file").write_text("x")
    first = taken()
    assert first and first == taken()
    (tmp_path / "code" / "__pycache__").mkdir()
    (tmp_path / "code" / "__pycache__" / "a.pyc").write_text("compiled")
    assert taken() == first
    (tmp_path / "code" / "a.py").write_text("2")
    second = taken()
    (tmp_path / "code" / "a.py").rename(tmp_path / "code" / "b c.py")
    assert len({first, second, taken()}) == 3


def test_stamp_fits_only_its_own_words(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    assert _sh(f"is_stamped {stamp} one", ROOT).returncode == 1
    stamp.write_text("one\n")
    assert _sh(f"is_stamped {stamp} one", ROOT).returncode == 0
    assert _sh(f"is_stamped {stamp} two", ROOT).returncode == 1


def test_quietly_speaks_only_of_failures() -> None:
    assert _sh("quietly sh -c 'echo words'", ROOT).stdout == ""
    done = _sh("quietly sh -c 'echo words; exit 3'", ROOT)
    assert done.returncode == 1
    assert "words" in done.stderr


@pytest.mark.parametrize("name", ["run", "test"])
def test_help_says_what_a_script_does(name: str) -> None:
    done = subprocess.run(
        ["sh", ROOT / "scripts" / name, "--help"], capture_output=True, text=True, check=True
    )
    assert f"scripts/{name}" in done.stdout
    assert "set -" not in done.stdout


def test_scripts_can_be_run_by_name() -> None:
    scripts = [ROOT / ".ci" / "run", *(ROOT / "scripts").iterdir()]
    closed = [
        path.name
        for path in scripts
        if path.is_file() and path.name != "lib.sh" and not path.stat().st_mode & 0o100
    ]
    assert closed == []


def test_unknown_option_of_the_tests_is_refused() -> None:
    done = subprocess.run(
        ["sh", ROOT / "scripts" / "test", "--no-such-part"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "does not know --no-such-part" in done.stderr
