"""Sampler and web as children, their logs, health.json, and when `local` answers."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from vectorpy.collector import health, ours
from vectorpy.collector.logs import Logs
from vectorpy.collector.places import Places
from vectorpy.settings import HANDED_DOWN, Settings, from_json

PLACES = Places(Path("/s"), Path("/r"))


def test_children_get_their_settings_and_little_else() -> None:
    settings = ours.settings_for(Settings(port=8050), PLACES, "/r/pmcd.sock")
    environ = {
        "LANG": "C.UTF-8", "LC_ALL": "C", "PYTHONPATH": "/x", "AWS_SECRET_ACCESS_KEY": "s",
        "VECTORPY_PORT": "1", "PCP_CONF": "/y", "PMCD_PORT": "2", "PATH": "/evil",
    }  # fmt: skip
    child = ours.sampler(settings, PLACES, None, environ)
    env = dict(child.env)
    assert from_json(env.pop(HANDED_DOWN)) == settings
    assert env == {
        "LANG": "C.UTF-8",
        "LC_ALL": "C",
        "PYTHONPATH": "/x",
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/s/data",
    }
    assert child.argv == (sys.executable, "-P", "-m", "vectorpy.bus.server")
    assert ours.web(settings, PLACES, None, environ).argv[-1] == "vectorpy.web.serve"
    assert (settings.runtime_dir, settings.state_dir) == ("/r", "/s/data")
    assert settings.pmcd_socket == "/r/pmcd.sock"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "http://127.0.0.1:8044/"),
        (Settings(host="0.0.0.0", port=80), "http://127.0.0.1:80/"),
        (Settings(host="::1"), "http://[::1]:8044/"),
        (Settings(public_url="https://v.example/x"), "https://v.example/x"),
    ],
)
def test_the_url_for_people(settings: Settings, url: str) -> None:
    assert ours.url(settings) == url


@pytest.mark.parametrize(
    ("points", "has"),
    [([[1, None], [2, 0.0]], True), ([[1, None]], False), ([], False)],
)
def test_a_point_is_a_number(points: list[Any], has: bool) -> None:
    widgets = [{"id": "load", "series": [{"name": "1 min", "points": points}]}]
    body = json.dumps({"host": "local", "widgets": widgets}).encode()
    assert ours.has_point(body) is has


def test_other_answers_have_no_point_but_a_reason() -> None:
    assert not ours.has_point(b"<html>")
    assert not ours.has_point(b'{"state":"down"}')
    assert ours.reason(b'{"state":"down","reason":"Nothing answers.","hint":"Is it up?"}') == (
        "Nothing answers. down Is it up?"
    )
    assert ours.reason(b"<html>") == "there is no answer."
    assert ours.reason(b"{}") == "it gave no reason."


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[list[tuple[int, bytes]]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = self.answers.pop(0) if self.answers else (503, b"{}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        return None


@pytest.fixture
def page() -> Iterator[tuple[Settings, type[_Handler]]]:
    """A web process that gives scripted answers, and settings that lead to it."""
    handler = type("Handler", (_Handler,), {"answers": [], "asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Settings(port=server.server_port), handler
    server.shutdown()
    thread.join()
    server.server_close()


POINT = b'{"widgets":[{"series":[{"points":[[1,2.5]]}]}]}'


def test_local_answers_with_its_first_point(page: tuple[Settings, type[_Handler]]) -> None:
    settings, handler = page
    handler.answers += [(202, b'{"state":"connecting"}'), (200, POINT)]
    said: list[str] = []
    local = ours.LocalHost(settings, said.append, lambda: 0.0)
    assert not local.answers()
    assert local.answers()
    assert handler.asked[0] == "/api/v1/hosts/local/points?widget=load&window=60s"
    assert said == []


def test_after_its_patience_it_says_why_once(page: tuple[Settings, type[_Handler]]) -> None:
    settings, handler = page
    handler.answers += [(202, b'{"state":"down","reason":"pmcd is gone."}')] * 4
    said: list[str] = []
    times = iter([0.0, 29.0, 31.0, 99.0])
    local = ours.LocalHost(settings, said.append, lambda: next(times))
    for _ in range(4):
        assert not local.answers()
    assert said == [
        f"the page is at http://127.0.0.1:{settings.port}/, but this host does not answer yet:",
        "pmcd is gone. down It is tried on.",
    ]


def test_web_is_ready_when_it_serves_the_page(page: tuple[Settings, type[_Handler]]) -> None:
    settings, handler = page
    handler.answers += [(503, b""), (200, b"<html>")]
    ready = ours.web(settings, PLACES, None, {}).ready
    assert ready is not None
    assert [ready(), ready()] == [False, True]


def test_nobody_at_the_port_is_no_answer() -> None:
    assert ours.ask(Settings(port=1), "/") == (0, b"")


def test_logs_are_bounded(tmp_path: Path) -> None:
    logs = Logs(tmp_path, size=60, wall=lambda: 0.0)
    for n in range(4):
        logs.write("web", f"line {n} ...............")
    assert (
        (tmp_path / "web.log.old")
        .read_text()
        .splitlines()[-1]
        .startswith("1970-01-01T00:00:00Z line ")
    )
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) <= 2
    assert max(sizes) < 120
    Logs(tmp_path / "gone").write("web", "lost")


def test_health_is_replaced_and_follows_no_link(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / ".health.json.7").symlink_to(tmp_path / "victim")
    path.symlink_to(tmp_path / "victim")
    one = health.Health("running", 12, 1, 1_700_000_000, ("words",))
    health.write(path, 7, 1_700_000_001, {"pmcd": one})
    assert (tmp_path / "victim").read_text() == "untouched"
    assert not path.is_symlink()
    assert json.loads(path.read_text()) == {
        "pid": 7,
        "updated": 1_700_000_001,
        "children": {
            "pmcd": {
                "state": "running",
                "pid": 12,
                "restarts": 1,
                "since": 1_700_000_000,
                "words": ["words"],
            }
        },
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == ["health.json", "victim"]
