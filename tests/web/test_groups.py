"""Groups over HTTP: from the file, and by a name; on a scripted sampler."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

CROSS = {"Sec-Fetch-Site": "cross-site"}
FOUND = {
    "hosts": ["10.0.0.1", "10.0.0.2"],
    "refused": [{"host": "8.8.8.8", "reason": "No."}],
    "total": 3,
}


@pytest.fixture
def grouped(run_server: Any, tmp_path: Path) -> Any:
    """A server with a file of groups, which `write` replaces."""
    path = tmp_path / "groups.toml"
    many = ", ".join(f'"m{n}"' for n in range(20))
    path.write_text(f'web = ["web-01", "web-02"]\nmany = [{many}]\nbad = 7\n')
    server = run_server("threading", host_groups=str(path))
    server.groups = path
    return server


def test_groups_of_the_file(grouped: Any, wait_until: Any) -> None:
    status, found = grouped.json("/api/v1/groups")
    assert status == 200
    assert found["groups"][0] == {"name": "web", "hosts": ["web-01", "web-02"]}
    assert found["problems"][0].startswith("groups.toml, line 3: the group bad ")
    assert grouped.json("/api/v1/groups/web") == (
        200,
        {"name": "web", "hosts": ["web-01", "web-02"], "refused": [], "total": 2},
    )
    status, found = grouped.json("/api/v1/groups/many")
    assert (found["hosts"][-1], len(found["hosts"]), found["total"]) == ("m15", 16, 20)
    assert "groups.toml, line 3" in grouped.json("/healthz")[1]["catalog"]["problems"][0]
    # A change is taken in while it runs.
    grouped.groups.write_text('db = ["db-1"]\n')
    os.utime(grouped.groups, (1_795_000_000, 1_795_000_000))
    wait_until(
        lambda: grouped.json("/api/v1/groups")[1]["groups"] == [{"name": "db", "hosts": ["db-1"]}],
        "db",
    )
    status, problem = grouped.json("/api/v1/groups/web")
    assert (status, problem["detail"]) == (404, "This server has no group of hosts web.")
    assert problem["hint"] == "There are: db."


def test_a_name_s_addresses_are_asked_of_the_sampler(server: Any) -> None:
    server.sampler.answers["spread"] = FOUND
    status, found = server.json("/api/v1/groups/WEB.example.com:44322/*")
    assert status == 200
    assert found == {"name": "web.example.com/*", **FOUND}
    assert server.sampler.asked("spread")[-1]["host"] == "web.example.com"
    assert server.json("/api/v1/groups/pcp%3A%2F%2Fweb/*")[1]["name"] == "pcp://web/*"


def test_other_sites_make_no_look_up(server: Any) -> None:
    before = len(server.sampler.asked("spread"))
    for headers in (CROSS, {"Origin": "http://evil.example"}, {"User-Agent": "Mozilla/5.0"}):
        assert server.json("/api/v1/groups/web/*", headers)[0] == 403
    assert len(server.sampler.asked("spread")) == before


@pytest.mark.parametrize("name", ["a b/*", "web/x/*", "user@web/*", "%3Cimg%3E", "*"])
def test_odd_names_are_refused_in_words(server: Any, name: str) -> None:
    status, problem = server.json(f"/api/v1/groups/{name.replace(' ', '%20')}")
    assert status in (400, 404)
    assert problem["detail"]
