"""Bursts: ten a second on a connection of their own, refused, slowed and ended in words."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import vectorpy.model.wire as wire
from vectorpy.errors import HostLate, UnknownName
from vectorpy.live.burst import Burst

SECOND = 1_795_000_000
SCHEMA = json.loads(Path(wire.__file__).with_name("wire.schema.json").read_text(encoding="utf-8"))


class Driver:
    """A world whose ticks and one burst take their turns by a clock turned by hand."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.web = world.web
        self.sink = world.sink
        self.burst: Burst | None = None

    def watch(self, *wishes: str, seconds: float = 3) -> None:
        self.world.join(*(wishes or ("switches", "disks", "load")))
        self.world.run(seconds)

    def start(self, *wishes: str, seconds: int = 60, **more: Any) -> list[tuple[str, Any]]:
        """Ask for a burst; what is answered, read."""
        asked = dict(id="b1", name="web-01", wishes=list(wishes or ("switches",)), seconds=seconds)
        known = {b.id for b in self.world.hub.bursts.all()}
        events = self.world.hub.bursts.start(
            **{**asked, **more}, sink=self.sink, viewer=more.pop("viewer", "ann")
        )
        new = [b for b in self.world.hub.bursts.all() if b.id not in known]
        self.burst = new[0] if new else self.burst
        return [(event, json.loads(text)) for event, text in events]

    def run(self, seconds: float) -> None:
        w = self.world
        sampler = w.sampler()
        end = w.clock.now() + seconds
        while True:
            due = sampler.step()
            if self.burst is not None and not self.burst.over:
                due = min(due, self.burst.step())
            if due > end:
                w.clock.time += max(0.0, end - w.clock.now())
                return
            w.clock.time += max(0.0, due - w.clock.now())

    def slow(self, took: Callable[[Sequence[str]], float]) -> None:
        """Answers take so long, by the names that were asked for."""

        def wait(names: Sequence[str]) -> None:
            self.world.clock.time += took(names)

        self.web.before_fetch = wait

    def told(self) -> list[dict[str, Any]]:
        """What those who look at it heard of its state."""
        return self.sink.of("burst", "burst:b1")

    def points(self) -> tuple[list[int], list[list[float | None]]]:
        """Times and columns as a page has them after all messages."""
        rows: dict[int, tuple[float | None, ...]] = {}
        for message in self.sink.of("burst_points", "burst:b1"):
            if message["whole"]:
                rows = {}
            rows.update(zip(message["t"], zip(*message["columns"], strict=True), strict=True))
        times = sorted(rows)
        return times, [list(c) for c in zip(*(rows[t] for t in times), strict=True)]


def only_burst(names: Sequence[str]) -> bool:
    """Whether a fetch is the burst's: it has no metric of the host's own cost."""
    return "kernel.load" not in names


@pytest.fixture
def driven(world: Any) -> Callable[..., Driver]:
    """`driven(**settings)`: a Driver; `web-01` has its metrics."""
    return lambda **more: Driver(world(**more))


def test_ten_a_second_by_the_host_s_stamps_from_its_start(driven: Any) -> None:
    d = driven()
    d.watch()
    (event, first), *rest = d.start("switches", "disks", seconds=4)
    assert (event, first["state"], rest) == ("burst", "starting", [])
    assert first["metrics"] == 3
    d.run(6)
    times, columns = d.points()
    assert len(times) == 40
    assert {b - a for a, b in itertools.pairwise(times)} == {100}
    layout = d.sink.of("burst_layout", "burst:b1")
    assert len(layout) == 1
    names = [s["name"] for w in layout[0]["widgets"] for s in w["series"]]
    assert names == ["switches", "sda read", "sda write", "sdb read", "sdb write"]
    assert [set(column) for column in columns] == [{100.0}, {10.0}, {1.0}, {20.0}, {2.0}]
    states = [(m["state"], m["reason"]) for m in d.told()]
    assert states == [("running", ""), ("ended", "")]
    assert d.told()[-1]["samples"] == 40
    assert d.told()[-1]["from"] == times[0] and d.told()[-1]["until"] == times[-1]


