"""How this process does: its heartbeat, files, memory, and what it knows of the others.

Only measuring and judging belong here; the routes stand in `ops`. Nothing here
waits for anybody: /healthz must answer while everything else is busy.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vectorpy.bus.client import BusClient
from vectorpy.errors import VectorpyError

logger = logging.getLogger(__name__)

BEAT = 0.1
_KEPT = 600
_BEAT_MAX, _LAG_MAX, _FILES_MAX, _SAMPLER_MAX = 3.0, 0.5, 0.9, 6.0
_WELL = frozenset({"running"})
_PAGE = resource.getpagesize()


class Pulse:
    """Lags of the heartbeat, and the last sign of life of the sampler."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lags: deque[float] = deque(maxlen=_KEPT)
        self._beat = clock()
        self._sampler = -1e9
        self.restarts: dict[str, int] = {}

    def beat(self, lag: float) -> None:
        """One beat, `lag` seconds later than meant."""
        with self._lock:
            self._lags.append(max(0.0, lag))
            self._beat = self._clock()

    def lag(self, quantile: float) -> float:
        """Quantile of the lags of the last minute, in seconds."""
        with self._lock:
            lags = sorted(self._lags)
        return lags[min(len(lags) - 1, int(quantile * len(lags)))] if lags else 0.0

    def age(self) -> float:
        """Seconds since the last beat."""
        return self._clock() - self._beat

    def ask_sampler(self, bus: BusClient) -> None:
        """Ask the sampler for a sign of life; call it every few seconds."""
        try:
            bus.request("ping", 2.0)
        except VectorpyError as error:
            # Its coming and going is logged by the relay; this is one who is there and mute.
            if bus.connected:
                logger.warning("no sign of life of the sampler: %s", error)
            return
        self._sampler = self._clock()

    def link(self, up: bool) -> None:
        """The bus was gained or lost; a sampler that just took us in is alive."""
        if up:
            self._sampler = self._clock()

    def sampler_age(self) -> float:
        """Seconds since the sampler's last sign of life."""
        return self._clock() - self._sampler

    def guarded(self, name: str, work: Callable[[], None], pause: Callable[[], None]) -> None:
        """Do `work` again and again, with pauses; a fault is logged and counted, never the end."""
        self.restarts[name] = 0
        while True:
            pause()
            try:
                work()
            except Exception:
                self.restarts[name] += 1
                logger.exception("the task %s failed and goes on", name)


def open_files() -> int:
    """Number of this process's open files."""
    return len(os.listdir("/proc/self/fd"))


def resident_bytes() -> int:
    """Memory of this process that is in RAM, in bytes (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def children(runtime_dir: str) -> dict[str, dict[str, Any]]:
    """The supervisor's children from its health.json; {} where there is none."""
    if not runtime_dir:
        return {}
    try:
        found = json.loads((Path(runtime_dir) / "health.json").read_text(encoding="utf-8"))
        listed = found["children"]
        return {str(name): dict(child) for name, child in listed.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("health.json can't be read: %s", error)
        return {}


def health(pulse: Pulse, bus: BusClient, runtime_dir: str) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the document of /healthz, which names no host."""
    files = open_files() / max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    web = {
        "ok": pulse.age() < _BEAT_MAX and pulse.lag(0.99) < _LAG_MAX and files < _FILES_MAX,
        "beat_age": round(pulse.age(), 3),
        "lag_p99": round(pulse.lag(0.99), 4),
        "files": round(files, 3),
        "restarts": sum(pulse.restarts.values()),
    }
    sampler = {"ok": bus.connected and pulse.sampler_age() < _SAMPLER_MAX}
    told = {name: _child(child) for name, child in children(runtime_dir).items()}
    well = web["ok"] and sampler["ok"] and all(child["ok"] for child in told.values())
    document = {
        "status": "ok" if well else "failing",
        "web": web,
        "sampler": sampler,
        "children": told,
    }
    return bool(well), document


def _child(child: dict[str, Any]) -> dict[str, Any]:
    # Its last words stay out: a log names hosts, and /healthz is for anyone.
    return {
        "ok": child.get("state") in _WELL,
        "state": str(child.get("state")),
        "restarts": child.get("restarts", 0),
        "since": child.get("since"),
    }
