"""Hostile servers: each ends in time, in few bytes, and in one of our own sentences."""

import gzip
import threading
import time

import pytest

from vectorpy.errors import BadAnswer, HostDown, HostError, HostLate, NotPcp, Overloaded
from vectorpy.sources.answers import Strange, parse

TOTAL = 0.5
OK = b"HTTP/1.1 200 OK\r\n"


def request(connection):
    """Read one request."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(4096)
        if not piece:
            return got
        got += piece
    return got


def drip(head, piece, pause=0.05):
    def talk(connection):
        request(connection)
        connection.sendall(head)
        end = time.monotonic() + 10 * TOTAL
        while time.monotonic() < end:
            connection.sendall(piece)
            time.sleep(pause)

    return talk


def once(*pieces):
    def talk(connection):
        request(connection)
        for piece in pieces:
            connection.sendall(piece)

    return talk


def flood(head, piece):
    def talk(connection):
        request(connection)
        connection.sendall(head)
        for _ in range(2000):
            connection.sendall(piece)

    return talk


def reset(connection):
    import socket
    import struct

    request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection):
    request(connection)
    connection.recv(1)


BOMB = gzip.compress(b"0" * 1_000_000)
LENGTH = b"Content-Length: %d\r\n\r\n"

EVIL = {
    "drips body": (drip(OK + LENGTH % 9999, b"x"), HostLate),
    "drips headers": (drip(OK, b"X: y\r\n"), HostLate),
    "drips one header": (drip(OK + b"X: ", b"y"), HostLate),
    "drips status line": (drip(b"HTTP/1.1 200 ", b"O"), HostLate),
    "endless 100-continue": (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), HostLate),
    "drips chunk size": (drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), HostLate),
    "silent": (silent, HostLate),
    "big body": (flood(OK + LENGTH % 100_000_000, b"x" * 65536), Overloaded),
    "big body without length": (flood(OK + b"\r\n", b"x" * 65536), Overloaded),
    "big body in chunks": (
        flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"x" * 0x4000 + b"\r\n"),
        Overloaded,
    ),
    "gzip bomb": (once(OK + b"Content-Encoding: gzip\r\n" + LENGTH % len(BOMB), BOMB), BadAnswer),
    "long header line": (once(OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n"), HostError),
    "5,000 headers": (once(OK + b"X: y\r\n" * 5000 + b"\r\n"), HostError),
    "SSH banner": (once(b"SSH-2.0-OpenSSH_9.2\r\n"), NotPcp),
    "noise": (once(b"\x00\xff" * 100), NotPcp),
    "reset": (reset, HostDown),
    "closes at once": (lambda connection: None, HostDown),
    "short body": (once(OK + LENGTH % 100, b"x" * 10), BadAnswer),
    "forged chunk size": (
        once(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"),
        HostError,
    ),
    "chunk size that is none": (
        once(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
        HostError,
    ),
}


@pytest.mark.parametrize("case", EVIL)
def test_each_evil_server_ends_in_time_and_in_our_words(talk_server, getter, case):
    talk, expected = EVIL[case]
    server = talk_server(talk)
    with pytest.raises(expected) as caught:
        getter(server.port, total=TOTAL).get("/pmapi/context")
    assert caught.value.host == "web-01"
    for remote in ("SSH", "OpenSSH", "zz", "ffff", "\x00"):
        assert remote not in str(caught.value)


def good_first(talk):
    """A good answer, and then `talk` over the same connection."""

    def both(connection):
        once(OK + LENGTH % 2, b"{}")(connection)
        talk(connection)

    return both


@pytest.mark.parametrize("case", EVIL)
def test_a_server_that_turns_evil_ends_in_time_and_in_our_words(talk_server, getter, case):
    talk, expected = EVIL[case]
    server = talk_server(good_first(talk))
    get = getter(server.port, total=TOTAL)
    assert get.get("/pmapi/context").body == b"{}"
    if case in ("reset", "closes at once"):  # the next connection begins well
        assert get.get("/pmapi/context").body == b"{}"
        assert server.connections == 2
        return
    with pytest.raises(expected) as caught:
        get.get("/pmapi/context")
    assert caught.value.host == "web-01"
    for remote in ("SSH", "OpenSSH", "zz", "ffff", "\x00"):
        assert remote not in str(caught.value)
    assert get.get("/pmapi/context").body == b"{}", "and over a new connection all is well"
    assert server.connections == 2


def test_a_kept_connection_is_asked_as_a_new_one_is(talk_server, getter):
    seen = []

    def talk(connection):
        for _ in range(3):
            seen.append(request(connection))
            connection.sendall(OK + LENGTH % 2 + b"{}")

    server = talk_server(talk)
    get = getter(server.port)
    for _ in range(3):
        assert get.get("/x?a=b,c").body == b"{}"
    assert server.connections == 1
    assert sorted(seen[1].lower().split(b"\r\n")) == sorted(seen[0].lower().split(b"\r\n"))
    assert seen[2] == seen[1]


def test_what_nobody_asked_for_is_no_answer(talk_server, getter):
    """An answer that comes before its request would be taken for that of the next one."""
    said = threading.Event()

    def talk(connection):
        once(OK + LENGTH % 2, b"{}")(connection)
        connection.sendall(OK + LENGTH % 4 + b"evil")
        said.set()
        connection.recv(1)

    server = talk_server(talk)
    get = getter(server.port)
    assert get.get("/x").body == b"{}"
    assert said.wait(5)
    assert get.get("/x").body == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize("case", ["drips headers", "drips status line", "endless 100-continue"])
def test_the_deadline_counts_what_comes_before_the_body(talk_server, getter, case):
    """By a clock of ours: the budget is spent by the clock, not by the number of reads."""
    server = talk_server(EVIL[case][0])
    start = time.monotonic()
    with pytest.raises(HostLate):
        getter(server.port, total=TOTAL).get("/x")
    # a hang would go on for ten times the deadline; the test's own limit is not a measure
    assert time.monotonic() - start < 8 * TOTAL


def test_a_good_answer_after_an_evil_one(talk_server, getter):
    talks = iter([EVIL["short body"][0], once(OK + LENGTH % 2, b"{}")])
    server = talk_server(lambda connection: next(talks)(connection))
    get = getter(server.port)
    with pytest.raises(BadAnswer):
        get.get("/x")
    assert get.get("/x").body == b"{}"


def test_redirects_are_not_followed(talk_server, http_server, getter):
    inner = http_server(lambda path: (200, "application/json", b"{}"))
    place = f"Location: http://127.0.0.1:{inner.port}/\r\n".encode()
    server = talk_server(once(b"HTTP/1.1 302 Found\r\n" + place + LENGTH % 0))
    assert getter(server.port).get("/x").status == 302
    assert inner.connections == 0


def test_nothing_is_taken_from_the_environment(talk_server, http_server, getter, monkeypatch):
    proxy = http_server(lambda path: (200, "application/json", b"{}"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    seen = []

    def talk(connection):
        seen.append(request(connection))
        connection.sendall(OK + LENGTH % 2 + b"{}")

    server = talk_server(talk)
    assert getter(server.port).get("/x?a=b,c").body == b"{}"
    assert proxy.connections == 0
    head = seen[0].decode()
    assert head.startswith("GET /x?a=b,c HTTP/1.1\r\n")
    assert f"Host: web-01:{server.port}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "Authorization" not in head and "Cookie" not in head


def test_an_answer_that_ends_with_the_connection_is_read_whole(talk_server, getter):
    server = talk_server(once(OK + b"Connection: close\r\n\r\n", b'{"a":', b"1}"))
    assert getter(server.port).get("/x").body == b'{"a":1}'


def test_a_kept_connection_that_the_host_closed_is_made_anew(talk_server, getter):
    server = talk_server(once(OK + LENGTH % 2, b"{}"))
    get = getter(server.port)
    for _ in range(3):
        assert get.get("/x").body == b"{}"
    assert server.connections == 3


def test_a_refused_connection_and_a_full_backlog_are_down(getter, listener):
    import socket

    closed = listener()
    port = closed.getsockname()[1]
    closed.close()
    with pytest.raises(HostDown, match="refuses"):
        getter(port).get("/x")
    full = listener(backlog=0)
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        with pytest.raises(HostDown, match="takes no connection"):
            getter(port, connect=0.2).get("/x")
    finally:
        for one in waiting:
            one.close()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b'"x"',
        b"nan",
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"context":abc}',
    ],
)
def test_broken_json_is_strange_and_nothing_worse(body):
    with pytest.raises(Strange):
        parse(body)


def test_numbers_that_are_not_finite_become_null():
    text = b'{"a":[{"instance":1,"value":nan},{"value": -nan },{"value":inf},{"value":-inf}]}'
    values = [item["value"] for item in parse(text)["a"]]
    assert values == [None, None, None, None]
    assert parse(b'{"a":NaN,"b":Infinity}') == {"a": None, "b": None}


def test_a_string_that_only_looks_like_nan_stays():
    text = rb'{"values":[{"value":nan},{"value":"\"value\":nan,"},{"value":"nan"}]}'
    assert [v["value"] for v in parse(text)["values"]] == [None, '"value":nan,', "nan"]
