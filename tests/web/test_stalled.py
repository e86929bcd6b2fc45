"""Viewers who stop reading are cut, sockets included, and nobody else notices."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
from typing import Any

import pytest

STALLED = 4


def _stall(server: Any, channel: dict[str, Any]) -> Any:
    """A page with a small receive buffer that watches and then never reads again."""
    page = server.page()
    page.ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page.watch(channel)
    return page


def _metric(server: Any, name: str) -> float:
    _, _, body = server.get("/metrics")
    found = re.search(rf"^{re.escape(name)} (\S+)$", body.decode(), re.M)
    return float(found[1]) if found else 0.0


def _files(server: Any) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def _until_cut(page: Any, packet: str, seconds: float) -> float:
    """Send `packet` every second until the connection is dead; how long that took."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        try:
            page.ws.send(packet)
        except Exception:
            return time.monotonic() - begun
        time.sleep(1.0)
    return float("inf")


class Reader(threading.Thread):
    """A healthy page: acknowledges each tick and keeps what it got."""

    def __init__(self, page: Any, key: str) -> None:
        super().__init__()
        self.page, self.key = page, key
        self.seqs: list[int] = []
        self.stop = threading.Event()
        page.checked = False

    def run(self) -> None:
        with contextlib.suppress(Exception):
            while not self.stop.is_set():
                event, data = self.page.next(5.0)
                if event == "tick":
                    self.seqs.append(data["seq"])
                    self.page.send("ack", {self.key: data["seq"]})


class Ticks(threading.Thread):
    """Ticks of some kilobytes, so many a second."""

    def __init__(self, sampler: Any, pause: float) -> None:
        super().__init__()
        self.sampler, self.pause = sampler, pause
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(self.pause):
            self.sampler.tick()


@pytest.mark.timeout(150)
def test_who_reads_nothing_but_sends_pongs_is_cut_within_thirty_seconds(
    run_server: Any, mode: str, make_channel: Any, wait_until: Any
) -> None:
    server = run_server(mode)
    server.sampler.padding = 1000
    wish = make_channel("host-stall")
    healthy = server.page()
    [told] = healthy.watch(wish)
    healthy.until("history")
    base = _files(server)
    reader, ticks = Reader(healthy, told["channel"]), Ticks(server.sampler, 0.25)
    reader.start()
    ticks.start()
    try:
        pages = [_stall(server, wish) for _ in range(STALLED)]
        # One sends PONGs that nobody asked for; the others' missing PONGs end them sooner.
        assert _until_cut(pages[0], "3", 36.0) < 35.0
        wait_until(lambda: _metric(server, "vectorpy_viewers") == 1, "the stalled to be gone")
        name = 'vectorpy_viewers_cut_total{reason="stalled"}'
        assert _metric(server, name) == 1
        wait_until(lambda: _files(server) <= base, "their files to be closed")
    finally:
        ticks.stop.set()
        ticks.join()
        reader.stop.set()
        healthy.abort()
        reader.join()
    first = reader.seqs[0]
    assert reader.seqs == list(range(first, first + len(reader.seqs)))
    assert len(reader.seqs) > 50


def test_who_acknowledges_without_reading_is_cut_by_his_queue(
    run_server: Any, mode: str, make_channel: Any, wait_until: Any
) -> None:
    server = run_server(mode)
    server.sampler.padding = 20_000
    page = _stall(server, make_channel("host-liar"))
    [key] = server.sampler.specs
    base = _files(server) - 1
    ticks = Ticks(server.sampler, 0.01)
    ticks.start()
    try:
        far = server.sampler.now + 10**6
        assert _until_cut(page, "42" + json.dumps(["ack", {key: far}]), 20.0) < 20.0
    finally:
        ticks.stop.set()
        ticks.join()
    wait_until(lambda: _metric(server, "vectorpy_viewers") == 0, "the viewer to be gone")
    wait_until(lambda: _files(server) <= base, "his file to be closed")


def test_a_connection_that_never_becomes_a_viewer_is_cut(
    run_server: Any, mode: str, wait_until: Any
) -> None:
    server = run_server(mode)
    base = _files(server)
    page = server.page(greet=False)
    assert _until_cut(page, "3", 20.0) < 15.0
    wait_until(lambda: _files(server) <= base, "its file to be closed")
