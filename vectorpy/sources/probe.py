"""Cheap probes: which of some addresses and ports takes a connection, and is it a pmcd.

Plain sockets to checked addresses only; nothing is sent. pmcd speaks first (an
error PDU with its version), a web server does not: that tells them apart before
libpcp or HTTP gets near.
"""

from __future__ import annotations

import contextlib
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


def greets_as_pmcd(connection: socket.socket, seconds: float) -> bool | None:
    """Whether pmcd speaks on this fresh connection; None where nothing came in time."""
    got = b""
    end = time.monotonic() + seconds
    with contextlib.suppress(TimeoutError):
        while len(got) < 8:
            left = end - time.monotonic()
            if left <= 0:
                return None
            connection.settimeout(left)
            try:
                piece = connection.recv(64)
            except ConnectionError:
                return False
            if not piece:
                return False
            got += piece
        return got[4:8] == _GREETING
    return None
