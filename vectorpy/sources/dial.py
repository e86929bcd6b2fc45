"""From a host id to an open way: name, policy, probes, and the transport that fits.

The one place where sources are made. `Dialler` is shared by all threads; the
sources that it gives belong to one thread each.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vectorpy.errors import (
    HostDown,
    HostError,
    HostLate,
    NotPcp,
    RefusedByPolicy,
    Unavailable,
    UserError,
)
from vectorpy.model.hostspec import LOCAL, HostId
from vectorpy.settings import Settings
from vectorpy.sources import libpcp, probe
from vectorpy.sources.egress import Getter, Limits, base_url
from vectorpy.sources.face import Facts, Source
from vectorpy.sources.guard import Guarded
from vectorpy.sources.pmcd import PmcdSource
from vectorpy.sources.policy import Policy
from vectorpy.sources.probe import Place, Transport
from vectorpy.sources.resolver import Resolver, bracketed
from vectorpy.sources.web import WebSource

PMPROXY, PMWEBD, PMCD = 44322, 44323, 44321
_FAILURES = 3  # in a row, after which another way is looked for
_DISTRUST = 60.0  # seconds in which a way that failed so comes last
_ADDRESSES = 4  # of a name that has many
_GREETING = 0.3  # seconds in which a port that may be either may show what it is


@dataclass(slots=True)
class _Way:
    """How a host was reached last, and how often in a row it failed since."""

    place: Place
    failures: int = 0


class Dialler:
    """Makes sources. Thread-safe; one per process.

    `resolver` and `policy` may be replaced by tests, `clock` ages what is known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolver: Resolver | None = None,
        policy: Policy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.policy = policy or Policy(settings)
        self.resolver = resolver or Resolver()
        self._clock = clock
        self._gate = threading.BoundedSemaphore(settings.gate_probes)
        self._lock = threading.Lock()
        self._ways: dict[str, _Way] = {}
        self._distrusted: dict[tuple[str, int], float] = {}

    def close(self) -> None:
        """End the resolver's threads."""
        self.resolver.close()

    # -- the face to live -----------------------------------------------------

    def dial(self, host: HostId) -> Source:
        """An unopened source of `host`, over the best way that answers.

        Blocks up to the resolver's deadline and the connect timeout. BadHost,
        RefusedByPolicy, HostDown, HostLate, NotPcp; Unavailable where only pmcd
        answers and PCP's bindings are absent.
        """
        return self._dial(host, self.settings)

    def dial_wide(self, host: HostId) -> Source:
        """As `dial`, for tables: its answers may be larger (table_values, table_bytes)."""
        s = self.settings
        wide = dataclasses.replace(s, fetch_values=s.table_values, answer_bytes=s.table_bytes)
        return self._dial(host, wide)

    def _dial(self, host: HostId, settings: Settings) -> Source:
        if host.id == LOCAL:
            return self._guarded(host, self._local_source(settings))
        way = self._known_way(host)
        place = way.place if way is not None else self._find_way(host)
        if place.transport == "pmcd":
            if way is not None:
                self._check_pmcd(host, place)
            source: Source = self._pmcd_source(host, place, settings)
        else:
            source = self._web_source(host, place, settings)
        return self._guarded(host, source)

    def alive(self, host: HostId) -> bool:
        """Whether `host` takes a connection now, within the connect timeout; never raises."""
        try:
            if host.id == LOCAL:
                return self._local_alive()
            way = self._known_way(host)
            if way is not None:
                return _closed(probe.connect(way.place, self.settings.connect_timeout))
            with self._gate:
                outcome = probe.race(self.places(host), self.settings.connect_timeout)
                return _closed(outcome.socket)
        except (HostError, RefusedByPolicy, UserError):
            return False

    # -- where a host may be ------------------------------------------------------

    def places(self, host: HostId) -> list[Place]:
        """Where `host` may answer, best first, every address checked. Raises as `dial`."""
        ports = ports_of(host, self.policy)
        kinds = [k for k in _kinds(host) if k[2] in ports]
        addresses = self.addresses(host, ports)
        found = [Place(t, s, a, p) for t, s, p in kinds for a in addresses[:_ADDRESSES]]
        now = self._clock()
        return sorted(found, key=lambda p: self._distrusted.get((host.id, p.port), 0.0) > now)

    def addresses(self, host: HostId, ports: list[int]) -> list[str]:
        """Addresses of `host`, each of which may be reached at each of `ports`."""
        try:
            answers = self.resolver.resolve(host.name)
        except HostError as error:
            error.host = host.id
            raise
        checked: dict[str, None] = {}
        for answer in answers:
            for port in ports:
                checked[self.policy.check_address(answer, port, host.id)] = None
        return list(checked)

    def _known_way(self, host: HostId) -> _Way | None:
        """The way used last, if it may still be used: its address is judged anew each time."""
        with self._lock:
            way = self._ways.get(host.id)
        if way is None:
            return None
        try:
            current = self.addresses(host, [way.place.port])
        except HostError:  # a name service that is away loses no host that is known
            place = way.place
            current = [self.policy.check_address(place.address, place.port, host.id)]
        if way.place.address not in current:
            self._forget(host.id)
            return None
        return way

    def _find_way(self, host: HostId) -> Place:
        """Probe all places at once, and learn what the winner is."""
        places = self.places(host)
        with self._gate:
            outcome = probe.race(places, self.settings.connect_timeout)
            place, connection = outcome.winner, outcome.socket
            if place is None or connection is None:
                raise _nobody(host, places, outcome)
            with contextlib.closing(connection):
                place = self._identify(host, place, connection)
        with self._lock:
            self._ways[host.id] = _Way(place)
        return place

    def _identify(self, host: HostId, place: Place, connection: socket.socket) -> Place:
        if place.transport == "web":
            return place
        if place.transport == "pmcd":
            pmcd = probe.greets_as_pmcd(connection, self.settings.read_timeout)
            if not pmcd:
                raise _no_greeting(host, place, pmcd)
            return place
        # Whatever shows to be no pmcd is told by the web transport what it lacks.
        pmcd = probe.who_speaks(connection, _GREETING) == "pmcd"
        kind: Transport = "pmcd" if pmcd else "web"
        return Place(kind, "pcp" if pmcd else "http", place.address, place.port)

    def _check_pmcd(self, host: HostId, place: Place) -> None:
        """Before libpcp gets an address: is there still a pmcd?"""
        connection = probe.connect(place, self.settings.connect_timeout)
        if connection is None:
            self._note(host.id, place, False)
            raise HostDown(f"Its pmcd takes no connection at port {place.port}.", host=host.id)
        with contextlib.closing(connection):
            pmcd = probe.greets_as_pmcd(connection, self.settings.read_timeout)
        if not pmcd:
            self._note(host.id, place, False)
            raise _no_greeting(host, place, pmcd)

    # -- sources --------------------------------------------------------------------

    def _web_source(self, host: HostId, place: Place, s: Settings) -> WebSource:
        limits = Limits(s.connect_timeout, s.read_timeout, s.total_timeout, s.answer_bytes)
        getter = Getter(
            base_url(place.scheme, host.name, place.port), place.address, host.id, limits
        )
        return WebSource(
            getter,
            f"{bracketed(place.address)}:{place.port}",
            polltimeout=s.polltimeout,
            fetch_values=s.fetch_values,
        )

    def _pmcd_source(self, host: HostId, place: Place, s: Settings) -> PmcdSource:
        why = libpcp.available()
        if why:
            raise Unavailable(f"Only pmcd answers on this host. {why}", host=host.id)
        address = f"{bracketed(place.address)}:{place.port}"
        return PmcdSource(
            f"[{place.address}]:{place.port}",
            address,
            request_timeout=s.total_timeout,
            fetch_values=s.fetch_values,
        )

    def _local_source(self, s: Settings) -> PmcdSource:
        path = s.pmcd_socket
        if not path:
            raise HostDown(
                "This server runs no collector of its own, so there is no host `local`.",
                host=LOCAL,
                hint="Start it with `vectorpy up`, or type a host's name.",
            )
        why = libpcp.available()
        if why:
            raise Unavailable(why, host=LOCAL)
        return PmcdSource(
            f"unix://{os.path.abspath(path)}",
            "pmcd's unix socket",
            request_timeout=s.total_timeout,
            fetch_values=s.fetch_values,
        )

    def _local_alive(self) -> bool:
        if not self.settings.pmcd_socket:
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self.settings.connect_timeout)
            try:
                connection.connect(self.settings.pmcd_socket)
            except OSError:
                return False
        return True

    def _guarded(self, host: HostId, source: Source) -> Guarded:
        with self._lock:
            way = self._ways.get(host.id)
        place = None if way is None or host.id == LOCAL else way.place
        return Guarded(source, host.id, functools.partial(self._note, host.id, place))

    # -- what is learnt ---------------------------------------------------------------

    def _note(self, ident: str, place: Place | None, ok: bool) -> None:
        """A source on this way opened, or failed."""
        with self._lock:
            way = self._ways.get(ident)
            if place is None or way is None or way.place != place:
                return
            way.failures = 0 if ok else way.failures + 1
            if way.failures < _FAILURES:
                return
            del self._ways[ident]
            self._distrusted[ident, place.port] = self._clock() + _DISTRUST

    def _forget(self, ident: str) -> None:
        with self._lock:
            self._ways.pop(ident, None)


