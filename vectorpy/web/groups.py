"""Groups of hosts over HTTP: those of the owner's file, and the addresses behind a name.

Routes only: the file is `catalog.groups`', names are looked up by the sampler under its policy.
`NAME/*` means all addresses of NAME: no host has a path, so the form is free, and it takes a
scheme and a port where a host does.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from vectorpy.catalog.groups import NAME, HostGroups
from vectorpy.errors import UnknownName
from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.web.errors import CrossSite
from vectorpy.web.live import Relay
from vectorpy.web.security import may_start

ALL = "/*"
_TIMEOUT = 12.0


def blueprint(settings: Settings, relay: Relay, groups: HostGroups) -> Blueprint:
    """The two routes below /api/v1/groups."""
    routes = Blueprint("groups", __name__, url_prefix="/api/v1/groups")

    @routes.get("")
    def listed() -> Response:
        rows = [{"name": name, "hosts": list(hosts)} for name, hosts in groups.members.items()]
        return _json({"groups": rows, "problems": groups.problems})

    @routes.get("/<path:name>")
    def one(name: str) -> Response:
        found = _named(relay, name) if name.endswith(ALL) else _filed(groups, name)
        # A page holds no more; how many there are is told.
        shown = found["hosts"][: settings.dashboard_hosts]
        return _json({**found, "hosts": shown, "total": found.get("total", len(found["hosts"]))})

    return routes


def _filed(groups: HostGroups, name: str) -> dict[str, Any]:
    """A group of the file; UnknownName."""
    hosts = groups.members.get(name)
    if hosts is None:
        known = ", ".join(sorted(groups.members)[:12])
        faults = " ".join(groups.problems[:3])
        told = f"There are: {known}." if known else "The setting host_groups names their file."
        shown = name if NAME.fullmatch(name) else "that name"
        raise UnknownName(f"This server has no group of hosts {shown}.", hint=faults or told)
    return {"name": name, "hosts": list(hosts), "refused": []}


def _named(relay: Relay, name: str) -> dict[str, Any]:
    """The addresses of a name; CrossSite for requests that must not make us ask for it."""
    if not may_start(request.environ):
        raise CrossSite("A request like this, as pages of other sites make it, looks up no name.")
    host = hostspec.parse(name.removesuffix(ALL))
    _, text = relay.bus.request("spread", _TIMEOUT, host=host.id)
    return {"name": host.id + ALL, **json.loads(text)}


def _json(found: dict[str, Any]) -> Response:
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    answer = Response(text, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
