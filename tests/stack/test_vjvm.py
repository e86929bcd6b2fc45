"""The agent vjvm under a real pmcd: a real JVM's values, rights, and hostile JVMs beside it.

What hostile users leave in /tmp must cost their own JVM's values and nothing
else: the agent lives on with the same pid and tells of all others.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ROOT_FOLDER = Path(__file__).resolve().parents[2]
TESTS = ROOT_FOLDER / "tests/pmda/vjvm"
PATIENCE = 30.0
ROOT = os.geteuid() == 0
CONF = "[vjvm]\nrescan = 1\n"
LOAD = ("-Xmx64m", "-XX:+UseSerialGC", "-Dmy.secret=geheim")


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vjvm-", dir="/var/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def jvm(folder: Path) -> Iterator[str]:
    """A real JVM of another user where root runs the tests; its instance's name."""
    subprocess.run(["javac", "-d", folder, TESTS / "java/Load.java"], check=True, timeout=100)
    other = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if ROOT else ()
    argv = [*other, "java", *LOAD, "-cp", str(folder), "Load", "1000000"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        assert running.stdout.readline().startswith("ready")
        yield f"{running.pid}:Load"
        running.stdin.close()


@pytest.fixture(scope="module")
def agent(one_agent: Callable[..., Any], jvm: str) -> Any:
    made = one_agent("vjvm", domain=402, conf=CONF)
    until(lambda: made.values("heap.used").get(jvm), "a first reading")
    return made


def test_a_jvm_s_values_come_through(agent: Any, jvm: str) -> None:
    assert agent.values("info.source")[jvm] == "hsperfdata"
    assert agent.values("info.gc")[jvm] == "Serial"
    assert agent.values("info.user")[jvm] == ("nobody" if ROOT else _me())
    assert "-Dmy.secret=***" in agent.values("info.jvm_arguments")[jvm]
    assert "geheim" not in agent.ask("-f", "vjvm")
    assert agent.values("heap.max")[jvm] == 64 * 1024 * 1024
    assert set(agent.values("pool.used")) >= {f"{jvm}::eden", f"{jvm}::old"}
    assert f"{jvm}::Serial_young" in agent.values("gc.count")
    first = agent.values("alloc.bytes")[jvm]
    until(lambda: agent.values("alloc.bytes")[jvm] > first + 1_000_000, "its allocation")


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def test_every_probe_says_how_it_fares(agent: Any) -> None:
    told = agent.values("probe.status")
    assert told["hsperfdata"].startswith("ok: ")
    assert told["attach"] == "off: switch it on in vjvm.conf (attach = yes)"
    assert told["mbeans"].startswith("off: name MBean servers")
    assert agent.values("control.errors") == {"all": 0}
    assert agent.values("control.heartbeat_age")["all"] < 3


def test_every_metric_is_known_and_has_its_help(agent: Any) -> None:
    names = re.findall(r"^(vjvm\.\S+)", agent.ask("-t", "vjvm"), re.M)
    assert len(names) == 150
    assert agent.ask("-T", "vjvm").count("Help:") == len(names)


def test_it_keeps_no_more_of_root_than_it_needs(agent: Any) -> None:
    if not ROOT:
        assert int(agent.status("CapEff"), 16) == 0
        return
    assert agent.status("Uid").split() == [str(pwd.getpwnam("pcp").pw_uid)] * 4
    kept = 1 << 19 | 1 << 2  # CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH
    for which in ("CapEff", "CapPrm", "CapBnd"):
        assert int(agent.status(which), 16) == kept
    assert int(agent.status("CapInh"), 16) == int(agent.status("CapAmb"), 16) == 0
    assert agent.status("NoNewPrivs") == "1"


# A process that has a file mapped as JVMs do, and then does to it what argv says.
HOSTILE = """
import mmap, os, sys, time
folder, deed, recorded = sys.argv[1:]
place = os.path.join(folder, str(os.getpid()))
data = open(recorded, 'rb').read()
with open(place, 'wb') as file:
    file.write(data)
os.chmod(place, 0o600)
fd = os.open(place, os.O_RDWR)
kept = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
if deed in ('symlink', 'fifo'):
    # The mapped file keeps its name in a folder of the same name elsewhere.
    os.makedirs(folder + '/kept/' + os.path.basename(folder))
    os.rename(place, folder + '/kept/' + os.path.basename(folder) + '/' + str(os.getpid()))
    os.symlink('/etc/shadow', place) if deed == 'symlink' else os.mkfifo(place)
if deed == 'owner':
    os.chown(place, 1, 1)
if deed == 'link':
    os.link(place, folder + '/second')
if deed == 'huge':
    os.truncate(place, 1 << 30)
print('ready', flush=True)
while deed in ('cut', 'fuzz'):
    if deed == 'cut':
        os.truncate(place, 0)
        os.pwrite(fd, data, 0)
    else:
        bad = bytearray(data)
        for _ in range(20):
            bad[int.from_bytes(os.urandom(2), 'little') % 12000] = os.urandom(1)[0]
        os.pwrite(fd, bad, 0)
sys.stdin.read()
"""

DEEDS = {
    "plain": "hsperfdata",
    "symlink": "none: its file is a link, and not followed",
    "fifo": "none: its file is no ordinary file",
    "link": "none: its file has 2 names",
    "huge": "none: its file is too big",
    "owner": "none: its file belongs to another user",
    "cut": "",
    "fuzz": "",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_hostile_jvm_costs_its_own_values_only(agent: Any, jvm: str, deed: str) -> None:
    if deed == "owner" and not ROOT:
        pytest.skip("only root can give a file away")
    before = agent.pid()
    with tempfile.TemporaryDirectory(prefix="hsperfdata_", dir="/tmp") as place:
        os.chmod(place, 0o755)
        argv = [sys.executable, "-c", HOSTILE, place, deed]
        with subprocess.Popen(
            [*argv, str(TESTS / "recorded/jdk17-G1.hsperf")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as hostile:
            assert hostile.stdout is not None
            assert hostile.stdout.readline() == "ready\n"
            key = f"{hostile.pid}:"

            def source() -> str:
                found = agent.values("info.source").items()
                return str(next((value for name, value in found if name.startswith(key)), ""))

            until(source, "the hostile JVM's instance")
            if DEEDS[deed]:
                until(lambda: source().startswith(DEEDS[deed]), DEEDS[deed])
            else:
                end = time.monotonic() + 5
                while time.monotonic() < end:
                    assert agent.values("info.source").get(jvm) == "hsperfdata"
                hostile.kill()
            assert agent.values("heap.used")[jvm] > 0
            hostile.communicate("")
    assert agent.pid() == before
    assert agent.values("control.heartbeat_age")["all"] < 3
    until(lambda: not any(name.startswith(key) for name in agent.values("info.pid")), "its end")


def test_it_ends_with_pmcd(agent: Any) -> None:
    """The last test: pmcd is gone after it."""
    pid = until(agent.pid, "the agent")
    agent.stop()
    until(lambda: not Path(f"/proc/{pid}").exists(), "the agent's end")


@pytest.mark.skipif(not ROOT, reason="JVMs of others are asked by root only")
@pytest.mark.usefixtures("jvm")  # it compiled the class
def test_with_attach_it_asks_with_what_is_left_of_root(
    one_agent: Callable[..., Any], folder: Path
) -> None:
    other = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    argv = [*other, "java", "-XX:-UsePerfData", *LOAD, "-cp", str(folder), "Load"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        assert running.stdout.readline().startswith("ready")
        name = f"{running.pid}:Load"
        made = one_agent("vjvm", domain=402, conf=f"{CONF}attach = yes\nattach_every = 5\n")
        try:
            until(lambda: made.values("heap.used").get(name), "its answer")
            assert made.values("info.source")[name].startswith("attach: it writes no file")
            assert made.values("threads.live")[name] >= 6
            assert made.status("Uid").split() == ["0"] * 4
            kept = 1 << 19 | 1 << 5 | 1 << 3 | 1 << 2 | 1 << 1 | 1
            assert int(made.status("CapEff"), 16) == kept
            assert running.poll() is None
        finally:
            made.stop()
        running.stdin.close()
