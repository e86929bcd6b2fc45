"""`vectorpy up` and `serve` on real PCP: the page and `local` answer, no port of PCP is open."""

from __future__ import annotations

import http.client
import json
import os
import signal
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.stack

PCP = ("pmcd", "pmdalinux", "pmdaproc", "vkernel", "vnet", "vjvm")


def ask(port: int, path: str) -> tuple[int, Any]:
    """Status and body (parsed where it is JSON) of an answer of the page; (0, None) for none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except OSError:
        return 0, None
    finally:
        connection.close()
    try:
        return answer.status, json.loads(body)
    except ValueError:
        return answer.status, body.decode(errors="replace")


def who(instance: Any) -> dict[str, str]:
    """Which user runs what."""
    return {process.role: process.user for process in instance.processes()}


def load_of(port: int, host: str = "local") -> list[float]:
    """The numbers of the widget `load` in the last minute."""
    _, body = ask(port, f"/api/v1/hosts/{host}/points?widget=load&window=60s")
    widgets = body.get("widgets", []) if isinstance(body, dict) else []
    return [
        value
        for widget in widgets
        for series in widget["series"]
        for _, value in series["points"]
        if value is not None
    ]


@pytest.fixture(scope="module")
def up(start: Callable[..., Any]) -> Any:
    """An `up` that root started."""
    instance = start("up", "--port", "free")
    instance.wait_for("vectorpy is at ")
    return instance


def test_it_says_where_it_is_once_page_and_host_answer(up: Any) -> None:
    assert f"\nvectorpy is at http://127.0.0.1:{up.port}/\n" in up.said
    status, page = ask(up.port, "/")
    assert status == 200
    assert "<html" in page
    assert load_of(up.port)


def test_no_port_of_pcp_is_open(up: Any) -> None:
    assert up.listening() == {f"127.0.0.1:{up.port}"}


def test_root_keeps_nothing_but_supervisor_and_starter(up: Any) -> None:
    names = (*PCP, "connector", "sampler", "web")
    assert who(up) == {**dict.fromkeys(names, "pcp"), "starter": "root"}


def test_secrets_are_not_in_the_api(up: Any) -> None:
    """Asked as a metric of a chart, as a search, and as the namespace below it."""
    expression = urllib.parse.quote("chart;expr=proc.psinfo.environ", safe="")
    for path in (
        f"points?widget={expression}&window=60s",
        "metrics?search=environ",
        "metrics?search=proc.psinfo",
    ):
        _, body = ask(up.port, f"/api/v1/hosts/local/{path}")
        assert "SETTINGS_JSON" not in json.dumps(body), path  # the web's own environment has it


@pytest.mark.parametrize("name", ["pmcd", "sampler", "web"])
def test_a_killed_child_comes_back_and_the_rest_goes_on(
    up: Any, until: Callable[..., Any], name: str
) -> None:
    before = up.children()
    os.kill(before[name]["pid"], signal.SIGKILL)
    up.wait_for(f"{name} was killed (SIGKILL). It starts again in ")
    up.wait_for(f"{name} runs again.")
    after = up.children()
    assert after[name]["restarts"] == before[name]["restarts"] + 1
    for other in set(before) - {name}:
        assert after[other]["pid"] == before[other]["pid"]
    until(lambda: load_of(up.port), "the return of local")
    status, health = ask(up.port, "/healthz")
    assert name in json.dumps(health), status


def test_a_taken_port_is_told_with_its_holder(up: Any, start: Callable[..., Any]) -> None:
    second = start("up", "--port", str(up.port))
    assert second.process.wait(30) == 1
    assert f"port {up.port}: " in second.said
    assert "(process " in second.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_its_end_is_the_end_of_all(
    start: Callable[..., Any], until: Callable[..., Any], number: int
) -> None:
    instance = start("up", "--port", "free")
    instance.wait_for("vectorpy is at ")
    assert instance.end(number) == (0 if number != signal.SIGKILL else -9)
    until(lambda: instance.processes() == [], "the end of all")


def test_with_web_api_root_s_pmproxy_is_nobody_on_loopback(start: Callable[..., Any]) -> None:
    ports = ("--pmcd-port", "free", "--web-port", "free")
    instance = start("up", "--port", "free", "--web-api", *ports)
    instance.wait_for("vectorpy is at ")
    served = (instance.port, instance.pmcd_port, instance.web_port)
    assert instance.listening() == {f"127.0.0.1:{port}" for port in served}
    assert who(instance)["pmproxy"] == "nobody"
    assert who(instance)["pmdaproc"] == "pcp"
    assert instance.end() == 0


def test_an_ordinary_user_has_all_of_it(start: Callable[..., Any], ordinary: str) -> None:
    instance = start("up", "--port", "free", user=ordinary)
    instance.wait_for("vectorpy is at ")
    assert who(instance) == dict.fromkeys((*PCP, "sampler", "web"), ordinary)
    assert instance.listening() == {f"127.0.0.1:{instance.port}"}
    assert instance.end() == 0


def test_a_user_s_web_api_costs_the_per_process_metrics(
    start: Callable[..., Any], ordinary: str
) -> None:
    ports = ("--pmcd-port", "free", "--web-port", "free")
    instance = start("up", "--port", "free", "--web-api", *ports, user=ordinary)
    instance.wait_for("vectorpy is at ")
    assert "without per-process metrics" in instance.said
    assert "pmdaproc" not in who(instance)
    assert instance.end() == 0


def test_serve_has_no_collector(start: Callable[..., Any], ordinary: str) -> None:
    instance = start("serve", "--port", "free", user=ordinary)
    instance.wait_for(f"vectorpy is at http://127.0.0.1:{instance.port}/")
    assert who(instance) == dict.fromkeys(("sampler", "web"), ordinary)
    assert ask(instance.port, "/api/v1/hosts")[1]["default"] is None
    assert instance.end() == 0


def test_a_page_beyond_loopback_is_warned_of(start: Callable[..., Any], ordinary: str) -> None:
    instance = start("serve", "--host", "0.0.0.0", "--port", "free", user=ordinary)
    instance.wait_for("vectorpy is at ")
    assert "WARNING: the page is served on 0.0.0.0, without a password" in instance.said
    assert instance.end() == 0
