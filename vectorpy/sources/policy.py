"""Which addresses and ports may be reached at all: pure decisions, no sockets.

An address passes if it is in an allowed network and in no denied one, in
whatever spelling it came. Names are judged by the addresses that they resolve
to (`resolver`), never by their text. Defaults: loopback (PCP's three ports
only), RFC 1918, fc00::/7 and this machine's own addresses; more by setting.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path

from vectorpy.errors import RefusedByPolicy
from vectorpy.settings import Settings, port_ranges

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PCP_PORTS = (44321, 44322, 44323)
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
DEFAULT_NETS = tuple(
    ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)

# Never, whatever the settings say: unspecified, link-local, multicast, reserved,
# and the clouds' metadata services that lie elsewhere than in link-local.
DENIED = tuple(
    ip_network(n)
    for n in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::/32",  # Amazon, fd00:ec2::254 and its neighbours
        "fd20:ce::254/128",  # Google
    )
)

_HINT = "Whoever runs this server can allow it with {}."
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_OWN_SECONDS = 30.0


def parse_address(text: str) -> Address:
    """`text` as an address; IPv4 inside ::ffff:0:0/96 becomes the IPv4 address it means.

    ValueError for everything else, zone ids ("fe80::1%eth0") included.
    """
    if "%" in text:
        raise ValueError(f"{text!r} has a zone")
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def embedded(address: Address) -> Iterator[IPv4Address]:
    """IPv4 addresses that an IPv6 address carries inside, by any of the known schemes.

    6to4, Teredo (server and client), NAT64, IPv4-compatible and ISATAP.
    """
    if isinstance(address, IPv4Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    compatible = int(address) >> 32 == 0 and int(address) > 1
    isatap = (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE
    if compatible or isatap or any(address in net for net in _NAT64):
        yield low


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == net.version and address in net for net in networks)


def denied(address: Address) -> bool:
    """True for what no setting can allow, in itself or as an IPv4 address it carries."""
    return _within(address, DENIED) or any(_within(a, DENIED) for a in embedded(address))


def own_addresses(proc: Path = Path("/proc")) -> frozenset[Address]:
    """This machine's addresses beyond loopback, from the kernel's own tables."""
    found: set[Address] = set()
    try:
        lines = (proc / "net/fib_trie").read_text(encoding="ascii", errors="replace").splitlines()
        for above, line in itertools.pairwise(lines):
            if "/32 host LOCAL" in line and "|-- " in above:
                found.add(ip_address(above.split("|-- ")[1].strip()))
        for line in (proc / "net/if_inet6").read_text(encoding="ascii").splitlines():
            found.add(IPv6Address(int(line.split()[0], 16)))
    except (OSError, ValueError, IndexError):
        pass  # no such table here: then the machine's own addresses need --allow-net
    return frozenset(a for a in found if not _within(a, LOOPBACK))


class Policy:
    """What this server's settings allow. Thread-safe: it holds no state but a cache.

    `own` tells the machine's own addresses, `clock` ages that knowledge.
    """

    def __init__(
        self,
        settings: Settings,
        own: Callable[[], frozenset[Address]] = own_addresses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._extra = tuple(ip_network(n) for n in settings.allow_net)
        self._ports = port_ranges(settings.allow_port)
        self._told = settings.allow_port
        self._own = own
        self._clock = clock
        self._own_known: tuple[float, frozenset[Address]] | None = None

    def port_allowed(self, port: int) -> bool:
        """Whether `port` is in the port allow-list."""
        return any(low <= port <= high for low, high in self._ports)

    def check_port(self, port: int, host: str) -> None:
        """RefusedByPolicy where `port` is not in the allow-list."""
        if not self.port_allowed(port):
            raise RefusedByPolicy(
                f"Port {port} is not among the ports that this server may reach.",
                host=host,
                hint=_HINT.format(" ".join(f"--allow-port {p}" for p in (*self._told, port))),
            )

    def check_address(self, text: str, port: int, host: str) -> str:
        """The address to connect to, in its plain spelling; RefusedByPolicy where forbidden."""
        self.check_port(port, host)
        try:
            address = parse_address(text)
        except ValueError:
            raise RefusedByPolicy(
                "Its address has a form that this server does not connect to.", host=host
            ) from None
        if denied(address):
            raise RefusedByPolicy(
                f"{address} is an address that this server never connects to "
                "(link-local, metadata service, multicast or unspecified).",
                host=host,
                hint="No setting changes this.",
            )
        if not self._allowed(address, port):
            what = f"{address} is outside of the networks that this server may reach."
            if _within(address, LOOPBACK):
                what = f"On its own machine this server reaches PCP's ports alone, not {port}."
            hint = _HINT.format(f"--allow-net {address}")
            raise RefusedByPolicy(what, host=host, hint=hint)
        return str(address)

    def _allowed(self, address: Address, port: int) -> bool:
        if _within(address, self._extra):
            return True
        if _within(address, LOOPBACK):
            return port in PCP_PORTS
        return _within(address, DEFAULT_NETS) or address in self._own_now()

    def _own_now(self) -> frozenset[Address]:
        now = self._clock()
        if self._own_known is None or now - self._own_known[0] > _OWN_SECONDS:
            self._own_known = (now, self._own())
        return self._own_known[1]
