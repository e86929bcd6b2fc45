"""The limits of this server: their values, how often each was hit, a sentence for people.

Only counting and listing belong here; each limit is enforced where it is met.
The sampler counts its own (bus request `health`); both are shown together.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from vectorpy.settings import Settings

LIMITS = (
    "max_viewers",
    "viewers_per_ip",
    "dashboard_hosts",
    "dashboard_widgets",
    "inbound_rate",
    "inbound_bytes",
    "max_hosts",
    "new_hosts_rate",
    "gate_probes",
    "tick_metrics",
    "fetch_values",
    "series_drawn",
    "bursts",
    "burst_seconds",
    "burst_metrics",
    "burst_values",
    "burst_bytes",
    "burst_keep",
    "answer_bytes",
    "connect_timeout",
    "read_timeout",
    "total_timeout",
    "backoff_max",
    "ring_seconds",
    "ring_bytes",
    "linger_seconds",
    "keep_seconds",
)
_TOLD = (
    "dashboard_hosts",
    "dashboard_widgets",
    "inbound_rate",
    "inbound_bytes",
    "ring_seconds",
    "series_drawn",
    "bursts",
    "burst_seconds",
    "burst_metrics",
)


class Limits:
    """Counters of hits by the name of the setting."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._hits: dict[str, int] = dict.fromkeys(LIMITS, 0)

    def hit(self, name: str) -> None:
        """Count one hit; KeyError for what is no limit."""
        with self._lock:
            self._hits[name] += 1

    def hits(self) -> dict[str, int]:
        """Hits so far in this process, by setting."""
        with self._lock:
            return dict(self._hits)

    def told(self) -> dict[str, int]:
        """The limits that a page keeps to, for `hello`."""
        return {name: getattr(self._settings, name) for name in _TOLD}

    def table(self, sampler: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows `name value hits text` for all limits; `sampler` are the sampler's own counts.

        `sampler` maps a setting to `{"value", "hits"}`; names unknown here are left out.
        """
        fields = {field.name: field for field in dataclasses.fields(self._settings)}
        rows = []
        for name, hits in self.hits().items():
            theirs = (sampler or {}).get(name)
            more = theirs.get("hits", 0) if isinstance(theirs, dict) else 0
            rows.append(
                {
                    "name": name,
                    "value": getattr(self._settings, name),
                    "hits": hits + int(more),
                    "text": fields[name].metadata["help"],
                }
            )
        return rows


class Bucket:
    """So many events per second on average, with one second's worth at once."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._left = rate
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more event is allowed at `now` (monotonic seconds)."""
        self._left = min(self._rate, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
