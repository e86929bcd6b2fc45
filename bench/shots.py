"""The pictures of README and docs, taken from the real page on a host with known load.

    scripts/shots [NAME...]

A picture is a dashboard, a size and a theme; what it is called stands in SHOTS.
The load is made by this program: a busy CPU, writes with fsync, requests on
loopback. Nothing is drawn over or cut out afterwards; so no picture shows command
lines, which are those of the machine that it was taken on.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from bench.pages import SEEN, open_browser
from bench.programs import Context, server

DOCS = Path(__file__).parents[1] / "docs"
FILL = 75.0  # seconds of history that a picture should have
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_SPIN = "import time\nend = time.monotonic() + 900\nwhile time.monotonic() < end: pass"


class Shot(NamedTuple):
    name: str
    query: str
    theme: str
    size: dict[str, int]


SHOTS = (
    Shot("triage-dark", "preset=triage&window=1m", "dark", WIDE),
    Shot("triage-light", "preset=triage&window=1m", "light", WIDE),
    Shot("triage-phone", "preset=triage&window=1m", "dark", NARROW),
    Shot("runq-dark", "preset=runq&window=1m", "dark", WIDE),
    Shot("connections-light", "preset=connections&window=1m", "light", WIDE),
)


@contextmanager
def load(folder: Path) -> Iterator[None]:
    """One CPU busy by half, a file written and synced, a connection that moves data."""
    spinner = subprocess.Popen(["nice", "-n", "5", sys.executable, "-c", _SPIN])
    end = threading.Event()
    threads = [
        threading.Thread(target=_write, args=(folder / "load", end)),
        threading.Thread(target=_talk, args=(end,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end.set()
        spinner.kill()
        spinner.wait()
        for thread in threads:
            thread.join()


def _write(path: Path, end: threading.Event) -> None:
    while not end.wait(0.2):
        with path.open("wb", buffering=0) as file:
            file.write(b"x" * 2_000_000)
            subprocess.run(["sync", str(path)], check=False)


def _talk(end: threading.Event) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        served, _ = listener.accept()
        with client, served:
            while not end.wait(0.02):
                client.sendall(b"q" * 200)
                served.sendall(served.recv(4096) * 40)
                client.recv(65536)


def take(browser: Browser, url: str, shot: Shot) -> None:
    """Open a dashboard, wait until it moves, and save what it shows."""
    context = browser.new_context(viewport=shot.size, color_scheme=shot.theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/?host=local&{shot.query}&interval=1s&v=1")
    deadline = time.monotonic() + 60
    while not page.evaluate(f"({SEEN} || 0) > 3") and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    page.wait_for_timeout(6000)
    page.screenshot(path=DOCS / f"{shot.name}.png")
    context.close()


def main(names: list[str]) -> None:
    """Take the pictures of these names, or all."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    context = Context(folder, 21740, 21741, 21742, 1.0, 1.0)
    with server(context, "up", "shots") as up, load(folder), sync_playwright() as playwright:
        browser = open_browser(playwright)
        url = f"http://127.0.0.1:{up.port}"
        first = browser.new_page(viewport=WIDE)
        first.goto(f"{url}/?host=local&preset=triage&v=1")
        first.wait_for_timeout(FILL * 1000)
        for shot in SHOTS:
            if not names or shot.name in names:
                print(f"taking {shot.name} ...", flush=True)
                take(browser, url, shot)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
