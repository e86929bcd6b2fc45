"""Frames of the bus: what stands on the wire between sampler and web.

A frame is 4 bytes header length, 4 bytes body length (big endian), the header
as JSON (UTF-8), the body as bytes. Only packing, reading and the socket's place
belong here; what headers mean stands in `session` and `client`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from vectorpy.errors import ConfigError, Unavailable
from vectorpy.settings import Settings

HEADER_BYTES = 1 << 20
BODY_BYTES = 64 << 20
_LENGTHS = struct.Struct("!II")
_CHUNK = 1 << 16
# sun_path holds 108 bytes with its ending zero (unix(7)).
_PATH_BYTES = 107


class FrameError(Unavailable):
    """What came over the bus is no frame, or one that is too long."""


def bus_path(settings: Settings) -> Path:
    """The bus's unix socket, in the runtime folder; ConfigError where it can't lie there."""
    if not settings.runtime_dir:
        raise ConfigError("runtime_dir is not set: the bus needs a folder for its socket.")
    path = Path(settings.runtime_dir) / "bus.sock"
    if len(bytes(path)) > _PATH_BYTES:
        raise ConfigError(f"The path {path} is too long for a unix socket; set runtime_dir.")
    return path


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """The bytes of one frame; FrameError where the body exceeds BODY_BYTES."""
    return _frame(json.dumps(header, separators=(",", ":")).encode(), body)


def pack_emit(room: str, event: str, body: bytes) -> bytes:
    """The frame of one event for a room; these are many, so their headers are kept."""
    return _frame(_emit_header(room, event), body)


def _frame(head: bytes, body: bytes) -> bytes:
    if len(head) > HEADER_BYTES or len(body) > BODY_BYTES:
        raise FrameError(f"A message of {len(body)} bytes is too long for the bus.")
    return _LENGTHS.pack(len(head), len(body)) + head + body


@lru_cache(maxsize=4096)
def _emit_header(room: str, event: str) -> bytes:
    header = {"op": "emit", "room": room, "event": event}
    return json.dumps(header, separators=(",", ":")).encode()


def split(events: Sequence[Sequence[Any]], text: str) -> list[tuple[str, str]]:
    """The events of a reply: `[[name, bytes], ...]` and their texts, joined, as pairs."""
    body = text.encode()
    found, at = [], 0
    for name, size in events:
        found.append((str(name), body[at : at + size].decode()))
        at += size
    return found


class Reader:
    """Reads frames from `receive(limit) -> bytes` (a socket's recv; b"" is the end)."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()

    def read(self) -> tuple[dict[str, Any], bytes] | None:
        """The next frame's header and body; None at the end. FrameError on what is no frame."""
        if not self._fill(_LENGTHS.size):
            return None
        head, body = _LENGTHS.unpack_from(self._buffer)
        if head > HEADER_BYTES or body > BODY_BYTES:
            raise FrameError(f"The bus announced a message of {body} bytes, which is too long.")
        if not self._fill(_LENGTHS.size + head + body):
            return None
        raw = bytes(self._take(_LENGTHS.size + head)[_LENGTHS.size :])
        try:
            header = json.loads(raw)
        except ValueError as error:
            raise FrameError("The bus carried a header that is no JSON.") from error
        if not isinstance(header, dict):
            raise FrameError("The bus carried a header that is no JSON object.")
        return header, bytes(self._take(body))

    def _fill(self, size: int) -> bool:
        """Have `size` bytes in the buffer; False where the stream ended before."""
        while len(self._buffer) < size:
            chunk = self._receive(max(_CHUNK, min(size - len(self._buffer), 1 << 20)))
            if not chunk:
                return False
            self._buffer += chunk
        return True

    def _take(self, size: int) -> bytearray:
        taken = self._buffer[:size]
        del self._buffer[:size]
        return taken
