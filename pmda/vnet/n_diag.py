"""INET_DIAG: every TCP socket of a network namespace, as rows.

Reading only; sums and deltas are made in `n_scan`. Messages of one length
mostly have one layout: it is learned from the first, checked on each (all
attribute headers are compared), and values are then read in one step. What
doesn't fit is read attribute by attribute.

Formats: linux/inet_diag.h, linux/tcp.h (struct tcp_info, 232 bytes since 5.4;
older kernels send less, newer more).
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import n_netlink as netlink

BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
INFO, CONG, SKMEMINFO = 2, 4, 7  # INET_DIAG_*
DROPS = 8 * 4  # offset of SK_MEMINFO_DROPS

STATES = {
    1: "established",
    2: "syn_sent",
    3: "syn_recv",
    4: "fin_wait1",
    5: "fin_wait2",
    6: "time_wait",
    7: "close",
    8: "close_wait",
    9: "last_ack",
    10: "listen",
    11: "closing",
}
LISTEN = 10
# Sockets in TIME_WAIT can be tens of thousands and tell nothing: the kernel
# counts them elsewhere. Listeners are asked for by themselves, before the others.
CONNECTED = sum(1 << state for state in STATES) & ~(1 << 6) & ~(1 << LISTEN)

# state, ports (as on the wire), addresses, interface, cookie, queues
_SOCKET = "xBxxHH16s16sLQ4xLL8x"
_SOCKET_BYTES = 72
# of tcp_info: unacked lost rtt rttvar | total_retrans bytes_acked bytes_received notsent
# min_rtt busy_time rwnd_limited sndbuf_limited bytes_retrans | reord_seen
_INFO = "24xL4xL32xLL24xL16xQQ8xLL16xQQQ16xQ4xL"
_INFO_BYTES = 224

STATE, SPORT, DPORT, SRC, DST, INTERFACE, COOKIE, RECVQ, SENDQ = range(9)
UNACKED, LOST, RTT, RTTVAR = range(9, 13)
COUNTERS = slice(13, 22)
TOTAL_RETRANS, BYTES_ACKED, BYTES_RECEIVED, NOTSENT, MIN_RTT = range(13, 18)
BUSY, RWND_LIMITED, SNDBUF_LIMITED, BYTES_RETRANS, REORD_SEEN, CONGESTION = range(18, 24)
NO_MIN_RTT = 0xFFFFFFFF

# Bytes of tcp_info that must be there for a field to have a value.
NEEDS = {"min_rtt": 152, "busy": 192, "bytes_retrans": 216, "reord_seen": 224, "notsent": 148}

_socket = struct.Struct("=" + _SOCKET)
_info = struct.Struct("=" + _INFO)
assert _socket.size == _SOCKET_BYTES and _info.size == _INFO_BYTES

Row = Tuple[Any, ...]
Place = Tuple[bytes, int, int]  # buffer, start and end of a payload


class Layout(NamedTuple):
    """How messages of one length look: their attribute headers, and where values lie."""

    headers: Callable[..., Tuple[int, ...]]
    expected: Tuple[int, ...]
    values: Callable[..., Row]


class Sockets:
    """What one or more dumps gave."""

    def __init__(self) -> None:
        self.rows: List[Row] = []  # sockets that have tcp_info
        self.places: List[Place] = []  # of each row, to read the rest where it is wanted
        self.bare: List[int] = []  # states of those without
        self.covered = 1 << 16  # bytes of tcp_info that every row had
        self.truncated = False


def request(family: int, states: int, extensions: int) -> bytes:
    """Body of the request for the TCP sockets of a family: struct inet_diag_req_v2."""
    head = struct.pack("=BBBBL", family, socket.IPPROTO_TCP, extensions, 0, states)
    return head + bytes(48)


class Reader:
    """Reads connections through one channel; remembers layouts from dump to dump."""

    def __init__(self, channel: netlink.Channel) -> None:
        self.channel = channel
        self._sequence = 0
        self._layouts: Dict[int, Dict[int, Layout]] = {}

    def _ask(self, family: int, states: int, extensions: int) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        body = request(family, states, extensions)
        self.channel.send(netlink.request(BY_FAMILY, body, self._sequence))
        return self._sequence

    def connections(self, family: int, into: Sockets, limit: int) -> None:
        """Add all sockets but listeners and TIME_WAIT. Stops at `limit` rows, with
        `into.truncated`: the channel is then not at rest and must be closed.

        Raises NetlinkError, OSError.
        """
        sequence = self._ask(family, CONNECTED, 1 << (INFO - 1) | 1 << (CONG - 1))
        layouts = self._layouts.setdefault(family, {})
        while True:
            buffer = self.channel.recv(netlink.RECEIVE)
            if not buffer:
                raise netlink.NetlinkError("the answer ends too early")
            if _read(buffer, sequence, layouts, into):
                return
            if len(into.rows) + len(into.bare) >= limit:
                into.truncated = True
                return

    def listeners(self, family: int) -> List[Listener]:
        """All listening sockets. Raises NetlinkError, OSError."""
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        body = request(family, 1 << LISTEN, 1 << (SKMEMINFO - 1))
        found = []
        for buffer, start, end in netlink.dump(self.channel, BY_FAMILY, body, self._sequence):
            if end - start < _SOCKET_BYTES:
                raise netlink.NetlinkError("a socket's message is too short")
            row = _socket.unpack_from(buffer, start)
            drops = None
            for kind, low, high in netlink.attributes(buffer, start + _SOCKET_BYTES, end):
                if kind == SKMEMINFO and high - low >= DROPS + 4:
                    drops = int.from_bytes(buffer[low + DROPS : low + DROPS + 4], sys.byteorder)
            found.append(
                Listener(row[SRC], row[SPORT], row[INTERFACE], row[RECVQ], row[SENDQ], drops)
            )
        return found


class Listener(NamedTuple):
    """A listening socket: `queue` waits to be accepted, `backlog` is the limit."""

    address: bytes
    port: int  # as on the wire
    interface: int
    queue: int
    backlog: int
    drops: Optional[int]


def _read(buffer: bytes, sequence: int, layouts: Dict[int, Layout], into: Sockets) -> bool:
    """Add the rows of one block; True at the dump's end. This is the hot loop."""
    header, size, get = netlink.HEADER.unpack_from, len(buffer), layouts.get
    add_row, add_place = into.rows.append, into.places.append
    offset = 0
    while offset < size:
        if size - offset < 16:
            raise netlink.NetlinkError("a message is cut within its header")
        length, kind, _, number, _ = header(buffer, offset)
        end = offset + length
        if length < 16 or end > size:
            raise netlink.NetlinkError("a message's length leads outside of the answer")
        start = offset + 16
        offset += (length + 3) & ~3
        if kind != BY_FAMILY or number != sequence:
            if number == sequence and kind == netlink.DONE:
                return True
            if number == sequence and kind == netlink.ERROR:
                raise netlink.refusal(buffer, start, end)
            continue
        layout = get(length)
        if layout is not None and layout.headers(buffer, start) == layout.expected:
            add_row(layout.values(buffer, start))
            add_place((buffer, start, end))
        else:
            _walk(buffer, start, end, layouts, into)
    return False


