"""Builders of this room's tests: rows written by hand, and a judge that is led through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from vectorpy.analysis.judge import Cell, Judge
from vectorpy.analysis.read import load, read
from vectorpy.analysis.rules import Rules
from vectorpy.model.ring import Ring

SHIPPED = load()
START = 1000
Values = Mapping[str, Any]
# One rule for each other cell, which a file must have; their metrics are in no row.
CELLS = [
    (resource, aspect)
    for resource in ("cpu", "memory", "disk", "network")
    for aspect in ("utilization", "saturation", "errors")
]


class Bench:
    """A host's ring, filled second by second, and the judge of some rules over it.

    `only` are rules that count; the others lack their metrics.
    """

    def __init__(self, rules: Rules = SHIPPED, only: Iterable[str] = (), **more: Any) -> None:
        self.rules = rules
        chosen = [rule for rule in rules.all if not only or rule.id in only]
        usable = more.get("usable")
        if usable is None:
            usable = frozenset().union(*(r.value.metrics | r.extras for r in chosen))
        values = {rule.id: rule.value for rule in chosen if rule.value.metrics <= usable}
        self.judge = Judge(rules, values, usable)
        self.ring = Ring(600, 10_000_000)
        self.t = START

    def row(self, values: Values, seconds: int = 1) -> None:
        """The next sample, so many seconds after the one before: metric -> value or instances."""
        self.t += seconds
        points = {m: v if isinstance(v, dict) else {"": v} for m, v in values.items()}
        self.ring.append(self.t, float(seconds), points)
        self._take()

    def fail(self) -> None:
        """The next sample fails."""
        self.t += 1
        self.ring.gap(self.t)
        self._take()

    def silence(self, seconds: int) -> None:
        """So many seconds without any sample; the next has no rates."""
        self.t += seconds

    def first(self, values: Values) -> None:
        """A sample after a silence, whose rates are gaps; gauges are there."""
        self.t += 1
        points = {m: v if isinstance(v, dict) else {"": v} for m, v in values.items()}
        self.ring.append(self.t, 0.0, points)
        self._take()

    def _take(self) -> None:
        before = self.judge.t or START
        window = self.ring.view(self.judge.metrics, before + 1, self.t, 1)
        self.judge.take(window, [self.ring.covered(t) for t in window.times])

    def run(self, values: Values, seconds: int) -> list[str]:
        """So many samples alike, one a second: the state of each changed cell is not told."""
        for _ in range(seconds):
            self.row(values)
        return []

    def until(self, values: Values, cell: str, state: str, most: int = 200) -> int:
        """Samples alike until the cell is in that state: how many it took."""
        for number in range(1, most + 1):
            self.row(values)
            if self.state(cell) == state:
                return number
        raise AssertionError(f"{cell} is {self.state(cell)} after {most} s, not {state}")

    def state(self, cell: str) -> str:
        return self.judge.states()[cell][0]

    def cell(self, cell: str) -> Cell:
        return self.judge.cells(lambda metric, instance: {"/dev/sda1": "/data"}.get(instance, ""))[
            cell
        ]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Makes a Bench; `rules` is the text of one rule for the cell cpu utilization, or Rules."""

    def make(rules: Rules | str | None = None, **more: Any) -> Bench:
        if isinstance(rules, str):
            rules = one_rule(rules)
            more["only"] = [r.id for r in rules.all if not r.id.startswith("other-")]
        return Bench(rules or SHIPPED, **more)

    return make


def one_rule(text: str) -> Rules:
    """Rules from a text of cpu utilization, with some that no host answers for the other cells."""
    filler = "\n".join(
        f'[[rule]]\nid = "other-{n}"\nname = "other"\nresource = "{resource}"\n'
        f'aspect = "{aspect}"\nvalue = "no.metric{n}"\nunit = "1"\nwords = "{{value}}"\n'
        'widget = "cpu"\nmissing = "It is not there."\n'
        "watch = { reach = 2, clear = 1, seconds = 3, of = 3 }\n"
        for n, (resource, aspect) in enumerate(CELLS)
        if (resource, aspect) != ("cpu", "utilization")
    )
    return read(f"{text}\n{filler}")


@pytest.fixture
def rules_of() -> Callable[[str], Rules]:
    """Rules from the text of some, with fillers for the other cells."""
    return one_rule
