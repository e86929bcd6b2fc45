"""Row: a preset drawn from an hour of an archive, beside pmrep printing the same metrics of it."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.programs import Context
from bench.table import Row, spread, times

PRESET = "triage"
RUNS = 3


def measure(context: Context) -> list[Row]:
    base = str(context.folder / "hour")
    us = [sys.executable, "-m", "bench.hour"]
    made = subprocess.run([*us, base, PRESET], check=True, capture_output=True, text=True)
    names = made.stdout.split()
    out = str(context.folder / "hour.csv")
    pmrep = ["/usr/bin/pmrep", "-a", base, "-u", "-o", "csv", "-F", out]
    ours, theirs = [], []
    for number in range(RUNS):  # in turn, so that both meet the same machine
        ours.append(cpu([*us, "--replay", base, PRESET]))
        theirs.append(cpu(["/usr/bin/python3", *pmrep[:-1], f"{out}.{number}", *names]))
    return [
        Row(
            f"{PRESET} from an hour of an archive at 1 s ({len(names)} metrics)",
            spread(ours, "s"),
            "pmrep -u -o csv, the same metrics",
            spread(theirs, "s"),
            times(sorted(ours)[RUNS // 2], sorted(theirs)[RUNS // 2]),
            "2x",
        )
    ]


def cpu(command: list[str]) -> float:
    """Seconds of CPU of a command and its children."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = (after.children_user, after.children_system)
    return sum(spent) - before.children_user - before.children_system
