"""One rule on one host: how long its levels were reached, and how long it was measured.

Rows come in order of time, each once; what stays of them are a few counters per
instance. What the cells say of it stands in `judge`, the words in `words`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping

from vectorpy.analysis.rules import FINE, GUILTY, UNKNOWN, UNMEASURED, WATCH, Condition, Level, Rule
from vectorpy.model.expression import Columns, Expression
from vectorpy.model.ring import Window
from vectorpy.model.watch import InstanceFilter

# Values are told as their mean over so many seconds.
SHOWN = 5
# Nothing to measure is told only after so many seconds: a metric's first second has no rate.
PATIENCE = 5

# What a row says of one instance, where it has no value that counts.
_GAP, _UNKNOWABLE, _CALM, _ELSE = "gap", "unknowable", "calm", "else"


class Seconds:
    """How many of the last `of` seconds were added."""

    __slots__ = ("_of", "_when", "total")

    def __init__(self, of: int) -> None:
        self._of = of
        self._when: deque[tuple[int, int]] = deque()
        self.total = 0

    def add(self, t: int, seconds: int) -> None:
        """The `seconds` that end with t."""
        self._when.append((t, seconds))
        self.total += seconds

    def expire(self, t: int) -> None:
        """Forget what was before the last `of` seconds up to t."""
        while self._when and self._when[0][0] <= t - self._of:
            self.total -= self._when.popleft()[1]


class Raised:
    """One level for one instance; `at` is the second since which it is raised."""

    __slots__ = ("_level", "_reached", "_sign", "_stays", "at")

    def __init__(self, level: Level, below: bool) -> None:
        self._level = level
        self._sign = -1.0 if below else 1.0
        self._reached = Seconds(level.of)
        self._stays = Seconds(level.of)
        self.at: int | None = None

    def take(self, t: int, seconds: int, value: float | None) -> None:
        """The value of the `seconds` that end with t; None counts as calm."""
        level, sign = self._level, self._sign
        if value is not None and sign * value >= sign * level.clear:
            self._stays.add(t, seconds)
            if sign * value >= sign * level.reach:
                self._reached.add(t, seconds)
        elif self._stays.total == 0:
            return
        self._stays.expire(t)
        self._reached.expire(t)
        if self.at is None:
            if self._reached.total >= level.seconds:
                self.at = t
        elif self._stays.total * 2 <= level.seconds:
            self.at = None


class Suspect:
    """One instance ("" where there is one alone) before one rule."""

    __slots__ = ("_events", "_rule", "_shown", "levels")

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.levels = tuple((s, Raised(level, rule.below)) for s, level in rule.levels)
        self._shown: deque[tuple[int, float]] = deque(maxlen=SHOWN)
        self._events: deque[tuple[int, float]] = deque()

    def take(self, t: int, seconds: int, value: float | None) -> None:
        """Its value at second t, which speaks for the `seconds` before; None: calm."""
        for _, raised in self.levels:
            raised.take(t, seconds, value)
        if value is None:
            return
        if not self._rule.events:
            self._shown.append((t, value))
        elif value > 0:
            self._events.append((t, value * seconds))

    @property
    def state(self) -> str:
        """guilty, watch, or "" for neither."""
        return next((state for state, raised in self.levels if raised.at is not None), "")

    def mean(self, t: int) -> float | None:
        """Mean of its values in the last seconds up to t, or before a gap; None without any."""
        values = [value for when, value in self._shown if when > t - SHOWN]
        values = values or [value for _, value in self._shown]
        return math.fsum(values) / len(values) if values else None

    def count(self, t: int) -> int:
        """Events within the seconds that the rule looks back."""
        events = self._events
        while events and events[0][0] <= t - self._rule.span:
            events.popleft()
        return round(math.fsum(number for _, number in events))


class Seen:
    """A rule's columns in one window."""

    def __init__(self, trial: Trial, window: Window) -> None:
        self.window = window
        self.value = trial.value.columns(window, trial.keep)
        self.where = _columns(trial.where, window, trial)
        self.known = _columns(trial.known, window, trial)
        self.active = _columns(trial.active, window, trial)


