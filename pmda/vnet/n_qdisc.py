"""Queueing disciplines: what waits, and what was dropped, before the wire.

rtnetlink RTM_GETQDISC; formats of linux/rtnetlink.h (struct tcmsg) and
linux/gen_stats.h.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import n_netlink as netlink
import vcollect
import vsnap

NEW, GET = 36, 38  # RTM_NEWQDISC, RTM_GETQDISC
KIND, STATS2 = 1, 7  # TCA_*
BASIC, QUEUE, PACKETS64 = 1, 3, 8  # TCA_STATS_*
ROOT = 0xFFFFFFFF
_TCMSG = struct.Struct("=BxxxlLLL")  # family, interface, handle, parent, info
_BASIC = struct.Struct("=QL")
_QUEUE = struct.Struct("=LLLLL")  # qlen, backlog, drops, requeues, overlimits

# Names of the namespace's interfaces: [(index, name)].
Interfaces = Callable[[], List[Tuple[int, str]]]


class Qdisc(NamedTuple):
    """One queueing discipline; `parent` is the handle that it hangs on."""

    interface: int
    kind: str
    handle: int
    parent: int
    values: Dict[str, int]


def parse(buffer: bytes, start: int, end: int) -> Optional[Qdisc]:
    """One RTM_NEWQDISC; None without statistics. Raises NetlinkError."""
    if end - start < _TCMSG.size:
        raise netlink.NetlinkError("a qdisc's message is too short")
    _, interface, handle, parent, _ = _TCMSG.unpack_from(buffer, start)
    kind, values = "", {}
    for type_, low, high in netlink.attributes(buffer, start + _TCMSG.size, end):
        if type_ == KIND:
            kind = buffer[low:high].rstrip(b"\0").decode("ascii", "replace")
        elif type_ == STATS2:
            values = _statistics(buffer, low, high)
    return Qdisc(interface, kind, handle, parent, values) if kind and values else None


def _statistics(buffer: bytes, start: int, end: int) -> Dict[str, int]:
    values: Dict[str, int] = {}
    for type_, low, high in netlink.attributes(buffer, start, end):
        if type_ == BASIC and high - low >= _BASIC.size:
            values["bytes"], packets = _BASIC.unpack_from(buffer, low)
            values.setdefault("packets", packets)
        elif type_ == QUEUE and high - low >= _QUEUE.size:
            names = ("qlen", "backlog", "drops", "requeues", "overlimits")
            values.update(zip(names, _QUEUE.unpack_from(buffer, low)))
        elif type_ == PACKETS64 and high - low >= 8:
            values["packets"] = int.from_bytes(buffer[low : low + 8], netlink.BYTE_ORDER)
    return values


def name(qdisc: Qdisc, interfaces: Dict[int, str]) -> str:
    """`eth0:mq` of one at the root, `eth0:fq_codel:8001:1` of one below another."""
    device = interfaces.get(qdisc.interface, "if%d" % qdisc.interface)
    if qdisc.parent == ROOT:
        return "%s:%s" % (device, qdisc.kind)
    return "%s:%s:%x:%x" % (device, qdisc.kind, qdisc.parent >> 16, qdisc.parent & 0xFFFF)


class QdiscProbe(vcollect.Probe):
    """All queueing disciplines of the agent's own network namespace."""

    name = "qdisc"

    def __init__(
        self,
        opener: netlink.Opener = netlink.open_netlink,
        interfaces: Interfaces = socket.if_nameindex,
    ) -> None:
        self._opener = opener
        self._interfaces = interfaces
        self._channel: Optional[netlink.Channel] = None
        self._sequence = 0

    def collect(self, now: float) -> vsnap.Reading:
        columns: Dict[str, Dict[Any, Any]] = {}
        names = dict(self._interfaces())
        for qdisc in self._read():
            key = name(qdisc, names)
            for field, value in qdisc.values.items():
                columns.setdefault("qdisc." + field, {})[key] = value
        return vsnap.Reading(columns, note="" if columns else "there are none")

    def _read(self) -> List[Qdisc]:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        if self._channel is None:
            self._channel = self._opener(netlink.ROUTE)
        try:
            answer = netlink.dump(self._channel, GET, bytes(_TCMSG.size), self._sequence)
            found = [parse(*place) for place in answer]
        except BaseException:
            self.close()
            raise
        return [qdisc for qdisc in found if qdisc is not None]

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
