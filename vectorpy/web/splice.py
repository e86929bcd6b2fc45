"""JSON for Socket.IO, in which text that is encoded already is spliced, not encoded anew.

The sampler encodes each tick once, the web process only passes it on. Socket.IO
asks a `json` object to dump `[event, data]`; where data is `Encoded`, its text
goes in as it is. Everything else is plain JSON in which NaN is an error: one
NaN disconnects every browser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

_HEAD = 400
_NUMBERS = {name: re.compile(rf'"{name}":(\d+)') for name in ("seq", "upto")}
_VERSION = re.compile(r'"v":("[^"]*"|\d+)')
_EPOCH = re.compile(r'"epoch":("[^"]*"|\d+)')


class Encoded:
    """JSON text that is encoded already. It is neither str, list nor dict, which
    Socket.IO would walk through in search of binary parts."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class SpliceJson:
    """The `json` object of python-socketio and python-engineio: dumps and loads."""

    @staticmethod
    def dumps(data: Any, **_: Any) -> str:
        """Compact JSON; ValueError on NaN and infinities."""
        if isinstance(data, list) and len(data) == 2 and isinstance(data[1], Encoded):
            return f"[{json.dumps(data[0])},{data[1].text}]"
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """The value of JSON text. Deep nesting is a ValueError as other bad JSON is."""
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("JSON nested too deeply") from error


def number_of(text: str, name: str) -> int | None:
    """The whole number `name` (seq or upto) near the head of an encoded message."""
    found = _NUMBERS[name].search(text, 0, _HEAD)
    return int(found[1]) if found else None


def version_of(text: str) -> tuple[str, str] | None:
    """Epoch and `v` of an encoded layout or tick, as JSON text; None where it has none."""
    version, epoch = _VERSION.search(text, 0, _HEAD), _EPOCH.search(text, 0, _HEAD)
    return (epoch[1], version[1]) if version and epoch else None


def version_in(events: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """`version_of` the layout among events; None where there is none."""
    return next((version_of(text) for event, text in events if event == "layout"), None)


def upto_in(events: Sequence[tuple[str, str]]) -> int:
    """The last second of the history among events; 0 where there is none."""
    return next((number_of(text, "upto") or 0 for event, text in events if event == "history"), 0)
