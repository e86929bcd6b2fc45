"""Who may come in: Host, Origin, proxies, cross-site requests; and what goes with every answer."""

from __future__ import annotations

from typing import Any

import pytest
import websocket

from vectorpy.settings import Settings
from vectorpy.web.security import Policy, host_name, is_local, may_start

# -- the policy ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8044", "localhost"),
        ("LOCALHOST.", "localhost"),
        ("[::1]:8044", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("a@localhost", ""),
        ("localhost/x", ""),
        ("localhost?x", ""),
        ("localhost:80; script-src *", ""),
        ("localhost:x", ""),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("settings", "bound", "good", "bad"),
    [
        (
            {},
            "127.0.0.1",
            ["localhost", "127.0.0.1:8044", "[::1]:1", "localhost:9000"],
            ["evil.test", "box", "10.0.0.5", "localhost.evil.test", ""],
        ),
        ({}, "::1", ["localhost", "[::1]:8044"], ["evil.test"]),
        ({"host": "10.0.0.5"}, "10.0.0.5", ["10.0.0.5:8044", "box", "box.lan"], ["10.0.0.6"]),
        ({"host": "0.0.0.0"}, "0.0.0.0", ["10.9.8.7", "[fd00::1]:1", "box"], ["evil.test"]),
        ({"public_url": "https://dash.example/"}, "127.0.0.1", ["dash.example"], ["x.example"]),
        ({"public_url": "https://dash.example:8443"}, "127.0.0.1", ["dash.example:8443"], ["box"]),
    ],
)
def test_hosts_that_are_ours(
    settings: dict[str, Any], bound: str, good: list[str], bad: list[str]
) -> None:
    policy = Policy(Settings(**settings), bound, machine=lambda: ["box", "box.lan"])
    assert [header for header in good if not policy.host_allowed(header)] == []
    assert [header for header in bad if policy.host_allowed(header)] == []


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8044", True),
        ("HTTP://LOCALHOST:8044", True),
        ("https://dash.example", True),
        ("http://dash.example", False),
        ("https://localhost:8044", False),
        ("http://localhost:8045", False),
        ("http://127.0.0.1:8044", False),
        ("http://evil.test", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins_that_are_ours(origin: str, allowed: bool) -> None:
    policy = Policy(Settings(public_url="https://dash.example"), "127.0.0.1")
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost:8044"}
    assert policy.origin_allowed(origin, environ) is allowed


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"HTTP_USER_AGENT": "curl/8"}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_USER_AGENT": "Mozilla/5.0"}, True),
        ({"HTTP_SEC_FETCH_SITE": "none"}, True),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": ""}, False),
        ({"HTTP_USER_AGENT": "Mozilla/5.0"}, False),
        ({"HTTP_REFERER": "http://evil.test/"}, False),
        ({"HTTP_ORIGIN": "http://localhost:8044"}, False),
    ],
)
def test_requests_that_may_start_a_host(headers: dict[str, str], allowed: bool) -> None:
    assert may_start(dict(headers)) is allowed


def test_a_request_by_way_of_a_proxy_is_not_local() -> None:
    assert is_local({"REMOTE_ADDR": "127.0.0.1"})
    assert is_local({"REMOTE_ADDR": "::1"})
    assert not is_local({"REMOTE_ADDR": "10.0.0.1"})
    assert not is_local({"REMOTE_ADDR": ""})
    assert not is_local({"REMOTE_ADDR": "127.0.0.1", "vectorpy.forwarded": True})


# -- a real server ---------------------------------------------------------------

PATHS = [
    "/",
    "/embed",
    "/static/js/main.js",
    "/static/none.js",
    "/nothing",
    "/api/v1/widgets",
    "/api/v1/hosts/%3Cscript%3E",
    "/socket.io/?EIO=4&transport=polling",
    "/socket.io/?EIO=3&transport=websocket",
    "/healthz",
    "/limits",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers(server: Any, path: str) -> None:
    _, headers, body = server.get(path)
    csp = headers["content-security-policy"]
    for rule in (
        "default-src 'self'",
        "script-src 'self';",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        f"connect-src 'self' ws://127.0.0.1:{server.port} wss://127.0.0.1:{server.port};",
    ):
        assert rule in csp
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert not any(name.startswith("access-control") for name in headers)
    assert "set-cookie" not in headers
    assert b"<script>" not in body or path in ("/", "/embed")


@pytest.mark.parametrize("host", ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "x@y"])
@pytest.mark.parametrize("path", ["/", "/api/v1/hosts", "/socket.io/?EIO=4&transport=polling"])
def test_a_foreign_host_name_is_refused_everywhere(server: Any, host: str, path: str) -> None:
    status, headers, body = server.get(path, {"Host": host})
    assert status == 421
    assert headers["content-type"] == "application/problem+json"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert host not in headers["content-security-policy"]
    assert host.encode() not in body


