"""What all viewers of a host are told, whatever they draw: its state, and what happened to it.

Which state it is in is decided in `host`; ticks and layouts are `channel`'s. The
host's lock is held by whoever calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vectorpy.live.channel import Channel, Event
from vectorpy.live.clock import Clock
from vectorpy.live.status import Status, Teller
from vectorpy.model import wire

_MARKS_KEPT = 100


class Voice:
    """See the module. `ids` are the host's names and `channels` its channels, as they are later."""

    def __init__(self, ids: Sequence[str], channels: Mapping[str, Channel], clock: Clock) -> None:
        self._ids, self._channels, self._clock = ids, channels, clock
        self._teller = Teller()
        self._marks: list[tuple[int, str, str]] = []
        self._burst: dict[str, Any] | None = None

    def state(self, status: Status) -> None:
        """Tell the state by all names of the host, where it is news."""
        if self._teller.news(status, self._clock.mono()):
            for name in self._ids:
                self._tell(name, "state", _encode(status.message(name)))

    def state_to(self, channel: Channel, status: Status) -> None:
        """Tell it to a channel that has just come here."""
        text = _encode(status.message(channel.spec.host))
        for sink in channel.sinks:
            sink.emit(f"host:{channel.spec.host}", "state", text)

    def mark(self, t: int, kind: str, text: str) -> None:
        """Something happened at second `t`."""
        for name in self._ids:
            self._tell(name, "marks", _encode(wire.marks(name, t, kind, text)))
        self._marks = [*self._marks, (t, kind, text)][-_MARKS_KEPT:]

    def burst(self, told: dict[str, Any]) -> None:
        """A burst of the host does so now."""
        self._burst = told
        for name in self._ids:
            self._tell(name, "burst", _encode({**told, "host": name}))

    def opening(self, name: str, status: Status, window: int) -> list[Event]:
        """For one who joins: the state, what happened in the last `window` seconds, a burst."""
        since = self._clock.now() - window
        marks = [wire.marks(name, *mark) for mark in self._marks if mark[0] >= since]
        told = [("state", status.message(name)), *(("marks", mark) for mark in marks)]
        burst = self._burst
        # One that is over is told of as long as its points are kept.
        if burst is not None and not 0 < burst["held"] <= self._clock.now() * 1000:
            told.append(("burst", {**burst, "host": name}))
        return [(event, _encode(message)) for event, message in told]

    def _tell(self, name: str, event: str, text: bytes) -> None:
        """Send to the room of one of the host's names, once per web process that watches it."""
        channels = [c for c in self._channels.values() if c.spec.host == name]
        for sink in {sink: None for channel in channels for sink in channel.sinks}:
            sink.emit(f"host:{name}", event, text)


def _encode(message: dict[str, Any]) -> bytes:
    return wire.encode(message).encode()
