"""The table of processes: what is asked for and sent, pids used again, searches, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vectorpy.catalog.loader import load
from vectorpy.live.tables import Tables

SECOND = 1_795_000_000
PROC: dict[str, Any] = {"indom": "3.9", "domain": 3}
NO = "The host does not let us read it (no permission)."


class Host:
    """A host whose process N uses N/100 % of a CPU, N KiB of memory, and is called workN."""

    def __init__(self, world: Any, processes: int) -> None:
        self.world = world
        self.web = web = world.web
        pids = range(1, processes + 1)
        self.tables: Tables | None = None
        self.slow = {str(p): p * 0.1 for p in pids}  # milliseconds a second
        self.begun = {str(p): 1000 for p in pids}
        web.counter("proc.psinfo.utime", self.cpu, "millisec", **PROC)
        web.counter(
            "proc.psinfo.stime", lambda now: dict.fromkeys(self.begun, 7), "millisec", **PROC
        )
        web.gauge("proc.psinfo.start_time", lambda now: dict(self.begun), "millisec", **PROC)
        web.gauge("proc.psinfo.rss", lambda now: {p: int(p) for p in self.begun}, "Kbyte", **PROC)
        web.gauge("proc.psinfo.cmd", lambda now: {p: f"work{p}" for p in self.begun}, **PROC)
        web.gauge("proc.psinfo.psargs", lambda now: {p: f"work -n {p}" for p in self.begun}, **PROC)
        web.counter("proc.io.write_bytes", self.written, "byte", **PROC)

    def cpu(self, now: float) -> dict[str, float]:
        return {p: rate * (now - SECOND + 100) for p, rate in self.slow.items()}

    def written(self, now: float) -> dict[str, float]:
        return {p: 1000.0 * (now - SECOND + 100) for p in self.begun}

    def sample(self, second: int) -> None:
        """The host's samples up to this second after the start, those of tables too."""
        w = self.world
        sampler = w.sampler()
        self.tables = self.tables or w.hub.tables(w.host())
        end = SECOND + second + 0.7
        while (due := min(sampler.step(), self.tables.step())) <= end:
            w.clock.time += max(0.0, due - w.clock.now())
        w.clock.time += max(0.0, end - w.clock.now())

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.world.sink.of("rows")

    def shown(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for message in self.rows:
            found = {} if message["whole"] else found
            for name, cells in message["cells"].items():
                if cells is None:
                    del found[name]
                else:
                    found[name] = {**found.get(name, {}), **cells}
        return found


@pytest.fixture
def host(world: Any) -> Callable[..., Host]:
    """`host(5000)`: a host with so many processes, and the shipped catalogue."""

    def make(processes: int) -> Host:
        return Host(world(catalog=load(None)), processes)

    return make


def test_of_5000_processes_only_what_is_shown_is_asked_for_and_sent(host: Any) -> None:
    h = host(5000)
    h.world.join("processes;top=20")
    h.sample(3)
    assert set(h.shown()) == {str(pid) for pid in range(4981, 5001)}
    assert h.rows[-1]["total"] == 5000
    # Rows that left are told too.
    assert all(len(message["cells"]) <= 40 for message in h.rows)
    pairs = list(zip(h.web.asked, h.web.only, strict=True))
    tables = [(names, only) for names, only in pairs if any(n.startswith("proc.") for n in names)]
    assert len(tables) == 2 * 4, "two questions for each of seconds 0 to 3"
    for (first, all_), (second, some) in zip(tables[::2], tables[1::2], strict=True):
        ranking = {"proc.psinfo.utime", "proc.psinfo.stime", "proc.psinfo.start_time"}
        assert {n for n in first if n.startswith("proc.")} == ranking and all_ == {}
        assert {"proc.psinfo.cmd", "proc.psinfo.psargs", "proc.psinfo.rss"} <= set(second)
        assert not {"proc.psinfo.utime", "proc.psinfo.stime"} & set(second)
        assert set(some) == {"3.9"} and len(some["3.9"]) == 20


def test_its_numbers_are_those_of_the_last_interval(host: Any) -> None:
    h = host(100)
    h.world.join("processes;top=5")
    h.sample(3)
    row = h.shown()["100"]
    assert row["cpu"] == pytest.approx(1.0) and row["memory"] == 100 * 1024
    assert row["command"] == "work100" and row["args"] == "work -n 100"
    assert row["write"] == pytest.approx(1000)
    h.slow = {**h.slow, "3": 2000.0}  # starts to spin: at the top with the next samples
    h.sample(8)
    assert h.shown()["3"]["cpu"] == pytest.approx(200)


def test_where_all_rows_are_shown_one_question_brings_them(host: Any) -> None:
    h = host(10)
    h.world.join("processes;top=20")
    h.sample(4)
    later = [n for n in h.web.asked if any(name.startswith("proc.") for name in n)][2:]
    assert len(later) == 4, "one for each of seconds 1 to 4"
    assert all({"proc.psinfo.utime", "proc.psinfo.cmd"} <= set(names) for names in later)
    assert len(h.shown()) == 10


@pytest.mark.parametrize("processes", [10, 100])
def test_a_pid_that_is_used_again_has_no_rate_of_the_other(host: Any, processes: int) -> None:
    h = host(processes)
    h.world.join("processes;top=20")
    h.sample(3)
    busiest = str(processes)
    assert busiest in h.shown()
    # Another process under the same number, which has used less and is faster: its counters
    # are above those of the former one soon.
    h.begun = {**h.begun, busiest: 5000}
    h.slow = {**h.slow, busiest: 900.0}
    h.sample(4)
    assert busiest not in h.shown(), "who it was is gone"
    h.sample(5)
    assert h.shown().get(busiest, {}).get("cpu") is None
    h.sample(7)
    assert h.shown()[busiest]["cpu"] == pytest.approx(90)
    cpu = [m["cells"][busiest]["cpu"] for m in h.rows if (m["cells"].get(busiest) or {}).get("cpu")]
    assert max(cpu) <= 90.001
    whole = h.world.join("processes;top=20", viewer="bob")[-1][1]
    drawn = [x for x in whole["past"][busiest] if x is not None]
    assert drawn == pytest.approx([90] * len(drawn)), "its sparkline is its own"


def test_other_columns_choose_and_words_find(host: Any) -> None:
    h = host(200)
    h.world.join("processes;sort=memory;top=3", viewer="ann")
    h.world.join("processes;find=work-1*;top=5", viewer="bob")
    h.world.join("processes;find=work19;top=5", viewer="eve")
    h.world.join("processes;find=-n%2017", viewer="dan")
    h.world.join("processes;find=nobody", viewer="joe")
    h.sample(3)

    def rows(wish: str) -> Any:
        return h.world.sink.of("rows", h.world.spec(wish).key)

    assert set(rows("processes;sort=memory;top=3")[0]["cells"]) == {"198", "199", "200"}
    assert rows("processes;find=work-1*;top=5")[-1]["total"] == 0
    assert rows("processes;find=work-1*;top=5")[-1]["note"] == "No row has these words."
    assert rows("processes;find=work19;top=5")[-1]["total"] == 11
    found = rows("processes;find=-n%2017")
    assert found[-1]["total"] == 12, "17, 117 and 170 to 179, by their command lines"
    assert rows("processes;find=nobody")[-1]["note"] == "No row has these words."


def test_a_host_that_refuses_says_why_and_what_to_do(host: Any) -> None:
    h = host(5)
    for name in [n for n in h.web._metrics if n.startswith("proc.")]:
        h.web.without_value(name, NO)
    h.world.join("processes")
    h.sample(1)
    assert h.rows[-1]["note"].startswith("This host tells nobody about its processes")
    assert "Run vectorpy on that host" in h.rows[-1]["note"] and h.rows[-1]["total"] == 0
    h.web.agents[3] = 16
    h.sample(2)
    assert h.rows[-1]["note"] == "Its agent does not run (status 16)."
