"""INET_DIAG: every TCP socket of a network namespace, as rows.

Reading only; sums and deltas are made elsewhere. Messages of one length mostly
have one layout (`n_layout`), learned from the first. A block of such messages
is read in one step: of a socket whose bytes are those of the look before, its
row of then is taken; only what changed is unpacked. A mixed block is read
message by message, and what fits no layout attribute by attribute.

Formats: linux/inet_diag.h, linux/tcp.h (struct tcp_info, 232 bytes since 5.4;
older kernels send less, newer more).
"""

from __future__ import annotations

import bisect
import operator
import socket
import struct
import sys
from itertools import compress
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

import n_layout
import n_netlink as netlink

BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
INFO, CONG, SKMEMINFO = n_layout.INFO, n_layout.CONG, 7  # INET_DIAG_*
ASKED = 1 << (INFO - 1) | 1 << (CONG - 1)
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

# Where the values of a row stand.
STATE, SPORT, DPORT, SRC, DST, INTERFACE, COOKIE, RECVQ, SENDQ = range(9)
UNACKED, LOST, RTT, RTTVAR = range(9, 13)
COUNTERS = slice(13, 22)
TOTAL_RETRANS, BYTES_ACKED, BYTES_RECEIVED, NOTSENT, MIN_RTT = range(13, 18)
BUSY, RWND_LIMITED, SNDBUF_LIMITED, BYTES_RETRANS, REORD_SEEN, CONGESTION = range(18, 24)
WIDTH = 24
_ALL = range(WIDTH)
NO_MIN_RTT = 0xFFFFFFFF

# Bytes of tcp_info that must be there for a field to have a value.
NEEDS = {"min_rtt": 152, "busy": 192, "bytes_retrans": 216, "reord_seen": 224, "notsent": 148}

Buffer = Union[bytes, memoryview]
Row = Tuple[Any, ...]
# Where a row lies: buffer, start of the payload, start and end of its tcp_info.
Place = Tuple[Buffer, int, int, int]
Column = Sequence[Any]


class Sockets:
    """What one or more dumps gave. `changed`: the rows that are not those of the look before, by
    index, each with the socket's row of then, None where it had none."""

    def __init__(self) -> None:
        self.rows: List[Row] = []
        self.keys: List[bytes] = []  # who it is: struct inet_diag_sockid
        self.last_acks: List[int] = []  # ms since the peer was heard of
        self.changed: List[Tuple[int, Optional[Row]]] = []
        self.bare: List[int] = []  # states of those without tcp_info
        self.covered = 1 << 16  # bytes of tcp_info that every one had
        self.truncated = False
        self.runs: List[Tuple[Optional[n_layout.Layout], int]] = []  # layouts, for how many rows
        self._columns: Optional[List[Column]] = None
        self._firsts: List[int] = []  # index of the first row of each of _places
        self._places: List[Tuple[Place, int]] = []  # of the first row, and how far to the next

    def __len__(self) -> int:
        """How many have tcp_info."""
        return len(self.rows)

    @property
    def columns(self) -> List[Column]:
        """The rows turned over: one list for each value of a Row."""
        if self._columns is None or (self.rows and len(self._columns[0]) != len(self.rows)):
            self._columns = list(zip(*self.rows)) if self.rows else [()] * WIDTH
        return self._columns

    @columns.setter
    def columns(self, columns: List[Column]) -> None:
        self._columns = columns

    def add(
        self,
        keys: Iterable[bytes],
        rows: Iterable[Row],
        last_acks: Iterable[int],
        place: Place,
        layout: Optional[n_layout.Layout] = None,
    ) -> None:
        """Append rows, of which the first lies at `place` and the rest a layout's stride apart."""
        before = len(self.rows)
        self._firsts.append(before)
        self._places.append((place, layout.stride if layout else 0))
        self.rows += rows
        self.keys += keys
        self.last_acks += last_acks
        self.runs.append((layout, len(self.rows) - before))

    def place(self, index: int) -> Place:
        """Where a row lies, to read the rest of it."""
        at = bisect.bisect_right(self._firsts, index) - 1
        (buffer, start, low, high), stride = self._places[at]
        offset = (index - self._firsts[at]) * stride
        return buffer, start + offset, low + offset, high + offset


