"""Builds the web application: Flask, Socket.IO, the relay, and the layers around them.

Composition only. The async mode must be in force (`aio.start`) before this
module is imported.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flask import Flask
from flask_socketio import SocketIO

from vectorpy import aio, paths
from vectorpy.bus.client import BusClient
from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.followed import Followed
from vectorpy.catalog.groups import HostGroups
from vectorpy.model import wire
from vectorpy.settings import Settings
from vectorpy.web import api, errors, groups, ops, pages, security, sockets
from vectorpy.web.bursts import BurstRelay
from vectorpy.web.limits import Limits
from vectorpy.web.live import Relay
from vectorpy.web.points import Points
from vectorpy.web.pulse import Pulse

_BODY_BYTES = 64 * 1024


class MakeBus(Protocol):
    """Makes the bus's client around the two callbacks of the relay."""

    def __call__(
        self, on_event: Callable[[str, str, str], None], on_link: Callable[[bool], None]
    ) -> BusClient: ...


@dataclass(slots=True)
class Web:
    """The parts of the web application. `wsgi` is what a server serves."""

    app: Flask
    socketio: SocketIO
    wsgi: security.Wsgi
    relay: Relay
    points: Points
    connections: sockets.Connections
    vendor: pages.Vendor
    pulse: Pulse
    host_groups: HostGroups
    followed: Followed | None = None

    def start(self) -> None:
        """Start what runs beside: sweeping, the sampler's pulse, packing of Plotly."""
        aio.spawn(self.vendor.pack)
        aio.spawn(self.pulse.guarded, "sweep", self.sweep, lambda: aio.sleep(1.0))
        ask = self.relay.bus
        aio.spawn(
            self.pulse.guarded,
            "sampler-pulse",
            lambda: self.pulse.ask_sampler(ask),
            lambda: aio.sleep(1.0),
        )

    def sweep(self) -> None:
        """Once a second: leases, slow viewers, stalled connections, files of widgets."""
        self.points.sweep()
        self.relay.sweep(self.points.leased())
        self.connections.sweep()
        self.host_groups.look()
        if self.followed is not None and self.followed.look() is not None:
            self.connections.emit("catalog", wire.catalog(self.followed.problems))


def _linked(*heard: Callable[[bool], None]) -> Callable[[bool], None]:
    """Tells all of them that the bus was gained or lost."""

    def told(up: bool) -> None:
        for hear in heard:
            hear(up)

    return told


def _faults_of(catalog: Catalog, followed: Followed | None) -> Callable[[], list[str]]:
    """What tells the faults of the user's files of widgets."""
    return lambda: followed.problems if followed else list(catalog.problems)


def create_app(
    settings: Settings,
    make_bus: MakeBus,
    catalog: Catalog,
    *,
    bound: str = "127.0.0.1",
    static: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    followed: Followed | None = None,
) -> Web:
    """The whole web application on a bus; `bound` is the address that is listened on.

    `static` is the page's folder (found beside the package where not given).
    Raises ConfigError where Plotly's package is missing, FileNotFoundError where
    the page is. A `followed` whose catalogue this is follows the user's files.
    """
    folder = static or paths.static_root()
    app = Flask("vectorpy.web", static_folder=str(folder), static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = _BODY_BYTES
    policy = security.Policy(settings, bound)
    limits, pulse = Limits(settings), Pulse(clock)
    socketio = sockets.create(app, settings, policy.origin_allowed)
    connections = sockets.Connections(socketio, settings, limits, clock)
    known, cut = catalog.instantiate, connections.cut_viewer
    relay = Relay(settings, connections, limits, known=known, clock=clock, cut=cut)
    points = Points(settings, lambda: relay.bus, limits, clock=clock)
    relay.listen(points.heard)
    bursts = BurstRelay(relay, connections)
    relay.attach(make_bus(relay.on_event, _linked(pulse.link, relay.on_link, bursts.on_link)))
    sockets.install(socketio, connections, relay, bursts, secrets.token_hex(8))
    vendor = pages.Vendor(settings)
    host_groups = HostGroups.of(settings)
    faults = _faults_of(catalog, followed)
    problems = lambda: [*faults(), *host_groups.problems]  # noqa: E731
    cuts = lambda: dict(connections.cuts)  # noqa: E731
    app.register_blueprint(pages.blueprint(folder, vendor))
    app.register_blueprint(api.blueprint(settings, relay, points, catalog, faults))
    app.register_blueprint(groups.blueprint(settings, relay, host_groups))
    app.register_blueprint(ops.blueprint(settings, relay, pulse, cuts, problems))
    errors.install(app)
    whole = security.behind_proxies(security.Guard(app.wsgi_app, settings, policy), settings)
    parts = (relay, points, connections, vendor, pulse, host_groups, followed)
    return Web(app, socketio, whole, *parts)
