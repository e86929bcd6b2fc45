"""How one host is, in words: the state that travels, and when it is told anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vectorpy.errors import VectorpyError
from vectorpy.live.cost import Cost, Measure
from vectorpy.model import wire
from vectorpy.settings import Settings

# Seconds without a good sample after which a host is late, and stale (docs/wire.md, states).
LATE_SECONDS = 2.5
STALE_SECONDS = 10.0
# The cost and skew of samples change all the time; they are told anew this rarely.
_TELL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Status:
    """A host's state: see the message `state` of docs/wire.md 4. `skew` and `cost` are measured.

    `often`: it is tried every second, so that `next_try` needs no telling.
    """

    state: str = "connecting"
    reason: str = ""
    hint: str = ""
    next_try: float | None = None
    skew: float | None = None
    cost: Cost | None = None
    transport: str = ""
    name: str = ""
    often: bool = False

    def message(self, host: str) -> dict[str, Any]:
        """The state message for one of the host's ids."""
        cost = self.cost.message() if self.cost else None
        return wire.state(
            host,
            self.state,
            self.reason,
            self.hint,
            None if self.next_try is None else round(self.next_try),
            None if self.skew is None else round(self.skew, 2),
            cost,
            self.transport,
            self.name,
            self.often,
        )

    def same(self, other: Status) -> bool:
        """Whether a person would see no difference, small changes of measures let pass."""
        if self._words() != other._words():
            return False
        return abs((self.skew or 0.0) - (other.skew or 0.0)) < 0.5

    def _words(self) -> tuple[object, ...]:
        said = (self.state, self.reason, self.hint, self.next_try, self.often)
        return (*said, self.transport, self.name)


class Teller:
    """Decides when a status is news; `news` is asked with each change."""

    def __init__(self) -> None:
        self._told: Status | None = None
        self._at = 0.0

    def news(self, status: Status, mono: float) -> bool:
        """Whether to send `status` now."""
        told = self._told
        if told is not None and told.same(status):
            changed = (told.skew, told.cost) != (status.skew, status.cost)
            if not changed or mono - self._at < _TELL_SECONDS:
                return False
        self._told, self._at = status, mono
        return True


def failed(
    status: Status, error: VectorpyError, silent: float, next_try: float | None, often: bool = False
) -> Status:
    """The status after `error`, `silent` seconds after the last good sample."""
    state = error.state or "down"
    if state == "late" and silent > STALE_SECONDS:
        state = "stale"
    return replace(
        status,
        state=state,
        reason=error.message,
        hint=error.hint,
        next_try=next_try,
        often=often,
    )


def waiting(status: Status, silent: float) -> Status:
    """The status while an answer is awaited, `silent` seconds after the last good sample."""
    if silent <= LATE_SECONDS or status.state in ("down", "refused-by-policy", "not-pcp"):
        return status
    state = "stale" if silent > STALE_SECONDS else "late"
    if status.state in ("late", "stale") and status.reason:
        return replace(status, state=state)
    reason = "It has not answered for some seconds."
    told = replace(status, state=state, reason=reason, hint=_SILENT_HINT)
    return replace(told, next_try=None, often=False)


_SILENT_HINT = "The host, its pmcd or one of its agents hangs; it goes on by itself when they do."


_OPEN = "is asked for what is open alone"


def overload(
    measure: Measure, shed: bool, left_out: int, full: bool, settings: Settings
) -> tuple[str, str, str] | None:
    """State, reason and hint where a good sample is less than was wanted; else None."""
    if measure.starved and measure.spare:
        what = f"is sampled every {measure.period} s" if measure.period > 1 else _OPEN
        reason = f"The host is short of CPU: to spare it, it {what}."
        hint = "It gets its second back when its tasks wait less (setting spare_hosts)."
    elif measure.spare and measure.period == 1:
        reason = f"Samples take more than a fifth of a second: to spare it, the host {_OPEN}."
        hint = "Close widgets with many instances, or look at the way to the host."
    elif measure.period > 1:
        reason = f"A sample takes {measure.seconds:.1f} s: one is taken every {measure.period} s."
        hint = "Close widgets with many instances, or look at the way to the host."
    elif shed:
        reason = "The host has too many values: only the metrics of open widgets are sampled."
        hint = f"This server takes {settings.fetch_values} values at once (fetch_values)."
    elif left_out:
        reason = f"{left_out} metrics more are wanted than are sampled at once."
        hint = f"This server samples {settings.tick_metrics} metrics (tick_metrics)."
    elif full:
        reason = "This server's memory for history is used up: new series are not drawn."
        hint = f"It is {settings.ring_bytes} bytes (ring_bytes)."
    else:
        return None
    return "overloaded", reason, hint


def partial(dead: Mapping[int, str]) -> tuple[str, str, str] | None:
    """State, reason and hint where agents don't run: by domain, what they bring; else None."""
    if not dead:
        return None
    what = "; ".join(f"{domain} ({brings})" for domain, brings in dead.items())
    reason = f"PCP's agent {what} does not run there: its metrics are missing."
    return "partial", reason, "See pmcd's log on the host (/var/log/pcp/pmcd/pmcd.log)."
