"""What one fetch brought: raw values, the host's own time, what was missing and why.

Only plain records belong here; `rates` turns samples into points.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Value = int | float | str
# One metric's values by instance name; a singular metric has the one name "".
Instances = dict[str, Value]
SINGULAR = ""


@dataclass(slots=True)
class Part:
    """The values of one answer: long lists are split, and each answer has its own time.

    `stamp` is the host's time of the answer, seconds since 1970; it serves for
    differences alone, never as a point's x.
    """

    stamp: float
    values: dict[str, Instances]


@dataclass(slots=True)
class Sample:
    """One sample of a host.

    `missing` tells why a wanted metric has no value here (metric name -> words
    for people). `agents` is pmcd.agent.status by domain number (0 is well).
    `uptime` is kernel.all.uptime in seconds, None where the host has none.
    `requests` counts the answers that it took, `size` their bytes.
    """

    parts: list[Part]
    missing: dict[str, str] = field(default_factory=dict)
    agents: dict[int, int] = field(default_factory=dict)
    uptime: float | None = None
    requests: int = 1
    size: int = 0

    @property
    def stamp(self) -> float:
        """The host's time of the first answer, in seconds."""
        return self.parts[0].stamp if self.parts else 0.0

    def count(self) -> int:
        """Number of values in all parts."""
        return sum(len(v) for part in self.parts for v in part.values.values())
