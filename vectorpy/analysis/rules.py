"""What a rule of the verdict is: plain records, no reading, no judging.

A rule says of one value of a resource when it is to be watched, when it is
guilty, and for how long it must be measured without fault to be fine. The
shipped ones stand in rules.toml; `read` reads them, `judge` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass

from vectorpy.model.expression import Expression

RESOURCES = ("cpu", "memory", "disk", "network")
ASPECTS = ("utilization", "saturation", "errors")
# Of a cell, the gravest first. unknown: not measured for long enough yet.
GUILTY, WATCH, UNKNOWN, FINE, UNMEASURED = "guilty", "watch", "unknown", "fine", "unmeasured"
STATES = (GUILTY, WATCH, UNKNOWN, FINE, UNMEASURED)
# Cells in the order of reading, and the names of their rows on the wire.
CELLS = tuple(f"{resource} {aspect}" for resource in RESOURCES for aspect in ASPECTS)


@dataclass(frozen=True, slots=True)
class Level:
    """When a state is raised and cleared.

    Raised: the value reaches `reach` in at least `seconds` of the last `of`
    seconds. Cleared: it reaches `clear` in no more than half of `seconds` of them.
    """

    reach: float
    clear: float
    seconds: int
    of: int


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that must lie between `least` and `most` (None: no end)."""

    expression: Expression
    least: float | None = None
    most: float | None = None
    words: str = ""

    def holds(self, value: float) -> bool:
        """Whether `value` lies between both ends."""
        low, high = self.least, self.most
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; see docs/verdict.md for its keys.

    `where` says which instances it is about, `known` which of them can be
    measured, `active` when there is enough going on for its value to mean
    anything (below that it is calm). `instead_of` names the rule that it stands
    in for where that one can't be measured. `spare` rules are not missed.
    `events` are counted, not averaged; `below`: small values are bad.
    """

    id: str
    name: str
    resource: str
    aspect: str
    value: Expression
    unit: str
    words: str
    widget: str
    missing: str
    otherwise: tuple[Expression, ...] = ()
    watch: Level | None = None
    guilty: Level | None = None
    below: bool = False
    events: bool = False
    per_instance: bool = False
    instances: str = ""
    label: str = ""
    where: Condition | None = None
    known: Condition | None = None
    active: Condition | None = None
    calm: str = ""
    evidence: int = 30
    instead_of: str = ""
    spare: bool = False

    @property
    def cell(self) -> str:
        """The cell that it speaks of: "disk saturation"."""
        return f"{self.resource} {self.aspect}"

    @property
    def levels(self) -> tuple[tuple[str, Level], ...]:
        """Its levels by state, the gravest first."""
        both = ((GUILTY, self.guilty), (WATCH, self.watch))
        return tuple((state, level) for state, level in both if level is not None)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those that it has."""
        return tuple(c for c in (self.where, self.known, self.active) if c is not None)

    @property
    def extras(self) -> frozenset[str]:
        """Metrics that it uses besides those of its value, where a host has them."""
        label = frozenset([self.label]) if self.label else frozenset()
        return label.union(*(c.expression.metrics for c in self.conditions))

    @property
    def span(self) -> int:
        """The seconds in which its words count events."""
        return max(level.of for _, level in self.levels)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, in the order of their file."""

    all: tuple[Rule, ...]

    def of(self, cell: str) -> tuple[Rule, ...]:
        """The rules of one cell."""
        return tuple(rule for rule in self.all if rule.cell == cell)

    def __getitem__(self, id: str) -> Rule:
        return next(rule for rule in self.all if rule.id == id)

    @property
    def reach(self) -> int:
        """Seconds of the past that its levels and evidence need at most."""
        spans = (max(rule.span, rule.evidence) for rule in self.all)
        return max(spans, default=0)
