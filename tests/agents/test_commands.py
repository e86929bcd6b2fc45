"""install, remove and status: what is done in which case, and what is said."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vectorpy.agents import command
from vectorpy.agents.shipped import Shipped
from vectorpy.agents.world import World
from vectorpy.errors import Unavailable, UnknownName

Do = Callable[..., tuple[bool, list[str], list[str]]]


@pytest.fixture
def agents(ship: Callable[..., Shipped]) -> dict[str, Shipped]:
    return {"one": ship(), "two": ship("two", 902)}


@pytest.fixture
def do(world: World, agents: dict[str, Shipped]) -> Do:
    """Runs a command: whether all went well, what was told, what was complained."""

    def run(verb: str, *names: str, version: str = "0.2", **more: Any) -> Any:
        told: list[str] = []
        complaints: list[str] = []
        tells = [told.append] if verb == "status" else [told.append, complaints.append]
        good = getattr(command, verb)(
            names, more.get("world", world), *tells, agents=agents, version=version
        )
        return good, told, complaints

    return run


def test_install_says_where_who_and_how(do: Do, pcp) -> None:
    good, told, complaints = do("install", "one")
    assert (good, complaints) == (True, [])
    assert told == [
        "one: installed, version 0.2.",
        f"  in {pcp.pmdas}/one; pmcd started it",
        "  tcp: ok",
        "  netns: needs root",
    ]
    assert pcp.called == ["one Install"]


def test_a_second_install_does_nothing(do: Do, pcp) -> None:
    do("install")
    text, pcp.called = pcp.conf.read_text(), []
    good, told, _ = do("install")
    assert good
    assert told == ["one: already there, version 0.2.", "two: already there, version 0.2."]
    assert pcp.called == []
    assert pcp.conf.read_text() == text


def test_another_version_is_put_in_place(do: Do, pcp) -> None:
    do("install", "one", version="0.1")
    (pcp.pmdas / "one/one.conf").write_text("mine")
    _, told, _ = do("install", "one")
    assert told[0] == "one: version 0.2 put in place of 0.1."
    assert told[2] == "  kept one.conf, which was edited"
    assert (pcp.pmdas / "one/one.conf").read_text() == "mine"
    assert pcp.called == ["one Install", "one Install"]


def test_what_was_cut_off_is_completed(do: Do, pcp) -> None:
    do("install", "one")
    (pcp.pmdas / "one/vpmda.py").unlink()
    assert do("install", "one")[1][0] == "one: repaired, version 0.2."
    assert (pcp.pmdas / "one/vpmda.py").exists()
    pcp.conf.write_text(pcp.conf.read_text().replace("\none\t", "\n#one\t"))
    assert do("install", "one")[1][0] == "one: repaired, version 0.2."
    assert do("install", "one")[1][0] == "one: already there, version 0.2."


def test_lines_of_other_agents_stay(do: Do, pcp) -> None:
    before = pcp.conf.read_text().split("\n\n")
    do("install")
    do("remove", "one")
    after = pcp.conf.read_text()
    assert after.startswith(before[0])
    assert after.endswith(before[1])


@pytest.mark.parametrize("verb", ["install", "remove"])
def test_who_is_not_root_is_told_the_command(do: Do, plain: World, pcp, verb: str) -> None:
    with pytest.raises(Unavailable, match="needs root") as caught:
        do(verb, "one", world=plain)
    assert caught.value.hint == f"Type: sudo /opt/v/bin/vectorpy agents {verb} one"
    assert list(pcp.pmdas.iterdir()) == []


def test_anybody_may_ask_for_the_status(do: Do, plain: World) -> None:
    do("install", "one")
    good, told, _ = do("status", world=plain)
    assert good
    assert told == [
        "one: version 0.2, answers", "  tcp: ok", "  netns: needs root", "two: not installed",
    ]  # fmt: skip
    assert do("status", "one", world=plain)[0]
    assert not do("status", "two", world=plain)[0]


def test_nothing_is_touched_while_pmcd_does_not_run(do: Do, pcp) -> None:
    pcp.running = False
    with pytest.raises(Unavailable, match="pmcd does not run"):
        do("install")
    assert list(pcp.pmdas.iterdir()) == []
    assert pcp.called == []


def test_status_and_removal_without_pmcd(do: Do, pcp) -> None:
    do("install", "one")
    pcp.running = False
    good, told, _ = do("status", "one")
    assert not good
    assert told[0].startswith("one: version 0.2, waiting: pmcd does not run. Start it: sudo ")
    assert do("remove", "one")[1] == ["one: removed."]


def test_an_agent_that_does_not_answer_is_a_failure_with_its_last_words(do: Do, pcp) -> None:
    pcp.dumb = True
    (pcp.root / "var/log/pcp/pmcd/one.log").write_text(
        "Log for pmdaone started\n[Mon] pmdaone(7) Error: one.conf: unknown key x\x1b[2J\n"
        "one.conf: unknown key x\x1b[2J\n\nLog finished Mon\n"
    )
    good, told, complaints = do("install", "one", "two")
    assert not good
    assert told == []
    assert complaints[0] == (
        f"one: It is installed, but does not answer pmcd. Its log {pcp.root}/var/log/pcp/pmcd/"
        "one.log ends with: [Mon] pmdaone(7) Error: one.conf: unknown key x [2J "
        "When that is mended, type: sudo /opt/v/bin/vectorpy agents install one"
    )
    assert "ends with: nothing" in complaints[1]
    good, told, _ = do("status", "one")
    assert not good
    assert told == [
        "one: version 0.2, does not answer (/opt/v/bin/vectorpy agents install one starts it anew)",
        "  log: [Mon] pmdaone(7) Error: one.conf: unknown key x [2J",
    ]


def test_status_looks_again_while_pmcd_starts_an_agent_anew(do: Do, pcp, world: World) -> None:
    do("install", "one")
    pcp.dumb = True
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        pcp.dumb = len(slept) < 2

    good, told, _ = do("status", "one", world=replace(world, sleep=sleep))
    assert good
    assert told[0] == "one: version 0.2, answers"
    assert len(slept) == 2


def test_a_failing_install_of_pcp_is_quoted_and_the_others_have_their_turn(do: Do, pcp) -> None:
    pcp.install_code = 1
    good, _, complaints = do("install")
    assert not good
    assert complaints[0] == (
        "one: PCP's Install failed: Updating the PMNS ... / Arrgh! / no domain "
        f"To see all of it: cd {pcp.pmdas}/one && sudo ./Install"
    )
    assert pcp.called == ["one Install", "two Install"]


def test_python_bindings_are_asked_for_before_anything_is_copied(do: Do, pcp) -> None:
    pcp.python = False
    good, _, complaints = do("install", "one")
    assert not good
    assert "has no Python bindings of PCP" in complaints[0]
    assert list(pcp.pmdas.iterdir()) == []


@pytest.mark.parametrize("line", ["other\t901\tdso\tx", "one\t77\tpipe\tbinary x"])
@pytest.mark.parametrize("verb", ["install", "remove"])
def test_whoever_has_our_name_or_domain_is_not_thrown_out(
    do: Do, pcp, line: str, verb: str
) -> None:
    do("install", "two")
    pcp.conf.write_text(pcp.conf.read_text().replace("\n\n[", f"\n{line}\n\n[", 1))
    (pcp.pmdas / "one").mkdir()
    (pcp.pmdas / "one/pmdaone.python").touch()
    (pcp.pmdas / "one/vpmda.py").touch()
    text = pcp.conf.read_text()
    good, _, complaints = do(verb, "one")
    assert not good
    assert "in the way of one with domain 901" in complaints[0]
    assert pcp.conf.read_text() == text


def test_a_folder_of_somebody_else_is_left_alone(do: Do, pcp) -> None:
    (pcp.pmdas / "one").mkdir()
    (pcp.pmdas / "one/pmdaone.pl").touch()
    assert "something that is not our agent one" in do("install", "one")[2][0]
    assert do("remove", "one")[1] == ["one: not installed"]
    assert [path.name for path in (pcp.pmdas / "one").iterdir()] == ["pmdaone.pl"]


def test_removal_is_whole_and_can_be_repeated(do: Do, pcp) -> None:
    text = pcp.conf.read_text()
    do("install")
    good, told, _ = do("remove")
    assert good
    assert told == ["one: removed.", "two: removed."]
    assert pcp.conf.read_text() == text
    assert list(pcp.pmdas.iterdir()) == []
    assert do("remove", "one") == (True, ["one: not installed"], [])


def test_removal_keeps_what_was_edited_and_status_says_so(do: Do, pcp) -> None:
    do("install", "one")
    (pcp.pmdas / "one/one.conf").write_text("mine")
    assert do("remove", "one")[1][1] == (
        f"  left in {pcp.pmdas}/one, since edited or added: one.conf"
    )
    assert do("status")[1][0] == f"one: not installed; edited files lie in {pcp.pmdas}/one"
    assert "  kept one.conf, which was edited" in do("install", "one")[1]


def test_a_line_without_a_folder_is_removed_too(do: Do, pcp) -> None:
    do("install", "one")
    for path in (pcp.pmdas / "one").glob("*m*"):
        if path.is_file():
            path.unlink()
    assert "one.python is missing" in do("status", "one")[1][0]
    assert do("remove", "one")[1] == ["one: removed."]
    assert "one\t" not in pcp.conf.read_text()


def test_one_at_a_time(do: Do, pcp) -> None:
    fd = os.open(pcp.pmdas, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="Another vectorpy"):
            do("install")
    finally:
        os.close(fd)
    assert do("install")[0]


def test_unknown_names_stop_all(do: Do, pcp) -> None:
    with pytest.raises(UnknownName, match="three"):
        do("install", "one", "three")
    assert pcp.called == []


@pytest.fixture
def process(pcp) -> None:
    """A process of `one` that started at Unix time 2000000002.5."""
    folder = pcp.root / "proc/812"
    folder.mkdir()
    (folder / "cmdline").write_bytes(b"python3\0%b/one/pmdaone.python\0" % os.fsencode(pcp.pmdas))
    (folder / "status").write_text(
        "PPid:\t2\nNSpid:\t812\nUid:\t990\t990\t990\t990\nCapEff:\t000000c000000000\n"
    )
    (folder / "stat").write_text(f"812 (python3) S 2 {'0 ' * 17}250 0\n")
    (pcp.root / "proc/stat").write_text("btime 2000000000\n")


@pytest.mark.usefixtures("process")
def test_who_runs_it_is_said(do: Do, world: World) -> None:
    do("install", "one")
    told = do("status", "one", world=replace(world, euid=7))[1]
    assert told[1] == "  runs as user pcp with CAP_PERFMON, CAP_BPF, pid 812"


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize("name", ["one.conf", "maps/own.map"])
def test_a_conf_that_changed_later_takes_an_install_to_count(do: Do, pcp, name: str) -> None:
    do("install", "one")
    file = pcp.pmdas / "one" / name
    file.write_text("mine")
    os.utime(file, (2_000_000_003, 2_000_000_003))
    assert do("install", "one")[1] == ["one: already there, version 0.2."]
    os.utime(file, (2_000_000_004, 2_000_000_004))
    assert do("status", "one")[1][-1] == (
        "  its conf changed after it started "
        "(/opt/v/bin/vectorpy agents install one starts it anew)"
    )
    pcp.called = []
    _, told, _ = do("install", "one")
    assert told[0] == "one: started anew with its changed conf, version 0.2."
    assert pcp.called == ["one Install"]
