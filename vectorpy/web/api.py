"""The HTTP API: catalog, hosts, points, metric search, checks. JSON in WIRE's shapes.

Routes only: reading of arguments, asking the bus, shaping answers. Everything
about a host is the sampler's knowledge; what may start a host is `security`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from vectorpy.catalog.catalog import Catalog
from vectorpy.errors import LimitReached, UserError, VectorpyError
from vectorpy.model import hostspec, watch
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.web.errors import CrossSite
from vectorpy.web.live import Relay
from vectorpy.web.points import Points
from vectorpy.web.security import may_start

_INTERVAL_MAX = 60
_SEARCH_MAX = 500
_HOST_TIMEOUT, _CHECK_TIMEOUT = 12.0, 25.0
# All names of a host: a loaded pmproxy takes long, and then they are known.
_NAMES_TIMEOUT = 45.0


def blueprint(
    settings: Settings,
    relay: Relay,
    points: Points,
    catalog: Catalog,
    problems: Callable[[], list[str]],
) -> Blueprint:
    """All routes below /api/v1. `problems` are the faults of the user's files."""
    routes = Blueprint("api", __name__, url_prefix="/api/v1")
    _catalog_routes(routes, catalog, problems)
    # Before the host itself, whose path takes everything.
    _metric_routes(routes, relay)
    _host_routes(routes, settings, relay)

    @routes.get("/hosts/<path:typed>/points")
    def host_points(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        status, found = points.read(_spec(settings, relay, host), _window(settings))
        return _json(found, status)

    return routes


def _catalog_routes(routes: Blueprint, catalog: Catalog, problems: Callable[[], list[str]]) -> None:
    @routes.get("/widgets")
    def widgets() -> Response:
        page = catalog.page()
        found = {"widgets": page["widgets"], "aliases": page["aliases"]}
        return _json({**found, "problems": problems()})

    @routes.get("/presets")
    def presets() -> Response:
        page = catalog.page()
        return _json({"presets": page["presets"], "default": page["default"]})


def _host_routes(routes: Blueprint, settings: Settings, relay: Relay) -> None:
    @routes.get("/hosts")
    def hosts() -> Response:
        _, text = relay.bus.request("hosts")
        default = hostspec.LOCAL if settings.pmcd_socket else None
        return _json({"default": default, **json.loads(text)})

    @routes.get("/hosts/<path:typed>/check")
    def check(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        _, found = relay.bus.request("check", _CHECK_TIMEOUT, host=host)
        return _json({"host": host, **json.loads(found)})

    @routes.get("/hosts/<path:typed>")
    def host(typed: str) -> Response:
        host_id, start = _permitted(relay, typed)
        _, found = relay.bus.request("host", _HOST_TIMEOUT, host=host_id, start=start)
        return _text(found)


def _metric_routes(routes: Blueprint, relay: Relay) -> None:
    @routes.get("/hosts/<path:typed>/metrics")
    def metrics(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        text, limit = request.args.get("search", ""), _number("limit", 50, _SEARCH_MAX)
        if len(text) > 256:
            raise UserError("The text to search for is too long.")
        _, found = relay.bus.request("search", _NAMES_TIMEOUT, host=host, text=text, limit=limit)
        return _text(found)

    @routes.get("/hosts/<path:typed>/names")
    def names(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        return _text(relay.bus.request("names", _NAMES_TIMEOUT, host=host)[1])

    @routes.get("/hosts/<path:typed>/tree")
    def tree(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        under = _name("under")
        return _text(relay.bus.request("tree", _NAMES_TIMEOUT, host=host, under=under)[1])

    @routes.get("/hosts/<path:typed>/metric")
    def metric(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        name = _name("name")
        if not name:
            raise UserError("Which metric?", hint="Add ?name=NAME; names lists them.")
        return _text(relay.bus.request("metric", _NAMES_TIMEOUT, host=host, metric=name)[1])

    @routes.get("/hosts/<path:typed>/containers")
    def containers(typed: str) -> Response:
        return _containers(relay, _permitted(relay, typed)[0])

    @routes.get("/hosts/<path:typed>/widget-file")
    def widget_file(typed: str) -> Response:
        host, _ = _permitted(relay, typed)
        wish = Wish.parse(request.args.get("wish", ""))
        ask = {"host": host, "wish": wish.text, "id": _name("id")}
        return _text(relay.bus.request("widget_file", _HOST_TIMEOUT, **ask)[1])


def _permitted(relay: Relay, typed: str) -> tuple[str, bool]:
    """Host id, and whether it may be started. CrossSite where it would have to be and may not."""
    host = hostspec.parse(typed).id
    start = may_start(request.environ)
    if not start and host not in relay.books.hosts():
        raise CrossSite("A request like this, as pages of other sites make it, starts no host.")
    return host, start


def _spec(settings: Settings, relay: Relay, host: str) -> ChannelSpec:
    texts = request.args.getlist("widget")
    if not texts:
        raise UserError("Which widget?", hint="Add ?widget=ID; /api/v1/widgets lists them.")
    if len(texts) > settings.dashboard_widgets:
        relay.limits.hit("dashboard_widgets")
        raise LimitReached(
            f"At most {settings.dashboard_widgets} widgets may be asked for at once.",
            limit="dashboard_widgets",
        )
    interval = _duration("interval", "1s")
    if not 1 <= interval <= _INTERVAL_MAX:
        raise UserError(f"The interval must be 1 to {_INTERVAL_MAX} seconds.")
    return ChannelSpec(host, interval, tuple(Wish.parse(text) for text in texts))


def _window(settings: Settings) -> int:
    window = _duration("window", "60s")
    if not 1 <= window <= settings.ring_seconds:
        raise UserError(f"The window must be 1 to {settings.ring_seconds} seconds.")
    return window


def _duration(name: str, default: str) -> int:
    return watch.duration(request.args.get(name, default))


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise UserError(f"{name} must be a number from 1 to {most}.")
    return int(text)


def _name(key: str) -> str:
    text = request.args.get(key, "")
    if len(text) > 256:
        raise UserError(f"The {key} is too long.")
    return text


def _containers(relay: Relay, host: str) -> Response:
    # An answer is shared for some seconds, however many pages ask.
    ask = {"host": host, "age": _number("age", 2, 60)}
    try:
        return _text(relay.bus.request("containers", _HOST_TIMEOUT, **ask)[1])
    except VectorpyError as error:
        # Pages ask by themselves: a host that goes just then is no fault of the page.
        if error.status not in (502, 503, 504):
            raise
        return _json({"host": host, "containers": [], "total": 0, "reason": str(error)})


def _json(found: dict[str, Any], status: int = 200) -> Response:
    return _text(json.dumps(found, separators=(",", ":"), allow_nan=False), status)


def _text(text: str, status: int = 200) -> Response:
    answer = Response(text, status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
