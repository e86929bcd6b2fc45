"""pmcd's and pmproxy's command lines, environments and what counts as an answer."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from vectorpy.collector import pmcd, pmproxy
from vectorpy.collector.agents import AGENTS
from vectorpy.collector.layout import Layout
from vectorpy.collector.places import Places
from vectorpy.collector.pmcd import Listen, all_answered
from vectorpy.collector.pmproxy import all_served
from vectorpy.collector.system import System
from vectorpy.collector.users import Account, Roles

SYSTEM = System("", Path("/b"), Path("/usr/bin"), Path("/p"), Path("/n"))
LAYOUT = Layout(Places(Path("/s"), Path("/r")))
PCP, NOBODY = Account("pcp", 997, 996), Account("nobody", 65534, 65533)
ROOT = Roles(PCP, NOBODY, drops=True)
USER = Roles(PCP, PCP, drops=False)


def options(argv: tuple[str, ...], option: str) -> list[str]:
    return [value for name, value in itertools.pairwise(argv) if name == option]


def test_pmcd_without_a_port_is_given_what_is_no_address() -> None:
    argv = pmcd.argv(SYSTEM, LAYOUT, None)
    assert argv == (
        "/b/pmcd", "-f", "-A", "-i", "no..tcp", "-s", "/r/pmcd.sock",
        "-c", "/s/etc/pmcd.conf", "-n", "/s/etc/pmns",
        "-l", "/s/log/pmcd/pmcd.log", "-x", "/s/log/pmcd/fatal.log",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("0.0.0.0", ["0.0.0.0"]),
        ("10.1.2.3", ["10.1.2.3", "127.0.0.1"]),
    ],
)
def test_pmcd_is_always_on_loopback_for_pmproxy(host: str, addresses: list[str]) -> None:
    argv = pmcd.argv(SYSTEM, LAYOUT, Listen(host, 44321))
    assert options(argv, "-i") == addresses
    assert options(argv, "-p") == ["44321"]


def test_the_system_s_pcp_and_our_environment_stay_out_of_pcp_s() -> None:
    child = pmcd.child(SYSTEM, LAYOUT, ROOT, AGENTS, None)
    assert child.env == {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "HOME": "/s/var",
        "PCP_CONF": "/s/etc/pcp.conf",
        "PMCD_RESTART_AGENTS": "1",
    }


def test_pmproxy_is_another_user_with_one_worker_and_its_pmcd_on_tcp() -> None:
    child = pmproxy.child(
        SYSTEM, LAYOUT, ROOT, AGENTS, Listen("127.0.0.1", 2), Listen("127.0.0.1", 1)
    )
    assert child.account == NOBODY
    assert (child.env["PMCD_PORT"], child.env["UV_THREADPOOL_SIZE"]) == ("1", "1")
    assert options(child.argv, "-p") == ["2"]
    assert options(child.argv, "-s") == ["/s/pmproxy/pmproxy.sock"]
    assert pmcd.child(SYSTEM, LAYOUT, ROOT, AGENTS, None).account == PCP


def test_an_ordinary_user_changes_to_nobody() -> None:
    pair = Listen("127.0.0.1", 2), Listen("127.0.0.1", 1)
    assert pmcd.child(SYSTEM, LAYOUT, USER, AGENTS, None).account is None
    assert pmproxy.child(SYSTEM, LAYOUT, USER, AGENTS, *pair).account is None


def test_stale_sockets_are_removed_before_a_start(tmp_path: Path) -> None:
    files = Layout(Places(tmp_path, tmp_path))
    (tmp_path / "pmcd.sock").write_text("")
    child = pmcd.child(SYSTEM, files, USER, AGENTS, None)
    child.before()
    child.before()
    assert not (tmp_path / "pmcd.sock").exists()


@pytest.mark.parametrize(
    ("probed", "answered"),
    [
        ("a 3\nb 1\n", True),
        ("b 1\na 3", True),
        ("a 3\n", False),
        ("a 3\nb 0\n", False),
        ("a 3\nb -12357 Unknown metric name\n", False),
        ("", False),
    ],
)
def test_every_wanted_metric_must_have_a_value(probed: str, answered: bool) -> None:
    assert all_answered(("a", "b"), probed) is answered


@pytest.mark.parametrize(
    ("answer", "served"),
    [
        (
            b'{"context":1,"timestamp":1.5,"values":[{"name":"a","instances":[{"value":1}]},'
            b'{"name":"b","instances":[{"value":0}]}]}',
            True,
        ),
        (b'{"values":[{"name":"a","instances":[1]},{"name":"b","instances":[]}]}', False),
        (b'{"values":[{"name":"a","instances":[1]}]}', False),
        (b'{"message":"cannot connect to PMCD: Connection refused","success":false}', False),
        (b"<html>", False),
        (b"[]", False),
    ],
)
def test_the_web_api_must_serve_every_wanted_metric(answer: bytes, served: bool) -> None:
    assert all_served(("a", "b"), answer) is served
