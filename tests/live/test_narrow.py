"""A wish of one container: its form, names that are followed, refusals, rows of its processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vectorpy.catalog.table import Columns, ColumnSpec
from vectorpy.catalog.widget import SeriesSpec
from vectorpy.model import expression

WEB, WEB2, DB = "a1" * 32, "a2" * 32, "b2" * 32
PATHS = {
    "web": f"/system.slice/docker-{WEB}.scope",
    "db": f"/machine.slice/libpod-{DB}.scope",
    "/system.slice/cron.service": "/system.slice/cron.service",
}
OURS: dict[str, Any] = {"indom": "400.12", "domain": 400}
PCP: dict[str, Any] = {"indom": "3.16", "domain": 3}
USAGE, LIMIT = "vkernel.cgroup.cpu.usage", "vkernel.cgroup.cpu.limit"


def widgets(build: Any) -> list[Any]:
    """cpu (of all), and its two forms of one container; memory by PCP's paths; processes."""
    form = {"per_instance": True, "single": True}
    throttled = expression.parse("100 * vkernel.cgroup.cpu.periods")
    limited = build.widget(
        "one-limit",
        "%",
        ("{instance} used", f"100 * {USAGE} / {LIMIT}"),
        SeriesSpec("{instance} throttled", throttled, optional=True),
    )
    free = build.widget("one-free", "%", ("{instance}", f"100 * {USAGE}"))
    memory = build.widget("one-memory", "B", ("{instance} used", "cgroup.memory.current"))
    number = expression.parse("proc.cpu")
    columns = (ColumnSpec("cpu", "CPU", "1", number), ColumnSpec("cmd", "Command", text="proc.cmd"))
    table = Columns("PID", columns, sort="cpu", member="proc.cgroups")
    top = replace(
        build.widget("top", "1"),
        kind="table",
        kinds=("table",),
        table=table,
        narrowed=("top",),
        options=build.offered_by_table(table),
    )
    return [
        replace(limited, of="CPU of {container}, of its limit", **form),
        replace(free, of="CPU of {container}, of one CPU", **form),
        replace(memory, of="Memory of {container}", **form),
        replace(
            build.widget("cpu", "1", ("load", "kernel.load")), narrowed=("one-limit", "one-free")
        ),
        replace(build.widget("memory", "B", ("free", "mem.free")), narrowed=("one-memory",)),
        build.widget("load", "1", ("load", "kernel.load")),
        top,
    ]


class Containers:
    """A host whose groups the test sets: web uses 0.3 of 0.5 CPUs, db 0.2 without a limit."""

    def __init__(self, world: Any, ours: bool, periods: bool) -> None:
        self.world, self.web = world, world.web
        self.paths = dict(PATHS)
        self.names = {"web": "web", "db": "db"}
        web = self.web
        if ours:
            web.gauge("vkernel.cgroup.path", lambda now: dict(self.paths), **OURS)
            web.gauge("vkernel.cgroup.container", lambda now: dict(self.names), **OURS)
            web.counter(USAGE, lambda now: self.rising(now), "microsec", **OURS)
            if periods:
                some = lambda now: dict.fromkeys(self.paths, 0.0)  # noqa: E731
                web.counter("vkernel.cgroup.cpu.periods", some, **OURS)
            web.gauge(LIMIT, lambda now: {n: 0.5 for n in self.paths if n == "web"}, **OURS)
        else:
            web.counter(
                "cgroup.cpu.stat.usage", lambda now: {p: 0.0 for p in self.paths.values()}, **PCP
            )
        web.gauge(
            "cgroup.memory.current",
            lambda now: {p: 1000.0 * len(i) for i, p in self.paths.items()},
            "byte",
            **PCP,
        )
        who = {"1": "0::/init.scope", "7": f"cpu:/;:{PATHS['web']}", "8": f"0::{PATHS['web']}/x"}
        process: dict[str, Any] = {"indom": "3.9", "domain": 3}
        web.gauge("proc.cpu", {"1": 1, "7": 7, "8": 8}, **process)
        web.gauge("proc.cmd", {"1": "init", "7": "nginx", "8": "php"}, **process)
        web.gauge("proc.cgroups", who, **process)

    def rising(self, now: float) -> dict[str, float]:
        rate = {"web": 300_000, "db": 200_000}
        return {n: (now - 1_794_000_000) * rate.get(n, 0) for n in self.paths}

    def widget(self) -> dict[str, Any]:
        return self.world.sink.of("layout")[-1]["widgets"][0]

    def numbers(self) -> list[Any]:
        return self.world.sink.of("tick")[-1]["n"]


