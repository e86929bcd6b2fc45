"""Flow control with a hand clock: who is slow leaves the rooms, comes back, or is cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from vectorpy.bus.client import Joined
from vectorpy.errors import LimitReached, UnknownName
from vectorpy.model import wire
from vectorpy.settings import Settings
from vectorpy.web.limits import Limits
from vectorpy.web.live import Relay
from vectorpy.web.seats import Viewer


class FakeOut:
    """Keeps rooms and what was emitted, per viewer."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[str]] = {}
        self.sent: dict[str, list[tuple[str, Any]]] = {}

    def emit(self, event: str, data: Any, to: str | None = None) -> None:
        message = json.loads(data.text) if hasattr(data, "text") else data
        everybody = set(self.sent)
        for sid in everybody if to is None else self.rooms.get(to, {to} & everybody):
            self.sent[sid].append((event, message))

    def enter_room(self, sid: str, room: str) -> None:
        self.rooms.setdefault(room, set()).add(sid)

    def leave_room(self, sid: str, room: str) -> None:
        self.rooms.get(room, set()).discard(sid)


class FakeBus:
    """Keeps joins until the test answers them."""

    def __init__(self) -> None:
        self.connected = True
        self.joins: list[tuple[Any, int, str, Callable[[Joined], None]]] = []
        self.left: list[tuple[str, str]] = []

    def join(self, spec: Any, window: int, viewer: str, on_joined: Any) -> str:
        self.joins.append((spec, window, viewer, on_joined))
        return str(spec.key)

    def leave(self, channel: str, viewer: str) -> None:
        self.left.append((channel, viewer))


class World:
    """A relay between a fake bus and fake rooms, and a clock that the test moves."""

    def __init__(self, **settings: Any) -> None:
        self.now = 100.0
        self.second = 1_795_000_000
        self.version = 1
        self.out, self.bus = FakeOut(), FakeBus()
        self.cuts: list[tuple[str, str]] = []
        chosen = Settings(**settings)
        self.relay = Relay(
            chosen,
            self.out,
            Limits(chosen),
            known=_known,
            clock=lambda: self.now,
            cut=lambda viewer, reason: self.cuts.append((viewer.sid, reason)),
        )
        self.relay.attach(self.bus)  # type: ignore[arg-type]

    def viewer(self, sid: str, address: str = "127.0.0.1") -> Viewer:
        viewer = Viewer(sid, address, {})
        self.relay.admit(viewer)
        self.out.sent[sid] = []
        return viewer

    def watch(self, viewer: Viewer, *hosts: str, interval: int = 1, window: int = 60) -> None:
        channels = [
            {"host": host, "interval": interval, "wishes": ["cpu"], "window": window}
            for host in hosts
        ]
        self.relay.watch(viewer, {"channels": channels})

    def answer(self) -> list[int]:
        """Answer all joins that wait; gives their windows."""
        joins, self.bus.joins = self.bus.joins, []
        for spec, window, _, on_joined in joins:
            times = list(range(self.second - window + 1, self.second + 1))
            layout = wire.layout(spec.key, self.version, "e", [])
            past = wire.history(spec.key, self.version, "e", self.second, times, [])
            events = [
                ("state", wire.encode(wire.state(spec.host, "live"))),
                ("layout", wire.encode(layout)),
                ("history", wire.encode(past)),
            ]
            on_joined(Joined(spec.key, spec.host, events))
        return [window for _, window, _, _ in joins]

    def tick(self, viewer: Viewer) -> None:
        """A second passes: a tick to each channel of `viewer`."""
        self.now += 1
        self.second += 1
        for key in list(viewer.seats):
            text = wire.encode(
                wire.tick(key, "e", self.version, self.second, self.second - 1, [1.0])
            )
            self.relay.on_event(key, "tick", text)

    def ack(self, viewer: Viewer, seq: int | None = None) -> None:
        self.relay.ack(viewer, {key: seq or self.second for key in viewer.seats})

    def sweep(self) -> None:
        self.relay.sweep(set())

    def events(self, sid: str) -> list[str]:
        return [event for event, _ in self.out.sent[sid]]


def _known(wish: Any) -> None:
    if wish.id.startswith("no-"):
        raise UnknownName(f"There is no widget {wish.id}.")


@pytest.fixture
def world() -> World:
    return World()


def _joined(world: World, *hosts: str, **more: Any) -> Viewer:
    viewer = world.viewer("v")
    world.watch(viewer, *hosts, **more)
    world.answer()
    world.out.sent["v"].clear()
    return viewer


