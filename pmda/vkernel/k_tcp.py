"""Programs of TCP: retransmits by remote address, connections that ended.

Records of ended connections go through a map that the agent empties each
second (`RECORD`); when it is full they are counted as lost.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional

import k_asm
import k_bpf
import k_code
import k_trace
from k_asm import R0, R1, R2, R3, R6, R7, R8, R9, R10, Asm

RETRANSMIT, STATE = "tcp/tcp_retransmit_skb", "sock/inet_sock_set_state"
EVENTS = (RETRANSMIT, STATE)
TCP = 6  # IPPROTO_TCP
ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, CLOSE, LAST_ACK, LISTEN = 1, 2, 3, 4, 7, 9, 10
STATES = (
    "",
    *("ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE"),
    *("CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"),
)
TOTAL, LOST, ENDED = 0, 0, 1  # indexes in maps of counters

ADDRESS_BYTES = 16  # IPv4 as ::ffff:a.b.c.d
SOCK = struct.Struct("<QQ16s")  # since when, pid, command
# since when (0: unknown), until when, bytes sent, resent and received, flags,
# pid, command, local and remote address, local and remote port, last state
RECORD = struct.Struct("<QQQQQQQ16s16s16sHHI")
NO_BYTES = (1 << 64) - 1
FIN_SEEN = 1 << 1  # SOCK_DONE in sk_flags: the other side's FIN is counted in received


class Offsets(NamedTuple):
    """Where a socket keeps its counters and flags, by the kernel's own type information."""

    sent: int
    resent: int
    received: int
    flags: int


def retransmitted(event: k_trace.Event, remotes: k_bpf.Map, total: k_bpf.Map) -> bytes:
    """tcp_retransmit_skb: count by remote address."""
    key, value, number = -16, -24, -32
    a = Asm()
    a.mov(R6, R1)
    a.store(4, R10, number, TOTAL)
    k_code.count(a, total, number)
    remote = event.field("daddr_v6", ADDRESS_BYTES)
    k_code.copy(a, key, remote, k_code.aligned(remote))
    k_code.lookup(a, remotes, key)
    a.jump(R0, "==", 0, "new")
    a.mov(R1, 1)
    a.atomic_add(R0, 0, R1)
    a.go("out")
    a.label("new")
    a.store(8, R10, value, 1)
    k_code.update(a, remotes, key, value)
    k_code.leave(a)
    return a.bytes()


_KEY = -8  # the socket's address
_SOCK = -40
_NUMBER = -48
_QUEUE_KEY = -64  # time and socket
_RECORD = _QUEUE_KEY - RECORD.size
_BYTES = (_RECORD + 16, _RECORD + 24, _RECORD + 32, _RECORD + 40)
_PID = _RECORD + 48
_LOCAL, _REMOTE, _PORTS, _LAST = _RECORD + 72, _RECORD + 88, _RECORD + 104, _RECORD + 108


def ended(
    event: k_trace.Event,
    socks: k_bpf.Map,
    queue: k_bpf.Map,
    counters: k_bpf.Map,
    offsets: Optional[Offsets],
) -> bytes:
    """inet_sock_set_state: note since when and whose a connection is; a record when it closes."""
    a = Asm()
    a.mov(R6, R1)
    k_code.load(a, R1, event.field("protocol", 1, 2))
    a.jump(R1, "!=", TCP, "out")
    k_code.load(a, R7, event.field("skaddr", 8))
    a.store(8, R10, _KEY, R7)
    k_code.load(a, R8, event.field("newstate", 4))
    a.call(k_asm.KTIME)
    a.mov(R9, R0)
    k_code.lookup(a, socks, _KEY)
    a.jump(R8, "==", CLOSE, "close")
    _note(a, socks)
    a.label("close")
    _report(a, event, socks, queue, offsets)
    a.store(4, R10, _NUMBER, LOST)
    a.jump(R0, "!=", 0, "count")
    a.store(4, R10, _NUMBER, ENDED)
    a.label("count")
    k_code.count(a, counters, _NUMBER)
    k_code.leave(a)
    return a.bytes()


def _note(a: Asm, socks: k_bpf.Map) -> None:
    """A state on the way: R0 what is known of the socket or 0, R8 the state, R9 the time."""
    a.jump(R0, "!=", 0, "known")
    for state in (SYN_SENT, SYN_RECV, ESTABLISHED):
        a.jump(R8, "==", state, "fresh")
    a.go("out")  # it is older than we are
    a.label("fresh")
    k_code.clear(a, _SOCK, _SOCK + SOCK.size)
    a.store(8, R10, _SOCK, R9)
    k_code.update(a, socks, _KEY, _SOCK)
    k_code.lookup(a, socks, _KEY)
    a.jump(R0, "==", 0, "out")
    a.label("known")
    a.jump(R8, "!=", ESTABLISHED, "owner")
    a.store(8, R0, 0, R9)
    a.go("out")
    a.label("owner")
    # These come about in a system call of the socket's owner.
    for state in (SYN_SENT, FIN_WAIT1, LAST_ACK):
        a.jump(R8, "==", state, "mine")
    a.go("out")
    a.label("mine")
    a.load(8, R1, R0, 8)
    a.jump(R1, "!=", 0, "out")
    a.mov(R7, R0)
    a.call(k_asm.PID_TGID)
    a.alu(R0, ">>", 32)
    a.store(8, R7, 8, R0)
    a.mov(R1, R7)
    a.alu(R1, "+", 16)
    a.mov(R2, 16)
    a.call(k_asm.COMM)
    a.go("out")


def _report(
    a: Asm,
    event: k_trace.Event,
    socks: k_bpf.Map,
    queue: k_bpf.Map,
    offsets: Optional[Offsets],
) -> None:
    """Put a record into the queue; R0 = 0 or an error."""
    old = event.field("oldstate", 4)
    k_code.load(a, R1, old)
    a.jump(R1, "==", LISTEN, "out")
    k_code.clear(a, _RECORD, _RECORD + RECORD.size)
    a.store(4, R10, _LAST, R1)
    a.store(8, R10, _RECORD + 8, R9)
    a.jump(R0, "==", 0, "unknown")
    for place in range(0, SOCK.size, 8):
        a.load(8, R1, R0, place)
        a.store(8, R10, _RECORD if place == 0 else _PID + place - 8, R1)
    a.label("unknown")
    for name, place in (("sport", _PORTS), ("dport", _PORTS + 2)):
        k_code.load(a, R1, event.field(name, 2))
        a.store(2, R10, place, R1)
    for name, place in (("saddr_v6", _LOCAL), ("daddr_v6", _REMOTE)):
        address = event.field(name, ADDRESS_BYTES)
        k_code.copy(a, place, address, min(4, k_code.aligned(address)))
    _read_bytes(a, offsets)
    a.store(8, R10, _QUEUE_KEY, R9)
    a.store(8, R10, _QUEUE_KEY + 8, R7)
    k_code.delete(a, socks, _KEY)
    k_code.update(a, queue, _QUEUE_KEY, _RECORD)


def _read_bytes(a: Asm, offsets: Optional[Offsets]) -> None:
    if offsets is None:
        for place in _BYTES:
            a.store(8, R10, place, -1)
        return
    for place, offset in zip(_BYTES, offsets):
        a.mov(R1, R10)
        a.alu(R1, "+", place)
        a.mov(R2, 8)
        a.mov(R3, R7)
        a.alu(R3, "+", offset)
        a.call(k_asm.PROBE_READ_KERNEL)