def _handshake(server: Any, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Status and headers of a websocket's opening."""
    given = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    }
    host = given.pop("Host", f"127.0.0.1:{server.port}")
    url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    lines = [f"{k}: {v}" for k, v in given.items() if not k.startswith(("Conn", "Upg", "Sec-Web"))]
    try:
        ws = websocket.create_connection(
            url, timeout=10, suppress_origin=True, header=lines, host=host
        )
    except websocket.WebSocketBadStatusException as error:
        return error.status_code, {}
    found = {name.lower(): value for name, value in ws.headers.items()}
    assert ws.recv().startswith("0{")
    ws.shutdown()
    return 101, found


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"Origin": "http://127.0.0.1:PORT"}, 101),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),
        ({"Origin": "http://evil.test", "X-Forwarded-Host": "evil.test"}, 403),
        ({"Origin": "http://evil.test", "Host": "evil.test"}, 421),
        ({"Host": "evil.test"}, 421),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_origins_of_websockets(server: Any, headers: dict[str, str], status: int) -> None:
    given = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
    assert _handshake(server, given)[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 405),
        ({"Origin": "http://127.0.0.1:PORT"}, 405),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_requests_that_write_must_be_our_own(
    server: Any, headers: dict[str, str], status: int, method: str
) -> None:
    given = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
    assert server.get("/api/v1/hosts", given, method)[0] == status


def test_deflate_is_off_though_browsers_offer_it(server: Any, make_channel: Any) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    page = server.page(offer)
    assert "sec-websocket-extensions" not in {name.lower() for name in page.ws.headers}
    page.watch(make_channel("host-deflate"))
    page.until("history")


def test_headers_of_a_proxy_that_nobody_trusts_change_nothing(server: Any) -> None:
    spoofed = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.test"}
    assert server.get("/", spoofed)[0] == 200
    assert server.get("/metrics")[0] == 200
    assert server.get("/metrics", spoofed)[0] == 403


def test_a_trusted_proxy_is_believed(run_server: Any, mode: str) -> None:
    server = run_server(mode, trusted_proxies=1, public_url="https://dash.example")
    via = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https", "Host": "dash.example"}
    assert server.get("/", via)[0] == 200
    assert server.get("/metrics", via)[0] == 403
    assert server.get("/metrics", {**via, "X-Forwarded-For": "127.0.0.1"})[0] == 200
    named = {**via, "X-Forwarded-Host": "evil.test"}
    assert server.get("/", named)[0] == 421
    assert _handshake(server, {**via, "Origin": "https://dash.example"})[0] == 101
    assert _handshake(server, {**via, "Origin": "http://dash.example"})[0] == 403


def test_only_named_origins_may_frame_embed(run_server: Any, mode: str) -> None:
    server = run_server(mode, embed_origins=("https://wiki.example", "https://b.example"))
    _, headers, _ = server.get("/embed")
    assert (
        "frame-ancestors https://wiki.example https://b.example"
        in (headers["content-security-policy"])
    )
    assert "x-frame-options" not in headers
    _, headers, _ = server.get("/")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "/points?widget=cpu",
        "/metrics?search=x",
        "/check",
        "/names",
        "/tree",
        "/metric?name=a.b",
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"User-Agent": "Mozilla/5.0"},
        {"Referer": "http://evil.test/"},
        {"Origin": "http://evil.test"},
    ],
)
def test_a_cross_site_request_starts_no_host(
    server: Any, headers: dict[str, str], tail: str
) -> None:
    before = len([ask for ask in server.sampler.asks if ask["op"] not in ("ping", "health")])
    status, _, body = server.get(f"/api/v1/hosts/host-never{tail}", headers)
    assert status == 403
    assert b"cross-site" in body
    after = len([ask for ask in server.sampler.asks if ask["op"] not in ("ping", "health")])
    assert after == before


def test_a_host_that_somebody_watches_is_answered_to_his_browser(
    server: Any, make_channel: Any
) -> None:
    page = server.page()
    page.watch(make_channel("host-known"))
    page.until("history")
    browser = {"User-Agent": "Mozilla/5.0"}
    assert server.get("/api/v1/hosts/host-known/points?widget=cpu", browser)[0] == 200
    server.sampler.answers["host"] = {"host": "host-known"}
    assert server.get("/api/v1/hosts/host-known", browser)[0] == 200
    assert server.sampler.asked("host")[-1]["start"] is False
    assert server.get("/api/v1/hosts/host-known")[0] == 200
    assert server.sampler.asked("host")[-1]["start"] is True


def test_an_address_of_more_than_8_kb_is_refused(server: Any) -> None:
    assert server.get("/?w=" + "x" * 8200)[0] in (400, 414)
    assert server.get("/?w=" + "x" * 7000)[0] == 200
