"""How much history all hosts together may keep.

Only the choice belongs here; what a history is stands in `model.ring`.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorpy.live.host import Host


def bound(hosts: Sequence[Host], limit: int) -> tuple[list[Host], int]:
    """History nobody watches goes first; then no new series are taken in.

    Hosts to forget, the longest unwatched first, and how often the `limit`
    (bytes) was met anew.
    """
    total = sum(host.record.ring.bytes for host in hosts)
    gone: list[Host] = []
    for host in sorted(hosts, key=lambda host: host.last_live or 0.0):
        if total > limit and not host.polled() and host.thread is None:
            total -= host.record.ring.bytes
            gone.append(host)
    full, hits = total > limit, 0
    for host in hosts:
        if (full and not host.record.full) or host.record.ring.refused:
            hits += 1
        host.record.full = full
    return gone, hits
