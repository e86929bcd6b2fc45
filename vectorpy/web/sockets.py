"""Socket.IO's handlers: who may connect, how much he may send, and how he is cut.

Everything here is about connections; channels and rooms are `live`'s. Messages
are counted where Engine.IO hands them over, before they are decoded, so that
no kind of packet passes by the limits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import simple_websocket  # type: ignore[import-untyped]
from engineio.async_drivers import threading as threading_driver
from flask import Flask
from flask_socketio import SocketIO
from socketio.exceptions import ConnectionRefusedError as Refused

from vectorpy import aio
from vectorpy.errors import LimitReached, Unavailable, UserError, VectorpyError
from vectorpy.model import wire
from vectorpy.settings import Settings
from vectorpy.web.bursts import BurstRelay
from vectorpy.web.limits import Bucket, Limits
from vectorpy.web.live import Relay
from vectorpy.web.seats import Viewer
from vectorpy.web.splice import SpliceJson

logger = logging.getLogger(__name__)

PING_INTERVAL, PING_TIMEOUT = 10, 10
QUEUE_MAX = 200
# Engine.IO connections that never become viewers, in seconds.
_SILENT = 10.0
_DROPPED_MAX = 200
_SLICE = 2.0
_ACK = '2["ack"'


def create(app: Flask, settings: Settings, origin_allowed: Callable[..., bool]) -> SocketIO:
    """The Socket.IO server at /socket.io of `app`: websocket only, small messages only."""
    socketio = SocketIO(
        app,
        async_mode=aio.mode(),
        transports=["websocket"],
        cors_allowed_origins=origin_allowed,
        cors_credentials=False,
        json=SpliceJson,
        # In the connection's own task: one viewer's messages keep their order,
        # and one who sends much waits for himself.
        async_handlers=False,
        manage_session=False,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        # Above the limit itself, so that who exceeds it a little hears why.
        max_http_buffer_size=4 * settings.inbound_bytes,
    )
    if aio.mode() == "threading":
        _bound_threading(socketio, 4 * settings.inbound_bytes)
    return socketio


class _Sender:
    """A socket whose `send` sends all: simple-websocket ignores what is left over."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _bound_threading(socketio: SocketIO, most: int) -> None:
    """Bounds that Engine.IO's threading driver has no options for."""

    class Bounded(threading_driver.SimpleWebSocketWSGI):  # type: ignore[misc]
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            sock = environ["werkzeug.socket"]
            # The server's timeout is for requests; a websocket is kept alive by pings.
            sock.settimeout(None)
            kept = {**environ, "werkzeug.socket": _Sender(sock)}
            self.server_args["max_message_size"] = most
            try:
                return super().__call__(kept, start_response)
            except simple_websocket.ConnectionError as error:
                raise ConnectionError from error

        def wait(self) -> Any:
            # Waited for in slices: simple-websocket wakes its reader before it marks
            # a connection as ended, and who looks too early would wait for ever.
            try:
                while self.ws.connected or self.ws.input_buffer:
                    if (data := self.ws.receive(timeout=_SLICE)) is not None:
                        return data
            except simple_websocket.ConnectionClosed:
                pass
            return None

        def close(self) -> None:
            super().close()
            self.ws.event.set()

    eio = socketio.server.eio
    eio._async = {**eio._async, "websocket": Bounded}


