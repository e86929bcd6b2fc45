"""How a host's pace changes: written-down samples, and what holds for any."""

from hypothesis import given
from hypothesis import strategies as st

from vectorpy.model.pace import STEPS, Pace


def steps(pace: Pace, samples: list[tuple[float, float | None]]) -> list[tuple[int, int, bool]]:
    """(number of the sample, period, spare) at each change."""
    found = []
    for number, (seconds, waiting) in enumerate(samples, 1):
        if pace.took(seconds, waiting):
            found.append((number, pace.period, pace.spare))
    return found


def test_dear_samples_leave_out_first_and_are_rarer_then():
    assert steps(Pace(), [(0.25, None)] * 12) == [(5, 1, True), (10, 2, True)]
    # At two seconds a sample of 0.25 s is an eighth: neither dear nor cheap.
    pace = Pace()
    steps(pace, [(0.25, None)] * 10)
    assert steps(pace, [(0.25, None)] * 200) == []
    assert (pace.period, pace.spare) == (2, True)


def test_samples_that_fill_the_period_are_rarer_at_once():
    assert steps(Pace(), [(0.9, None)] * 3) == [(3, 2, True)]
    assert steps(Pace(), [(100.0, None)] * 15) == [
        (3, 2, True),
        (6, 5, True),
        (9, 10, True),
        (12, 30, True),
        (15, 60, True),
    ]


def test_cheap_samples_lead_back_step_by_step():
    pace = Pace()
    steps(pace, [(0.9, None)] * 3)
    assert steps(pace, [(0.05, None)] * 70) == [(30, 1, True), (60, 1, False)]


def test_one_quick_sample_among_dear_ones_breaks_the_row():
    assert steps(Pace(), [(0.25, None)] * 4 + [(0.1, None)] + [(0.25, None)] * 4) == []


def test_a_starved_host_is_asked_for_less_and_then_every_two_seconds_never_rarer():
    assert steps(Pace(), [(0.02, 0.99)] * 300) == [(30, 1, True), (60, 2, True)]


def test_a_busy_host_that_is_not_starved_keeps_its_second():
    assert steps(Pace(), [(0.02, 0.94)] * 300) == []


def test_a_host_that_is_fed_again_comes_back():
    pace = Pace()
    steps(pace, [(0.02, 0.99)] * 60)
    # 30 s until its pressure is known to be low, and cheap samples all the while.
    assert steps(pace, [(0.02, 0.3)] * 60) == [(30, 1, True), (60, 1, False)]
    assert not pace.starved


def test_a_host_between_the_two_bars_stays_as_it_is():
    pace = Pace()
    steps(pace, [(0.02, 0.99)] * 60)
    assert steps(pace, [(0.02, 0.9)] * 200) == []
    assert pace.period == 2


def test_a_host_that_says_no_more_how_it_is_does_not_stay_spared():
    pace = Pace()
    steps(pace, [(0.02, 0.99)] * 60)
    assert steps(pace, [(0.02, None)] * 60) == [(30, 1, True), (60, 1, False)]


def test_a_host_that_is_not_spared_is_asked_less_only_where_there_is_no_room():
    pace = Pace(spares=False)
    assert steps(pace, [(0.5, 1.0)] * 100) == []
    assert steps(pace, [(0.9, 1.0)] * 3) == [(3, 2, False)]
    assert steps(pace, [(0.6, 1.0)] * 100) == []
    assert steps(pace, [(0.4, 1.0)] * 30) == [(30, 1, False)]


@given(st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 1)), max_size=300))
def test_it_moves_along_the_steps_whatever_comes(samples):
    pace = Pace()
    for seconds, waiting in samples:
        before = STEPS.index((pace.period, pace.spare))
        changed = pace.took(seconds, waiting)
        now = STEPS.index((pace.period, pace.spare))
        assert changed == (now != before)
        assert now >= before - 1


@given(st.lists(st.floats(0, 0.2), max_size=300))
def test_quick_samples_of_a_host_that_says_nothing_change_nothing(samples):
    pace = Pace()
    assert steps(pace, [(seconds, None) for seconds in samples]) == []
