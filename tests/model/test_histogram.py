"""Histograms: ranges in order, merged without losing a count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.model.histogram import Bucket, buckets, merged


def test_ranges_are_put_in_order():
    names = ["64-127", "0-1", "other", "8-15", "2..3", "128-inf", "9-1"]
    assert [bucket.instance for bucket in buckets(names)] == [
        "0-1",
        "2..3",
        "8-15",
        "64-127",
        "128-inf",
    ]
    assert buckets(["4-7 usecs"]) == (Bucket(4.0, 7.0, "4-7 usecs"),)


def test_neighbours_are_merged_and_null_is_not_zero():
    counts = {"0-1": 1.0, "2-3": 2.0, "4-7": None, "8-15": 4.0, "16-31": 5.0}
    assert merged(counts, 3) == [(0.0, 3.0, 3.0), (16.0, 31.0, 5.0)]
    assert len(merged(counts, 10)) == 4
    assert merged(counts, 0) == []
    assert merged({"x": 1.0}, 5) == []


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.integers(1, 50))
def test_no_count_is_lost(counts, most):
    named = {f"{2**n}-{2 ** (n + 1) - 1}": float(x) for n, x in enumerate(counts)}
    found = merged(named, most)
    assert len(found) <= most
    assert sum(count for _, _, count in found) == pytest.approx(sum(counts))
    assert [low for low, _, _ in found] == sorted(low for low, _, _ in found)
