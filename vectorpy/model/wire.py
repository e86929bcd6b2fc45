"""The messages of docs/wire.md 4: built here, encoded here, and read here from clients.

Only plain data and text belong here; who gets a message is `live`'s and
`web`'s. The same messages stand in wire.schema.json, one $def each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vectorpy.errors import UserError, VectorpyError
from vectorpy.model import watch
from vectorpy.model.watch import ChannelSpec

# Told in `hello`; raised when a message changes its meaning.
VERSION = 1
STATES = (
    "connecting",
    "live",
    "late",
    "partial",
    "stale",
    "down",
    "refused-by-policy",
    "not-pcp",
    "overloaded",
    "slow",
)
MAX_WINDOW = 3600
Cell = float | None
Message = dict[str, Any]


def series(name: str, labels: Mapping[str, str] | None = None) -> Message:
    """One series of a widget; `labels` such as instance, series, and role = limit."""
    return {"name": name, "labels": dict(labels or {})}


def widget(
    wish: str,
    id: str,
    title: str,
    unit: str,
    kind: str,
    series: Sequence[Message],
    total: int | None = None,
    missing: Iterable[str] = (),
    reason: str = "",
) -> Message:
    """One widget of a layout.

    `wish` is canonical text, `total` how many series there are where fewer are
    shown. One that can't draw has no series, `missing` metrics, and a `reason`.
    """
    return {
        "wish": wish,
        "id": id,
        "title": title,
        "unit": unit,
        "kind": kind,
        "series": list(series),
        "total": total,
        "missing": list(missing),
        "reason": reason,
    }


def layout(channel: str, v: int, epoch: str, widgets: Sequence[Message]) -> Message:
    """What the columns of a channel are, from this `v` on."""
    return {"channel": channel, "v": v, "epoch": epoch, "widgets": list(widgets)}


def history(
    channel: str,
    v: int,
    epoch: str,
    upto: int,
    t: Sequence[int],
    columns: Sequence[Sequence[Cell]],
) -> Message:
    """Past points: `t` in Unix seconds, one column per series in the layout's order."""
    return {
        "channel": channel,
        "v": v,
        "epoch": epoch,
        "upto": upto,
        "t": list(t),
        "columns": list(columns),
    }


def tick(channel: str, epoch: str, v: int, seq: int, prev: int, n: Sequence[Cell]) -> Message:
    """The points of second `seq`; `prev` is the channel's tick before, 0 where none was."""
    return {"channel": channel, "epoch": epoch, "v": v, "seq": seq, "prev": prev, "n": n}


def rows(
    channel: str,
    v: int,
    seq: int,
    key: str,
    cells: Mapping[str, Mapping[str, float | str | None] | None],
    *,
    total: int,
    note: str = "",
    whole: bool = False,
    t: Sequence[int] = (),
    past: Mapping[str, Sequence[Any]] | None = None,
) -> Message:
    """A table's rows at second `seq`; `key` is the canonical wish of the table.

    `cells` are by row (an instance's name) and column; where not `whole`, only
    those that changed, and null for a row that is shown no more. `total` is how
    many rows there are, `note` says why there are none. A whole message has the
    numbers of the sparkline: `past` by row, at the seconds `t`.
    """
    told = {
        "channel": channel,
        "v": v,
        "seq": seq,
        "key": key,
        "whole": whole,
        "total": total,
        "note": note,
        "cells": {name: row if row is None else dict(row) for name, row in cells.items()},
    }
    if whole:
        told["t"] = list(t)
        told["past"] = {name: list(line) for name, line in (past or {}).items()}
    return told


def state(
    host: str,
    state: str,
    reason: str = "",
    hint: str = "",
    next_try: float | None = None,
    skew: float | None = None,
    cost: Mapping[str, float] | None = None,
    transport: str = "",
    name: str = "",
    often: bool = False,
) -> Message:
    """How a host does: one of STATES, why, what to try, and when it is tried next.

    `often`: every second, so that no time is named.
    `skew` is its clock minus ours in seconds, `cost` is {metrics, values, ms}
    of the last sample, `name` what it calls itself.
    """
    if state not in STATES:
        raise ValueError(f"{state!r} is no state of a host")
    return {
        "host": host,
        "state": state,
        "reason": reason,
        "hint": hint,
        "next_try": next_try,
        "skew": skew,
        "cost": dict(cost) if cost else None,
        "transport": transport,
        "name": name,
        "often": often,
    }


