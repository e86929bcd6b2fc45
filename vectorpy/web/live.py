"""The relay between the bus and the viewers: who hears what, in which order, and how fast.

Channels, rooms and flow control belong here; the Socket.IO handlers stand in
`sockets`, the books in `seats`. Two rules hold it together:

- Joins are exact. The bus calls `_joined` in its reader task, in order: the
  viewer gets state, layout and history and enters the rooms before the next
  frame is taken, so no tick is missed and none is doubled.
- Nothing waits for a slow viewer. Who leaves ticks unacknowledged for more than
  3 s plus the interval leaves the rooms until his next ack, and is cut after 30 s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from vectorpy.bus.client import AWAY, AWAY_HINT, BusClient, Joined
from vectorpy.errors import LimitReached, Unavailable, UnknownName, UserError, VectorpyError
from vectorpy.model import wire
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.web.limits import Limits
from vectorpy.web.seats import Books, Seat, Viewer
from vectorpy.web.splice import Encoded, number_of, upto_in, version_in, version_of

logger = logging.getLogger(__name__)

SLOW_AFTER = 3.0
CUT_AFTER = 30.0
_HISTORY_TIMEOUT = 5.0
_SLOW = "This page did not take the last points, so that it is sent none for the moment."
_SLOW_HINT = "It goes on by itself. A slow network or a busy browser causes this."


class Out(Protocol):
    """What the relay needs of the Socket.IO server."""

    def emit(self, event: str, data: Any, to: str | None = None) -> None: ...
    def enter_room(self, sid: str, room: str) -> None: ...
    def leave_room(self, sid: str, room: str) -> None: ...


class Relay:
    """All viewers' channels, over one bus. Its methods are called from many tasks."""

    def __init__(
        self,
        settings: Settings,
        out: Out,
        limits: Limits,
        *,
        known: Callable[[Wish], object],
        clock: Callable[[], float],
        cut: Callable[[Viewer, str], None],
    ) -> None:
        """`known(wish)` raises where no widget is meant; `cut(viewer, reason)` ends him."""
        self.settings = settings
        self.books = Books()
        self.limits = limits
        self.bytes_out = 0
        self._out = out
        self._known = known
        self._clock = clock
        self._cut = cut
        self._bus: BusClient | None = None
        self._heard: list[Callable[[str], None]] = []

    # -- the bus's side ------------------------------------------------------

    @property
    def bus(self) -> BusClient:
        """The bus; Unavailable before `attach`."""
        if self._bus is None:
            raise Unavailable(AWAY, hint=AWAY_HINT)
        return self._bus

    def attach(self, bus: BusClient) -> None:
        """Use this bus, whose callbacks are `on_event` and `on_link`."""
        self._bus = bus

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard(room)` after each event of the bus."""
        self._heard.append(heard)

    def on_event(self, room: str, event: str, text: str) -> None:
        """Pass an event of the sampler on to its room, as the text it is."""
        if event == "tick":
            self._note_tick(room, text)
        elif event == "layout":
            self._note_layout(room, text)
        self.bytes_out += len(text)
        self._out.emit(event, Encoded(text), to=room)
        if event == "problem":
            self._drop(room)
        for heard in self._heard:
            heard(room)

    def on_link(self, up: bool) -> None:
        """Tell everybody that the sampler went away; its return is told by what it sends."""
        logger.info("the sampler is connected" if up else "the sampler is away")
        if up:
            return
        # What was heard last of a host is no news any more. These go before the
        # problem, which pages show until the next state.
        for host in self.books.rooms():
            message = wire.state(host, "connecting", reason=AWAY)
            self._out.emit("state", message, to=f"host:{host}")
        self._out.emit("problem", wire.problem_of(_away()))

    def _note_tick(self, key: str, text: str) -> None:
        seq = number_of(text, "seq")
        with self.books.lock:
            channel = self.books.channels.get(key)
            if channel is not None and seq is not None:
                channel.ticks.append((seq, self._clock()))

    def _note_layout(self, key: str, text: str) -> None:
        version = version_of(text)
        with self.books.lock:
            if (channel := self.books.channels.get(key)) is not None:
                channel.version = version
            for viewer in self.books.viewers.values():
                if (seat := viewer.seats.get(key)) is not None and seat.entered:
                    seat.version = version

    def _drop(self, key: str) -> None:
        """A channel that was refused when it was joined anew: its viewers may ask again."""
        with self.books.lock:
            for viewer in self.books.viewers.values():
                if key in viewer.seats:
                    self._stand_up(viewer, viewer.seats.pop(key), key)

    # -- the viewers' side ---------------------------------------------------

    def admit(self, viewer: Viewer) -> None:
        """Take a viewer in and greet him; LimitReached where there is no room."""
        loopback = viewer.address in ("127.0.0.1", "::1")
        with self.books.lock:
            if len(self.books.viewers) >= self.settings.max_viewers:
                raise self._limit("max_viewers", "This server has all the viewers it may have.")
            here = self.books.from_address(viewer.address)
            if not loopback and here >= self.settings.viewers_per_ip:
                raise self._limit("viewers_per_ip", "Too many pages are open from your address.")
            self.books.viewers[viewer.sid] = viewer

    def remove(self, sid: str) -> None:
        """A viewer is gone: he leaves all his channels."""
        with self.books.lock:
            viewer = self.books.viewers.pop(sid, None)
            keys = list(viewer.seats) if viewer is not None else []
            if viewer is not None:
                viewer.seats.clear()
        for key in keys:
            self.bus.leave(key, sid)

    def tell(self, viewer: Viewer, error: VectorpyError, host: str | None = None) -> None:
        """Send a viewer an error in words; `host` is the text he typed, where it is no id."""
        problem = wire.problem_of(error)
        if host is not None:
            problem["host"] = host
        self._out.emit("problem", problem, to=viewer.sid)

    def watch(self, viewer: Viewer, data: Any) -> None:
        """The viewer's whole wish: leave what he no longer wants, join what is new."""
        asked = self._asked(viewer, data)
        wanted = {spec.key: (spec, window) for _, spec, window in asked}
        with self.books.lock:
            held, viewer.held = viewer.held, False
            gone = [key for key in viewer.seats if key not in wanted]
            for key in gone:
                self._stand_up(viewer, viewer.seats.pop(key), key)
            fresh = []
            for key, (spec, window) in wanted.items():
                seat = viewer.seats.get(key)
                if seat is None:
                    seat = viewer.seats[key] = Seat(spec, window)
                    self.books.channel(spec)
                    fresh.append(seat)
                elif window > seat.window:
                    seat.window = window
                    fresh.append(seat)
            back = [seat for seat in viewer.seats.values() if held and seat not in fresh]
        self._out.emit("watching", {"channels": [_entry(*one) for one in asked]}, to=viewer.sid)
        for key in gone:
            self.bus.leave(key, viewer.sid)
        if fresh and not self.bus.connected:
            self.tell(viewer, _away())
        if not viewer.slow:
            for seat in fresh:
                self._join(viewer, seat, seat.window)
            for seat in back:
                self._resume(viewer, seat)

    def hold(self, viewer: Viewer, _: Any) -> None:
        """The viewer's page is out of sight: nothing more until he watches again.

        He keeps his seats, so that what he watches is sampled on, and he gets all
        that he lacks when he is back.
        """
        with self.books.lock:
            viewer.held, viewer.slow = True, False
            for key, seat in viewer.seats.items():
                self._stand_up(viewer, seat, key)

    def unwatch(self, viewer: Viewer, _: Any) -> None:
        """The viewer wants nothing any more."""
        self.watch(viewer, {"channels": []})

    def history(self, viewer: Viewer, data: Any) -> None:
        """A piece of the past of a channel that the viewer watches, for him alone."""
        key, start, end = wire.read_history(data)
        if key not in viewer.seats:
            raise UnknownName("You do not watch this channel.", hint="Watch it first.")
        if end < start or end - start > self.settings.ring_seconds:
            raise UserError(
                f"History from {start} to {end} is not within {self.settings.ring_seconds} s."
            )
        span: dict[str, Any] = {"from": start, "to": end}
        header, text = self.bus.request("history", _HISTORY_TIMEOUT, channel=key, **span)
        for event, part in self.bus.events(header, text):
            self._out.emit(event, Encoded(part), to=viewer.sid)

    def ack(self, viewer: Viewer, data: Any) -> None:
        """Ticks were received; a slow viewer comes back by it."""
        acked = wire.read_ack(data)
        with self.books.lock:
            for key, seq in acked.items():
                seat, channel = viewer.seats.get(key), self.books.channels.get(key)
                if seat is not None and channel is not None:
                    # Nobody can have received what was not sent yet.
                    seat.acked = max(seat.acked, min(seq, channel.newest()))
            resumed = list(viewer.seats.values()) if viewer.slow else []
            viewer.slow = False
        for seat in resumed:
            self._resume(viewer, seat)

    # -- joining -------------------------------------------------------------

    def _asked(self, viewer: Viewer, data: Any) -> list[tuple[str, ChannelSpec, int]]:
        """The channels of a `watch` that can be had: (typed text, spec, window) in their order."""
        channels = data.get("channels") if isinstance(data, dict) else None
        if not isinstance(channels, list):
            raise UserError("A watch needs a list of channels.")
        most = 4 * self.settings.dashboard_hosts
        if len(channels) > most:
            self.tell(viewer, self._limit("dashboard_hosts", "These are too many channels."))
        found: dict[str, tuple[str, ChannelSpec, int]] = {}
        hosts: set[str] = set()
        for item in channels[:most]:
            typed = str(item.get("host", ""))[:300] if isinstance(item, dict) else ""
            try:
                if not (item := self._with_known(viewer, item, typed)):
                    continue
                for spec, window in wire.read_watch({"channels": [item]}):
                    self._check_size(spec, hosts | {spec.host})
                    hosts.add(spec.host)
                    found.setdefault(
                        spec.key, (typed, spec, min(window, self.settings.ring_seconds))
                    )
            except VectorpyError as error:
                self.tell(viewer, error, host=typed or None)
        return list(found.values())

    def _with_known(self, viewer: Viewer, item: Any, typed: str) -> Any:
        """The channel without wishes that mean no widget, which are told; None where none is left.

        What has no list of wishes is left to the reader of the message.
        """
        wishes = item.get("wishes") if isinstance(item, dict) else None
        if not isinstance(wishes, list):
            return item
        kept = []
        for text in wishes[: 4 * self.settings.dashboard_widgets]:
            try:
                self._known(Wish.parse(str(text)))
            except VectorpyError as error:
                self.tell(viewer, error, host=typed or None)
            else:
                kept.append(text)
        return {**item, "wishes": kept} if kept else None

    def _check_size(self, spec: ChannelSpec, hosts: set[str]) -> None:
        """LimitReached where this channel would make the dashboard too large."""
        if len(hosts) > self.settings.dashboard_hosts:
            text = f"A dashboard has at most {self.settings.dashboard_hosts} hosts."
            raise self._limit("dashboard_hosts", text)
        if len(spec.wishes) > self.settings.dashboard_widgets:
            text = f"A dashboard has at most {self.settings.dashboard_widgets} widgets."
            raise self._limit("dashboard_widgets", text)

    def _join(self, viewer: Viewer, seat: Seat, window: int) -> None:
        short = window < seat.window

        def answered(joined: Joined) -> None:
            if self._joined(viewer, seat, short, joined):
                self._join(viewer, seat, seat.window)

        self.bus.join(seat.spec, window, viewer.sid, answered)

    def _resume(self, viewer: Viewer, seat: Seat) -> None:
        """Let a slow viewer in again, with the history that he lacks."""
        with self.books.lock:
            channel = self.books.channels.get(seat.spec.key)
            newest = channel.newest() if channel is not None else 0
            same = channel is not None and channel.version == seat.version
        lacks = newest - seat.acked + 2 * seat.spec.interval
        known = same and seat.version is not None and seat.acked > 0
        self._join(viewer, seat, min(seat.window, lacks) if known else seat.window)

    def _joined(self, viewer: Viewer, seat: Seat, short: bool, joined: Joined) -> bool:
        """In the bus's reader task. True where the whole window must be asked for instead."""
        key = joined.channel
        with self.books.lock:
            if viewer.seats.get(key) is not seat or viewer.slow or viewer.held:
                return False
            if joined.problem is not None:
                del viewer.seats[key]
                self._out.emit("problem", joined.problem, to=viewer.sid)
                return False
            version = version_in(joined.events)
            if short and version != seat.version:
                return True
            for event, text in joined.events:
                self.bytes_out += len(text)
                self._out.emit(event, Encoded(text), to=viewer.sid)
            channel = self.books.channel(seat.spec)
            if version is not None:
                channel.version = seat.version = version
            seat.acked = max(channel.newest(), upto_in(joined.events))
            seat.room_host, seat.entered = joined.host, True
            self._enter(viewer, key, f"host:{joined.host}")
        return False

    def _enter(self, viewer: Viewer, *rooms: str) -> None:
        for room in rooms:
            try:
                self._out.enter_room(viewer.sid, room)
            except ValueError as error:  # he went away this moment; `remove` follows
                logger.debug("a viewer could not enter a room: %s", error)

    def _stand_up(self, viewer: Viewer, seat: Seat, key: str) -> None:
        """Leave the rooms of a seat that is taken off the viewer (the lock is held)."""
        seat.entered = False
        self._out.leave_room(viewer.sid, key)
        if not any(s.room_host == seat.room_host and s.entered for s in viewer.seats.values()):
            self._out.leave_room(viewer.sid, f"host:{seat.room_host}")

    # -- flow ----------------------------------------------------------------

    def sweep(self, leased: set[str]) -> None:
        """Once a second: shed who is slow, cut who is stalled, forget what nobody uses."""
        now = self._clock()
        for viewer in list(self.books.viewers.values()):
            with self.books.lock:
                patience = max([CUT_AFTER, *(2.0 * s.spec.interval for s in viewer.seats.values())])
                if not viewer.slow:
                    self._check_pace(viewer, now)
                stalled = viewer.slow and now - viewer.slow_since > patience
            if stalled:
                self._cut(viewer, "stalled")
        self.books.sweep(leased)

    def _check_pace(self, viewer: Viewer, now: float) -> None:
        late: list[float] = []
        for key, seat in viewer.seats.items():
            channel = self.books.channels.get(key)
            since = channel.waiting_since(seat.acked) if channel and seat.entered else None
            if since is not None and now - since > SLOW_AFTER + seat.spec.interval:
                late.append(since)
        if not late:
            return
        viewer.slow, viewer.slow_since = True, min(late)
        hosts = dict.fromkeys(seat.room_host or seat.spec.host for seat in viewer.seats.values())
        for key, seat in viewer.seats.items():
            self._stand_up(viewer, seat, key)
        for host in hosts:
            message = wire.state(host, "slow", reason=_SLOW, hint=_SLOW_HINT)
            self._out.emit("state", message, to=viewer.sid)

    def bye(self, reason: str) -> None:
        """Tell everybody that the server goes down on purpose."""
        self._out.emit("bye", wire.bye(reason))

    def _limit(self, name: str, text: str) -> LimitReached:
        self.limits.hit(name)
        return LimitReached(text, limit=name)


def _away() -> Unavailable:
    return Unavailable(AWAY, hint=AWAY_HINT)


def _entry(typed: str, spec: ChannelSpec, window: int) -> dict[str, Any]:
    wishes = [wish.text for wish in spec.wishes]
    entry = {"channel": spec.key, "host": spec.host, "interval": spec.interval}
    return {**entry, "wishes": wishes, "window": window, "asked": typed}
