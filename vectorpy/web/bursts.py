"""Bursts for viewers: who asks for one, who looks at one, and what he hears.

Only the relay of bursts belongs here; ticks are `live`'s. A viewer enters a burst's
room before the sampler is asked for its points, so that none is missed; some may
come twice, or before their layout, which pages sort out by time and version.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from vectorpy.errors import LimitReached, UnknownName, VectorpyError
from vectorpy.model import burst
from vectorpy.web.live import Out, Relay
from vectorpy.web.seats import Viewer
from vectorpy.web.splice import Encoded

_TIMEOUT = 5.0
# Bursts that one page looks at, at most: one per host that it shows would be more than enough.
MOST = 16
_AWAY = "The sampler of this server was started anew: the burst is lost."


class BurstRelay:
    """See the module. The relay of ticks has the bus and the viewers."""

    def __init__(self, relay: Relay, out: Out) -> None:
        self._relay, self._out = relay, out
        # Burst -> (its host, the viewers that look at it).
        self._rooms: dict[str, tuple[str, set[str]]] = {}

    # -- the viewers' side -----------------------------------------------------

    def start(self, viewer: Viewer, data: Any) -> None:
        """Ask for a burst of a host that the viewer watches; it, or why not, is the answer."""
        host, wishes, seconds = burst.read_start(data)
        hosts = {
            name for seat in viewer.seats.values() for name in (seat.spec.host, seat.room_host)
        }
        if host not in hosts:
            raise UnknownName("You do not watch this host.", host=host, hint="Watch it first.")
        name = secrets.token_hex(8)
        self._enter(viewer, name, host)
        try:
            self._ask(viewer, "burst", name, host=host, wishes=wishes, seconds=seconds)
        except VectorpyError as error:
            self._exit(viewer, name)
            refusal = burst.told(
                host, "", burst.REFUSED, reason=error.message, hint=error.hint, wishes=wishes
            )
            self._out.emit("burst", refusal, to=viewer.sid)

    def join(self, viewer: Viewer, data: Any) -> None:
        """Look at a burst that runs or is kept, from its start."""
        name = burst.read_name(data)
        self._enter(viewer, name, "")
        try:
            self._ask(viewer, "burst_join", name)
        except VectorpyError as error:
            self._exit(viewer, name)
            lost = burst.told("", name, burst.REFUSED, reason=error.message, hint=error.hint)
            self._out.emit("burst", lost, to=viewer.sid)

    def leave(self, viewer: Viewer, data: Any) -> None:
        """Look no more."""
        self._exit(viewer, burst.read_name(data))

    def stop(self, viewer: Viewer, data: Any) -> None:
        """End a burst that the viewer looks at, for everybody."""
        name = burst.read_name(data)
        if viewer.sid not in self._rooms.get(name, ("", set()))[1]:
            raise UnknownName("You do not look at this burst.")
        self._relay.bus.request("burst_stop", _TIMEOUT, burst=name)

    def remove(self, sid: str) -> None:
        """A viewer is gone."""
        with self._relay.books.lock:
            names = [name for name, (_, looking) in self._rooms.items() if sid in looking]
        for name in names:
            self._forget(name, sid)

    # -- the bus's side --------------------------------------------------------

    def on_link(self, up: bool) -> None:
        """The sampler went away, and all bursts with it."""
        if up:
            return
        with self._relay.books.lock:
            rooms, self._rooms = self._rooms, {}
        for name, (host, looking) in rooms.items():
            self._out.emit(
                "burst", burst.told(host, name, burst.ENDED, reason=_AWAY), to=f"burst:{name}"
            )
            for sid in looking:
                self._out.leave_room(sid, f"burst:{name}")

    # -- rooms -----------------------------------------------------------------

    def _ask(self, viewer: Viewer, op: str, name: str, **fields: Any) -> None:
        bus = self._relay.bus
        header, text = bus.request(op, _TIMEOUT, burst=name, viewer=viewer.sid, **fields)
        events = bus.events(header, text)
        for event, part in events:
            self._out.emit(event, Encoded(part), to=viewer.sid)
        if not json.loads(events[0][1])["burst"]:  # refused: there is no burst of that name
            self._exit(viewer, name)
        elif viewer.sid not in self._relay.books.viewers:
            self._forget(name, viewer.sid)  # he went away meanwhile

    def _enter(self, viewer: Viewer, name: str, host: str) -> None:
        with self._relay.books.lock:
            looks = sum(viewer.sid in looking for _, looking in self._rooms.values())
            if looks >= MOST:
                raise LimitReached("This page looks at too many bursts.", limit="bursts")
            self._rooms.setdefault(name, (host, set()))[1].add(viewer.sid)
        try:
            self._out.enter_room(viewer.sid, f"burst:{name}")
        except ValueError as error:  # he went away this moment
            self._forget(name, viewer.sid)
            raise UnknownName("You are not connected any more.") from error

    def _exit(self, viewer: Viewer, name: str) -> None:
        self._forget(name, viewer.sid)
        self._out.leave_room(viewer.sid, f"burst:{name}")

    def _forget(self, name: str, sid: str) -> None:
        with self._relay.books.lock:
            known = self._rooms.get(name)
            if known is None or sid not in known[1]:
                return
            known[1].discard(sid)
            if not known[1]:
                self._rooms.pop(name, None)
        self._relay.bus.tell("burst_leave", burst=name, viewer=sid)
