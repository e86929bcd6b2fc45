"""Hundreds of things at random, by a hand clock: whatever happens, what viewers hold is true."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from vectorpy.errors import ContextLost, HostDown, HostLate

WISHES = (("second",), ("second", "disks"), ("busy", "second"), ("second", "load"))


class Page:
    """What one viewer's page holds of one channel, checked with each event."""

    def __init__(self, key: str, interval: int) -> None:
        self.key = key
        self.interval = interval
        self.v = self.newest = 0
        self.where: int | None = None
        self.points: dict[int, float | None] = {}

    def take(self, event: str, message: dict[str, Any]) -> None:
        if event == "layout":
            self.v = message["v"]
            series = [(w["id"], s) for w in message["widgets"] for s in w["series"]]
            self.where = next((i for i, (id, _) in enumerate(series) if id == "second"), None)
        elif event == "history":
            assert message["v"] == self.v
            column = [] if self.where is None else message["columns"][self.where]
            assert all(len(c) == len(message["t"]) for c in message["columns"])
            self.points.update(zip(message["t"], column, strict=False))
            self.newest = message["upto"]
        elif event == "tick":
            assert message["v"] == self.v, "a tick of an unknown layout"
            assert message["seq"] > self.newest, "a second came twice"
            assert message["prev"] == self.newest, "a tick is missing"
            assert message["seq"] % self.interval == 0
            self.newest = message["seq"]
            if self.where is not None:
                self.points[message["seq"]] = message["n"][self.where]

    def check(self) -> None:
        """The gauge says of which second it is: each point is at home, or a gap.

        At an interval of k a point is the gauge's last value within k seconds.
        """
        for second, value in self.points.items():
            assert value is None or (second - value) % 1000 < self.interval, (second, value)


class Street:
    """Pages of one web process, fed in the order of its bus."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}

    def emit(self, room: str, event: str, text: bytes) -> None:

        for page in list(self.pages.values()):
            if page.key == room:
                page.take(event, json.loads(text))


class Town:
    """A world whose pages come and go, whose disks change, and whose host fails now and then."""

    def __init__(self, world: Any, build: Any, seed: int) -> None:
        self.world, self.build, self.chance = world, build, random.Random(seed)
        self.streets = (Street(), Street())
        self.numbers = itertools.count()

    def join(self) -> None:
        chance, w = self.chance, self.world
        wishes, interval = chance.choice(WISHES), chance.choice((1, 1, 2, 5))
        place, viewer = chance.choice(self.streets), f"v{next(self.numbers)}"
        page = Page(w.spec(*wishes, interval=interval).key, interval)
        more = {"viewer": viewer, "sink": place, "window": chance.choice((1, 30, 600))}
        for event, message in w.join(*wishes, interval=interval, **more):
            page.take(event, message)
        place.pages[viewer] = page

    def leave(self) -> None:
        place = self.chance.choice(self.streets)
        if place.pages:
            viewer = self.chance.choice(sorted(place.pages))
            page = place.pages.pop(viewer)
            page.check()
            self.world.hub.leave(page.key, place, [viewer])

    def disks(self) -> None:
        names = self.chance.sample("abcdefgh", self.chance.randrange(1, 8))
        self.world.web.set("disk.read", self.build.rising(**{n: ord(n) for n in names}))
        self.world.web.set("disk.write", self.build.rising(**{n: 1 for n in names}))

    def fail(self) -> None:
        error = self.chance.choice((HostLate("late"), HostDown("down"), ContextLost("lost")))
        self.world.web.fail(error, times=self.chance.randrange(1, 6))

    def stall(self) -> None:
        self.world.clock.time += self.chance.random() * 8

    def pass_time(self) -> None:
        self.world.run(self.chance.random() * 3)

    def live(self, turns: int) -> None:
        acts = [self.join] * 6 + [self.leave] * 4 + [self.disks, self.fail, self.stall]
        acts += [self.pass_time] * 8
        self.join()
        for _ in range(turns):
            self.chance.choice(acts)()
        self.world.web.fail(None)
        self.world.run(15)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_pages_hold_the_truth(world: Any, build: Any, seed: int) -> None:
    second = build.widget("second", "1", ("second", "now.second"))
    shelf = build.catalog((*build.widgets, second), recorded=("second",))
    w = world(catalog=shelf, linger_seconds=1000.0)
    w.web.gauge("now.second", lambda now: float(int(now) % 1000))
    town = Town(w, build, seed)
    town.live(400)
    for place in town.streets:
        for page in place.pages.values():
            page.check()
            assert page.points, "each page that stays has points in the end"
            assert page.newest > w.clock.now() - 2 - page.interval
