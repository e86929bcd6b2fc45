"""From a typed host to a transport: which port wins, what is refused before any connection."""

import socket
import struct
import threading

import pytest

from vectorpy.errors import HostDown, HostLate, NotPcp, RefusedByPolicy, Unavailable, UserError
from vectorpy.model import hostspec
from vectorpy.sources import libpcp, probe
from vectorpy.sources.dial import Dialler, same_machine
from vectorpy.sources.face import Facts
from vectorpy.sources.pmcd import PmcdSource
from vectorpy.sources.probe import Place
from vectorpy.sources.web import WebSource

GREETING = struct.pack(">IIII", 20, 0x7000, 0, 0) + b"\x02\x01\x0eD"


@pytest.fixture
def dialler(settings):
    made = []

    def build(**more):
        made.append(Dialler(settings(**more)))
        return made[-1]

    yield build
    for one in made:
        one.close()


def pmcd(connection):
    connection.sendall(GREETING)
    connection.recv(1)


def quiet(connection):
    connection.recv(1)


def web(port):
    return Place("web", "http", "127.0.0.1", port)


@pytest.mark.parametrize("text", ["127.0.0.1:22", "127.0.0.1:6379", "pcp://127.0.0.1:25"])
def test_other_ports_are_refused_before_any_connection(dialler, monkeypatch, text):
    monkeypatch.setattr(socket.socket, "connect", lambda *a: pytest.fail("connected"))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *a: pytest.fail("connected"))
    with pytest.raises(RefusedByPolicy):
        dialler().dial(hostspec.parse(text))
    assert dialler().alive(hostspec.parse(text)) is False


def test_archives_are_no_live_hosts(dialler):
    with pytest.raises(UserError):
        dialler().dial(hostspec.parse("archive:monday"))


def test_a_port_where_pmcd_speaks_first_is_read_by_libpcp(dialler, talk_server):
    server = talk_server(pmcd)
    source = dialler().dial(hostspec.parse(f"127.0.0.1:{server.port}"))
    assert isinstance(source.source, PmcdSource)


def test_a_port_where_nobody_speaks_first_is_read_as_web(dialler, talk_server):
    server = talk_server(quiet)
    source = dialler().dial(hostspec.parse(f"127.0.0.1:{server.port}"))
    assert isinstance(source.source, WebSource)
    source.close()


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (lambda c: c.sendall(b"SSH-2.0-x\r\n"), NotPcp),
        (lambda c: None, NotPcp),
        (quiet, HostLate),
    ],
)
def test_libpcp_gets_no_address_where_no_pmcd_greets(
    dialler, talk_server, monkeypatch, talk, error
):
    monkeypatch.setattr(libpcp, "load", lambda *a: pytest.fail("libpcp was used"))
    server = talk_server(talk)
    with pytest.raises(error):
        dialler(read_timeout=0.2).dial(hostspec.parse(f"pcp://127.0.0.1:{server.port}"))


def test_without_the_bindings_a_pmcd_host_says_what_to_install(dialler, talk_server, monkeypatch):
    monkeypatch.setattr(libpcp, "available", lambda: "Install python3-pcp.")
    server = talk_server(pmcd)
    with pytest.raises(Unavailable, match="python3-pcp"):
        dialler().dial(hostspec.parse(f"pcp://127.0.0.1:{server.port}"))


def test_nobody_there_is_told_with_what_to_start(dialler, listener):
    closed = listener()
    port = closed.getsockname()[1]
    closed.close()
    with pytest.raises(HostDown, match="nothing listens"):
        dialler().dial(hostspec.parse(f"127.0.0.1:{port}"))
    assert dialler().alive(hostspec.parse(f"127.0.0.1:{port}")) is False


def test_alive_is_a_connection_and_no_more(dialler, listener):
    port = listener().getsockname()[1]
    assert dialler().alive(hostspec.parse(f"127.0.0.1:{port}")) is True


