"""The sampler's end of one bus connection: a reader thread, a writer thread, a bounded queue.

What is asked is handled by `session`. A web process that doesn't read fills
its own queue and is cut; samplers only ever append, and never wait for it.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable

from vectorpy.bus.frames import FrameError, Reader
from vectorpy.bus.session import Session
from vectorpy.live.hub import Hub

logger = logging.getLogger(__name__)

QUEUE_BYTES = 64 << 20
# Frames are sent together up to this size: fewer calls when many hosts tick at once.
_BATCH_BYTES = 1 << 18


class Outbox:
    """Frames on their way out, first in, first out, and bounded.

    `put` never blocks; it returns False (and drops everything) once more than
    `limit` bytes wait, for then the reader has stopped reading. `send` takes as
    many bytes as go at once without waiting, and tells how many: while nothing
    else waits, a frame goes out by it, and nobody must be woken to send it.
    """

    def __init__(
        self, limit: int = QUEUE_BYTES, send: Callable[[bytes], int] = lambda data: 0
    ) -> None:
        self._limit = limit
        self._send = send
        self._taken = False
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._ready = threading.Condition(threading.Lock())
        self._open = True

    def put(self, frame: bytes) -> bool:
        """Queue a frame; False where the outbox is closed or has just overflown."""
        with self._ready:
            # One frame may be longer than the limit: an empty queue takes any.
            if self._open and self._size and self._size + len(frame) > self._limit:
                self._open = False
                self._frames.clear()
            if not self._open:
                self._ready.notify()
                return False
            if not self._frames and not self._taken:
                frame = frame[self._send(frame) :]
            if frame:
                self._frames.append(frame)
                self._size += len(frame)
                self._ready.notify()
            return True

    def take(self) -> bytes | None:
        """Wait for frames; some of them joined, or None once the outbox is closed.

        Whoever takes them has sent them when he comes again.
        """
        with self._ready:
            self._taken = False
            while self._open and not self._frames:
                self._ready.wait()
            if not self._open:
                return None
            batch = [self._frames.popleft()]
            size = len(batch[0])
            while self._frames and size + len(self._frames[0]) <= _BATCH_BYTES:
                batch.append(self._frames.popleft())
                size += len(batch[-1])
            self._size -= size
            self._taken = True
            return b"".join(batch)

    def close(self) -> None:
        """Drop what waits and let `take` return None."""
        with self._ready:
            self._open = False
            self._frames.clear()
            self._ready.notify()


class Connection:
    """One web process on the bus; `start` gives it its two threads."""

    def __init__(self, hub: Hub, sock: socket.socket, *, queue_bytes: int = QUEUE_BYTES) -> None:
        self._socket = sock
        self._outbox = Outbox(queue_bytes, self._send)
        self._session = Session(hub, self._post)
        self._done = threading.Event()

    def start(self) -> None:
        """Read and write on threads of their own until either side ends."""
        threading.Thread(target=self._write, name="bus-write", daemon=True).start()
        threading.Thread(target=self._read, name="bus-read", daemon=True).start()

    def close(self) -> None:
        """End the connection; both threads return."""
        self._outbox.close()
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            logger.debug("the bus's connection was closed already")

    @property
    def closed(self) -> bool:
        """True once the connection has ended and its channels are left."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until the connection has ended."""
        return self._done.wait(seconds)

    def _send(self, data: bytes) -> int:
        """Bytes of `data` that the socket takes now; a broken one is the writer's to find."""
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except OSError:
            return 0

    def _post(self, frame: bytes) -> None:
        if not self._outbox.put(frame) and not self._done.is_set():
            self.close()

    def _read(self) -> None:
        reader = Reader(self._socket.recv)
        try:
            while (frame := reader.read()) is not None:
                self._session.handle(frame[0])
        except (OSError, FrameError) as error:
            logger.warning("a web process's connection broke: %s", error)
        finally:
            self._session.close()
            self.close()
            self._done.set()

    def _write(self) -> None:
        try:
            while (batch := self._outbox.take()) is not None:
                self._socket.sendall(batch)
        except OSError as error:
            logger.info("a web process went away: %s", error)
        finally:
            self.close()
            if not self._done.wait(5.0):
                logger.warning("a connection's reader did not end")
            self._socket.close()
