"""How the sampler process does, in numbers and without names of hosts.

Only the counting belongs here; who asks is the web process, for its health and limits.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vectorpy.live.bursts import Bursts
from vectorpy.live.host import Host
from vectorpy.settings import Settings

# Limits that are met in this process.
LIMITS = (
    *("max_hosts", "new_hosts_rate", "tick_metrics", "fetch_values", "ring_bytes"),
    *("bursts", "burst_seconds", "burst_metrics", "burst_values", "burst_bytes"),
)


def told(
    hosts: Sequence[Host],
    bursts: Bursts,
    settings: Settings,
    version: str,
    since: float,
    hits: Mapping[str, int],
) -> dict[str, Any]:
    """Plain data; `hits` are those of limits that the hub itself counts."""
    met = {
        **hits,
        **bursts.hits,
        "tick_metrics": sum(1 for host in hosts if host.demand.left_out),
        "fetch_values": sum(host.demand.shed for host in hosts),
    }
    return {
        "up": True,
        "version": version,
        "pid": os.getpid(),
        "since": round(since),
        "hosts": len(hosts),
        "states": dict(Counter(host.status.state for host in hosts)),
        "viewers": len({v for h in hosts for c in h.listed() for v in c.viewers}),
        "channels": sum(len(host.channels) for host in hosts),
        "ring_bytes": sum(host.record.ring.bytes for host in hosts),
        "late": sum(host.status.state in ("late", "stale") for host in hosts),
        "bursts": sum(not one.over for one in bursts.all()),
        "threads": threading.active_count(),
        "limits": {n: {"value": getattr(settings, n), "hits": met.get(n, 0)} for n in LIMITS},
    }
