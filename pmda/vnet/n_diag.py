"""INET_DIAG: every TCP socket of a network namespace, as rows.

Reading only; sums and deltas are made elsewhere. Messages of one length mostly
have one layout: it is learned from the first, and checked on each (all
attribute headers are compared). A block of such messages is read in one step,
a mixed one message by message, and what fits no layout attribute by attribute.

Formats: linux/inet_diag.h, linux/tcp.h (struct tcp_info, 232 bytes since 5.4;
older kernels send less, newer more).
"""

from __future__ import annotations

import bisect
import socket
import struct
import sys
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

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
# of tcp_info: unacked lost last_ack rtt rttvar | total_retrans bytes_acked bytes_received notsent
# min_rtt busy_time rwnd_limited sndbuf_limited bytes_retrans | reord_seen
_INFO = "24xL4xL20xL8xLL24xL16xQQ8xLL16xQQQ16xQ4xL"
_INFO_BYTES = 224

# Where the values of a row stand.
STATE, SPORT, DPORT, SRC, DST, INTERFACE, COOKIE, RECVQ, SENDQ = range(9)
UNACKED, LOST, LAST_ACK, RTT, RTTVAR = range(9, 14)
COUNTERS = slice(14, 23)
TOTAL_RETRANS, BYTES_ACKED, BYTES_RECEIVED, NOTSENT, MIN_RTT = range(14, 19)
BUSY, RWND_LIMITED, SNDBUF_LIMITED, BYTES_RETRANS, REORD_SEEN, CONGESTION = range(19, 25)
WIDTH = 25
NO_MIN_RTT = 0xFFFFFFFF

# Bytes of tcp_info that must be there for a field to have a value.
NEEDS = {"min_rtt": 152, "busy": 192, "bytes_retrans": 216, "reord_seen": 224, "notsent": 148}

_socket = struct.Struct("=" + _SOCKET)
_info = struct.Struct("=" + _INFO)
assert _socket.size == _SOCKET_BYTES and _info.size == _INFO_BYTES

Row = Tuple[Any, ...]
# Where a row lies: buffer, start of the payload, start and end of its tcp_info.
Place = Tuple[bytes, int, int, int]


class Layout(NamedTuple):
    """How messages of one length look, and how they are read."""

    headers: Callable[..., Tuple[int, ...]]  # of the attributes of a payload
    expected: Tuple[int, ...]
    values: Callable[..., Row]  # of a payload
    block: Callable[[bytes], Iterable[Row]]  # of whole messages, one after the other
    fixed: Tuple[Tuple[int, int], ...]  # where in a block's rows which value must stand
    picked: Tuple[int, ...]  # where in a block's rows the values of a Row stand
    info: Tuple[int, int]  # start and end of tcp_info in a payload
    stride: int  # the length, rounded up to where the next message begins


class Sockets:
    """What one or more dumps gave: a list for each value of a Row."""

    def __init__(self) -> None:
        self.columns: List[List[Any]] = [[] for _ in range(WIDTH)]
        self.bare: List[int] = []  # states of those without tcp_info
        self.covered = 1 << 16  # bytes of tcp_info that every one had
        self.truncated = False
        self._firsts: List[int] = []  # index of the first row of each of _places
        self._places: List[Tuple[Place, int]] = []  # of the first row, and how far to the next

    def __len__(self) -> int:
        """How many have tcp_info."""
        return len(self.columns[0])

    def add(
        self,
        columns: Iterable[Iterable[Any]],
        places: Iterable[Tuple[Place, int]],
        firsts: Iterable[int],
    ) -> None:
        """Append rows, turned over, and where they lie; `firsts` counts from the first of them."""
        before = len(self)
        for column, more in zip(self.columns, columns):
            column.extend(more)
        self._firsts += [before + first for first in firsts]
        self._places += places

    def place(self, index: int) -> Place:
        """Where a row lies, to read the rest of it."""
        at = bisect.bisect_right(self._firsts, index) - 1
        (buffer, start, low, high), stride = self._places[at]
        offset = (index - self._firsts[at]) * stride
        return buffer, start + offset, low + offset, high + offset


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
            if len(into) + len(into.bare) >= limit:
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
    """Add the rows of one block; True at the dump's end."""
    if len(buffer) < netlink.HEADER.size:
        raise netlink.NetlinkError("a message is cut within its header")
    layout = layouts.get(netlink.HEADER.unpack_from(buffer, 0)[0])
    if layout is not None and _read_block(buffer, sequence, layout, into):
        return False
    rows: List[Row] = []
    places: List[Tuple[Place, int]] = []
    done = False
    for kind, start, end in netlink.messages(buffer, sequence):
        if kind == netlink.DONE:
            done = True
            break
        if kind != BY_FAMILY:
            continue
        layout = layouts.get(end - start + netlink.HEADER.size)
        if layout is not None and layout.headers(buffer, start) == layout.expected:
            rows.append(layout.values(buffer, start))
            low, high = layout.info
            places.append(((buffer, start, start + low, start + high), 0))
            continue
        walked = _walk(buffer, start, end, layouts, into)
        if walked is not None:
            rows.append(walked[0])
            places.append((walked[1], 0))
    into.add(zip(*rows), places, range(len(rows)))
    return done


