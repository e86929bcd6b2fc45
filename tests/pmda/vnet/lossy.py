"""Run under `unshare -n` by test_live.py: sends through a token bucket that drops, tells in JSON
what vnet counted and what the kernel's own counters say."""

import json
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "pmda" / "vnet"))

import n_probes
import n_qdisc
import n_table
import vconf
import vfiles

SIZE = 600000
ENDS = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def snmp():
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
    names, values = [line[1:] for line in lines if line[0] == "Tcp:"]
    return dict(zip(names, map(int, values), strict=True))


def transfer(done):
    """Move SIZE bytes over each family; the sockets, still open."""
    kept, received = [], []
    for address, family in ENDS:
        server = socket.create_server((address, 21847), family=family)
        client = socket.create_connection((address, 21847))
        accepted, _ = server.accept()
        kept += [server, client, accepted]

        def take(one=accepted):
            left = SIZE
            while left:
                left -= len(one.recv(65536))
            received.append(SIZE)

        thread = threading.Thread(target=take)
        thread.start()
        client.sendall(b"x" * SIZE)
        thread.join()
    done.set()
    return kept, received


def main():
    run("ip", "link", "set", "lo", "mtu", "1500", "up")
    bucket = ("rate", "8mbit", "burst", "6000", "limit", "12000")
    run("tc", "qdisc", "add", "dev", "lo", "root", "tbf", *bucket)
    conf = vconf.defaults(n_table.OPTIONS, connections=500, namespaces=False)
    namespaces = n_probes.Namespaces(vfiles.World("/"), most=0)
    probe = n_probes.TcpProbe(namespaces, conf, cpu=lambda: 0.0)
    now, resent, done = [0.0], [], threading.Event()

    def look():
        now[0] += 1.0
        values = probe.collect(now[0]).values
        resent.append(values["tcp.retrans.conns"])
        return values

    look()
    result = []
    worker = threading.Thread(target=lambda: result.extend(transfer(done)))
    worker.start()
    while not done.wait(0.2):
        look()
    worker.join()
    kept, received = result
    while (values := look())["tcp.unacked"]:  # the last acknowledgements, and what they need
        done.wait(0.05)
        threading.Event().wait(0.1)
    drops = n_qdisc.QdiscProbe().collect(0.0).values["qdisc.drops"]
    told = {
        "sent": SIZE * len(ENDS),
        "received": sum(received),
        "retrans.segs": values["tcp.retrans.segs"],
        "retrans.bytes": values["tcp.retrans.bytes"],
        "sum_before_end": sum(values["conn.total_retrans"].values()),
        "port_retrans": sum(values["port.retrans"].values()),
        "remote_retrans": sum(values["remote.retrans"].values()),
        "conns_that_resent": max(resent),
        "snmp": snmp(),
        "qdisc_drops": sum(drops.values()),
        "tc_drops": int(re.search(r"dropped (\d+)", run("tc", "-s", "qdisc", "show")).group(1)),
    }
    for one in kept:
        one.close()
    told["after_end"] = look()["tcp.retrans.segs"]
    probe.close()
    print(json.dumps(told))


main()
