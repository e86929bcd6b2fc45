"""The widget `verdict`: the rules of `analysis` as a widget of the catalogue.

Each rule is a series, so that what a host lacks, units and instances are
checked as for any widget. The judging is `analysis.judge`'s, its rows are
`live.verdict`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vectorpy.analysis.read import load
from vectorpy.analysis.rules import Rule, Rules
from vectorpy.catalog.widget import Help, SeriesSpec, Widget

ID = "verdict"
# Cells of its rows: state and text for people, the second since which it is so, and the widget
# that shows it.
COLUMNS = (
    ("", "Cell", "", True),
    ("state", "State", "", True),
    ("text", "Evidence", "", True),
    ("since", "Since", "time", False),
    ("widget", "Widget", "", True),
)


@dataclass(frozen=True)
class VerdictWidget(Widget):
    """A widget that draws cells in words; `rules` make them."""

    rules: Rules = field(default=Rules(()), repr=False)

    @property
    def metrics(self) -> frozenset[str]:
        """Metrics of the rules' values and conditions, and names of instances."""
        return super().metrics.union(*(rule.extras for rule in self.rules.all))

    def page(self) -> dict[str, Any]:
        """Plain data for GET /api/v1/widgets."""
        return {**super().page(), "columns": columns()}


def verdict_widget(rules: Rules | None = None) -> VerdictWidget:
    """The widget made of these rules, or of the shipped ones."""
    rules = rules or load()
    return VerdictWidget(
        id=ID,
        title="Verdict",
        group="Verdict",
        kind=ID,
        kinds=(ID,),
        unit="%",
        help=_HELP,
        series=tuple(_series(rule) for rule in rules.all),
        per_instance=any(rule.per_instance for rule in rules.all),
        range=(0, None),
        requires=("linux",),
        wish=ID,
        rules=rules,
    )


def _series(rule: Rule) -> SeriesSpec:
    name = f"{rule.id} {{instance}}" if rule.per_instance else rule.id
    return SeriesSpec(name, rule.value, rule.otherwise, unit=rule.unit, optional=True)


def columns() -> list[dict[str, Any]]:
    """The columns of its rows, as layouts have them."""
    keys = ("id", "title", "unit", "text")
    return [{**dict(zip(keys, column, strict=True)), "help": ""} for column in COLUMNS]


_HELP = Help(
    "Each resource by utilization, saturation and errors: guilty, watch, fine with its evidence in "
    "words, or not measured and why. No state rests on a single sample; docs/verdict.md has every "
    "rule with its thresholds and durations.",
    "All fine, or not measured for a reason that you know. Fine is said only of what was measured "
    "for 30 seconds without a break, so it takes a suspect off the list.",
    "Start with what is guilty, errors and saturation first: a click on a cell leads to the widget "
    "that shows it. Nothing guilty and the service still slow: look outside of this host, at a "
    "database, a lock or the network behind it.",
)