def test_local_needs_a_collector_and_no_policy(dialler, tmp_path):
    with pytest.raises(HostDown, match="no collector"):
        dialler().dial(hostspec.parse("local"))
    path = tmp_path / "pmcd.sock"
    known = dialler(pmcd_socket=str(path), allow_net=(), allow_port=("1-1",))
    assert known.alive(hostspec.parse("local")) is False
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert known.alive(hostspec.parse("local")) is True
    assert isinstance(known.dial(hostspec.parse("local")).source, PmcdSource)


def test_a_way_is_kept_until_three_failures_in_a_row(dialler, http_server):
    asked = []

    def answer(path):
        asked.append(path)
        return 200, "text/html", b"hello"

    server = http_server(answer)
    known = dialler()
    host = hostspec.parse(f"127.0.0.1:{server.port}")
    for number in range(3):
        assert (host.id in known._ways) is (number > 0)
        source = known.dial(host)
        with pytest.raises(NotPcp):
            source.open()
        source.close()
    assert host.id not in known._ways
    assert len(asked) == 3


# -- who is it ---------------------------------------------------------------------


@pytest.fixture
def pair():
    """Our end and the host's of one connection, the host's within a second."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(1)
    with ours, theirs:
        yield ours, theirs


def test_a_web_server_is_known_by_its_answer_without_waiting_for_a_greeting(pair):
    ours, theirs = pair
    reader = threading.Thread(
        target=lambda: theirs.recv(1000) and theirs.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
    )
    reader.start()
    # Who waited for pmcd's greeting would do so for a minute.
    assert probe.who_speaks(ours, 60.0, silence=0.0) == "web"
    reader.join()


def test_a_pmcd_that_greets_is_sent_nothing(pair):
    ours, theirs = pair
    theirs.sendall(GREETING)
    assert probe.who_speaks(ours, 60.0, silence=60.0) == "pmcd"
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)


def test_a_pmcd_that_greets_late_is_known_all_the_same(pair):
    ours, theirs = pair
    reader = threading.Thread(target=lambda: theirs.recv(1000) and theirs.sendall(GREETING))
    reader.start()
    assert probe.who_speaks(ours, 60.0, silence=0.0) == "pmcd"
    reader.join()


@pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n", b"220 mail\r\n", b"abc"])
def test_others_are_neither(pair, said):
    ours, theirs = pair
    theirs.sendall(said)
    theirs.shutdown(socket.SHUT_WR)
    assert probe.who_speaks(ours, 60.0, silence=60.0) is None


def test_who_stays_silent_is_given_up(pair):
    assert probe.who_speaks(pair[0], 0.02, silence=0.01) is None


# -- races -------------------------------------------------------------------------


def test_the_first_in_order_wins_where_all_answer(listener):
    ports = [listener().getsockname()[1] for _ in range(3)]
    outcome = probe.race([web(p) for p in ports], 1.0)
    assert outcome.winner == web(ports[0])
    outcome.socket.close()


def test_a_later_one_wins_at_once_where_the_better_refuse(listener):
    dead = listener()
    port = dead.getsockname()[1]
    alive = listener().getsockname()[1]
    dead.close()
    outcome = probe.race([web(port), web(alive)], 1.0, clock=lambda: 0.0)
    assert outcome.winner == web(alive)
    assert outcome.refused == (port,)
    outcome.socket.close()


def test_nobody_wins_where_all_refuse_or_are_silent(listener):
    full = listener(backlog=0)
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        outcome = probe.race([web(port)], 0.1)
        assert (outcome.winner, outcome.silent) == (None, (port,))
    finally:
        for one in waiting:
            one.close()


def test_one_machine_is_known_by_address_and_name():
    a = Facts("web-01", "web", "10.0.0.1:44322", machine="m1")
    assert same_machine(a, Facts("web-01", "web", "10.0.0.1:44322"))
    assert same_machine(a, Facts("other", "web", "10.0.0.1:44322", machine="m1"))
    assert not same_machine(a, Facts("web-01", "pmcd", "10.0.0.1:44321", machine="m1"))
    assert not same_machine(a, Facts("other", "web", "10.0.0.1:44322", machine="m2"))
    assert not same_machine(Facts("a", "web", "x:1"), Facts("b", "web", "x:1"))
