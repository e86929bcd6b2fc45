"""Bursts: when samples are due, when they slow down, what fits, and the messages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.errors import UserError
from vectorpy.model import burst
from vectorpy.model.metric import Descriptor
from vectorpy.model.plan import offset
from vectorpy.model.rates import Rates
from vectorpy.model.sample import Part, Sample

NOW = 1_795_000_000.0
SWITCHES = Descriptor("kernel.pswitch", "60.0.13", "u64", "counter", "count", None)


def slots(beat: burst.Beat, now: float, count: int) -> list[int]:
    found = []
    for _ in range(count):
        slot = beat.next(now)
        found.append(slot.tenth)
        now = slot.at
    return found


def test_ten_samples_a_second_on_the_tenths_of_our_clock() -> None:
    found = slots(burst.Beat("web-01"), NOW, 11)
    assert [b - a for a, b in itertools.pairwise(found)] == [1] * 10
    assert abs(found[0] / 10 - NOW) <= 0.1


def test_samples_start_half_a_tenth_off_the_host_s_own_second() -> None:
    for host in ("web-01", "db-2", "pcp://x"):
        apart = (burst.Beat(host).phase - offset(host)) % 0.1
        assert apart == pytest.approx(0.05)


@given(st.floats(0, 0.9999), st.floats(0, 3))
def test_a_missed_tenth_is_not_made_up_for(part: float, pause: float) -> None:
    beat = burst.Beat("web-01")
    first = beat.next(NOW + part)
    later = first.at + pause
    slot = beat.next(later)
    assert slot.tenth > first.tenth
    assert slot.at >= later - 0.05 - 1e-6, "a sample that begins later would be of another tenth"
    assert slot.at <= max(later, first.at + 0.1) + 0.1 + 1e-6


def test_three_samples_without_room_slow_it_down_and_at_last_end_it() -> None:
    beat = burst.Beat("web-01")
    assert [beat.took(0.11), beat.took(0.11), beat.took(0.02)] == [False] * 3, "not in a row"
    assert [beat.took(0.11), beat.took(0.11), beat.took(0.11)] == [False, False, True]
    assert (beat.step, beat.period) == (2, 0.2)
    assert [beat.took(0.15)] * 3 == [False] * 3, "that has room in 0.2 s"
    assert [beat.took(0.21), beat.took(0.3), beat.took(1.0)][-1] is True
    assert all(tenth % 5 == 0 for tenth in slots(beat, NOW, 3))
    assert [beat.took(0.51), beat.took(0.51), beat.took(0.51)] == [False, False, None]


def test_beginning_late_counts_as_having_no_room() -> None:
    beat = burst.Beat("web-01")
    assert [beat.took(0.0, 0.06), beat.took(0.0, 0.06), beat.took(0.0, 0.06)][-1] is True


def test_rates_are_by_the_host_s_time_stamps_never_the_nominal_period() -> None:
    rates = Rates()
    stamps = [NOW, NOW + 0.104, NOW + 0.197, NOW + 0.45]
    found = []
    for stamp in stamps:
        # Exactly 1000 switches a second by the host's clock, however the samples jitter.
        values = {"kernel.pswitch": {"": round((stamp - NOW) * 1000)}}
        points = rates.points(Sample([Part(stamp, values)]), {"kernel.pswitch": SWITCHES}, 0.1)
        found.append(points.values["kernel.pswitch"][""])
    assert found[0] is None
    assert found[1:3] == [pytest.approx(1000), pytest.approx(1000)]
    assert found[3] is None, "0.253 s is more than two and a half periods: a gap"


def test_agents_with_a_pace_of_their_own() -> None:
    assert burst.own_pace(["kernel.all.cpu.user", "disk.dev.read"]) == ""
    assert burst.own_pace(["kernel.all.cpu.user", "vnet.tcp.retrans"]) == "vnet"
    assert burst.own_pace(["vkernelx.a"]) == ""


def test_what_is_left_out_so_that_the_rest_fits() -> None:
    needs = {"a": {"m1", "m2"}, "b": {"m2", "m3"}, "c": {"m4"}, "d": {"m1"}}
    assert burst.total(needs) == 4
    assert burst.leave_out(needs, 4) == []
    assert burst.leave_out(needs, 3) == ["c"]
    assert burst.leave_out(needs, 2) == ["b", "c"]
    assert burst.leave_out(needs, 0) == ["a", "b", "c", "d"]


def test_a_start_is_read_with_host_and_wishes_made_canonical() -> None:
    data = {"host": "WEB-01:44322", "wishes": ["disks;instances=sd*", "load", "load"]}
    assert burst.read_start(data) == ("web-01", ["disks;instances=sd*", "load"], 60)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"wishes": ["load"]},
        {"host": "web-01"},
        {"host": "web-01", "wishes": []},
        {"host": "web-01", "wishes": [1]},
        {"host": "web-01", "wishes": ["no id"]},
        {"host": "web-01", "wishes": ["load"] * 101},
        {"host": "web-01", "wishes": ["load"], "seconds": 0},
        {"host": "web-01", "wishes": ["load"], "seconds": 1.5},
        {"host": "a b", "wishes": ["load"]},
    ],
)
def test_a_start_that_is_none(data: object) -> None:
    with pytest.raises(UserError):
        burst.read_start(data)


def test_the_name_of_a_burst() -> None:
    assert burst.read_name({"burst": "ab12"}) == "ab12"
    for data in (None, {}, {"burst": ""}, {"burst": 3}, {"burst": "x" * 65}):
        with pytest.raises(UserError):
            burst.read_name(data)
