"""How one host is asked: once a second, never twice at a time, and what is said in trouble."""

from __future__ import annotations

from typing import Any

import pytest

from vectorpy.errors import (
    BadAnswer,
    ContextLost,
    HostDown,
    HostLate,
    NotPcp,
    Overloaded,
    RefusedByPolicy,
)

SECOND = 1_795_000_000


def ticks(w: Any, *wishes: str) -> list[dict[str, Any]]:
    return w.sink.of("tick", w.spec(*wishes).key)


def states(w: Any) -> list[str]:
    told = [m["state"] for m in w.sink.of("state")]
    return [s for i, s in enumerate(told) if i == 0 or told[i - 1] != s]


def row(w: Any, name: str = "web-01") -> dict[str, Any]:
    return next(r for r in w.hub.hosts() if r["host"] == name)


def test_a_host_is_sampled_once_a_second_however_many_watch(world: Any) -> None:
    w = world()
    for number in range(20):
        w.join("switches", viewer=f"viewer-{number}")
    w.run(60)
    assert 60 <= w.web.fetches <= 62
    assert row(w)["viewers"] == 20
    assert row(w)["polls"] == 60 or row(w)["polls"] == 61


def test_a_failing_fetch_is_a_gap_with_a_reason(world: Any) -> None:
    w = world()
    w.join("load", "switches")
    w.run(3.5)
    w.web.fail(HostLate("It did not answer within 2 s.", host="web-01"), times=1)
    w.run(1.0)
    assert ticks(w, "load", "switches")[-1] == {
        **ticks(w, "load", "switches")[-2],
        "seq": SECOND + 4,
        "prev": SECOND + 3,
        "n": [None, None],
    }
    state = w.sink.of("state")[-1]
    assert (state["state"], state["reason"]) == ("late", "It did not answer within 2 s.")
    w.run(3.0)
    assert w.sink.of("state")[-1]["state"] == "live"
    assert ticks(w, "load", "switches")[-1]["n"] == [2.5, 100]
    history = dict(w.join("load", "switches", viewer="bob"))["history"]
    at = history["t"].index(SECOND + 4)
    assert [column[at] for column in history["columns"]] == [None, None]


def test_a_lost_context_is_healed_within_the_second(world: Any) -> None:
    w = world()
    w.join("switches")
    w.run(3.5)
    w.web.fail(ContextLost("It forgot us."), times=1)
    w.run(2.0)
    assert [t["n"] for t in ticks(w, "switches")] == [[100]] * 5
    assert states(w)[-1] == "live"
    assert w.web.opens == 2


def test_a_host_that_goes_down_is_probed_every_second_and_comes_back(world: Any) -> None:
    w = world()
    w.join("load")
    w.run(5.5)
    w.web.fail(HostDown("Connection refused.", host="web-01"))
    w.web.alive = False
    w.run(20)
    assert w.sink.of("state")[-1]["state"] == "down"
    assert "Connection refused." in [m["reason"] for m in w.sink.of("state")]
    assert 12 <= len(w.dials.probes) + len(w.dials.dials) <= 22
    # Each second's try that failed is a gap of its own.
    lost = [t for t in ticks(w, "load") if t["n"] == [None]]
    assert 18 <= len(lost) <= 20
    w.web.fail(None)
    w.web.alive = True
    fetches = w.web.fetches
    w.run(2.5)
    assert w.sink.of("state")[-1]["state"] == "live"
    assert ticks(w, "load")[-1]["n"] == [2.5]
    assert w.web.fetches - fetches <= 4
    seqs = [t["seq"] for t in ticks(w, "load")]
    assert seqs == sorted(set(seqs))


def test_a_host_lost_for_long_goes_on_in_its_layout(world: Any) -> None:
    w = world(linger_seconds=1000.0)
    w.join("load")
    w.join("load", interval=5)
    w.run(10.5)
    w.web.alive = False
    w.web.fail(HostDown("Connection refused.", host="web-01"))
    w.run(400)
    gone = len(ticks(w, "load"))
    w.web.alive = True
    w.web.fail(None)
    w.run(70)
    assert len(w.sink.of("layout")) == 2
    assert ticks(w, "load")[-1]["n"] == [2.5]
    assert len(ticks(w, "load")) > gone


