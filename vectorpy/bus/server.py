"""The sampler process: the hub behind a unix socket, until SIGTERM.

The socket and the process belong here; what is asked over it stands in
`session`. Run as `python -m vectorpy.bus.server` with the settings as JSON in
the environment (VECTORPY_SETTINGS_JSON), as the supervisor does.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from vectorpy import heap
from vectorpy.bus.connection import QUEUE_BYTES, Connection
from vectorpy.bus.frames import bus_path
from vectorpy.catalog.followed import Followed
from vectorpy.errors import ConfigError, VectorpyError
from vectorpy.live.hub import Hub
from vectorpy.settings import HANDED_DOWN, Settings, from_json
from vectorpy.sources.check import check
from vectorpy.sources.dial import Dialler
from vectorpy.sources.spread import spread

logger = logging.getLogger(__name__)

_PEER = struct.Struct("3i")
_PR_SET_PDEATHSIG = 1


class BusServer:
    """Takes web processes on a unix socket in a folder of mode 0700.

    The peer's user must be one of `uids` (this process's own and root where not
    given), whoever else reaches the socket is cut before a word.
    """

    def __init__(
        self,
        hub: Hub,
        path: Path,
        *,
        uids: Collection[int] | None = None,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._hub = hub
        self._path = path
        self._uids = frozenset({os.geteuid(), 0} if uids is None else uids)
        self._queue_bytes = queue_bytes
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()

    def start(self) -> None:
        """Listen, and accept on a thread of its own. ConfigError where the folder is unsafe."""
        _private(self._path.parent)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen(16)
        except OSError as error:
            listener.close()
            raise ConfigError(f"The bus can't listen at {self._path}: {error}.") from error
        self._listener = listener
        threading.Thread(target=self._accept, name="bus-accept", daemon=True).start()

    def close(self) -> None:
        """Stop listening, cut all connections, remove the socket."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            connection.close()

    @property
    def connections(self) -> int:
        """Number of web processes connected now."""
        with self._lock:
            self._connections = {c for c in self._connections if not c.closed}
            return len(self._connections)

    def _accept(self) -> None:
        while (listener := self._listener) is not None:
            try:
                sock, _ = listener.accept()
            except OSError as error:
                if self._listener is None:
                    return
                logger.warning("the bus can't accept: %s", error)
                threading.Event().wait(0.1)
                continue
            self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        uid = peer_uid(sock)
        if uid not in self._uids:
            logger.warning("a process of user %d was refused on the bus", uid)
            sock.close()
            return
        connection = Connection(self._hub, sock, queue_bytes=self._queue_bytes)
        with self._lock:
            self._connections = {c for c in self._connections if not c.closed} | {connection}
        connection.start()


def peer_uid(sock: socket.socket) -> int:
    """The user id of the process at the other end (SO_PEERCRED, unix(7))."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(raw)[1])


def _private(folder: Path) -> None:
    """Make `folder` (mode 0700) or check that nobody else can enter it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.stat()
    if state.st_mode & 0o077 or state.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"The folder {folder} of the bus is open to other users; make its mode 0700."
        )


def die_with_parent() -> None:
    """SIGTERM when the parent dies (prctl(2) PR_SET_PDEATHSIG); Linux only, else nothing."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            logger.warning("this process can't be bound to its parent's life")


def serve(settings: Settings, hub: Hub, wait: Callable[[], object]) -> None:
    """Serve `hub` on the settings' socket until `wait` returns; then close both."""
    server = BusServer(hub, bus_path(settings))
    server.start()
    logger.info("the sampler listens at %s", bus_path(settings))
    try:
        wait()
    finally:
        server.close()
        hub.close()


def until_signal() -> None:
    """Wait for SIGTERM or SIGINT. Main thread only.

    The signal's number comes through a pipe: a handler that took a lock could
    meet itself holding it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    os.read(reading, 1)


def _run_settled() -> None:
    heap.settle()
    until_signal()


def main(settings: Settings) -> None:
    """Run the sampler process until SIGTERM or SIGINT; ends within a second."""
    die_with_parent()
    followed = Followed.of(settings)
    dialler = Dialler(settings)
    hub = Hub(
        settings,
        dialler,
        followed.catalog,
        look=followed.look,
        check=lambda host, widgets: check(host, dialler, widgets),
        spread=lambda host: spread(host, dialler),
    )
    try:
        serve(settings, hub, _run_settled)
    finally:
        dialler.close()


def _run() -> int:
    logging.basicConfig(level=logging.INFO, format="sampler: %(levelname)s %(message)s")
    try:
        main(from_json(os.environ.get(HANDED_DOWN, "{}")))
    except VectorpyError as error:
        print(f"sampler: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = _run()
    sys.stderr.flush()
    # A thread may hang in a C call into libpcp for ever: the interpreter must not wait for it.
    os._exit(code)
