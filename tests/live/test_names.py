"""The names of a host's metrics: listed, as a tree, and found by words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.live.names import Names, detailed
from vectorpy.model.metric import Descriptor


def metric(name: str, units: str = "count", help: str = "", **more: Any) -> Descriptor:
    facts = {"pmid": "60.0.1", "type": "u64", "semantics": "counter", "indom": None, **more}
    return Descriptor(name, units=units, oneline=help, **facts)


NAMES = Names(
    [
        metric("network.interface.in.bytes", "byte", "Bytes received", indom="60.3"),
        metric("network.interface.out.bytes", "byte", "Bytes sent", indom="60.3"),
        metric("mem.freemem", "Kbyte", "Free memory", semantics="instant"),
        metric("kernel.all.load", "", "Load of all CPUs", semantics="instant", type="float"),
        metric("kernel.all", "", "A name that is a metric and a branch"),
        metric("kernel.uname.release", "", "Release", type="string", semantics="discrete"),
    ]
)


def found(text: str) -> list[str]:
    return [one["name"] for one in NAMES.search(text, 10)["metrics"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kernel.all.l", ["kernel.all.load"]),
        ("MEM free", ["mem.freemem"]),
        ("bytes in", ["network.interface.in.bytes", "network.interface.out.bytes"]),
        ("received", ["network.interface.in.bytes"]),
        ("kbyte", ["mem.freemem"]),
        ("all", ["kernel.all", "kernel.all.load"]),
        ("netinby", ["network.interface.in.bytes", "network.interface.out.bytes"]),
        ("krnload", ["kernel.all.load"]),
        ("zzz", []),
    ],
)
def test_words_are_looked_for_in_names_help_and_units(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_all_are_counted_and_the_best_given() -> None:
    answer = NAMES.search("", 2)
    assert (len(answer["metrics"]), answer["total"]) == (2, 6)


def test_the_tree_has_branches_metrics_and_what_is_both() -> None:
    assert NAMES.tree("")["nodes"] == [
        {"name": "kernel", "path": "kernel", "metric": False, "below": 3},
        {"name": "mem", "path": "mem", "metric": False, "below": 1},
        {"name": "network", "path": "network", "metric": False, "below": 2},
    ]
    assert NAMES.tree("kernel")["nodes"] == [
        {"name": "all", "path": "kernel.all", "metric": True, "below": 1},
        {"name": "uname", "path": "kernel.uname", "metric": False, "below": 1},
    ]
    assert NAMES.tree("kernel.al")["nodes"] == NAMES.tree("mem.freemem")["nodes"] == []


def test_the_list_is_rows() -> None:
    assert NAMES.listed()["total"] == 6
    assert NAMES.listed()["metrics"][3] == [
        "mem.freemem",
        "u64",
        "instant",
        "Kbyte",
        None,
        "Free memory",
    ]


@pytest.mark.parametrize(
    ("name", "rate", "unit"),
    [
        ("network.interface.in.bytes", True, "B/s"),
        ("mem.freemem", False, "B"),
        ("kernel.all.load", False, "1"),
        ("kernel.uname.release", False, ""),
    ],
)
def test_what_a_chart_of_it_would_show(name: str, rate: bool, unit: str) -> None:
    one = NAMES.get(name)
    assert one is not None
    told = detailed(one)
    assert (told["rate"], told["unit"]) == (rate, unit)
    assert told["numeric"] is (one.type != "string")


@given(st.sets(st.from_regex(r"[ab](\.[ab]){0,3}", fullmatch=True)))
def test_walking_the_tree_meets_each_metric_once(names: set[str]) -> None:
    shelf = Names(metric(name) for name in names)
    met: list[str] = []

    def walk(under: str) -> int:
        before = len(met)
        for node in shelf.tree(under)["nodes"]:
            if node["metric"]:
                met.append(node["path"])
            assert walk(node["path"]) == node["below"]
        return len(met) - before

    walk("")
    assert sorted(met) == sorted(names)
    assert all(shelf.get(name) for name in names)
    assert shelf.get("c") is None
