"""The verdict on one host: twelve cells, each with its state, its evidence and since when.

Rows of a ring come in, in order of time; which metrics there are was found out
before. A cell is as bad as the worst of its rules, and fine only where what can
be measured was measured for long enough.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from vectorpy.analysis import words
from vectorpy.analysis.rules import (
    CELLS,
    FINE,
    GUILTY,
    STATES,
    UNKNOWN,
    UNMEASURED,
    WATCH,
    Rule,
    Rules,
)
from vectorpy.analysis.trial import Seen, Trial
from vectorpy.analysis.words import Label
from vectorpy.model.expression import Expression
from vectorpy.model.ring import Window

# Rows farther apart than this many times what their rates cover are no longer neighbours.
MAX_STEPS = 2.5


class Cell(NamedTuple):
    """One cell: its state, its evidence in words, the second since which it is so, and which
    rule and widget show it best."""

    state: str
    text: str
    since: int
    rule: str
    widget: str


class Judge:
    """See the module.

    `values` are the expressions of those rules that the host has all metrics
    for, `usable` are the metrics that it has.
    """

    def __init__(
        self, rules: Rules, values: Mapping[str, Expression], usable: Collection[str]
    ) -> None:
        self._trials = {
            rule.id: Trial(rule, values[rule.id], usable) for rule in rules.all if rule.id in values
        }
        self._rules = {cell: rules.of(cell) for cell in CELLS}
        self._states = dict.fromkeys(CELLS, (UNKNOWN, 0))
        self.t: int | None = None

    @property
    def metrics(self) -> frozenset[str]:
        """Metrics that its rows must have."""
        return frozenset().union(*(trial.metrics for trial in self._trials.values()))

    def take(self, window: Window, covered: Sequence[float]) -> None:
        """Rows at 1 s, newer than those before; `covered` are the seconds of their rates."""
        seen = [(trial, Seen(trial, window)) for trial in self._trials.values()]
        for row, (t, cover) in enumerate(zip(window.times, covered, strict=True)):
            seconds = 1 if self.t is None else t - self.t
            if cover == 0.0 or seconds > MAX_STEPS * max(1.0, cover):
                seconds = 1
                for trial in self._trials.values():
                    trial.broken()
            for trial, columns in seen:
                trial.take(columns, row, t, seconds)
            self.t = t
            self._settle(t)

    def _settle(self, t: int) -> None:
        for cell in CELLS:
            before, since = self._states[cell]
            state, trials = self._state(cell)
            if state == UNKNOWN or (state == FINE and before in (UNKNOWN, UNMEASURED)):
                begun = [trial.begun for trial in trials if trial.state in (FINE, UNKNOWN)]
                since = max(t if at is None else at for at in begun)
            elif state != before:
                since = t
            self._states[cell] = (state, since)

    def _state(self, cell: str) -> tuple[str, list[Trial]]:
        """A cell's state, and the rules that make it."""
        trials = self._played(cell)
        states = {trial.state for trial in trials}
        for state in (GUILTY, WATCH, UNKNOWN):
            if state in states:
                return state, trials
        carried = any(trial.state == FINE and not trial.rule.spare for trial in trials)
        return (FINE if carried else UNMEASURED), trials

    def _played(self, cell: str) -> list[Trial]:
        """The rules that the host can answer, stand-ins only where they are needed."""
        found = []
        for rule in self._rules[cell]:
            first = self._trials.get(rule.instead_of)
            if first is not None and first.state != UNMEASURED:
                continue
            if rule.id in self._trials:
                found.append(self._trials[rule.id])
        return found

    # -- what it comes to ------------------------------------------------------

    def states(self) -> dict[str, tuple[str, int]]:
        """State and since when, by cell; cheap."""
        return dict(self._states)

    def cells(self, label: Label = lambda metric, instance: "") -> dict[str, Cell]:
        """All cells with their words."""
        return {cell: self._cell(cell, label) for cell in CELLS}

    def _cell(self, cell: str, label: Label) -> Cell:
        state, since = self._states[cell]
        t = self.t or 0
        trials = [trial for trial in self._played(cell) if trial.state != UNMEASURED]
        leading = [trial for trial in trials if trial.state == state]
        rule = leading[0].rule if leading else self._rules[cell][0]
        if state == UNMEASURED:
            text = words.reasons(self._missed(cell, trials))
        elif state == UNKNOWN:
            text = words.measuring(leading) if leading else "measuring"
        else:
            chosen = "" if state == FINE else state
            parts = (words.evidence(trial, t, label, chosen) for trial in leading)
            text = ", ".join(part for part in parts if part)
            if state == FINE:
                text += words.without(self._missed(cell, trials))
        return Cell(state, text, since, rule.id, rule.widget)

    def _missed(self, cell: str, trials: Sequence[Trial]) -> list[Rule]:
        """The rules of a cell that can't be measured; stand-ins are not missed."""
        measured = {trial.rule.id for trial in trials}
        return [r for r in self._rules[cell] if r.id not in measured and not r.instead_of]


def worst(states: Collection[str]) -> str:
    """The gravest of some states."""
    return min(states, key=STATES.index)
