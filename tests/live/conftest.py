"""Builders of this room's tests: a clock turned by hand, a small catalogue, a sink that notes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from vectorpy.catalog.catalog import Catalog, with_chart
from vectorpy.catalog.options import offered, offered_by_table
from vectorpy.catalog.widget import Help, Preset, SeriesSpec, Widget
from vectorpy.live.host import Host
from vectorpy.live.hub import Hub
from vectorpy.live.sampler import Sampler
from vectorpy.model import expression, hostspec
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.sources.fake import FakeDialler, FakeHost

START = 1_795_000_000.0


class HandClock:
    """Time that passes only when the test says so, or when somebody waits."""

    def __init__(self, now: float = START) -> None:
        self.time = now
        self.shift = 0.0

    def now(self) -> float:
        return self.time + self.shift

    def mono(self) -> float:
        return self.time - START + 5000.0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.time += max(0.0, seconds)
        return event.is_set()


def widget(id: str, unit: str, *series: tuple[str, str] | SeriesSpec, **more: Any) -> Widget:
    """A widget of (name, expression) pairs, drawn as lines."""
    specs = [
        s if isinstance(s, SeriesSpec) else SeriesSpec(s[0], expression.parse(s[1])) for s in series
    ]
    inside = any("{instance}" in spec.name for spec in specs)
    more = {"kinds": ("line",), "per_instance": inside, **more}
    more.setdefault("options", offered(inside, more["kinds"]))
    help = Help("shows", "normal", "action")
    return Widget(id, id.title(), "Test", "line", unit, help, tuple(specs), wish=id, **more)


WIDGETS = (
    widget("load", "1", ("load", "kernel.load")),
    widget("switches", "/s", ("switches", "kernel.pswitch")),
    widget("disks", "/s", ("{instance} read", "disk.read"), ("{instance} write", "disk.write")),
    widget("busy", "/s", ("{instance}", "disk.read"), top=2),
    widget("pressure", "1", ("some", "pressure.some"), needs="Linux 4.20 brings it."),
    widget("memory", "B", ("free", "mem.free")),
)


def catalog(widgets: Iterable[Widget] = WIDGETS, recorded: tuple[str, ...] = ()) -> Catalog:
    """A catalogue of the test's widgets, with one preset `triage` of the recorded ones."""
    preset = Preset("triage", (), "Triage", "", recorded)
    return Catalog(with_chart(widgets), {"triage": preset})


def web01(clock: HandClock, name: str = "web-01", **more: Any) -> FakeHost:
    """A host: 100 context switches a second, load 2.5, disks sda (10, 1) and sdb (20, 2)."""
    host = FakeHost(name, clock=clock.now, address=f"{name}:44322", **more)
    host.gauge("kernel.load", 2.5)
    host.gauge("mem.free", 4000, "Kbyte")
    host.counter("kernel.pswitch", lambda now: (now - START) * 100)
    host.counter("disk.read", rising(sda=10, sdb=20), indom="60.1")
    host.counter("disk.write", rising(sda=1, sdb=2), indom="60.1")
    return host


def rising(**rates: float) -> Callable[[float], dict[str, float]]:
    """Counters by instance that rise by so much a second."""
    return lambda now: {name: (now - START) * rate for name, rate in rates.items()}


@dataclass
class Noting:
    """A sink that notes all events, decoded."""

    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def emit(self, room: str, event: str, text: bytes) -> None:
        self.events.append((room, event, json.loads(text)))

    __hash__ = object.__hash__

    def of(self, event: str, room: str | None = None) -> list[dict[str, Any]]:
        return [m for r, e, m in self.events if e == event and room in (None, r)]


class World:
    """A hub without threads over scripted hosts; the test drives samplers by `run`."""

    def __init__(self, hosts: Callable[[HandClock], dict[str, FakeHost]], **more: Any) -> None:
        self.clock = HandClock()
        self.hosts = hosts(self.clock)
        self.dials = FakeDialler(self.hosts)
        shelf = more.pop("catalog", None) or catalog()
        settings = Settings(**{"recorded": ("triage",), **more})
        chance = lambda: 0.5  # noqa: E731  no jitter
        self.hub = Hub(settings, self.dials, shelf, self.clock, chance=chance, threads=False)
        self.sink = Noting()
        self.samplers: dict[str, Sampler] = {}
        self.due: dict[str, float] = {}

    @property
    def web(self) -> FakeHost:
        return self.hosts["web-01"]

    def host(self, name: str = "web-01") -> Host:
        return next(h for h in self.hub._all() if name in h.ids)

    def join(
        self, *wishes: str, host: str = "web-01", interval: int = 1, window: int = 60, **more: Any
    ) -> list[tuple[str, dict[str, Any]]]:
        """Join a channel; what is answered: (event, message) pairs."""
        spec = self.spec(*wishes, host=host, interval=interval)
        found: list[tuple[str, dict[str, Any]]] = []
        sink, viewer = more.get("sink", self.sink), more.get("viewer", "ann")
        self.hub.join(
            spec, window, sink, [viewer], lambda es: found.extend((e, json.loads(t)) for e, t in es)
        )
        return found

    def spec(self, *wishes: str, host: str = "web-01", interval: int = 1) -> ChannelSpec:
        return ChannelSpec(host, interval, [Wish.parse(wish) for wish in wishes])

    def leave(self, *wishes: str, interval: int = 1, viewer: str = "ann") -> None:
        self.hub.leave(self.spec(*wishes, interval=interval).key, self.sink, [viewer])

    def sampler(self, name: str = "web-01") -> Sampler:
        if name not in self.samplers:
            self.samplers[name] = self.hub.sampler(self.host(name))
            self.due[name] = self.clock.now()
        return self.samplers[name]

    def run(self, seconds: float, name: str = "web-01") -> None:
        """Let the sampler of a host work for so long, as its thread would."""
        end = self.clock.now() + seconds
        sampler = self.sampler(name)
        while (due := sampler.step()) <= end:
            self.clock.time += max(0.0, due - self.clock.now())
        self.clock.time += max(0.0, end - self.clock.now())


@pytest.fixture
def hand_clock() -> HandClock:
    """A clock that stands at START."""
    return HandClock()


@pytest.fixture
def world() -> Iterator[Callable[..., World]]:
    """Makes a World with one host web-01 (see `web01`), or with `hosts(clock)`."""
    made: list[World] = []

    def make(hosts: Callable[[HandClock], dict[str, FakeHost]] | None = None, **more: Any) -> World:
        made.append(World(hosts or (lambda clock: {"web-01": web01(clock)}), **more))
        return made[-1]

    yield make
    for one in made:
        for sampler in one.samplers.values():
            sampler.close()
        one.hub.close()


@pytest.fixture
def build() -> Any:
    """The builders of this file, for tests that need them by name."""

    class Build:
        catalog = staticmethod(catalog)
        widget = staticmethod(widget)
        host = staticmethod(web01)
        rising = staticmethod(rising)
        offered_by_table = staticmethod(offered_by_table)
        parse = staticmethod(hostspec.parse)
        widgets = WIDGETS
        noting = Noting
        start = START

    return Build
