"""The agent vnet under a real pmcd: values, rights, and an end without remains."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.stack

PATIENCE = 30.0
ROOT = os.geteuid() == 0


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module")
def agent(one_agent: Callable[..., Any]) -> Any:
    made = one_agent("vnet", domain=401, restarts=True)
    until(lambda: made.values("tcp.scanned"), "a first look")
    return made


def test_every_probe_says_how_it_fares(agent: Any) -> None:
    told = agent.values("probe.status")
    assert list(told) == ["tcp", "netns", "qdisc", "conntrack"]
    assert told["tcp"] == told["qdisc"] == "ok"
    assert told["netns"].startswith("ok: ")
    assert agent.values("control.errors") == {"all": 0}
    assert agent.values("control.heartbeat_age")["all"] < 3


def test_every_metric_is_known_and_has_its_help(agent: Any) -> None:
    names = re.findall(r"^(vnet\.\S+)", agent.ask("-t", "vnet"), re.M)
    assert len(names) >= 95
    helped = agent.ask("-T", "vnet")
    assert helped.count("Help:") == len(names)
    assert "no help" not in helped.lower()


def test_a_connection_and_a_full_queue_are_seen(agent: Any, free_port: Callable[[], int]) -> None:
    port = free_port()
    listens = f"127.0.0.1:{port}"
    with (
        socket.create_server(("127.0.0.1", port), backlog=0) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        name = f"127.0.0.1:{client.getsockname()[1]}>{listens}"
        client.sendall(b"x" * 12345)
        until(lambda: agent.values("listen.queue").get(listens) == 1, "the queue")
        assert agent.values("listen.utilisation")[listens] == 1.0
        until(lambda: agent.values("conn.bytes_acked").get(name) == 12346, "the bytes")
        assert agent.values("conn.state")[name] == "established"
        assert agent.values("port.conns")[f"in:{port}"] == 1
        server.accept()[0].close()
    until(lambda: listens not in agent.values("listen.queue"), "its end")


def test_it_keeps_no_more_of_root_than_it_needs(agent: Any) -> None:
    if not ROOT:
        assert int(agent.status("CapEff"), 16) == 0
        return
    pcp = str(pwd.getpwnam("pcp").pw_uid)
    assert agent.status("Uid").split() == [pcp] * 4
    for which in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"):
        assert int(agent.status(which), 16) == 0
    assert agent.status("NoNewPrivs") == "1"


@pytest.mark.skipif(not ROOT, reason="network namespaces need root")
def test_its_child_alone_may_enter_namespaces_and_ends_with_it(agent: Any) -> None:
    pid = agent.pid()
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines()
    )
    assert fields["Name"] == "vnet-namespaces"
    assert fields["Uid"].split() == [str(pwd.getpwnam("pcp").pw_uid)] * 4
    kept = 1 << 21 | 1 << 19  # CAP_SYS_ADMIN to enter namespaces, CAP_SYS_PTRACE to find them
    assert [int(fields[which], 16) for which in ("CapEff", "CapPrm", "CapBnd")] == [kept] * 3
    assert (int(fields["CapInh"], 16), int(fields["CapAmb"], 16)) == (0, 0)
    assert fields["NoNewPrivs"] == "1"
    links = {os.readlink(path) for path in Path(f"/proc/{child}/fd").iterdir()}
    assert {link for link in links if not link.startswith("socket:")} == {"/dev/null"}
    assert len([link for link in links if link.startswith("socket:")]) == 1  # not pmcd's pipes


INSIDE = (
    "import socket, subprocess, sys\n"
    "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n"
    "server = socket.create_server(('127.0.0.1', 21892))\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.mark.skipif(not ROOT, reason="network namespaces need root")
def test_other_namespaces_are_seen_through_the_child(agent: Any) -> None:
    with subprocess.Popen(
        ["unshare", "-n", sys.executable, "-c", INSIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        inode = os.readlink(f"/proc/{child.pid}/ns/net").strip("net:[]")
        name = f"127.0.0.1:21892@net-{inode}"
        until(lambda: agent.values("listen.queue").get(name) == 0, "its listener")
        child.communicate("")
    until(lambda: name not in agent.values("listen.queue"), "its end")


def test_one_that_is_killed_comes_back(agent: Any) -> None:
    first = agent.pid()
    assert first is not None
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    os.kill(first, signal.SIGKILL)
    for child in children:
        until(lambda child=child: not Path(f"/proc/{child}").exists(), "the child's end")
    until(lambda: agent.values("tcp.scanned") and agent.pid() != first, "its return")


def test_it_ends_with_pmcd(agent: Any) -> None:
    """The last test: pmcd is gone after it."""
    pid = until(agent.pid, "the agent")
    agent.stop()
    until(lambda: not Path(f"/proc/{pid}").exists(), "the agent's end")
