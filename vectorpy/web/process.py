"""What the web process starts once its mode is in force: limits, bus, application, server."""

from __future__ import annotations

import ctypes
import logging
import signal
import sys
from collections.abc import Callable

from vectorpy import aio
from vectorpy.bus.client import BusClient, bus_path
from vectorpy.catalog.followed import Followed
from vectorpy.errors import ConfigError
from vectorpy.settings import Settings
from vectorpy.web.factory import Web, create_app
from vectorpy.web.pulse import BEAT

__all__ = ["BEAT", "start"]

logger = logging.getLogger(__name__)

_FILES, _FILES_LEAST = 4096, 80
_CONNECTIONS = 512
_SILENCE = 10.0
_PR_SET_PDEATHSIG = 1


def start(settings: Settings) -> tuple[Web, aio.Server, int]:
    """Application and server, running, and the port that is listened on."""
    _die_with_parent()
    files = aio.raise_nofile(_FILES)
    if files < _FILES_LEAST:
        raise ConfigError(
            f"This process may open {files} files only; it needs {_FILES_LEAST} (ulimit -n)."
        )
    connections = aio.connections_allowed(files, _CONNECTIONS)
    if connections < settings.max_viewers:
        logger.warning("only %d connections fit under the limit of %d files", connections, files)
    listener = aio.listen(settings.host, settings.port)
    address, port = listener.getsockname()[:2]

    def make_bus(
        on_event: Callable[[str, str, str], None], on_link: Callable[[bool], None]
    ) -> BusClient:
        return BusClient(
            bus_path(settings), on_event, on_link=on_link, spawn=aio.spawn, sleep=aio.sleep
        )

    followed = Followed.of(settings)
    web = create_app(settings, make_bus, followed.catalog, bound=address, followed=followed)
    server = aio.wsgi_server(web.wsgi, listener, connections=connections, timeout=_SILENCE)
    server.start()
    web.relay.bus.connect()
    web.start()
    logger.info("the page is served on %s port %d, mode %s", address, port, aio.mode())
    return web, server, port


def _die_with_parent() -> None:
    """SIGTERM when the parent dies (prctl(2) PR_SET_PDEATHSIG); Linux only, else nothing."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            logger.warning("this process can't be bound to its parent's life")
