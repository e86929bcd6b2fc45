"""One look at all TCP sockets of a network namespace, and what moved since the last.

The rows come from `n_diag`; what is made of them for people is `n_tcp`'s.
"""

from __future__ import annotations

import errno
import operator
import socket
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import n_board
import n_diag as diag
import n_known
import n_netlink as netlink
import n_netns

FAMILIES = (socket.AF_INET, socket.AF_INET6)
FEW = 1000  # connections at most that are asked for one by one
WALK = 5.0  # seconds, or less, from one walk through the kernel's table to the next

MAPPED = bytes(10) + b"\xff\xff"  # how an IPv6 socket writes an IPv4 address
PORT_KEPT = 3600.0  # seconds that a port without listener still counts as local service
OUTBOUND = 1 << 16


class Listening(NamedTuple):
    """A listener with its family and namespace's label."""

    family: int
    label: str
    socket: diag.Listener


class Scan:
    """One look. `remotes` and `ports` are keys beside the columns of `sockets`: the peer's
    address (4 or 16 bytes), and the port that names the service (with OUTBOUND: the
    peer's)."""

    def __init__(self, label: str, inode: int) -> None:
        self.label = label
        self.inode = inode
        self.sockets = diag.Sockets()
        self.remotes: List[bytes] = []
        self.ports: List[int] = []
        self.families: List[int] = []  # rows of IPv4, rows of IPv6
        self.listeners: List[Listening] = []
        self.moved: List[Tuple[int, Tuple[int, ...]]] = []
        self.time_wait: Optional[int] = None

    @property
    def columns(self) -> List[diag.Column]:
        return self.sockets.columns


def remote_key(address: bytes) -> bytes:
    """The 16 bytes of an IPv6 socket's address: 4 where it is an IPv4 address mapped."""
    return address[12:] if address[:12] == MAPPED else address


