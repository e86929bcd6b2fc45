"""The clock that live works by; tests turn one by hand or let it run faster."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Time and waiting: `now` is UTC in seconds since 1970, `mono` never jumps."""

    def now(self) -> float:
        """Seconds since 1970, as this server's clock has them."""
        ...

    def mono(self) -> float:
        """Seconds since some moment; for durations."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set, or `seconds` have passed; whether it is set."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """See Clock."""
        return time.time()

    def mono(self) -> float:
        """See Clock."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """See Clock."""
        return event.wait(max(0.0, seconds))
