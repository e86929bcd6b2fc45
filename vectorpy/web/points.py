"""Points over HTTP: a channel joined for one answer, and held for 30 s more.

Only joining, waiting and shaping the answer belong here; the route stands in
`api`. Who asks by HTTP counts as a viewer of the host for 30 s from his last
call, so that the next call finds history.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from vectorpy.bus.client import AWAY, AWAY_HINT, BusClient, Joined, error_of
from vectorpy.errors import LimitReached, Unavailable
from vectorpy.model.watch import ChannelSpec
from vectorpy.settings import Settings
from vectorpy.web.limits import Limits

LEASE_SECONDS = 30.0
FIRST_WAIT = 2.0
# States of a host that tries again later: waiting for a rate would be in vain.
_LOST = ("down", "refused-by-policy", "not-pcp")
_ANSWER_TIMEOUT = 5.0

Messages = dict[str, dict[str, Any]]


class Points:
    """Leases of channels by HTTP clients. `heard` is told of the bus's events."""

    def __init__(
        self,
        settings: Settings,
        bus: Callable[[], BusClient],
        limits: Limits,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._leases: dict[str, float] = {}
        self._waiting: dict[str, list[threading.Event]] = {}

    def read(self, spec: ChannelSpec, window: int) -> tuple[int, dict[str, Any]]:
        """HTTP status and body: 200 with points, or 202 with the host's state.

        The first call of a channel waits up to 2 s for a rate, unless the host
        turns out to be lost. Raises the sampler's errors, Unavailable where it is
        away, LimitReached.
        """
        first = self._lease(spec.key)
        deadline = self._clock() + (FIRST_WAIT if first else 0.0)
        while True:
            news = self._expect(spec)
            try:
                messages = self._join(spec, window)
                if complete(messages):
                    return 200, body(spec, messages)
                left = 0.0 if lost(messages) else deadline - self._clock()
                if left <= 0 or not news.wait(left):
                    break
            finally:
                self._unexpect(spec, news)
        if drawable(messages):
            return 200, body(spec, messages)
        return 202, {**messages.get("state", {}), "host": spec.host, "widgets": []}

    def heard(self, room: str) -> None:
        """An event of the bus for this room: whoever waits for it looks again."""
        with self._lock:
            for event in self._waiting.get(room, ()):
                event.set()

    def leased(self) -> set[str]:
        """Keys of the channels held now."""
        with self._lock:
            return set(self._leases)

    def sweep(self) -> None:
        """Give back the leases that are over."""
        now = self._clock()
        with self._lock:
            over = [key for key, until in self._leases.items() if until <= now]
            for key in over:
                del self._leases[key]
        for key in over:
            self._bus().leave(key, _token(key))

    def _lease(self, key: str) -> bool:
        """Take or renew a lease; True where it is new."""
        with self._lock:
            new = key not in self._leases
            if new and len(self._leases) >= self._settings.max_viewers:
                self._limits.hit("max_viewers")
                raise LimitReached(
                    "This server has all the viewers it may have.", limit="max_viewers"
                )
            self._leases[key] = self._clock() + LEASE_SECONDS
            return new

    def _expect(self, spec: ChannelSpec) -> threading.Event:
        """An event that is set by news of the channel or of its host's state."""
        event = threading.Event()
        with self._lock:
            for room in _rooms(spec):
                self._waiting.setdefault(room, []).append(event)
        return event

    def _unexpect(self, spec: ChannelSpec, event: threading.Event) -> None:
        with self._lock:
            for room in _rooms(spec):
                waiting = self._waiting[room]
                waiting.remove(event)
                if not waiting:
                    del self._waiting[room]

    def _join(self, spec: ChannelSpec, window: int) -> Messages:
        """Join (again) and wait for the answer: messages by event name."""
        answered = threading.Event()
        found: list[Joined] = []

        def take(joined: Joined) -> None:
            found.append(joined)
            answered.set()

        if not self._bus().wait(FIRST_WAIT):
            self._give_up(spec.key)
            raise Unavailable(AWAY, hint=AWAY_HINT)
        self._bus().join(spec, window, _token(spec.key), take)
        if not answered.wait(_ANSWER_TIMEOUT):
            self._give_up(spec.key)
            raise Unavailable(AWAY, hint=AWAY_HINT)
        if found[0].problem is not None:
            self._give_up(spec.key)
            raise error_of(found[0].problem)
        return _by_event(found[0].events)

    def _give_up(self, key: str) -> None:
        with self._lock:
            self._leases.pop(key, None)
        self._bus().leave(key, _token(key))


def _token(key: str) -> str:
    return f"http:{key}"


def _rooms(spec: ChannelSpec) -> tuple[str, str]:
    return spec.key, f"host:{spec.host}"


def _by_event(events: list[tuple[str, str]]) -> Messages:
    """Messages by event; those with rows of tables together, by the wish of each."""
    messages: Messages = {"rows": {}}
    for event, text in events:
        message = json.loads(text)
        if event == "rows":
            messages["rows"][message["key"]] = message
        else:
            messages[event] = message
    return messages


def _columns(messages: Messages) -> list[tuple[dict[str, Any], list[list[float | None]]]]:
    """Each widget of the layout with its columns of the history."""
    layout, history = messages.get("layout"), messages.get("history")
    if layout is None or history is None or history["v"] != layout["v"]:
        return []
    pairs, at = [], 0
    for widget in layout["widgets"]:
        count = len(widget["series"])
        pairs.append((widget, history["columns"][at : at + count]))
        at += count
    return pairs


def complete(messages: Messages) -> bool:
    """Whether every widget that can be drawn has a number: counters have one from the second
    sample on."""
    pairs = _columns(messages)
    tables = messages.get("rows", {})
    return bool(pairs) and all(
        any(value is not None for column in columns for value in column)
        if widget["series"]
        else widget["wish"] in tables
        for widget, columns in pairs
        if widget["series"] or _is_table(widget)
    )


def _is_table(widget: dict[str, Any]) -> bool:
    return bool(widget.get("columns")) and not widget["reason"]


def lost(messages: Messages) -> bool:
    """Whether the host's state says that nothing will come soon."""
    return messages.get("state", {}).get("state") in _LOST


def drawable(messages: Messages) -> bool:
    """Whether there is any number or row to answer with."""
    return bool(messages.get("rows")) or any(
        value is not None for _, columns in _columns(messages) for c in columns for value in c
    )


def body(spec: ChannelSpec, messages: Messages) -> dict[str, Any]:
    """The answer of WIRE's `points`: x in milliseconds, nulls as they are; rows of tables."""
    times = [t * 1000 for t in messages["history"]["t"]]
    widgets = []
    for widget, columns in _columns(messages):
        series = [
            {
                "name": one["name"],
                "labels": one["labels"],
                "points": [list(point) for point in zip(times, column, strict=True)],
            }
            for one, column in zip(widget["series"], columns, strict=True)
        ]
        told = {"id": widget["id"], "wish": widget["wish"], "unit": widget["unit"]}
        shown = {**told, "series": series, "reason": widget["reason"]}
        if _is_table(widget):
            shown |= _table(widget, messages.get("rows", {}).get(widget["wish"], {}))
        widgets.append(shown)
    epoch = messages["layout"]["epoch"]
    return {"host": spec.host, "epoch": epoch, "interval": spec.interval, "widgets": widgets}


def _table(widget: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    """A live table: its columns, and its rows now, by name."""
    return {
        "columns": widget["columns"],
        "rows": rows.get("cells", {}),
        "total": rows.get("total", 0),
        "note": rows.get("note", ""),
    }
