"""One JSON object a line on stderr, and never the same thing a thousand times.

Only formatting and damping of log records belong here. Texts are escaped by
JSON, so that what a viewer typed makes no line of its own.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

_LONGEST = 2000
_EXTRAS = ("host", "sid", "status", "dur_ms")


class JsonFormatter(logging.Formatter):
    """Keys `ts level event` and, where they are set, `host sid status dur_ms err suppressed`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage()[:_LONGEST],
        }
        for name in (*_EXTRAS, "suppressed"):
            if (value := getattr(record, name, None)) is not None:
                line[name] = value if isinstance(value, int | float) else str(value)[:200]
        if record.exc_info:
            line["err"] = self.formatException(record.exc_info)[-_LONGEST:]
        return json.dumps(line, separators=(",", ":"))


class Damper(logging.Filter):
    """Lets the same message (by its template and host) pass `times` in `seconds`."""

    def __init__(
        self, times: int = 5, seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._times, self._seconds, self._clock = times, seconds, clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, record.levelno, str(record.msg), getattr(record, "host", None))
        now = self._clock()
        with self._lock:
            begun, count = self._seen.get(key, (now, 0))
            if now - begun >= self._seconds:
                if count > self._times:
                    record.suppressed = count - self._times
                begun, count = now, 0
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[key] = (begun, count + 1)
            return count < self._times


def start(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logging of this process as JSON lines to `stream` (stderr)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Damper())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They tell of each bad request of a stranger at level error.
    for name in ("engineio.server", "socketio.server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
