"""A toy agent on our base, under dbpmda: PCP's own protocol, and no pmcd."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack  # PCP must be installed

COMMON = Path(__file__).resolve().parents[3] / "pmda" / "common"
TOY = """#!/usr/bin/env pmpython
import os, sys, threading, time
import vpmda, vtable as t, vcollect, vsnap, vconf

THING = t.Indom(2, "thing", "things of the toy", 5)
TABLE = t.Table("vtoy", 410, t.group(1, "a", THING, "Long help.", (
    (0, "count", t.U64, t.COUNTER, "count", "a count"),
    (1, "name", t.STRING, t.DISCRETE, "none", "a name"),
    (2, "share", t.FLOAT, t.INSTANT, "none", "a share"),
    (3, "rate", t.DOUBLE, t.INSTANT, "byte / sec", "a rate"),
)) + t.group(2, "b", t.ALL, "Long help.", (
    (0, "load", t.U32, t.INSTANT, "microsec", "a time"),
    (1, "absent", t.U32, t.INSTANT, "count", "never there"),
)))
OPTIONS = (vconf.Option("mode", "plain", "What to do."),)

class Probe(vcollect.Probe):
    name = "p"
    rounds = 0
    def __init__(self, mode): self.mode = mode
    def collect(self, now):
        self.rounds += 1
        if self.mode == "hang" and self.rounds == 2:
            threading.Event().wait()
        if self.mode == "busy":
            end = time.monotonic() + 0.9
            while time.monotonic() < end: sum(range(1000))
        names = ["x%d" % n for n in range(self.rounds % 3, self.rounds % 3 + 7)]
        return vsnap.Reading({
            "a.count": {name: 2**64 - 1 for name in names},
            "a.name": {names[0]: "a b", names[1]: None},
            "a.share": {name: 0.25 for name in names},
            "a.rate": {names[0]: 1e300},
            "b.load": self.rounds,
        }, note="fine")

class Lame(vcollect.Probe):
    name = "q"
    def collect(self, now): raise vcollect.Unavailable("needs %s" % os.path.basename(ROOT))

ROOT = ""
def build(conf, root, log):
    global ROOT
    ROOT = root
    if conf.mode == "wrong": raise vconf.ConfError("mode is not wrong")
    return [Probe(conf.mode), Lame()]

sys.exit(vpmda.main(TABLE, OPTIONS, build))
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    folder = tmp_path / "vtoy"
    folder.mkdir()
    for path in COMMON.glob("*.py"):
        (folder / path.name).symlink_to(path)
    (folder / "pmdavtoy.python").write_text(TOY)
    return folder / "pmdavtoy.python"


@pytest.fixture
def ask(dbpmda: Callable[..., str], toy: Path) -> Callable[..., str]:
    def run(commands: list[str], *args: str, conf: str = "") -> str:
        if conf:
            (toy.parent / "vtoy.conf").write_text(conf)
        return dbpmda(toy, 410, commands, *args)

    return run


def values(text: str) -> list[str]:
    return re.findall(r"value (\"[^\"]*\"|\S+)", text)


def timers(text: str) -> list[float]:
    return [float(seconds) for seconds in re.findall(r"Timer: (\S+) seconds", text)]


def test_every_type_and_every_instance_arrives(ask: Callable[..., str]) -> None:
    names = ("a.count", "a.name", "a.rate", "a.share", "b.load")
    *found, rounds = values(ask(["wait 2", *(f"fetch vtoy.{name}" for name in names)]))
    # Five of seven: capped.
    assert found == [*["18446744073709551615"] * 5, '"a b"', "1e+300", *["0.25"] * 5]
    assert int(rounds) in (2, 3)


def test_instances_are_listed_and_keep_their_ids(ask: Callable[..., str]) -> None:
    text = ask(["wait 1", "instance 410.2", "wait 1", "instance 410.2", "instance 410.1"])
    found = re.findall(r'\[ *(\d+)\] inst: (\d+) name: "(\w+)"', text)
    assert [name for _, _, name in found[-2:]] == ["p", "q"]
    looks = {}
    for _, number, name in found[:-2]:
        assert looks.setdefault(name, number) == number
    assert len(found) == 12


def test_what_is_not_there_has_no_value(ask: Callable[..., str]) -> None:
    text = ask(["wait 2", "fetch vtoy.b.absent"])
    assert "No values returned" in text
    assert values(text) == []


def test_probes_say_why_they_have_nothing(ask: Callable[..., str]) -> None:
    text = ask(["wait 2", "fetch vtoy.probe.status"], "-r", "/root-of-a-world")
    assert values(text) == ['"ok: fine"', '"needs root-of-a-world"']


