"""How often a host is asked, and for how much: less where asking burdens it.

Only the reckoning belongs here: what one sample took and how long the host's
tasks wait for a processor come in, the period and what is left out go out. The
steps are those of `STEPS`: what nobody looks at is left out first, then
samples become rarer.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class Step(NamedTuple):
    """`period` seconds between samples; `spare` leaves out what nobody looks at."""

    period: int
    spare: bool


STEPS = (
    Step(1, False),
    Step(1, True),
    Step(2, True),
    Step(5, True),
    Step(10, True),
    Step(30, True),
    Step(60, True),
)
# A sample that takes more than this part of the period is dear; so many in a row are a step.
DEAR, DEAR_IN_ROW = 0.2, 5
# One that takes more than this part leaves no room for the next one: fewer are enough.
FULL, FULL_IN_ROW = 0.8, 3
# Back where the samples would be well below dear in the step before, so many in a row.
CHEAP, CHEAP_IN_ROW = 0.1, 30
# A host is starved where some task waits for a processor for more than this part of a
# stretch (kernel.all.pressure.cpu.some), and is well again below the other one. Being
# starved alone never makes samples rarer than `STARVED_PERIOD`: they are needed then.
STARVED, FED, STRETCH = 0.95, 0.8, 30
STARVED_PERIOD = 2


# The steps of a host that is not spared: rarer only where there is no room for the next sample.
UNSPARED = tuple(Step(period, False) for period in (1, 2, 5, 10, 30, 60))
ROOMY = 0.5


class Pace:
    """The step in force for one host. `spares` False: only samples without room count."""

    def __init__(self, spares: bool = True) -> None:
        self._spares = spares
        self._steps = STEPS if spares else UNSPARED
        self._at = 0
        self._dear = self._full = self._cheap = 0
        self._waits: deque[float] = deque(maxlen=STRETCH)
        self.starved = False

    @property
    def period(self) -> int:
        """Seconds between samples."""
        return self._steps[self._at].period

    @property
    def spare(self) -> bool:
        """Whether what nobody looks at is left out."""
        return self._steps[self._at].spare

    def took(self, seconds: float, waiting: float | None = None) -> bool:
        """A sample took so long; True where the step changed by it.

        `waiting` is the part of the last period in which some task of the host
        waited for a processor (0 to 1), None where it doesn't say.
        """
        before = self._at
        self._count(seconds)
        self._hunger(waiting)
        spared = self.starved and len(self._waits) == STRETCH and self.period < STARVED_PERIOD
        if self._full >= FULL_IN_ROW:
            self._move(self._rarer())
        elif self._dear >= DEAR_IN_ROW or spared:
            self._move(self._at + 1)
        elif self._cheap >= CHEAP_IN_ROW and not (self.starved and self.period <= STARVED_PERIOD):
            self._move(self._at - 1)
        return self._at != before

    def _count(self, seconds: float) -> None:
        lower = self._steps[max(0, self._at - 1)].period
        cheap = (CHEAP if self._spares else ROOMY) * lower
        dear = self._spares and seconds > DEAR * self.period
        self._full = self._full + 1 if seconds > FULL * self.period else 0
        self._dear = self._dear + 1 if dear else 0
        self._cheap = self._cheap + 1 if self._at and seconds < cheap else 0

    def _hunger(self, waiting: float | None) -> None:
        if waiting is None or not self._spares:
            self._waits.clear()
            self.starved = False
            return
        self._waits.append(waiting)
        if len(self._waits) == STRETCH:
            mean = sum(self._waits) / STRETCH
            self.starved = mean > (FED if self.starved else STARVED)

    def _rarer(self) -> int:
        longer = (n for n, step in enumerate(self._steps) if step.period > self.period)
        return next(longer, self._at)

    def _move(self, at: int) -> None:
        self._at = min(max(at, 0), len(self._steps) - 1)
        self._dear = self._full = self._cheap = 0
        self._waits.clear()
