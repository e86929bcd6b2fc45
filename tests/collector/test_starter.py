"""The starter of privileged agents: who may ask, for what, and that pairs live and die together."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vectorpy.collector import agents, connect, pmcd, starter, starting
from vectorpy.collector.layout import Layout
from vectorpy.collector.places import Places
from vectorpy.errors import ConfigError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root's files and users")
# An agent that says who it is and goes on until its input ends.
AGENT = "import os, sys\nprint('agent', os.getpid(), flush=True)\nsys.stdin.read()\n"


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def pmda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of agents that only root can change, with one, "vkernel"."""
    folder = Path("/var/lib") / f"vectorpy-test-{os.getpid()}"
    (folder / "vkernel").mkdir(parents=True)
    starter.script(folder, "vkernel").write_text(AGENT)
    yield folder
    subprocess.run(["/bin/rm", "-r", str(folder)], check=True)


@pytest.fixture
def run(tmp_path: Path, pmda: Path) -> Iterator[subprocess.Popen[str]]:
    """A starter that serves us, in tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vectorpy.collector.starter", tmp_path, str(os.getuid()), pmda],
        stdout=subprocess.PIPE,
        text=True,
    )
    until((tmp_path / starter.SOCKET).exists, "the starter's socket")
    yield process
    process.terminate()
    assert process.wait(10) == 0
    assert process.stdout is not None
    process.stdout.close()


def connector(folder: Path, name: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", connect.__file__, folder, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
        text=True,
        **more,  # type: ignore[call-overload]
    )


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def end(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        for file in (process.stdin, process.stdout):
            if file is not None:
                file.close()
        process.wait(10)


@needs_root
def test_an_agent_speaks_through_the_connector_s_pipes_and_ends_with_them(
    run: subprocess.Popen[str], tmp_path: Path
) -> None:
    asking = connector(tmp_path, "vkernel")
    word, pid = heard(asking).split()
    assert word == "agent"
    assert f"process {pid}" in heard(run)
    parent = Path(f"/proc/{pid}/status").read_text().split("PPid:\t")[1].split()[0]
    assert int(parent) == run.pid
    assert (tmp_path / "vkernel.log").stat().st_mode & 0o777 == 0o600
    end(asking)  # closes the pipe, as a pmcd that ends
    assert asking.returncode == 1
    until(lambda: gone(int(pid)), "the agent's end")


@needs_root
def test_an_agent_ends_when_its_connector_is_killed(
    run: subprocess.Popen[str], tmp_path: Path
) -> None:
    asking = connector(tmp_path, "vkernel")
    pid = int(heard(asking).split()[1])
    asking.kill()
    until(lambda: gone(pid), "the agent's end")
    end(asking)


@needs_root
def test_only_names_of_the_table_are_started(run: subprocess.Popen[str], tmp_path: Path) -> None:
    asking = connector(tmp_path, "../vkernel")
    assert heard(asking) == ""
    assert "asked for '../vkernel' with 3 files" in heard(run)
    end(asking)


@needs_root
def test_a_stranger_is_refused(run: subprocess.Popen[str], tmp_path: Path) -> None:
    stranger = pwd.getpwnam("nobody")
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    code = (
        "import os, socket\n"
        f"os.setresuid({stranger.pw_uid}, {stranger.pw_uid}, {stranger.pw_uid})\n"
        f"s = socket.socket(socket.AF_UNIX); s.connect({str(tmp_path / starter.SOCKET)!r})\n"
        "try:\n    socket.send_fds(s, [b'vkernel'], [0, 1, 2])\n    assert s.recv(1) == b''\n"
        "except ConnectionError:\n    pass\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdin=subprocess.DEVNULL)
    assert f"of user id {stranger.pw_uid} is not pmcd's" in heard(run)


@needs_root
def test_who_only_looks_is_no_trouble(run: subprocess.Popen[str], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as looking:
        looking.connect(str(tmp_path / starter.SOCKET))
    asking = connector(tmp_path, "vkernel")
    assert heard(asking).startswith("agent ")
    assert heard(run).startswith("started vkernel")
    end(asking)


@needs_root
@pytest.mark.parametrize("change", ["file", "folder", "owner", "neighbour"])
def test_code_that_others_could_change_is_not_started(
    run: subprocess.Popen[str], tmp_path: Path, pmda: Path, change: str
) -> None:
    path = starter.script(pmda, "vkernel")
    place = {"file": path, "folder": path.parent, "owner": path}.get(change, path.parent / "x.py")
    place.touch()
    if change in ("file", "folder"):
        place.chmod(place.stat().st_mode | 0o022)
    else:
        os.chown(place, pwd.getpwnam("nobody").pw_uid, -1)
    assert starter.barrier(path) == place
    asking = connector(tmp_path, "vkernel")
    assert heard(asking) == ""
    assert f"others than root could change {place}" in heard(run)
    end(asking)
    said: list[str] = []
    assert starting.names(pmda, said.append) == ()
    assert f"could change {place}" in said[0] and "without root's rights" in said[0]


@needs_root
def test_a_sticky_folder_above_is_no_trouble_but_an_open_one_is(pmda: Path) -> None:
    path = starter.script(pmda, "vkernel")
    pmda.chmod(0o1777)
    assert starter.barrier(path) is None
    pmda.chmod(0o777)
    assert starter.barrier(path) == pmda.resolve()
    pmda.chmod(0o755)
    path.parent.chmod(0o1777)
    assert starter.barrier(path) == path.parent.resolve(), "a file could be put beside it"


def test_without_a_starter_the_connector_says_so(tmp_path: Path) -> None:
    asking = connector(tmp_path, "vkernel")
    assert heard(asking) == ""
    end(asking)
    assert asking.returncode == 1
    assert (tmp_path / "vkernel.log").read_text().startswith(f"no starter in {tmp_path}: ")


def test_privileged_agents_are_reached_by_connectors(tmp_path: Path) -> None:
    layout = Layout(Places(tmp_path / "state", tmp_path / "run"))
    lines = starting.connectors(layout, ("vkernel",))
    assert lines["vkernel"].endswith(f"connect.py {tmp_path}/state/etc vkernel")
    for name in ("vkernel", "vnet"):
        folder = tmp_path / "pmda" / name
        folder.mkdir(parents=True)
        starter.script(tmp_path / "pmda", name).touch()
    found = {a.name: a for a in agents.with_ours((), tmp_path / "pmda", lines)}
    assert found["vkernel"].command.format() == f"pipe\tbinary\t\t{lines['vkernel']}"
    path = starter.script(tmp_path / "pmda", "vnet")
    assert found["vnet"].command.format() == f"pipe\tbinary\t\t/usr/bin/python3 {path}"


@needs_root
def test_a_conf_of_root_s_alone_is_taken(pmda: Path) -> None:
    conf = pmda / "conf"
    conf.mkdir()
    made = starter.Starter(0, pmda, conf)
    assert made._conf_of("vkernel") == []
    path = conf / "vkernel.conf"
    path.touch()
    assert made._conf_of("vkernel") == ["-c", str(path)]
    (conf / "of-others.conf").touch()
    os.chown(conf / "of-others.conf", pwd.getpwnam("nobody").pw_uid, -1)
    assert made._conf_of("vkernel") == ["-c", str(path)], "what lies beside it is not read"
    os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(ValueError, match="others than root could change"):
        made._conf_of("vkernel")
    path.unlink()
    path.symlink_to(conf / "of-others.conf")
    with pytest.raises(ValueError, match="of-others"):
        made._conf_of("vkernel")
    path.unlink()
    path.touch()
    conf.chmod(0o777)
    with pytest.raises(ValueError, match=f"change {conf}"):
        made._conf_of("vkernel")


def test_agents_without_a_starter_are_told_their_confs(tmp_path: Path) -> None:
    for name in ("vnet", "vjvm"):
        (tmp_path / "pmda" / name).mkdir(parents=True)
        starter.script(tmp_path / "pmda", name).touch()
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "vnet.conf").touch()
    folder = agents.conf_folder(str(conf))
    found = {
        a.name: a.command.format() for a in agents.with_ours((), tmp_path / "pmda", {}, folder)
    }
    assert found["vnet"].endswith(f"pmdavnet.python -c {conf}/vnet.conf")
    assert found["vjvm"].endswith("pmdavjvm.python")


def test_a_folder_of_confs_that_is_not_there_is_an_error_unless_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "_USUAL_CONF", str(tmp_path / "usual"))
    assert agents.conf_folder(str(tmp_path / "usual")) is None
    assert agents.conf_folder("") is None
    with pytest.raises(ConfigError, match="There is no folder"):
        agents.conf_folder(str(tmp_path / "typo"))
    (tmp_path / "a b").mkdir()
    with pytest.raises(ConfigError, match="a blank in its name"):
        agents.conf_folder(str(tmp_path / "a b"))
    (tmp_path / "usual").mkdir()
    assert agents.conf_folder(str(tmp_path / "usual")) == tmp_path / "usual"


def test_last_words_are_text_of_a_plain_file(tmp_path: Path) -> None:
    log = tmp_path / "vnet.log"
    assert pmcd.last_words(log) == ""
    log.write_bytes(b"Log for pmdavnet\n\nfirst\nsaid \x1b[31m last\xff\n\n")
    assert pmcd.last_words(log) == "said  [31m last\ufffd"
    link = tmp_path / "link.log"
    link.symlink_to(log)
    assert pmcd.last_words(link) == ""
    os.mkfifo(tmp_path / "fifo.log")
    assert pmcd.last_words(tmp_path / "fifo.log") == ""
