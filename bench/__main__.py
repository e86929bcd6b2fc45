"""Runs the rows and prints the table: `scripts/bench [ROW...] [--quick]`.

Needs PCP, chromium and bench/node_modules, which scripts/bench sees to. Ports
from --port on are used, all on loopback.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import (
    browser,
    fetches,
    first_rate,
    host_cpu,
    many_hosts,
    memory,
    replay,
    search,
    tick_bytes,
    viewer_cpu,
)
from bench.programs import Context, collector
from bench.table import Row, markdown

ROWS: dict[str, Callable[[Context], list[Row]]] = {
    "fetches": fetches.measure,
    "host-cpu": host_cpu.measure,
    "many-hosts": many_hosts.measure,
    "viewer-cpu": viewer_cpu.measure,
    "tick-bytes": tick_bytes.measure,
    "search": search.measure,
    "first-rate": first_rate.measure,
    "replay": replay.measure,
}
# These need minutes of history: they start before the others and end after them.
LASTING = {"memory": memory.measuring, "browser": browser.measuring}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join([*ROWS, *LASTING]))
    parser.add_argument("--seconds", type=float, default=30.0, help="measuring time of a figure")
    parser.add_argument("--minutes", type=float, default=10.0, help="watching time for memory")
    parser.add_argument("--quick", action="store_true", help="10 seconds and 2 minutes")
    parser.add_argument("--port", type=int, default=21740, help="first of ten ports")
    options = parser.parse_args()
    names = options.rows or [*ROWS, *LASTING]
    for name in names:
        if name not in ROWS and name not in LASTING:
            parser.error(f"{name} is no row; there are {', '.join([*ROWS, *LASTING])}.")
    if options.quick:
        options.seconds, options.minutes = 10.0, 2.0
    for number in (signal.SIGINT, signal.SIGTERM):  # whatever runs is ended on the way out
        signal.signal(number, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="vectorpy-bench-"))
    folder.chmod(0o755)  # started by root, vectorpy's processes run as user pcp
    port = options.port
    context = Context(folder, port, port + 1, port + 2, options.seconds, options.minutes)
    try:
        rows = run(context, names)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"\n{os.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()}"
    )
    print(f"{options.seconds:g} s per figure; process CPU, measured by the kernel\n")
    print(markdown(rows))


def run(context: Context, names: list[str]) -> list[Row]:
    """All rows named, in the order of the table."""
    found: dict[str, list[Row]] = {}
    with collector(context), ExitStack() as lasting:
        for name in names:
            if name in LASTING:
                print(f"starting {name} ...", flush=True)
                found[name] = lasting.enter_context(LASTING[name](context))
        for name in names:
            if name in ROWS:
                print(f"measuring {name} ...", flush=True)
                found[name] = ROWS[name](context)
        print("finishing ...", flush=True)
    return [row for name in [*ROWS, *LASTING] for row in found.get(name, [])]


if __name__ == "__main__":
    main()
