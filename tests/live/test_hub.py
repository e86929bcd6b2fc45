"""The door: many hosts at once, limits, questions, and the threads behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from vectorpy.errors import (
    LimitReached,
    RefusedByPolicy,
    Unavailable,
    UnknownName,
    VectorpyError,
)
from vectorpy.live.hub import Hub
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.sources.fake import FakeDialler, FakeHost


class FastClock:
    """A clock that runs `speed` times faster than the machine's."""

    def __init__(self, start: float, speed: float) -> None:
        self.speed = speed
        self._start = start
        self._zero = time.monotonic()

    def now(self) -> float:
        return self._start + self.mono()

    def mono(self) -> float:
        return (time.monotonic() - self._zero) * self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds) / self.speed)


def until(found: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"in vain waited for: {what}"
        time.sleep(0.005)
    return value


@pytest.fixture
def fast(build: Any) -> Iterator[Callable[..., Any]]:
    """Makes a hub with threads, `speed` times faster than life."""
    hubs = []

    def make(hosts: dict[str, FakeHost] | None = None, speed: float = 10, **more: Any) -> Any:
        clock = FastClock(build.start, speed)
        hosts = hosts if hosts is not None else {"web-01": build.host(clock)}
        for host in hosts.values():
            host.clock = clock.now
        settings = Settings(**{"recorded": ("triage",), **more})
        dials = FakeDialler(hosts)
        hub = Hub(settings, dials, build.catalog(), clock, chance=lambda: 0.5)
        hubs.append(hub)
        return hub, dials, clock

    yield make
    for hub in hubs:
        hub.close()


def join(hub: Hub, sink: Any, host: str = "web-01", viewer: str = "ann") -> list[str]:
    spec = ChannelSpec(host, 1, [Wish("load")])
    found: list[str] = []
    hub.join(spec, 60, sink, [viewer], lambda events: found.extend(e for e, _ in events))
    return found


def test_a_host_that_hangs_for_ever_costs_no_other_a_tick(fast: Any, build: Any) -> None:
    names = [f"web-{n:02}" for n in range(6)]
    clock = type("C", (), {"now": staticmethod(time.time)})
    hosts = {name: build.host(clock, name) for name in names}
    held = threading.Event()
    inside = []
    hung = hosts["web-03"]

    def hang(asked: Any) -> None:
        inside.append(threading.current_thread().name)
        held.wait(30)

    hub, _, _ = fast(hosts, speed=5)
    sink = build.noting()
    for name in names:
        join(hub, sink, name)
    until(lambda: len(sink.of("history")) == 6, "all hosts live")
    hung.before_fetch = hang
    until(lambda: inside, "the hung fetch")
    until(
        lambda: any(m["state"] == "stale" for m in sink.of("state", "host:web-03")),
        "the hung host is stale",
    )
    # Viewers who come and go meanwhile start no second request.
    for number in range(5):
        hub.leave(ChannelSpec("web-03", 1, [Wish("load")]).key, sink, ["ann", f"v{number}"])
        join(hub, sink, "web-03", f"v{number}")
    for name in names:
        if name != "web-03":
            spec = ChannelSpec(name, 1, [Wish("load")])
            seqs = [t["seq"] for t in sink.of("tick", spec.key)]
            missed = (seqs[-1] - seqs[0] + 1) - len(seqs)
            assert len(seqs) >= 8 and missed <= 1, (name, seqs)
    assert len(inside) == 1
    assert hub.health()["states"] == {"live": 5, "stale": 1}
    held.set()
    hung.before_fetch = None
    until(lambda: sink.of("state", "host:web-03")[-1]["state"] == "live", "it goes on")


def test_many_dead_hosts_do_not_delay_a_good_one(fast: Any, build: Any) -> None:
    hub, dials, _ = fast(gate_probes=4, new_hosts_rate=1000, max_hosts=1000)
    waiting = [0, 0]
    lock = threading.Lock()
    real = dials.dial

    def dial(hid: Any) -> Any:
        if hid.id == "web-01":
            return real(hid)
        with lock:
            waiting[0] += 1
            waiting[1] = max(waiting)
        time.sleep(0.02)
        with lock:
            waiting[0] -= 1
        return real(hid)

    dials.dial = dial
    sink = build.noting()
    for number in range(60):
        join(hub, sink, f"dead-{number}")
    join(hub, sink)
    until(lambda: len(sink.of("tick")) >= 5, "ticks of the good host")
    assert waiting[1] <= 4, "the gate bounds tries"


def test_a_thread_ends_with_the_last_viewer_and_starts_again(fast: Any, build: Any) -> None:
    hub, dials, _ = fast(linger_seconds=0.5, speed=10)
    sink = build.noting()
    join(hub, sink)
    until(lambda: sink.of("tick"), "ticks")
    host = hub._hosts["web-01"]
    hub.drop(sink)
    until(lambda: host.thread is None, "the thread's end")
    assert dials.hosts["web-01"].closes == 1
    assert join(hub, sink) == ["state", "layout", "history"], "the ring is kept"
    count = len(sink.of("tick"))
    until(lambda: len(sink.of("tick")) > count, "new ticks")


def test_limits_on_hosts(fast: Any, build: Any) -> None:
    hub, _, _ = fast(new_hosts_rate=3)
    sink = build.noting()
    for number in range(3):
        join(hub, sink, f"a-{number}")
    with pytest.raises(LimitReached) as caught:
        join(hub, sink, "a-3")
    assert caught.value.limit == "new_hosts_rate"
    assert hub.health()["limits"]["new_hosts_rate"] == {"value": 3, "hits": 1}
    other, _, _ = fast(max_hosts=2)
    join(other, sink, "a-1")
    join(other, sink, "a-2")
    with pytest.raises(LimitReached) as caught:
        join(other, sink, "a-3")
    assert caught.value.limit == "max_hosts"
    join(other, sink, "a-2", "bob")


def test_an_unknown_channel_has_no_history(fast: Any) -> None:
    hub, _, _ = fast()
    with pytest.raises(UnknownName):
        hub.history("0123456789abcdef", 0, 10)


def test_search_is_asked_once_over_a_connection_of_its_own(fast: Any, build: Any) -> None:
    hub, dials, _ = fast()
    web = dials.hosts["web-01"]
    web.gauge("disk.free", 1, "byte", oneline="Free room on all disks")
    web.gauge("mem.used", 1, "byte", oneline="Used memory, unlike disks")
    found = hub.search("web-01", "disk", 2)
    assert found["total"] == 4
    assert [m["name"] for m in found["metrics"]] == ["disk.free", "disk.read"]
    assert found["metrics"][0] == {
        "name": "disk.free",
        "help": "Free room on all disks",
        "type": "u64",
        "semantics": "instant",
        "units": "byte",
        "indom": None,
    }
    assert hub.search("web-01", "USED memory")["total"] == 1
    assert hub.search("web-01", "nothing like it")["metrics"] == []
    assert (web.opens, web.closes) == (1, 1)


def test_a_metric_is_told_with_its_values(fast: Any) -> None:
    """Once the names are known, one more connection brings the values."""
    hub, dials, _ = fast()
    web = dials.hosts["web-01"]
    web.gauge("mem.used", 3, "Kbyte", oneline="Used memory")
    assert hub.names("web-01")["total"] == 6
    told = hub.metric("web-01", "mem.used")
    assert told["instances"] == [{"name": "", "value": 3072.0}]
    assert (told["unit"], told["rate"], told["help"]) == ("B", False, "Used memory")
    disks = hub.metric("web-01", "disk.read")
    assert [one["name"] for one in disks["instances"]] == ["sda", "sdb"]
    assert (disks["unit"], disks["rate"], disks["total"]) == ("/s", True, 2)
    assert web.opens == 3
    assert [node["name"] for node in hub.tree("web-01", "disk")["nodes"]] == ["read", "write"]


def test_a_metric_that_is_not_there_or_never_told(fast: Any) -> None:
    hub, _, _ = fast()
    with pytest.raises(UnknownName, match=r"has no metric disk\.gone"):
        hub.metric("web-01", "disk.gone")
    with pytest.raises(RefusedByPolicy, match="never fetched"):
        hub.metric("web-01", "proc.psinfo.environ")


def test_containers_are_listed_with_their_use_of_now_before_other_groups(fast: Any) -> None:
    hub, dials, _ = fast()
    web, path = dials.hosts["web-01"], f"/system.slice/docker-{'a1' * 32}.scope"
    assert hub.containers("web-01") == {"host": "web-01", "containers": [], "total": 0}
    ours = {"indom": "400.12", "domain": 400}
    paths = {"web": path, "/system.slice/cron.service": "/system.slice/cron.service"}
    web.gauge("vkernel.cgroup.path", paths, **ours)
    web.gauge("vkernel.cgroup.container", {"web": "web"}, **ours)
    rising = lambda now: {name: (now - 1_790_000_000) * 500_000 for name in paths}  # noqa: E731
    web.counter("vkernel.cgroup.cpu.usage", rising, "microsec", **ours)
    web.gauge("vkernel.cgroup.memory.usage", {"web": 4096}, "byte", **ours)
    hub.containers("web-01")
    fetches = web.fetches
    assert hub.containers("web-01", age=60)["total"] == 2
    assert web.fetches == fetches, "an answer is shared"
    told = hub.containers("web-01")
    assert told["containers"][0] == {
        "name": "web",
        "path": path,
        "container": True,
        "runtime": "docker",
        "cpu": pytest.approx(0.5, rel=0.01),
        "memory": 4096,
    }
    cron = told["containers"][1]
    assert (cron["container"], cron["runtime"], cron["memory"]) == (False, "service", None)


def test_a_chart_becomes_a_file(fast: Any) -> None:
    hub, _, _ = fast()
    told = hub.widget_file("web-01", "chart;expr=disk.read;instances=sda", "disk-reads")
    assert told["name"] == "disk-reads.toml"
    assert 'instances = "sda"' in told["text"]
    with pytest.raises(VectorpyError, match="taken by"):
        hub.widget_file("web-01", "chart;expr=disk.read", "load")


def test_what_was_looked_up_is_asked_anew_when_agents_change(fast: Any, build: Any) -> None:
    hub, dials, _ = fast(speed=20)
    web = dials.hosts["web-01"]
    sink = build.noting()
    join(hub, sink)
    until(lambda: sink.of("tick"), "ticks")
    assert hub.search("web-01", "extra")["total"] == 0
    web.gauge("extra.value", 1, domain=99)
    hosts = hub._hosts
    until(lambda: 99 in hosts["web-01"].record.agents, "the new agent is seen")
    assert hub.search("web-01", "extra")["total"] == 1


def test_questions_wait_while_ticks_are_late(fast: Any, build: Any) -> None:
    hub, dials, _ = fast(speed=50)
    sink = build.noting()
    join(hub, sink)
    until(lambda: sink.of("tick"), "ticks")
    held = threading.Event()
    dials.hosts["web-01"].before_fetch = lambda names: held.wait(20)
    until(lambda: sink.of("state")[-1]["state"] in ("late", "stale"), "it is late")
    opens = dials.hosts["web-01"].opens
    try:
        with pytest.raises(Unavailable) as caught:
            hub.search("web-01", "disk")
        assert "too slowly" in caught.value.message
        assert dials.hosts["web-01"].opens == opens
    finally:
        held.set()


def test_what_a_host_is_and_can(fast: Any, build: Any) -> None:
    hub, dials, _ = fast()
    with pytest.raises(UnknownName):
        hub.host("web-01", start=False)
    assert dials.dials == []
    told = hub.host("web-01")
    assert (told["name"], told["version"], told["transport"]) == ("web-01", "6.0.3", "fake")
    assert told["agents"] == [{"name": "linux", "status": 0, "text": "runs"}]
    draws = {w["id"]: w["draws"] for w in told["widgets"]}
    assert draws == {
        "load": True,
        "switches": True,
        "disks": True,
        "busy": True,
        "pressure": False,
        "memory": True,
    }
    assert told["missing"] == [
        {
            "metric": "pressure.some",
            "reason": "The host has no metric pressure.some.",
            "widgets": ["pressure"],
        }
    ]
    down = hub.host("nowhere")
    assert (down["state"], down["reason"]) == ("down", "Nothing answers at nowhere.")
    assert down["widgets"] == []


def test_every_fault_of_a_source_is_survived(fast: Any, build: Any, caplog: Any) -> None:
    hub, dials, _ = fast(speed=20)
    sink = build.noting()
    join(hub, sink)
    until(lambda: sink.of("tick"), "ticks")

    def fault(names: Any) -> None:
        raise RuntimeError("not an error of ours")

    dials.hosts["web-01"].before_fetch = fault
    until(lambda: sink.of("state")[-1]["state"] == "down", "the fault is said")
    assert "RuntimeError" in sink.of("state")[-1]["reason"]
    dials.hosts["web-01"].before_fetch = None
    until(lambda: sink.of("state")[-1]["state"] == "live", "it goes on")
    assert "the sampler failed" in caplog.text


def test_bad_hosts_are_refused(fast: Any, build: Any) -> None:
    hub, _, _ = fast()
    with pytest.raises(VectorpyError):
        hub.host("web 01/../")


def test_a_name_is_looked_up_as_one_new_host_among_the_limits(build: Any) -> None:
    asked: list[str] = []

    def spread(hid: Any) -> dict[str, Any]:
        asked.append(hid.id)
        return {"hosts": ["10.0.0.1"], "refused": [], "total": 1}

    settings = Settings(new_hosts_rate=1, recorded=())
    hub = Hub(settings, FakeDialler(), build.catalog(), spread=spread, threads=False)
    assert hub.spread("WEB:44322")["hosts"] == ["10.0.0.1"]
    assert hub.spread("web")["total"] == 1
    with pytest.raises(LimitReached):
        hub.spread("db")
    assert asked == ["web", "web"]
    hub.close()
