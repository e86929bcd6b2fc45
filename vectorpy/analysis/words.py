"""The verdict in words: numbers, evidence of a rule, the sentence of a cell.

Only texts are made here; states are `trial`'s and `judge`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vectorpy.analysis.rules import Rule
from vectorpy.analysis.trial import Suspect, Trial

# By metric of names and instance, what people call it: the folder of a mounted disk.
Label = Callable[[str, str], str]

_TIMES = ((1e-4, 1e-6, "µs"), (1.0, 1e-3, "ms"), (180.0, 1.0, "s"), (float("inf"), 60.0, "min"))
_STEPS = ("", "k", "M", "G", "T", "P", "E")


def number(value: float, unit: str) -> str:
    """A canonical number for people, with two digits that count: `97 %`, `0.4 ms`, `1.2k/s`."""
    if unit == "s":
        _, factor, name = next(step for step in _TIMES if abs(value) < step[0])
        return f"{_digits(value / factor)} {name}" if value else "0 ms"
    if unit in ("B", "B/s"):
        size, prefix = _scaled(value, 1024)
        return f"{_digits(size)} {f'{prefix.upper()}i' if prefix else ''}{unit}"
    if unit == "%":
        return f"{_digits(value)} %"
    size, prefix = _scaled(value, 1000)
    return f"{_digits(size)}{prefix}{'/s' if unit == '/s' else ''}"


def _scaled(value: float, base: int) -> tuple[float, str]:
    steps = 0
    while abs(value) >= base and steps < len(_STEPS) - 1:
        value, steps = value / base, steps + 1
    return value, _STEPS[steps]


def _digits(value: float) -> str:
    size = abs(value)
    if size >= 9.95:
        return f"{value:.0f}"
    if size < 0.005:
        return "0"
    text = f"{value:.1f}" if size >= 0.095 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def evidence(trial: Trial, t: int, label: Label, state: str = "") -> str:
    """What a rule measured: of the worst instance, or of those in a state."""
    rule = trial.rule
    worst = trial.worst(state)
    if not worst:
        return ""
    if not state and trial.idle:
        return rule.active.words if rule.active else ""
    name, suspect = worst[0]
    if not state and rule.calm and rule.events and not suspect.count(t):
        return _filled(rule.calm, rule, trial, name, suspect, t, label)
    text = _filled(rule.words, rule, trial, name, suspect, t, label)
    if not state:
        return f"{text}{_hidden(trial)}"
    more = len(worst) - 1
    return f"{text} and {more} more" if more else text


def _hidden(trial: Trial) -> str:
    """The instances that can't be measured, and why."""
    names = trial.unknowable
    if not names or trial.rule.known is None:
        return ""
    shown = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
    return f" ({shown}: {trial.rule.known.words})"


def _filled(
    text: str, rule: Rule, trial: Trial, name: str, suspect: Suspect, t: int, label: Label
) -> str:
    count, mean = suspect.count(t), suspect.mean(t)
    known = {
        "instance": (label(rule.label, name) if rule.label else "") or name,
        "count": str(count or "no"),
        "seconds": str(min(rule.span, trial.evidence) if not suspect.state else rule.span),
        "value": "–" if mean is None else number(mean, rule.unit),
    }
    return text.format_map(known)


def measuring(trials: Sequence[Trial]) -> str:
    """How far the evidence is of those that lack most."""
    least = min(trials, key=lambda trial: trial.evidence - trial.rule.evidence)
    return f"measuring, {least.evidence} of {least.rule.evidence} s"


def without(rules: Sequence[Rule]) -> str:
    """What is not measured beside what is; "" where nothing is missed."""
    names = ", ".join(rule.name for rule in rules if not rule.spare)
    return f" (not measured: {names})" if names else ""


def reasons(rules: Sequence[Rule]) -> str:
    """Why nothing is measured."""
    missed = [rule for rule in rules if not rule.spare] or rules
    return " ".join(dict.fromkeys(rule.missing for rule in missed))
