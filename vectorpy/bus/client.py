"""The web process's end of the bus: join channels, ask, and hear events.

Only the socket's client and its memory of what is joined belong here; viewers
and rooms are the web's. It uses plain `socket` and `threading` names, which the
web's mode may have patched, and imports nothing of the sampler's rooms.
"""

from __future__ import annotations

import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vectorpy import errors
from vectorpy.bus.frames import FrameError, Reader, bus_path, pack, split
from vectorpy.errors import Unavailable, VectorpyError
from vectorpy.model.watch import ChannelSpec

__all__ = ["BusClient", "Joined", "bus_path"]

logger = logging.getLogger(__name__)

AWAY = "The sampler of this server is not running."
AWAY_HINT = "It is restarted by itself within seconds; if not, look at the server's log."
_PAUSE, _PAUSE_MAX = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a join: events in order (state, then layout and history), or a problem."""

    channel: str
    host: str
    events: list[tuple[str, str]]
    problem: dict[str, Any] | None = None


OnEvent = Callable[[str, str, str], None]
OnJoined = Callable[[Joined], None]


@dataclass(slots=True)
class _Channel:
    """What is joined: re-joined after a reconnect."""

    spec: ChannelSpec
    window: int
    viewers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Join:
    """A join that waits for its answer; `answered` is None for a re-join of the client's own."""

    spec: ChannelSpec
    window: int
    viewers: list[str]
    answered: OnJoined | None