class Memory:
    """The rows of the look before, by socket, and the bytes that they were read from."""

    def __init__(self) -> None:
        self._rows: Dict[bytes, Row] = {}
        self._seen: Dict[bytes, Tuple[int, bytes, bytes]] = {}
        self._keys: List[bytes] = []
        self._columns: List[Column] = [()] * WIDTH

    def take(self, block: Buffer, layout: n_layout.Layout, sequence: int, into: Sockets) -> bool:
        """Add a block whose messages all have this layout; False where they have not."""
        count, rest = divmod(len(block), layout.stride)
        if rest or not count:
            return False
        heads, states, keys, firsts, last_acks, lasts = zip(*layout.raw(block))
        length, kind, _, number, _ = netlink.HEADER.unpack(heads[0])
        if (length, kind, number) != (layout.length, BY_FAMILY, sequence):
            return False
        if heads.count(heads[0]) != count:
            return False
        now = list(zip(states, firsts, lasts))
        differs = map(operator.ne, map(self._seen.get, keys), now)
        changed = list(compress(range(count), differs))
        payload, stride = netlink.HEADER.size, layout.stride
        for index in changed:
            if layout.headers(block, index * stride + payload) != layout.expected:
                return False
        rows: List[Any] = list(map(self._rows.get, keys))
        before = len(into)
        for index in changed:
            into.changed.append((before + index, rows[index]))
            key, row = keys[index], layout.values(block, index * stride + payload)
            rows[index] = self._rows[key] = row
            self._seen[key] = now[index]
        low, high = layout.info
        into.add(keys, rows, last_acks, (block, payload, payload + low, payload + high), layout)
        return True

    def note(self, key: bytes, row: Row, last_ack: int, place: Place, into: Sockets) -> None:
        """Add a row that has no layout."""
        old = self._rows.get(key)
        if old != row:
            into.changed.append((len(into), old))
        self._rows[key] = row
        self._seen.pop(key, None)
        into.add([key], [row], [last_ack], place)

    def undo(self, found: Sockets) -> None:
        """Be as before a look that came to nothing."""
        for index, old in reversed(found.changed):
            key = found.keys[index]
            self._seen.pop(key, None)
            if old is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = old

    def settle(self, found: Sockets) -> None:
        """Forget whom this look did not find; columns in which nothing changed are those of
        before, the very same lists."""
        keys = found.keys
        if len(self._rows) != len(keys):
            self._rows = dict(zip(keys, found.rows))
            self._seen = {key: self._seen[key] for key in self._rows if key in self._seen}
        if keys == self._keys and 4 * len(found.changed) <= len(keys):
            found.columns = self._patched(found)
        self._keys, self._columns = keys, found.columns

    def _patched(self, found: Sockets) -> List[Column]:
        columns, fresh = list(self._columns), set()
        for index, old in found.changed:
            row = found.rows[index]
            for at in _ALL if old is None else compress(_ALL, map(operator.ne, row, old)):
                if at not in fresh:
                    fresh.add(at)
                    columns[at] = list(columns[at])
                columns[at][index] = row[at]  # type: ignore[index]
        return columns


def request(family: int, states: int, extensions: int, key: bytes = bytes(48)) -> bytes:
    """Body of the request for TCP sockets of a family, or one of them: struct inet_diag_req_v2."""
    head = struct.pack("=BBBBL", family, socket.IPPROTO_TCP, extensions, 0, states)
    return head + key


class Reader:
    """Reads connections through one channel; remembers layouts and rows from look to look."""

    def __init__(self, channel: netlink.Channel, memory: Optional[Memory] = None) -> None:
        self.channel = channel
        self.memory = memory or Memory()
        self._sequence = 0
        self._layouts: Dict[int, Dict[int, n_layout.Layout]] = {}

    def next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    def connections(self, family: int, into: Sockets, limit: int) -> None:
        """Add all sockets but listeners and TIME_WAIT. Stops at `limit` rows, with
        `into.truncated`: the channel is then not at rest and must be closed.

        Raises NetlinkError, OSError.
        """
        sequence = self.next_sequence()
        body = request(family, CONNECTED, ASKED)
        self.channel.send(netlink.request(BY_FAMILY, body, sequence))
        layouts = self._layouts.setdefault(family, {})
        while True:
            buffer = self.channel.recv(netlink.RECEIVE)
            if not buffer:
                raise netlink.NetlinkError("the answer ends too early")
            if self._read(buffer, sequence, layouts, into):
                return
            if len(into) + len(into.bare) >= limit:
                into.truncated = True
                return

    def _read(
        self, buffer: bytes, sequence: int, layouts: Dict[int, n_layout.Layout], into: Sockets
    ) -> bool:
        """Add the rows of one block; True at the dump's end."""
        if len(buffer) < netlink.HEADER.size:
            raise netlink.NetlinkError("a message is cut within its header")
        layout = layouts.get(netlink.HEADER.unpack_from(buffer, 0)[0])
        if layout is not None and self.memory.take(buffer, layout, sequence, into):
            return False
        for kind, start, end in netlink.messages(buffer, sequence):
            if kind == netlink.DONE:
                return True
            if kind == BY_FAMILY:
                self._one(buffer, start, end, sequence, layouts, into)
        return False

    def _one(
        self,
        buffer: bytes,
        start: int,
        end: int,
        sequence: int,
        layouts: Dict[int, n_layout.Layout],
        into: Sockets,
    ) -> None:
        """Add the row of one message: by its layout, or by a walk through its attributes."""
        begin = start - netlink.HEADER.size
        layout = layouts.get(end - begin)
        if layout is not None:
            alone = buffer[begin : begin + layout.stride]
            if self.memory.take(alone, layout, sequence, into):
                return
        if end - start < n_layout.SOCKET.size:
            raise netlink.NetlinkError("a socket's message is too short")
        found = netlink.attributes(buffer, start + n_layout.SOCKET.size, end)
        spans = {kind: (low, high) for kind, low, high in found}
        if INFO not in spans:
            into.bare.append(n_layout.SOCKET.unpack_from(buffer, start)[STATE])
            return
        low, high = spans[INFO]
        into.covered = min(into.covered, high - low)
        learned = n_layout.learn(buffer, start, end, found)
        if learned is not None:
            layouts[end - begin] = learned
        row, last_ack = n_layout.walk(buffer, start, spans)
        key = buffer[start + 4 : start + 52]
        self.memory.note(key, row, last_ack, (buffer, start, low, high), into)

    def listeners(self, family: int) -> List[Listener]:
        """All listening sockets. Raises NetlinkError, OSError."""
        body = request(family, 1 << LISTEN, 1 << (SKMEMINFO - 1))
        found = []
        dump = netlink.dump(self.channel, BY_FAMILY, body, self.next_sequence())
        for buffer, start, end in dump:
            if end - start < n_layout.SOCKET.size:
                raise netlink.NetlinkError("a socket's message is too short")
            row = n_layout.SOCKET.unpack_from(buffer, start)
            drops = None
            for kind, low, high in netlink.attributes(buffer, start + n_layout.SOCKET.size, end):
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
