"""A real pmcd that dies, hangs and comes back: gaps with a reason, and never a flat line."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vectorpy.catalog.loader import load
from vectorpy.live.hub import Hub
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.sources.dial import Dialler

PMCD = Path("/usr/lib/pcp/bin/pmcd")
PMDAS, PMNS = Path("/var/lib/pcp/pmdas"), Path("/var/lib/pcp/pmns")

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not PMCD.exists(), reason="PCP is not installed"),
]


def until(found: Callable[[], Any], what: str, seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"in vain waited for: {what}"
        time.sleep(0.02)
    return value


class Pmcd:
    """A private pmcd with the agent linux, on a unix socket (and a loopback port it insists on)."""

    def __init__(self, port: int) -> None:
        self.port = port
        # Not pytest's folder: a unix socket's path is short.
        self.folder = Path(tempfile.mkdtemp(prefix="vp-live-"))
        self.socket = self.folder / "pmcd.sock"
        self.child: subprocess.Popen[bytes] | None = None
        (self.folder / "conf").write_text(
            f"pmcd 2 dso pmcd_init {PMDAS}/pmcd/pmda_pmcd.so\n"
            f"linux 60 pipe binary {PMDAS}/linux/pmdalinux\n"
        )
        names = [str(PMNS / name) for name in ("root_root", "root_pmcd", "root_linux")]
        merge = [str(PMCD.with_name("pmnsmerge")), "-f", *names, str(self.folder / "pmns")]
        subprocess.run(merge, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"})

    def start(self) -> None:
        files = ["-c", "conf", "-n", "pmns", "-s", "pmcd.sock", "-l", "log"]
        named = [str(self.folder / f) if f[0] != "-" else f for f in files]
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        command = [str(PMCD), "-f", *named, "-p", str(self.port), "-i", "127.0.0.1", "-U", user]
        env = {"PATH": "/usr/bin:/bin"}
        self.child = subprocess.Popen(command, env=env, cwd=self.folder)  # agents log there
        until(self.socket.exists, "pmcd's socket")

    def signal(self, number: int) -> None:
        assert self.child is not None
        os.kill(self.child.pid, number)

    def stop(self) -> None:
        if self.child is not None and self.child.poll() is None:
            self.signal(signal.SIGCONT)
            self.child.terminate()
            self.child.wait(10)
        self.child = None
        with contextlib.suppress(FileNotFoundError):
            self.socket.unlink()


class Sink:
    """Notes what one channel brings."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def emit(self, room: str, event: str, text: bytes) -> None:
        self.events.append((event, json.loads(text)))

    def ticks(self) -> list[dict[str, Any]]:
        return [message for event, message in self.events if event == "tick"]

    def cells(self) -> dict[str, dict[str, Any]]:
        """The rows of its table or verdict, after all messages."""
        found: dict[str, dict[str, Any]] = {}
        for event, message in self.events:
            for name, row in message["cells"].items() if event == "rows" else ():
                found[name] = {**found.get(name, {}), **row}
        return found

    def state(self) -> str:
        told = [message["state"] for event, message in self.events if event == "state"]
        return str(told[-1]) if told else ""


@pytest.fixture
def pmcd(free_port: Callable[[], int]) -> Iterator[Pmcd]:
    one = Pmcd(free_port())
    one.start()
    yield one
    one.stop()
    shutil.rmtree(one.folder)


@contextlib.contextmanager
def viewer(pmcd: Pmcd, wish: str) -> Iterator[Sink]:
    """What somebody gets who watches one widget of the host."""
    settings = Settings(pmcd_socket=str(pmcd.socket), recorded=())
    dialler = Dialler(settings)
    hub = Hub(settings, dialler, load())
    sink = Sink()
    hub.join(ChannelSpec("local", 1, [Wish(wish)]), 60, sink, ["ann"], lambda events: None)
    yield sink
    hub.close()
    until(lambda: not any(t.name.startswith("host-") for t in threading.enumerate()), "the end")
    dialler.close()


@pytest.fixture
def watched(pmcd: Pmcd) -> Iterator[Sink]:
    """What a viewer of the host's context switches gets."""
    with viewer(pmcd, "context-switches") as sink:
        until(lambda: len(sink.ticks()) >= 2, "ticks")
        assert all(tick["n"][0] > 0 for tick in sink.ticks())
        yield sink


def test_a_pmcd_that_dies_is_a_gap_and_its_return_no_spike(pmcd: Pmcd, watched: Sink) -> None:
    pmcd.stop()
    until(lambda: watched.state() == "down", "it is down", 4)
    assert watched.ticks()[-1]["n"] == [None]
    highest = max(tick["n"][0] for tick in watched.ticks() if tick["n"][0] is not None)
    pmcd.start()
    until(lambda: watched.state() == "live", "it is live again", 5)
    count = len(watched.ticks())
    until(lambda: len(watched.ticks()) >= count + 2, "ticks")
    after = [tick["n"][0] for tick in watched.ticks()[count:]]
    # Context switches since boot are millions: a rate over the pause would show.
    assert all(x is not None and x < 100 * highest + 100_000 for x in after)
    seqs = [tick["seq"] for tick in watched.ticks()]
    assert seqs == sorted(set(seqs))


def test_a_pmcd_that_hangs_is_late_and_never_a_flat_line(pmcd: Pmcd, watched: Sink) -> None:
    pmcd.signal(signal.SIGSTOP)
    count = len(watched.ticks())
    until(lambda: watched.state() in ("late", "stale", "down"), "it is late", 6)
    assert all(tick["n"] == [None] for tick in watched.ticks()[count + 1 :])
    pmcd.signal(signal.SIGCONT)
    until(lambda: watched.state() == "live", "it is live again", 8)


def test_the_verdict_measures_a_real_host_and_a_dead_one_is_not_fine(pmcd: Pmcd) -> None:
    """Every rule that PCP's agent linux can answer has values; the rest says why it has none."""
    with viewer(pmcd, "verdict") as sink:

        def measured() -> bool:
            texts = [cell["text"] for cell in sink.cells().values()]
            return len(texts) == 12 and not any(t.startswith("measuring, 0") for t in texts)

        until(measured, "evidence of all cells", 25)
        cells = sink.cells()
        unmeasured = {name for name, cell in cells.items() if cell["state"] == "unmeasured"}
        assert "disk errors" in unmeasured and "vkernel" in cells["disk errors"]["text"]
        # Whether this machine knows throttling and its links' speeds is its own affair.
        assert unmeasured <= {"disk errors", "cpu errors", "network utilization"}
        pmcd.stop()
        until(lambda: all(cell["state"] != "fine" for cell in sink.cells().values()), "not fine")
