"""CPU of one look at JVMs: the agent vjvm beside polling jstat.

    python -m bench.vjvm [--jvms 1 4] [--rounds 7]

vjvm's figure is its whole second: the search's share, the files, the processes,
estimates and the snapshot that fetches are answered from. jstat's is one
`jstat -gc PID` per JVM, which gives a quarter of it, and nothing of the process;
`jstat -gc PID 1s`, which goes on, is the cheapest that Java's own tools can do:
its figure is per line, its start left out. CPU of these processes and their
children, medians. Needs a JDK.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.cost import cpu as cpu_of

ROOT = Path(__file__).resolve().parents[1]
AGENT = ROOT / "pmda" / "vjvm"
LOAD = ROOT / "tests" / "pmda" / "vjvm" / "java" / "Load.java"
RATE = 20_000_000  # bytes per second that each JVM allocates
OPTIONS = ("-Xmx64m", "-XX:+UseG1GC")


@contextlib.contextmanager
def jvms(count: int) -> Iterator[list[int]]:
    """Pids of `count` JVMs that allocate."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vjvm-bench-"))
        subprocess.run(["javac", "-d", folder, str(LOAD)], check=True)
        pids = []
        for _ in range(count):
            argv = ["java", *OPTIONS, "-cp", folder, "Load", str(RATE)]
            made = stack.enter_context(
                subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            assert made.stdin is not None and made.stdout is not None
            stack.callback(made.stdin.close)
            made.stdout.readline()
            pids.append(made.pid)
        yield pids


def spent() -> float:
    """CPU seconds of this process and of the children that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def with_vjvm() -> Callable[[list[int]], None]:
    sys.path.insert(0, str(AGENT))
    import j_probes
    import j_table
    import vconf
    import vfiles
    import vsnap

    probe = j_probes.Jvms(vconf.defaults(j_table.OPTIONS), vfiles.World("/"))
    assembler = vsnap.Assembler(j_table.TABLE)
    now = [0.0]

    def look(pids: list[int]) -> None:
        now[0] += 1.0
        reading: Any = probe.collect(now[0])
        assembler.snapshot([reading], now[0])
        known = {key[0] for key in reading.values["heap.used"]}
        if not known >= set(pids):
            raise SystemExit("vjvm does not see every JVM")

    return look


def with_jstat(pids: list[int]) -> None:
    for pid in pids:
        subprocess.run(["jstat", "-gc", str(pid)], check=True, stdout=subprocess.DEVNULL)


def lasting_jstat(pids: list[int], seconds: int) -> float:
    """CPU seconds per line of `jstat -gc PID 1s`, for all JVMs together."""
    total = 0.0
    for pid in pids:
        with subprocess.Popen(
            ["jstat", "-gc", str(pid), "1s"], stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            for _ in range(3):  # the heads, and two lines while it warms up
                running.stdout.readline()
            begun = cpu_of(running.pid)
            for _ in range(seconds):
                running.stdout.readline()
            total += (cpu_of(running.pid) - begun) / seconds
            running.kill()
    return total


def median(way: Callable[[list[int]], None], pids: list[int], rounds: int) -> float:
    """CPU milliseconds of one look; the mean over groups of five, which is one search of vjvm's."""
    costs = []
    for _ in range(rounds):
        begun = spent()
        for _ in range(5 if way is not with_jstat else 1):
            way(pids)
        costs.append((spent() - begun) * 1e3 / (5 if way is not with_jstat else 1))
    return statistics.median(costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--jvms", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(f"CPU milliseconds of one look at all JVMs, median of {given.rounds}")
    print("| JVMs | vjvm | jstat, started each time | ratio | jstat 1s, per line | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for count in given.jvms:
        with jvms(count) as pids:
            look = with_vjvm()
            look(pids)  # opens files, and looks at every process for the first time
            ours = median(look, pids, given.rounds)
            theirs = median(with_jstat, pids, given.rounds)
            lasting = lasting_jstat(pids, 5) * 1e3
        print(
            f"| {count} | {ours:.2f} | {theirs:.0f} | {theirs / ours:.0f}x "
            f"| {lasting:.2f} | {lasting / ours:.1f}x |"
        )


if __name__ == "__main__":
    main()
