"""Records the world of test_recorded.py: netlink answers, and what `ss` and `tc` say beside them.

    unshare -n /usr/bin/python3 tests/pmda/vnet/record.py

Needs root: it runs in a network namespace of its own, on loopback, with a token
bucket that drops, so that there are retransmits. The numbers in the tests are
those of the recorded ss.txt and tc.txt, not of our own reading.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "pmda" / "vnet"))

import n_diag  # noqa: E402
import n_netlink  # noqa: E402
import n_qdisc  # noqa: E402


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def record(name, protocol, request):
    """Send a request of sequence 1 and keep each block of the answer, after its length."""
    channel = n_netlink.open_netlink(protocol)
    channel.send(request)
    with (HERE / "recorded" / name).open("wb") as file:
        while True:
            block = channel.recv(1 << 18)
            file.write(len(block).to_bytes(4, "little") + block)
            last = [kind for kind, _, _ in n_netlink.messages(block, 1)][-1]
            if last == n_netlink.DONE:
                break
    channel.close()


def sockets():
    """Connections over both families, data moved through a bucket that drops, a full queue."""
    kept = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        listener = socket.create_server((address, 21850), family=family, backlog=1)
        kept.append(listener)
        for size in (1000, 400000):
            client = socket.create_connection((address, 21850))
            accepted, _ = listener.accept()
            kept += [client, accepted]
            while size:
                client.sendall(b"x" * min(size, 20000))
                left = min(size, 20000)
                size -= left
                while left:
                    left -= len(accepted.recv(65536))
    reno = socket.create_connection(("127.0.0.1", 21850))
    reno.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
    kept += [reno, socket.create_connection(("127.0.0.1", 21850))]
    return kept


def main():
    run("ip", "link", "set", "lo", "mtu", "1500", "up")
    bucket = ("rate", "8mbit", "burst", "6000", "limit", "12000")
    run("tc", "qdisc", "add", "dev", "lo", "root", "tbf", *bucket)
    kept = sockets()
    time.sleep(3)  # until nothing is under way
    connected = 1 << (n_diag.INFO - 1) | 1 << (n_diag.CONG - 1)
    for name, family in (("ipv4", socket.AF_INET), ("ipv6", socket.AF_INET6)):
        for kind, states, wanted in (
            ("connections", n_diag.CONNECTED, connected),
            ("listeners", 1 << n_diag.LISTEN, 1 << (n_diag.SKMEMINFO - 1)),
        ):
            body = n_diag.request(family, states, wanted)
            request = n_netlink.request(n_diag.BY_FAMILY, body, 1)
            record(f"{kind}-{name}.bin", n_netlink.SOCK_DIAG, request)
    record("qdiscs.bin", n_netlink.ROUTE, n_netlink.request(n_qdisc.GET, bytes(20), 1))
    (HERE / "recorded/ss.txt").write_text(
        "".join(line.rstrip() + "\n" for line in run("ss", "-tainHOme").splitlines())
    )
    (HERE / "recorded/tc.txt").write_text(run("tc", "-s", "qdisc", "show"))
    for one in kept:
        one.close()


main()