def test_its_ticks_go_on_and_all_who_watch_hear_of_it(driven: Any) -> None:
    d = driven()
    d.watch()
    before = len(d.sink.of("tick"))
    d.start(seconds=5)
    d.run(8)
    seqs = [t["seq"] for t in d.sink.of("tick")[before:]]
    assert [b - a for a, b in itertools.pairwise(seqs)] == [1] * 7
    heard = [m["state"] for m in d.sink.of("burst", "host:web-01")]
    assert heard == ["running", "ended"]
    assert d.web.opens == 2, "a connection of its own"
    assert d.burst is not None
    d.burst.close()
    assert d.web.closes == 1


def test_a_hanging_answer_to_a_burst_delays_no_tick(driven: Any) -> None:
    d = driven()
    d.watch()
    gate, hangs = threading.Event(), threading.Event()

    def hold(names: Sequence[str]) -> None:
        if only_burst(names):
            hangs.set()
            gate.wait(10)

    d.start("switches")
    d.run(1)
    d.web.before_fetch = hold
    assert d.burst is not None
    burst, d.burst = d.burst, None
    # The burst's own thread hangs in its fetch, while the ticks are sampled by ours.
    d.world.clock.time += 0.1
    thread = threading.Thread(target=burst.step, daemon=True)
    thread.start()
    try:
        assert hangs.wait(10)
        d.run(10)
        seqs = [t["seq"] for t in d.sink.of("tick")]
        assert len(seqs) >= 13
        assert {b - a for a, b in itertools.pairwise(seqs)} == {1}
        assert d.world.host().lateness < 0.01
    finally:
        burst.stop("enough")
        gate.set()
        thread.join(10)


def test_who_joins_later_gets_it_from_its_start_and_after_its_end(driven: Any) -> None:
    d = driven()
    d.watch()
    d.start(seconds=3)
    d.run(2)
    later = [(e, json.loads(t)) for e, t in d.world.hub.bursts.join("b1", d.sink, "bob")]
    assert [event for event, _ in later] == ["burst", "burst_layout", "burst_points"]
    assert later[2][1]["whole"] and len(later[2][1]["t"]) > 10
    assert later[2][1]["t"][0] == later[0][1]["from"]
    d.run(3)
    again = [(e, json.loads(t)) for e, t in d.world.hub.bursts.join("b1", d.sink, "cid")]
    assert again[0][1]["state"] == "ended" and len(again[2][1]["t"]) == 30
    opening = dict(d.world.join("load", viewer="dan"))
    assert opening["burst"]["burst"] == "b1"
    d.world.clock.time += 601
    d.world.hub.bursts.keep()
    with pytest.raises(UnknownName):
        d.world.hub.bursts.join("b1", d.sink, "eve")
    assert "burst" not in dict(d.world.join("load", viewer="fay"))


def test_a_failed_sample_is_a_gap_and_two_in_a_row_are_the_end(driven: Any) -> None:
    d = driven()
    d.watch()
    d.start()
    d.run(1)
    count = len(d.points()[0])

    def once(names: Sequence[str]) -> None:
        if only_burst(names):
            d.web.before_fetch = None
            raise HostLate("It hangs.")

    d.web.before_fetch = once
    d.run(1)
    column = d.points()[1][0]
    assert column.count(None) == 1
    later = column[column.index(None) + 1]
    assert later == 100, "0.2 s are within two and a half periods"

    def always(names: Sequence[str]) -> None:
        if only_burst(names):
            raise HostLate("It hangs.")

    d.web.before_fetch = always
    d.run(1)
    assert d.told()[-1]["state"] == "ended" and "It hangs." in d.told()[-1]["reason"]
    assert len(d.points()[0]) > count


