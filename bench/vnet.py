"""CPU of one look at every TCP socket: the agent vnet, `ss` with parsing, pyroute2.

    python -m bench.vnet [--sockets 100 1000 10000] [--rounds 7] [--active 10] [--new 0]

Connections are made on loopback, in a network namespace of their own where
that is allowed. Before each look `--active` percent of them move data, and
`--new` of them are closed and as many opened. vnet's figure is its whole
second: reading, sums, percentiles, deltas, top lists and the snapshot that
fetches are answered from. The others only read and parse; ss is not asked for
the memory of sockets (-m), which would make it dearer.

`kernel` is one walk through the kernel's table of IPv4 connections and its
answer, unread; ss and pyroute2 walk a second time for IPv6. vnet asks for up to
some hundred connections one by one while there are no others, and walks each
fifth second, or whenever one came: `--new 1` shows what that costs.

CPU of this process and its children. A round is six looks of each way, one
after the other, of which the first is not counted: it is the one that finds what
happened while the others looked. Most rounds so have one of vnet's walks in
them; medians of rounds are told. pyroute2 is not a dependency: `pip install
pyroute2` for its row.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import ctypes
import re
import resource
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AGENT = Path(__file__).resolve().parents[1] / "pmda" / "vnet"
PORT = 21890
CLONE_NEWNET = 0x40000000
LOOKS = 5  # that count in a round: vnet walks the kernel's table at each fifth
WORD = re.compile(r"(\w+):(\S+)")


def own_namespace() -> bool:
    """Leave the host's network for one of this process's own; False where that is refused."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


class Connections:
    """`count` connected sockets: half of them clients, half accepted, some data moved."""

    def __init__(self, count: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", PORT), backlog=128)
        self.pairs: collections.deque[tuple[socket.socket, socket.socket]] = collections.deque()
        for _ in range(count // 2):
            self.open()

    def open(self) -> None:
        pair = socket.create_connection(("127.0.0.1", PORT)), self.listener.accept()[0]
        self.pairs.append(pair)
        self.move(1)

    def move(self, count: int) -> None:
        """Data through the last `count`, which are the first from then on."""
        for _ in range(count):
            client, accepted = self.pairs[-1]
            client.sendall(b"x" * 100)
            accepted.recv(100)
            self.pairs.rotate()

    def renew(self, count: int) -> None:
        """End some, and open as many."""
        for _ in range(count):
            for end in self.pairs.popleft():
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.close()
            self.open()

    def close(self) -> None:
        for end in (self.listener, *(end for pair in self.pairs for end in pair)):
            end.close()


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


def measure(
    ways: dict[str, Callable[[], int]], rounds: int, count: int, before: Callable[[], None]
) -> dict[str, float]:
    """Median CPU milliseconds of one look of each way; the ways take turns. `before` each look
    the sockets do something."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            total = 0.0
            way()  # what happened while the others looked is not this look's
            for _ in range(LOOKS):
                before()
                begun = cpu()
                seen = way()
                total += cpu() - begun
                if seen < count:
                    raise SystemExit(f"{name} saw {seen} of {count} sockets")
            spent[name].append(total * 1e3 / LOOKS)
    return {name: statistics.median(values) for name, values in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sockets", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--active", type=float, default=10.0, help="percent that move data")
    parser.add_argument("--new", type=int, default=0, help="connections that come and go")
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
    print(f"CPU milliseconds of one look, median of {given.rounds} rounds, in {where}")
    for count in given.sockets:
        with contextlib.closing(Connections(count)) as made:

            def live(made: Connections = made, count: int = count) -> None:
                made.renew(given.new)
                made.move(round(count / 2 * given.active / 100))

            found = measure(ways, given.rounds, count, live)
        cheapest = min(value for name, value in found.items() if name in ("ss", "pyroute2"))
        row = "  ".join(f"{name} {value:8.2f}" for name, value in found.items())
        ratio = cheapest / found["vnet"]
        print(f"{count:6} sockets  {row}  ratio to the cheapest other {ratio:.1f}")


if __name__ == "__main__":
    main()