def _read_block(buffer: bytes, sequence: int, layout: Layout, into: Sockets) -> bool:
    """Add a block whose messages all have this layout; False where they have not."""
    count, rest = divmod(len(buffer), layout.stride)
    if rest:
        return False
    columns = list(zip(*layout.block(buffer)))
    if columns[_SEQUENCE_AT].count(sequence) != count:
        return False
    for at, value in layout.fixed:
        if columns[at].count(value) != count:
            return False
    start, (low, high) = netlink.HEADER.size, layout.info
    place = (buffer, start, start + low, start + high)
    into.add([columns[at] for at in layout.picked], [(place, layout.stride)], [0])
    return True


_SEQUENCE_AT = 2  # in a block's rows: length, type, sequence


def _walk(
    buffer: bytes, start: int, end: int, layouts: Dict[int, Layout], into: Sockets
) -> Optional[Tuple[Row, Place]]:
    """Read one message attribute by attribute, and learn its layout where it has one.

    None for a socket without tcp_info: its state is noted.
    """
    if end - start < _SOCKET_BYTES:
        raise netlink.NetlinkError("a socket's message is too short")
    found = netlink.attributes(buffer, start + _SOCKET_BYTES, end)
    spans = {kind: (low, high) for kind, low, high in found}
    head = _socket.unpack_from(buffer, start)
    if INFO not in spans:
        into.bare.append(head[STATE])
        return None
    low, high = spans[INFO]
    into.covered = min(into.covered, high - low)
    info = _info.unpack(buffer[low:high][:_INFO_BYTES].ljust(_INFO_BYTES, b"\0"))
    first, last = spans.get(CONG, (0, 0))
    in_order = CONG not in spans or high <= first
    if high - low >= _INFO_BYTES and len(spans) == len(found) and in_order:
        layouts[end - start + netlink.HEADER.size] = _learn(buffer, start, end, found)
    return head + info + (buffer[first:last],), (buffer, start, low, high)


def _learn(buffer: bytes, start: int, end: int, found: List[Tuple[int, int, int]]) -> Layout:
    """The layout of a message whose attributes lie as in `found`: tcp_info among them, and
    what names the congestion control after it, if at all."""
    length = end - start + netlink.HEADER.size
    stride = (length + 3) & ~3
    heads, values, block = "=%dx" % _SOCKET_BYTES, "=" + _SOCKET, "=LH2xL4x" + _SOCKET
    in_head = in_values = in_block = _SOCKET_BYTES  # how far each of them has come
    fixed, picked = [(0, length), (1, BY_FAMILY)], list(range(3, 12))
    width, has_cong, info = 12, False, (0, 0)
    for kind, low, high in found:
        low, high = low - start, high - start
        heads += "%dxHH" % (low - 4 - in_head)
        block += "%dxHH" % (low - 4 - in_block)
        fixed += zip((width, width + 1), netlink.ATTRIBUTE.unpack_from(buffer, start + low - 4))
        in_head = in_block = low
        width += 2
        if kind == INFO:
            form, taken = _INFO, _INFO_BYTES
            picked += range(width, width + 15)
            width += 15
            info = (low, high)
        elif kind == CONG:
            form, taken, has_cong = "%ds" % (high - low), high - low, True
            picked.append(width)
            width += 1
        else:
            continue
        values += "%dx%s" % (low - in_values, form)
        block += form
        in_values = in_block = low + taken
    block += "%dx%s" % (stride - netlink.HEADER.size - in_block, "" if has_cong else "0s")
    if not has_cong:
        values += "0s"
        picked.append(width)
    headers = struct.Struct(heads)
    return Layout(
        headers.unpack_from,
        headers.unpack_from(buffer, start),
        struct.Struct(values).unpack_from,
        struct.Struct(block).iter_unpack,
        tuple(fixed),
        tuple(picked),
        info,
        stride,
    )


# Every field of tcp_info that a single connection shows: offset and format, in order.
FIELDS = {
    "rto": (8, "L"),
    "mss": (16, "L"),
    "unacked": (24, "L"),
    "lost": (32, "L"),
    "retrans": (36, "L"),
    "last_rcv": (52, "L"),
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
# Values by which the kernel says: none.
_NONE = {"ssthresh": 0x7FFFFFFF, "min_rtt": NO_MIN_RTT, "pacing_rate": 0xFFFFFFFFFFFFFFFF}
NAMES = (*FIELDS, "uid", "inode")
_NONE_AT = tuple((NAMES.index(name), value) for name, value in _NONE.items())
_FORMATS = tuple((at, struct.Struct("=" + form)) for at, form in FIELDS.values())
_owner = struct.Struct("=LL").unpack_from


def _whole() -> struct.Struct:
    """All of FIELDS in one step, where tcp_info is long enough."""
    form, after = "=", 0
    for at, kind in FIELDS.values():
        form += "%dx%s" % (at - after, kind)
        after = at + struct.calcsize("=" + kind)
    return struct.Struct(form)


_WHOLE = _whole()


def details(place: Place) -> List[Optional[int]]:
    """The values of NAMES of the socket at `place`; None for what it does not have."""
    buffer, start, low, high = place
    values: List[Optional[int]]
    if high - low >= _WHOLE.size:
        values = list(_WHOLE.unpack_from(buffer, low))
    else:
        values = [
            form.unpack_from(buffer, low + at)[0] if low + at + form.size <= high else None
            for at, form in _FORMATS
        ]
    for index, none in _NONE_AT:
        if values[index] == none:
            values[index] = None
    values += _owner(buffer, start + 64)
    return values
