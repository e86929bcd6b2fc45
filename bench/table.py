"""A row of the table, and the table as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, beside what; `ratio` and `target` in words of the target."""

    what: str
    ours: str
    against: str
    theirs: str
    ratio: str
    target: str


def times(ours: float, theirs: float) -> str:
    """`ours` over `theirs`, as people read it."""
    return f"{ours / theirs:.2f}x" if theirs else "-"


def spread(values: Sequence[float], unit: str, digits: int = 1) -> str:
    """The median, with the lowest and the highest where there are several."""
    middle = f"{statistics.median(values):.{digits}f} {unit}"
    if len(values) < 2:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    heads = ("what", "vectorpy", "against", "that", "ratio", "target")
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for row in rows:
        cells = (row.what, row.ours, row.against, row.theirs, row.ratio, row.target)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