def test_who_acknowledges_is_never_slow(world: World) -> None:
    viewer = _joined(world, "a")
    for _ in range(100):
        world.tick(viewer)
        world.ack(viewer)
        world.sweep()
    assert world.events("v") == ["tick"] * 100
    assert world.cuts == []


@pytest.mark.parametrize(("interval", "patience"), [(1, 4), (2, 5), (5, 8)])
def test_unacknowledged_for_more_than_three_seconds_and_the_interval_is_slow(
    world: World, interval: int, patience: int
) -> None:
    viewer = _joined(world, "a", interval=interval)
    world.tick(viewer)
    world.now += patience
    world.sweep()
    assert not viewer.slow
    world.now += 0.1
    world.sweep()
    assert viewer.slow
    assert world.events("v") == ["tick", "state"]
    message = world.out.sent["v"][-1][1]
    assert (message["host"], message["state"]) == ("a", "slow")
    world.tick(viewer)
    assert world.events("v") == ["tick", "state"]


def test_the_slow_one_hears_it_once_per_host_and_leaves_all_rooms(world: World) -> None:
    viewer = _joined(world, "a", "b")
    world.tick(viewer)
    world.now += 5
    world.sweep()
    world.sweep()
    assert [m["host"] for e, m in world.out.sent["v"] if e == "state"] == ["a", "b"]
    assert all("v" not in sids for sids in world.out.rooms.values())


def test_an_ack_brings_the_slow_one_back_with_what_he_lacks(world: World) -> None:
    viewer = _joined(world, "a", window=300)
    world.tick(viewer)
    world.ack(viewer)
    for _ in range(10):
        world.tick(viewer)
    world.sweep()
    assert viewer.slow
    world.out.sent["v"].clear()
    world.ack(viewer, world.second - 9)
    assert world.bus.joins[0][1] == 11  # 9 seconds that he lacks and two to spare
    world.answer()
    assert world.events("v") == ["state", "layout", "history"]
    world.tick(viewer)
    assert world.events("v")[-1] == "tick"
    world.sweep()
    assert not viewer.slow


def test_who_comes_back_to_another_layout_gets_the_whole_window(world: World) -> None:
    viewer = _joined(world, "a", window=300)
    world.tick(viewer)
    world.ack(viewer)
    for _ in range(10):
        world.tick(viewer)
    world.sweep()
    world.out.sent["v"].clear()
    world.ack(viewer)
    world.version = 2  # it changes while the short history is asked for
    assert world.answer() == [2]
    assert world.events("v") == []
    assert world.answer() == [300]
    assert world.events("v") == ["state", "layout", "history"]


def test_thirty_seconds_without_an_ack_end_the_connection(world: World) -> None:
    viewer = _joined(world, "a")
    for _ in range(30):
        world.tick(viewer)
        world.sweep()
    assert world.cuts == []
    world.now += 1.5
    world.sweep()
    assert world.cuts == [("v", "stalled")]


def test_an_ack_of_the_future_counts_for_what_was_sent(world: World) -> None:
    viewer = _joined(world, "a")
    world.ack(viewer, world.second + 10**6)
    world.tick(viewer)
    world.now += 5
    world.sweep()
    assert viewer.slow


def test_who_watches_nothing_is_left_alone(world: World) -> None:
    viewer = world.viewer("v")
    world.now += 3600
    world.sweep()
    assert not viewer.slow
    assert world.cuts == []


def test_an_answer_that_comes_after_leaving_is_ignored(world: World) -> None:
    viewer = world.viewer("v")
    world.watch(viewer, "a")
    key = next(iter(viewer.seats))
    world.watch(viewer)
    assert world.bus.left == [(key, "v")]
    world.out.sent["v"].clear()
    world.answer()
    assert world.events("v") == []
    assert not world.out.rooms.get(key)


def test_an_answer_to_a_slow_one_waits_for_his_ack(world: World) -> None:
    viewer = _joined(world, "a")
    world.watch(viewer, "a", "b")
    world.tick(viewer)
    world.now += 5
    world.sweep()
    assert viewer.slow
    world.out.sent["v"].clear()
    world.answer()
    assert world.events("v") == []
    world.ack(viewer)
    world.answer()
    assert world.events("v").count("history") == 2


def test_a_host_s_room_is_left_with_its_last_channel(world: World) -> None:
    viewer = world.viewer("v")
    both = [
        {"host": "a", "interval": interval, "wishes": ["cpu"], "window": 60} for interval in (1, 2)
    ]
    world.relay.watch(viewer, {"channels": both})
    world.answer()
    assert world.out.rooms["host:a"] == {"v"}
    world.relay.watch(viewer, {"channels": both[:1]})
    assert world.out.rooms["host:a"] == {"v"}
    world.relay.watch(viewer, {"channels": []})
    assert world.out.rooms["host:a"] == set()


