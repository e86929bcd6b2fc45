"""What PCP says of a metric: its descriptor.

Only plain records belong here. How units scale stands in `units`, how counters
become rates in `rates`. Words are PCP's own (pmLookupDesc(3)).
"""

from __future__ import annotations

from dataclasses import dataclass

COUNTER, INSTANT, DISCRETE = "counter", "instant", "discrete"
NUMERIC_TYPES = frozenset({"s32", "u32", "s64", "u64", "float", "double"})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One metric's descriptor, the same from every transport.

    `pmid` and `indom` are dotted ("60.0.20", "60.1"); `indom` is None for a
    singular metric. `type` is one of s32 u32 s64 u64 float double string, or
    PCP's name of another type, which is never fetched. `semantics` is counter,
    instant or discrete. `units` is PCP's text, "" for none ("Kbyte / sec").
    `oneline` and `text` are the host's own help texts, "" where it has none.
    """

    name: str
    pmid: str
    type: str
    semantics: str
    units: str
    indom: str | None
    oneline: str = ""
    text: str = ""

    @property
    def domain(self) -> int:
        """Number of the agent that brings the metric (60 is linux)."""
        return int(self.pmid.partition(".")[0])

    @property
    def numeric(self) -> bool:
        """True where values are numbers, so that they can be drawn as points."""
        return self.type in NUMERIC_TYPES
