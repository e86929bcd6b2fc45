"""Units: PCP's texts, the factor to canonical units, and the dimension of a point.

Canonical are bytes, seconds and ones (docs/wire.md 2 calls them so too). Only units
belong here: which values are rates is said in `rates`, how people read numbers
(MiB, ms) is the browser's.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vectorpy.errors import UserError
from vectorpy.model.metric import COUNTER, Descriptor


class Dim(NamedTuple):
    """Exponents of bytes, seconds and ones; B/s is Dim(1, -1, 0)."""

    space: int = 0
    time: int = 0
    count: int = 0  # type: ignore[assignment]  # PCP's word; tuple.count is not used here


# The units of answers. The count is not told apart: ones have no dimension for people.
ANSWERS: dict[str, Dim] = {
    "%": Dim(),
    "B": Dim(1, 0, 0),
    "B/s": Dim(1, -1, 0),
    "s": Dim(0, 1, 0),
    "/s": Dim(0, -1, 0),
    "count": Dim(0, 0, 1),
    "1": Dim(),
}

_SPACE = {
    name: 1024.0**power
    for power, names in enumerate(
        (
            "byte bytes B",
            "Kbyte Kbytes KB KiB",
            "Mbyte Mbytes MB MiB",
            "Gbyte Gbytes GB GiB",
            "Tbyte Tbytes TB TiB",
            "Pbyte Pbytes PB PiB",
            "Ebyte Ebytes EB EiB",
            "Zbyte Zbytes ZB ZiB",
            "Ybyte Ybytes YB YiB",
        )
    )
    for name in names.split()
}
_TIME = {
    name: factor
    for factor, names in (
        (1e-9, "nanosec nanosecond nanoseconds ns"),
        (1e-6, "microsec microsecond microseconds us"),
        (1e-3, "millisec millisecond milliseconds ms"),
        (1.0, "sec second seconds s"),
        (60.0, "min minute minutes"),
        (3600.0, "hour hours hr"),
    )
    for name in names.split()
}
# One factor of a unit: a word with its exponent ("byte^2"), a count with its scale before its
# exponent ("count x 10^3^2"), or a scale alone.
_WORD = re.compile(r"([A-Za-z]+)(?:\^(-?\d{1,2}))?")
_COUNT = re.compile(r"counts?(?![A-Za-z])(?:\s*x\s*10\^(-?\d{1,2}))?(?:\^(-?\d{1,2}))?")
_TENS = re.compile(r"(?:x\s*)?10\^(-?\d{1,2})")
_NOTHING = frozenset({"", "none", "1", "%"})


def canonical(text: str) -> tuple[float, Dim]:
    """Factor to canonical units, and dimension, of PCP's unit text (pmUnitsStr(3)).

    `"Kbyte / sec"` gives `(1024.0, Dim(1, -1, 0))`, `""` and `"none"` give
    `(1.0, Dim())`, `"count x 10^6 / Mbyte"` scales both sides. The units of
    answers (`%`, `B/s`, ...) are read as well. UserError on any other text.
    """
    above, slash, below = text.strip().partition("/")
    factor, dim = _product(above.strip(), text)
    if slash:
        under, sub = _product(below.strip(), text)
        if below.strip() in _NOTHING:
            raise UserError(f"The unit {text!r} has nothing below its line.")
        factor /= under
        dim = Dim(dim.space - sub.space, dim.time - sub.time, dim.count - sub.count)
    return factor, dim


def _product(part: str, text: str) -> tuple[float, Dim]:
    """Factor and dimension of the words on one side of the line."""
    factor, space, time, count = 1.0, 0, 0, 0
    if part in _NOTHING:
        return factor, Dim()
    position = 0
    while position < len(part):
        if part[position].isspace():
            position += 1
            continue
        if tens := _TENS.match(part, position):
            factor *= 10.0 ** int(tens[1])
            position = tens.end()
            continue
        if ones := _COUNT.match(part, position):
            power = int(ones[2] or 1)
            count += power
            factor *= 10.0 ** (int(ones[1] or 0) * power)
            position = ones.end()
            continue
        word = _WORD.match(part, position)
        power = int(word[2] or 1) if word else 0
        if word and word[1] in _SPACE:
            space += power
            factor *= _SPACE[word[1]] ** power
        elif word and word[1] in _TIME:
            time += power
            factor *= _TIME[word[1]] ** power
        else:
            raise UserError(f"The unit {text!r} can't be read at {part[position:]!r}.")
        position = word.end()
    return factor, Dim(space, time, count)


def point_dim(descriptor: Descriptor) -> Dim:
    """Dimension of a metric's points: that of its units, for counters per second.

    A host's unit that can't be read counts as none: its numbers stay what they are.
    """
    dim = _of_host(descriptor.units)[1]
    if descriptor.semantics == COUNTER:
        return dim._replace(time=dim.time - 1)
    return dim


def point_factor(descriptor: Descriptor) -> float:
    """What a raw value of this metric is multiplied by to be canonical; 1.0 where unknown."""
    return _of_host(descriptor.units)[0]


def _of_host(text: str) -> tuple[float, Dim]:
    try:
        return canonical(text)
    except UserError:
        return 1.0, Dim()


def same(a: Dim, b: Dim) -> bool:
    """True where both may be added: ones (counts) have no dimension here."""
    return a.space == b.space and a.time == b.time


def fits(unit: str, dim: Dim) -> bool:
    """True where a result of this dimension may be declared in this answer unit."""
    return unit in ANSWERS and same(ANSWERS[unit], dim)


def unit_name(dim: Dim) -> str:
    """The answer unit of a dimension; `1` is the bare number where none has a name."""
    for name in ("B", "B/s", "s", "/s"):
        if same(ANSWERS[name], dim):
            return name
    return "count" if dim == ANSWERS["count"] else "1"
