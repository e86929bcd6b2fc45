"""What `up`, `serve` and `collector` start: the children of each, in their order.

Only the composition stands here, and what is said of it. The children
themselves stand in `pmcd`, `pmproxy` and `ours`, their keeping in `supervise`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vectorpy import paths
from vectorpy.collector import layout, ours, pmcd, pmproxy, ports, starting, users
from vectorpy.collector import places as folders
from vectorpy.collector import system as pcp_system
from vectorpy.collector.agents import (
    AGENTS,
    Agent,
    conf_folder,
    with_ours,
    without_secrets,
)
from vectorpy.collector.logs import Logs
from vectorpy.collector.pmcd import LOOPBACK, Listen
from vectorpy.collector.process import Child
from vectorpy.collector.supervise import Supervisor
from vectorpy.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Way:
    """How we were started, and how we speak.

    `say` takes sentences on progress, `tell` the line that others wait for.
    `root` is the root of the file system, `pcp_conf` the system's pcp.conf:
    both differ in tests only.
    """

    environ: Mapping[str, str]
    say: Say
    tell: Say
    root: Path = Path("/")
    pcp_conf: Path = pcp_system.SYSTEM_CONF


def up(
    settings: Settings,
    way: Way,
    *,
    web_api: tuple[int, int] | None = None,
    agents: tuple[Agent, ...] = AGENTS,
) -> None:
    """Run a private collector, sampler and web until a signal.

    `web_api` (ports of pmcd and pmproxy, on loopback) serves PCP's web API
    too. Raises Unavailable or ConfigError where it can't be started.
    """
    roles = users.roles()
    system = pcp_system.read(way.pcp_conf)
    settings = _page_port(settings, way)
    pair = None
    if web_api is not None:
        pair = (Listen(LOOPBACK, web_api[0]), Listen(LOOPBACK, web_api[1]))
        _require_pcp_ports(pair, ("--pmcd-port", "--web-port"))
    with _Instance(str(settings.port), roles, way, settings) as instance:
        own = ours.settings_for(settings, instance.places, str(instance.places.pmcd_socket))
        _require_code(roles, own)
        local = ours.LocalHost(own, way.say, time.monotonic)
        instance.keep(
            [
                *_collector(system, instance, agents, pair, way),
                *_page(own, instance, way),
            ],
            goal=local.answers,
            reached=lambda: way.tell(f"vectorpy is at {ours.url(own)}"),
        )


def serve(settings: Settings, way: Way) -> None:
    """Run sampler and web until a signal. Errors as in `up`."""
    roles = users.roles(needs_pcp=False)
    settings = _page_port(settings, way)
    with _Instance(str(settings.port), roles, way, settings) as instance:
        own = ours.settings_for(settings, instance.places, settings.pmcd_socket)
        _require_code(roles, own)
        instance.keep(
            _page(own, instance, way),
            reached=lambda: way.tell(f"vectorpy is at {ours.url(own)}"),
        )


def collect(
    settings: Settings,
    way: Way,
    *,
    host: str,
    port: int,
    web_port: int,
    agents: tuple[Agent, ...] = AGENTS,
) -> None:
    """Run pmcd, its agents and pmproxy on `host` until a signal. Errors as in `up`."""
    roles = users.roles()
    system = pcp_system.read(way.pcp_conf)
    address = ports.numeric(host)
    pair = (Listen(address, port), Listen(address, web_port))
    _require_pcp_ports(pair, ("--port", "--web-port"))
    if not ports.is_loopback(address):
        way.say(
            f"WARNING: pmcd and pmproxy are served on {host}, without a password. Whoever reaches "
            "them reads this host's metrics, and pmproxy connects to any other PCP host for them. "
            "Let a firewall admit only the machines that need it."
        )
    with _Instance(f"collector-{port}", roles, way, settings) as instance:
        where = f"pmcd on {host} port {port}, web API on {host} port {web_port}"
        instance.keep(
            _collector(system, instance, agents, pair, way),
            reached=lambda: way.tell(f"the collector answers: {where}"),
        )


def _page_port(settings: Settings, way: Way) -> Settings:
    """`settings` with a port that is free, and a warning where others can reach the page."""
    if settings.port == 0:
        settings = replace(settings, port=ports.free_port(settings.host))
    ports.require_free(settings.host, settings.port, "the page", "--port")
    if not ports.is_loopback(settings.host):
        way.say(
            f"WARNING: the page is served on {settings.host}, without a password. Whoever reaches "
            "it sees the hosts that this server may reach. Put a proxy with a login before it, or "
            "let a firewall admit only the machines that need it."
        )
    return settings


def _require_pcp_ports(pair: tuple[Listen, Listen], flags: tuple[str, str]) -> None:
    ports.require_two(pair[0].port, pair[1].port, flags)
    for host in pmcd.addresses(pair[0]):
        ports.require_free(host, pair[0].port, "pmcd", flags[0])
    ports.require_free(pair[1].host, pair[1].port, "pmproxy", flags[1])


def _require_code(roles: users.Roles, settings: Settings) -> None:
    if roles.drops:
        users.require_readable(roles.stack, ours.code_paths(settings))


class _Instance:
    """The folders, lock and logs of one instance while it runs."""

    def __init__(self, name: str, roles: users.Roles, way: Way, settings: Settings) -> None:
        self.roles = roles
        self.places = folders.places(
            name, roles, way.environ, settings.state_dir, settings.runtime_dir, way.root
        )
        self.conf = conf_folder(settings.agents_conf)
        self._way = way
        self._lock = folders.Lock()

    def __enter__(self) -> _Instance:
        layout.prepare_folders(self.places, self.roles)
        if self.roles.drops:
            reached = (self.places.data, self.places.runtime)
            users.require_readable(self.roles.stack, reached, users.FOLDER_HINT)
        try:
            self._lock.take(self.places.state)
            self._lock.take(self.places.runtime)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._lock.release()

    def keep(
        self,
        children: list[Child],
        *,
        goal: Callable[[], bool] = lambda: True,
        reached: Callable[[], None],
    ) -> None:
        """Supervise `children` until a signal."""
        say = self._way.say
        say(f"logs are in {self.places.logs}")
        Supervisor(
            children,
            say=say,
            log=Logs(self.places.logs).write,
            health_path=self.places.health,
            goal=goal,
            reached=reached,
        ).run()
        say("stopped.")


def _collector(
    system: pcp_system.System,
    instance: _Instance,
    agents: tuple[Agent, ...],
    pair: tuple[Listen, Listen] | None,
    way: Way,
) -> list[Child]:
    """pmcd, and pmproxy where `pair` says where both listen; their files are written."""
    roles, files = instance.roles, layout.Layout(instance.places)
    pmda = paths.pmda_root()
    privileged = starting.names(pmda, way.say) if roles.drops else ()
    agents = with_ours(agents, pmda, starting.connectors(files, privileged), instance.conf)
    if pair is not None and not roles.separate:
        agents = without_secrets(agents)
        way.say(
            "without per-process metrics: pmproxy would tell anybody what only you may read of "
            "your processes. Started by root, it gets a user of its own and they are there."
        )
    layout.prepare(system, files, roles, agents)
    first = [starting.child(files, roles.stack, pmda, instance.conf)] if privileged else []
    if pair is None:
        return [*first, pmcd.child(system, files, roles, agents, None, way.say)]
    return [
        *first,
        pmcd.child(system, files, roles, agents, pair[0], way.say),
        pmproxy.child(system, files, roles, agents, pair[1], pair[0]),
    ]


def _page(settings: Settings, instance: _Instance, way: Way) -> list[Child]:
    account = instance.roles.stack if instance.roles.drops else None
    return [
        ours.sampler(settings, instance.places, account, way.environ),
        ours.web(settings, instance.places, account, way.environ),
    ]
