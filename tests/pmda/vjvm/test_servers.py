"""MBean servers that answer well, badly, slowly or not at all; on loopback ports of the kernel."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import j_maps
import j_mbeans
import j_servers
import pytest
import vcollect
import vconf

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
Answer = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], int]]:
    """`serve(answer)` -> a port; `answer(connection)` is called after the request was read."""
    stack = contextlib.ExitStack()

    def start(answer: Answer) -> int:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    request = b""
                    while not request.endswith(b"]"):
                        request += connection.recv(65536)
                    answer(connection)

        thread = threading.Thread(target=run)
        thread.start()
        stack.callback(thread.join)
        stack.callback(listener.shutdown, socket.SHUT_RDWR)
        return int(listener.getsockname()[1])

    yield start
    stack.close()


def to(port: int, way: str = "jolokia") -> j_servers.Server:
    return j_servers.server(f"kafka:{way}:http://127.0.0.1:{port}/jolokia", False)


def ask(port: int, timeout: float = 5.0) -> bytes:
    return j_servers.exchange(to(port), None, timeout, "", b"[]")


def test_an_answer(serve: Callable[[Answer], int]) -> None:
    assert ask(serve(lambda link: link.sendall(OK + b"[1]"))) == b"[1]"


def drip(link: socket.socket) -> None:
    while True:
        link.sendall(b"x")
        time.sleep(0.02)


def drip_body(link: socket.socket) -> None:
    link.sendall(OK)
    drip(link)


def flood(link: socket.socket) -> None:
    link.sendall(OK)
    while True:
        link.sendall(b" " * 65536)


def redirect(link: socket.socket) -> None:
    link.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "timeout", "why"),
    [
        (lambda link: link.recv(1), 0.3, "no answer within 0.3 seconds"),
        (drip, 0.3, "no answer within 0.3 seconds"),
        (drip_body, 0.3, "no answer within 0.3 seconds"),
        (flood, 20, "longer than 4194304 bytes"),
        (redirect, 5, "answered with status 302"),
        (lambda link: link.sendall(b"HTTP/1.1 401 No\r\n\r\n"), 5, "user and a password"),
        (lambda link: link.sendall(b"SSH-2.0-x\r\n"), 5, "no answer: "),
        (lambda link: None, 5, "no answer: "),
    ],
)
def test_answers_that_are_none(
    serve: Callable[[Answer], int], answer: Answer, timeout: float, why: str
) -> None:
    with pytest.raises(j_servers.ServerError, match=why):
        ask(serve(answer), timeout)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(j_servers.ServerError, match="refused"):
        ask(port)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("tomcat", "is not MAP:jolokia"),
        ("tomcat:rmi:http://127.0.0.1/", "is not MAP:jolokia"),
        ("tomcat:jolokia:ftp://127.0.0.1/", "begins with http"),
        ("tomcat:jolokia:http:///x", "begins with http"),
        ("tomcat:jolokia:http://127.0.0.1:99999/", "out of range"),
        ("tomcat:jolokia:http://u:p@127.0.0.1/", "leave out user"),
        ("tomcat:jolokia:http://127.0.0.1/?a=b", "leave out user"),
        ("tomcat:jolokia:http://10.0.0.1/", "not on loopback"),
        ("tomcat:jolokia:http://169.254.169.254/", "not on loopback"),
        ("tomcat:jolokia:http://example.org/", "not on loopback"),
        ("tomcat:jolokia:http://127.0.0.1.example.org/", "not on loopback"),
    ],
)
def test_addresses_that_are_not_asked(word: str, why: str) -> None:
    with pytest.raises(j_servers.ServerError, match=why):
        j_servers.server(word, False)


def test_addresses_that_are() -> None:
    local = j_servers.server("tomcat:jmxproxy:http://localhost:8080/manager/jmxproxy", False)
    assert (local.host, local.port, local.path) == ("127.0.0.1", 8080, "/manager/jmxproxy")
    assert j_servers.server("k:jolokia:http://[::1]:1/", False).address == "[::1]:1"
    beyond = j_servers.server("k:jolokia:https://example.org/j", True)
    assert (beyond.tls, beyond.address) == (True, "example.org:443")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"nonsense", b"[" * 100000, b'"x"', b"12", b"\xff\xfe", b'[{"status":200'],
)
def test_what_is_no_answer_of_jolokia(data: bytes) -> None:
    with pytest.raises(j_servers.ServerError, match="its answer is"):
        j_servers.jolokia_answer(data)


def test_parts_of_an_answer_that_are_odd_are_left_out() -> None:
    answers: list[Any] = [
        1,
        None,
        {"status": 404, "request": {"mbean": "a:b=c"}},
        {"status": 200},
        {"status": 200, "request": {"mbean": 7}, "value": {}},
        {"status": 200, "request": {"mbean": "a:b=c"}, "value": 3},
        {"status": 200, "request": {"mbean": "a:b=*"}, "value": {"a:b=1": 3, "a:b=2": {"X": 4}}},
        {"status": 200, "request": {"mbean": "a:b=c"}, "value": {"Y": 5}},
    ]
    found = j_servers.jolokia_answer(json.dumps(answers).encode())
    assert found == {"a:b=2": {"X": 4}, "a:b=c": {"Y": 5}}


def test_an_answer_of_jmxproxy() -> None:
    data = (
        b'OK - Number of results: 2\r\n\r\nName: Catalina:type=ThreadPool,name="http-nio-1"\r\n'
        b"modelerType: x\r\nmaxThreads: 200\r\nname: http\r\n\r\nName: java.lang:type=Memory\r\n"
        b"HeapMemoryUsage: javax.management.openmbean.CompositeDataSupport(compositeType=x,"
        b"contents={committed=10, init=5, max=20, used=7})\r\n"
    )
    assert j_servers.jmxproxy_answer(data) == {
        'Catalina:type=ThreadPool,name="http-nio-1"': {
            "modelerType": "x",
            "maxThreads": "200",
            "name": "http",
        },
        "java.lang:type=Memory": {
            "HeapMemoryUsage": {"committed": "10", "init": "5", "max": "20", "used": "7"}
        },
    }
    with pytest.raises(j_servers.ServerError, match="not jmxproxy's"):
        j_servers.jmxproxy_answer(b"Error - x")


def test_credentials(tmp_path: Path, conf: Callable[..., vconf.Conf]) -> None:
    file = tmp_path / "credentials"
    file.write_text("# who\n127.0.0.1:8080 duke geheim wort\n")
    file.chmod(0o600)
    assert j_mbeans.credentials(str(file)) == {"127.0.0.1:8080": ("duke", "geheim wort")}
    file.chmod(0o640)
    assert "can be read by others" in str(j_mbeans.logins(conf(credentials=str(file))))
    file.chmod(0o600)
    file.write_text("127.0.0.1:8080 duke\n")
    assert "a line is no" in str(j_mbeans.logins(conf(credentials=str(file))))
    assert "can't be read" in str(j_mbeans.logins(conf(credentials=str(tmp_path / "none"))))
    assert j_mbeans.logins(conf()) == {}


def status(probe: vcollect.Probe) -> str:
    try:
        return probe.collect(0.0).note
    except vcollect.Unavailable as reason:
        return str(reason)
    finally:
        probe.close()


def test_what_is_wrong_with_the_conf_is_told(conf: Callable[..., vconf.Conf]) -> None:
    def told(*words: str, given: j_mbeans.Logins = "") -> str:
        return status(j_mbeans.probe(conf(mbeans=words), given or {}, list))

    assert told() == "off: name MBean servers in vjvm.conf (mbeans = ...)"
    assert "no map is called nginx" in told("nginx:jolokia:http://127.0.0.1/")
    assert "not on loopback" in told("kafka:jolokia:http://10.0.0.1/")
    assert "more than 16" in told(*["kafka:jolokia:http://127.0.0.1/"] * 17)
    assert told(given="it is gone") == "off: it is gone"


def test_a_poller_keeps_its_last_answer_for_a_while(
    serve: Callable[[Answer], int], conf: Callable[..., vconf.Conf]
) -> None:
    body = json.dumps(
        [
            {
                "status": 200,
                "request": {"mbean": "kafka.server:type=ReplicaManager,name=LeaderCount"},
                "value": {"Value": 12},
            },
            {
                "status": 200,
                "request": {"mbean": j_servers.RUNTIME},
                "value": {"Name": "4711@host"},
            },
        ]
    ).encode()
    answers = [OK + body, b"HTTP/1.1 500 x\r\n\r\n", b"HTTP/1.1 500 x\r\n\r\n"]
    port = serve(lambda link: link.sendall(answers.pop(0)))
    (kafka,) = (each for each in j_maps.shipped() if each.name == "kafka")
    now = [100.0]
    poller = j_mbeans.Poller(to(port), kafka.rules, None, conf(), lambda: now[0])
    probe = j_mbeans.MBeans([poller], list)
    with pytest.raises(vcollect.Unavailable, match="not asked yet"):
        probe.collect(0.0)
    poller.once()
    reading = probe.collect(0.0)
    assert reading.values == {"mbean.kafka.replicas.leaders": {(to(port), "all"): 12}}
    assert reading.names == {"mbean": {(to(port), "all"): f"127.0.0.1:{port}::all"}}
    assert reading.note == "1 MBean servers"
    poller.once()
    assert poller.answer() is not None
    with pytest.raises(vcollect.Unavailable, match="status 500"):
        probe.collect(0.0)
    now[0] = 113.0
    assert poller.answer() is None