def marks(host: str, t: int, kind: str, text: str) -> Message:
    """Something happened at second `t`: host-restarted, agent-restarted, oom-kill, ..."""
    return {"host": host, "t": t, "kind": kind, "text": text}


def problem(
    type: str,
    title: str,
    detail: str = "",
    host: str | None = None,
    hint: str = "",
    status: int = 500,
) -> Message:
    """An RFC 9457 problem with the host it happened on and what to try."""
    return {
        "type": type,
        "title": title,
        "detail": detail,
        "host": host,
        "hint": hint,
        "status": status,
    }


def problem_of(error: VectorpyError) -> Message:
    """The problem that an error of ours is; its type is named after the error's class."""
    name = type(error).__name__
    words = "".join(f"-{char.lower()}" if char.isupper() else char for char in name).strip("-")
    title = words.replace("-", " ").capitalize()
    return problem(words, title, error.message, error.host, error.hint, error.status)


def catalog(problems: Sequence[str]) -> Message:
    """Files of the user's own widgets were read anew: the lists of the HTTP API are others now."""
    return {"problems": list(problems)}


def hello(server: str, limits: Mapping[str, int]) -> Message:
    """The first message on a connection: who serves, by which version of this wire."""
    return {"server": server, "version": VERSION, "limits": dict(limits)}


def bye(reason: str) -> Message:
    """The last message on a connection."""
    return {"reason": reason}


# Encoding


def encode(message: Message) -> str:
    """Compact JSON. `n` and `columns` have six significant digits; what is not finite is null."""
    if "n" in message:
        return _spliced(message, "n", _numbers(message["n"]))
    if "columns" in message:
        columns = ",".join([_numbers(column) for column in message["columns"]])
        return _spliced(message, "columns", f"[{columns}]")
    try:
        return _dump(message)
    except ValueError:
        return _dump(_finite(message))


def _spliced(message: Message, key: str, text: str) -> str:
    rest = _dump({name: value for name, value in message.items() if name != key})
    return f'{rest[:-1]},"{key}":{text}}}'


def _dump(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _numbers(cells: Sequence[Cell]) -> str:
    # Adding 0.0 makes zero of minus zero; of non-finite numbers alone x - x is not zero.
    texts = ["%.6g" % (x + 0.0) if x is not None and x - x == 0.0 else "null" for x in cells]
    joined = ",".join(texts)
    if "e" in joined:
        joined = joined.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return f"[{joined}]"


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if data - data == 0.0 else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return data


def decode(text: str) -> Message:
    """The message that `text` is; UserError where it is none, or of another wire's version."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError("The message is no JSON.") from error
    if not isinstance(message, dict):
        raise UserError("The message is no JSON object.")
    if "server" in message and message.get("version") != VERSION:
        raise UserError(
            f"The server speaks version {message.get('version')!r} of the wire, not {VERSION}.",
            hint="Reload the page.",
        )
    return message


# Messages of clients


def read_watch(data: Any) -> list[tuple[ChannelSpec, int]]:
    """The channels of `watch`, each with its window in seconds; UserError where it is wrong."""
    channels = _object(data).get("channels")
    if not isinstance(channels, list):
        raise UserError("A watch has a list of channels.")
    found = []
    for item in channels:
        spec = ChannelSpec.from_json(item)
        window = item.get("window", 300)
        if isinstance(window, str):
            window = watch.duration(window)
        if type(window) is not int or not 1 <= window <= MAX_WINDOW:
            raise UserError(f"A window is 1 to {MAX_WINDOW} seconds, not {window!r}.")
        found.append((spec, window))
    return found


def read_history(data: Any) -> tuple[str, int, int]:
    """Channel, first and last second of `history`; UserError where it is wrong."""
    fields = _object(data)
    channel, start, end = fields.get("channel"), fields.get("from"), fields.get("to")
    if not isinstance(channel, str) or type(start) is not int or type(end) is not int:
        raise UserError("A history has a channel, and from and to in whole seconds.")
    return channel, start, end


def read_ack(data: Any) -> dict[str, int]:
    """Channel -> newest `seq` that arrived; UserError where it is wrong."""
    fields = _object(data)
    if not all(type(seq) is int for seq in fields.values()):
        raise UserError("An ack has a whole second for each channel.")
    return {str(channel): seq for channel, seq in fields.items()}


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UserError("The message must be an object.")
    return data
