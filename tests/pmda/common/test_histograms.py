"""Histograms by powers of two: names, percentiles, values written down by hand."""

from __future__ import annotations

import pytest
import vhist
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0, "0-1"),
        (1, "0-1"),
        (2, "2-3"),
        (3, "2-3"),
        (4, "4-7"),
        (1023, "512-1023"),
        (1024, "1024-2047"),
    ],
)
def test_a_value_s_bucket(value: int, name: str) -> None:
    assert vhist.name(vhist.slot(value)) == name


@given(st.integers(0, 2**63))
def test_a_bucket_holds_its_values(value: int) -> None:
    low, high = vhist.bounds(vhist.slot(value))
    assert low <= value <= high


def test_a_column_ends_with_the_highest_that_holds_any() -> None:
    assert vhist.column([1, 0, 3, 0]) == {"0-1": 1, "2-3": 0, "4-7": 3}
    assert vhist.column([0, 0]) == {}
    assert vhist.names(3) == ("0-1", "2-3", "4-7")


def test_quantiles_are_interpolated_within_their_bucket() -> None:
    counts = [0, 0, 10, 10]  # ten values of 4 to 7, ten of 8 to 15
    assert vhist.quantile(counts, 0.0) == 4.0
    assert vhist.quantile(counts, 0.25) == 6.0
    assert vhist.quantile(counts, 0.5) == 8.0
    assert vhist.quantile(counts, 0.75) == 12.0
    assert vhist.quantile(counts, 1.0) == 16.0
    assert vhist.quantile([4], 0.5) == 1.0
    assert vhist.quantile([0, 0], 0.5) is None
    assert (vhist.highest(counts), vhist.highest([0])) == (15, None)


def test_quantiles_of_known_values() -> None:
    assert vhist.exact_quantile([10, 20, 30], 0.5) == 20
    assert vhist.exact_quantile([10, 20, 30, 40], 0.5) == 25
    assert vhist.exact_quantile([10, 20], 0.95) == pytest.approx(19.5)
    assert vhist.exact_quantile([7], 0.99) == 7
    assert vhist.exact_quantile([], 0.5) is None


@given(st.lists(st.integers(0, 1000), max_size=20), st.floats(0, 1))
def test_a_quantile_lies_within_the_buckets_that_hold_any(counts: list[int], q: float) -> None:
    found = vhist.quantile(counts, q)
    if sum(counts) == 0:
        assert found is None
    else:
        filled = [index for index, count in enumerate(counts) if count]
        assert found is not None
        assert vhist.bounds(filled[0])[0] <= found <= vhist.bounds(filled[-1])[1] + 1
