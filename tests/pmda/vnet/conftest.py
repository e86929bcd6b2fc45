"""Builders of netlink answers and a channel that plays them, for the tests of vnet."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import n_details
import n_diag
import n_netlink
import pytest

RECORDED = Path(__file__).with_name("recorded")
Key = tuple[int, int]  # family, states that were asked for


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def message(kind: int, payload: bytes, sequence: int = 1) -> bytes:
    head = struct.pack("=LHHLL", len(payload) + 16, kind, 2, sequence, 0)
    return head + payload + bytes(-len(payload) % 4)


def address(text: str) -> bytes:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text).ljust(16, b"\0")


def tcp_info(length: int = 280, **values: int) -> bytes:
    """struct tcp_info of `length` bytes, all zero but for the fields given."""
    info = bytearray(max(length, 280))
    for name, value in values.items():
        at, form = {**n_details.FIELDS, "last_ack": (56, "L"), "reord_seen": (220, "L")}[name]
        struct.pack_into("=" + form, info, at, value)
    return bytes(info[:length])


def diag(
    *,
    src: str = "10.0.0.1",
    dst: str = "10.0.0.2",
    sport: int = 1000,
    dport: int = 2000,
    cookie: int = 1,
    state: int = 1,
    recvq: int = 0,
    sendq: int = 0,
    uid: int = 0,
    inode: int = 0,
) -> bytes:
    """struct inet_diag_msg."""
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    head = struct.pack("=BBBB", family, state, 0, 0) + struct.pack(">HH", sport, dport)
    ends = address(src) + address(dst) + struct.pack("=L", 0) + struct.pack("=Q", cookie)
    return head + ends + struct.pack("=LLLLL", 0, recvq, sendq, uid, inode)


def connection(cong: str = "cubic", length: int = 280, info: dict | None = None, **where) -> bytes:
    """The payload of one connection as this kernel sends it; `where` is diag's."""
    attributes = attribute(8, b"\0") + attribute(15, bytes(8)) + attribute(22, b"\0\0")
    attributes += attribute(n_diag.INFO, tcp_info(length, **(info or {})))
    if cong:
        attributes += attribute(n_diag.CONG, cong.encode() + b"\0")
    return diag(**where) + attributes


def listener(port: int, queue: int, backlog: int, drops: int | None = 0, src: str = "0.0.0.0"):
    memory = b"" if drops is None else attribute(7, struct.pack("=9L", *[0] * 8, drops))
    made = diag(src=src, dst=src, sport=port, dport=0, state=10, recvq=queue, sendq=backlog)
    return made + attribute(8, b"\0") + memory


def blocks(payloads: Iterable[bytes], sequence: int, size: int = 30000) -> list[bytes]:
    """An answer's blocks: all messages, and the one that ends the dump."""
    made, block = [], b""
    for payload in payloads:
        one = message(n_diag.BY_FAMILY, payload, sequence)
        if len(block) + len(one) > size:
            made.append(block)
            block = b""
        block += one
    end = message(n_netlink.DONE, bytes(4), sequence)
    return [*([block] if block else []), end] if not made else [*made, block, end]