def _walk(buffer: bytes, start: int, end: int, layouts: Dict[int, Layout], into: Sockets) -> None:
    """Read one message attribute by attribute, and learn its layout where it has one."""
    if end - start < _SOCKET_BYTES:
        raise netlink.NetlinkError("a socket's message is too short")
    found = netlink.attributes(buffer, start + _SOCKET_BYTES, end)
    spans = {kind: (low, high) for kind, low, high in found}
    head = _socket.unpack_from(buffer, start)
    if INFO not in spans:
        into.bare.append(head[STATE])
        return
    low, high = spans[INFO]
    into.covered = min(into.covered, high - low)
    info = _info.unpack(buffer[low:high][:_INFO_BYTES].ljust(_INFO_BYTES, b"\0"))
    first, last = spans.get(CONG, (0, 0))
    into.rows.append(head + info + (buffer[first:last],))
    into.places.append((buffer, start, end))
    if high - low >= _INFO_BYTES and len(spans) == len(found):
        layouts[end - start + netlink.HEADER.size] = _learn(buffer, start, found)


def _learn(buffer: bytes, start: int, found: List[Tuple[int, int, int]]) -> Layout:
    """The layout of a message whose attributes lie as in `found`."""
    heads, values, cong = "=%dx" % _SOCKET_BYTES, "=" + _SOCKET, "0s"
    after, at = _SOCKET_BYTES, _SOCKET_BYTES  # where `heads` and `values` stand, from `start`
    for kind, low, high in found:
        low, high = low - start, high - start
        heads += "%dxHH" % (low - 4 - after)
        after = low
        if kind == INFO:
            values += "%dx%s" % (low - at, _INFO)
            at = low + _INFO_BYTES
        elif kind == CONG and at > _SOCKET_BYTES:
            cong = "%dx%ds" % (low - at, high - low)
    headers = struct.Struct(heads)
    return Layout(
        headers.unpack_from,
        headers.unpack_from(buffer, start),
        struct.Struct(values + cong).unpack_from,
    )


# Every field of tcp_info that a single connection shows: offset and format.
FIELDS = {
    "rto": (8, "L"),
    "mss": (16, "L"),
    "unacked": (24, "L"),
    "lost": (32, "L"),
    "retrans": (36, "L"),
    "last_rcv": (52, "L"),
    "last_ack": (56, "L"),
    "pmtu": (60, "L"),
    "rtt": (68, "L"),
    "rttvar": (72, "L"),
    "ssthresh": (76, "L"),
    "cwnd": (80, "L"),
    "total_retrans": (100, "L"),
    "pacing_rate": (104, "Q"),
    "bytes_acked": (120, "Q"),
    "bytes_received": (128, "Q"),
    "segs_out": (136, "L"),
    "segs_in": (140, "L"),
    "notsent": (144, "L"),
    "min_rtt": (148, "L"),
    "delivery_rate": (160, "Q"),
    "busy_time": (168, "Q"),
    "rwnd_limited": (176, "Q"),
    "sndbuf_limited": (184, "Q"),
    "bytes_sent": (200, "Q"),
    "bytes_retrans": (208, "Q"),
    "snd_wnd": (228, "L"),
}
_FORMATS = {name: (at, struct.Struct("=" + form)) for name, (at, form) in FIELDS.items()}
# Values by which the kernel says: none.
_NONE = {"ssthresh": 0x7FFFFFFF, "min_rtt": NO_MIN_RTT, "pacing_rate": 0xFFFFFFFFFFFFFFFF}


def details(place: Place) -> Dict[str, Optional[int]]:
    """All of FIELDS, uid and inode of the socket at `place`; None for what it does not have."""
    buffer, start, end = place
    values: Dict[str, Optional[int]] = dict(zip(("uid", "inode"), _owner(buffer, start + 64)))
    for kind, low, high in netlink.attributes(buffer, start + _SOCKET_BYTES, end):
        if kind == INFO:
            for name, (at, form) in _FORMATS.items():
                if low + at + form.size <= high:
                    value = form.unpack_from(buffer, low + at)[0]
                    values[name] = None if value == _NONE.get(name) else value
    return values


_owner = struct.Struct("=LL").unpack_from
