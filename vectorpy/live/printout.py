"""A widget's numbers out of an archive, as text for a terminal, a spreadsheet or a program.

Times, tables and their text belong here; the numbers are `replay`'s. A long
archive is read piece by piece, so that memory does not grow with its metrics.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from vectorpy.catalog.catalog import Catalog
from vectorpy.errors import BadAnswer, UserError
from vectorpy.live.replay import Replay, seen
from vectorpy.live.view import View
from vectorpy.model.ring import NAN
from vectorpy.model.watch import Wish, duration
from vectorpy.sources.archive import Archive

ZONES = ("utc", "host", "local")
_ROWS = 3600  # read at once
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_SERIES = 1000


@dataclass(slots=True)
class Printout:
    """A widget over a span: one column per series, NaN where there is no number."""

    widget: dict[str, Any]
    interval: float
    times: list[int] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    columns: list[array[float]] = field(default_factory=list)


def numbers(
    replay: Replay, catalog: Catalog, wish: Wish, start: int, end: int, interval: int
) -> Printout:
    """The numbers of `wish` from second `start` to `end`; at `interval`, 0 is the archive's own.

    UnknownName, UserError; UserError too where it can't draw from this archive.
    """
    asked = View(wish, max(1, interval), catalog, _SERIES)
    catalog.instantiate(wish)
    if asked.layout()["kind"] in ("table", "verdict"):
        raise UserError(f"{wish.id} has no series: it shows one moment of a live host.")
    period = replay.period(asked.metrics, start)
    made = Printout(asked.layout(), float(interval) if interval > period else period)
    places: dict[str, int] = {}
    for low, high in _pieces(start, end, period, max(1, interval)):
        view = View(wish, max(1, interval), catalog, _SERIES)
        record = replay.load(asked.metrics, low, high)
        seen(view, record, low, high)
        times = record.ring.view((), low, high, view.interval).times
        _add(made, places, view, times, view.columns(record, low, high))
    return made


def _pieces(start: int, end: int, period: float, interval: int) -> Iterator[tuple[int, int]]:
    """Spans of some thousand rows; none cuts an interval in two."""
    step = max(interval, int(_ROWS * period) // interval * interval)
    low = start
    while low <= end:
        high = min(end, (low // step + 1) * step)
        yield low, high
        low = high + 1


def _add(
    made: Printout,
    places: dict[str, int],
    view: View,
    times: Sequence[int],
    columns: Sequence[Sequence[float | None]],
) -> None:
    layout = view.layout()
    if layout["series"] or not made.series:
        made.widget = layout
    rows = len(made.times)
    for told, column in zip(layout["series"], columns, strict=True):
        key = json.dumps(told, sort_keys=True)
        if key not in places:
            places[key] = len(made.series)
            made.series.append(told)
            made.columns.append(array("d"))
        mine = made.columns[places[key]]
        mine.extend([NAN] * (rows - len(mine)))
        mine.extend(NAN if x is None else x for x in column)
    made.times.extend(times)
    for mine in made.columns:
        mine.extend([NAN] * (len(made.times) - len(mine)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be printed: times as typed ("" is the archive's own), `interval` 0 its period."""

    wish: str
    format: str = "csv"
    start: str = ""
    end: str = ""
    interval: int = 0
    zone: str = "utc"


def printed(
    archive: Archive, catalog: Catalog, asked: Asked, memory: int, complain: Callable[[str], None]
) -> str:
    """The text that is asked for. What of the archive is damaged goes to `complain`.

    UserError for what is asked, HostError and its kin where nothing can be read.
    """
    wish = Wish.parse(asked.wish)
    catalog.instantiate(wish)
    replay = Replay(archive, catalog.histograms, memory)
    try:
        span = replay.span
        zone = span.zone if asked.zone == "host" else ""
        offset = archive.offsets(zone, [span.start])[0] if zone else _offset(asked.zone, span.start)
        start = moment(asked.start, span.start, span.end, offset) if asked.start else span.start
        end = moment(asked.end, span.start, span.end, offset) if asked.end else span.end
        if end < start:
            raise UserError("The end is before the start.")
        low, high = max(start, span.start - 1), min(end, span.end + 1)
        made = numbers(replay, catalog, wish, math.floor(low), math.ceil(high), asked.interval)
        times = stamps(replay, made.times, asked.zone)
        for damage in archive.damage:
            complain(str(damage))
        if made.widget["reason"] and not made.series:
            raise BadAnswer(made.widget["reason"], hint="")
        return as_json(made, times, replay) if asked.format == "json" else as_csv(made, times)
    finally:
        replay.close()


