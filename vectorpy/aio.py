"""The web process's way to do several things at once: eventlet, or threads.

The one module that names eventlet. `start` must run before anything that
imports sockets, locks or Flask (patching later breaks them), so this module
imports the standard library alone. Each mode has its WSGI server, with the same
bounds. Only the web process uses it; the sampler runs on plain threads, unpatched.
"""

from __future__ import annotations

import errno
import json
import logging
import resource
import socket
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Wsgi = Callable[..., Any]

logger = logging.getLogger(__name__)

MODES = ("eventlet", "threading")
# Work that blocks in C, by kind: how many of it may run at the same time.
POOLS = {"files": 4, "store": 4}
OUT_OF_FDS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_FDS_RESERVED = 64
_STALLED_MS = 30_000
_SHED_AT_ONCE = 32

_mode: str | None = None
_tpool: Any = None
_slots: dict[str, Any] = {}


def start(mode: str) -> None:
    """Choose the mode of this process, once; patch the standard library for eventlet.

    ValueError for an unknown mode, RuntimeError where another mode runs already.
    """
    global _mode, _tpool
    if mode not in MODES:
        raise ValueError(f"async mode {mode!r}: it must be one of {', '.join(MODES)}")
    if _mode == mode:
        return
    if _mode is not None:
        raise RuntimeError(f"this process runs in mode {_mode}, it can't change to {mode}")
    if mode == "eventlet":
        # Its warning has a class of its own, so that only a filter by message works.
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet
        from eventlet import tpool

        eventlet.monkey_patch()
        _tpool = tpool
        _bound_messages()
    _mode = mode
    _slots.update({name: threading.BoundedSemaphore(size) for name, size in POOLS.items()})


def _bound_messages() -> None:
    """Bound websocket messages in eventlet: it bounds each frame, not what frames add up to."""
    from eventlet import websocket

    class Message(websocket.RFC6455WebSocket.Message):  # type: ignore[misc]
        size = 0

        def push(self, data: bytes, final: bool = False) -> None:
            self.size += len(data)
            if self.size > self.max_frame_length:
                raise websocket.FailedConnectionError(1009, "The message is too long.")
            super().push(data, final)

    websocket.RFC6455WebSocket.Message = Message


def mode() -> str:
    """The mode in force; RuntimeError before `start`."""
    if _mode is None:
        raise RuntimeError("aio.start was not called")
    return _mode


def spawn(work: Callable[..., object], *args: Any) -> threading.Thread:
    """Run `work(*args)` beside; in eventlet mode the thread is a green one."""
    thread = threading.Thread(target=work, args=args, daemon=True)
    thread.start()
    return thread


def sleep(seconds: float) -> None:
    """Let others run for `seconds`."""
    time.sleep(seconds)


def offload(work: Callable[..., T], *args: Any, pool: str = "files") -> T:
    """Do work that blocks in C or on a disk, without holding up anybody else.

    It waits for a place in its pool, then for the result; errors are raised
    here. `work` must take no lock of ours: under eventlet it runs on a real thread.
    """
    mode()
    with _slots[pool]:
        return _tpool.execute(work, *args) if _tpool is not None else work(*args)


def raise_nofile(want: int = 4096) -> int:
    """Raise the limit of open files to `want` as far as allowed; returns the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= want:
        return want if soft == resource.RLIM_INFINITY else soft
    aim = want if hard == resource.RLIM_INFINITY else min(want, hard)
    if aim > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
    return max(aim, soft)


def connections_allowed(files: int, most: int = 512) -> int:
    """How many connections fit under a limit of `files` open files, at most `most`."""
    return max(8, min(most, files - _FDS_RESERVED))


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. OSError where it can't be had."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    listener = socket.create_server(address[:2], family=family, backlog=256)
    # Inherited by what is accepted: the kernel drops who takes nothing for so long.
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, _STALLED_MS)
    return listener


def cut(environ: dict[str, Any]) -> None:
    """Shut the connection of a WSGI request down, both ways; its reader and writer wake up."""
    sock = connection_of(environ)
    if sock is None:
        return
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        logger.debug("a connection was gone before it was cut: %s", error)


def connection_of(environ: dict[str, Any]) -> Any:
    """The socket below a WSGI request, or None where the server doesn't tell."""
    taken = environ.get("eventlet.input")
    return taken.get_socket() if taken is not None else environ.get("werkzeug.socket")


class Server(Protocol):
    """A WSGI server that runs beside."""

    def start(self) -> None:
        """Serve from now on; returns at once."""
        ...

    def alive(self) -> bool:
        """Whether it serves still; where it does not, the process is of no use."""
        ...

    def stop(self) -> None:
        """Accept nobody any more; what is open stays open."""
        ...