def same_machine(one: Facts, other: Facts) -> bool:
    """Whether two hosts' facts are of one pmcd: equal address and port, and name or machine."""
    return one.address == other.address and (
        one.hostname == other.hostname or (bool(one.machine) and one.machine == other.machine)
    )


def ports_of(host: HostId, policy: Policy) -> list[int]:
    """Ports at which `host` may answer and may be asked; RefusedByPolicy where there are none."""
    kinds = _kinds(host)
    ports = [port for _, _, port in kinds if policy.port_allowed(port)]
    if not ports:
        policy.check_port(kinds[0][2], host.id)
    return ports


def _kinds(host: HostId) -> list[tuple[Transport, str, int]]:
    """Transport, scheme and port of the places that the typed text means, best first."""
    if host.scheme == "archive":
        raise UserError(
            "Archives can't be watched as live hosts.", host=host.id, hint="Type a host's name."
        )
    if host.scheme == "pcp":
        return [("pmcd", "pcp", host.port or PMCD)]
    scheme = "https" if host.scheme == "https" else "http"
    if host.port == PMCD and host.scheme is None:
        return [("pmcd", "pcp", PMCD)]
    if host.port is not None:
        known = scheme == "https" or host.port in (PMPROXY, PMWEBD)
        return [("web" if known else "either", scheme, host.port)]
    web: list[tuple[Transport, str, int]] = [("web", scheme, PMPROXY), ("web", scheme, PMWEBD)]
    return web if scheme == "https" else [*web, ("pmcd", "pcp", PMCD)]


def _nobody(host: HostId, places: list[Place], outcome: probe.Outcome) -> HostError:
    ports = ", ".join(map(str, sorted({place.port for place in places})))
    if outcome.silent:
        return HostDown(
            f"It takes no connection at port {ports}: no answer came in time.",
            host=host.id,
            hint="Is the host up, and does its firewall let this server in?",
        )
    return HostDown(
        f"It refuses connections at port {ports}: nothing listens there.",
        host=host.id,
        hint="Start pmcd and pmproxy there: systemctl start pmcd pmproxy.",
    )


def _no_greeting(host: HostId, place: Place, pmcd: bool | None) -> HostError:
    if pmcd is None:
        return HostLate(
            f"Port {place.port} takes a connection, but no pmcd answers in time.", host=host.id
        )
    return NotPcp(f"What answers at port {place.port} is not a pmcd.", host=host.id)


def _closed(connection: socket.socket | None) -> bool:
    if connection is None:
        return False
    connection.close()
    return True
