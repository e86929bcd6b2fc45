"""Mixed load of known size on this host, at a steady pace, and then its sums as one JSON object.

Run as a program: `load.py SECONDS FOLDER`. Twenty steps a second, each with its
share of CPU, disk, network, memory, tasks and TCP's mishaps, all on loopback
and in files of that folder. What a step can't do in its time is done later:
the sums count what was done.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

PACE = 0.05
MIB = 1 << 20
HELD, FILES = 40, 600
SPIN = "while True: pass"
done: Counter[str] = Counter()


def paced(seconds: float, step: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    at = time.monotonic()
    while at < end:
        step()
        at += PACE
        time.sleep(max(0.0, at - time.monotonic()))


def listener(backlog: int = 64) -> tuple[socket.socket, tuple[str, int]]:
    server = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    return server, server.getsockname()


class Traffic:
    """Bytes through loopback, read at the other end."""

    def __init__(self) -> None:
        server, address = listener()
        self.out = socket.create_connection(address)
        self.into, _ = server.accept()
        server.close()
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        while self.into.recv(MIB):
            pass

    def step(self) -> None:
        self.out.sendall(bytes(MIB))
        done["net.lo.bytes"] += MIB


class Files:
    """Writes that reach the disk, reads that come from it, and faults that need it."""

    def __init__(self, folder: Path) -> None:
        self.log = os.open(folder / "written", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        self.data = os.open(folder / "data", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for _ in range(64):
            os.write(self.data, os.urandom(MIB))
        os.fsync(self.data)
        self.map = mmap.mmap(self.data, 64 * MIB, prot=mmap.PROT_READ)
        self.map.madvise(mmap.MADV_RANDOM)
        self.at = 0

    def step(self) -> None:
        os.write(self.log, os.urandom(MIB))
        os.fdatasync(self.log)
        done["disk.write.bytes"] += MIB
        base = (self.at % 32) * 2 * MIB
        self.at += 1
        self.map.madvise(mmap.MADV_DONTNEED)
        os.posix_fadvise(self.data, base, 2 * MIB, os.POSIX_FADV_DONTNEED)
        for page in range(10):
            self.map[base + page * 64 * mmap.PAGESIZE // 8]
        done["major"] += 10
        os.pread(self.data, MIB, base + MIB)
        done["disk.read.bytes"] += MIB


class Tasks:
    """New processes, and pages touched for the first time."""

    def step(self) -> None:
        for _ in range(3):
            pid = os.posix_spawn("/bin/true", ["true"], {})
            os.waitpid(pid, 0)
            done["forks"] += 1
        with mmap.mmap(-1, 4 * MIB) as fresh:
            fresh.madvise(mmap.MADV_NOHUGEPAGE)
            for page in range(0, 4 * MIB, mmap.PAGESIZE):
                fresh[page] = 1
        done["faults"] += 4 * MIB // mmap.PAGESIZE


class Mishaps:
    """Refused and reset connections, a full listen queue, datagrams that nobody takes."""

    def __init__(self) -> None:
        self.server, self.address = listener()
        self.closed = socket.socket()
        self.closed.bind(("127.0.0.1", 0))  # bound and not listening: refused
        self.full, self.full_address = listener(backlog=0)
        self.deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        self.deaf.bind(("127.0.0.1", 0))
        self.unbound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.unbound.bind(("127.0.0.1", 0))
        self.nowhere = self.unbound.getsockname()
        self.unbound.close()
        self.waiting: list[socket.socket] = []

    def step(self) -> None:
        with socket.socket() as refused, contextlib.suppress(ConnectionRefusedError):
            refused.connect(self.closed.getsockname())
        done["refused"] += 1
        with socket.create_connection(self.address):
            taken, _ = self.server.accept()
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            taken.close()
        done["reset"] += 1
        if len(self.waiting) < 60:
            late = socket.socket()
            late.setblocking(False)
            late.connect_ex(self.full_address)
            self.waiting.append(late)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(5):
                sender.sendto(bytes(256), self.nowhere)
                done["udp.no port"] += 1
            for _ in range(10):
                sender.sendto(bytes(1024), self.deaf.getsockname())
                done["udp.sent to the deaf"] += 1


def held() -> list[object]:
    """Connections and files that are open for the whole time."""
    server, address = listener()
    pairs = [(socket.create_connection(address), server.accept()[0]) for _ in range(HELD)]
    done["held connections"] = 2 * HELD
    return [server, *pairs, *(open(os.devnull) for _ in range(FILES))]


def main(seconds: float, folder: Path) -> None:
    kept = held()
    steps = (Traffic().step, Files(folder).step, Tasks().step, Mishaps().step)
    spinners = [
        subprocess.Popen([*nice, sys.executable, "-c", SPIN]) for nice in ([], [], ["nice"])
    ]
    begin = time.time()
    threads = [threading.Thread(target=paced, args=(seconds, step)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for spinner in spinners:
        spinner.kill()
        spinner.wait()
    print(json.dumps({"begin": begin, "end": time.time(), **done}))
    del kept


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
