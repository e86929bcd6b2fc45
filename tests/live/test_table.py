"""Live tables: which rows, which cells are told, rates over the last interval, what is missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from vectorpy.catalog.table import Columns, ColumnSpec
from vectorpy.errors import HostLate
from vectorpy.live.tables import Tables
from vectorpy.model import expression

SECOND = 1_795_000_000
CONN: dict[str, Any] = {"indom": "401.9", "domain": 401}


def number(id: str, metric: str, unit: str, **more: Any) -> ColumnSpec:
    return ColumnSpec(id, id.title(), unit, expression.parse(metric), **more)


COLUMNS = Columns(
    "Connection",
    (
        ColumnSpec("state", "State", text="conn.state"),
        number("out", "conn.sent", "B/s"),
        number("rtt", "conn.rtt", "s", optional=True),
    ),
    sort="out",
    spark="rtt",
)


class Driver:
    """A world whose host has the connections a (100 B/s, 2 ms) and b (50 B/s, 3 ms)."""

    def __init__(self, world: Any, rising: Callable[..., Any]) -> None:
        self.world = world
        self.web = world.web
        self.rising = rising
        self.web.gauge("conn.state", {"a": "ESTAB", "b": "ESTAB"}, **CONN)
        self.web.counter("conn.sent", rising(a=100, b=50), "byte", **CONN)
        self.web.gauge("conn.rtt", {"a": 2000, "b": 3000}, "microsec", **CONN)
        self.tables: Tables | None = None

    def run(self, seconds: float) -> None:
        """Let ticks and tables take their turns for so long."""
        w = self.world
        sampler = w.sampler()
        self.tables = self.tables or w.hub.tables(w.host())
        end = w.clock.now() + seconds
        while True:
            tick = sampler.step()
            due = min(tick, self.tables.step())
            if due > end:
                w.clock.time += max(0.0, end - w.clock.now())
                return
            w.clock.time += max(0.0, due - w.clock.now())

    def sample(self, second: int) -> None:
        """The host's samples up to this second after the start, those of tables too."""
        self.run(SECOND + second + 0.7 - self.world.clock.now())

    def go_on(self, **rates: float) -> None:
        """From now on the connections send so many bytes a second."""
        now = self.world.clock.now()
        sent = self.web.sample(["conn.sent"]).parts[0].values["conn.sent"]
        self.web.set(
            "conn.sent", lambda t: {n: sent[n] + rate * (t - now) for n, rate in rates.items()}
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.world.sink.of("rows")

    def shown(self) -> dict[str, dict[str, Any]]:
        """The rows as a page has them after all messages."""
        found: dict[str, dict[str, Any]] = {}
        for message in self.rows:
            if message["whole"]:
                found = {}
            for name, cells in message["cells"].items():
                if cells is None:
                    del found[name]
                else:
                    found[name] = {**found.get(name, {}), **cells}
        return found


@pytest.fixture
def driven(world: Any, build: Any) -> Callable[..., Driver]:
    """`driven(top=50, ...)`: a Driver whose catalogue has the table `connections`."""

    def make(top: int = 50, columns: Columns = COLUMNS, **more: Any) -> Driver:
        options = build.offered_by_table(columns)
        table = build.widget(
            "connections", "1", table=columns, kinds=("table",), top=top, options=options, **more
        )
        shelf = build.catalog([*build.widgets, table])
        return Driver(world(catalog=shelf), build.rising)

    return make


def test_a_layout_has_the_table_s_columns_and_no_series(driven: Any) -> None:
    d = driven()
    d.world.join("connections", "load")
    d.sample(0)
    table, load = sorted(d.world.sink.of("layout")[0]["widgets"], key=lambda w: w["id"])
    assert (table["kind"], table["series"], table["reason"]) == ("table", [], "")
    assert [c["id"] for c in table["columns"]] == ["", "state", "out", "rtt"]
    assert table["columns"][0]["title"] == "Connection"
    assert [c["unit"] for c in table["columns"]] == ["", "", "B/s", "s"]
    assert table["columns"][2]["sort"] is True and table["columns"][3]["spark"] is True
    assert [s["name"] for s in load["series"]] == ["load"]
    assert d.world.sink.of("history")[0]["columns"] == [[2.5]]


def test_first_all_cells_then_those_that_changed(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.sample(0)
    first = d.rows[0]
    assert first["seq"] == SECOND and first["total"] == 2
    assert first["cells"]["a"] == {"state": "ESTAB", "out": None, "rtt": 0.002}
    d.sample(1)
    assert d.rows[1]["cells"] == {"a": {"out": 100}, "b": {"out": 50}}
    d.web.set("conn.state", {"a": "CLOSE-WAIT", "b": "ESTAB"})
    d.sample(2)
    assert d.rows[2]["cells"] == {"a": {"state": "CLOSE-WAIT"}}
    d.sample(3)
    assert d.rows[3]["cells"] == {} and d.rows[3]["seq"] == SECOND + 3


def test_ticks_of_the_channel_have_no_numbers_of_the_table(driven: Any) -> None:
    d = driven()
    d.world.join("connections", "load")
    d.sample(3)
    assert [t["n"] for t in d.world.sink.of("tick")] == [[2.5]] * 3
    asked = {name for names in d.web.asked for name in names if name.startswith("conn.")}
    assert asked == {"conn.state", "conn.sent", "conn.rtt"}
    assert all("kernel.load" not in n for n in d.web.asked if "conn.rtt" in n), "fetched apart"


def test_rates_cover_the_time_since_the_table_s_own_last_sample(driven: Any) -> None:
    d = driven()
    d.world.join("connections", interval=5)
    d.world.join("connections", interval=1, viewer="bob")
    for second in range(1, 13):
        d.web.counter("conn.sent", {"a": second * second}, "byte", **CONN)
        d.sample(second)
    slow = d.world.sink.of("rows", d.world.spec("connections", interval=5).key)
    seqs = [m["seq"] - SECOND for m in slow]
    assert [b - a for a, b in itertools.pairwise(seqs)] == [5, 5]
    first, last = seqs[-2:]
    assert slow[-1]["cells"]["a"]["out"] == pytest.approx((last**2 - first**2) / 5)
    quick = d.world.sink.of("rows", d.world.spec("connections").key)
    assert quick[-1]["cells"]["a"]["out"] == 12**2 - 11**2


def test_only_the_largest_rows_are_shown_and_all_are_counted(driven: Any) -> None:
    d = driven(top=2)
    d.web.counter("conn.sent", d.rising(a=1, b=5, c=3), "byte", **CONN)
    d.world.join("connections")
    d.sample(3)
    assert set(d.shown()) == {"b", "c"}
    assert d.rows[-1]["total"] == 3


def test_a_row_that_outgrows_the_others_replaces_the_least(driven: Any) -> None:
    d = driven(top=1)
    d.web.counter("conn.sent", d.rising(a=100, b=90), "byte", **CONN)
    d.world.join("connections")
    d.sample(4)
    assert set(d.shown()) == {"a"}
    # A little more is not enough to change places, much more is.
    d.go_on(a=100, b=105)
    d.sample(14)
    assert set(d.shown()) == {"a"}
    d.go_on(a=100, b=900)
    d.sample(17)
    assert set(d.shown()) == {"b"}
    assert {"a": None} in [{k: v for k, v in m["cells"].items() if v is None} for m in d.rows]


def test_options_choose_rows_and_the_column_that_ranks(driven: Any) -> None:
    d = driven()
    d.world.join("connections;instances=b*", viewer="ann")
    d.world.join("connections;sort=rtt;top=1", viewer="bob")
    d.sample(3)
    filtered = d.world.sink.of("rows", d.world.spec("connections;instances=b*").key)
    ranked = d.world.sink.of("rows", d.world.spec("connections;sort=rtt;top=1").key)
    assert set(filtered[0]["cells"]) == {"b"} and filtered[-1]["total"] == 1
    assert set(ranked[0]["cells"]) == {"b"} and ranked[-1]["total"] == 2


def test_who_joins_later_gets_all_rows_with_the_sparkline_s_past(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.sample(2)
    d.web.set("conn.rtt", {"a": 2500, "b": 3000})
    d.sample(3)
    answer = d.world.join("connections", viewer="bob")
    assert [event for event, _ in answer] == ["state", "layout", "history", "rows"]
    whole = answer[-1][1]
    assert whole["whole"] is True and whole["v"] == answer[1][1]["v"]
    assert whole["key"] == "connections"
    assert whole["cells"]["a"] == {"state": "ESTAB", "out": 100, "rtt": 0.0025}
    assert whole["t"] == [SECOND, SECOND + 1, SECOND + 2, SECOND + 3]
    assert whole["past"] == {"a": [0.002, 0.002, 0.002, 0.0025], "b": [0.003] * 4}


def test_a_sparkline_reaches_back_a_minute(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.sample(80)
    whole = d.world.join("connections", viewer="bob")[-1][1]
    assert (whole["t"][0], whole["t"][-1]) == (SECOND + 21, SECOND + 80)


def test_one_fetch_serves_all_tables_of_a_second(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.world.join("connections;top=1", viewer="bob")
    d.sample(4)
    assert len([names for names in d.web.asked if "conn.rtt" in names]) == 5, "seconds 0 to 4"


def test_tables_end_with_their_last_viewer(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.sample(2)
    assert d.world.host().tabled()
    d.world.leave("connections")
    assert not d.world.host().tabled()


def test_columns_that_the_host_lacks_are_left_out_or_the_table_says_why(driven: Any) -> None:
    d = driven()
    d.web.drop("conn.rtt")
    d.world.join("connections")
    d.sample(1)
    told = d.world.sink.of("layout")[-1]["widgets"][0]
    assert [c["id"] for c in told["columns"]] == ["", "state", "out"]
    assert told["missing"] == ["conn.rtt"]

    other = driven(needs="The agent vnet brings it.")
    for name in ("conn.rtt", "conn.sent", "conn.state"):
        other.web.drop(name)
    other.world.join("connections")
    other.sample(2)
    told = other.world.sink.of("layout")[-1]["widgets"][0]
    assert told["reason"] == "This host has no conn.sent. The agent vnet brings it."
    assert other.rows == []


def test_no_rows_has_a_reason(driven: Any) -> None:
    d = driven(empty="There are no connections now.")
    d.web.set("conn.sent", {})
    d.web.set("conn.state", {})
    d.web.set("conn.rtt", {})
    d.world.join("connections")
    d.sample(1)
    assert d.rows[-1]["note"] == "There are no connections now."
    d.web.agents[401] = 16
    d.sample(2)
    assert d.rows[-1]["note"] == "Its agent does not run (status 16)."
    assert d.rows[-1]["total"] == 0


def test_a_failed_sample_is_told_once_and_tried_again(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.sample(2)

    def late(names: Any) -> None:
        if "conn.rtt" in names:
            raise HostLate("It did not answer in time.")

    d.web.before_fetch = late
    d.sample(9)
    told = [m for m in d.rows if m["note"]]
    assert [m["note"] for m in told] == ["It did not answer in time."]
    assert [t["seq"] for t in d.world.sink.of("tick")][-1] == SECOND + 9, "ticks go on"
    d.web.before_fetch = None
    d.sample(30)
    assert d.rows[-1]["note"] == "" and d.rows[-1]["seq"] == SECOND + 30


def test_a_slow_host_is_asked_less_often(driven: Any) -> None:
    d = driven()
    d.world.join("connections")
    d.sample(2)

    def slow(names: Any) -> None:
        if "conn.rtt" in names:
            d.world.clock.time += 0.25

    d.web.before_fetch = slow
    d.sample(30)
    gaps = [b["seq"] - a["seq"] for a, b in itertools.pairwise(d.rows)]
    assert gaps[:2] == [1, 1] and gaps[-3:] == [2, 2, 2]


def test_a_fault_in_a_table_ends_it_alone(driven: Any, monkeypatch: Any) -> None:
    d = driven()
    d.world.join("connections", "load")
    d.sample(2)
    view = d.world.host().demand.tables()[0]
    monkeypatch.setattr(view, "_best", lambda *_: 1 / 0)
    d.sample(4)
    told = d.world.sink.of("layout")[-1]["widgets"]
    assert "This table failed on the server" in told[0]["reason"]
    assert d.world.sink.of("tick")[-1]["n"] == [2.5]