def test_a_host_whose_samples_take_half_a_tenth_is_spared(driven: Any) -> None:
    d = driven()
    d.watch()
    d.slow(lambda names: 0.06 if only_burst(names) else 0.0)
    d.start()
    d.run(2)
    end = d.told()[-1]
    assert end["state"] == "refused"
    assert end["reason"].endswith("ms: ten a second would burden the host.")
    assert end["samples"] == 0 and d.points()[0] == []
    assert d.sink.of("burst", "host:web-01") == [], "nobody else need hear of it"


def test_it_slows_down_and_says_so_and_ends_where_that_is_not_enough(driven: Any) -> None:
    d = driven()
    d.watch()
    d.start()
    d.run(1)
    d.slow(lambda names: 0.12 if only_burst(names) else 0.0)
    d.run(2)
    slowed = d.told()[-1]
    assert slowed["state"] == "running" and slowed["period"] == 0.2
    assert slowed["reason"].startswith("It was slowed down to 5 a second: a sample takes 1")
    times = d.points()[0]
    assert times[-1] - times[-2] == 200
    d.slow(lambda names: 0.7 if only_burst(names) else 0.0)
    d.run(15)
    assert d.told()[-1]["state"] == "ended"
    assert d.told()[-1]["reason"].startswith("It was ended: a sample takes 7")


def test_a_server_that_is_late_slows_it_down(driven: Any) -> None:
    d = driven()
    d.watch()
    d.start()
    d.run(1)
    for _ in range(3):
        d.world.clock.time += 0.16
        d.burst.step()
    assert d.told()[-1]["reason"] == "It was slowed down to 5 a second: this server is busy."


def test_one_per_host_and_so_many_per_server(driven: Any) -> None:
    d = driven(bursts=1)
    d.watch()
    d.start()
    d.run(1)
    ((_, second),) = d.start(id="b2")
    assert second["state"] == "refused" and second["burst"] == ""
    assert second["reason"] == "A burst of this host runs already."
    d.burst.stop("enough")
    assert d.start(id="b3")[0][1]["state"] == "starting"

    other = driven(bursts=0)
    other.watch()
    assert "switched off" in other.start()[0][1]["reason"]


def test_too_many_metrics_are_refused_with_what_to_leave_out(driven: Any) -> None:
    d = driven(burst_metrics=2)
    d.watch("switches", "disks", "load")
    ((_, told),) = d.start("disks", "load", "switches")
    assert told["reason"] == "These widgets need 4 metrics; a burst has at most 2."
    assert {n["wish"]: n["metrics"] for n in told["needs"]} == {
        "disks": ["disk.read", "disk.write"],
        "load": ["kernel.load"],
        "switches": ["kernel.pswitch"],
    }
    assert told["wishes"] == ["disks"] and told["most"] == 2
    limits = d.world.hub.health()["limits"]
    assert limits["burst_metrics"] == {"value": 2, "hits": 1}


def test_too_many_values_are_refused(driven: Any) -> None:
    d = driven(burst_values=3)
    d.watch("disks")
    ((_, told),) = d.start("disks")
    assert told["reason"] == "These widgets have 4 values; a sample of a burst may have 3."


def test_a_longer_burst_is_cut_to_the_longest(driven: Any) -> None:
    d = driven(burst_seconds=2)
    d.watch()
    assert d.start(seconds=60)[0][1]["seconds"] == 2
    d.run(4)
    assert len(d.points()[0]) == 20
    assert d.world.hub.health()["limits"]["burst_seconds"]["hits"] == 1


def test_a_starved_host_is_left_in_peace(driven: Any) -> None:
    d = driven()
    d.web.counter(
        "kernel.all.pressure.cpu.some.total",
        lambda now: round((now - SECOND) * 990_000) + 10**12,
        "microsec",
    )
    d.watch(seconds=8)
    ((_, told),) = d.start()
    assert told["reason"].startswith("The host is short of CPU: for 99% of the time")
    spared = driven(spare_hosts=False)
    spared.web.counter(
        "kernel.all.pressure.cpu.some.total",
        lambda now: round((now - SECOND) * 990_000) + 10**12,
        "microsec",
    )
    spared.watch(seconds=8)
    assert spared.start()[0][1]["state"] == "starting"


