"""vnet on the real kernel: sockets that the test makes, `ss` beside it, losses in a namespace."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import n_probes
import n_scan
import n_table
import pytest
import vconf
import vfiles
import vsnap

PORTS = range(21800, 21840)
LOSSY = Path(__file__).with_name("lossy.py")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
needs_ss = pytest.mark.skipif(not shutil.which("ss"), reason="ss (iproute2) is not installed")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def look(stack: ExitStack) -> Callable[..., vsnap.Reading]:
    """One look at this host's sockets with a probe that stays the same."""
    conf = vconf.defaults(n_table.OPTIONS, connections=500, budget=100.0)
    namespaces = n_probes.Namespaces(vfiles.World("/"), most=0)
    probe = n_probes.TcpProbe(namespaces, conf, cpu=lambda: 0.0)
    stack.callback(probe.close)
    clock = [0.0]

    def now() -> vsnap.Reading:
        clock[0] += 1.0
        return probe.collect(clock[0])

    return now


def listen(stack: ExitStack, address: str = "127.0.0.1", backlog: int = 16) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in PORTS:
        try:
            made = socket.create_server((address, port), family=family, backlog=backlog)
        except OSError:
            continue
        return stack.enter_context(made)
    raise RuntimeError("no free port")


def pair(stack: ExitStack, server: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = stack.enter_context(socket.create_connection(server.getsockname()[:2]))
    accepted = stack.enter_context(server.accept()[0])
    return client, accepted


def name(one: socket.socket) -> str:
    """A connection's instance name."""
    ends = [one.getsockname(), one.getpeername()]
    return ">".join(
        ("[%s]:%d" if one.family == socket.AF_INET6 else "%s:%d") % end[:2] for end in ends
    )


def of(reading: vsnap.Reading, one: socket.socket) -> dict[str, Any]:
    """All values of a connection."""
    keys = {named: key for key, named in reading.names["connection"].items()}
    key = keys[name(one)]
    return {
        metric.removeprefix("conn."): values[key]
        for metric, values in reading.values.items()
        if metric.startswith("conn.")
    }


def port_key(port: int, outbound: bool = False) -> int:
    return socket.htons(port) | (n_scan.OUTBOUND if outbound else 0)


def settle(one: socket.socket, sent: int, look: Callable[..., vsnap.Reading]) -> None:
    """Wait until what was sent is acknowledged."""
    end = time.monotonic() + 5
    while of(look(), one)["bytes_acked"] < sent:
        assert time.monotonic() < end, "it was never acknowledged"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_bytes_are_those_that_were_moved(
    stack: ExitStack, look: Callable[..., vsnap.Reading], address: str
) -> None:
    server = listen(stack, address)
    port = server.getsockname()[1]
    client, accepted = pair(stack, server)
    look()
    client.sendall(b"x" * 30000)
    left = 30000
    while left:
        left -= len(accepted.recv(65536))
    accepted.sendall(b"y" * 5000)
    while len(client.recv(5000, socket.MSG_PEEK)) < 5000:
        pass
    settle(accepted, 5000, look)
    settle(client, 30000, look)
    reading = look()
    near, far = of(reading, client), of(reading, accepted)
    assert near["bytes_acked"] == 30001  # its SYN too
    assert (near["bytes_sent"], near["bytes_received"]) == (30000, 5000)
    assert (far["bytes_acked"], far["bytes_received"]) == (5000, 30000)
    assert (near["recvq"], far["recvq"]) == (5000, 0)  # peeked at, not taken
    assert near["state"] == far["state"] == "established"
    assert (near["uid"], near["inode"]) == (os.getuid(), os.fstat(client.fileno()).st_ino)
    for metric, sent, got in (("port", 5000, 30000),):
        key = port_key(port)
        assert reading.values[f"{metric}.bytes_in"][key] == got
        assert reading.values[f"{metric}.bytes_out"][key] == sent
        assert reading.values[f"{metric}.conns"][key] == 1
    outbound = port_key(port, outbound=True)
    assert reading.values["port.bytes_in"][outbound] == 5000
    assert reading.values["port.bytes_out"][outbound] == 30000
    remote = b"\x7f\0\0\x01" if address == "127.0.0.1" else bytes(15) + b"\x01"
    assert reading.values["remote.bytes_in"][remote] >= 35000


def test_a_full_accept_queue_is_seen_as_such(
    stack: ExitStack, look: Callable[..., vsnap.Reading]
) -> None:
    server = listen(stack, backlog=2)
    listener = f"127.0.0.1:{server.getsockname()[1]}"
    assert look().values["listen.utilisation"][listener] == 0
    for _ in range(3):  # the kernel takes one more than the backlog says
        stack.enter_context(socket.create_connection(server.getsockname()))
    reading = look()
    told = [reading.values[f"listen.{what}"][listener] for what in ("queue", "backlog")]
    assert told == [3, 2]
    assert reading.values["listen.utilisation"][listener] == 1.0
    blocked = stack.enter_context(socket.socket())
    blocked.settimeout(0.3)
    with pytest.raises(TimeoutError):
        blocked.connect(server.getsockname())
        blocked.sendall(b"x")
        blocked.recv(1)
    assert look().values["listen.drops"][listener] >= 1
    server.accept()[0].close()
    reading = look()
    assert reading.values["listen.queue"][listener] in (2, 3)  # the blocked one may come in
    assert reading.values["listen.max_queue"][listener] == 3


def test_a_port_used_again_is_another_connection(
    stack: ExitStack, look: Callable[..., vsnap.Reading], free_port: Callable[[], int]
) -> None:
    server, port = listen(stack), free_port()
    cookies = []
    for _ in range(2):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST
        client.bind(("127.0.0.1", port))
        client.connect(server.getsockname())
        with server.accept()[0]:
            names = look().names["connection"]
            cookies += [key for key, named in names.items() if named == name(client)]
            client.close()
    assert len(set(cookies)) == 2


WORDS = {
    "rto": lambda text: round(float(text) * 1000),
    "mss": int,
    "pmtu": int,
    "cwnd": int,
    "ssthresh": int,
    "bytes_sent": int,
    "bytes_retrans": int,
    "bytes_acked": int,
    "bytes_received": int,
    "segs_out": int,
    "segs_in": int,
    "minrtt": lambda text: round(float(text) * 1000),
    "snd_wnd": int,
    "notsent": int,
    "unacked": int,
    "busy": lambda text: int(text.removesuffix("ms")) * 1000,
    "ino": int,
    "uid": int,
}
OURS = {"minrtt": "min_rtt", "busy": "busy_time", "ino": "inode"}


def ss(port: int) -> dict[str, dict[str, Any]]:
    """What `ss` says of the connections of a port, by our instance names."""
    done = subprocess.run(
        ["ss", "-tinHOme", "state", "established", f"( sport = :{port} or dport = :{port} )"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for line in done.stdout.splitlines():
        recvq, sendq, here, there, rest = line.split(None, 4)
        values: dict[str, Any] = {"recvq": int(recvq), "sendq": int(sendq)}
        for word, value in re.findall(r"(\w+):(\S+)", rest):
            if word in WORDS:
                values[OURS.get(word, word)] = WORDS[word](value)
        rtt, rttvar = re.search(r"\brtt:([\d.]+)/([\d.]+)", rest).groups()  # type: ignore[union-attr]
        values["rtt"], values["rttvar"] = round(float(rtt) * 1000), round(float(rttvar) * 1000)
        for ours, theirs in (("pacing_rate", "pacing_rate"), ("delivery_rate", "delivery_rate")):
            rate = re.search(rf"{theirs} (\d+)bps", rest)
            if rate:
                values[ours] = int(rate.group(1))
        resent = re.search(r"retrans:(\d+)/(\d+)", rest)
        values["retrans"], values["total_retrans"] = map(int, resent.groups() if resent else (0, 0))
        values["cong"] = re.search(r"\b(bbr|cubic|reno)\b", rest).group(1)  # type: ignore[union-attr]
        found[f"{here}>{there}"] = values
    return found


@needs_ss
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_every_field_is_the_one_that_ss_tells(
    stack: ExitStack, look: Callable[..., vsnap.Reading], address: str
) -> None:
    server = listen(stack, address)
    ends = [pair(stack, server) for _ in range(5)]
    for size, (client, accepted) in enumerate(ends, 1):
        client.sendall(b"x" * size * 1000)
        accepted.sendall(b"y" * size * 100)
        if size % 2:
            accepted.recv(100000)
    for size, (client, accepted) in enumerate(ends, 1):
        settle(client, size * 1000, look)
        settle(accepted, size * 100, look)
    # Nothing is under way any more; a late delayed acknowledgement may still fall between.
    for _ in range(20):
        before, told, after = look(), ss(server.getsockname()[1]), look()
        rows = {name(one): (of(before, one), of(after, one)) for two in ends for one in two}
        moving = ("last_rcv",)
        if all(
            {**first, **dict.fromkeys(moving)} == {**second, **dict.fromkeys(moving)}
            for first, second in rows.values()
        ):
            break
    assert set(told) == set(rows)
    for instance, values in told.items():
        ours = dict(rows[instance][1])
        for rate in ("pacing_rate", "delivery_rate"):
            if rate in values:  # ss tells bits
                assert ours[rate] * 8 == pytest.approx(values.pop(rate), abs=8)
        assert {word: ours[word] for word in values} == values
        assert len(values) >= 18


@root_only
@pytest.mark.timeout(60)
def test_retransmits_in_a_namespace_that_drops() -> None:
    """A token bucket on lo: what we count is what /proc/net/snmp and the qdisc count."""
    done = subprocess.run(
        ["unshare", "-n", sys.executable, LOSSY],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["retrans.segs"] >= 20
    assert told["retrans.segs"] == told["snmp"]["RetransSegs"]
    assert told["retrans.segs"] == told["sum_before_end"]
    assert told["retrans.bytes"] >= 1448 * told["retrans.segs"] / 2
    assert told["after_end"] == told["retrans.segs"], "it fell when the connections ended"
    assert told["port_retrans"] == told["retrans.segs"]
    assert told["remote_retrans"] == told["retrans.segs"]
    assert told["qdisc_drops"] == told["tc_drops"] > 0
    assert told["conns_that_resent"] >= 1
    assert told["received"] == told["sent"]


@root_only
@pytest.mark.timeout(30)
def test_another_namespace_is_seen_through_its_process(stack: ExitStack) -> None:
    script = (
        "import socket, subprocess, sys\n"
        "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n"
        "server = socket.create_server(('127.0.0.1', 21846))\n"
        "client = socket.create_connection(('127.0.0.1', 21846))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        ["unshare", "-n", sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None and child.stdout is not None
    stack.callback(child.wait, 10)
    stack.callback(child.stdin.close)
    stack.callback(child.stdout.close)
    assert child.stdout.readline() == "ready\n"
    inode = os.readlink(f"/proc/{child.pid}/ns/net").strip("net:[]")
    conf = vconf.defaults(n_table.OPTIONS, connections=500)
    namespaces = n_probes.Namespaces(vfiles.World("/"))
    probe = n_probes.TcpProbe(namespaces, conf, cpu=lambda: 0.0)
    stack.callback(probe.close)
    own = os.readlink("/proc/self/ns/net")
    reading = probe.collect(0.0)
    label = f"net-{inode}"
    assert reading.values["listen.queue"][f"127.0.0.1:21846@{label}"] == 1
    names = reading.names["port"].values()
    assert f"in:21846@{label}" in names and f"out:21846@{label}" in names
    assert reading.values["netns.scanned"] >= 2
    assert os.readlink("/proc/self/ns/net") == os.readlink("/proc/thread-self/ns/net") == own