@dataclass
class FakeChannel:
    """Answers INET_DIAG requests out of `sockets`: (family, states asked) -> payloads.

    An int among the payloads' places is an errno that the kernel refuses with.
    """

    sockets: dict[Key, list[bytes] | int] = field(default_factory=dict)
    queue: list[bytes] = field(default_factory=list)
    closed: bool = False
    asked: list[Key] = field(default_factory=list)  # dumps
    asked_for: list[int] = field(default_factory=list)  # how many sockets by name, at once

    def send(self, data: bytes) -> int:
        assert not self.closed
        sequence = struct.unpack_from("=L", data, 8)[0]
        family = data[16]
        if struct.unpack_from("=H", data, 6)[0] == 1:  # not a dump: sockets by name
            self.asked_for.append(len(data) // 72)
            self.queue = [self.one(data[at : at + 72]) for at in range(0, len(data), 72)]
            return len(data)
        states = struct.unpack_from("=L", data, 20)[0]
        self.asked.append((family, states))
        answer = self.sockets.get((family, states), [])
        if isinstance(answer, int):
            refusal = struct.pack("=i", -answer) + bytes(16)
            self.queue = [message(n_netlink.ERROR, refusal, sequence)]
        else:
            self.queue = blocks(answer, sequence)
        return len(data)

    def one(self, question: bytes) -> bytes:
        """The answer to one question: the socket whose ends and cookie are those, or none."""
        assert len(question) == 72
        sequence, key = struct.unpack_from("=L", question, 8)[0], question[24:]
        connections = self.sockets[(question[16], n_diag.CONNECTED)]
        for payload in connections if isinstance(connections, list) else []:
            if payload[4:52] == key:
                return message(n_diag.BY_FAMILY, payload, sequence)
        return message(n_netlink.ERROR, struct.pack("=i", -2) + question, sequence)

    def recv(self, size: int) -> bytes:
        return self.queue.pop(0) if self.queue else b""

    def recv_into(self, buffer: memoryview) -> int:
        answer = self.queue.pop(0)[: len(buffer)]
        buffer[: len(answer)] = answer
        return len(answer)

    def close(self) -> None:
        self.closed = True


@dataclass
class Kernel:
    """What a fake kernel holds: connections and listeners of both families."""

    v4: list[bytes] = field(default_factory=list)
    v6: list[bytes] | int = field(default_factory=list)
    listeners: list[bytes] = field(default_factory=list)
    listeners6: list[bytes] | int = field(default_factory=list)
    channels: list[FakeChannel] = field(default_factory=list)

    def open(self, protocol: int = n_netlink.SOCK_DIAG) -> FakeChannel:
        assert protocol == n_netlink.SOCK_DIAG
        listen = 1 << n_diag.LISTEN
        channel = FakeChannel()
        self.channels.append(channel)
        channel.sockets = {
            (socket.AF_INET, n_diag.CONNECTED): self.v4,
            (socket.AF_INET6, n_diag.CONNECTED): self.v6,
            (socket.AF_INET, listen): self.listeners,
            (socket.AF_INET6, listen): self.listeners6,
        }
        return channel


class Recorded:
    """A channel that plays one recorded answer, whatever is asked; sequences are made to fit."""

    def __init__(self, name: str) -> None:
        data, self.blocks = (RECORDED / name).read_bytes(), []
        while data:
            size = int.from_bytes(data[:4], "little")
            self.blocks.append(data[4 : 4 + size])
            data = data[4 + size :]
        self.queue: list[bytes] = []

    def send(self, data: bytes) -> int:
        assert struct.unpack_from("=L", data, 8)[0] == 1, "recorded with the sequence 1"
        self.queue = list(self.blocks)
        return len(data)

    def recv(self, size: int) -> bytes:
        return self.queue.pop(0)

    def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def build() -> type:
    """The builders of this file."""

    class Build:
        pass

    for made in (attribute, message, tcp_info, diag, connection, listener, blocks):
        setattr(Build, made.__name__, staticmethod(made))
    for kind in (FakeChannel, Kernel, Recorded):
        setattr(Build, kind.__name__, kind)
    return Build


@pytest.fixture
def proc(tmp_path: Path) -> Callable[..., Path]:
    """Adds a process to a recorded /proc: `proc(pid, inode, cgroup, tw)` -> its folder."""

    def add(pid: str, inode: int | None, cgroup: str = "0::/", tw: int | None = 0) -> Path:
        folder = tmp_path / "world/proc" / pid
        (folder / "ns").mkdir(parents=True)
        if inode is not None:
            (folder / "ns/net").symlink_to(f"net:[{inode}]")
        (folder / "cgroup").write_text(cgroup + "\n")
        (folder / "net").mkdir()
        if tw is not None:
            text = f"sockets: used 9\nTCP: inuse 99 orphan 0 tw {tw} alloc 9 mem 0\nUDP: inuse 0\n"
            (folder / "net/sockstat").write_text(text)
            (folder / "net/sockstat6").write_text("TCP6: inuse 99\n")
        return folder

    return add