def wsgi_server(
    app: Wsgi, listener: socket.socket, *, connections: int = 512, timeout: float = 10.0
) -> Server:
    """A server for `app` in the mode in force.

    At most `connections` are served at once, who comes above hears 503 at once.
    `timeout` is the longest silence in seconds within a request (a websocket has
    its own). Running out of file descriptors costs a pause, never the server.
    """
    kind = _EventletServer if mode() == "eventlet" else _threading_server()
    server: Server = kind(app, listener, connections, timeout)
    return server


_BUSY_BODY = json.dumps(
    {
        "type": "urn:vectorpy:problem:unavailable",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "This server has all the connections it may have.",
        "hint": "Close other pages of it, or try again in a minute.",
        "host": None,
    }
).encode()
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
    b"Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n"
    b"Retry-After: 10\r\nConnection: close\r\n"
    b"Content-Length: " + str(len(_BUSY_BODY)).encode() + b"\r\n\r\n" + _BUSY_BODY
)


class _Shedder:
    """Tells connections above the limit that the server is full, a few at a time."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(_SHED_AT_ONCE)

    def shed(self, sock: socket.socket) -> None:
        if not self._slots.acquire(blocking=False):
            sock.close()
            return
        spawn(self._tell, sock)

    def _tell(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(1.0)
            sock.sendall(_BUSY)
            sock.shutdown(socket.SHUT_WR)
            # Closing with the request unread would reset the answer away.
            sock.recv(65536)
        except OSError as error:
            logger.debug("a connection above the limit went away: %s", error)
        finally:
            sock.close()
            self._slots.release()


class _Listener:
    """The listening socket as eventlet's server sees it: accept never ends the server."""

    def __init__(self, sock: socket.socket, pool: Any) -> None:
        self._sock = sock
        self._pool = pool
        self._shedder = _Shedder()

    def accept(self) -> tuple[socket.socket, Any]:
        while True:
            try:
                sock, address = self._sock.accept()
            except OSError as error:
                if error.errno not in OUT_OF_FDS:
                    raise
                # eventlet's server would raise it and end the process.
                sleep(0.1)
                continue
            if self._pool.free() > 0:
                return sock, address
            self._shedder.shed(sock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _EventletServer:
    """eventlet's WSGI server with bounds, in a green thread."""

    def __init__(self, app: Wsgi, listener: socket.socket, connections: int, timeout: float):
        import eventlet

        self._app = app
        self._timeout = timeout
        self._pool = eventlet.GreenPool(connections)
        self._listener = _Listener(listener, self._pool)
        self._green: Any = None

    def start(self) -> None:
        import eventlet

        self._green = eventlet.spawn(self._run)

    def _run(self) -> None:
        from eventlet import wsgi

        wsgi.server(
            self._listener,
            self._app,
            log=logging.getLogger("vectorpy.wsgi"),
            log_output=False,
            debug=False,
            custom_pool=self._pool,
            socket_timeout=self._timeout,
            keepalive=self._timeout,
        )

    def alive(self) -> bool:
        return self._green is not None and not self._green.dead

    def stop(self) -> None:
        if self._green is not None:
            self._green.kill()
        self._listener.close()


class _Bounded:
    """What bounds the threading server, over any of socketserver's: so many connections, and
    a pause where there are no files left."""

    _free: Any
    _shedder: _Shedder

    def get_request(self) -> tuple[Any, Any]:
        try:
            request: tuple[Any, Any] = super().get_request()  # type: ignore[misc]
        except OSError as error:
            if error.errno in OUT_OF_FDS:
                # socketserver only tries again: without a pause it would spin.
                sleep(0.1)
            raise
        return request

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self._shedder.shed(request)
            return
        try:
            super().process_request(request, client_address)  # type: ignore[misc]
        except BaseException:  # no thread to be had: its place is free again
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[misc]
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.exception("a connection failed")


def _threading_server() -> Callable[..., Server]:
    """The threading server's class, made here: Werkzeug must not be imported before `start`."""
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Handler(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            logging.getLogger("vectorpy.wsgi").debug(message, *args)

        def version_string(self) -> str:
            return "vectorpy"

    class ThreadingServer(_Bounded, ThreadedWSGIServer):
        """Werkzeug's server with bounds: a thread per connection, so many at most."""

        daemon_threads = True
        block_on_close = False

        def __init__(self, app: Wsgi, sock: socket.socket, connections: int, timeout: float):
            host, port = sock.getsockname()[:2]
            handler = type("BoundHandler", (Handler,), {"timeout": timeout})
            super().__init__(host, port, app, handler, fd=sock.fileno())
            self._kept = sock
            self._free = threading.BoundedSemaphore(connections)
            self._shedder = _Shedder()

        def start(self) -> None:
            self._thread = spawn(self.serve_forever, 0.2)

        def alive(self) -> bool:
            return self._thread.is_alive()

        def stop(self) -> None:
            self.shutdown()
            self.server_close()
            self._kept.close()

    return ThreadingServer