class Trial:
    """See the module. `value` is the expression that fits the host, `usable` its metrics."""

    def __init__(self, rule: Rule, value: Expression, usable: Collection[str]) -> None:
        def there(condition: Condition | None) -> Condition | None:
            fits = condition and all(name in usable for name in condition.expression.metrics)
            return condition if fits else None

        self.rule = rule
        self.value = value
        self.where, self.known, self.active = map(there, (rule.where, rule.known, rule.active))
        self.keep = InstanceFilter(rule.instances) if rule.instances else None
        self.suspects: dict[str, Suspect] = {}
        # Instances that can't be measured, and whether all the others have too little to do.
        self.unknowable: tuple[str, ...] = ()
        self.idle = False
        # The second since which it is measured without a break.
        self.begun: int | None = None
        self._nothing = 0
        self._t = 0

    @property
    def metrics(self) -> frozenset[str]:
        """What its rows must have."""
        conditions = (self.where, self.known, self.active)
        return self.value.metrics.union(*(c.expression.metrics for c in conditions if c))

    # -- rows ------------------------------------------------------------------

    def broken(self) -> None:
        """Time went on without samples: what was measured before is no evidence any more."""
        self.begun = None

    def take(self, seen: Seen, row: int, t: int, seconds: int) -> None:
        """One row of a window: second t, which speaks for the `seconds` that end with it."""
        self._t = t
        found = {name: self._look(seen, name, row) for name in self._names(seen)}
        self.unknowable = tuple(name for name, what in found.items() if what == _UNKNOWABLE)
        measured = [what for what in found.values() if what == _CALM or type(what) is float]
        gap = _GAP in found.values()
        for name in [n for n in self.suspects if found.get(n, _ELSE) in (_ELSE, _UNKNOWABLE)]:
            del self.suspects[name]
        for name, what in found.items():
            if type(what) is float or what == _CALM:
                suspect = self.suspects.get(name)
                if suspect is None:
                    suspect = self.suspects[name] = Suspect(self.rule)
                suspect.take(t, seconds, what if isinstance(what, float) else None)
            elif what == _GAP and name in self.suspects:
                self.suspects[name].take(t, seconds, None)
        self.idle = bool(measured) and all(what == _CALM for what in measured)
        self._nothing = 0 if measured or gap else self._nothing + seconds
        if gap or not measured:
            self.begun = None
        elif self.begun is None:
            self.begun = t - seconds

    def _names(self, seen: Seen) -> Mapping[str, object]:
        """The instances that the rule is about; those without a value only where that is told."""
        if self.rule.known is None or not seen.where:
            return seen.value
        return {**seen.where, **seen.value}

    def _look(self, seen: Seen, name: str, row: int) -> float | str:
        """A value that counts, or why there is none."""
        for condition, columns in ((self.where, seen.where), (self.known, seen.known)):
            if condition is None:
                continue
            said = _cell(columns, name, row)
            if said is None and _null(seen.window, condition.expression, name, row):
                return _GAP
            if condition is self.where and said is not None and not condition.holds(said):
                return _ELSE
            if condition is self.known and (said is None or not condition.holds(said)):
                return _UNKNOWABLE
        if self.active is not None:
            busy = _cell(seen.active, name, row)
            if busy is not None and not self.active.holds(busy):
                return _CALM
        value = _cell(seen.value, name, row)
        if value is not None:
            return float(value)
        if name in seen.value and _null(seen.window, self.value, name, row):
            return _GAP
        exists = name in seen.value and not _absent(seen.window, self.value, name, row)
        return _UNKNOWABLE if exists or self.rule.known else _ELSE

    # -- what it comes to ------------------------------------------------------

    @property
    def state(self) -> str:
        """guilty, watch, unknown, fine or unmeasured."""
        states = {suspect.state for suspect in self.suspects.values()}
        if GUILTY in states or WATCH in states:
            return GUILTY if GUILTY in states else WATCH
        if self.begun is None and (self._nothing >= PATIENCE or self._hidden):
            return UNMEASURED
        return FINE if self.evidence >= self.rule.evidence else UNKNOWN

    @property
    def _hidden(self) -> bool:
        """Whether there are instances, and none that can be measured."""
        return bool(self.unknowable) and self._nothing > 0

    @property
    def evidence(self) -> int:
        """Seconds of measuring without a break, up to the newest row."""
        return 0 if self.begun is None else self._t - self.begun

    def worst(self, state: str = "") -> list[tuple[str, Suspect]]:
        """Instances in a state (all by default), the worst first."""
        chosen = [(n, s) for n, s in self.suspects.items() if not state or s.state == state]
        sign = -1.0 if self.rule.below else 1.0

        def rank(item: tuple[str, Suspect]) -> tuple[float, str]:
            size = item[1].count(self._t) if self.rule.events else item[1].mean(self._t)
            return (math.inf if size is None else -sign * size, item[0])

        return sorted(chosen, key=rank)


def _columns(condition: Condition | None, window: Window, trial: Trial) -> Columns:
    return {} if condition is None else condition.expression.columns(window, trial.keep)


def _cell(columns: Columns, name: str, row: int) -> float | None:
    """The cell of an instance, or the single value that holds for all."""
    column = columns.get(name)
    if column is None:
        column = columns.get("")
    return None if column is None else column[row]


def _inputs(window: Window, expression: Expression, name: str, row: int) -> list[float | None]:
    """The cells that an instance's value is made of; of a sum over instances, all."""
    cells: list[float | None] = []
    for metric in expression.metrics:
        columns = window.columns.get(metric, {})
        if name in columns or "" in columns:
            cells.append(_cell(columns, name, row))
        elif not name:
            cells += [column[row] for column in columns.values()]
    return cells


def _null(window: Window, expression: Expression, name: str, row: int) -> bool:
    """Whether a gap in what it is made of leaves an instance without a value."""
    return any(cell is not None and cell != cell for cell in _inputs(window, expression, name, row))


def _absent(window: Window, expression: Expression, name: str, row: int) -> bool:
    """Whether the instance does not exist at that row."""
    cells = _inputs(window, expression, name, row)
    return not cells or (all if not name else any)(cell is None for cell in cells)