def test_the_agent_tells_of_itself(ask: Callable[..., str]) -> None:
    names = ("instances", "truncated", "errors", "heartbeat_age", "collect_seconds")
    text = ask(["wait 2", *(f"fetch vtoy.control.{name}" for name in names)])
    *found, age, seconds = values(text)
    assert found == ["8", "2", "0"]  # all, p, q and five of seven things
    assert 0 < float(age) < 2
    assert 0 < float(seconds) < 1


def test_help_is_there(ask: Callable[..., str]) -> None:
    text = ask(["text vtoy.a.count", "text indom 410.2"])
    assert "[a count]\na count\nLong help." in text
    assert "[things of the toy]" in text


def test_descriptors_are_those_of_the_table(ask: Callable[..., str]) -> None:
    text = ask(["desc vtoy.a.rate", "desc vtoy.b.load", "desc vtoy.a.count", "desc vtoy.a.name"])
    assert re.findall(r"Data Type: (.*?)  ", text) == [
        "double",
        "32-bit unsigned int",
        "64-bit unsigned int",
        "string",
    ]
    assert re.findall(r"Semantics: (\w+)  Units: (.*)", text) == [
        ("instant", "byte / sec"),
        ("instant", "microsec"),
        ("counter", "count"),
        ("discrete", "none"),
    ]
    assert re.findall(r"InDom: (\S+)", text) == ["410.2", "410.0", "410.2", "410.2"]


def test_nobody_can_store(ask: Callable[..., str]) -> None:
    text = ask(["wait 2", 'store vtoy.b.load "9"', "fetch vtoy.b.load"])
    assert "No permission" in text
    assert values(text)[-1] != "9"


def test_a_hanging_collector_never_delays_a_fetch_and_its_values_vanish(
    ask: Callable[..., str],
) -> None:
    text = ask(
        [
            *("wait 6", "timer on"),
            *("fetch vtoy.b.load", "fetch vtoy.control.heartbeat_age"),
            *("fetch vtoy.control.errors", "fetch vtoy.a.count"),
        ],
        conf="[vtoy]\nmode = hang\n",
    )
    age, errors = values(text)
    assert float(age) > 3
    assert errors == "0"
    assert len(re.findall(r"Try again", text)) == 2
    assert max(timers(text)) < 0.01


def test_a_busy_collector_hardly_delays_a_fetch(ask: Callable[..., str]) -> None:
    fetches = ["fetch vtoy.a.count", "fetch vtoy.a.share", "fetch vtoy.b.load"] * 20
    text = ask(["wait 3", "timer on", *fetches], conf="[vtoy]\nmode = busy\n")
    spent = sorted(timers(text))
    assert len(spent) == 60
    assert spent[30] < 0.01  # the machine may be busy with others: not the worst


@pytest.mark.parametrize(
    ("conf", "why"),
    [
        ("[vtoy]\nmdoe = x\n", "unknown key mdoe"),
        ("[vtoy]\nmode = wrong\n", "mode is not wrong"),
    ],
)
def test_a_wrong_conf_ends_it_with_a_sentence(ask: Callable[..., str], conf: str, why: str) -> None:
    text = ask(["fetch vtoy.b.load"], conf=conf)
    assert why in text
    assert values(text) == []


def test_another_conf_can_be_named(ask: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("[vtoy]\nmode = wrong\n")
    assert "mode is not wrong" in ask(["quit"], "-c", str(tmp_path / "mine"))


def test_installers_learn_domain_and_names_whatever_the_conf_says(toy: Path) -> None:
    (toy.parent / "vtoy.conf").write_text("nonsense\n")
    told = {}
    for name, value in (("PCP_PYTHON_DOMAIN", "1"), ("PCP_PYTHON_PMNS", "root")):
        env = {"PATH": "/usr/bin:/bin", name: value}
        done = subprocess.run(
            ["/usr/bin/python3", toy], env=env, capture_output=True, text=True, check=True
        )
        told[name] = done.stdout
    assert told["PCP_PYTHON_DOMAIN"] == "#define VTOY 410\n"
    assert told["PCP_PYTHON_PMNS"] == "root {\n\tvtoy\t410:*:*\n}\n"


def test_it_ends_with_its_pipe_even_when_its_collector_hangs(toy: Path, tmp_path: Path) -> None:
    (toy.parent / "vtoy.conf").write_text("[vtoy]\nmode = hang\n")
    child = subprocess.Popen(
        ["/usr/bin/python3", toy, "-l", str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
    )
    assert child.stdin is not None and child.stdout is not None
    os.read(child.stdout.fileno(), 64)  # its greeting: it runs
    child.stdin.close()
    try:
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
