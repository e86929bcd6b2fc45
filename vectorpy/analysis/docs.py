"""docs/verdict.md, made from the rules, so that it can't be wrong.

python -m vectorpy.analysis.docs > docs/verdict.md
"""

from __future__ import annotations

import sys

from vectorpy.analysis.judge import MAX_STEPS
from vectorpy.analysis.read import MAX_OF, MIN_EVIDENCE, MIN_SECONDS, load
from vectorpy.analysis.rules import CELLS, Condition, Level, Rule, Rules
from vectorpy.analysis.trial import SHOWN
from vectorpy.analysis.words import number

_HEAD = f"""\
# The verdict

This text is made from `vectorpy/analysis/rules.toml` by
`python -m vectorpy.analysis.docs > docs/verdict.md`; change it there.

The widget `verdict` judges four resources (CPU, memory, disk, network) by utilization, saturation
and errors. It stands atop the preset `triage`, and in the preset `verdict` above the widgets that
show its evidence. Each of the twelve cells has a state, its evidence in words, and how long it has
been so; a click, or Enter, leads to the widget that shows it.

| state | what it means |
| --- | --- |
| guilty | the value was beyond its second threshold for long enough |
| watch | the value was beyond its first threshold for long enough, or an error was counted |
| fine | it was measured without a break for 30 seconds, and nothing was raised |
| unknown | its evidence is not full yet ("measuring, 12 of 30 s"), or no samples come |
| not measured | the host does not tell it; the words say why |

Fine is never said for want of evidence. What one host lacks (pressure, a link's speed, the kernel's
log) is named in the cell, and where another measure can stand in it does, and that is said.

## How a rule judges

- A value is judged each second, by the same points that the charts draw. A level is **raised** when
  the value reaches its threshold in so many of the last seconds ("8 of 10 s"), and **cleared** when
  it reaches a lower threshold in no more than half of that many. So no state rests on a single
  sample, and values around a threshold do not flicker. Only counted errors are told at the first
  one: the counter says that it happened.
- **A gap breaks evidence.** A failed sample, a null, a counter that was set back, or seconds
  without a sample (more than {MAX_STEPS:g} times what a rate covers) begin the evidence for fine
  anew. A gap adds no guilt; a short one takes none away, a long one leaves neither.
- Rules per instance judge each one by itself and name the worst ("sdb 97 % busy and 1 more"). An
  instance that comes or goes breaks nothing.
- Where there is too little to do for a value to mean anything (the latency of no operation, the
  share of one lost segment of three), it is calm, and the words say so.
- Numbers are means over {SHOWN} seconds; events are counts over the longest span of their rule.
- The host's history counts: metrics of the verdict are recorded by default, so that a page that
  opens on a host that is sampled already has its words at once.

## The rules

`≥ 85 % / 75 %, 8 of 10 s`: raised when the value is at least 85 % in 8 of the last 10 seconds,
cleared when it is at least 75 % in no more than 4 of them. `any of 120 s`: by one event.
"""

_KEYS = f"""\
## Keys of rules.toml

| key | meaning |
| --- | --- |
| `id`, `name` | name for programs, and for people |
| `resource`, `aspect` | the cell |
| `value`, `otherwise` | expression ([wire.md](wire.md) 3), and others for hosts that lack it |
| `unit` | of the value: % B B/s s /s count 1 |
| `watch`, `guilty` | `reach`, `clear`, `seconds` ({MIN_SECONDS} or more, not for events), `of` |
| `below` | small values are bad |
| `events` | a count of events: told as a number in the rule's span |
| `evidence` | seconds without a break until it is fine: {MIN_EVIDENCE} to {MAX_OF}, else 30 |
| `per_instance`, `instances` | judged by instance; a filter of names (globs) |
| `where` | which instances it is about: an expression with `least` and `most` |
| `known` | which of them can be measured, `words` for the others |
| `active` | when there is enough to do, `words` for when not |
| `label` | a text metric with people's names of the instances |
| `words` | evidence, with `{{value}}`, `{{instance}}`; of events `{{count}}` and `{{seconds}}` |
| `calm` | evidence where no event happened |
| `widget` | the widget that shows it |
| `missing` | why it is not measured, and what brings it |
| `instead_of` | judges only where that rule can't be measured |
| `spare` | not named where it is missing; it carries no green alone |
"""


def page(rules: Rules) -> str:
    """The whole text of docs/verdict.md."""
    parts = [_HEAD]
    for cell in CELLS:
        resource, aspect = cell.split()
        title = "CPU" if resource == "cpu" else resource.capitalize()
        parts.append(f"### {title}: {aspect}\n")
        parts.append("| rule | value | watch | guilty | widget |\n| --- | --- | --- | --- | --- |")
        parts += [_row(rule) for rule in rules.of(cell)]
        parts.append("")
        parts += [_note(rule) for rule in rules.of(cell)]
        parts.append("")
    return "\n".join([*parts, _KEYS])


def _row(rule: Rule) -> str:
    value = ", else ".join(f"`{e.text}`" for e in (rule.value, *rule.otherwise))
    watch, guilty = _level(rule.watch, rule), _level(rule.guilty, rule)
    return f"| `{rule.id}` | {value} | {watch} | {guilty} | `{rule.widget}` |"


def _level(level: Level | None, rule: Rule) -> str:
    if level is None:
        return ""
    sign = "≤" if rule.below else "≥"
    low = number(level.clear, rule.unit)
    if rule.events and level.reach < 1:
        return f"{'any' if level.seconds == 1 else f'in {level.seconds}'} of {level.of} s"
    return f"{sign} {number(level.reach, rule.unit)} / {low}, {level.seconds} of {level.of} s"


def _note(rule: Rule) -> str:
    notes = []
    if rule.instead_of:
        notes.append(f"only where `{rule.instead_of}` can't be measured")
    for what, condition in (("of", rule.where), ("known", rule.known), ("judged", rule.active)):
        if condition is not None:
            notes.append(f"{what} where `{condition.expression.text}` is {_ends(condition)}")
    if rule.instances:
        notes.append(f"instances `{rule.instances}`")
    told = f" ({'; '.join(notes)})" if notes else ""
    return f"- `{rule.id}`{told}. *Where missing:* {rule.missing}"


def _ends(condition: Condition) -> str:
    named = (("at least", condition.least), ("at most", condition.most))
    return " and ".join(f"{words} {end:g}" for words, end in named if end is not None)


if __name__ == "__main__":
    sys.stdout.write(page(load()))