class _Ask:
    """A request that waits for its answer."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.header: dict[str, Any] | None = None
        self.text = ""


def _thread(work: Callable[[], None]) -> object:
    thread = threading.Thread(target=work, name="bus-client", daemon=True)
    thread.start()
    return thread


class BusClient:
    """One connection to the sampler, kept up by itself.

    `on_event(room, event, text)`, `on_link(up)` and the callbacks of joins run in
    the reader task, one after the other in the order of the bus: they must not
    wait for the bus.
    """

    def __init__(
        self,
        path: str | Path,
        on_event: OnEvent,
        *,
        on_link: Callable[[bool], None] | None = None,
        spawn: Callable[[Callable[[], None]], object] | None = None,
        sleep: Callable[[float], object] = time.sleep,
        dial: Callable[[], socket.socket | None] | None = None,
    ) -> None:
        self._path = str(path)
        self._dial = dial or self._connect
        self._on_event = on_event
        self._on_link = on_link
        self._spawn = spawn or _thread
        self._sleep = sleep
        self._lock = threading.RLock()
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._socket: socket.socket | None = None
        self._up = threading.Event()
        self._closed = False
        self._channels: dict[str, _Channel] = {}
        self._joins: dict[int, _Join] = {}
        self._asks: dict[int, _Ask] = {}

    # -- the face ----------------------------------------------------------

    def connect(self) -> None:
        """Start the reader task; it connects, and connects anew, until `close`."""
        self._spawn(self._run)

    def wait(self, seconds: float) -> bool:
        """Wait until the sampler is connected; False where it is not within `seconds`."""
        return self._up.wait(seconds)

    @property
    def connected(self) -> bool:
        """Whether there is a connection to the sampler now."""
        return self._up.is_set()

    def join(self, spec: ChannelSpec, window: int, viewer: str, on_joined: OnJoined) -> str:
        """Join `viewer` to a channel with `window` seconds of history; returns its key.

        `on_joined` is called by the reader task before any later event of the
        channel; where the sampler is away, once it is back.
        """
        with self._lock:
            number = next(self._numbers)
            self._joins[number] = _Join(spec, window, [viewer], on_joined)
        self._send_join(number)
        return spec.key

    def leave(self, channel: str, viewer: str) -> None:
        """`viewer` no longer wants `channel`. It may be called more than once."""
        with self._lock:
            joined = self._channels.get(channel)
            if joined is not None:
                joined.viewers.discard(viewer)
                if not joined.viewers:
                    del self._channels[channel]
            for number, join in list(self._joins.items()):
                if join.spec.key == channel and viewer in join.viewers:
                    join.viewers.remove(viewer)
                    if not join.viewers:
                        del self._joins[number]
        self._send({"op": "leave", "channel": channel, "viewers": [viewer]})

    def request(self, op: str, timeout: float = 10.0, **fields: Any) -> tuple[dict[str, Any], str]:
        """Ask the sampler; the reply's header and its body as text.

        Raises the sampler's own error (a VectorpyError with its message, host,
        hint and status), or Unavailable where it doesn't answer in `timeout` s.
        """
        deadline = time.monotonic() + timeout
        if not self._up.wait(timeout):
            raise Unavailable(AWAY, hint=AWAY_HINT)
        ask = _Ask()
        with self._lock:
            number = next(self._numbers)
            self._asks[number] = ask
        try:
            sent = self._send({"op": op, "req": number, **fields})
            if not sent or not ask.done.wait(max(0.0, deadline - time.monotonic())):
                raise Unavailable(f"The sampler did not answer {op!r} in time.", hint=AWAY_HINT)
        finally:
            with self._lock:
                self._asks.pop(number, None)
        if ask.header is None:
            raise Unavailable("The sampler was restarted meanwhile.", hint="Try it again.")
        if ask.header.get("problem"):
            raise error_of(ask.header["problem"])
        return ask.header, ask.text

    def tell(self, op: str, **fields: Any) -> None:
        """Say something that has no answer; where the sampler is away, it is not said."""
        self._send({"op": op, **fields})

    @staticmethod
    def events(header: dict[str, Any], text: str) -> list[tuple[str, str]]:
        """A reply's events: `(name, text)` in their order."""
        return split(header.get("events", ()), text)

    def close(self) -> None:
        """End the reader task and the connection."""
        with self._lock:
            self._closed = True
            sock = self._socket
        if sock is not None:
            _shut(sock)

    # -- sending -----------------------------------------------------------

    def _send(self, header: dict[str, Any]) -> bool:
        """Send a frame; False where there is no connection (the reader notices by itself)."""
        with self._sending:
            return self._write(header)

    def _write(self, header: dict[str, Any]) -> bool:
        sock = self._socket
        if sock is None:
            return False
        try:
            sock.sendall(pack(header))
        except OSError:
            _shut(sock)
            return False
        return True

    def _send_join(self, number: int) -> None:
        # The viewers are read while nothing else can be sent: who leaves now
        # either is not among them, or his leaving is sent after them.
        with self._sending:
            with self._lock:
                join = self._joins.get(number)
                header = None if join is None else _join_header(number, join)
            if header is not None:
                self._write(header)

    # -- the reader task ---------------------------------------------------

    def _run(self) -> None:
        pause = _PAUSE
        while not self._closed:
            sock = self._dial()
            if sock is None:
                self._sleep(pause)
                pause = min(_PAUSE_MAX, pause * 2)
                continue
            pause = _PAUSE
            self._attach(sock)
            try:
                self._read(Reader(sock.recv))
            except (OSError, FrameError) as error:
                logger.warning("the bus broke: %s", error)
            finally:
                self._detach(sock)

    def _connect(self) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            return None
        return sock

    def _attach(self, sock: socket.socket) -> None:
        """Take the connection into use: re-join what was joined, then send joins that wait."""
        with self._lock:
            waiting = list(self._joins)
            again = []
            for channel in self._channels.values():
                number = next(self._numbers)
                viewers = sorted(channel.viewers)
                self._joins[number] = _Join(channel.spec, channel.window, viewers, None)
                again.append(number)
            self._socket = sock
            closed = self._closed
        if closed:
            _shut(sock)
        for number in again + waiting:
            self._send_join(number)
        logger.info("connected to the sampler")
        self._up.set()
        self._tell_link(True)

    def _detach(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = None
            asks, self._asks = self._asks, {}
            # Re-joins are made anew from the channels at the next connection.
            self._joins = {n: j for n, j in self._joins.items() if j.answered is not None}
        self._up.clear()
        sock.close()
        for ask in asks.values():
            ask.done.set()
        self._tell_link(False)

    def _tell_link(self, up: bool) -> None:
        if self._on_link is not None and not self._closed:
            try:
                self._on_link(up)
            except Exception:
                logger.exception("telling of the bus's link failed")

    def _read(self, reader: Reader) -> None:
        while (frame := reader.read()) is not None:
            header, body = frame
            try:
                self._take(header, body.decode())
            except Exception:  # a faulty callback must not end the reader
                logger.exception("an event of the bus could not be handled")

    def _take(self, header: dict[str, Any], text: str) -> None:
        if header.get("op") == "emit":
            self._on_event(header["room"], header["event"], text)
            return
        number = header.get("req")
        with self._lock:
            join = self._joins.pop(number, None) if isinstance(number, int) else None
            ask = self._asks.pop(number, None) if isinstance(number, int) else None
            if join is not None and not header.get("problem"):
                channel = self._channels.setdefault(join.spec.key, _Channel(join.spec, join.window))
                channel.window = max(channel.window, join.window)
                channel.viewers.update(join.viewers)
            elif join is not None and join.answered is None:
                self._channels.pop(join.spec.key, None)
        if join is not None:
            self._joined(join, header, text)
        elif ask is not None:
            ask.header, ask.text = header, text
            ask.done.set()

    def _joined(self, join: _Join, header: dict[str, Any], text: str) -> None:
        problem = header.get("problem")
        events = [] if problem else self.events(header, text)
        if join.answered is not None:
            join.answered(Joined(join.spec.key, join.spec.host, events, problem))
            return
        if problem:
            self._on_event(join.spec.key, "problem", text)
        for event, part in events:
            room = f"host:{join.spec.host}" if event in ("state", "burst") else join.spec.key
            self._on_event(room, event, part)


def error_of(problem: dict[str, Any]) -> VectorpyError:
    """The error that a problem document of the sampler tells of."""
    name = "".join(part.title() for part in str(problem.get("type", "")).split(":")[-1].split("-"))
    kind = getattr(errors, name, VectorpyError)
    detail = str(problem.get("detail") or problem.get("title") or "The sampler failed.")
    more = {"host": problem.get("host"), "hint": problem.get("hint")}
    if kind is errors.LimitReached:
        error: VectorpyError = errors.LimitReached(detail, limit=problem.get("limit", ""), **more)
    elif isinstance(kind, type) and issubclass(kind, VectorpyError):
        error = kind(detail, **more)
    else:
        error = VectorpyError(detail, **more)
    if isinstance(problem.get("status"), int):
        error.status = problem["status"]
    return error


def _join_header(number: int, join: _Join) -> dict[str, Any]:
    header = {"op": "join", "req": number, "spec": join.spec.to_json(), "window": join.window}
    return {**header, "viewers": list(join.viewers)}


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        logger.debug("the bus was closed already")
