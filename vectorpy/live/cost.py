"""What watching a host costs it: told on the page, and a reason to ask for less.

Only the reckoning belongs here. How much less is asked stands in `model.pace`, the
words in `status`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vectorpy.live.record import Record
from vectorpy.model.sample import Sample

# CPU time of the host's pmcd, and the time that some of its tasks wait for a processor.
CPU, HUNGER = "pmcd.cputime.total", "kernel.all.pressure.cpu.some.total"
# Sampled on every host, drawn or not: without them nobody could tell.
OWN = frozenset({CPU, HUNGER})
# Seconds between two reckonings: it is told no more often.
TOLD_EACH = 10
# pmcd's CPU time has steps of 10 ms: only over some seconds is it a number.
_CPU_SECONDS = 10


@dataclass(slots=True)
class Measure:
    """One sample: its start by our clock, seconds it took, and the pace in force.

    `spare`: what nobody looks at was left out; `starved`: as the host is short of CPU.
    """

    started: float
    seconds: float
    period: int
    spare: bool = False
    starved: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the last sample: metrics, values, milliseconds it took, bytes of the host's answers.

    `cpu` is that of its pmcd in processors, whoever asks it (None where it
    doesn't say), `viewers` share the sample, which is taken each `period` seconds.
    """

    metrics: int
    values: int
    ms: float
    size: int
    cpu: float | None
    viewers: int
    period: int

    def message(self) -> dict[str, Any]:
        """As it travels in a state; bytes per second."""
        return {
            "metrics": self.metrics,
            "values": self.values,
            "ms": round(self.ms, 1),
            "bytes": round(self.size / self.period),
            "cpu": None if self.cpu is None else round(self.cpu, 4),
            "viewers": self.viewers,
            "period": self.period,
        }


def hunger(record: Record) -> float | None:
    """The part of the last second in which some task waited for a processor, None if unknown."""
    point = record.ring.latest(HUNGER).get("")
    return point if isinstance(point, float) else None


def cpu(record: Record, t: int) -> float | None:
    """CPU of the host's pmcd in processors, over the seconds before `t`."""
    window = record.ring.view((CPU,), t - _CPU_SECONDS + 1, t)
    found = [x for x in window.columns[CPU].get("", ()) if x is not None and math.isfinite(x)]
    return sum(found) / len(found) if found else None


def reckoned(
    known: Cost | None,
    record: Record,
    sample: Sample,
    measure: Measure,
    metrics: int,
    viewers: int,
) -> Cost:
    """What the newest sample cost; as it was `known`, until it is time to tell it anew."""
    t = record.ring.last or 0
    if known is not None and known.period == measure.period and t % TOLD_EACH:
        return known
    ms, used = measure.seconds * 1000, cpu(record, t)
    return Cost(metrics, sample.count(), ms, sample.size, used, viewers, measure.period)
