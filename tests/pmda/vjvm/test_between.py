"""Counters between two answers of an MBean server."""

import j_between
from hypothesis import given
from hypothesis import strategies as st

COUNTERS = frozenset({"requests", "seconds"})


def told(between, now, metric="requests", label="http"):
    return between.at(now)[metric][label]


def test_a_counter_runs_to_the_newest_answer_in_the_time_between_two():
    between = j_between.Between(COUNTERS)
    between.take(100.0, {"requests": {"http": 1000}})
    assert told(between, 100.0) == 1000
    assert told(between, 104.9) == 1000
    between.take(105.0, {"requests": {"http": 1050}})
    assert [told(between, 105.0 + s) for s in range(7)] == [
        1000,
        1010,
        1020,
        1030,
        1040,
        1050,
        1050,
    ]


def test_an_answer_that_comes_early_takes_up_the_line_where_it_is():
    between = j_between.Between(COUNTERS)
    between.take(0.0, {"requests": {"http": 0}})
    between.take(10.0, {"requests": {"http": 100}})
    assert told(between, 15.0) == 50
    between.take(15.0, {"requests": {"http": 150}})
    assert told(between, 15.0) == 50
    assert told(between, 17.5) == 100
    assert told(between, 20.0) == 150


def test_what_is_no_counter_is_told_as_it_was_answered():
    between = j_between.Between(COUNTERS)
    between.take(0.0, {"threads": {"http": 5}})
    between.take(5.0, {"threads": {"http": 25}})
    assert told(between, 5.0, "threads") == 25


def test_a_counter_that_was_set_back_is_told_at_once():
    between = j_between.Between(COUNTERS)
    between.take(0.0, {"requests": {"http": 900}})
    between.take(5.0, {"requests": {"http": 950}})
    between.take(10.0, {"requests": {"http": 3}})
    assert told(between, 10.0) == 3


def test_a_bean_that_comes_later_begins_with_its_own_value():
    between = j_between.Between(COUNTERS)
    between.take(0.0, {"requests": {"http": 10}})
    between.take(5.0, {"requests": {"http": 20, "ajp": 70}})
    assert told(between, 5.0, label="ajp") == 70
    between.take(10.0, {"requests": {"http": 30}})
    assert "ajp" not in between.at(11.0)["requests"]


def test_fractions_stay_fractions():
    between = j_between.Between(COUNTERS)
    between.take(0.0, {"seconds": {"http": 1.0}})
    between.take(4.0, {"seconds": {"http": 3.0}})
    assert told(between, 5.0, "seconds") == 1.5


STEPS = st.lists(
    st.tuples(st.floats(0.1, 30), st.integers(0, 10**12), st.floats(0, 1)), max_size=20
)


@given(STEPS)
def test_it_never_runs_back_nor_ahead_of_what_was_answered(steps):
    between = j_between.Between(COUNTERS)
    now, value, last = 0.0, 0, 0
    between.take(now, {"requests": {"http": value}})
    for pause, more, part in steps:
        look = told(between, now + pause * part)
        assert last <= look <= value
        last = look
        now, value = now + pause, value + more
        between.take(now, {"requests": {"http": value}})
        assert last <= told(between, now) <= value
