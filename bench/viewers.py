"""Viewers without a browser: raw Engine.IO websockets that acknowledge as pages do."""

from __future__ import annotations

import json
import selectors
import threading
import time
from typing import Any

import websocket


class Viewers:
    """`count` viewers of `watch` (the data of a `watch` message; None only listens)."""

    def __init__(self, port: int, count: int, watch: dict[str, Any] | None) -> None:
        self.ticks = 0
        self.tick_text = ""
        self.last: dict[str, dict[str, Any]] = {}
        self._selector = selectors.DefaultSelector()
        self._seen: dict[websocket.WebSocket, dict[str, int]] = {}
        self._done = threading.Event()
        for _ in range(count):
            self._connect(port, watch)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _connect(self, port: int, watch: dict[str, Any] | None) -> None:
        ws = websocket.create_connection(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket",
            timeout=20,
            suppress_origin=True,
        )
        ws.send("40")
        while not str(ws.recv()).startswith("40"):
            pass
        if watch is not None:
            ws.send("42" + json.dumps(["watch", watch]))
        assert ws.sock is not None
        self._selector.register(ws.sock, selectors.EVENT_READ, ws)
        self._seen[ws] = {}

    def __enter__(self) -> Viewers:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join(10)
        for ws in self._seen:
            ws.close(timeout=1)
        self._selector.close()

    def wait_ticks(self, count: int, seconds: float = 60.0) -> None:
        """Until `count` more ticks came, all viewers together."""
        goal, end = self.ticks + count, time.monotonic() + seconds
        while self.ticks < goal:
            if time.monotonic() > end:
                raise TimeoutError(f"{count} ticks did not come within {seconds:g} s: {self.last}")
            time.sleep(0.02)

    def _run(self) -> None:
        acked = time.monotonic()
        while not self._done.is_set():
            for key, _ in self._selector.select(0.1):
                self._take(key.data)
            if time.monotonic() - acked > 1.0:
                acked = time.monotonic()
                self._ack()

    def _take(self, ws: websocket.WebSocket) -> None:
        packet = str(ws.recv())
        if packet == "2":
            ws.send("3")
        elif packet.startswith('42["tick"'):
            self.ticks += 1
            self.tick_text = packet
            message = json.loads(packet[2:])[1]
            if "channel" in message:
                self._seen[ws][message["channel"]] = message["seq"]
        elif packet.startswith("42"):
            name, message = json.loads(packet[2:])
            self.last[name] = message
        elif packet == "":
            raise ConnectionError("the server closed a viewer's connection")

    def _ack(self) -> None:
        for ws, seen in self._seen.items():
            if seen:
                ws.send("42" + json.dumps(["ack", seen]))
                seen.clear()


def channel(host: str, *wishes: str, interval: int = 1, window: int = 60) -> dict[str, Any]:
    """One channel of a `watch` message."""
    return {"host": host, "wishes": list(wishes), "interval": interval, "window": window}
