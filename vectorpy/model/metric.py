"""What PCP says of a metric: its descriptor.

Only plain records belong here. How units scale stands in `units`, how counters
become rates in `rates`. Words are PCP's own (pmLookupDesc(3)).
"""

from __future__ import annotations

from dataclasses import dataclass

COUNTER, INSTANT, DISCRETE = "counter", "instant", "discrete"
NUMERIC_TYPES = frozenset({"s32", "u32", "s64", "u64", "float", "double"})
# Running totals that PCP 6.0 calls instant (src/pmdas/linux_proc/pmda.c): their rates are meant.
_TOTALS = frozenset(
    f"cgroup.{name}"
    for name in (
        *("cpusched.periods", "cpusched.throttled"),
        *("pressure.cpu.some.total", "pressure.memory.some.total", "pressure.memory.full.total"),
        *("pressure.io.some.total", "pressure.io.full.total", "pressure.irq.full.total"),
    )
)
# From this raw value on a metric has none: an interface without a speed says -1 Mbit/s, which
# PCP takes for an unsigned number and scales.
NONSENSE = {"network.interface.baudrate": 5e14, "network.interface.speed": 5e8}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One metric's descriptor, the same from every transport.

    `pmid` and `indom` are dotted ("60.0.20", "60.1"); `indom` is None for a
    singular metric. `type` is one of s32 u32 s64 u64 float double string, or
    PCP's name of another type, which is never fetched. `semantics` is counter,
    instant or discrete. `units` is PCP's text, "" for none ("Kbyte / sec").
    `oneline` and `text` are the host's own help texts, "" where it has none.
    Where PCP is known to be wrong about the semantics, the right ones stand here.
    """

    name: str
    pmid: str
    type: str
    semantics: str
    units: str
    indom: str | None
    oneline: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if self.semantics == INSTANT and self.name in _TOTALS:
            object.__setattr__(self, "semantics", COUNTER)

    @property
    def domain(self) -> int:
        """Number of the agent that brings the metric (60 is linux)."""
        return int(self.pmid.partition(".")[0])

    @property
    def numeric(self) -> bool:
        """True where values are numbers, so that they can be drawn as points."""
        return self.type in NUMERIC_TYPES
