"""Connection tracking: how full its table is, and what it could not take in.

Both files list what the kernel has by name; columns are found by their names,
never by their number.
"""

from __future__ import annotations

from typing import Any, Dict

import vcollect
import vfiles
import vsnap

COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"
MAX = "/proc/sys/net/netfilter/nf_conntrack_max"
STATISTICS = "/proc/net/stat/nf_conntrack"
COUNTERS = ("found", "invalid", "insert_failed", "drop", "early_drop", "search_restart")


def statistics(text: str) -> Dict[str, int]:
    """Sums over CPUs of the columns in COUNTERS; those that the kernel lacks are absent.

    A line per CPU, hexadecimal, under a line of names. Raises ValueError.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("nf_conntrack's statistics are empty")
    names = lines[0]
    sums: Dict[str, int] = {}
    for cells in lines[1:]:
        if len(cells) != len(names):
            raise ValueError("a line of nf_conntrack's statistics does not fit its head")
        for name, cell in zip(names, cells):
            if name in COUNTERS:
                sums[name] = sums.get(name, 0) + int(cell, 16)
    return sums


class ConntrackProbe(vcollect.Probe):
    """The connection tracking of the agent's own network namespace."""

    name = "conntrack"

    def __init__(self, world: vfiles.World) -> None:
        self._world = world

    def collect(self, now: float) -> vsnap.Reading:
        try:
            count, most = self._world.number(COUNT), self._world.number(MAX)
        except FileNotFoundError:
            raise vcollect.Unavailable("connection tracking is not in use on this host") from None
        except OSError as error:
            raise vcollect.Unavailable("can't be read: %s" % error) from None
        columns: Dict[str, Any] = {
            "conntrack.count": count,
            "conntrack.max": most,
            "conntrack.utilisation": count / most if most > 0 else None,
        }
        note = ""
        try:
            found = statistics(self._world.text(STATISTICS))
        except OSError as error:
            found, note = {}, "no failures, since they can't be read: %s" % error
        columns.update(("conntrack." + name, value) for name, value in found.items())
        return vsnap.Reading(columns, note=note)
