"""The supervisor: order, pauses, readiness, words, stops. Scripted processes, hand clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vectorpy.collector.keeper import Keeper, pause, tail
from vectorpy.collector.process import Child
from vectorpy.collector.supervise import Supervisor
from vectorpy.errors import Unavailable


def child(name: str = "pmcd", **more: Any) -> Child:
    return Child(name, ("x",), {}, Path("/"), **more)


def quiet(name: str, line: str) -> None:
    return None


class Rig:
    """One keeper with its fake process, its words and a hand clock."""

    def __init__(self, spawner: Any, ready: Callable[[], bool] | None = None) -> None:
        self.spawner = spawner
        self.said: list[str] = []
        self.logged: list[tuple[str, str]] = []
        self.keeper = Keeper(
            child(ready=ready),
            spawner,
            self.said.append,
            lambda name, line: self.logged.append((name, line)),
            wall=lambda: 1_700_000_000.5,
        )

    @property
    def process(self) -> Any:
        return self.spawner.processes["pmcd"]

    def run_until(self, now: float) -> None:
        self.keeper.start(now)
        self.keeper.tick(now)


@pytest.mark.parametrize(
    ("ends", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (1000, 30.0)]
)
def test_the_pause_doubles_up_to_half_a_minute(ends: int, seconds: float) -> None:
    assert pause(ends) == seconds


def test_a_child_runs_only_when_it_is_ready(spawner: Any) -> None:
    answers = iter([False, False, True])
    rig = Rig(spawner, lambda: next(answers))
    rig.run_until(10.0)
    assert rig.keeper.state == "starting"
    assert rig.keeper.due == 10.05
    rig.keeper.tick(10.01)  # too early to ask again
    rig.keeper.tick(10.06)
    assert rig.keeper.state == "starting"
    rig.keeper.tick(10.2)
    assert (rig.keeper.state, rig.keeper.since, rig.keeper.due) == ("running", 10.2, None)


def test_an_end_is_said_with_its_last_words_and_followed_by_a_start(spawner: Any) -> None:
    rig = Rig(spawner)
    rig.run_until(0.0)
    first = rig.process
    first.said, first.code = ["one", "two"], -11
    rig.keeper.tick(5.0)
    assert rig.said == ["pmcd crashed (SIGSEGV). It starts again in 0.5 s. It said last: two"]
    assert rig.keeper.state == "waiting"
    assert rig.keeper.last_words == ("one", "two")
    assert rig.logged == [("pmcd", "one"), ("pmcd", "two")]
    assert first.closed
    rig.keeper.tick(5.4)
    assert spawner.started == ["pmcd"]
    rig.keeper.tick(5.5)
    rig.keeper.tick(5.6)
    assert spawner.started == ["pmcd", "pmcd"]
    assert (rig.keeper.state, rig.keeper.restarts) == ("running", 1)
    assert rig.said[-1] == "pmcd runs again."


def test_early_ends_lengthen_the_pause_and_a_steady_run_forgives_them(spawner: Any) -> None:
    rig = Rig(spawner)
    rig.run_until(0.0)
    for end, again in [(1.0, 1.5), (2.0, 3.0), (4.0, 6.0)]:
        rig.process.code = 1
        rig.keeper.tick(end)
        assert rig.keeper.due == again
        rig.keeper.tick(again)
        rig.keeper.tick(again)
    rig.process.code = 1
    rig.keeper.tick(6.0 + 60.0)
    assert rig.keeper.due == 66.5


def test_who_never_answers_is_killed_and_started_again(spawner: Any) -> None:
    rig = Rig(spawner, lambda: False)
    rig.run_until(0.0)
    rig.keeper.tick(19.0)
    assert rig.process.code is None
    rig.keeper.tick(20.1)
    assert rig.process.code == -9
    rig.keeper.tick(20.2)
    assert rig.said == [
        "pmcd was killed (SIGKILL). It starts again in 0.5 s. "
        "It said last: it did not answer within 20 s"
    ]


def test_the_log_speaks_for_a_silent_child(spawner: Any, tmp_path: Path) -> None:
    log = tmp_path / "pmcd.log"
    log.write_text("\n".join(["", *(f"line {n}" for n in range(9)), "\x1b[31mred\x07", ""]))
    keeper = Keeper(child(log=log), spawner, lambda text: None, quiet)
    keeper.start(0.0)
    spawner.processes["pmcd"].code = 1
    keeper.tick(0.0)
    assert keeper.last_words == (*(f"line {n}" for n in range(2, 9)), "[31mred")


def test_a_log_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "log").symlink_to(tmp_path / "secret")
    assert tail(tmp_path / "log") == ()
    assert tail(tmp_path / "absent") == ()


def test_a_program_that_is_missing_is_an_end_like_others(spawner: Any) -> None:
    def refuse(child: Child) -> Any:
        raise FileNotFoundError(2, "No such file or directory", "/usr/lib/pcp/bin/pmcd")

    said: list[str] = []
    keeper = Keeper(child(), refuse, said.append, quiet)
    keeper.start(0.0)
    assert keeper.state == "waiting"
    assert "it can't be started" in said[0]
    assert "/usr/lib/pcp/bin/pmcd" in said[0]


class Rack:
    """A supervisor over fake processes, with a clock that the test moves."""

    def __init__(self, spawner: Any, children: list[Child], **more: Any) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.supervisor = Supervisor(
            children, say=self.said.append, clock=self.clock, spawn=spawner, **more
        )

    def clock(self) -> float:
        return self.now

    def step(self, now: float) -> None:
        self.now = now
        self.supervisor.step()


def test_a_child_waits_for_the_one_before_it_at_first_only(spawner: Any) -> None:
    ready = False
    rack = Rack(spawner, [child("pmcd", ready=lambda: ready), child("sampler")])
    rack.step(0.0)
    rack.step(1.0)
    assert spawner.started == ["pmcd"]
    ready = True
    rack.step(2.0)
    assert spawner.started == ["pmcd", "sampler"]
    assert rack.said == ["starting pmcd ...", "starting sampler ..."]
    spawner.processes["pmcd"].code = -9
    spawner.processes["sampler"].code = -9
    rack.step(3.0)
    ready = False
    rack.step(4.0)
    assert spawner.started == ["pmcd", "sampler", "pmcd", "sampler"]


def test_one_that_does_not_wait_starts_with_the_one_before_it(spawner: Any) -> None:
    ready = {"pmcd": False, "sampler": False}
    rack = Rack(
        spawner,
        [
            child("pmcd", ready=lambda: ready["pmcd"]),
            child("sampler", ready=lambda: ready["sampler"]),
            child("web", waits=False),
            child("last"),
        ],
    )
    rack.step(0.0)
    assert spawner.started == ["pmcd"]
    ready["pmcd"] = True
    rack.step(1.0)
    rack.step(2.0)
    assert spawner.started == ["pmcd", "sampler", "web"]
    ready["sampler"] = True
    rack.step(3.0)
    assert spawner.started == ["pmcd", "sampler", "web", "last"]


def test_the_goal_is_asked_once_all_run_and_reached_once(spawner: Any) -> None:
    asked: list[bool] = []
    answers = iter([False, True])
    reached: list[str] = []
    ready = False

    def goal() -> bool:
        asked.append(ready)
        return next(answers)

    rack = Rack(
        spawner,
        [child("pmcd"), child("web", ready=lambda: ready)],
        goal=goal,
        reached=lambda: reached.append("reached"),
    )
    rack.step(0.0)
    rack.step(1.0)
    assert asked == []
    ready = True
    for now in (2.0, 3.0, 4.0, 5.0):
        rack.step(now)
    assert asked == [True, True]
    assert reached == ["reached"]


def test_it_gives_up_on_a_child_that_never_was_ready(spawner: Any) -> None:
    rack = Rack(spawner, [child("pmcd", ready=lambda: False), child("web")])
    rack.step(0.0)
    for now in (1.0, 2.0, 4.0):
        process = spawner.processes["pmcd"]
        process.said, process.code = ["port is taken"], 1
        if now < 4.0:
            rack.step(now)
            rack.step(now + 1.5)
    with pytest.raises(Unavailable, match=r"(?s)pmcd can't be brought up.*port is taken"):
        rack.step(4.0)
    assert spawner.started == ["pmcd"] * 3
    assert rack.said[-1] == "pmcd ended with exit code 1. It said last: port is taken"


def test_one_that_was_ready_once_is_never_given_up(spawner: Any) -> None:
    rack = Rack(spawner, [child("pmcd")])
    rack.step(0.0)
    for n in range(1, 8):
        spawner.processes["pmcd"].code = 1
        rack.step(100.0 * n)
        rack.step(100.0 * n + 31.0)
    assert len(spawner.started) == 8


def test_stops_run_in_the_opposite_order(spawner: Any) -> None:
    order: list[str] = []
    rack = Rack(spawner, [child("pmcd"), child("sampler"), child("web")])
    rack.step(0.0)
    for name, process in spawner.processes.items():
        process.terminate = lambda name=name, process=process: (
            order.append(name),
            setattr(process, "code", -15),
        )
    rack.supervisor.stop()
    assert order == ["web", "sampler", "pmcd"]
    assert [keeper.state for keeper in rack.supervisor.keepers] == ["stopped"] * 3


def test_who_outlives_his_grace_is_killed(spawner: Any) -> None:
    rack = Rack(spawner, [child("pmcd", grace=3.0)])
    rack.step(0.0)
    process = spawner.processes["pmcd"]
    process.obeys = False
    asked_at: list[float] = []

    def clock() -> float:
        rack.now += 0.5
        asked_at.append(rack.now)
        return rack.now

    rack.supervisor._clock = clock
    rack.supervisor.stop()
    assert process.asked
    assert process.code == -9
    assert asked_at[-1] > 3.0


def test_health_is_written_when_something_changes(spawner: Any, tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    times = iter(range(1_700_000_000, 1_700_000_100))
    rack = Rack(
        spawner, [child("pmcd"), child("web")], health_path=path, wall=lambda: float(next(times))
    )
    rack.step(0.0)
    first = json.loads(path.read_text())
    assert first["children"]["pmcd"]["state"] == "running"
    rack.step(1.0)
    assert json.loads(path.read_text()) == first
    spawner.processes["web"].said, spawner.processes["web"].code = ["ouch"], 3
    rack.step(2.0)
    web = json.loads(path.read_text())["children"]["web"]
    assert web == {
        "state": "waiting",
        "pid": None,
        "restarts": 0,
        "since": web["since"],
        "words": ["ouch"],
    }
    assert web["since"] > first["children"]["web"]["since"]
    rack.step(2.5)
    rack.step(2.6)
    web = json.loads(path.read_text())["children"]["web"]
    assert (web["state"], web["restarts"], web["words"]) == ("running", 1, ["ouch"])


def test_a_health_file_that_cant_be_written_is_said_and_survived(
    spawner: Any, tmp_path: Path
) -> None:
    rack = Rack(spawner, [child("pmcd")], health_path=tmp_path / "gone/health.json")
    rack.step(0.0)
    assert rack.said[-1].startswith("health can't be written")
    assert rack.supervisor.keepers[0].state == "running"
