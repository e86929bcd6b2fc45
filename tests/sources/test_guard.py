"""Secrets stay where they are, whatever the transport; the words for what is missing."""

import pytest

from vectorpy.errors import HostDown
from vectorpy.sources import riders
from vectorpy.sources.fake import FakeHost, FakeSource
from vectorpy.sources.guard import Guarded
from vectorpy.sources.instances import InstanceNames, tidy

SECRET = [
    "proc.psinfo.environ",
    "hotproc.psinfo.environ",
    "PROC.psinfo.ENVIRON",
    "vtest.psinfo.environ",
    "postgresql.active.current_query",
    "postgresql.stat.activity.query",
    "mysql.slave_status.master_password",
    "app.api_key",
    "app.auth.token.value",
    "x.secret",
]
OPEN = [
    "proc.psinfo.psargs",
    "kernel.all.cpu.user",
    "network.tcp.tokens_used",
    "mysql.status.queries",
    "postgresql.stat.database.numbackends",
    "app.passwords_checked",
]


@pytest.mark.parametrize("name", SECRET)
def test_the_never_fetch_list(name):
    assert riders.never_fetched(name)


@pytest.mark.parametrize("name", OPEN)
def test_what_is_no_secret_is_fetched(name):
    assert not riders.never_fetched(name)


@pytest.fixture
def host():
    made = FakeHost(clock=lambda: 100.0)
    made.gauge("proc.psinfo.environ", "PASSWORD=x")
    made.gauge("hinv.ncpu", 2)
    return made


def test_no_transport_is_asked_for_secrets(host):
    source = Guarded(FakeSource(host), "web-01", lambda ok: None)
    for _ in range(2):
        sample = source.fetch(["hinv.ncpu", "proc.psinfo.environ"])
        assert sample.parts[0].values == {"hinv.ncpu": {"": 2}}
        assert "secrets" in sample.missing["proc.psinfo.environ"]
    assert host.asked == [("hinv.ncpu",), ("hinv.ncpu",)]
    assert set(source.describe(["hinv.ncpu", "proc.psinfo.environ"])) == {"hinv.ncpu"}
    assert [d.name for d in source.children("")] == ["hinv.ncpu"]


def test_errors_name_their_host_and_are_counted(host):
    noted = []
    source = Guarded(FakeSource(host), "web-01", noted.append)
    source.open()
    host.fail(HostDown("It is away."), times=1)
    with pytest.raises(HostDown) as caught:
        source.fetch(["hinv.ncpu"])
    assert caught.value.host == "web-01"
    assert noted == [True, False]


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "well"), (264, "too late"), (2, "ended"), (4, "not be started"), (1, "starting")],
)
def test_agent_status_in_words(status, words):
    assert words in riders.status_words(status)


# -- names of instances --------------------------------------------------------------


def test_a_domain_is_loaded_once_until_an_unknown_id_turns_up():
    loads, world = [], {1: "a", 2: "b"}

    def load(indom):
        loads.append(indom)
        return dict(world)

    names = InstanceNames(load, lambda: 0.0)
    names.start_turn(["60.1"])
    assert names.names("60.1", [1, 2]) == {1: "a", 2: "b"}
    names.start_turn(["60.1"])
    names.names("60.1", [1])
    assert loads == ["60.1"]
    world[3] = "c"
    assert names.names("60.1", [3])[3] == "c"
    names.names("60.1", [4])
    assert loads == ["60.1", "60.1"], "once per turn, although 4 is still unknown"


def test_old_names_are_loaded_anew_one_domain_per_turn():
    now, loads = [0.0], []
    names = InstanceNames(lambda indom: loads.append(indom) or {1: "a"}, lambda: now[0])
    names.start_turn([])
    names.names("60.1", [1])
    now[0] = 1.0
    names.names("60.2", [1])
    now[0] = 100.0
    loads.clear()
    names.start_turn(["60.1", "60.2", "60.3"])
    assert loads == ["60.1"]
    names.start_turn(["60.1", "60.2", "60.3"])
    assert loads == ["60.1", "60.2"]


def test_names_are_bounded_and_each_is_there_once():
    assert tidy({1: "a", 2: "a", 3: "", 4: "x" * 999}) == {
        1: "a",
        2: "a [2]",
        3: "[3]",
        4: "x" * 256,
    }


def test_secrets_are_taken_out_of_command_lines() -> None:
    host = FakeHost()
    lines = {"7": "app --password=geheim -v", "8": "(kthreadd)"}
    host.gauge("proc.psinfo.psargs", lines, indom="3.9", domain=3)
    guarded = Guarded(FakeSource(host), "web-01", lambda ok: None)
    sample = guarded.fetch(["proc.psinfo.psargs"], {"3.9": ["7", "8"]})
    assert sample.parts[0].values["proc.psinfo.psargs"] == {
        "7": "app --password=*** -v",
        "8": "(kthreadd)",
    }
    assert host.only == [{"3.9": {"7", "8"}}]
