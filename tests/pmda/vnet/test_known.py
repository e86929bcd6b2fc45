"""Connections asked for one by one: the same is told as by a walk, and only where it is all."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

import n_diag
import n_known
import n_netlink
import n_netns
import n_scan
import pytest
from hypothesis import given
from hypothesis import strategies as st

WALKS = [(socket.AF_INET, n_diag.CONNECTED), (socket.AF_INET6, n_diag.CONNECTED)]


class Host:
    """A fake kernel that counts its sockets rightly, and a scanner that looks at it."""

    def __init__(self, build: Any) -> None:
        self.build = build
        self.kernel = build.Kernel()
        self.waits = 0
        self.cost = [0.0]  # CPU seconds from one question of the clock to the next, in turn
        self.ticks = 0.0
        self.scanner = n_scan.Scanner(self.kernel.open, self.count, cpu=self.cpu)
        self.now = 0.0

    def cpu(self) -> float:
        self.ticks += self.cost[0]
        self.cost.append(self.cost.pop(0))
        return self.ticks

    def count(self) -> n_netns.Sockstat:
        kernel = self.kernel
        return n_netns.Sockstat(
            self.waits,
            len([one for one in kernel.v4 if one[1] != 3]) + len(kernel.listeners),
            len(kernel.v6) + len(kernel.listeners6),
        )

    def look(self) -> tuple[n_scan.Scan, bool]:
        """What was seen, and whether the kernel had to walk for it."""
        before = len(self.walks())
        scan = self.scanner.scan(10**6, self.now)
        self.now += 1.0
        return scan, len(self.walks()) > before

    def walks(self) -> list[tuple[int, int]]:
        return [asked for one in self.kernel.channels for asked in one.asked if asked in WALKS]

    def fill(self, count: int) -> None:
        self.kernel.v4[:] = [self.one(number) for number in range(count)]

    def one(self, number: int, **info: int) -> bytes:
        made: bytes = self.build.connection(cookie=1000 + number, dport=number, info=info)
        return made


@pytest.fixture
def host(build: Any) -> Host:
    made = Host(build)
    made.fill(5)
    made.kernel.listeners.append(build.listener(80, 0, 5))
    made.look()  # learns the layout
    made.look()
    return made


def cookies(scan: n_scan.Scan) -> list[int]:
    return list(scan.columns[n_diag.COOKIE])


def test_what_is_known_is_asked_for_by_name_and_walked_for_each_fifth_second(host: Host) -> None:
    host.fill(150)
    walked = [host.look()[1] for _ in range(12)]
    assert walked == [True, *[False] * 4, True, *[False] * 4, True, False]
    asked = host.kernel.channels[0].asked_for
    assert asked == [64, 64, 22] * 9


def test_the_same_is_told_as_by_a_walk(host: Host) -> None:
    host.kernel.v6 += [host.build.connection("bbr", src="::1", dst="::1", cookie=9, dport=5)]
    host.look()
    first, _ = host.look()  # walks, as a connection came
    host.kernel.v4[1] = host.one(1, rtt=77, bytes_acked=500)
    second, walked = host.look()
    assert not walked
    assert cookies(second) == cookies(first) == [1000, 1001, 1002, 1003, 1004, 9]
    assert second.families == [5, 1]
    assert list(second.columns[n_diag.RTT]) == [0, 77, 0, 0, 0, 0]
    acked = n_diag.BYTES_ACKED - n_diag.COUNTERS.start
    assert [(index, more[acked]) for index, more in second.moved] == [(1, 500)]
    assert second.columns[n_diag.SPORT] is first.columns[n_diag.SPORT]  # nothing made of it anew
    buffer, start, low, high = second.sockets.place(1)
    assert struct.unpack_from("=L", buffer, low + 68) == (77,)
    assert (low - start, high - low) == (72 + 8 + 12 + 8 + 4, 280)


def test_one_that_ends_takes_no_walk_and_one_that_comes_does(host: Host) -> None:
    del host.kernel.v4[2]
    scan, walked = host.look()
    assert (cookies(scan), walked) == ([1000, 1001, 1003, 1004], False)
    host.kernel.v4.append(host.one(7))
    scan, walked = host.look()
    assert (cookies(scan), walked) == ([1000, 1001, 1003, 1004, 1007], True)
    assert [index for index, _ in scan.moved] == [4]


def test_one_that_comes_as_another_ends_is_found(host: Host) -> None:
    host.kernel.v4[2] = host.one(7, bytes_acked=3)
    scan, walked = host.look()
    assert (cookies(scan), walked) == ([1000, 1001, 1007, 1003, 1004], True)
    acked = n_diag.BYTES_ACKED - n_diag.COUNTERS.start
    assert [(index, more[acked]) for index, more in scan.moved] == [(2, 3)]


def test_where_it_is_in_vain_it_is_tried_less_and_less(host: Host) -> None:
    asked = host.kernel.channels[0].asked_for
    host.now, tried = 100.0, []
    for number in range(20):
        before = len(asked)
        host.kernel.v4[0] = host.one(100 + number)
        assert cookies(host.look()[0])[0] == 1100 + number
        tried.append(len(asked) > before)
    assert [index for index, did in enumerate(tried) if did] == [1, 3, 7, 15]


def test_a_port_used_again_is_not_taken_for_the_socket_of_before(host: Host) -> None:
    again: bytes = host.build.connection(cookie=4242, dport=2)
    host.kernel.v4[2] = again
    assert cookies(host.look()[0]) == [1000, 1001, 4242, 1003, 1004]


def test_sockets_without_tcp_info_are_counted_by_walks(host: Host) -> None:
    host.waits = 1  # in TIME_WAIT, or in FIN_WAIT2 without a socket
    assert host.look()[1]
    assert not host.look()[1]
    host.kernel.v4.append(host.build.diag(cookie=3, state=3))  # SYN_RECV: not counted as in use
    for _ in range(4):
        scan, walked = host.look()
    assert (walked, scan.sockets.bare) == (True, [3])
    assert host.look()[1]  # as long as there are any


def test_where_a_walk_is_cheaper_it_is_made(host: Host) -> None:
    host.now = 100.0
    host.cost = [0.0, 0.5]  # the walk takes half a second
    assert host.look()[1]
    host.cost = [0.0, 1.0]  # to ask takes a second
    assert not host.look()[1]
    host.cost = [0.0, 0.5]
    walked = [host.look()[1] for _ in range(12)]
    # Each walk lets a tenth of that second be forgotten: after seven it is half of one.
    assert walked == [True] * 7 + [False] * 4 + [True]


def test_an_answer_that_is_odd_leads_to_a_walk(host: Host) -> None:
    host.kernel.v4[2] = host.build.connection("reno-of-mine", cookie=1002, dport=2)
    scan, walked = host.look()
    assert walked  # it was cut, as it is longer than before
    assert scan.columns[n_diag.CONGESTION][2] == b"reno-of-mine\0"
    channel = host.kernel.channels[0]
    plain = channel.one
    refusal = struct.pack("=i", -errno.EPERM) + bytes(72)
    channel.one = lambda question: host.build.message(
        n_netlink.ERROR, refusal, struct.unpack_from("=L", question, 8)[0]
    )
    host.now += 50.0
    host.look()
    scan, walked = host.look()
    assert (len(scan.sockets), walked, channel.queue) == (5, True, [])
    channel.one = plain


def test_a_channel_that_fails_is_opened_anew_and_nothing_is_counted_twice(host: Host) -> None:
    channel = host.kernel.channels[0]
    host.kernel.v4[1] = host.one(1, bytes_acked=500)
    plain, channel.recv_into = channel.recv_into, lambda buffer: 1 // 0
    with pytest.raises(ZeroDivisionError):
        host.look()
    assert channel.closed
    channel.recv_into = plain
    scan, _ = host.look()
    acked = n_diag.BYTES_ACKED - n_diag.COUNTERS.start
    assert [(index, more[acked]) for index, more in scan.moved] == [(1, 500)]


CHANGES = st.lists(
    st.dictionaries(st.integers(0, 12), st.integers(0, 3), max_size=12), min_size=1, max_size=12
)


@given(seconds=CHANGES)
def test_whatever_happens_each_look_tells_what_there_is(
    build: Callable[..., Any], seconds: list[dict[int, int]]
) -> None:
    """Sockets by number, with what they moved: the scanner against the kernel's own list."""
    host, told = Host(build), 0
    before: dict[int, int] = {}
    expected = 0
    for second, sockets in enumerate(seconds):
        host.kernel.v4[:] = [host.one(n, bytes_acked=moved) for n, moved in sockets.items()]
        scan, _ = host.look()
        assert sorted(cookies(scan)) == sorted(1000 + number for number in sockets)
        at = n_diag.BYTES_ACKED - n_diag.COUNTERS.start
        told += sum(more[at] for _, more in scan.moved)
        if second:
            expected += sum(max(moved - before.get(n, 0), 0) for n, moved in sockets.items())
        assert told == expected
        before = sockets


