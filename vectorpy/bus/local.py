"""The bus within one process, for tests: the same client and sessions over a socket pair."""

from __future__ import annotations

import socket
from collections.abc import Callable

from vectorpy.bus.client import BusClient, OnEvent
from vectorpy.bus.connection import Connection
from vectorpy.live.hub import Hub


class LocalBus(BusClient):
    """A BusClient whose sampler is `hub`, in this process and without a path.

    It connects at once; `on_event`, `on_link` and the rest are BusClient's.
    """

    def __init__(
        self, hub: Hub, on_event: OnEvent, *, on_link: Callable[[bool], None] | None = None
    ) -> None:
        self._hub = hub
        super().__init__("", on_event, on_link=on_link, dial=self._pair)
        self.connect()
        self.wait(5.0)

    def _pair(self) -> socket.socket | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        Connection(self._hub, theirs).start()
        return ours
