"""One measurement for all tests of truth: `vectorpy up`, mixed load, and the kernel's counters.

The same seconds are seen on three ways: by vectorpy's API, by `watch.py` from
/proc, and by PCP's own `pmrep` from the same pmcd.
"""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SECONDS = 16.0  # of load
CALM = 2.5  # seconds before and after it
LATE = 0.7  # a sample of second T is taken between T and T + LATE
PATIENCE = 60.0
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"

# pmrep's metrics, with what its unit is in ours.
REPORTED = {
    "kernel.all.pswitch": 1.0,
    "kernel.all.sysfork": 1.0,
    "kernel.all.pressure.cpu.some.total": 1e-6,
    "mem.vmstat.pgfault": 1.0,
    "network.tcp.outsegs": 1.0,
    "network.interface.in.bytes": 1.0,
    "disk.dev.write_bytes": 1024.0,
}

Reading = tuple[float, float, dict[str, float]]


@dataclass
class Measured:
    """What was seen from second `start` (left out) to second `end`."""

    start: int
    end: int
    points: dict[str, dict[tuple[str, str], dict[int, float | None]]]
    readings: list[Reading]
    load: dict[str, float]
    reported: dict[str, dict[int, float]] = field(default_factory=dict)

    def series(self, widget: str, name: str, role: str = "") -> dict[int, float | None]:
        """Points of one series in the measured seconds."""
        found = self.points[widget][name, role]
        return {t: found.get(t) for t in range(self.start + 1, self.end + 1)}

    def below(self, key: str, at: float) -> float:
        """The largest value that the counter surely had reached at a time."""
        return [values[key] for _, end, values in self.readings if end <= at][-1]

    def above(self, key: str, at: float) -> float:
        """The least value that it surely had not passed then."""
        return next(values[key] for begin, _, values in self.readings if begin >= at)

    def growth(self, key: str) -> tuple[float, float]:
        """Least and largest growth of a counter that samples of these seconds can have seen."""
        low = self.below(key, self.end) - self.above(key, self.start + LATE)
        high = self.above(key, self.end + LATE) - self.below(key, self.start)
        return max(0.0, low), high


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {PATIENCE:.0f} s")
        time.sleep(0.02)
    return value


def rested(seconds: float, sooner: Callable[[], bool]) -> Callable[[], bool]:
    """True once some seconds are over, or sooner."""
    deadline = time.monotonic() + seconds
    return lambda: sooner() or time.monotonic() > deadline


class Stack:
    """`vectorpy up` in folders of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.folder = Path(tempfile.mkdtemp(prefix="vectorpy-truth-"))
        self.folder.chmod(0o755)
        self.said = self.folder / "said.txt"
        environ = {
            "PATH": SYSTEM_PATH,
            "HOME": str(self.folder),
            # The machine of the tests is starved now and then: that is no host's fault here.
            "VECTORPY_SPARE_HOSTS": "false",
            "VECTORPY_STATE_DIR": str(self.folder / "state"),
            "VECTORPY_RUNTIME_DIR": str(self.folder / "run"),
        }
        command = [sys.executable, "-m", "vectorpy.cli", "up", "--port", str(port)]
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(command, env=environ, cwd="/", stdout=out, stderr=out)

    def answers(self) -> bool:
        if self.process.poll() is not None:
            pytest.fail(f"vectorpy up ended; its last words:\n{self.said.read_text()}")
        return "vectorpy is at " in self.said.read_text()

    def ask(self, widgets: list[str]) -> dict[str, Any]:
        """All widgets' points; asked for every few seconds it keeps them polled."""
        query = "&".join(f"widget={one}" for one in widgets)
        url = f"http://127.0.0.1:{self.port}/api/v1/hosts/local/points?{query}&window=120s"
        with urllib.request.urlopen(url, timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    @property
    def pmcd(self) -> str:
        return f"unix:{self.folder}/run/pmcd.sock"

    def end(self) -> None:
        end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


def end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def shaped(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for widget in answer["widgets"]:
        for one in widget["series"]:
            points = {t // 1000: value for t, value in one["points"]}
            found.setdefault(widget["id"], {})[one["name"], one["labels"].get("role", "")] = points
    return found


def columns(path: Path) -> dict[str, dict[int, float]]:
    """pmrep's CSV by column: by second, what it grew by since the row before."""
    with path.open(newline="") as text:
        head, *rows = csv.reader(text)
    table: dict[str, dict[int, float]] = {name: {} for name in head[1:]}
    for before, row in itertools.pairwise(row for row in rows if row):
        for n, name in enumerate(head[1:], 1):
            if row[n]:
                table[name][int(row[0])] = float(row[n]) * (int(row[0]) - int(before[0]))
    return table


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest, free_port: Callable[[], int]) -> Iterator[Measured]:
    """Some twenty seconds of mixed load, seen on all three ways."""
    widgets: list[str] = request.module.WIDGETS
    stack = Stack(free_port())
    others: list[subprocess.Popen[Any]] = []
    try:
        until(stack.answers, "vectorpy's answer")
        stack.ask(widgets)
        seen = stack.folder / "seen.jsonl"
        others.append(subprocess.Popen([sys.executable, str(HERE / "watch.py"), str(seen)]))
        until(lambda: seen.exists() and seen.stat().st_size, "the first reading")
        until(lambda: shaped(stack.ask(widgets)), "points")
        reported = stack.folder / "reported.csv"
        samples = str(round(SECONDS + 2 * CALM) + 6)
        pmrep = ["pmrep", "-h", stack.pmcd, "-o", "csv", "-f", "%s", "-t", "1", "-s", samples]
        path = {"PATH": SYSTEM_PATH, "HOME": str(stack.folder), "LANG": "C.UTF-8"}
        others.append(
            subprocess.Popen([*pmrep, "-F", str(reported), *REPORTED], env=path, cwd=stack.folder)
        )
        start = int(time.time()) + 1
        until(lambda: time.time() > start + CALM, "calm before")
        command = [sys.executable, str(HERE / "load.py"), str(SECONDS), str(stack.folder)]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        others.append(load)
        while load.poll() is None:
            stack.ask(widgets)
            until(rested(5.0, lambda: load.poll() is not None), "five seconds")
        assert load.stdout is not None
        sums = json.loads(load.stdout.read())
        load.stdout.close()
        last = int(time.time() + CALM)
        until(lambda: time.time() > last + 1.5, "calm after")
        points = shaped(stack.ask(widgets))
        until(lambda: others[1].poll() is not None, "the end of pmrep")
        readings = [json.loads(line) for line in seen.read_text().splitlines()[:-1]]
        yield Measured(start, last, points, readings, sums, columns(reported))
    finally:
        for process in others:
            end(process)
        stack.end()


@pytest.fixture(scope="session")
def reported_units() -> dict[str, float]:
    """What one of pmrep's numbers is in ours, by metric."""
    return REPORTED
