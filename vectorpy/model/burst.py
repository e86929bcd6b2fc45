"""Bursts: ten samples a second for a short while. When each is due, what fits, what is said.

Only the reckoning belongs here, pure: the thread that samples is `live.burst`'s, who
may have a burst now is `live.bursts`'s. Time is counted in tenths of a second of
this server's clock (Unix seconds times ten); on the wire it is milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from vectorpy.errors import UserError
from vectorpy.model import hostspec
from vectorpy.model.plan import offset
from vectorpy.model.watch import Wish

TENTH = 0.1
# Tenths between two samples: ten, five and two a second.
STEPS = (1, 2, 5)
# A burst begins where a sample takes at most this part of a tenth.
ROOM = 0.5
# One that can't begin before this part of a tenth has passed is skipped: it would be of another.
LATE = 0.5
# So many samples in a row that have no room, or begin late, are a step; after the last
# step, the end.
BAD_IN_ROW = 3
STARTING, RUNNING, ENDED, REFUSED = "starting", "running", "ended", "refused"
MAX_WISHES = 100
# Agents that look at what they tell at a pace of their own, or ask somebody else for it:
# ten samples a second of them show the same value again, or burden a third program.
OWN_PACE = ("vnet", "vkernel", "vjvm", "bcc", "bpf", "bpftrace", "openmetrics")


class Slot(NamedTuple):
    """A sample to take: its tenth, the x of its points, and when to start it (Unix seconds)."""

    tenth: int
    at: float


class Beat:
    """The samples of one burst, one after another.

    They start off the host's own second, so that they are the least in its way.
    Tenths that were missed are not made up for.
    """

    def __init__(self, host: str) -> None:
        self.phase = (offset(host) + TENTH / 2) % TENTH
        self._last: int | None = None
        self._at = 0
        self._bad = 0

    @property
    def step(self) -> int:
        """Tenths between two samples now."""
        return STEPS[self._at]

    @property
    def period(self) -> float:
        """The same in seconds."""
        return self.step / 10

    def next(self, now: float) -> Slot:
        """The next sample that may still begin at `now`, after the one given before."""
        low = math.ceil((now - self.phase - LATE * TENTH) * 10 - 1e-6)
        if self._last is not None:
            low = max(low, self._last + 1)
        tenth = -(-low // self.step) * self.step
        self._last = tenth
        return Slot(tenth, tenth / 10 + self.phase)

    def took(self, seconds: float, late: float = 0.0) -> bool | None:
        """A sample took so long, and began so `late`. True where it slows down, None: it must end.

        Being late counts where nothing of the burst's own was in the way.
        """
        bad = seconds > self.period or late > LATE * TENTH
        self._bad = self._bad + 1 if bad else 0
        if self._bad < BAD_IN_ROW:
            return False
        self._bad = 0
        if self._at + 1 == len(STEPS):
            return None
        self._at += 1
        return True


def own_pace(metrics: Iterable[str]) -> str:
    """The agent of `metrics` that has a pace of its own, "" where none has."""
    firsts = {name.partition(".")[0] for name in metrics}
    return next((agent for agent in OWN_PACE if agent in firsts), "")


def total(needs: Mapping[str, Collection[str]]) -> int:
    """Metrics that these wishes need together; what they share counts once."""
    return len(set().union(*needs.values()))


def leave_out(needs: Mapping[str, Collection[str]], most: int) -> list[str]:
    """Which wishes to leave out, so that the others need at most `most`; the first ones stay."""
    kept: set[str] = set()
    out: list[str] = []
    for wish, metrics in needs.items():
        if len(kept.union(metrics)) <= most:
            kept.update(metrics)
        else:
            out.append(wish)
    return out


# -- messages --------------------------------------------------------------------


def told(
    host: str,
    burst: str,
    state: str,
    *,
    start: int = 0,
    until: int = 0,
    held: int = 0,
    period: float = TENTH,
    seconds: int = 0,
    metrics: int = 0,
    samples: int = 0,
    reason: str = "",
    hint: str = "",
    wishes: Sequence[str] = (),
    left: Mapping[str, str] | None = None,
    needs: Mapping[str, Collection[str]] | None = None,
    most: int = 0,
) -> dict[str, Any]:
    """How a burst does. `start` and `until` are tenths, `held` the one it is kept to.

    `left` tells why wishes are not drawn in it; of one refused for too many metrics
    `needs` are those of each wish, and `most` how many there may be.
    """
    return {
        "host": host,
        "burst": burst,
        "state": state,
        "from": start * 100,
        "until": until * 100,
        "held": held * 100,
        "period": period,
        "seconds": seconds,
        "metrics": metrics,
        "samples": samples,
        "reason": reason,
        "hint": hint,
        "wishes": list(wishes),
        "left": [{"wish": wish, "reason": why} for wish, why in (left or {}).items()],
        "needs": [{"wish": w, "metrics": sorted(m)} for w, m in (needs or {}).items()],
        "most": most,
    }


def layout(burst: str, v: int, period: float, widgets: Sequence[Any]) -> dict[str, Any]:
    """What the columns of a burst are, from this `v` on."""
    return {"burst": burst, "v": v, "period": period, "widgets": list(widgets)}


def points(
    burst: str,
    v: int,
    tenths: Sequence[int],
    columns: Sequence[Sequence[float | None]],
    *,
    whole: bool = False,
) -> dict[str, Any]:
    """Points at `tenths`, one column per series; `whole`: all since the burst began."""
    times = [tenth * 100 for tenth in tenths]
    return {"burst": burst, "v": v, "whole": whole, "t": times, "columns": list(columns)}


def read_start(data: Any) -> tuple[str, list[str], int]:
    """Host, canonical wishes and seconds of a `burst`; UserError (BadHost) where it is wrong."""
    fields = data if isinstance(data, dict) else {}
    host, wishes, seconds = fields.get("host"), fields.get("wishes"), fields.get("seconds", 60)
    if not isinstance(host, str):
        raise UserError("A burst needs a host.")
    if not isinstance(wishes, list) or not all(isinstance(wish, str) for wish in wishes):
        raise UserError("The wishes of a burst are a list of texts.")
    if not 1 <= len(wishes) <= MAX_WISHES:
        raise UserError(f"A burst has 1 to {MAX_WISHES} widgets.")
    if type(seconds) is not int or seconds < 1:
        raise UserError(f"A burst lasts whole seconds, not {str(seconds)[:40]!r}.")
    texts = list(dict.fromkeys(Wish.parse(wish).text for wish in wishes))
    return hostspec.parse(host).id, texts, seconds


def read_name(data: Any) -> str:
    """The burst that a `burst_join`, `burst_leave` or `burst_stop` means."""
    name = data.get("burst") if isinstance(data, dict) else None
    if not isinstance(name, str) or not 1 <= len(name) <= 64:
        raise UserError("The message needs the name of a burst.")
    return name
