"""Viewers who stop reading are cut, sockets included, and nobody else notices.

Some processes here are less patient than what is shipped, which a test of its own tells.
"""

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

from vectorpy.web import sockets

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


class Ponger(threading.Thread):
    """Sends PONGs on a page until its connection is dead; `took` says after how long."""

    def __init__(self, page: Any, seconds: float) -> None:
        super().__init__()
        self.page, self.seconds, self.took = page, seconds, float("inf")

    def run(self) -> None:
        self.took = _until_cut(self.page, "3", self.seconds)


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


class Crowd:
    """One server with a healthy page and stalled ones, while ticks go out."""

    def __init__(self, server: Any, wish: dict[str, Any]) -> None:
        self.server = server
        server.sampler.padding = 1000
        self.healthy = server.page()
        [told] = self.healthy.watch(wish)
        self.healthy.until("history")
        self.base = _files(server)
        self.reader = Reader(self.healthy, told["channel"])
        self.ticks = Ticks(server.sampler, 0.25)
        self.reader.start()
        self.ticks.start()
        # One sends PONGs that nobody asked for; the others' missing PONGs end them sooner.
        self.pages = [_stall(server, wish) for _ in range(STALLED)]
        self.ponger = Ponger(self.pages[0], 40.0)
        self.ponger.start()

    def end(self) -> None:
        self.ponger.join()
        self.ticks.stop.set()
        self.ticks.join()
        self.reader.stop.set()
        self.healthy.abort()
        self.reader.join()


def test_so_much_is_borne_with() -> None:
    """Less in the tests below; who reads nothing is tested with what is shipped."""
    assert (sockets.QUEUE_MAX, sockets._SILENT) == (200, 10.0)


@pytest.mark.timeout(150)
def test_who_reads_nothing_but_sends_pongs_is_cut_within_thirty_seconds(
    run_server: Any, modes: list[str], make_channel: Any, wait_until: Any
) -> None:
    crowds: list[Crowd] = []
    try:
        # Both modes side by side: each takes half a minute.
        crowds.extend(Crowd(run_server(mode), make_channel("host-stall")) for mode in modes)
        for crowd in crowds:
            crowd.ponger.join()
            assert crowd.ponger.took < 36.0
            server = crowd.server
            wait_until(lambda s=server: _metric(s, "vectorpy_viewers") == 1, "them to be gone")
            assert _metric(server, 'vectorpy_viewers_cut_total{reason="stalled"}') == 1
            wait_until(lambda c=crowd: _files(c.server) <= c.base, "their files to be closed")
    finally:
        for crowd in crowds:
            crowd.end()
    for crowd in crowds:
        seqs = crowd.reader.seqs
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert len(seqs) > 50


def test_who_acknowledges_without_reading_is_cut_by_his_queue(
    run_server: Any, mode: str, make_channel: Any, wait_until: Any
) -> None:
    server = run_server(mode, hurry={"sockets.QUEUE_MAX": 50})
    server.sampler.padding = 20_000
    page = _stall(server, make_channel("host-liar"))
    [key] = wait_until(lambda: list(server.sampler.specs), "the join")
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
    server = run_server(mode, hurry={"sockets._SILENT": 3.0})
    base = _files(server)
    page = server.page(greet=False)
    assert _until_cut(page, "3", 20.0) < 15.0
    wait_until(lambda: _files(server) <= base, "its file to be closed")
