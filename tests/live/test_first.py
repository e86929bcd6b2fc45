"""The first rates of a host: what is asked before them, in which order, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

SECOND = 1_795_000_000
DRAWN = ("kernel.pswitch",)
RECORDED = ("disk.read", "disk.write")
# What tells the cost of watching; this host has neither.
ALWAYS = ("kernel.all.pressure.cpu.some.total", "pmcd.cputime.total")


@pytest.fixture
def watched(world: Any, build: Any) -> Any:
    """A world whose host is watched for its switches, while disks are recorded too."""
    w = world(catalog=build.catalog(recorded=("disks",)))
    w.join("switches")
    return w


def test_what_is_drawn_is_asked_for_alone_until_its_rates_are_out(watched: Any) -> None:
    out: list[int] = []
    emit = watched.sink.emit

    def note(room: str, event: str, text: bytes) -> None:
        if event == "layout":
            out.append(len(watched.web.log))
        emit(room, event, text)

    watched.sink.emit = note
    watched.run(0.4)
    assert watched.web.log == [
        ("open", ()),
        ("fetch", DRAWN),
        ("describe", DRAWN),
        ("fetch", DRAWN),
        ("describe", (*RECORDED, *ALWAYS)),
    ]
    assert out == [4]


def test_the_rates_are_out_a_quarter_of_a_second_after_the_first_sample(watched: Any) -> None:
    watched.run(0.3)
    (history,) = watched.sink.of("history")
    assert (history["t"], history["columns"]) == ([SECOND], [[100]])


def test_the_rest_is_sampled_from_the_next_second_on_and_changes_no_layout(watched: Any) -> None:
    watched.run(5.0)
    assert watched.web.asked[2] == (*RECORDED, *DRAWN)
    assert len(watched.sink.of("layout")) == 1
    assert len(watched.sink.of("history")) == 1


def test_a_widget_that_cannot_draw_says_so_in_the_first_layout(world: Any) -> None:
    w = world()
    w.join("pressure", "switches")
    w.run(3.0)
    (layout,) = w.sink.of("layout")
    pressure = next(one for one in layout["widgets"] if one["id"] == "pressure")
    assert pressure["series"] == []
    assert pressure["missing"] == ["pressure.some"]


def test_a_connection_made_anew_asks_for_all_before_it_samples(watched: Any) -> None:
    watched.run(5.0)
    watched.web.alive = False
    watched.sampler().close()
    watched.run(2.0)
    watched.web.alive = True
    watched.web.log.clear()
    watched.run(2.0)
    assert watched.web.log[:3] == [
        ("open", ()),
        ("describe", tuple(sorted((*RECORDED, *DRAWN, *ALWAYS)))),
        ("fetch", (*RECORDED, *DRAWN)),
    ]


def test_more_drawn_metrics_than_allowed_are_not_fetched_at_first_either(world: Any) -> None:
    w = world(tick_metrics=2)
    w.join("disks", "load", "switches")
    w.run(0.4)
    assert all(len(names) == 2 for names in w.web.asked)


def test_a_first_answer_that_takes_long_is_not_told_for_its_own_second(watched: Any) -> None:
    def slow(names: Any) -> None:
        watched.web.before_fetch = None
        watched.clock.time += 1.6

    watched.web.before_fetch = slow
    watched.run(1.9)
    (history,) = watched.sink.of("history")
    # Asked at 0 s, answered at 1.6: the second one is asked at once, and is of second 1.
    assert history["t"] == [SECOND + 1]
