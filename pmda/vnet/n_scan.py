"""One look at all TCP sockets of a network namespace, and what moved since the last.

The rows come from `n_diag`; what is made of them for people is `n_tcp`'s.
"""

from __future__ import annotations

import errno
import socket
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import n_board
import n_diag as diag
import n_netlink as netlink
import n_netns

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
        self.columns = self.sockets.columns
        self.remotes: List[bytes] = []
        self.ports: List[int] = []
        self.families: List[int] = []  # rows of IPv4, rows of IPv6
        self.idle: List[bool] = []  # IPv4, IPv6: no connections, so none were asked for
        self.listeners: List[Listening] = []
        self.moved: List[Tuple[int, Tuple[int, ...]]] = []
        self.time_wait: Optional[int] = None


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
    ) -> None:
        self.label = label
        self.inode = inode
        self._opener = opener
        self._sockstat = sockstat
        self._reader: Optional[diag.Reader] = None
        self._deltas = n_board.Deltas()
        self._local: Dict[int, float] = {}  # local service ports and when a listener was seen

    def close(self) -> None:
        if self._reader is not None:
            self._reader.channel.close()
            self._reader = None

    def scan(self, limit: int, now: float) -> Scan:
        """Look at all sockets, at most about `limit`. Raises NetlinkError, OSError."""
        if self._reader is None:
            self._reader = diag.Reader(self._opener())
        try:
            scan = self._scan(self._reader, limit, now)
        except BaseException:
            self.close()  # what is left of the answer must not be taken for the next one's
            raise
        if scan.sockets.truncated:
            self.close()
        return scan

    def _scan(self, reader: diag.Reader, limit: int, now: float) -> Scan:
        scan = Scan(self.label, self.inode)
        stat = self._sockstat()
        scan.time_wait = stat.time_wait
        for family, inuse in ((socket.AF_INET, stat.inuse), (socket.AF_INET6, stat.inuse6)):
            listeners = [] if inuse == 0 else _listeners(reader, family)
            for found in listeners:
                scan.listeners.append(Listening(family, self.label, found))
                self._local[found.port] = now
            # To walk the kernel's table costs as much for no connection as for a hundred.
            scan.idle.append(inuse is not None and inuse <= len(listeners))
        for family, idle in zip((socket.AF_INET, socket.AF_INET6), scan.idle):
            before = len(scan.sockets)
            if not scan.sockets.truncated and not idle:
                _connections(reader, family, scan.sockets, limit)
            scan.families.append(len(scan.sockets) - before)
        self._key(scan, now)
        scan.moved = self._deltas.look(scan.columns, not scan.sockets.truncated)
        return scan

    def _key(self, scan: Scan, now: float) -> None:
        for port in [port for port, seen in self._local.items() if now - seen > PORT_KEPT]:
            del self._local[port]
        local, base = self._local, self.inode << 17
        out = base | OUTBOUND
        here, there = scan.columns[diag.SPORT], scan.columns[diag.DPORT]
        scan.ports = [
            base | sport if sport in local else out | dport for sport, dport in zip(here, there)
        ]
        peers, split = scan.columns[diag.DST], scan.families[0]
        scan.remotes = [address[:4] for address in peers[:split]]
        scan.remotes += [remote_key(address) for address in peers[split:]]


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
