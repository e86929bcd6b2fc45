"""Rules of the verdict from TOML, strictly: what is not known is an error.

Only the form is judged here, and that each rule makes sense by itself and
beside the others. The form of single fields is `model.fields`'.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from vectorpy.analysis.rules import ASPECTS, CELLS, RESOURCES, Condition, Level, Rule, Rules
from vectorpy.errors import ConfigError, UserError
from vectorpy.model import expression, units
from vectorpy.model.fields import Fault, flag, known, one_of, string, strings, tables
from vectorpy.model.watch import InstanceFilter

SHIPPED = Path(__file__).with_name("rules.toml")
# A level looks back no farther, in seconds; nothing but events may rest on fewer samples.
MAX_OF, MIN_SECONDS = 120, 3
MIN_EVIDENCE = 10

_ID = re.compile(r"[a-z][a-z0-9-]{0,40}")
_METRIC = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+")
_PLACES = re.compile(r"\{(\w*)\}")
_KEYS = {
    "id", "name", "resource", "aspect", "value", "otherwise", "unit", "watch", "guilty", "words",
    "widget", "missing", "below", "events", "per_instance", "instances", "label", "where", "known",
    "active", "calm", "evidence", "instead_of", "spare",
}  # fmt: skip


def load(path: Path = SHIPPED) -> Rules:
    """The rules of a file; ConfigError with file, rule and reason where it is wrong."""
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: it can't be read: {error}.") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}") from None


def read(text: str) -> Rules:
    """The rules of a TOML text; ConfigError with rule and reason where it is wrong."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"it is no TOML: {error}.") from error
    try:
        known(table, {"rule"})
        rules = tuple(_named(entry, n) for n, entry in enumerate(tables(table, "rule"), 1))
        _together(rules)
    except Fault as fault:
        raise ConfigError(f"{fault}.") from None
    return Rules(rules)


def _named(entry: dict[str, Any], number: int) -> Rule:
    try:
        return _rule(entry)
    except (Fault, UserError) as error:
        text = str(error).rstrip(".")
        raise Fault(f"the rule {entry.get('id', number)!r}: {text}") from None


def _together(rules: tuple[Rule, ...]) -> None:
    """Fault where rules don't fit one another."""
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) < len(rules):
        raise Fault("two rules have the same id")
    for rule in rules:
        other = by_id.get(rule.instead_of) if rule.instead_of else None
        if rule.instead_of and (other is None or other.cell != rule.cell or other.instead_of):
            raise Fault(f"the rule {rule.id!r}: instead_of must name a first choice of its cell")
    bare = [cell for cell in CELLS if cell not in {rule.cell for rule in rules}]
    if bare:
        raise Fault(f"no rule speaks of {', '.join(bare)}")


def _rule(entry: dict[str, Any]) -> Rule:
    known(entry, _KEYS)
    id = string(entry, "id")
    if not _ID.fullmatch(id):
        raise Fault("an id has lower case letters, digits and hyphens only")
    rule = Rule(
        id=id,
        name=string(entry, "name"),
        resource=one_of(entry, "resource", RESOURCES),
        aspect=one_of(entry, "aspect", ASPECTS),
        value=_expression(string(entry, "value")),
        otherwise=tuple(_expression(text) for text in strings(entry, "otherwise")),
        unit=one_of(entry, "unit", tuple(units.ANSWERS)),
        words=string(entry, "words"),
        widget=string(entry, "widget"),
        missing=string(entry, "missing"),
        below=flag(entry, "below"),
        events=flag(entry, "events"),
        per_instance=flag(entry, "per_instance"),
        instances=string(entry, "instances", ""),
        label=string(entry, "label", ""),
        where=_condition(entry, "where"),
        known=_condition(entry, "known"),
        active=_condition(entry, "active"),
        calm=string(entry, "calm", ""),
        evidence=_whole(entry, "evidence", 30),
        instead_of=string(entry, "instead_of", ""),
        spare=flag(entry, "spare"),
        watch=_level(entry, "watch"),
        guilty=_level(entry, "guilty"),
    )
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    """Fault where a rule contradicts itself."""
    if not rule.levels:
        raise Fault("it has neither watch nor guilty")
    for state, level in rule.levels:
        _check_level(rule, state, level)
    sign = -1 if rule.below else 1
    if rule.watch and rule.guilty and sign * rule.guilty.reach < sign * rule.watch.reach:
        raise Fault("guilty is reached before watch")
    if not MIN_EVIDENCE <= rule.evidence <= MAX_OF:
        raise Fault(f"evidence must be {MIN_EVIDENCE} to {MAX_OF} seconds")
    if rule.events and rule.unit != "/s":
        raise Fault("events are counted: their unit is /s")
    if rule.label and not _METRIC.fullmatch(rule.label):
        raise Fault(f"label {rule.label!r} is no name of a metric")
    if not rule.per_instance and (rule.instances or rule.label or rule.where or rule.known):
        raise Fault("instances, label, where and known are for rules that are per_instance")
    InstanceFilter(rule.instances)
    _check_words(rule)


def _check_level(rule: Rule, state: str, level: Level) -> None:
    sign = -1 if rule.below else 1
    if sign * level.clear > sign * level.reach:
        raise Fault(f"{state} is cleared at a worse value than it is raised at")
    if not rule.events and level.clear == level.reach:
        raise Fault(f"{state} is cleared where it is raised: it would flicker")
    least = 1 if rule.events else MIN_SECONDS
    if not least <= level.seconds <= level.of <= MAX_OF:
        raise Fault(f"{state} needs {least} <= seconds <= of <= {MAX_OF}")


def _check_words(rule: Rule) -> None:
    places = {"count", "seconds"} if rule.events else {"value"}
    if rule.per_instance:
        places.add("instance")
    for text in (rule.words, rule.calm):
        for place in _PLACES.findall(text):
            if place not in places:
                raise Fault(f"words may have {', '.join(sorted(places))}, not {{{place}}}")
    if not rule.events and "{value}" not in rule.words:
        raise Fault("words must tell {value}")


def _level(entry: dict[str, Any], key: str) -> Level | None:
    table = entry.get(key)
    if table is None:
        return None
    known(table, {"reach", "clear", "seconds", "of"})
    return Level(
        _number(table, "reach"),
        _number(table, "clear"),
        _whole(table, "seconds"),
        _whole(table, "of"),
    )


def _condition(entry: dict[str, Any], key: str) -> Condition | None:
    table = entry.get(key)
    if table is None:
        return None
    known(table, {"expression", "least", "most", "words"})
    if "least" not in table and "most" not in table:
        raise Fault(f"{key} needs least or most")
    return Condition(
        _expression(string(table, "expression")),
        _number(table, "least") if "least" in table else None,
        _number(table, "most") if "most" in table else None,
        string(table, "words", ""),
    )


def _expression(text: str) -> expression.Expression:
    found = expression.parse(" ".join(text.split()))
    if found.top is not None:
        raise Fault("an expression of a rule has no top")
    return found


def _number(table: dict[str, Any], key: str) -> float:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault(f"{key} must be a number")
    return float(value)


def _whole(table: dict[str, Any], key: str, default: int | None = None) -> int:
    value = table.get(key, default)
    if type(value) is not int:
        raise Fault(f"{key} must be a whole number")
    return value
