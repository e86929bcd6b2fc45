"""The plan: whole seconds, none twice, none in a burst; pauses and lives within bounds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.model.plan import Backoff, Life, Plan, Slot, offset, retry_after

HOST = "web-01"


def test_each_host_has_its_own_fixed_part_of_the_second():
    offsets = [offset(f"host-{n}") for n in range(1000)]
    assert all(0 <= x < 0.2 for x in offsets)
    assert offset("host-5") == offsets[5]
    assert len({int(x * 100) for x in offsets}) == 20


def test_connecting_fetches_at_once_and_again_after_a_quarter_of_a_second():
    plan = Plan(HOST)
    assert plan.start(1000.1) == Slot(1000, 1000.1)
    assert plan.follow(1000.1) == Slot(1000, pytest.approx(1000.35))
    assert plan.next(1000.4) == Slot(1001, 1001 + plan.offset)


def test_a_whole_second_too_near_to_the_second_fetch_is_left_out():
    plan = Plan(HOST)
    plan.start(1000.5)
    assert plan.follow(1000.5).second == 1000
    near = 1001 + plan.offset - 1000.75 < 0.5
    assert near
    assert plan.next(1000.8).second == 1002
    assert plan.next(1002.3).second == 1003


def test_a_second_fetch_may_fall_into_the_next_second():
    plan = Plan(HOST)
    plan.start(1000.9)
    assert plan.follow(1000.9) == Slot(1001, pytest.approx(1001.15))
    assert plan.next(1001.2).second == 1002


def test_missed_seconds_are_skipped():
    plan = Plan(HOST)
    assert plan.next(1000.5).second == 1001
    assert plan.next(1001.3).second == 1002
    assert plan.next(1007.9).second == 1008
    assert plan.next(1008.2).second == 1009


def test_a_clock_set_back_begins_anew():
    plan = Plan(HOST)
    plan.next(1000.5)
    assert plan.next(400.5).second == 401
    assert plan.next(400.0).second == 402


def test_slow_answers_make_the_period_longer_and_quick_ones_shorter():
    plan = Plan(HOST)
    assert [plan.took(0.9) for _ in range(3)] == [False, False, True]
    assert plan.period == 2
    assert plan.next(1000.5).second == 1002
    assert plan.next(1002.3).second == 1004
    assert not any(plan.took(0.6) for _ in range(100))
    assert [plan.took(0.1) for _ in range(30)] == [False] * 29 + [True]
    assert plan.period == 1
    for _ in range(100):
        plan.took(500.0)
    assert plan.period == 60


@given(st.floats(1e9, 2e9), st.lists(st.floats(0, 5), min_size=1, max_size=50))
def test_seconds_rise_and_their_time_has_not_passed(now, fetches):
    plan, last = Plan(HOST), None
    for took in fetches:
        slot = plan.next(now)
        assert slot.at >= now - 1e-6
        assert slot.at - now <= 1.0 + 1e-6 or slot.second == last + 1
        assert slot.at == slot.second + plan.offset
        assert last is None or slot.second > last
        last = slot.second
        now = slot.at + took


@given(st.floats(1e9, 2e9), st.floats(0, 0.2), st.lists(st.floats(0, 3), max_size=10))
def test_connecting_never_repeats_a_second_that_was_published(now, took, fetches):
    plan = Plan(HOST)
    first = plan.start(now)
    follow = plan.follow(first.at)
    assert follow.second in (first.second, first.second + 1)
    slot, now = plan.next(follow.at + took), follow.at + took
    assert slot.second > follow.second
    assert slot.at - follow.at >= 0.5 - 1e-6
    for more in fetches:
        now = slot.at + more
        later = plan.next(now)
        assert later.second > slot.second
        slot = later


def test_backoff_doubles_with_jitter_up_to_its_limit():
    middle = Backoff(lambda: 0.5)
    assert [middle.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    middle.reset()
    assert middle.next() == 1
    low, high = Backoff(lambda: 0.0), Backoff(lambda: 1.0)
    assert [low.next() for _ in range(3)] == [0.5, 1.0, 2.0]
    assert [high.next() for _ in range(7)] == [1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 60.0]


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_pauses_stay_within_bounds(seed, tries):
    backoff = Backoff(random.Random(seed).random, low=1.0, high=60.0)
    assert all(0.5 <= backoff.next() <= 60.0 for _ in range(tries))


def test_watched_hosts_that_were_live_are_probed_each_second():
    backoff = Backoff(lambda: 0.5)
    assert retry_after(1000.0, 701.0, True, backoff) == 1.0
    assert retry_after(1000.0, 699.0, True, backoff) == 1.0 * 1
    assert [retry_after(1000.0, 699.0, True, backoff) for _ in range(2)] == [2.0, 4.0]
    assert retry_after(1000.0, None, True, backoff) == 8.0
    assert retry_after(1000.0, 999.0, False, backoff) == 16.0


def test_a_host_lingers_and_its_points_are_kept_longer():
    life = Life(linger=30.0, keep=900.0)
    assert (life.polled(0.0), life.kept(0.0)) == (False, False)
    life.join(100.0)
    life.join(110.0)
    life.leave(200.0)
    assert (life.viewers, life.polled(5000.0), life.kept(5000.0)) == (1, True, True)
    life.leave(5000.0)
    assert (life.polled(5029.9), life.polled(5030.0)) == (True, False)
    assert (life.kept(5899.9), life.kept(5900.0)) == (True, False)
    life.join(5901.0)
    assert life.polled(5901.0)