def test_a_host_that_was_never_up_is_tried_ever_more_rarely(world: Any) -> None:
    w = world()
    w.web.alive = False
    w.join("load")
    w.run(300)
    tries = len(w.dials.dials) + len(w.dials.probes)
    # 1, 2, 4, ... 60 s: about ten tries in five minutes.
    assert 8 <= tries <= 12
    state = w.sink.of("state")[-1]
    assert state["state"] == "down"
    assert state["next_try"] > w.clock.now() - 1
    assert state["often"] is False
    assert "Nothing answers" in state["reason"]


def test_a_lost_host_is_said_to_be_tried_every_second(world: Any) -> None:
    """And not each second anew: it is told again when the reason is another."""
    w = world()
    w.join("load")
    w.run(10.5)
    w.web.alive = False
    w.web.fail(HostDown("Connection refused.", host="web-01"))
    w.run(30)
    lost = [state for state in w.sink.of("state") if state["state"] == "down"]
    assert {(state["often"], state["next_try"]) for state in lost} == {(True, None)}
    assert len(lost) == len({state["reason"] for state in lost})
    w.web.alive = True
    w.web.fail(None)
    w.run(5)
    back = w.sink.of("state")[-1]
    assert (back["state"], back["often"]) == ("live", False)


def test_a_new_viewer_need_not_wait_for_the_long_pause(world: Any) -> None:
    w = world()
    w.web.alive = False
    w.join("load")
    w.run(200)
    w.web.alive = True
    w.sampler()._host.take_call()
    w.join("load", viewer="bob")
    w.run(1.0)
    assert w.sink.of("state")[-1]["state"] == "live"


def test_policy_and_other_protocols_have_states_of_their_own(world: Any) -> None:
    w = world()
    w.dials.refusals["web-01"] = RefusedByPolicy("10.9.8.7 is not allowed here.", host="web-01")
    w.join("load")
    w.run(0.5)
    state = w.sink.of("state")[-1]
    assert state["state"] == "refused-by-policy"
    assert "--allow-net" in state["hint"]
    w.dials.refusals["web-01"] = NotPcp("A web server answers, which is not PCP's.")
    w.run(5)
    assert w.sink.of("state")[-1]["state"] == "not-pcp"


def test_seconds_missed_are_skipped_without_bursts(world: Any) -> None:
    w = world()
    slow = [0.0]

    def before(names: Any) -> None:
        w.clock.time += slow[0]

    w.web.before_fetch = before
    w.join("load")
    w.run(3.5)
    slow[0] = 3.3
    w.run(1.0)
    slow[0] = 0.0
    w.run(4.0)
    seqs = [t["seq"] - SECOND for t in ticks(w, "load")]
    assert seqs == [1, 2, 3, 4, 8, 9, 10, 11] or seqs == [1, 2, 3, 4, 8, 9, 10, 11, 12]
    prevs = [t["prev"] - SECOND for t in ticks(w, "load")]
    assert prevs == [0, *seqs[:-1]]


def test_an_answer_that_does_not_come_makes_it_late_then_stale(world: Any) -> None:
    w = world()
    w.join("load")
    w.run(3.5)

    def hang(names: Any) -> None:
        # What another thread sees while this one waits for the host.
        for seconds, state in ((1.0, "live"), (1.0, "late"), (8.0, "stale")):
            w.clock.time += seconds
            w.hub.keep()
            seen.append(w.sink.of("state")[-1]["state"] == state)

    seen: list[bool] = []
    w.web.before_fetch = hang
    w.run(0.7)
    w.web.before_fetch = None
    assert seen == [True, True, True]
    w.run(2.0)
    assert w.sink.of("state")[-1]["state"] == "live"


