"""Viewers, channels, and who sits in which: the books of the web process.

Plain records and look-ups belong here, no message and no socket. A *seat* is
one viewer's place in one channel. The books have one lock, which `live` holds
wherever more than one of them must agree.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from vectorpy.model.watch import ChannelSpec

_TICKS_KEPT = 128


@dataclass(slots=True, eq=False)
class Seat:
    """One viewer's place in one channel.

    `room_host` is the host's id as the sampler says it, "" until the join is
    answered; `entered` whether he hears the channel's room. `acked` is the newest
    seq he acknowledged; `version` the layout he last got.
    """

    spec: ChannelSpec
    window: int
    entered: bool = False
    room_host: str = ""
    acked: int = 0
    version: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Viewer:
    """One Socket.IO connection. `slow_since` is the monotonic time from which ticks wait;
    `held` that its page is out of sight and wants none until it watches again."""

    sid: str
    address: str
    environ: dict[str, Any]
    seats: dict[str, Seat] = field(default_factory=dict)
    slow: bool = False
    slow_since: float = 0.0
    held: bool = False


@dataclass(slots=True, eq=False)
class Channel:
    """What is known here of a channel: its last ticks (seq, monotonic time) and version."""

    host: str
    ticks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_TICKS_KEPT))
    version: tuple[str, str] | None = None

    def newest(self) -> int:
        """The last tick's seq, 0 where there was none."""
        return self.ticks[-1][0] if self.ticks else 0

    def waiting_since(self, acked: int) -> float | None:
        """When the oldest tick after `acked` went out; None where all are acknowledged."""
        if not self.ticks or self.ticks[-1][0] <= acked:
            return None
        return next(at for seq, at in self.ticks if seq > acked)


class Books:
    """All viewers and channels. Hold `lock` around whatever belongs together."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.viewers: dict[str, Viewer] = {}
        self.channels: dict[str, Channel] = {}

    def channel(self, spec: ChannelSpec) -> Channel:
        """The channel's record, made where it is new."""
        return self.channels.setdefault(spec.key, Channel(spec.host))

    def hosts(self) -> set[str]:
        """Ids of all hosts that somebody watches over a socket."""
        with self.lock:
            return {s.spec.host for v in self.viewers.values() for s in v.seats.values()}

    def rooms(self) -> set[str]:
        """Ids of all hosts whose room somebody is in."""
        with self.lock:
            return {s.room_host for v in self.viewers.values() for s in v.seats.values()} - {""}

    def from_address(self, address: str) -> int:
        """How many viewers are connected from `address`."""
        with self.lock:
            return sum(v.address == address for v in self.viewers.values())

    def sweep(self, leased: set[str]) -> None:
        """Forget channels that nobody sits in or leases."""
        with self.lock:
            used = {key for v in self.viewers.values() for key in v.seats} | leased
            for key in [key for key in self.channels if key not in used]:
                del self.channels[key]
