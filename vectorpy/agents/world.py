"""The outside of this room as one parameter: root folder, programs, user, time.

Tests put a folder and scripted programs in its place. What is done with it
stands elsewhere.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# python3 first on PATH decides what runs a Python agent, and only the system's
# has PCP's bindings for sure. PCP's Install writes PCP_PYTHON_PROG into
# pmcd.conf, so that nobody's PATH decides it later.
PYTHON = "/usr/bin/python3"
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LC_ALL": "C",
    "PCP_PYTHON_PROG": PYTHON,
}


@dataclass(frozen=True)
class Done:
    """A program that ended: exit code (124 too late, 127 not there) and what it wrote."""

    code: int
    out: str = ""
    err: str = ""


Run = Callable[[Sequence[str], Path, float], Done]


def run(argv: Sequence[str], cwd: Path, seconds: float) -> Done:
    """Run a program with PCP's environment, no input, for at most `seconds`."""
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Done(124, err=f"{argv[0]} did not end within {seconds:g} s")
    except OSError as error:
        return Done(127, err=str(error))
    return Done(done.returncode, done.stdout, done.stderr)


def user_name(uid: int) -> str:
    """A user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@dataclass(frozen=True)
class World:
    """`root` is / or a folder that stands for it; `again` is how this program is called."""

    root: Path = Path("/")
    run: Run = run
    euid: int = field(default_factory=os.geteuid)
    again: str = "vectorpy"
    user_name: Callable[[int], str] = user_name
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def path(self, name: str) -> Path:
        """An absolute path of the system as one below `root`."""
        return self.root / name.lstrip("/")