def test_a_slow_host_is_sampled_less_often_and_that_is_said(world: Any) -> None:
    w = world()

    def before(names: Any) -> None:
        w.clock.time += 1.3

    w.web.before_fetch = before
    w.join("load")
    w.run(8)
    state = w.sink.of("state")[-1]
    assert state["state"] == "overloaded"
    assert "every 2 s" in state["reason"]
    # A sample of 1.3 s is a fifth of no period below ten seconds.
    w.run(120)
    assert "every 10 s" in w.sink.of("state")[-1]["reason"]


def test_a_host_whose_samples_are_dear_is_asked_for_what_is_open_alone(
    world: Any, build: Any
) -> None:
    w = world(catalog=build.catalog(recorded=("switches",)))

    def before(names: Any) -> None:
        w.clock.time += 0.25 if len(names) > 1 else 0.05

    w.web.before_fetch = before
    w.join("load")
    w.run(3.5)
    assert w.web.asked[-1] == ("kernel.load", "kernel.pswitch")
    w.run(4)
    assert w.web.asked[-1] == ("kernel.load",)
    state = w.sink.of("state")[-1]
    assert state["state"] == "overloaded"
    assert "asked for what is open alone" in state["reason"]
    w.run(32)
    assert w.web.asked[-1] == ("kernel.load", "kernel.pswitch")
    assert w.sink.of("state")[-1]["state"] == "live"


def test_a_starved_host_is_spared_and_comes_back(world: Any) -> None:
    w = world()
    pressure = "kernel.all.pressure.cpu.some.total"
    w.web.counter(pressure, lambda now: now * 0.99e6, "microsec")
    w.join("load")
    w.run(75)
    state = w.sink.of("state")[-1]
    assert state["state"] == "overloaded"
    assert "short of CPU" in state["reason"] and "every 2 s" in state["reason"]
    before = len(w.web.asked)
    w.run(20)
    assert len(w.web.asked) - before == 10
    calm = w.clock.now()
    w.web.set(pressure, lambda now: calm * 0.99e6 + (now - calm) * 0.1e6)
    w.run(200)
    assert w.sink.of("state")[-1]["state"] == "live"
    before = len(w.web.asked)
    w.run(20)
    assert len(w.web.asked) - before == 20


def test_who_does_not_want_it_spared_keeps_the_second(world: Any) -> None:
    w = world(spare_hosts=False)
    w.web.counter("kernel.all.pressure.cpu.some.total", lambda now: now * 0.99e6, "microsec")
    w.join("load")
    w.run(100)
    assert w.sink.of("state")[-1]["state"] == "live"


def test_what_watching_costs_is_told(world: Any) -> None:
    w = world()
    w.web.counter("pmcd.cputime.total", lambda now: now * 4.0, "millisec")
    w.join("load")
    w.join("switches", viewer="bob")
    w.run(32)
    cost = w.sink.of("state")[-1]["cost"]
    assert cost["cpu"] == pytest.approx(0.004, rel=0.01)
    assert cost["metrics"] == 3 and cost["values"] == 3
    assert cost["viewers"] == 2 and cost["period"] == 1


def test_metrics_are_the_union_of_wishes_and_shrink_when_they_leave(world: Any) -> None:
    w = world()
    w.join("load")
    w.join("disks")
    w.run(2.5)
    assert w.web.asked[-1] == ("disk.read", "disk.write", "kernel.load")
    w.leave("disks")
    w.run(1.0)
    assert w.web.asked[-1] == ("kernel.load",)


def test_recorded_metrics_are_sampled_while_anything_is_watched(world: Any, build: Any) -> None:
    w = world(catalog=build.catalog(recorded=("switches", "pressure")))
    w.join("load")
    w.run(2.5)
    assert w.web.asked[-1] == ("kernel.load", "kernel.pswitch")


def test_more_metrics_than_allowed_are_left_out_and_that_is_said(world: Any, build: Any) -> None:
    shelf = build.catalog(recorded=("disks", "memory"))
    w = world(catalog=shelf, tick_metrics=3)
    w.join("load", "switches")
    w.run(2.5)
    assert w.web.asked[-1] == ("disk.read", "kernel.load", "kernel.pswitch")
    state = w.sink.of("state")[-1]
    assert state["state"] == "overloaded"
    assert state["reason"].startswith("2 metrics more are wanted")
    assert w.hub.health()["limits"]["tick_metrics"] == {"value": 3, "hits": 1}


