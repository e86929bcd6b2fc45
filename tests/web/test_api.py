"""The HTTP API in both async modes, on a scripted sampler."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest


def test_widgets_and_presets_are_the_catalogue_s(server: Any) -> None:
    status, found = server.json("/api/v1/widgets")
    assert status == 200
    cpu = next(widget for widget in found["widgets"] if widget["id"] == "cpu")
    wanted = {"id", "aliases", "title", "group", "kind", "unit", "metrics", "help", "requires"}
    assert wanted <= set(cpu)
    assert "kernel.all.cpu.sys" in cpu["metrics"]
    assert found["aliases"]["network-drops-in"] == "network-errors;series=in%20drops"
    _, found = server.json("/api/v1/presets")
    assert {"triage", "cpu", "memory", "disk", "network", "tcp"} <= {
        preset["id"] for preset in found["presets"]
    }
    assert all({"id", "aliases", "title", "widgets"} <= set(p) for p in found["presets"])


@pytest.mark.parametrize(("pmcd", "default"), [("", None), ("/run/pmcd.sock", "local")])
def test_hosts_and_the_default_host(
    run_server: Any, mode: str, pmcd: str, default: str | None
) -> None:
    server = run_server(mode, pmcd_socket=pmcd)
    listed = [{"host": "web-01", "state": "live", "transport": "web", "viewers": 1}]
    server.sampler.answers["hosts"] = {"hosts": listed}
    assert server.json("/api/v1/hosts") == (200, {"default": default, "hosts": listed})


def test_points_are_pairs_of_milliseconds_and_values(server: Any) -> None:
    now = server.sampler.now
    status, found = server.json("/api/v1/hosts/WEB-09%3A44322/points?widget=cpu&window=3s")
    assert status == 200
    assert {key: found[key] for key in ("host", "epoch", "interval")} == {
        "host": "web-09",
        "epoch": "epoch-1",
        "interval": 1,
    }
    [widget] = found["widgets"]
    assert (widget["id"], widget["unit"], widget["reason"]) == ("cpu", "s", "")
    assert widget["series"][0]["labels"] == {"instance": "sda", "series": "read"}
    assert widget["series"][0]["points"] == [
        [1000 * t, float(t % 1000)] for t in range(now - 2, now + 1)
    ]
    assert widget["series"][1]["points"] == [
        [1000 * t, None if t % 5 == 0 else 0.25] for t in range(now - 2, now + 1)
    ]


def test_points_wait_for_a_rate_once_and_are_then_a_state(server: Any) -> None:
    server.sampler.empty.add("host-slow")
    begun = time.monotonic()
    status, found = server.json("/api/v1/hosts/host-slow/points?widget=cpu")
    assert time.monotonic() - begun >= 2.0
    assert status == 202
    assert (found["host"], found["state"], found["widgets"]) == ("host-slow", "connecting", [])
    assert (found["reason"], found["hint"]) == ("Because.", "Try.")
    # The lease is held: the next call need not wait, and finds what came meanwhile.
    assert server.json("/api/v1/hosts/host-slow/points?widget=cpu")[0] == 202
    server.sampler.empty.clear()
    assert server.json("/api/v1/hosts/host-slow/points?widget=cpu")[0] == 200


def test_points_come_as_soon_as_there_is_a_rate(server: Any, wait_until: Any) -> None:
    import threading

    server.sampler.empty.add("host-soon")
    found: list[int] = []
    path = "/api/v1/hosts/host-soon/points?widget=cpu"
    asking = threading.Thread(target=lambda: found.append(server.json(path)[0]))
    asking.start()
    wait_until(
        lambda: any(spec.host == "host-soon" for spec in server.sampler.specs.values()), "the join"
    )
    server.sampler.empty.clear()
    server.sampler.tick()
    asking.join()
    assert found == [200]


def test_points_of_a_host_that_is_refused_do_not_wait(server: Any, wait_until: Any) -> None:
    import threading

    sampler = server.sampler
    sampler.empty.add("host-refused")
    found: list[Any] = []
    path = "/api/v1/hosts/host-refused/points?widget=cpu"
    asking = threading.Thread(target=lambda: found.append(server.json(path)))
    asking.start()
    wait_until(
        lambda: any(spec.host == "host-refused" for spec in sampler.specs.values()), "the join"
    )
    sampler.states["host-refused"] = "refused-by-policy"
    sampler.emit("host:host-refused", "state", json.dumps(sampler.state("host-refused")))
    asking.join()
    [(status, answer)] = found
    assert (status, answer["state"], answer["reason"]) == (202, "refused-by-policy", "Because.")
    assert len(sampler.asked("join")) >= 2


def test_points_count_as_one_viewer_per_channel(server: Any) -> None:
    for _ in range(3):
        server.json("/api/v1/hosts/host-lease/points?widget=cpu&widget=load")
    [key] = [key for key, spec in server.sampler.specs.items() if spec.host == "host-lease"]
    assert server.sampler.viewers[key] == {f"http:{key}"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("host-q/points", 400),
        ("host-q/points?widget=cpu&window=0s", 400),
        ("host-q/points?widget=cpu&window=601s", 400),
        ("host-q/points?widget=cpu&window=5x", 400),
        ("host-q/points?widget=cpu&interval=61s", 400),
        ("host-q/points?widget=a%20b", 400),
        ("host-q/points?" + "&".join(f"widget=w{i}" for i in range(41)), 429),
        ("u%3Ap%40web/points?widget=cpu", 400),
        ("host-q/metrics?search=x&limit=0", 400),
        ("host-q/metrics?search=x&limit=9999", 400),
        ("host-q/metrics?search=" + "x" * 300, 400),
        ("host-q/metric", 400),
        ("host-q/metric?name=" + "x" * 300, 400),
        ("host-q/tree?under=" + "x" * 300, 400),
        ("host-q/widget-file?wish=a%20b&id=x", 400),
        ("host-q/nothing/here", 400),
    ],
)
def test_what_can_t_be_asked_is_a_problem_document(server: Any, path: str, status: int) -> None:
    found, headers, _ = server.get(f"/api/v1/hosts/{path}")
    assert found == status
    assert headers["content-type"] == "application/problem+json"
    _, problem = server.json(f"/api/v1/hosts/{path}")
    assert set(problem) == {"type", "title", "detail", "host", "hint", "status"}
    assert problem["status"] == status


def test_a_widget_that_the_sampler_does_not_know_is_its_problem(server: Any) -> None:
    problem = {
        "type": "unknown-name",
        "title": "Unknown name",
        "detail": "There is no widget nosuch.",
        "host": None,
        "hint": "",
        "status": 404,
    }
    server.sampler.refused["host-nw"] = problem
    assert server.json("/api/v1/hosts/host-nw/points?widget=nosuch") == (404, problem)
    assert not any(spec.host == "host-nw" for spec in server.sampler.specs.values())


def test_search_check_and_facts_are_the_sampler_s_words(server: Any) -> None:
    answers = server.sampler.answers
    answers["search"] = {"metrics": [{"name": "disk.dev.read"}], "total": 1}
    answers["check"] = {"steps": [{"name": "name", "ok": True, "text": "Found."}]}
    answers["host"] = {"host": "[fd00::1]:44323", "state": "live"}
    typed = "%5Bfd00%3A%3A1%5D%3A44323"
    path = f"/api/v1/hosts/{typed}/metrics?search=disk%20read&limit=7"
    assert server.json(path)[1] == answers["search"]
    asked = server.sampler.asked("search")[-1]
    assert (asked["host"], asked["text"], asked["limit"]) == ("[fd00::1]:44323", "disk read", 7)
    found = server.json(f"/api/v1/hosts/{typed}/check")[1]
    assert found == {"host": "[fd00::1]:44323", **answers["check"]}
    status, headers, _ = server.get(f"/api/v1/hosts/{typed}")
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert server.sampler.asked("host")[-1]["host"] == "[fd00::1]:44323"


def test_names_metrics_and_files_are_the_samplers_words(server: Any) -> None:
    answers = server.sampler.answers
    answers["names"] = {"host": "web-01", "metrics": [], "total": 0}
    answers["tree"] = {"host": "web-01", "under": "disk", "nodes": []}
    answers["metric"] = {"host": "web-01", "name": "disk.dev.read"}
    answers["widget_file"] = {"name": "own.toml", "text": "group"}
    base = "/api/v1/hosts/web-01"
    answers["containers"] = {"host": "web-01", "containers": [], "total": 0}
    assert server.json(f"{base}/names")[1] == answers["names"]
    assert server.json(f"{base}/containers")[1] == answers["containers"]
    assert server.json(f"{base}/tree?under=disk")[1] == answers["tree"]
    assert server.sampler.asked("tree")[-1]["under"] == "disk"
    assert server.json(f"{base}/metric?name=disk.dev.read")[1] == answers["metric"]
    assert server.sampler.asked("metric")[-1]["metric"] == "disk.dev.read"
    path = f"{base}/widget-file?wish=chart;expr=a.b%20%2F%20c.d&id=own"
    assert server.json(path)[1] == answers["widget_file"]
    asked = server.sampler.asked("widget_file")[-1]
    assert (asked["wish"], asked["id"]) == ("chart;expr=a.b%20%2F%20c.d", "own")


def test_a_host_that_does_not_answer_has_no_containers(server: Any) -> None:
    """A page asks by itself: that is no fault on its console. What nobody may ask still is one."""
    problem = {"type": "/problems/host-late", "title": "", "status": 504, "detail": "It is late."}
    server.sampler.answers["containers"] = {"problem": problem}
    status, _, text = server.get("/api/v1/hosts/web-01/containers")
    assert status == 200
    assert json.loads(text) == {
        "host": "web-01",
        "containers": [],
        "total": 0,
        "reason": "It is late.",
    }
    problem["status"] = 403
    assert server.get("/api/v1/hosts/web-01/containers")[0] == 403


def test_a_scheme_in_the_path_survives(server: Any) -> None:
    server.sampler.answers["host"] = {"host": "pcp://web-01"}
    assert server.get("/api/v1/hosts/pcp%3A%2F%2Fweb-01")[0] == 200
    assert server.sampler.asked("host")[-1]["host"] == "pcp://web-01"


def test_the_sampler_s_errors_keep_status_and_words(server: Any) -> None:
    problem = {
        "type": "refused-by-policy",
        "title": "Refused by policy",
        "detail": "8.8.8.8 is not in an allowed network.",
        "host": "8.8.8.8",
        "hint": "Ask.",
        "status": 403,
    }
    server.sampler.answers["host"] = {"problem": problem}
    assert server.json("/api/v1/hosts/8.8.8.8") == (403, problem)


def test_without_a_sampler_the_api_says_so(run_server: Any, mode: str) -> None:
    server = run_server(mode)
    server.sampler.down()
    status, problem = server.json("/api/v1/hosts/host-z/points?widget=cpu")
    assert (status, problem["type"]) == (503, "unavailable")
    assert "sampler" in problem["detail"]


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/api/v1/nothing", 404)])
def test_unknown_paths_are_problem_documents(server: Any, path: str, status: int) -> None:
    found, headers, _ = server.get(path)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
