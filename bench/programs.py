"""The real program as a child, and the bare things beside it, started and ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORPY = Path(sys.executable).parent / "vectorpy"
PATIENCE = 60.0


@dataclass(frozen=True)
class Context:
    """Where and how long to measure; the folder is one that everybody may read."""

    folder: Path
    pmcd_port: int
    web_port: int
    page_port: int
    seconds: float
    minutes: float


@dataclass(frozen=True)
class Server:
    """A running `vectorpy serve` or `up`."""

    port: int
    runtime: Path
    supervisor: int

    def pid(self, child: str) -> int:
        """Process id of its child: pmcd, sampler or web."""
        health = json.loads((self.runtime / "health.json").read_text())
        return int(health["children"][child]["pid"])

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)


@contextmanager
def running(command: list[str], ready: str, log: Path, **environ: str) -> Iterator[int]:
    """`command` until it has said `ready`; yields its pid and ends it by SIGTERM."""
    with log.open("w+", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            end = time.monotonic() + PATIENCE
            while ready not in log.read_text(encoding="utf-8"):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{command} did not start:\n{log.read_text()}")
                time.sleep(0.02)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def collector(context: Context) -> Iterator[None]:
    """pmcd and pmproxy on loopback."""
    command = [str(VECTORPY), "collector", "--port", str(context.pmcd_port)]
    folders = _folders(context, "collector")
    with running(
        [*command, "--web-port", str(context.web_port)],
        "the collector answers",
        context.folder / "collector.log",
        **folders,
    ):
        yield


@contextmanager
def server(
    context: Context, kind: str = "serve", name: str = "serve", port: int = 0, **environ: str
) -> Iterator[Server]:
    """`vectorpy serve` or `up`, which may reach everything on loopback."""
    port = port or context.page_port
    folders = _folders(context, name)
    reach = (
        "--allow-net",
        "127.0.0.0/8",
        "--allow-port",
        f"{context.pmcd_port}-{context.web_port}",
    )
    with running(
        [str(VECTORPY), kind, "--port", str(port), *reach],
        "vectorpy is at",
        context.folder / f"{name}.log",
        **folders,
        **environ,
    ) as pid:
        yield Server(port, Path(folders["VECTORPY_RUNTIME_DIR"]), pid)


@contextmanager
def bare(context: Context, kind: str, *words: str) -> Iterator[int]:
    """One of the programs of bench.bare; yields its pid."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.bare", kind, *words]
    with running(
        command, "ready", context.folder / f"bare-{kind}.log", PYTHONUNBUFFERED="1"
    ) as pid:
        yield pid


def _folders(context: Context, name: str) -> dict[str, str]:
    return {
        "VECTORPY_SPARE_HOSTS": "false",  # a measured host is busy, and keeps its second
        "VECTORPY_STATE_DIR": str(context.folder / name / "state"),
        "VECTORPY_RUNTIME_DIR": str(context.folder / name / "run"),
    }