def test_too_many_values_drop_the_recorded_metrics_first(world: Any, build: Any) -> None:
    w = world(catalog=build.catalog(recorded=("disks",)))

    def before(names: Any) -> None:
        if "disk.read" in names:
            raise Overloaded("It has 20000 values.", host="web-01")

    w.web.before_fetch = before
    w.join("load")
    w.run(4.5)
    assert w.web.asked[-1] == ("kernel.load",)
    assert w.sink.of("state")[-1]["state"] == "overloaded"
    assert ticks(w, "load")[-1]["n"] == [2.5]


def test_metrics_that_come_up_later_are_asked_for_again(world: Any) -> None:
    w = world()
    w.join("pressure")
    w.run(3.5)
    assert w.sink.of("layout")[-1]["widgets"][0]["series"] == []
    w.web.gauge("pressure.some", 0.25)
    w.run(40)
    assert len(w.sink.of("layout")[-1]["widgets"][0]["series"]) == 1
    assert ticks(w, "pressure")[-1]["n"] == [0.25]


def test_a_dead_agent_makes_it_partial_and_its_return_is_marked(world: Any) -> None:
    w = world()
    w.web.gauge("extra.value", 7, domain=99)
    w.join("load", "chart;expr=extra.value")
    w.run(3.5)
    w.web.agents[99] = 264
    w.run(2.0)
    state = w.sink.of("state")[-1]
    assert state["state"] == "partial"
    assert "99 (extra)" in state["reason"]
    # Wishes stand in the order of their texts: the chart first.
    assert ticks(w, "load", "chart;expr=extra.value")[-1]["n"] == [None, 2.5]
    w.web.agents[99] = 0
    w.run(3.0)
    assert w.sink.of("state")[-1]["state"] == "live"
    assert [(m["kind"], m["host"]) for m in w.sink.of("marks")] == [("agent-restarted", "web-01")]
    assert None not in ticks(w, "load", "chart;expr=extra.value")[-1]["n"]


def test_a_restarted_host_is_marked_and_its_rates_begin_anew(world: Any, build: Any) -> None:
    w = world()
    w.join("switches")
    w.run(5.5)
    base = w.clock.now()
    w.web.counter("kernel.pswitch", lambda now: (now - base) * 50)
    w.web.reboot()
    w.run(3.0)
    assert [m["kind"] for m in w.sink.of("marks")] == ["host-restarted"]
    assert [t["n"] for t in ticks(w, "switches")[-3:]] == [[None], [50], [50]]
    late = w.join("switches", viewer="bob")
    assert [event for event, _ in late] == ["state", "marks", "layout", "history"]


def test_polling_stops_after_the_last_viewer_and_history_stays(world: Any) -> None:
    w = world(linger_seconds=30.0, keep_seconds=900.0)
    w.join("load")
    w.run(10)
    w.leave("load")
    assert w.host().polled()
    w.clock.time += 31
    assert not w.host().polled()
    w.sampler().close()
    w.clock.time += 60
    w.hub.keep()
    answer = dict(w.join("load", window=600))
    assert len(answer["history"]["t"]) == 10 or len(answer["history"]["t"]) == 11
    epoch = answer["history"]["epoch"]
    w.run(2.5)
    assert ticks(w, "load")[-1]["epoch"] == epoch
    w.leave("load")
    w.clock.time += 901
    w.hub.keep()
    assert w.hub.hosts() == []


def test_the_hosts_clock_is_measured_and_its_jumps_are_gaps_in_rates(
    world: Any, build: Any
) -> None:
    ahead = [120.0]

    def hosts(clock: Any) -> dict[str, Any]:
        host = build.host(clock)
        host.clock = lambda: clock.now() + ahead[0]
        return {"web-01": host}

    w = world(hosts)
    w.join("switches")
    w.run(3.5)
    assert 119.5 <= w.sink.of("state")[-1]["skew"] <= 120.5
    ahead[0] = -30.0
    w.run(3.0)
    assert -30.5 <= w.sink.of("state")[-1]["skew"] <= -29.5
    assert [t["n"] for t in ticks(w, "switches")][-3:] == [[None], [100], [100]]