def test_a_real_kernel_tells_the_same_both_ways() -> None:
    """Connections on loopback: all of this namespace's are there, walked for or asked for."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        pairs = []
        for _ in range(70):
            client = stack.enter_context(socket.create_connection(listener.getsockname()))
            pairs.append((client, stack.enter_context(listener.accept()[0])))
        reader = n_diag.Reader(n_netlink.open_netlink(n_netlink.SOCK_DIAG))
        stack.callback(reader.channel.close)
        for _ in range(2):  # the first learns layouts
            found = n_diag.Sockets()
            reader.connections(socket.AF_INET, found, 10**6)
        ports = {socket.htons(client.getsockname()[1]) for client, _ in pairs}
        port = socket.htons(listener.getsockname()[1])
        ours = n_diag.Sockets()  # not those of other programs, which come and go
        for index, row in enumerate(found.rows):
            if row[n_diag.SPORT] in ports and row[n_diag.DPORT] == port:
                layout = found.runs[0][0]
                assert {kind for kind, _ in found.runs} == {layout}
                ours.add([found.keys[index]], [row], [0], found.place(index), layout)
        assert len(ours) == 70
        known = n_known.Known(ours, [(socket.AF_INET, 70)], reader.next_sequence())
        asked = n_diag.Sockets()
        assert known.ask(reader.channel, n_diag.Memory(), asked) == [70]
        assert asked.rows == ours.rows
        pairs[0][0].close()
        assert pairs[0][1].recv(1) == b""
        pairs[0][1].close()  # the first is in TIME_WAIT now
        pairs[1][0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        pairs[1][0].close()  # this one is gone
        asked = n_diag.Sockets()
        assert known.ask(reader.channel, n_diag.Memory(), asked) == [68]
        assert len(asked) == 68
