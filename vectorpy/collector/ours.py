"""Sampler and web process as children: their arguments, environment and readiness.

What they do is theirs (`bus.server`, `web.serve`); they get their settings as
JSON in the environment.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click

import vectorpy
from vectorpy.collector.places import Places
from vectorpy.collector.ports import in_url, own_address
from vectorpy.collector.process import Child
from vectorpy.collector.system import SYSTEM_PATH
from vectorpy.collector.users import Account
from vectorpy.settings import HANDED_DOWN, Settings, to_json

# All else in the environment stays with us: it may hold what the children's
# user must not read.
_PASSED = ("LANG", "LANGUAGE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PASSED_PREFIXES = ("LC_", "PYTHON", "EVENTLET_", "COVERAGE_")
_ANSWER_BYTES = 256 * 1024
_TIMEOUT = 1.0  # seconds


def settings_for(settings: Settings, places: Places, pmcd_socket: str) -> Settings:
    """`settings` as the children get them: with the folders and pmcd's socket of this instance."""
    return replace(
        settings,
        state_dir=str(places.data),
        runtime_dir=str(places.runtime),
        pmcd_socket=pmcd_socket,
    )


def code_paths(settings: Settings) -> list[Path]:
    """Files that the children must be able to read."""
    paths = [Path(sys.executable), Path(vectorpy.__file__), Path(click.__file__)]
    return paths + ([Path(settings.catalog_dir)] if settings.catalog_dir else [])


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The children's environment: little of ours, and their settings."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    home = settings.state_dir
    return {**kept, "PATH": SYSTEM_PATH, "HOME": home, HANDED_DOWN: to_json(settings)}


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", module)


def sampler(
    settings: Settings, places: Places, account: Account | None, environ: Mapping[str, str]
) -> Child:
    """The sampler process; ready when it takes connections on the bus."""
    return Child(
        name="sampler",
        argv=_python("vectorpy.bus.server"),
        env=environment(settings, environ),
        cwd=places.data,
        account=account,
        before=lambda: places.bus_socket.unlink(missing_ok=True),
        ready=lambda: _accepts(places.bus_socket),
    )


def web(
    settings: Settings, places: Places, account: Account | None, environ: Mapping[str, str]
) -> Child:
    """The web process; ready when it serves the page."""
    return Child(
        name="web",
        argv=_python("vectorpy.web.serve"),
        env=environment(settings, environ),
        cwd=places.data,
        account=account,
        ready=lambda: ask(settings, "/")[0] == 200,
        waits=False,  # it waits for the bus by itself, and both take a second to load
    )


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_TIMEOUT)
        try:
            sock.connect(str(path))
        except OSError:
            return False
    return True


def ask(settings: Settings, path: str) -> tuple[int, bytes]:
    """Status and body of GET `path` at the web process; status 0 where it does not answer."""
    host = own_address(settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read(_ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def url(settings: Settings) -> str:
    """The page's URL for people on this machine, or the public one where it is set."""
    if settings.public_url:
        return settings.public_url
    return f"http://{in_url(own_address(settings.host))}:{settings.port}/"


class LocalHost:
    """Asks the web process for a point of `local`; this also starts its sampling.

    After `patience` seconds without one it says what the page would say, once.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        clock: Callable[[], float],
        patience: float = 30.0,
    ) -> None:
        self._settings, self._say, self._clock = settings, say, clock
        self._patience = patience
        self._until: float | None = None

    def answers(self) -> bool:
        """Whether a point of `local` came."""
        now = self._clock()
        if self._until is None:
            self._until = now + self._patience
        status, body = ask(self._settings, "/api/v1/hosts/local/points?widget=load&window=60s")
        if status == 200 and has_point(body):
            return True
        if now > self._until:
            self._until = float("inf")
            self._say(f"the page is at {url(self._settings)}, but this host does not answer yet:")
            self._say(f"{reason(body)} It is tried on.")
        return False


def has_point(body: bytes) -> bool:
    """Whether an answer of the API's points has at least one number."""
    try:
        return any(
            value is not None
            for widget in json.loads(body)["widgets"]
            for series in widget["series"]
            for _, value in series["points"]
        )
    except (ValueError, KeyError, TypeError):
        return False


def reason(body: bytes) -> str:
    """The sentence in an answer that has no point yet."""
    try:
        answer = json.loads(body)
    except ValueError:
        return "there is no answer."
    found = [answer.get(key) for key in ("reason", "detail", "title", "state", "hint")]
    return " ".join(str(text) for text in found if text) or "it gave no reason."
