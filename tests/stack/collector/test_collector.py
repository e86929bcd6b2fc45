"""`vectorpy collector` on real PCP: who runs as what, what is open, what heals, what is left."""

from __future__ import annotations

import json
import os
import pwd
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.stack

PORTS = ("--port", "free", "--web-port", "free")
# What runs where root starts it; vkernel has a child that looks container names up, vnet one
# that enters network namespaces.
ALL = sorted(
    [
        *("pmcd", "pmproxy", "pmdalinux", "pmdaproc", "starter", *["connector"] * 3),
        *("vkernel", "vkernel", "vnet", "vnet", "vjvm"),
    ]
)


@pytest.fixture(scope="module")
def collector(start: Callable[..., Any]) -> Any:
    """A collector that root started."""
    instance = start("collector", *PORTS)
    instance.wait_for("the collector answers")
    return instance


def served(port: int, path: str) -> Any:
    """The parsed answer of the web API, errors too; None where nobody answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return json.loads(error.read())
    except (OSError, ValueError):
        return None


def values(port: int, *names: str) -> dict[str, int]:
    """How many values the web API has for each name."""
    answer = served(port, "/pmapi/fetch?" + urllib.parse.urlencode({"names": ",".join(names)}))
    found = answer.get("values", []) if isinstance(answer, dict) else []
    return {value["name"]: len(value["instances"]) for value in found}


def loopback(instance: Any) -> set[str]:
    """Where a collector may listen."""
    return {f"127.0.0.1:{instance.port}", f"127.0.0.1:{instance.web_port}"}


def test_it_serves_the_wanted_metrics_when_it_says_so(collector: Any) -> None:
    assert values(collector.web_port, "kernel.all.load", "proc.nprocs", "pmcd.version") == {
        "kernel.all.load": 3,
        "proc.nprocs": 1,
        "pmcd.version": 1,
    }


def test_root_keeps_nothing_but_supervisor_and_starter(collector: Any) -> None:
    who = {process.role: process.user for process in collector.processes()}
    names = ("pmcd", "pmdalinux", "pmdaproc", "connector", "vkernel", "vnet", "vjvm")
    assert who == {**dict.fromkeys(names, "pcp"), "pmproxy": "nobody", "starter": "root"}


def test_only_two_ports_are_open_and_on_loopback(collector: Any) -> None:
    assert collector.listening() == loopback(collector)


def test_its_sockets_are_behind_a_closed_door(collector: Any, run_as: Callable[..., str]) -> None:
    status = collector.runtime.stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o700, pwd.getpwnam("pcp").pw_uid)
    socket = f"unix:{collector.runtime}/pmcd.sock"
    assert "Cannot connect" in run_as("nobody", "pmprobe", "-h", socket, "hinv.ncpu")
    assert run_as("pcp", "pmprobe", "-h", socket, "hinv.ncpu") == "hinv.ncpu 1\n"


def test_pmproxy_has_one_worker_and_agents_no_all_access(collector: Any) -> None:
    by_name = {process.name: process for process in collector.processes()}
    environ = _environ(by_name["pmproxy"].pid)
    assert environ["UV_THREADPOOL_SIZE"] == "1"
    assert environ["PATH"].startswith("/usr/bin:")
    assert "-A" not in by_name["pmdaproc"].argv


def _environ(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/environ", "rb") as file:
        pairs = file.read().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def test_nobody_may_store(collector: Any, run_as: Callable[..., str]) -> None:
    """pmcd.control.timeout can be stored in a PCP whose [access] allows it."""
    answer = served(collector.web_port, "/pmapi/store?name=pmcd.control.timeout&value=9")
    assert answer["success"] is False
    assert "No permission" in answer["message"]
    hosts = (f"127.0.0.1:{collector.port}", f"unix:{collector.runtime}/pmcd.sock")
    for user, host in ((None, hosts[0]), ("pcp", hosts[0]), ("pcp", hosts[1]), (None, hosts[1])):
        said = run_as(user, "pmstore", "-h", host, "pmcd.control.timeout", "9")
        assert "No permission" in said, (user, host)


def test_agents_keep_the_capabilities_that_their_probes_need(collector: Any) -> None:
    def rights(role: str) -> list[int]:
        texts = [
            (Path("/proc") / str(process.pid) / "status").read_text()
            for process in collector.processes()
            if process.role == role
        ]
        return sorted(
            {int(text.split(f"{kind}:\t")[1][:16], 16) for kind in ("CapPrm", "CapEff")}.pop()
            for text in texts
        )

    # CAP_BPF and CAP_PERFMON; its reader of container names has CAP_DAC_READ_SEARCH.
    assert rights("vkernel") == [1 << 2, 1 << 39 | 1 << 38]
    # vnet's child that enters namespaces: CAP_SYS_ADMIN and CAP_SYS_PTRACE; vnet itself: none.
    assert rights("vnet") == [0, 1 << 21 | 1 << 19]
    assert rights("pmcd") == [0]
    assert rights("connector") == [0, 0, 0]


def test_pmcd_restarts_vkernel_through_its_connector(
    collector: Any, until: Callable[..., Any]
) -> None:
    def pids(role: str) -> set[int]:
        return {p.pid for p in collector.processes() if p.role == role}

    first, connectors = pids("vkernel"), pids("connector")
    os.kill(max(first), signal.SIGKILL)  # the reader of names goes with it
    os.kill(min(first), signal.SIGKILL)
    name = "vkernel.control.heartbeat_age"
    # pmcd starts agents anew when somebody asks, and but once a minute: the next test has
    # another pmcd.
    until(
        lambda: values(collector.web_port, name) and len(pids("vkernel") - first) == 2,
        "vkernel's return",
    )
    assert not pids("vkernel") & first
    assert len(pids("connector")) == 3 and len(pids("connector") & connectors) == 2


@pytest.mark.parametrize("name", ["pmcd", "pmproxy"])
def test_a_killed_child_comes_back_and_that_is_said(
    collector: Any, until: Callable[..., Any], name: str
) -> None:
    before = collector.children()[name]
    os.kill(before["pid"], signal.SIGKILL)
    collector.wait_for(f"{name} was killed (SIGKILL). It starts again in ")
    collector.wait_for(f"{name} runs again.")
    after = until(lambda: (c := collector.children()[name])["state"] == "running" and c)
    assert after["restarts"] == before["restarts"] + 1
    assert after["pid"] != before["pid"]
    # One pmcd, one of each agent: the old ones are gone.
    assert sorted(process.role for process in collector.processes()) == ALL
    until(
        lambda: values(collector.web_port, "kernel.all.load", "proc.nprocs").get("proc.nprocs") == 1
    )


def test_pmcd_restarts_an_agent_that_died(collector: Any, until: Callable[..., Any]) -> None:
    def agent() -> int | None:
        return next((p.pid for p in collector.processes() if p.name == "pmdalinux"), None)

    first = agent()
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def back() -> bool:
        return values(collector.web_port, "kernel.all.load").get(
            "kernel.all.load"
        ) == 3 and agent() not in (
            None,
            first,
        )

    until(back, "the agent's return")
    assert collector.children()["pmcd"]["state"] == "running"


def test_taken_ports_are_told_with_their_holder(collector: Any, start: Callable[..., Any]) -> None:
    second = start(*collector.args)
    assert second.process.wait(30) == 1
    assert f"port {collector.port}: pmcd (process " in second.said
    assert "--port" in second.said
    third = start("collector", "--port", "free", "--web-port", str(collector.web_port))
    assert third.process.wait(30) == 1
    assert f"port {collector.web_port}: pmproxy (process " in third.said


def test_two_never_share_a_folder(collector: Any, start: Callable[..., Any]) -> None:
    before = collector.children()
    second = start("collector", *PORTS, folder=collector.folder)
    assert second.process.wait(30) == 1
    assert "Another vectorpy uses the folder" in second.said
    assert collector.children() == before


def test_a_folder_that_pcp_can_t_reach_is_told_early(start: Callable[..., Any]) -> None:
    instance = start("collector", *PORTS)
    instance.wait_for("the collector answers")
    assert instance.end() == 0
    instance.folder.chmod(0o700)
    again = start(*instance.args, folder=instance.folder)
    assert again.process.wait(30) == 1
    assert f"{instance.folder} is closed to others" in again.said
    assert "VECTORPY_STATE_DIR" in again.said


def test_the_system_s_pcp_is_not_touched(
    start: Callable[..., Any], system_pcp: Callable[[], dict[str, Any]]
) -> None:
    before = system_pcp()
    instance = start("collector", *PORTS)
    instance.wait_for("the collector answers")
    assert values(instance.web_port, "kernel.all.load") == {"kernel.all.load": 3}
    assert instance.end() == 0
    assert system_pcp() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_leaves_no_process_no_socket(start: Callable[..., Any], number: int) -> None:
    instance = start("collector", *PORTS)
    instance.wait_for("the collector answers")
    assert sorted(process.role for process in instance.processes()) == ALL
    assert instance.end(number) == 0
    assert instance.processes() == []
    assert [path.name for path in instance.runtime.iterdir()] == ["health.json"]
    assert {child["state"] for child in instance.children().values()} == {"stopped"}


def test_a_killed_supervisor_leaves_no_orphan_and_the_next_start_works(
    start: Callable[..., Any], until: Callable[..., Any]
) -> None:
    instance = start("collector", *PORTS)
    instance.wait_for("the collector answers")
    assert instance.end(signal.SIGKILL) == -9
    until(lambda: instance.processes() == [], "the end of all")
    again = start(*instance.args, folder=instance.folder)
    again.wait_for("the collector answers")
    assert again.end() == 0


@pytest.fixture(scope="module")
def users_own(start: Callable[..., Any], ordinary: str) -> Any:
    """A collector that an ordinary user started."""
    instance = start("collector", *PORTS, user=ordinary)
    instance.wait_for("the collector answers")
    return instance


def test_a_user_s_collector_has_no_per_process_metrics_and_says_so(
    users_own: Any, ordinary: str
) -> None:
    assert "without per-process metrics" in users_own.said
    assert values(users_own.web_port, "kernel.all.load", "proc.nprocs") == {"kernel.all.load": 3}
    names = ("pmcd", "pmdalinux", "pmproxy", "vkernel", "vnet", "vjvm")
    assert {p.role: p.user for p in users_own.processes()} == dict.fromkeys(names, ordinary)
    assert users_own.listening() == loopback(users_own)


def test_a_user_s_folders_are_closed_to_others(users_own: Any) -> None:
    for folder in (users_own.state, users_own.runtime):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_beyond_loopback_it_warns_and_pmproxy_still_finds_pmcd(
    start: Callable[..., Any], ordinary: str
) -> None:
    instance = start("collector", "--host", "0.0.0.0", *PORTS, user=ordinary)
    instance.wait_for("the collector answers")
    assert "WARNING: pmcd and pmproxy are served on 0.0.0.0, without a password" in instance.said
    assert instance.listening() == {f"0.0.0.0:{instance.port}", f"0.0.0.0:{instance.web_port}"}
    assert instance.end() == 0