class Connections:
    """All Engine.IO connections: their budgets, and the way to end them."""

    def __init__(
        self, socketio: SocketIO, settings: Settings, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._server = socketio.server
        self._settings = settings
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        self._buckets: dict[str, tuple[Bucket, Bucket]] = {}
        self._dropped: dict[str, int] = {}
        self._warned: dict[str, float] = {}
        self.cuts: dict[str, int] = {}

    # -- the face of `live.Out` ----------------------------------------------

    def emit(self, event: str, data: Any, to: str | None = None) -> None:
        """Queue an event for a viewer, a room, or (None) everybody."""
        self._server.emit(event, data, to=to)

    def enter_room(self, sid: str, room: str) -> None:
        """ValueError where the viewer is gone."""
        self._server.enter_room(sid, room)

    def leave_room(self, sid: str, room: str) -> None:
        """Nothing happens where he is not in it."""
        self._server.leave_room(sid, room)

    # -- inbound -------------------------------------------------------------

    def allowed(self, eio_sid: str, data: str | bytes) -> bool:
        """Whether this message may be handled; who sends binary or far too much is cut."""
        if not isinstance(data, str) or data[:1] in ("5", "6"):
            self.cut(eio_sid, "binary")
            return False
        if len(data) > self._settings.inbound_bytes:
            self._limits.hit("inbound_bytes")
            text = f"A message was longer than {self._settings.inbound_bytes} bytes."
            self._warn(eio_sid, LimitReached(text, limit="inbound_bytes"))
            return False
        with self._lock:
            now = self._clock()
            if eio_sid not in self._buckets:
                rate = float(self._settings.inbound_rate)
                self._buckets[eio_sid] = (Bucket(rate, now), Bucket(rate, now))
            messages, acks = self._buckets[eio_sid]
            if (acks if data.startswith(_ACK) else messages).take(now):
                return True
            dropped = self._dropped[eio_sid] = self._dropped.get(eio_sid, 0) + 1
        self._limits.hit("inbound_rate")
        rate = self._settings.inbound_rate
        if dropped > _DROPPED_MAX:
            self.cut(eio_sid, "flood")
        elif now - self._warned.get(eio_sid, -1.0) >= 1.0:
            self._warned[eio_sid] = now
            text = f"More than {rate} messages a second; some were not taken."
            self._warn(eio_sid, LimitReached(text, limit="inbound_rate"))
        return False

    def _warn(self, eio_sid: str, error: LimitReached) -> None:
        sid = self._server.manager.sid_from_eio_sid(eio_sid, "/")
        if sid is not None:
            self.emit("problem", wire.problem_of(error), to=sid)

    def forget(self, eio_sid: str) -> None:
        """A connection is over."""
        with self._lock:
            for book in (self._buckets, self._dropped, self._warned, self._seen):
                book.pop(eio_sid, None)

    # -- ending --------------------------------------------------------------

    def cut_viewer(self, viewer: Viewer, reason: str) -> None:
        """End a viewer's connection, his socket included."""
        eio_sid = self._server.manager.eio_sid_from_sid(viewer.sid, "/")
        if eio_sid is not None:
            self.cut(eio_sid, reason)
        aio.cut(viewer.environ)

    def cut(self, eio_sid: str, reason: str) -> None:
        """End a connection for good: session, queue and socket. The peer may be stalled."""
        sock = self._server.eio.sockets.pop(eio_sid, None)
        environ = self._server.environ.get(eio_sid)
        if sock is None and environ is None:
            return
        self.cuts[reason] = self.cuts.get(reason, 0) + 1
        logger.info("a viewer was cut: %s", reason)
        if sock is not None:
            _drain(sock.queue)
            sock.close(wait=False, abort=True)
            sock.queue.put(None)
        if environ is not None:
            aio.cut(environ)

    def sweep(self) -> None:
        """Cut who lets his queue grow, and who connects without becoming a viewer."""
        now = self._clock()
        open_now = dict(self._server.eio.sockets)
        with self._lock:
            self._seen = {sid: at for sid, at in self._seen.items() if sid in open_now}
        for eio_sid, sock in open_now.items():
            with self._lock:
                since = self._seen.setdefault(eio_sid, now)
            viewer = self._server.manager.sid_from_eio_sid(eio_sid, "/")
            if viewer is None and now - since > _SILENT:
                self.cut(eio_sid, "silent")
            elif sock.queue.qsize() > QUEUE_MAX:
                self.cut(eio_sid, "stalled")

    def close_all(self) -> None:
        """End all connections, as the process goes down."""
        for eio_sid in list(self._server.eio.sockets):
            self.cut(eio_sid, "shutdown")


def _drain(queue: Any) -> None:
    while not queue.empty():
        try:
            queue.get(block=False)
            queue.task_done()
        except Exception:  # the queue's own Empty differs by mode
            return


def install(
    socketio: SocketIO,
    connections: Connections,
    relay: Relay,
    bursts: BurstRelay,
    name: str,
) -> None:
    """Register all handlers. `name` is this process's random id, told in `hello`."""
    server = socketio.server
    take = server.eio.handlers["message"]
    leave = server.eio.handlers["disconnect"]

    def on_message(eio_sid: str, data: str | bytes) -> None:
        if connections.allowed(eio_sid, data):
            take(eio_sid, data)

    def on_gone(eio_sid: str, reason: str) -> None:
        leave(eio_sid, reason)
        connections.forget(eio_sid)

    server.eio.on("message", on_message)
    server.eio.on("disconnect", on_gone)

    @server.on("connect")  # type: ignore[untyped-decorator]
    def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        viewer = Viewer(sid, str(environ.get("REMOTE_ADDR", "")), environ)
        try:
            relay.admit(viewer)
        except VectorpyError as error:
            raise Refused(error.message, wire.problem_of(error)) from error
        connections.emit("hello", wire.hello(name, relay.limits.told()), to=sid)

    @server.on("disconnect")  # type: ignore[untyped-decorator]
    def disconnect(sid: str, reason: str) -> None:
        bursts.remove(sid)
        relay.remove(sid)

    for event, handler in _handlers(relay, bursts).items():
        server.on(event, _handler(relay, event, handler))
    server.on("*", _unknown(relay))


def _handlers(relay: Relay, bursts: BurstRelay) -> dict[str, Callable[[Viewer, Any], None]]:
    """Who takes which event of a page."""
    return {
        "watch": relay.watch,
        "unwatch": relay.unwatch,
        "hold": relay.hold,
        "history": relay.history,
        "ack": relay.ack,
        "burst": bursts.start,
        "burst_join": bursts.join,
        "burst_leave": bursts.leave,
        "burst_stop": bursts.stop,
    }


def _handler(
    relay: Relay, event: str, handler: Callable[[Viewer, Any], None]
) -> Callable[..., None]:
    """`handler` with errors told to the viewer; it answers nothing by itself."""

    def run(sid: str, data: Any = None, *_: Any) -> None:
        viewer = relay.books.viewers.get(sid)
        if viewer is None:
            return
        try:
            handler(viewer, data)
        except VectorpyError as error:
            relay.tell(viewer, error)
        except Exception:
            logger.exception("a viewer's %s failed", event)
            relay.tell(viewer, Unavailable("This server failed at it; its log says why."))

    return run


def _unknown(relay: Relay) -> Callable[..., None]:
    def run(event: str, sid: str, *_: Any) -> None:
        viewer = relay.books.viewers.get(sid)
        if viewer is not None:
            relay.tell(viewer, UserError("This server knows no such message."))

    return run
