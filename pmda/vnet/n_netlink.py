"""Netlink: requests out, whole messages in, every length checked.

Only the transport that sock_diag and rtnetlink share. What the messages say is
read in `n_diag` and `n_qdisc`. The opener is a parameter everywhere: tests play
recorded answers back.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Callable, Iterator, List, Protocol, Tuple

SOCK_DIAG, ROUTE = 4, 0  # protocols of AF_NETLINK
REQUEST = 0x1  # NLM_F_REQUEST
REQUEST_DUMP = REQUEST | 0x300  # NLM_F_DUMP
NOOP, ERROR, DONE = 1, 2, 3
RECEIVE = 1 << 16  # bytes; the kernel puts at most 32 KiB in a block, and malloc has 64 at hand
BUFFERS = 1 << 20
TIMEOUT = struct.pack("ll", 1, 0)  # a second without an answer is an error

HEADER = struct.Struct("=LHHLL")  # length, type, flags, sequence, port id
ATTRIBUTE = struct.Struct("=HH")  # length, type
_ERRNO = struct.Struct("=i")
BYTE_ORDER = sys.byteorder


class NetlinkError(Exception):
    """A message that breaks the protocol, or the kernel's refusal (`errno`, else 0)."""

    def __init__(self, text: str, errno: int = 0) -> None:
        super().__init__(text)
        self.errno = errno


class Channel(Protocol):
    """What is used of a socket."""

    def send(self, data: bytes) -> int: ...
    def recv(self, size: int) -> bytes: ...
    def recv_into(self, buffer: memoryview) -> int: ...
    def close(self) -> None: ...


Opener = Callable[[int], Channel]


def open_netlink(protocol: int) -> Channel:
    """A netlink socket of the calling thread's network namespace. Raises OSError."""
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFERS)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMEOUT)
        made.bind((0, 0))
    except OSError:
        made.close()
        raise
    return made


def request(kind: int, body: bytes, sequence: int) -> bytes:
    """A dump request."""
    return HEADER.pack(HEADER.size + len(body), kind, REQUEST_DUMP, sequence, 0) + body


def question(kind: int, body: bytes, sequence: int) -> bytes:
    """A request for one thing, which one message answers."""
    return HEADER.pack(HEADER.size + len(body), kind, REQUEST, sequence, 0) + body


def refusal(buffer: bytes, start: int, end: int) -> NetlinkError:
    """The error that an NLMSG_ERROR's payload at `start` tells."""
    if end - start < _ERRNO.size:
        return NetlinkError("an error message without an error number")
    number = -_ERRNO.unpack_from(buffer, start)[0]
    return NetlinkError("the kernel refuses: error %d" % number, number)


def messages(buffer: bytes, sequence: int) -> Iterator[Tuple[int, int, int]]:
    """(type, start, end) of each payload in `buffer`; DONE is given, ERROR is raised.

    Raises NetlinkError on lengths that lead outside.
    """
    offset, size = 0, len(buffer)
    while offset < size:
        if size - offset < HEADER.size:
            raise NetlinkError("a message is cut within its header")
        length, kind, _, number, _ = HEADER.unpack_from(buffer, offset)
        end = offset + length
        if length < HEADER.size or end > size:
            raise NetlinkError("a message's length leads outside of the answer")
        if number == sequence and kind != NOOP:
            if kind == ERROR:
                raise refusal(buffer, offset + HEADER.size, end)
            yield kind, offset + HEADER.size, end
        offset += (length + 3) & ~3


def dump(
    channel: Channel, kind: int, body: bytes, sequence: int
) -> Iterator[Tuple[bytes, int, int]]:
    """(buffer, start, end) of each payload that answers a dump. Raises NetlinkError, OSError."""
    channel.send(request(kind, body, sequence))
    while True:
        buffer = channel.recv(RECEIVE)
        if not buffer:
            raise NetlinkError("the answer ends too early")
        for found, start, end in messages(buffer, sequence):
            if found == DONE:
                return
            yield buffer, start, end


def attributes(buffer: bytes, start: int, end: int) -> List[Tuple[int, int, int]]:
    """(type, start, end) of each attribute's payload. Raises NetlinkError."""
    found = []
    while end - start >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(buffer, start)
        if length < ATTRIBUTE.size or start + length > end:
            raise NetlinkError("an attribute's length leads outside of its message")
        found.append((kind & 0x3FFF, start + ATTRIBUTE.size, start + length))
        start += (length + 3) & ~3
    return found
