"""Snapshots: types checked, caps kept, several readings in one."""

from __future__ import annotations

import math

import pytest
import vsnap
import vtable as t
from hypothesis import given
from hypothesis import strategies as st

THING = t.Indom(2, "thing", "things", 3)
TYPES = (t.U32, t.I32, t.U64, t.I64, t.FLOAT, t.DOUBLE, t.STRING)
TABLE = t.Table(
    "toy",
    410,
    t.group(
        1,
        "a",
        THING,
        "Help.",
        tuple(
            (i, "v" + name.lower(), name, t.INSTANT, "none", "x") for i, name in enumerate(TYPES)
        ),
    )
    + t.group(2, "b", t.ALL, "Help.", ((0, "one", t.U32, t.INSTANT, "none", "x"),)),
)
KEY = {metric.name: metric.key for metric in TABLE.metrics}


def snapshot(*readings: vsnap.Reading) -> vsnap.Snapshot:
    return vsnap.Assembler(TABLE).snapshot(list(readings), 0.0)


def test_values_stand_by_metric_and_instance_id_as_pcp_takes_them() -> None:
    made = snapshot(vsnap.Reading({"a.vu32": {"x": 5, "y": 6}, "b.one": 7}))
    assert made.values == {KEY["a.vu32"]: {0: 5, 1: 6}, KEY["b.one"]: {0: 7}}
    assert made.indoms == {0: ((0, "all"),), 1: (), 2: ((0, "x"), (1, "y"))}
    assert (made.instances, made.truncated, made.faults) == (3, 0, 0)


def test_none_is_no_value() -> None:
    made = snapshot(vsnap.Reading({"a.vu32": {"x": None, "y": 6}, "b.one": None}))
    assert made.values == {KEY["a.vu32"]: {1: 6}, KEY["b.one"]: {}}
    assert made.faults == 0


def test_keys_are_named_by_the_reading_or_by_themselves() -> None:
    made = snapshot(vsnap.Reading({"a.vu32": {16: 5, 17: 6}}, {"thing": {16: "six teen"}}))
    assert made.indoms[2] == ((0, "six_teen"), (1, "17"))


def test_what_is_above_the_cap_is_left_out_and_counted() -> None:
    values = {"a.vu32": dict.fromkeys("abcd", 1), "a.vstring": {"d": "x", "e": "y", "a": "z"}}
    made = snapshot(vsnap.Reading(values))
    assert [name for _, name in made.indoms[2]] == ["a", "b", "c"]
    assert made.values[KEY["a.vu32"]] == {0: 1, 1: 1, 2: 1}
    assert made.values[KEY["a.vstring"]] == {0: "z"}
    assert made.truncated == 2


def test_readings_of_several_probes_are_one() -> None:
    first = vsnap.Reading({"a.vu32": {"x": 1, "y": 2}}, {"thing": {"x": "ex"}})
    made = snapshot(first, vsnap.Reading({"a.vu32": {"y": 3, "z": 4}, "a.vu64": {"x": 5}}))
    assert made.values[KEY["a.vu32"]] == {0: 1, 1: 3, 2: 4}
    assert made.values[KEY["a.vu64"]] == {0: 5}
    assert first.values["a.vu32"] == {"x": 1, "y": 2}


def test_a_metric_that_is_not_in_the_table_is_a_fault() -> None:
    assert snapshot(vsnap.Reading({"nothing": 1})).faults == 1


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("u32", [0, 2**32 - 1, 2.9], [-1, 2**32, math.nan, math.inf, "1"]),
        ("32", [-(2**31), 2**31 - 1], [2**31, -(2**31) - 1]),
        ("u64", [0, 2**64 - 1], [-1, 2**64]),
        ("64", [-(2**63), 2**63 - 1], [2**63]),
        ("float", [0, -1.5, 3e38], [1e39, math.nan, -math.inf, "x", 10**400]),
        ("double", [0, -1.5, 1e308], [math.nan, math.inf, 10**400]),
        ("string", ["", "a b"], [5, b"x"]),
    ],
)
def test_what_a_type_can_t_hold_is_a_fault_and_no_value(
    name: str, good: list[object], bad: list[object]
) -> None:
    for value in good:
        made = snapshot(vsnap.Reading({f"a.v{name}": {"x": value}}))  # type: ignore[dict-item]
        assert made.faults == 0
        whole = name in ("u32", "32", "u64", "64")
        assert made.values[KEY[f"a.v{name}"]] == {0: int(value) if whole else value}  # type: ignore[call-overload]
    for value in bad:
        made = snapshot(vsnap.Reading({f"a.v{name}": {"x": value, "y": good[0]}}))  # type: ignore[dict-item]
        assert made.faults == 1
        assert list(made.values[KEY[f"a.v{name}"]]) == [1]


def test_strings_are_printable_and_short() -> None:
    values = {"x": "a\0b\x1b[31m", "y": "é" * 5000, "z": "\ud800"}
    cells = snapshot(vsnap.Reading({"a.vstring": values})).values[KEY["a.vstring"]]
    assert cells[0] == "a_b_[31m"
    assert cells[1] == "é" * 2048
    assert cells[2] == "_"


SCALARS = st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.booleans()


@given(
    st.dictionaries(
        st.sampled_from(sorted(KEY)), SCALARS | st.dictionaries(st.integers(0, 9), SCALARS)
    )
)
def test_whatever_a_probe_gives_a_snapshot_comes_of_it(values: dict[str, object]) -> None:
    made = snapshot(vsnap.Reading(values))  # type: ignore[arg-type]
    for cells in made.values.values():
        assert all(isinstance(value, (int, float, str)) for value in cells.values())