def test_our_clock_set_back_begins_another_epoch(world: Any) -> None:
    w = world()
    w.join("load")
    w.run(10.5)
    epoch = ticks(w, "load")[-1]["epoch"]
    w.clock.shift -= 60
    w.run(3.0)
    assert w.sink.of("layout")[-1]["epoch"] != epoch
    last = ticks(w, "load")[-1]
    assert last["epoch"] == w.sink.of("layout")[-1]["epoch"]
    assert last["seq"] < SECOND


def test_one_machine_under_two_names_is_sampled_once(world: Any, build: Any) -> None:
    def hosts(clock: Any) -> dict[str, Any]:
        one = build.host(clock)
        return {"web-01": one, "web-01.example": one}

    w = world(hosts)
    w.join("load")
    w.run(3.5)
    w.join("load", host="web-01.example", viewer="bob")
    second = w.host("web-01.example")
    sampler = w.hub.sampler(second)
    sampler.step()
    assert w.host("web-01.example") is w.host("web-01")
    key = w.spec("load", host="web-01.example").key
    assert [m["upto"] for m in w.sink.of("history", key)] == [SECOND + 3]
    fetches = w.web.fetches
    w.run(5.0)
    assert w.web.fetches - fetches == 5
    assert [t["seq"] - SECOND for t in w.sink.of("tick", key)] == [4, 5, 6, 7, 8]
    assert w.sink.of("state", "host:web-01.example")[-1]["state"] == "live"
    assert {r["host"]: r["viewers"] for r in w.hub.hosts()} == {"web-01": 1, "web-01.example": 1}


def test_memory_for_history_is_bounded(world: Any, build: Any) -> None:
    w = world(ring_bytes=200_000)
    w.join("load", "disks")
    w.run(2.5)
    assert w.sink.of("state")[-1]["state"] == "live"
    w.web.set("disk.read", build.rising(**{f"d{i}": i for i in range(100)}))
    w.run(2.5)
    w.hub.keep()
    assert w.host().record.ring.bytes <= 200_000
    assert w.sink.of("state")[-1]["state"] == "overloaded"
    assert "ring_bytes" in w.sink.of("state")[-1]["hint"]
    assert w.hub.health()["limits"]["ring_bytes"]["hits"] == 1


def test_history_nobody_watches_makes_room_for_others(world: Any, build: Any) -> None:
    def hosts(clock: Any) -> dict[str, Any]:
        return {name: build.host(clock, name) for name in ("web-01", "web-02", "web-03")}

    w = world(hosts, ring_bytes=60_000, linger_seconds=0.0)
    w.join("load", "switches", "disks")
    w.run(2.5)
    w.leave("load", "switches", "disks")
    w.hub.keep()
    assert [r["host"] for r in w.hub.hosts()] == ["web-01"]
    for name in ("web-02", "web-03"):
        w.join("load", "switches", "disks", host=name)
        w.run(2.5, name)
        w.hub.keep()
    assert [r["host"] for r in w.hub.hosts()] == ["web-02", "web-03"]
    w.web.set("kernel.load", 1)
    w.hosts["web-03"].counter("disk.read", build.rising(sda=1, sdx=1), indom="60.1")
    before = w.host("web-03").record.ring.bytes
    w.run(2.5, "web-03")
    assert w.host("web-03").record.full
    assert w.host("web-03").record.ring.bytes == before


def test_an_unreadable_answer_is_a_gap_and_the_next_second_is_tried(world: Any) -> None:
    w = world()
    w.join("load")
    w.run(2.5)
    w.web.fail(BadAnswer("It sent half an answer.", host="web-01"), times=2)
    w.run(4.0)
    assert [t["n"] for t in ticks(w, "load")] == [[2.5], [2.5], [None], [2.5], [2.5], [2.5]] or [
        t["n"] for t in ticks(w, "load")
    ] == [[2.5], [2.5], [None], [2.5], [2.5]]
