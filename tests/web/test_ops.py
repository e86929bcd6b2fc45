"""/healthz, /readyz, /metrics and /limits; the process's life."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from typing import Any

import pytest

from vectorpy.web import process, pulse
from vectorpy.web.pulse import Pulse

CHILD = {"state": "running", "pid": 1, "restarts": 0, "since": 1, "words": ["host-secret down"]}


def _write_health(server: Any, **children: Any) -> None:
    (server.folder / "health.json").write_text(json.dumps({"pid": 1, "children": children}))


def test_healthz_is_green_then_red_by_a_child_then_green(server: Any, wait_until: Any) -> None:
    wait_until(lambda: server.get("/healthz")[0] == 200, "a first sign of life of the sampler")
    _write_health(server, pmcd=CHILD, web={**CHILD, "state": "starting"})
    status, found = server.json("/healthz")
    assert found["catalog"] == {"ok": True, "problems": []}
    assert (status, found["status"]) == (503, "failing")
    assert (found["children"]["pmcd"]["ok"], found["children"]["web"]["ok"]) == (True, False)
    _write_health(server, pmcd={**CHILD, "restarts": 2})
    status, found = server.json("/healthz")
    assert (status, found["status"], found["children"]["pmcd"]["restarts"]) == (200, "ok", 2)
    (server.folder / "health.json").write_text("{broken")
    assert server.get("/healthz")[0] == 200
    (server.folder / "health.json").unlink()


def test_healthz_names_no_host(server: Any, make_channel: Any) -> None:
    page = server.page()
    page.watch(make_channel("host-secret"))
    page.until("history")
    _write_health(server, pmcd=CHILD)
    for path in ("/healthz", "/readyz", "/metrics", "/limits"):
        _, _, body = server.get(path)
        assert b"host-secret" not in body
        assert socket.gethostname().encode() not in body
    (server.folder / "health.json").unlink()


def test_healthz_is_red_without_a_sampler_and_green_again(
    run_server: Any, mode: str, wait_until: Any
) -> None:
    server = run_server(mode)
    wait_until(lambda: server.get("/healthz")[0] == 200, "green")
    server.sampler.down()
    wait_until(lambda: server.json("/healthz")[1]["sampler"] == {"ok": False}, "red")
    assert server.get("/readyz")[0] == 503
    assert server.get("/")[0] == 200
    server.sampler.up()
    wait_until(lambda: server.get("/healthz")[0] == 200, "green again")


def test_a_sampler_that_just_took_the_web_process_in_is_alive() -> None:
    """Whoever asks right after the page's URL was printed must not hear that it fails."""
    now = 100.0
    pulse = Pulse(lambda: now)
    assert pulse.sampler_age() > 1e6
    pulse.link(True)
    now = 103.0
    assert pulse.sampler_age() == 3.0
    pulse.link(False)
    assert pulse.sampler_age() == 3.0


def test_healthz_is_red_where_the_sampler_is_there_but_mute(
    run_server: Any, mode: str, wait_until: Any
) -> None:
    server = run_server(mode, hurry={"pulse._SAMPLER_MAX": 3.0})
    wait_until(lambda: server.get("/healthz")[0] == 200, "green")
    del server.sampler.answers["ping"]
    wait_until(lambda: server.get("/healthz")[0] == 503, "red")
    assert server.get("/readyz")[0] == 200


def test_metrics_are_openmetrics(server: Any) -> None:
    server.sampler.answers["health"] = {
        "states": {"live": 2, "down": 1},
        "ring_bytes": 4096,
        "threads": 5,
        "limits": {"max_hosts": {"value": 200, "hits": 3}},
    }
    status, headers, body = server.get("/metrics")
    text = body.decode()
    assert status == 200
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    line = re.compile(r'# (TYPE|HELP) \w+ .+|# EOF|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+')
    assert [row for row in text.splitlines() if not line.fullmatch(row)] == []
    for row in (
        "vectorpy_up 1",
        "vectorpy_sampler_up 1",
        'vectorpy_hosts{state="down"} 1',
        "vectorpy_ring_bytes 4096",
        'vectorpy_limit_hits_total{limit="max_hosts"} 3',
    ):
        assert row in text.splitlines()


