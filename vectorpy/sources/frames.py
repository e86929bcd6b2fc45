"""Frames between the reader of archives and who started it: JSON, each with its length before it.

Only the framing belongs here. Either side ends where a frame is cut short or
longer than it may be: what the reader says has passed through a library that a
damaged file can confuse.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

LENGTH = struct.Struct(">I")
MOST = 64 * 1024 * 1024

Message = dict[str, Any]


def pack(message: Message) -> bytes:
    """One frame."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def unpack(read: Callable[[int], bytes]) -> Message | None:
    """The next frame, by `read(n)`, which gives exactly n bytes, or fewer at the end.

    None at the end. ValueError where it is no frame.
    """
    head = read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    if size > MOST:
        raise ValueError(f"a frame of {size} bytes")
    body = read(size)
    if len(body) < size:
        return None
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a frame that is no object")
    return message
