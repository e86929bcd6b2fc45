"""The agent vnet as PCP runs it, under dbpmda: every metric, its descriptor and its value."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import n_table
import pytest

pytestmark = pytest.mark.stack  # PCP must be installed

AGENT = Path(__file__).resolve().parents[3] / "pmda" / "vnet" / "pmdavnet.python"
TYPES = {
    "U32": "32-bit unsigned int",
    "U64": "64-bit unsigned int",
    "FLOAT": "float",
    "DOUBLE": "double",
    "STRING": "string",
}


@pytest.fixture
def ask(dbpmda: Callable[..., str]) -> Callable[..., str]:
    return lambda commands, *args: dbpmda(AGENT, 401, commands, *args)


def test_every_metric_is_what_the_table_says(ask: Callable[..., str]) -> None:
    metrics = n_table.TABLE.metrics
    text = ask([f"desc vnet.{metric.name}" for metric in metrics])
    kinds = re.findall(r"Data Type: (.*?)  +InDom: (\S+)", text)
    assert kinds == [(TYPES[one.type], f"401.{one.indom.serial}") for one in metrics]
    told = re.findall(r"Semantics: (\w+)  Units: (.*)", text)
    assert told == [(one.sem, one.units) for one in metrics]


def test_connections_and_listeners_of_this_host_have_values(ask: Callable[..., str]) -> None:
    names = ("tcp.rtt.p95", "tcp.sockets", "conn.rtt", "conn.state", "port.conns", "listen.queue")
    names += ("remote.conns", "qdisc.bytes", "tcp.retrans.segs", "netns.scanned")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
        server.accept()[0],
    ):
        port = server.getsockname()[1]
        commands = ["wait 2", *(f"fetch vnet.{name}" for name in names), "instance 401.7"]
        text = ask([*commands, "instance 401.9", "fetch vnet.probe.status"])
    counts = [int(count) for count in re.findall(r"numval: (\d+)", text)]
    assert len(counts) == len(names) + 1
    assert all(counts)
    assert f'"127.0.0.1:{port}"' in text
    assert re.search(rf'"127\.0\.0\.1:{port}>127\.0\.0\.1:\d+"', text)
    assert 'value "ok"' in text
    assert "callback" not in text and "Traceback" not in text


def test_a_fetch_is_answered_at_once(ask: Callable[..., str]) -> None:
    fetches = ["fetch vnet.conn.rtt", "fetch vnet.tcp.sockets", "fetch vnet.listen.queue"] * 10
    text = ask(["wait 2", "timer on", *fetches])
    spent = sorted(float(seconds) for seconds in re.findall(r"Timer: (\S+) seconds", text))
    assert len(spent) == 30
    assert spent[15] < 0.01  # the machine may be busy with others: not the worst


def test_in_an_empty_world_it_says_what_is_missing(ask: Callable[..., str]) -> None:
    empty = "/sys/kernel"  # a folder that any user may read, without a proc in it
    text = ask(["wait 2", "fetch vnet.probe.status", "fetch vnet.conntrack.count"], "-r", empty)
    assert 'value "connection tracking is not in use on this host"' in text
    assert "No values returned" in text