def test_limits_are_rows_with_value_hits_and_a_sentence(server: Any) -> None:
    _, found = server.json("/limits")
    rows = {row["name"]: row for row in found["limits"]}
    assert rows["dashboard_hosts"]["value"] == 16
    assert rows["dashboard_hosts"]["text"] == "Hosts on one dashboard."
    assert {"max_viewers", "inbound_rate", "max_hosts", "ring_bytes", "answer_bytes"} <= set(rows)
    assert all(set(row) == {"name", "value", "hits", "text"} for row in rows.values())


def test_viewers_above_the_limit_hear_why(run_server: Any, mode: str) -> None:
    server = run_server(mode, max_viewers=1)
    first = server.page()
    assert first.next()[0] == "hello"
    event, refusal = server.page().next()
    assert event == "refused"
    problem = refusal["data"]
    assert refusal["message"] == problem["detail"]
    assert (problem["type"], problem["status"]) == ("limit-reached", 429)
    first.abort()


def test_the_end_is_told_to_pages_and_comes_within_five_seconds(
    run_server: Any, mode: str, make_channel: Any
) -> None:
    server = run_server(mode)
    place = server.folder / "web.json"
    assert json.loads(place.read_text()) == {
        "pid": server.process.pid,
        "host": "127.0.0.1",
        "port": server.port,
    }
    page = server.page()
    page.watch(make_channel("host-end"))
    page.until("history")
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert page.until("bye")["reason"]
    with pytest.raises(Exception, match=r"clos|lost|reset"):
        page.next(5.0)
    assert server.process.wait(10) == 0
    assert time.monotonic() - begun < 5.0
    assert not place.exists()


def test_nothing_is_printed_but_json_lines(run_server: Any, mode: str, make_channel: Any) -> None:
    server = run_server(mode)
    page = server.page()
    page.watch(make_channel("a\r\n{}"))
    page.send("nonsense", {})
    server.get("/nothing")
    server.get("/", {"Host": "evil\x1b[31m"})
    server.sampler.down()
    page.until("problem")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    lines = server.log.read_text().splitlines()
    assert lines
    assert all({"ts", "level", "event"} <= set(json.loads(line)) for line in lines)


def test_a_taken_port_is_said_and_ends_the_process(run_server: Any, mode: str) -> None:
    server = run_server(mode)
    with pytest.raises(AssertionError, match="in use"):
        run_server(mode, port=server.port)


def test_without_file_descriptors_the_server_pauses_and_lives_on(
    run_server: Any, mode: str, make_channel: Any, wait_until: Any
) -> None:
    server = run_server(mode, prefix=("prlimit", "--nofile=100:100"))
    page = server.page()
    page.watch(make_channel("host-fd"))
    page.until("history")
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(150)]
    try:
        server.sampler.tick()
        assert page.until("tick")["seq"] == server.sampler.now
        assert server.process.poll() is None
    finally:
        for sock in crowd:
            sock.close()
    wait_until(lambda: server.get("/readyz")[0] == 200, "an answer")
    server.sampler.tick()
    assert page.until("tick")["seq"] == server.sampler.now


def test_the_patience_that_is_shipped() -> None:
    """Those above and below are tested with less."""
    assert (pulse._SAMPLER_MAX, process._SILENCE) == (6.0, 10.0)


def test_connections_above_the_limit_hear_that_the_server_is_full(
    run_server: Any, mode: str, wait_until: Any
) -> None:
    hurry = {"process._SILENCE": 3.0}
    server = run_server(mode, prefix=("prlimit", "--nofile=100:100"), hurry=hurry)
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    try:
        wait_until(lambda: server.get("/healthz")[0] == 503, "a refusal in words")
        status, headers, body = server.get("/")
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert "connections" in json.loads(body)["detail"]
        # Idle connections are closed after a while, and there is room again.
        wait_until(lambda: server.get("/")[0] == 200, "room", 20.0)
    finally:
        for sock in crowd:
            sock.close()
