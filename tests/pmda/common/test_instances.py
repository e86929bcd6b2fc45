"""Ids of instances: stable while known, never another's, bounded; names that PCP takes."""

from __future__ import annotations

import vinst
from hypothesis import given
from hypothesis import strategies as st


def test_names_are_ascii_without_blanks() -> None:
    assert vinst.clean("eth0:mq") == "eth0:mq"
    assert vinst.clean("a b\tc\n") == "a_b_c_"
    assert vinst.clean("büro") == "b_ro"
    assert vinst.clean("\x1b[31m\x00") == "_[31m_"
    assert vinst.clean("") == "_"
    assert vinst.clean("x" * 300) == "x" * 200


@given(st.text())
def test_every_name_can_be_cleaned(name: str) -> None:
    made = vinst.clean(name)
    assert 0 < len(made.encode()) <= 200
    assert made.isprintable() and made.isascii() and " " not in made
    assert vinst.clean(made) == made


def test_ids_stay_while_their_key_comes_back_in_time() -> None:
    domain = vinst.Instances(cap=10, keep=300)
    assert domain.ids(["a", "b"], 0) == {"a": 0, "b": 1}
    assert domain.ids(["c", "b"], 1) == {"c": 2, "b": 1}
    assert domain.ids(["a"], 300) == {"a": 0}
    assert domain.ids(["b"], 302) == {"b": 3}  # gone for more than 300 s: a new one


def test_the_cap_cuts_the_tail() -> None:
    domain = vinst.Instances(cap=2)
    assert domain.ids(["a", "b", "c"], 0) == {"a": 0, "b": 1}
    assert domain.ids(["c", "b", "a"], 1) == {"c": 2, "b": 1}


def test_what_is_remembered_is_bounded() -> None:
    domain = vinst.Instances(cap=5, keep=1e9)
    for second in range(1000):
        domain.ids([(second, n) for n in range(5)], second)
    assert len(domain) == 50


def test_old_keys_are_culled() -> None:
    domain = vinst.Instances(cap=100, keep=10)
    domain.ids(list("abcdef"), 0)
    domain.ids(["a"], 10)
    assert len(domain) == 6
    domain.ids(["a"], 11)
    assert len(domain) == 1


def test_past_the_last_id_free_ones_are_taken() -> None:
    domain = vinst.Instances(cap=10, first=vinst.LAST_ID)
    assert domain.ids(["a", "b", "c"], 0) == {"a": vinst.LAST_ID, "b": 0, "c": 1}


@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=30))
def test_no_two_keys_share_an_id(looks: list[list[int]]) -> None:
    domain, owners = vinst.Instances(cap=5, keep=3), {}
    for second, keys in enumerate(looks):
        found = domain.ids(keys, second)
        assert len(found) == min(5, len(set(keys)))
        for key, number in found.items():
            assert owners.setdefault(number, key) == key


def test_names_that_become_the_same_are_told_apart() -> None:
    pairs = vinst.pairs({"k1": 0, "k2": 1, "k3": 2}, {"k1": "a b", "k2": "a_b"})
    assert pairs == ((0, "a_b"), (1, "a_b#1"), (2, "k3"))
    long = vinst.pairs({1: 0, 2: 1}, {1: "x" * 250, 2: "x" * 250})
    assert len({name for _, name in long}) == 2