def test_a_host_that_is_not_well_and_a_server_that_is_late(driven: Any) -> None:
    d = driven()
    d.watch()
    d.world.host().lateness = 0.2
    d.world.host().thread = threading.current_thread()
    ((_, told),) = d.start()
    assert told["reason"] == "This server is busy: its samples begin 200 ms late."
    d.world.host().thread = None
    d.web.fail(HostLate("It hangs."))
    d.run(3)
    ((_, told),) = d.start()
    assert told["state"] == "refused" and "It hangs." in told["reason"]
    with pytest.raises(UnknownName):
        d.start(name="db-9")


def test_agents_of_their_own_pace_tables_and_unknown_widgets_are_left_out(
    world: Any, build: Any
) -> None:
    vnet = build.widget("resent", "/s", ("resent", "vnet.resent"))
    d = Driver(world(catalog=build.catalog([*build.widgets, vnet])))
    d.web.counter("vnet.resent", lambda now: round(now), domain=401)
    d.watch("switches", "resent")
    (told,) = [m for _, m in d.start("resent", "switches", "pressure", "nothing")]
    assert told["wishes"] == ["switches"]
    left = {one["wish"]: one["reason"] for one in told["left"]}
    assert left["resent"].startswith("The agent vnet looks at a pace of its own")
    assert set(left) == {"resent", "pressure", "nothing"}
    d.burst.stop("enough")
    ((_, none),) = d.start("resent", id="b2")
    assert none["reason"] == "None of these widgets can be drawn ten times a second."


def test_it_ends_when_stopped_or_when_nobody_looks(driven: Any) -> None:
    d = driven()
    d.watch()
    d.start()
    d.run(1)
    d.world.hub.bursts.leave("b1", d.sink, "ann")
    d.run(3)
    d.world.hub.bursts.join("b1", d.sink, "ann")
    d.run(6)
    assert d.told()[-1]["state"] == "running", "he came back in time"
    d.world.hub.bursts.leave("b1", d.sink, "ann")
    d.run(6)
    host = d.sink.of("burst", "host:web-01")[-1]
    assert (host["state"], host["reason"]) == ("ended", "Nobody looked at it any more.")
    d.start(id="b4")
    d.run(1)
    d.world.hub.bursts.stop("b4")
    assert d.sink.of("burst", "host:web-01")[-1]["reason"] == "It was stopped."
    d.world.hub.drop(d.sink)


def test_memory_is_bounded(driven: Any) -> None:
    d = driven(burst_bytes=5000, burst_seconds=2, bursts=1)
    d.watch()
    for number in range(4):
        d.start("disks", id=f"b{number}")
        d.run(3)
        d.world.hub.bursts.keep()
    assert sum(b.bytes for b in d.world.hub.bursts.all()) <= 5000
    assert [b.id for b in d.world.hub.bursts.all()][-1] == "b3", "the oldest went first"
    assert d.world.hub.health()["limits"]["burst_bytes"]["hits"] >= 1


def test_a_clock_that_is_set_back_ends_it(driven: Any) -> None:
    d = driven()
    d.watch()
    d.start()
    d.run(1)
    d.world.clock.shift = -3600
    d.burst.step()
    assert d.told()[-1]["reason"] == "This server's clock was set back."


def test_all_messages_are_of_the_schema(driven: Any) -> None:
    d = driven(burst_metrics=2)
    d.watch()
    refused = d.start("disks", "load", "switches")
    d.start("disks", "nothing", seconds=2)
    d.run(4)
    joined = [(e, json.loads(t)) for e, t in d.world.hub.bursts.join("b1", d.sink, "bob")]
    messages = [*refused, *joined, *((e, m) for _, e, m in d.sink.events if "burst" in e)]
    assert {event for event, _ in messages} == {"burst", "burst_layout", "burst_points"}
    for event, message in messages:
        jsonschema.validate(message, {"$ref": f"#/$defs/{event}", "$defs": SCHEMA["$defs"]})
