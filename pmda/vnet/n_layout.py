"""How INET_DIAG's messages of one length look: learned from one, then read by fixed offsets.

What rows mean stands in `n_diag`. Formats: linux/inet_diag.h, linux/tcp.h.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

import n_netlink as netlink

INFO, CONG = 2, 4  # INET_DIAG_*

# state, ports (as on the wire), addresses, interface, cookie, queues
_SOCKET = "xBxxHH16s16sLQ4xLL8x"
# of tcp_info: unacked lost rtt rttvar | total_retrans bytes_acked bytes_received notsent
# min_rtt busy_time rwnd_limited sndbuf_limited bytes_retrans | reord_seen
_INFO = "24xL4xL32xLL24xL16xQQ8xLL16xQQQ16xQ4xL"
_INFO_BYTES = 224
_LAST_ACK = 56
SOCKET = struct.Struct("=" + _SOCKET)
_info = struct.Struct("=" + _INFO)
assert SOCKET.size == 72 and _info.size == _INFO_BYTES

Spans = Dict[int, Tuple[int, int]]  # attribute -> start and end of its payload


class Layout(NamedTuple):
    """How messages of one length look, and how they are read.

    `raw` gives of each message of a block: header, state, struct inet_diag_sockid, the bytes
    from the queues to where tcp_info begins to tell times since something, the time since the
    last acknowledgement, the bytes after those times. Of a socket that rests all of it but
    that time stays the same.
    """

    headers: Callable[..., Tuple[int, ...]]  # of the attributes of a payload
    expected: Tuple[int, ...]
    values: Callable[..., Tuple[Any, ...]]  # of a payload, a Row
    raw: Callable[[Any], Iterable[Tuple[bytes, int, bytes, bytes, int, bytes]]]
    info: Tuple[int, int]  # start and end of tcp_info in a payload
    length: int
    stride: int  # the length, rounded up to where the next message begins


def walk(buffer: bytes, start: int, spans: Spans) -> Tuple[Tuple[Any, ...], int]:
    """The row of the message at `start`, attribute by attribute, and its last_ack."""
    low, high = spans[INFO]
    first, last = spans.get(CONG, (0, 0))
    whole = buffer[low:high][:_INFO_BYTES].ljust(_INFO_BYTES, b"\0")
    row = SOCKET.unpack_from(buffer, start) + _info.unpack(whole) + (buffer[first:last],)
    return row, struct.unpack_from("=L", whole, _LAST_ACK)[0]


def learn(
    buffer: bytes, start: int, end: int, found: List[Tuple[int, int, int]]
) -> Optional[Layout]:
    """The layout of a message whose attributes lie as in `found`; None where it has none of
    use: a short tcp_info, an attribute twice, or what names the congestion control before it."""
    kinds = [kind for kind, _, _ in found]
    spans = {kind: (low - start, high - start) for kind, low, high in found}
    low, high = spans[INFO]
    if high - low < _INFO_BYTES or len(spans) != len(found):
        return None
    if CONG in spans and kinds.index(CONG) < kinds.index(INFO):
        return None
    length = end - start + netlink.HEADER.size
    stride = (length + 3) & ~3
    heads, at = "=", 0
    for _, begin, _ in found:
        heads += "%dxHH" % (begin - start - 4 - at)
        at = begin - start
    headers = struct.Struct(heads)
    first, last = spans.get(CONG, (low + _INFO_BYTES, low + _INFO_BYTES))
    between = first - low - _INFO_BYTES
    values = "=%s%dx%s%dx%ds" % (_SOCKET, low - SOCKET.size, _INFO, between, last - first)
    rest = stride - netlink.HEADER.size - low - _LAST_ACK - 4
    raw = "=16sxBxx48s4x%ds12xL%ds" % (low - 12, rest)
    return Layout(
        headers.unpack_from,
        headers.unpack_from(buffer, start),
        struct.Struct(values).unpack_from,
        struct.Struct(raw).iter_unpack,
        (low, high),
        length,
        stride,
    )