@pytest.fixture
def host(world: Callable[..., Any], build: Any) -> Callable[..., Containers]:
    def make(ours: bool = True, periods: bool = False) -> Containers:
        return Containers(world(catalog=build.catalog(widgets(build))), ours, periods)

    return make


def test_the_first_form_with_numbers_stands_for_the_widget(host):
    one = host()
    one.world.join("cpu;container=web")
    one.world.run(4)
    told = one.widget()
    assert (told["wish"], told["id"]) == ("cpu;container=web", "one-limit")
    assert told["title"] == "CPU of web, of its limit"
    assert [s["name"] for s in told["series"]] == ["used"]
    assert told["narrow"] == {"container": "web", "state": "here"}
    assert one.numbers() == pytest.approx([60])


@pytest.mark.parametrize("periods", [False, True])
def test_without_a_limit_the_next_form_does(host, periods):
    """Though an optional series of the first has numbers."""
    one = host(periods=periods)
    one.world.join("cpu;container=db")
    one.world.run(4)
    told = one.widget()
    assert told["title"] == "CPU of db, of one CPU"
    assert [s["name"] for s in told["series"]] == ["db"]
    assert one.numbers() == pytest.approx([20])


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("name", [PATHS["web"], WEB[:12], "/system.slice/cron.service"])
def test_a_path_or_an_id_means_a_group_with_and_without_our_agent(host, ours, name):
    one = host(ours)
    one.world.join(f"memory;container={name.replace('/', '%2F')}")
    one.world.run(4)
    assert one.widget()["narrow"]["state"] == "here"
    assert one.numbers() == [26_000.0 if name.endswith("service") else 3_000.0]


def test_an_unknown_one_is_refused_with_those_that_there_are(host):
    one = host()
    one.world.join("cpu;container=wbe", "load")
    one.world.run(4)
    told, load = one.world.sink.of("layout")[-1]["widgets"]
    assert told["series"] == [] and told["narrow"]["state"] == "unknown"
    assert told["narrow"]["known"] == ["web", "db", "/system.slice/cron.service"]
    assert told["narrow"]["total"] == 3
    assert told["reason"].startswith("There is no container wbe on this host. It has web, db")
    assert load["series"] and one.numbers() == [2.5], "nothing else breaks"


def test_a_container_that_stops_leaves_its_past_and_a_gap_and_says_since_when(host):
    one = host()
    one.world.join("memory;container=web")
    one.world.run(4)
    del one.paths["web"], one.names["web"]
    one.world.run(4)
    told = one.widget()
    assert told["narrow"]["state"] == "gone"
    assert told["narrow"]["since"] == pytest.approx(one.world.clock.now() - 5, abs=2)
    assert [s["name"] for s in told["series"]] == ["used"]
    assert one.numbers() == [None]
    history = one.world.sink.of("history")[-1]
    assert 3_000.0 in history["columns"][0]


def test_a_name_is_followed_to_a_new_id_in_the_same_line(host):
    one = host()
    one.world.join("memory;container=web")
    one.world.run(4)
    del one.paths["web"], one.names["web"]
    one.world.run(3)
    one.paths["web#9"] = f"/system.slice/docker-{WEB2}.scope"
    one.names["web#9"] = "web"
    one.world.run(14)
    assert one.widget()["narrow"] == {"container": "web", "state": "here"}
    assert one.numbers() == [5_000.0]
    again = dict(one.world.join("memory;container=web", viewer="bob"))
    assert len(again["layout"]["widgets"][0]["series"]) == 1
    (column,) = again["history"]["columns"]
    assert {3_000.0, 5_000.0} <= set(column) and None in column


def test_rows_are_those_of_the_container_and_below_it(host):
    one = host()
    one.world.join("top;container=web")
    sampler, clock = one.world.sampler(), one.world.clock
    tables = one.world.hub.tables(one.world.host())
    end = clock.now() + 5
    while (due := min(sampler.step(), tables.step())) <= end:
        clock.time += max(0.0, due - clock.now())
    rows = one.world.sink.of("rows")[-1]
    whole = dict(one.world.join("top;container=web", viewer="bob"))["rows"]
    tables.close()
    assert set(whole["cells"]) == {"7", "8"}, rows
    assert whole["total"] == 2


def test_what_is_not_told_apart_by_container_says_so(host):
    one = host()
    one.world.join("load;container=web")
    one.world.run(3)
    assert one.widget()["reason"].startswith("load shows the whole host.")


def test_a_host_without_groups_says_so(world, build):
    none = world(catalog=build.catalog(widgets(build)))
    none.join("cpu;container=web")
    none.run(4)
    (told,) = none.sink.of("layout")[-1]["widgets"]
    assert told["series"] == []
    assert told["reason"] == "This host has told no containers or control groups."
