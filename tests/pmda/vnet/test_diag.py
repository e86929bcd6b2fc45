"""INET_DIAG's answers, built by hand: layouts, short and odd messages, and junk."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Any

import n_details
import n_diag
import n_netlink
import n_qdisc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

V4, V6 = socket.AF_INET, socket.AF_INET6
ONE = {"rtt": 2000, "rttvar": 100, "total_retrans": 3, "bytes_acked": 2**40, "min_rtt": 900}


def reader(build: Any, payloads: list[bytes], family: int = V4) -> n_diag.Reader:
    return n_diag.Reader(build.FakeChannel({(family, n_diag.CONNECTED): payloads}))


def read(one: n_diag.Reader, family: int = V4, limit: int = 10**6) -> n_diag.Sockets:
    found = n_diag.Sockets()
    one.connections(family, found, limit)
    return found


def column(found: n_diag.Sockets, at: int) -> list[Any]:
    return list(found.columns[at])


def details_of(found: n_diag.Sockets, index: int) -> dict[str, int | None]:
    columns = n_details.columns([found.place(index)])
    return dict(zip(n_details.NAMES, [column[0] for column in columns], strict=True))


def test_all_values_of_one_socket(build: Any) -> None:
    info = {
        **ONE,
        **{"unacked": 4, "lost": 5, "bytes_received": 6, "notsent": 7, "busy_time": 8},
        **{
            "rwnd_limited": 9,
            "sndbuf_limited": 10,
            "bytes_retrans": 11,
            "reord_seen": 12,
            "last_ack": 13,
        },
    }
    payload = build.connection(
        "bbr", info=info, sport=443, dport=50000, cookie=2**63, state=8, recvq=1, sendq=2
    )
    one = reader(build, [payload])
    expected = (8, socket.htons(443), socket.htons(50000), b"\x0a\0\0\x01" + bytes(12))
    expected += (b"\x0a\0\0\x02" + bytes(12), 0, 2**63, 1, 2)
    expected += (4, 5, 2000, 100, 3, 2**40, 6, 7, 900, 8, 9, 10, 11, 12, b"bbr\0")
    for _ in range(2):  # attribute by attribute, then by the layout that was learned
        found = read(one)
        assert tuple(values[0] for values in found.columns) == expected
        assert (found.bare, found.truncated, found.last_acks) == ([], False, [13])


def test_a_block_read_at_once_is_the_same_as_message_by_message(build: Any) -> None:
    payloads = [
        build.connection(cookie=n, info={"rtt": n * 10}, inode=n * 7, uid=n) for n in range(1, 201)
    ]
    one = reader(build, payloads)
    first, second = read(one), read(one)
    assert first.columns == second.columns
    assert column(second, n_diag.RTT) == [n * 10 for n in range(1, 201)]
    for index in (0, 77, 199):
        details = details_of(second, index)
        assert (details["inode"], details["uid"]) == ((index + 1) * 7, index + 1)
        assert second.place(index)[1:] == first.place(index)[1:]


def test_mixed_messages_are_told_apart(build: Any) -> None:
    payloads = [
        build.connection("cubic", cookie=1),
        build.connection("bbr", cookie=2),
        build.diag(cookie=3, state=3),  # SYN_RECV: no tcp_info
        build.connection("", cookie=4),
        build.connection("cubic", cookie=5, length=192, info={"bytes_received": 9}),
        build.connection("cubic", cookie=6),
    ]
    one = reader(build, payloads)
    for _ in range(3):
        found = read(one)
        assert column(found, n_diag.COOKIE) == [1, 2, 4, 5, 6]
        assert column(found, n_diag.CONGESTION) == [b"cubic\0", b"bbr\0", b"", *[b"cubic\0"] * 2]
        assert column(found, n_diag.BYTES_RECEIVED) == [0, 0, 0, 9, 0]
        assert found.bare == [3]
        assert found.covered == 192


def test_messages_of_one_length_in_another_order_are_not_mistaken(build: Any) -> None:
    """Same length, same attributes, other order: a fixed offset would read them wrong."""
    info = build.attribute(n_diag.INFO, build.tcp_info(**ONE))
    mark = build.attribute(15, bytes(8)) + build.attribute(22, b"\0\0")
    cong = build.attribute(n_diag.CONG, b"cubic\0")
    for orders in ((mark + info + cong, info + mark + cong), (cong + info + mark,) * 2):
        payloads = [build.diag(cookie=n) + orders[n % 2] for n in range(6)]
        one = reader(build, payloads)
        for _ in range(3):
            found = read(one)
            assert column(found, n_diag.RTT) == [2000] * 6
            assert column(found, n_diag.COOKIE) == list(range(6))
            assert column(found, n_diag.CONGESTION) == [b"cubic\0"] * 6


def test_a_block_with_one_stranger_of_the_same_length(build: Any) -> None:
    same = [build.connection(cookie=n, info=ONE) for n in range(5)]
    odd = bytearray(build.connection(cookie=5, info=ONE))
    at = odd.index(struct.pack("=HH", 284, n_diag.INFO))
    struct.pack_into("=H", odd, at + 2, 99)  # what was tcp_info is now something unknown
    one = reader(build, same)
    read(one)
    one.channel.sockets = {(V4, n_diag.CONNECTED): [*same, bytes(odd)]}
    found = read(one)
    assert column(found, n_diag.COOKIE) == [0, 1, 2, 3, 4]
    assert found.bare == [1]


def test_an_old_kernel_s_short_tcp_info(build: Any) -> None:
    payload = build.connection(length=104, info={"rtt": 5, "total_retrans": 6})
    one = reader(build, [payload])
    for _ in range(2):
        found = read(one)
        assert found.covered == 104
        assert (column(found, n_diag.RTT), column(found, n_diag.TOTAL_RETRANS)) == ([5], [6])
    details = details_of(found, 0)
    assert (details["rtt"], details["total_retrans"]) == (5, 6)
    assert (details["bytes_acked"], details["min_rtt"], details["snd_wnd"]) == (None, None, None)


def test_what_the_kernel_says_by_a_great_number_is_none(build: Any) -> None:
    info = {"ssthresh": 0x7FFFFFFF, "min_rtt": 0xFFFFFFFF, "pacing_rate": 2**64 - 1}
    found = read(reader(build, [build.connection(info=info)]))
    details = details_of(found, 0)
    assert [details[name] for name in info] == [None, None, None]


def test_listeners_and_what_they_refused(build: Any) -> None:
    payloads = [build.listener(80, 3, 128, 7), build.listener(81, 0, 0, None)]
    one = n_diag.Reader(build.FakeChannel({(V4, 1 << n_diag.LISTEN): payloads}))
    first, second = one.listeners(V4)
    assert (first.port, first.queue, first.backlog, first.drops) == (socket.htons(80), 3, 128, 7)
    assert (second.port, second.drops) == (socket.htons(81), None)


def test_no_more_than_the_limit_is_kept(build: Any) -> None:
    payloads = [build.connection(cookie=n) for n in range(500)]
    found = read(reader(build, payloads), limit=100)
    assert found.truncated
    assert 100 <= len(found) < 200  # whole blocks
    assert not read(reader(build, payloads), limit=501).truncated


def test_answers_to_another_request_are_left_out(build: Any) -> None:
    one = reader(build, [])
    stray = build.blocks([build.connection(cookie=9)], sequence=77)
    own = build.blocks([build.connection(cookie=1)], sequence=1)
    one.channel.send = lambda data: one.channel.queue.extend([*stray, *own])
    assert column(read(one), n_diag.COOKIE) == [1]


def test_a_refusal_has_its_number(build: Any) -> None:
    one = n_diag.Reader(build.FakeChannel({(V6, n_diag.CONNECTED): 2}))
    with pytest.raises(n_netlink.NetlinkError) as caught:
        read(one, V6)
    assert caught.value.errno == 2


def test_an_answer_that_ends_too_early_is_an_error(build: Any) -> None:
    one = reader(build, [])
    one.channel.send = lambda data: None
    with pytest.raises(n_netlink.NetlinkError, match="too early"):
        read(one)


def parse(build: Any, learned: bool, block: bytes) -> n_diag.Sockets:
    """What comes of one block, with or without a layout learned before."""
    one = reader(build, [build.connection(cookie=n) for n in range(3)])
    if learned:
        read(one)
    one.channel.send = lambda data: one.channel.queue.extend([block])
    return read(one)


@pytest.mark.parametrize("learned", [False, True])
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_junk_and_cut_answers_end_in_a_netlink_error_or_in_rows(
    build: Any, learned: bool, data: st.DataObject
) -> None:
    whole = b"".join(
        build.message(n_diag.BY_FAMILY, build.connection(cookie=n, info=ONE), 1 + learned)
        for n in range(3)
    )
    kind = data.draw(st.sampled_from(["cut", "bytes", "flip"]))
    if kind == "cut":
        block = whole[: data.draw(st.integers(0, len(whole) - 1))]
    elif kind == "bytes":
        block = data.draw(st.binary(max_size=300))
    else:
        flipped = bytearray(whole)
        for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
            flipped[at] ^= data.draw(st.integers(1, 255))
        block = bytes(flipped)
    try:
        found = parse(build, learned, block)
    except n_netlink.NetlinkError:
        return
    for index in range(len(found)):
        assert len(n_diag.details(found.place(index))) == len(n_diag.NAMES)
    assert len({len(values) for values in found.columns}) == 1


@given(st.binary(max_size=200))
@example(b"\0" * 20)
def test_junk_for_qdiscs_ends_in_a_netlink_error_or_in_a_qdisc(junk: bytes) -> None:
    with contextlib.suppress(n_netlink.NetlinkError):
        n_qdisc.parse(junk, 0, len(junk))


@given(st.binary(max_size=100))
def test_junk_for_messages_and_attributes(junk: bytes) -> None:
    for walk in (
        lambda: list(n_netlink.messages(junk, 0)),
        lambda: n_netlink.attributes(junk, 0, len(junk)),
    ):
        try:
            for found in walk():
                assert 0 <= found[-2] <= found[-1] <= len(junk)
        except n_netlink.NetlinkError:
            pass
