"""Builders of the collector's tests: scripted processes, supervisors as real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vectorpy.collector.process import Child

PATIENCE = 20.0


def _until(true: Callable[[], Any], what: str = "it") -> Any:
    """The first true value of `true()`; fails after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {PATIENCE} s")
        time.sleep(0.01)
    return value


@pytest.fixture
def until() -> Callable[..., Any]:
    return _until


class FakeProcess:
    """A process that does what the test says."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.talking = False
        self.code: int | None = None
        self.said: list[str] = []
        self.asked = False
        self.obeys = True
        self.closed = False

    def fileno(self) -> int:
        raise AssertionError("it is not talking")

    def lines(self) -> list[str]:
        said, self.said = self.said, []
        return said

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.asked = True
        if self.obeys:
            self.code = -15

    def kill(self) -> None:
        self.code = -9

    def close(self) -> None:
        self.closed = True


class Spawner:
    """Makes fake processes and remembers them, by child and in order."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.processes: dict[str, FakeProcess] = {}

    def __call__(self, child: Child) -> FakeProcess:
        self.started.append(child.name)
        self.processes[child.name] = FakeProcess(1_000_000 + len(self.started))
        return self.processes[child.name]


@pytest.fixture
def spawner() -> Spawner:
    return Spawner()


DRIVER = """
import json, sys
from pathlib import Path
from vectorpy.collector.process import Child
from vectorpy.collector.supervise import Supervisor
from vectorpy.errors import Unavailable
folder = Path(sys.argv[1])
children = [
    Child(c["name"], (sys.executable, "-c", c["code"]), {"FOLDER": str(folder)}, folder,
          grace=c.get("grace", 5.0))
    for c in json.loads(sys.argv[2])
]
try:
    Supervisor(children, say=lambda text: print(text, flush=True),
               health_path=folder / "health.json",
               reached=lambda: print("all run", flush=True)).run()
except Unavailable as error:
    print(error, flush=True)
    sys.exit(1)
"""


class Supervised:
    """A supervisor in a process of its own, with children written in Python."""

    def __init__(self, folder: Path, children: list[dict[str, Any]]) -> None:
        self.folder = folder
        self._output = folder / "said.txt"
        with self._output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DRIVER, str(folder), json.dumps(children)],
                stdout=out,
                stderr=out,
            )

    @property
    def said(self) -> str:
        return self._output.read_text()

    def health(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / "health.json").read_text())["children"]
        except FileNotFoundError:
            return {}

    def pid(self, name: str) -> int:
        return _until(lambda: self.health().get(name, {}).get("pid"), f"the start of {name}")

    def wait_for(self, text: str) -> None:
        _until(lambda: text in self.said, f"{text!r}")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Starts a supervisor of children (dicts of name, code, grace); ended after the test."""
    made: list[Supervised] = []

    def start(*children: dict[str, Any]) -> Supervised:
        made.append(Supervised(tmp_path, list(children)))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(PATIENCE)


def _alive(pid: int) -> bool:
    """Whether the process runs; one that ended and is not waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return _alive


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can change to another user")
