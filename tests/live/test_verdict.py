"""The verdict in channels: its layout and rows, what is told when, and evidence from the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vectorpy.analysis.read import load
from vectorpy.catalog.verdict import verdict_widget
from vectorpy.errors import HostLate

RULES = load()
CELLS = 12
U = "cpu utilization"


class Driver:
    """A world whose host has four CPUs, busy by `share`, and pressure; the catalogue has the
    shipped verdict."""

    def __init__(self, world: Any, share: float = 0.25) -> None:
        self.world, self.web, self.share = world, world.web, share
        self._used, self._at = 0.0, self.web.clock()
        self.web.gauge("hinv.ncpu", 4)
        self.web.counter("kernel.all.cpu.user", self._user, "millisec")
        for mode in ("nice", "sys", "irq.hard", "irq.soft", "steal"):
            self.web.counter(f"kernel.all.cpu.{mode}", 0, "millisec")
        self.web.counter("kernel.all.pressure.cpu.some.total", 0, "microsec")
        self.web.gauge("mem.util.available", 50, "Kbyte")
        self.web.gauge("mem.physmem", 100, "Kbyte")

    def _user(self, now: float) -> int:
        self._used += (now - self._at) * 4000 * self.share
        self._at = now
        return int(self._used)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [m for m in self.world.sink.of("rows") if m["key"] == "verdict"]

    def shown(self) -> dict[str, dict[str, Any]]:
        """The cells as a page has them after all messages."""
        found: dict[str, dict[str, Any]] = {}
        for message in self.rows:
            found = {} if message["whole"] else found
            for name, cells in message["cells"].items():
                found[name] = {**found.get(name, {}), **cells}
        return found


@pytest.fixture
def driven(world: Any, build: Any) -> Callable[..., Driver]:
    """`driven(recorded=("verdict",))`: a Driver; the channel `verdict` is not joined yet."""

    def make(recorded: tuple[str, ...] = (), **more: Any) -> Driver:
        shelf = build.catalog([*build.widgets, verdict_widget(RULES)], recorded)
        return Driver(world(catalog=shelf), **more)

    return make


def test_a_layout_has_the_columns_of_cells_and_no_series(driven: Any) -> None:
    d = driven()
    d.world.join("verdict", "load")
    d.world.run(1)
    load, verdict = sorted(d.world.sink.of("layout")[0]["widgets"], key=lambda w: w["id"])
    assert (verdict["kind"], verdict["series"], verdict["reason"]) == ("verdict", [], "")
    assert [c["id"] for c in verdict["columns"]] == ["", "state", "text", "since", "widget"]
    assert "disk.dev.avactive" in verdict["missing"]
    assert [s["name"] for s in load["series"]] == ["load"]


def test_cells_measure_then_are_fine_and_say_why_others_are_not_measured(driven: Any) -> None:
    d = driven()
    d.world.join("verdict")
    d.world.run(10)
    assert d.shown()[U]["state"] == "unknown"
    assert d.shown()[U]["text"].startswith("measuring, ")
    d.world.run(25)
    cells = d.shown()
    assert len(cells) == CELLS
    assert (cells[U]["state"], cells[U]["text"]) == ("fine", "25 % busy")
    assert cells["memory utilization"]["text"] == "50 % available"
    assert cells["memory utilization"]["widget"] == "memory-available"
    assert cells["disk utilization"]["state"] == "unmeasured"
    assert cells["disk utilization"]["text"] == "The host tells no disk."


def test_a_busy_cpu_is_watched_then_guilty_and_cleared_again(driven: Any) -> None:
    d = driven()
    d.world.join("verdict")
    d.world.run(40)
    seen = []
    d.share = 1.0
    for _ in range(16):
        d.world.run(1)
        seen.append(d.shown()[U]["state"])
    assert seen[:7] == ["fine"] * 7
    assert seen.index("watch") == 7 and seen.index("guilty") == 11
    assert d.shown()[U]["text"] == "100 % busy"
    d.share = 0.1
    d.world.run(12)
    assert d.shown()[U]["state"] == "fine"


def test_what_changes_nothing_is_not_told(driven: Any) -> None:
    """Once all is settled a second costs no message but the tick."""
    d = driven()
    d.world.join("verdict")
    d.world.run(45)
    before = len(d.rows)
    d.world.run(30)
    assert len(d.rows) == before
    d.share = 0.5
    d.world.run(12)
    assert [m["cells"] for m in d.rows[before:]][-1].keys() == {U}
    assert 1 <= len(d.rows) - before <= 3, "words alone are told every five seconds"
    assert d.shown()[U]["text"] == "50 % busy"


def test_who_joins_later_gets_all_cells_at_once(driven: Any) -> None:
    d = driven()
    d.world.join("verdict")
    d.world.run(40)
    events = d.world.join("verdict", viewer="bob")
    (whole,) = [m for e, m in events if e == "rows"]
    assert whole["whole"] and whole["total"] == CELLS
    assert whole["cells"] == d.shown()


def test_the_ring_s_past_is_evidence_at_once_where_it_was_recorded(driven: Any) -> None:
    """A strip that opens on a host that others watch has its words with the first message."""
    d = driven(recorded=("verdict",))
    d.world.join("load")
    d.world.run(50)
    events = d.world.join("verdict", viewer="bob")
    (whole,) = [m for e, m in events if e == "rows"]
    assert whole["cells"][U]["state"] == "fine"
    assert whole["cells"][U]["text"] == "25 % busy"


def test_a_host_that_fails_is_not_fine_any_more(driven: Any) -> None:
    d = driven()
    d.world.join("verdict")
    d.world.run(40)
    d.web.fail(HostLate("It is late.", host="web-01"))
    d.world.run(4)
    assert d.shown()[U]["state"] == "unknown"
    d.web.fail(None)
    d.world.run(20)
    assert d.shown()[U]["state"] == "unknown"
    d.world.run(20)
    assert d.shown()[U]["state"] == "fine"


def test_each_interval_is_judged_by_the_second(driven: Any) -> None:
    d = driven(share=1.0)
    d.world.join("verdict", interval=5)
    d.world.run(14)
    assert d.shown()[U]["state"] == "guilty"


def test_its_metrics_are_fetched_while_it_is_watched_and_no_longer(driven: Any) -> None:
    d = driven()
    d.world.join("verdict")
    d.world.join("load", viewer="bob")
    d.world.run(5)
    asked = set(d.web.asked[-1])
    assert {"kernel.all.cpu.user", "mem.util.available"} <= asked
    d.world.leave("verdict")
    d.world.run(3)
    assert "kernel.all.cpu.user" not in d.web.asked[-1]


def test_a_metric_that_appears_joins_the_evidence(driven: Any) -> None:
    d = driven()
    d.world.join("verdict")
    d.world.run(40)
    assert d.shown()["memory errors"]["state"] == "unmeasured"
    d.web.counter("mem.vmstat.oom_kill", 0)
    d.world.run(40)
    assert d.shown()["memory errors"]["state"] == "unknown"
    d.world.run(30)
    cells = d.shown()
    assert cells["memory errors"]["text"] == "no OOM kill"
    assert cells[U]["state"] == "fine", "the others keep their evidence"


def test_a_fault_ends_it_alone(driven: Any, monkeypatch: Any) -> None:
    d = driven()
    d.world.join("verdict", "load")
    d.world.run(5)
    (view,) = [v for v in d.world.host().demand._views.values() if v.wish.id == "verdict"]
    monkeypatch.setattr(view, "_tell", lambda *_: 1 / 0)
    d.world.run(3)
    told = {w["id"]: w for w in d.world.sink.of("layout")[-1]["widgets"]}
    assert "The verdict failed on the server" in told["verdict"]["reason"]
    assert d.world.sink.of("tick")[-1]["n"] == [2.5]