class Scanner:
    """Looks at one namespace again and again. `opener` gives its netlink socket."""

    def __init__(
        self,
        opener: Callable[[], netlink.Channel],
        sockstat: Callable[[], n_netns.Sockstat],
        label: str = "",
        inode: int = 0,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.label = label
        self.inode = inode
        self._opener = opener
        self._sockstat = sockstat
        self._cpu = cpu
        self._reader: Optional[diag.Reader] = None
        self._memory = diag.Memory()
        self._deltas = n_board.Deltas()
        self._local: Dict[int, float] = {}  # local service ports and when a listener was seen
        self._keyed: Tuple[Any, ...] = ()  # what the last keys were made of
        self._keys: Tuple[List[bytes], List[int]] = ([], [])
        self._known: Optional[n_known.Known] = None
        self._walked = self._again = float("-inf")
        self._misses = 0  # times that asking did not do, in a row
        self._waits = 0  # in TIME_WAIT, at the last walk
        self._walk_cost = self._known_cost = 0.0  # seconds of CPU, the latter per connection

    def close(self) -> None:
        if self._reader is not None:
            self._reader.channel.close()
            self._reader = self._known = None

    def scan(self, limit: int, now: float) -> Scan:
        """Look at all sockets, at most about `limit`. Raises NetlinkError, OSError."""
        if self._reader is None:
            self._reader = diag.Reader(self._opener(), self._memory)
        scan = Scan(self.label, self.inode)
        try:
            self._scan(scan, self._reader, limit, now)
        except BaseException:
            self._memory.undo(scan.sockets)
            self.close()  # what is left of the answer must not be taken for the next one's
            raise
        if scan.sockets.truncated:
            self.close()
        return scan

    def _scan(self, scan: Scan, reader: diag.Reader, limit: int, now: float) -> None:
        stat = self._sockstat()
        scan.time_wait = stat.time_wait
        counted: List[Optional[int]] = []  # connections of each family as the kernel counts them
        for family, inuse in zip(FAMILIES, (stat.inuse, stat.inuse6)):
            listeners = [] if inuse == 0 else _listeners(reader, family)
            for found in listeners:
                scan.listeners.append(Listening(family, self.label, found))
                self._local[found.port] = now
            counted.append(None if inuse is None else max(inuse - len(listeners), 0))
        if not (self._may_ask(stat, counted, now) and self._ask(scan, reader, counted, now)):
            self._walk(scan, reader, counted, limit, now)
        self._memory.settle(scan.sockets)
        self._key(scan, now)
        scan.moved = self._deltas.look(scan.sockets)

    def _may_ask(
        self, stat: n_netns.Sockstat, counted: Sequence[Optional[int]], now: float
    ) -> bool:
        """Whether to ask for those that are known, in the place of a walk."""
        known, total = self._known, sum(filter(None, counted))
        return (
            known is not None
            and None not in counted
            and total <= len(known)
            and self._again <= now < self._walked + WALK - 0.5
            # Sockets of a kind that has no tcp_info may have come into being.
            and stat.time_wait is not None
            and stat.time_wait <= self._waits
            and len(known) * self._known_cost <= self._walk_cost
        )

    def _ask(
        self, scan: Scan, reader: diag.Reader, counted: Sequence[Optional[int]], now: float
    ) -> bool:
        """Ask for those that are known; False where they are not all that there are."""
        assert self._known is not None
        begun = self._cpu()
        there = self._known.ask(reader.channel, self._memory, scan.sockets)
        self._known_cost = (self._cpu() - begun) / max(len(self._known), 1)
        if there is not None and all(a >= (b or 0) for a, b in zip(there, counted)):
            scan.families, self._misses = there, 0
            return True
        # Where connections come and go at once, to ask first would be in vain each time.
        self._misses = min(self._misses + 1, 6)
        self._again = now + 2.0**self._misses - 0.5
        self._memory.undo(scan.sockets)
        scan.sockets = diag.Sockets()
        return False

    def _walk(
        self,
        scan: Scan,
        reader: diag.Reader,
        counted: Sequence[Optional[int]],
        limit: int,
        now: float,
    ) -> None:
        """Let the kernel walk its table, for each family that has connections."""
        begun = self._cpu()
        found = scan.sockets
        for family, count in zip(FAMILIES, counted):
            before = len(found)
            # To walk costs as much for no connection as for a hundred.
            if not found.truncated and count != 0:
                _connections(reader, family, found, limit)
            scan.families.append(len(found) - before)
        self._walked, self._waits, self._known = now, scan.time_wait or 0, None
        self._walk_cost = self._cpu() - begun
        self._known_cost *= 0.9  # so that one bad figure is not believed for ever
        few = len(found) <= FEW and not found.truncated and not found.bare
        if few and all(layout is not None for layout, _ in found.runs):
            families = list(zip(FAMILIES, scan.families))
            self._known = n_known.Known(found, families, reader.next_sequence())

    def _key(self, scan: Scan, now: float) -> None:
        for port in [port for port, seen in self._local.items() if now - seen > PORT_KEPT]:
            del self._local[port]
        columns = scan.columns
        here, there, peers = columns[diag.SPORT], columns[diag.DPORT], columns[diag.DST]
        local, before = frozenset(self._local), self._keyed
        self._keyed = (here, there, peers, local)
        if not (before and local == before[3] and all(map(operator.is_, before[:3], self._keyed))):
            base = self.inode << 17
            out, split = base | OUTBOUND, scan.families[0]
            ports = [base | a if a in local else out | b for a, b in zip(here, there)]
            remotes = [address[:4] for address in peers[:split]]
            remotes += [remote_key(address) for address in peers[split:]]
            self._keys = (remotes, ports)
        scan.remotes, scan.ports = self._keys


def _listeners(reader: diag.Reader, family: int) -> List[diag.Listener]:
    try:
        return reader.listeners(family)
    except netlink.NetlinkError as error:
        if family == socket.AF_INET6 and error.errno == errno.ENOENT:
            return []  # a kernel without IPv6
        raise


def _connections(reader: diag.Reader, family: int, into: diag.Sockets, limit: int) -> None:
    try:
        reader.connections(family, into, limit)
    except netlink.NetlinkError as error:
        if family != socket.AF_INET6 or error.errno != errno.ENOENT:
            raise


def address_text(key: bytes) -> str:
    """An address of 4 or 16 bytes as people write it."""
    return socket.inet_ntop(socket.AF_INET if len(key) == 4 else socket.AF_INET6, key)


def endpoint(family: int, address: bytes, port: int) -> str:
    """`address:port` of a socket, IPv6 in brackets; `port` as on the wire."""
    key = address[:4] if family == socket.AF_INET else remote_key(address)
    text = address_text(key)
    return "%s:%d" % (text if len(key) == 4 else "[%s]" % text, socket.ntohs(port))


def suffix(label: str) -> str:
    """What is added to the names of things in another namespace than the agent's."""
    return "@" + label if label else ""