def _offset(zone: str, t: float) -> int:
    """Seconds east of UTC of this machine's zone, where that is asked for, else 0."""
    if zone != "local":
        return 0
    offset = datetime.fromtimestamp(t).astimezone().utcoffset()
    return int(offset.total_seconds()) if offset else 0


# -- times ------------------------------------------------------------------------


def moment(text: str, start: float, end: float, offset: int) -> float:
    """The time that `text` means in an archive from `start` to `end`; UserError where none.

    RFC 3339 (in UTC `offset` seconds east where it names no zone), `12:30` on
    the archive's first day or, before its start, the next; `+10m` after the
    start, `-10m` before the end.
    """
    try:
        if text[:1] in ("+", "-"):
            seconds = duration(text[1:])
            return start + seconds if text[0] == "+" else end - seconds
        clock = _CLOCK.fullmatch(text)
        if clock is None:
            when = datetime.fromisoformat(text)
            return _stamped(when, offset).timestamp()
    except (ValueError, UserError) as error:
        raise UserError(
            f"{text!r} is no time.",
            hint="A time is like 2026-11-23T12:30:00Z, 12:30, +10m (after the archive's start) "
            "or -10m (before its end).",
        ) from error
    day = datetime.fromtimestamp(start, timezone(timedelta(seconds=offset)))
    at = day.replace(
        hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0
    )
    found = at.timestamp()
    return found if found >= int(start) else found + 86400


def _stamped(when: datetime, offset: int) -> datetime:
    if when.tzinfo is not None:
        return when
    return when.replace(tzinfo=timezone(timedelta(seconds=offset)))


def stamps(replay: Replay, times: Sequence[int], zone: str) -> list[str]:
    """RFC 3339 in UTC, in the time zone of the archive's host, or in that of this machine."""
    if zone == "host":
        offsets = replay.archive.offsets(replay.span.zone, times)
        return [
            _text(t, timezone(timedelta(seconds=o))) for t, o in zip(times, offsets, strict=True)
        ]
    if zone == "local":
        return [datetime.fromtimestamp(t).astimezone().isoformat() for t in times]
    return [_text(t, UTC) for t in times]


def _text(t: int, zone: timezone) -> str:
    return datetime.fromtimestamp(t, zone).isoformat().replace("+00:00", "Z")


# -- texts ------------------------------------------------------------------------


def as_csv(made: Printout, times: Sequence[str]) -> str:
    """A header and one line per row; an empty field is a gap."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [one["name"] or made.widget["title"] for one in made.series]
    unit = made.widget["unit"]
    writer.writerow(["time", *(f"{name} ({unit})" if unit else name for name in names)])
    for time, row in zip(times, zip(*made.columns, strict=True), strict=False):
        writer.writerow([time, *("" if x != x else _number(x) for x in row)])
    return out.getvalue()


def as_json(made: Printout, times: Sequence[str], replay: Replay) -> str:
    """The same shape as `points` of the HTTP API, with what the archive says of itself."""
    span = replay.span
    widget = {key: made.widget[key] for key in ("id", "title", "unit", "kind", "reason")}
    widget["series"] = [
        {
            **told,
            "points": [
                [t * 1000, None if x != x else x] for t, x in zip(made.times, column, strict=True)
            ],
        }
        for told, column in zip(made.series, made.columns, strict=True)
    ]
    told = {
        "archive": replay.archive.name,
        "hostname": span.hostname,
        "timezone": span.zone,
        "start": span.start,
        "end": span.end,
        "from": times[0] if times else None,
        "to": times[-1] if times else None,
        "interval": made.interval,
        "damage": [str(one) for one in replay.archive.damage],
        "widgets": [widget],
    }
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def _number(x: float) -> str:
    return str(int(x)) if x == int(x) and abs(x) < 1e15 else repr(x)
