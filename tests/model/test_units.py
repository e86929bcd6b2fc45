"""Units: PCP's texts give the right factor and dimension, and fit the units of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.errors import UserError
from vectorpy.model import units
from vectorpy.model.units import Dim


@pytest.mark.parametrize(
    ("text", "factor", "dim"),
    [
        ("", 1.0, (0, 0, 0)),
        ("none", 1.0, (0, 0, 0)),
        ("count", 1.0, (0, 0, 1)),
        ("byte", 1.0, (1, 0, 0)),
        ("Kbyte", 1024.0, (1, 0, 0)),
        ("millisec", 1e-3, (0, 1, 0)),
        ("nanosec", 1e-9, (0, 1, 0)),
        ("microsec", 1e-6, (0, 1, 0)),
        ("sec", 1.0, (0, 1, 0)),
        ("hour", 3600.0, (0, 1, 0)),
        ("count / sec", 1.0, (0, -1, 1)),
        ("byte / sec", 1.0, (1, -1, 0)),
        ("Kbyte / sec", 1024.0, (1, -1, 0)),
        ("/ microsec", 1e6, (0, -1, 0)),
        ("Mbyte / sec", 1048576.0, (1, -1, 0)),
        ("microsec / count", 1e-6, (0, 1, -1)),
        ("count x 10^6 / Mbyte", 1e6 / 1048576, (-1, 0, 1)),
        ("count x 10^3^2", 1e6, (0, 0, 2)),
        ("x 10^-3", 1e-3, (0, 0, 0)),
        ("Kbyte^2 / min count", 1048576.0 / 60, (2, -1, -1)),
        ("B/s", 1.0, (1, -1, 0)),
        ("%", 1.0, (0, 0, 0)),
        ("ms", 1e-3, (0, 1, 0)),
        ("MiB", 1048576.0, (1, 0, 0)),
    ],
)
def test_texts_of_pcp(text, factor, dim):
    found, shape = units.canonical(text)
    assert found == pytest.approx(factor, rel=1e-12)
    assert shape == Dim(*dim)


@pytest.mark.parametrize("text", ["furlong", "byte /", "byte / sec / sec", "count ^", "^2", "é"])
def test_other_texts_are_refused(text):
    with pytest.raises(UserError, match="unit"):
        units.canonical(text)


SPACES = {"": 1.0, "byte": 1.0, "Kbyte": 2.0**10, "Mbyte": 2.0**20, "Gbyte": 2.0**30}
TIMES = {"": 1.0, "nanosec": 1e-9, "microsec": 1e-6, "millisec": 1e-3, "sec": 1.0, "min": 60.0}
exponent = st.integers(-3, 3)


@given(
    st.sampled_from(sorted(SPACES)),
    exponent,
    st.sampled_from(sorted(TIMES)),
    exponent,
    st.sampled_from([0, 3, 6]),
    exponent,
)
def test_what_is_printed_as_pcp_does_is_read_back(space, s, time, t, tens, c):
    dim = Dim(s if space else 0, t if time else 0, c)
    scale = f" x 10^{tens}" if tens else ""
    words = ((space, dim.space), (time, dim.time), (f"count{scale}", dim.count))

    def side(sign):
        shown = ((word, power * sign) for word, power in words if power * sign > 0)
        return " ".join(word if power == 1 else f"{word}^{power}" for word, power in shown)

    above, below = side(1), side(-1)
    text = f"{above} / {below}".strip() if below else above
    factor, found = units.canonical(text)
    assert found == dim
    expected = SPACES[space] ** dim.space * TIMES[time] ** dim.time * 10.0 ** (tens * dim.count)
    assert factor == pytest.approx(expected, rel=1e-9)


def test_points_of_counters_are_per_second(describe):
    busy = describe(units="millisec")["m.c"]
    assert units.point_dim(busy) == Dim(0, 0, 0)
    assert units.point_factor(busy) == 1e-3
    assert units.point_dim(describe(units="Kbyte")["m.c"]) == Dim(1, -1, 0)
    assert units.point_dim(describe(units="count")["m.c"]) == Dim(0, -1, 1)
    gauge = describe(units="Kbyte", semantics="instant")["m.c"]
    assert units.point_dim(gauge) == Dim(1, 0, 0)


def test_a_host_with_an_unknown_unit_is_a_host_with_plain_numbers(describe):
    odd = describe(units="furlong", semantics="instant")["m.c"]
    assert (units.point_factor(odd), units.point_dim(odd)) == (1.0, Dim())


@pytest.mark.parametrize(
    ("unit", "dim", "fit"),
    [
        ("%", Dim(), True),
        ("%", Dim(0, 0, 1), True),
        ("%", Dim(0, -1, 1), False),
        ("/s", Dim(0, -1, 1), True),
        ("/s", Dim(0, -1, 0), True),
        ("s", Dim(0, 1, -1), True),
        ("s", Dim(), False),
        ("B", Dim(1, 0, 0), True),
        ("B", Dim(1, -1, 0), False),
        ("B/s", Dim(1, -1, 0), True),
        ("count", Dim(), True),
        ("1", Dim(0, 0, 1), True),
        ("furlong", Dim(), False),
    ],
)
def test_which_units_fit(unit, dim, fit):
    assert units.fits(unit, dim) is fit


def test_names_of_dimensions():
    named = [(1, 0, 0), (1, -1, 0), (0, 1, -1), (0, -1, 1), (0, 0, 1), (0, 0, 0), (2, 0, 0)]
    names = [units.unit_name(Dim(*dim)) for dim in named]
    assert names == ["B", "B/s", "s", "/s", "count", "1", "1"]


@given(st.sampled_from(sorted(units.ANSWERS)))
def test_answer_units_name_themselves(unit):
    dim = units.ANSWERS[unit]
    assert units.fits(unit, dim)
    assert units.fits(units.unit_name(dim), dim)
