"""CPU of one look at every TCP socket: the agent vnet, `ss` with parsing, pyroute2.

    python -m bench.vnet [--sockets 100 1000 10000] [--rounds 7]

Connections are made on loopback, in a network namespace of their own where
that is allowed. vnet's figure is its whole second: reading, sums, percentiles,
deltas, top lists and the snapshot that fetches are answered from. The others
only read and parse. `kernel` is what nobody gets around: one walk through the
kernel's table of IPv4 connections and its answer, unread (ss and pyroute2 walk
a second time for IPv6). CPU of this process and its children, medians of rounds
taken in turn. pyroute2 is not a dependency: `pip install pyroute2` for its row.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

AGENT = Path(__file__).resolve().parents[1] / "pmda" / "vnet"
PORT = 21890
CLONE_NEWNET = 0x40000000
WORD = re.compile(r"(\w+):(\S+)")


def own_namespace() -> bool:
    """Leave the host's network for one of this process's own; False where that is refused."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


@contextlib.contextmanager
def sockets(count: int) -> Iterator[None]:
    """`count` connected sockets: half of them clients, half accepted, some data moved."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", PORT), backlog=128))
        for _ in range(count // 2):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", PORT)))
            accepted = stack.enter_context(listener.accept()[0])
            client.sendall(b"x" * 100)
            accepted.recv(100)
        yield


def cpu() -> float:
    """CPU seconds of this process and of the children that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def with_vnet() -> Callable[[], int]:
    """The agent's whole second. Answers how many sockets were read."""
    sys.path.insert(0, str(AGENT))
    import n_probes
    import n_table
    import vcollect
    import vconf
    import vfiles
    import vsnap

    vcollect.calm_garbage_collector()
    conf = vconf.defaults(n_table.OPTIONS, budget=100.0)
    namespaces = n_probes.Namespaces(vfiles.World("/"), most=0)
    probe = n_probes.TcpProbe(namespaces, conf, cpu=lambda: 0.0)
    assembler = vsnap.Assembler(n_table.TABLE)
    now = [0.0]

    def look() -> int:
        now[0] += 1.0
        reading = probe.collect(now[0])
        assembler.snapshot([reading], now[0])
        return int(reading.values["tcp.scanned"])  # type: ignore[arg-type]

    return look


def with_kernel() -> Callable[[], int]:
    """The kernel's part: the request that vnet sends, and its answer received."""
    import n_diag
    import n_netlink

    channel = n_netlink.open_netlink(n_netlink.SOCK_DIAG)
    wanted = 1 << (n_diag.INFO - 1) | 1 << (n_diag.CONG - 1)
    body = n_diag.request(socket.AF_INET, n_diag.CONNECTED, wanted)

    def look() -> int:
        channel.send(n_netlink.request(n_diag.BY_FAMILY, body, 1))
        found, size = 0, 0
        while True:
            block = channel.recv(n_netlink.RECEIVE)
            length, kind, _, _, _ = n_netlink.HEADER.unpack_from(block, 0)
            if kind == n_netlink.DONE:
                return found
            size = size or length  # all are alike here
            found += len(block) // size

    return look


def with_ss() -> int:
    """`ss`, one line per socket, each line's fields into a dict."""
    done = subprocess.run(
        ["ss", "-tinHO", "state", "connected"], capture_output=True, text=True, check=True
    )
    parsed: list[dict[str, Any]] = []
    for line in done.stdout.splitlines():
        state, recvq, sendq, local, remote, *rest = line.split(None, 5)
        parsed.append(
            {"state": state, "recvq": int(recvq), "sendq": int(sendq), "local": local}
            | {"remote": remote}
            | dict(WORD.findall(rest[0] if rest else ""))
        )
    return len(parsed)


def with_pyroute2() -> Callable[[], int] | None:
    try:
        from pyroute2 import DiagSocket
        from pyroute2.netlink.diag import SS_ALL
    except ImportError:
        return None

    def look() -> int:
        found = 0
        with DiagSocket() as channel:
            for family in (socket.AF_INET, socket.AF_INET6):
                states = SS_ALL & ~(1 << 6) & ~(1 << 10)
                answer = channel.get_sock_stats(family=family, states=states, extensions=10)
                found += sum(1 for _ in answer)
        return found

    return look


def measure(ways: dict[str, Callable[[], int]], rounds: int, count: int) -> dict[str, float]:
    """Median CPU milliseconds of each way; the ways take turns."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = cpu()
            seen = way()
            spent[name].append((cpu() - begun) * 1e3)
            if seen < count:
                raise SystemExit(f"{name} saw {seen} of {count} sockets")
    return {name: statistics.median(values) for name, values in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sockets", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    where = "a namespace of its own" if own_namespace() else "the host's namespace"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(given.sockets) + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))
    ways: dict[str, Callable[[], int]] = {
        "vnet": with_vnet(),
        "kernel": with_kernel(),
        "ss": with_ss,
    }
    pyroute2 = with_pyroute2()
    if pyroute2 is not None:
        ways["pyroute2"] = pyroute2
    print(f"CPU milliseconds of one look, median of {given.rounds}, in {where}")
    for count in given.sockets:
        with sockets(count):
            found = measure(ways, given.rounds, count)
        cheapest = min(value for name, value in found.items() if name in ("ss", "pyroute2"))
        row = "  ".join(f"{name} {value:8.2f}" for name, value in found.items())
        ratio = cheapest / found["vnet"]
        print(f"{count:6} sockets  {row}  ratio to the cheapest other {ratio:.1f}")


if __name__ == "__main__":
    main()