def test_records_of_channels_are_forgotten_with_their_viewers(world: World) -> None:
    viewer = _joined(world, "a", "b")
    assert len(world.relay.books.channels) == 2
    world.relay.remove("v")
    world.sweep()
    assert world.relay.books.channels == {}
    assert len(world.bus.left) == 2
    world.relay.ack(viewer, {"x": 1})


def test_viewers_are_counted_in_all_and_by_address() -> None:
    world = World(max_viewers=3, viewers_per_ip=1)
    world.viewer("a", "10.0.0.1")
    with pytest.raises(LimitReached, match="your address"):
        world.viewer("b", "10.0.0.1")
    world.viewer("c", "127.0.0.1")
    world.viewer("d", "127.0.0.1")
    with pytest.raises(LimitReached, match="all the viewers"):
        world.viewer("e", "10.0.0.2")
    hits = world.relay.limits.hits()
    assert (hits["viewers_per_ip"], hits["max_viewers"]) == (1, 1)
    world.relay.remove("a")
    world.viewer("f", "10.0.0.1")


def test_hosts_and_widgets_of_a_dashboard_are_limited() -> None:
    world = World(dashboard_hosts=2, dashboard_widgets=2)
    viewer = world.viewer("v")
    world.watch(viewer, "a", "b", "c")
    assert world.events("v") == ["problem", "watching"]
    assert world.out.sent["v"][0][1]["host"] == "c"
    assert [spec.host for spec, *_ in world.bus.joins] == ["a", "b"]
    many = {"host": "a", "interval": 1, "wishes": ["cpu", "load", "memory"], "window": 60}
    world.relay.watch(viewer, {"channels": [many]})
    assert world.out.sent["v"][-2][1]["type"] == "limit-reached"
    assert world.out.sent["v"][-1] == ("watching", {"channels": []})
    hits = world.relay.limits.hits()
    assert (hits["dashboard_hosts"], hits["dashboard_widgets"]) == (1, 1)


def test_a_window_is_kept_within_the_ring(world: World) -> None:
    viewer = world.viewer("v")
    world.watch(viewer, "a", window=3600)
    assert world.bus.joins[0][1] == 600


def test_who_holds_hears_nothing_is_never_slow_and_gets_what_he_lacks(world: World) -> None:
    viewer = _joined(world, "a", "b")
    for _ in range(3):
        world.tick(viewer)
    world.ack(viewer)
    world.relay.hold(viewer, {})
    world.out.sent["v"].clear()
    for _ in range(40):
        world.tick(viewer)
        world.sweep()
    assert world.events("v") == [] and world.cuts == [] and world.bus.left == []
    world.watch(viewer, "a", "b")
    assert world.answer() == [42, 42], "what he lacks, and two seconds more"
    assert world.events("v") == ["watching", *["state", "layout", "history"] * 2]
    world.tick(viewer)
    assert world.events("v")[-2:] == ["tick", "tick"]


def test_who_holds_while_he_is_slow_is_not_cut(world: World) -> None:
    viewer = _joined(world, "a")
    world.tick(viewer)
    world.now += 5
    world.sweep()
    assert viewer.slow
    world.relay.hold(viewer, {})
    world.now += 100
    world.sweep()
    assert world.cuts == []


def test_a_join_that_is_answered_during_a_hold_waits_for_its_end(world: World) -> None:
    viewer = world.viewer("v")
    world.watch(viewer, "a")
    world.relay.hold(viewer, {})
    world.answer()
    world.tick(viewer)
    assert world.events("v") == ["watching"]
    world.watch(viewer, "a")
    assert world.answer() == [60]
    assert world.events("v") == ["watching", "watching", "state", "layout", "history"]


def test_a_layout_that_came_during_a_hold_brings_the_whole_window(world: World) -> None:
    viewer = _joined(world, "a")
    world.relay.hold(viewer, {})
    [key] = viewer.seats
    world.version = 2
    world.relay.on_event(key, "layout", wire.encode(wire.layout(key, 2, "e", [])))
    world.tick(viewer)
    world.watch(viewer, "a")
    assert world.answer() == [60]


def test_what_else_he_watches_after_a_hold_is_joined_once(world: World) -> None:
    viewer = _joined(world, "a", "b")
    world.relay.hold(viewer, {})
    world.watch(viewer, "b", "c", window=90)
    assert len(world.bus.joins) == 2
    assert world.answer() == [90, 90]
