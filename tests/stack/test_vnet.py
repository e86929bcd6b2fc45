"""The agent vnet under a real pmcd: values, rights, and an end without remains."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.stack

PMDA = Path(__file__).resolve().parents[2] / "pmda" / "vnet"
PORT = 21890
PATIENCE = 30.0
ROOT = os.geteuid() == 0


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.05)
    return value


class Agent:
    """A pmcd with vnet alone; started by root the agent is root's at first."""

    def __init__(self, root: Path) -> None:
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        for folder in ("run", "log", "tmp", "var/config/pmda"):
            (root / folder).mkdir(parents=True)
        text = Path("/etc/pcp.conf").read_text()
        places = {
            "PCP_RUN_DIR": root / "run",
            "PCP_LOG_DIR": root / "log",
            "PCP_TMP_DIR": root / "tmp",
            "PCP_TMPFILE_DIR": root / "tmp",
            "PCP_VAR_DIR": root / "var",
            "PCP_USER": self.user,
            "PCP_GROUP": str(os.getegid()),
        }
        for name, value in places.items():
            text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.M)
        (root / "pcp.conf").write_text(text)
        (root / "pmns").write_text((PMDA / "root_vnet").read_text())
        (root / "pmcd.conf").write_text(
            f"vnet\t401\tpipe\tbinary\t/usr/bin/python3 {PMDA}/pmdavnet.python\n"
        )
        self.env = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "PCP_CONF": str(root / "pcp.conf"),
            "HOME": str(root),
            "PMCD_RESTART_AGENTS": "1",
        }
        self.pmcd = subprocess.Popen(
            [
                *("/usr/lib/pcp/bin/pmcd", "-f", "-A", "-i", "127.0.0.1", "-p", str(PORT)),
                *("-s", root / "run/pmcd.socket", "-c", root / "pmcd.conf", "-n", root / "pmns"),
                *("-l", root / "log/pmcd.log", "-x", root / "log/fatal.log", "-q", "10"),
            ],
            cwd=root / "log",
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, *names: str) -> str:
        done = subprocess.run(
            ["/usr/bin/pminfo", "-h", f"127.0.0.1:{PORT}", *names],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def values(self, metric: str) -> dict[str, Any]:
        """Instance -> value of a metric; numbers as such."""
        found: dict[str, Any] = {}
        for line in self.ask("-f", f"vnet.{metric}").splitlines():
            match = re.match(r'\s+inst \[\d+ or "(.*)"\] value (.*)$', line)
            if match:
                text = match.group(2)
                found[match.group(1)] = text[1:-1] if text[0] == '"' else float(text)
        return found

    def pid(self) -> int | None:
        for task in Path(f"/proc/{self.pmcd.pid}/task").glob("*/children"):
            for child in task.read_text().split():
                if b"pmdavnet" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        return None

    def status(self, word: str) -> str:
        text = Path(f"/proc/{self.pid()}/status").read_text()
        return re.search(rf"^{word}:\s*(.*)$", text, re.M).group(1)  # type: ignore[union-attr]

    def stop(self) -> None:
        self.pmcd.terminate()
        try:
            self.pmcd.wait(10)
        except subprocess.TimeoutExpired:
            self.pmcd.kill()
            self.pmcd.wait(10)


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with tempfile.TemporaryDirectory(prefix="vnet-") as folder:
        os.chmod(folder, 0o755)
        made = Agent(Path(folder))
        try:
            until(lambda: made.values("tcp.scanned"), "a first look")
            yield made
        finally:
            made.stop()


def test_every_probe_says_how_it_fares(agent: Agent) -> None:
    told = agent.values("probe.status")
    assert list(told) == ["tcp", "netns", "qdisc", "conntrack"]
    assert told["tcp"] == told["qdisc"] == "ok"
    assert told["netns"].startswith("ok: ")
    assert agent.values("control.errors") == {"all": 0}
    assert agent.values("control.heartbeat_age")["all"] < 3


def test_every_metric_is_known_and_has_its_help(agent: Agent) -> None:
    names = re.findall(r"^(vnet\.\S+)", agent.ask("-t", "vnet"), re.M)
    assert len(names) >= 95
    helped = agent.ask("-T", "vnet")
    assert helped.count("Help:") == len(names)
    assert "no help" not in helped.lower()


def test_a_connection_and_a_full_queue_are_seen(agent: Agent) -> None:
    with (
        socket.create_server(("127.0.0.1", 21891), backlog=0) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        name = f"127.0.0.1:{client.getsockname()[1]}>127.0.0.1:21891"
        client.sendall(b"x" * 12345)
        until(lambda: agent.values("listen.queue").get("127.0.0.1:21891") == 1, "the queue")
        assert agent.values("listen.utilisation")["127.0.0.1:21891"] == 1.0
        until(lambda: agent.values("conn.bytes_acked").get(name) == 12346, "the bytes")
        assert agent.values("conn.state")[name] == "established"
        assert agent.values("port.conns")["in:21891"] == 1
        server.accept()[0].close()
    until(lambda: "127.0.0.1:21891" not in agent.values("listen.queue"), "its end")


def test_it_keeps_no_more_of_root_than_it_needs(agent: Agent) -> None:
    if not ROOT:
        assert int(agent.status("CapEff"), 16) == 0
        return
    pcp = str(pwd.getpwnam("pcp").pw_uid)
    assert agent.status("Uid").split() == [pcp] * 4
    kept = 1 << 21 | 1 << 19  # CAP_SYS_ADMIN to enter namespaces, CAP_SYS_PTRACE to find them
    for which in ("CapEff", "CapPrm", "CapBnd"):
        assert int(agent.status(which), 16) == kept
    assert int(agent.status("CapInh"), 16) == int(agent.status("CapAmb"), 16) == 0
    assert agent.status("NoNewPrivs") == "1"


INSIDE = (
    "import socket, subprocess, sys\n"
    "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n"
    "server = socket.create_server(('127.0.0.1', 21892))\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.mark.skipif(not ROOT, reason="network namespaces need root")
def test_other_namespaces_are_seen_with_what_is_left_of_root(agent: Agent) -> None:
    with subprocess.Popen(
        ["unshare", "-n", sys.executable, "-c", INSIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        inode = os.readlink(f"/proc/{child.pid}/ns/net").strip("net:[]")
        name = f"127.0.0.1:21892@net-{inode}"
        until(lambda: agent.values("listen.queue").get(name) == 0, "its listener")
        child.communicate("")
    until(lambda: name not in agent.values("listen.queue"), "its end")


def test_one_that_is_killed_comes_back(agent: Agent) -> None:
    first = agent.pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: agent.values("tcp.scanned") and agent.pid() != first, "its return")


def test_it_ends_with_pmcd(agent: Agent) -> None:
    """The last test: pmcd is gone after it."""
    pid = until(agent.pid, "the agent")
    agent.stop()
    until(lambda: not Path(f"/proc/{pid}").exists(), "the agent's end")
