"""The strict reading of rules: every key that is wrong is an error that names rule and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vectorpy.analysis import docs, words
from vectorpy.analysis.read import load
from vectorpy.analysis.rules import CELLS
from vectorpy.errors import ConfigError

GOOD = """
[[rule]]
id = "busy"
name = "busy time"
resource = "cpu"
aspect = "utilization"
value = "cpu.busy"
unit = "%"
watch = { reach = 80, clear = 60, seconds = 4, of = 6 }
guilty = { reach = 95, clear = 80, seconds = 6, of = 8 }
words = "{value} busy"
widget = "cpu"
missing = "No CPU times."
"""


def test_the_shipped_rules_speak_of_every_cell() -> None:
    rules = load()
    assert {rule.cell for rule in rules.all} == set(CELLS)
    assert len(CELLS) == 12
    assert all(rule.watch or rule.guilty for rule in rules.all)


def test_a_good_rule_is_read(rules_of: Any) -> None:
    rule = rules_of(GOOD)["busy"]
    assert (rule.cell, rule.unit, rule.evidence) == ("cpu utilization", "%", 30)
    assert rule.watch == (rule.watch.__class__)(80.0, 60.0, 4, 6)
    assert rule.levels[0][0] == "guilty" and rule.span == 8


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('name = "busy time"', 'name = "busy time"\ncolour = "red"', "unknown key 'colour'"),
        ('id = "busy"', 'id = "Busy!"', "lower case letters"),
        ('resource = "cpu"', 'resource = "gpu"', "'gpu' must be one of cpu, memory, disk, network"),
        ('aspect = "utilization"', 'aspect = "use"', "must be one of utilization, saturation"),
        ('value = "cpu.busy"', 'value = "cpu.busy +"', "at character"),
        ('value = "cpu.busy"', 'value = "top(3, cpu.busy)"', "has no top"),
        ('unit = "%"', 'unit = "kB"', "unit 'kB'"),
        ('words = "{value} busy"', 'words = "busy"', "must tell {value}"),
        ('words = "{value} busy"', 'words = "{value} {instance}"', "not {instance}"),
        ('missing = "No CPU times."', "", "missing is missing"),
        ('widget = "cpu"', "", "widget is missing"),
        ("seconds = 4, of = 6", "seconds = 1, of = 6", "watch needs 3 <= seconds <= of <= 120"),
        ("seconds = 4, of = 6", "seconds = 7, of = 6", "watch needs 3 <= seconds <= of <= 120"),
        ("seconds = 4, of = 6", "seconds = 4, of = 600", "watch needs 3 <= seconds"),
        ("seconds = 4, of = 6", "seconds = 4.5, of = 6", "seconds must be a whole number"),
        ("reach = 80, clear = 60", "reach = 80, clear = 90", "cleared at a worse value"),
        ("reach = 80, clear = 60", "reach = 80, clear = 80", "it would flicker"),
        ("reach = 80, clear = 60", "reach = 99, clear = 60", "guilty is reached before watch"),
        ("reach = 80, clear = 60", 'reach = "80", clear = 60', "reach must be a number"),
        ("reach = 80, clear = 60", "reach = 80, clear = 60, hold = 3", "unknown key 'hold'"),
        ('widget = "cpu"', 'widget = "cpu"\nevidence = 5', "evidence must be 10 to 120 seconds"),
        ('widget = "cpu"', 'widget = "cpu"\nevents = true', "their unit is /s"),
        ('widget = "cpu"', 'widget = "cpu"\nlabel = "cpu.name"', "rules that are per_instance"),
        ('widget = "cpu"', 'widget = "cpu"\nspare = 1', "spare must be true or false"),
        ('widget = "cpu"', 'widget = "cpu"\ninstead_of = "none"', "must name a first choice"),
        ('widget = "cpu"', 'widget = "cpu"\nactive = { expression = "a.b" }', "least or most"),
        ('widget = "cpu"', 'widget = "cpu"\nbelow = true', "cleared at a worse value"),
    ],
)
def test_what_is_wrong_is_named(rules_of: Any, old: str, new: str, reason: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        rules_of(GOOD.replace(old, new))
    assert reason in caught.value.message
    assert caught.value.message.endswith(".")


def test_a_rule_without_levels_or_cells_without_rules_are_refused(rules_of: Any) -> None:
    bare = "\n".join(line for line in GOOD.splitlines() if not line.startswith(("watch", "guilty")))
    with pytest.raises(ConfigError, match="neither watch nor guilty"):
        rules_of(bare)
    with pytest.raises(ConfigError, match="no rule speaks of cpu utilization"):
        rules_of("")
    with pytest.raises(ConfigError, match="two rules have the same id"):
        rules_of(GOOD + GOOD)


def test_a_file_is_named_in_its_fault(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    with pytest.raises(ConfigError, match=r"rules\.toml: it can't be read"):
        load(path)
    path.write_text("[[rule]\n")
    with pytest.raises(ConfigError, match=r"rules\.toml: it is no TOML"):
        load(path)
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match=r"rules\.toml: no rule speaks of cpu saturation"):
        load(path)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (97.4, "%", "97 %"),
        (2.96, "%", "3 %"),
        (0.031, "%", "0.03 %"),
        (0.0, "%", "0 %"),
        (0.0004, "s", "0.4 ms"),
        (0.00002, "s", "20 µs"),
        (0.25, "s", "250 ms"),
        (2.5, "s", "2.5 s"),
        (600.0, "s", "10 min"),
        (0.0, "s", "0 ms"),
        (1234.0, "/s", "1.2k/s"),
        (0.0, "/s", "0/s"),
        (9.0, "count", "9"),
        (1536.0, "B", "1.5 KiB"),
        (3e9, "B/s", "2.8 GiB/s"),
        (0.5, "1", "0.5"),
    ],
)
def test_numbers_are_short(value: float, unit: str, text: str) -> None:
    assert words.number(value, unit) == text


def test_the_page_of_the_documentation_is_made_from_these_rules() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "verdict.md"
    made = docs.page(load())
    assert page.read_text(encoding="utf-8") == made, "python -m vectorpy.analysis.docs has to run"
    assert "| `disk-busy` |" in made and "≥ 80 % / 60 %, 10 of 12 s" in made
    assert "≤ 10 % / 12 %, 8 of 10 s" in made and "any of 120 s" in made
