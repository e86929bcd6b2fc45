"""Cheap probes: which of some addresses and ports takes a connection, and is it a pmcd.

Plain sockets to checked addresses only. pmcd speaks first (an error PDU with its
version), a web server does not: that tells them apart before libpcp or HTTP gets
near. Nothing is sent but to a port that may be either and keeps silent: a web
server shows itself by its answer to a request.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Transport = Literal["web", "pmcd", "either"]
_PATIENCE = 0.3  # seconds in which a better place may still answer
_GREETING = bytes.fromhex("00007000")  # type of pmcd's first PDU, after its length
# A pmcd greets at once: after so many seconds of silence a web server is thought of too.
_SILENCE = 0.02
_REQUEST = b"HEAD / HTTP/1.0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Place:
    """One address and port, and what is expected there."""

    transport: Transport
    scheme: str
    address: str
    port: int


@dataclass(slots=True)
class Outcome:
    """What a race found: `winner` and its open socket, or why nobody won.

    `refused` and `silent` are the ports where a connection was refused, or not
    answered in time.
    """

    winner: Place | None
    socket: socket.socket | None
    refused: tuple[int, ...]
    silent: tuple[int, ...]


def connect(place: Place, timeout: float) -> socket.socket | None:
    """A connection to `place`, None where it takes none within `timeout` seconds."""
    try:
        return socket.create_connection((place.address, place.port), timeout)
    except OSError:
        return None


def race(
    places: Sequence[Place], timeout: float, clock: Callable[[], float] = time.monotonic
) -> Outcome:
    """Connect to all at once; the first in order that answers within 300 ms wins.

    Where none does, the first one to answer until `timeout` seconds. The others
    are closed.
    """
    runners = _Runners(places)
    start = clock()
    try:
        while True:
            best = runners.best()
            waited = clock() - start
            if best is not None and (runners.leads(best) or waited >= _PATIENCE):
                return runners.outcome(best)
            if not runners.running or waited >= timeout:
                return runners.outcome(best)
            until = _PATIENCE if best is not None and waited < _PATIENCE else timeout
            runners.wait(until - waited)
    finally:
        runners.close()


class _Runners:
    """The sockets of a race, by the place's rank."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.running: dict[int, socket.socket] = {}
        self.arrived: dict[int, socket.socket] = {}
        self.refused: list[int] = []
        self._selector = selectors.DefaultSelector()
        for rank, place in enumerate(places):
            self._start(rank, place)

    def _start(self, rank: int, place: Place) -> None:
        family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
        try:
            runner = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            self.refused.append(place.port)
            return
        runner.setblocking(False)
        status = runner.connect_ex((place.address, place.port))
        if status in (0, errno.EINPROGRESS):
            self.running[rank] = runner
            self._selector.register(runner, selectors.EVENT_WRITE, rank)
        else:
            self.refused.append(place.port)
            runner.close()

    def wait(self, seconds: float) -> None:
        """Until something happens, at most `seconds`."""
        for key, _ in self._selector.select(max(seconds, 0.0)):
            rank = key.data
            runner = self.running.pop(rank)
            self._selector.unregister(runner)
            if runner.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.refused.append(self.places[rank].port)
                runner.close()
            else:
                self.arrived[rank] = runner

    def best(self) -> int | None:
        """Rank of the best that has arrived."""
        return min(self.arrived, default=None)

    def leads(self, rank: int) -> bool:
        """Whether nobody better is still running."""
        return all(other > rank for other in self.running)

    def outcome(self, rank: int | None) -> Outcome:
        """The result, with the winner's socket taken out."""
        silent = tuple(self.places[r].port for r in self.running)
        if rank is None:
            return Outcome(None, None, tuple(self.refused), silent)
        winner = self.arrived.pop(rank)
        winner.setblocking(True)
        return Outcome(self.places[rank], winner, tuple(self.refused), silent)

    def close(self) -> None:
        """Close all but the winner."""
        self._selector.close()
        for runner in (*self.running.values(), *self.arrived.values()):
            runner.close()


def who_speaks(
    connection: socket.socket, seconds: float, silence: float = _SILENCE
) -> Transport | None:
    """Who shows on this fresh connection within `seconds`: "pmcd", or "web" by its answer.

    A pmcd speaks unasked; a web server is asked after `silence` seconds, and
    needs not be waited for any longer once it answers. None where it is neither.
    """
    greets = greets_as_pmcd(connection, min(silence, seconds))
    if greets is not None:
        return "pmcd" if greets else None
    try:
        connection.sendall(_REQUEST)
    except OSError:
        return None
    got = _first(connection, 8, seconds - silence)
    if got is None:
        return None
    return "pmcd" if got[4:8] == _GREETING else "web" if got.startswith(b"HTTP/") else None


def greets_as_pmcd(connection: socket.socket, seconds: float) -> bool | None:
    """Whether pmcd speaks on this fresh connection; None where nothing came in time."""
    got = _first(connection, 8, seconds)
    return None if got is None else got[4:8] == _GREETING


def _first(connection: socket.socket, count: int, seconds: float) -> bytes | None:
    """At least the first `count` bytes, fewer where it ended; None where they take too long."""
    got = b""
    end = time.monotonic() + seconds
    while len(got) < count:
        left = end - time.monotonic()
        if left <= 0:
            return None
        connection.settimeout(left)
        try:
            piece = connection.recv(64)
        except TimeoutError:
            return None
        except ConnectionError:
            return got
        if not piece:
            return got
        got += piece
    return got
