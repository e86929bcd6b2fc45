"""The command line: flags to settings, errors to sentences, lists for people and programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vectorpy import __version__
from vectorpy.cli import main
from vectorpy.collector import inspect, stack
from vectorpy.errors import RefusedByPolicy, Unavailable
from vectorpy.settings import Settings
from vectorpy.sources.check import Step


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in an environment without settings."""
    for name in ("PORT", "HOST", "CONFIG", "STATE_DIR", "RUNTIME_DIR"):
        monkeypatch.delenv(f"VECTORPY_{name}", raising=False)
    runner = CliRunner()
    return lambda *args, **env: runner.invoke(main, args, env=env)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Settings, dict[str, Any]]]:
    """What the commands would have started."""
    calls: list[tuple[str, Settings, dict[str, Any]]] = []
    for name in ("up", "serve", "collect"):

        def record(settings: Settings, way: stack.Way, name: str = name, **more: Any) -> None:
            way.say("progress")
            way.tell("vectorpy is at URL")
            calls.append((name, settings, more))

        monkeypatch.setattr(stack, name, record)
    return calls


def test_up_by_itself_opens_no_port_of_pcp(run: Callable[..., Result], called: list[Any]) -> None:
    result = run("up")
    assert (result.exit_code, result.stdout) == (0, "vectorpy is at URL\n")
    assert "progress" in result.stderr
    assert called == [("up", Settings(), {"web_api": None})]


def test_flags_win_over_the_environment_and_that_over_the_file(
    run: Callable[..., Result], called: list[Any], tmp_path: Path
) -> None:
    config = tmp_path / "v.toml"
    config.write_text('port = 1\nhost = "10.0.0.1"\nmax_hosts = 3\n')
    run(
        "up", "--config", str(config), "--port", "3", "--web-api", "--pmcd-port", "7",
        "--allow-net", "10.0.0.0/8", "--allow-net", "fd00::/8", "--allow-port", "80-81",
        "--async-mode", "threading", "--public-url", "https://v.example/",
        VECTORPY_PORT="2", VECTORPY_HOST="10.0.0.2", VECTORPY_ALLOW_NET="1.2.3.4",
    )  # fmt: skip
    assert called == [
        (
            "up",
            Settings(
                port=3,
                host="10.0.0.2",
                max_hosts=3,
                allow_net=("10.0.0.0/8", "fd00::/8"),
                allow_port=("80-81",),
                async_mode="threading",
                public_url="https://v.example/",
            ),
            {"web_api": (7, 44322)},
        )
    ]


def test_the_file_may_be_named_by_the_environment(
    run: Callable[..., Result], called: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "v.toml").write_text("port = 4\n")
    run("serve", VECTORPY_CONFIG=str(tmp_path / "v.toml"))
    assert called == [("serve", Settings(port=4), {})]


def test_the_collector_is_on_loopback_with_pcp_s_ports(
    run: Callable[..., Result], called: list[Any]
) -> None:
    run("collector")
    run("collector", "--host", "0.0.0.0", "--port", "5", "--web-port", "6")
    assert [call[2] for call in called] == [
        {"host": "127.0.0.1", "port": 44321, "web_port": 44322},
        {"host": "0.0.0.0", "port": 5, "web_port": 6},
    ]


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        (("up", "--allow-net", "nonsense"), {}, "vectorpy: allow_net has 'nonsense'"),
        (("serve",), {"VECTORPY_PRT": "1"}, "VECTORPY_PRT, which is no setting"),
        (("serve", "--config", "/absent.toml"), {}, "/absent.toml can't be read"),
        (("check", "no such host!"), {}, "Type a host name or address"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_exit_code_1(
    run: Callable[..., Result], args: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    result = run(*args, **env)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_errors_of_a_start_carry_their_hint(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **more: Any) -> None:
        raise Unavailable("PCP is not installed.", hint="Install it.")

    monkeypatch.setattr(stack, "up", refuse)
    result = run("up")
    assert (result.exit_code, result.stderr) == (1, "vectorpy: PCP is not installed. Install it.\n")


@pytest.mark.parametrize(("last", "code"), [(True, 0), (False, 1)])
def test_check_says_each_step(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, last: bool, code: int
) -> None:
    asked: list[tuple[str, Settings]] = []

    def steps(host: str, settings: Settings, environ: Any) -> list[Step]:
        asked.append((host, settings))
        return [
            Step("name", True, "it is 10.0.0.1"),
            Step("agents", None, "none of ours"),
            Step("version", last, "PCP 6.0.3"),
        ]

    monkeypatch.setattr(inspect, "inspect", steps)
    result = run("check", "web-01", "--allow-port", "80")
    assert asked == [("web-01", Settings(allow_port=("80",)))]
    assert result.exit_code == code
    mark = "ok  " if last else "FAIL"
    assert result.stdout == (
        f"ok    name: it is 10.0.0.1\nnote  agents: none of ours\n{mark}  version: PCP 6.0.3\n"
    )


def test_check_of_an_address_that_may_not_be_asked(run: Callable[..., Result]) -> None:
    result = run("check", "169.254.169.254")
    assert result.exit_code == 1
    assert "FAIL" in result.output or RefusedByPolicy.hint in result.output


def test_widgets_for_people_and_programs(run: Callable[..., Result]) -> None:
    people = run("widgets")
    assert people.exit_code == 0
    assert any(line.startswith("cpu ") and "%" in line for line in people.stdout.splitlines())
    rows = {row["id"]: row for row in json.loads(run("widgets", "--json").stdout)}
    assert rows["load"]["kind"] == "line"
    assert "kernel.all.load" in rows["load"]["metrics"]
    assert set(rows["cpu"]) == {"id", "aliases", "title", "group", "kind", "unit", "metrics"}


def test_presets_for_people_and_programs(run: Callable[..., Result]) -> None:
    assert run("presets").stdout.startswith("triage ")
    rows = {row["id"]: row for row in json.loads(run("presets", "--json").stdout)}
    assert {"triage", "cpu", "memory", "disk", "network", "tcp"} <= set(rows)
    assert "cpu" in rows["triage"]["widgets"]


def test_version_and_help(run: Callable[..., Result]) -> None:
    assert __version__ in run("--version").stdout
    listed = run("--help").stdout
    for command in ("up", "serve", "collector", "check", "widgets", "presets"):
        assert f"\n  {command} " in listed
    assert run("nonsense").exit_code == 2


def test_local_is_the_vectorpy_that_runs_on_the_port(tmp_path: Path) -> None:
    import socket

    settings = Settings(runtime_dir=str(tmp_path), state_dir=str(tmp_path))
    assert inspect.local_socket(settings, {}) == ""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "pmcd.sock"))
        assert inspect.local_socket(settings, {}) == str(tmp_path / "pmcd.sock")


def test_faults_of_own_files_are_told_beside_the_list(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text('group = "Own"\n\n[[widget]]\nid = "x"\n', encoding="utf-8")
    result = run("widgets", VECTORPY_CATALOG_DIR=str(tmp_path))
    assert result.exit_code == 0
    assert (
        f"vectorpy: {tmp_path}/own.toml, line 3: the widget 'x': kind is missing" in result.output
    )
    assert "disk-latency" in result.output
