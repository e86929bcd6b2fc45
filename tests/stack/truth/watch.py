"""Reads the kernel's own counters ten times a second and writes each reading as a line of JSON.

Run as a program: `watch.py FILE`, until it is ended. This is the independent
route of the test of truth: it knows nothing of PCP or vectorpy. Units are
seconds, bytes and ones; a name holds the instance ("net.lo.in.bytes").
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PERIOD = 0.1
HERTZ = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
MODES = ("user", "nice", "sys", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")
STATES = {
    "01": "established", "02": "syn sent", "03": "syn received", "04": "fin wait",
    "05": "fin wait", "06": "time wait", "07": "closing", "08": "close wait",
    "09": "closing", "0A": "listen", "0B": "closing",
}  # fmt: skip

Pairs = Iterator[tuple[str, float]]


def lines(path: str) -> list[str]:
    return (PROC / path).read_text().splitlines()


def cpus() -> Pairs:
    for line in lines("stat"):
        name, *rest = line.split()
        if name.startswith("cpu"):
            modes = dict(zip(MODES, (int(one) / HERTZ for one in rest), strict=True))
            modes["vuser"] = modes["user"] - modes["guest"]
            modes["vnice"] = modes["nice"] - modes["guest_nice"]
            modes["guests"] = modes["guest"] + modes["guest_nice"]
            own = sum(modes[one] for one in MODES[:8])
            modes["busy"] = own - modes["idle"] - modes["iowait"]
            yield from ((f"{name}.{mode}", value) for mode, value in modes.items())
        elif name in ("ctxt", "intr", "processes", "procs_running", "procs_blocked"):
            yield name, float(rest[0])


def small() -> Pairs:
    for name, value in zip(("1", "5", "15"), lines("loadavg")[0].split(), strict=False):
        yield f"load.{name}", float(value)
    yield "files", float(lines("sys/fs/file-nr")[0].split()[0])
    for resource in ("cpu", "memory", "io"):
        if not (PROC / "pressure" / resource).exists():
            continue
        for line in lines(f"pressure/{resource}"):
            kind = line.split()[0]
            yield f"psi.{resource}.{kind}", int(line.rpartition("=")[2]) / 1e6


def memory() -> Pairs:
    for line in lines("meminfo"):
        name, value, *unit = line.split()
        yield f"mem.{name[:-1]}", float(value) * (1024 if unit else 1)
    for line in lines("vmstat"):
        name, value = line.split()
        yield f"vm.{name}", float(value)


def disks() -> Pairs:
    for line in lines("diskstats"):
        _, _, name, *rest = line.split()
        reads, _, sectors, ms, writes, _, written, wms, _, busy, queue = map(int, rest[:11])
        for key, value in (
            ("reads", reads), ("read.bytes", sectors * 512), ("read.time", ms / 1e3),
            ("writes", writes), ("write.bytes", written * 512), ("write.time", wms / 1e3),
            ("busy", busy / 1e3), ("queue", queue / 1e3),
        ):  # fmt: skip
            yield f"disk.{name}.{key}", float(value)


def mounts() -> Pairs:
    for line in lines("mounts"):
        mount = line.split()[1]
        try:
            stat = os.statvfs(mount)
        except OSError:
            continue
        used = stat.f_blocks - stat.f_bfree
        room = used + stat.f_bavail
        yield f"fs.{mount}", 100 * used / room if room else 0.0


def network() -> Pairs:
    for line in lines("net/dev")[2:]:
        name, _, rest = line.strip().partition(":")
        values = [float(one) for one in rest.split()]
        for side, part in (("in", values[:8]), ("out", values[8:])):
            for key, value in zip(("bytes", "packets", "errors", "drops"), part, strict=False):
                yield f"net.{name}.{side}.{key}", value
    backlog = [[int(one, 16) for one in line.split()[:3]] for line in lines("net/softnet_stat")]
    for key, column in zip(
        ("processed", "dropped", "squeezed"), zip(*backlog, strict=True), strict=True
    ):
        yield f"softnet.{key}", float(sum(column))
    for table in ("net/snmp", "net/netstat"):
        rows = lines(table)
        for names, values in zip(rows[::2], rows[1::2], strict=True):
            group = names.partition(":")[0]
            pairs = zip(names.split()[1:], values.split()[1:], strict=True)
            yield from ((f"{group}.{name}", float(value)) for name, value in pairs)


def connections() -> Pairs:
    states = Counter(dict.fromkeys(STATES.values(), 0))
    for table in ("net/tcp", "net/tcp6"):
        states.update(STATES.get(line.split()[3], "other") for line in lines(table)[1:])
    yield from ((f"tcp.{state}", float(count)) for state, count in states.items())


READERS = (cpus, small, memory, disks, mounts, network, connections)


def main(path: str) -> None:
    with open(path, "w", encoding="utf-8") as out:
        while True:
            begin = time.time()
            reading = {name: value for reader in READERS for name, value in reader()}
            out.write(json.dumps([begin, time.time(), reading]) + "\n")
            out.flush()
            time.sleep(max(0.0, PERIOD - (time.time() - begin)))


if __name__ == "__main__":
    main(sys.argv[1])
