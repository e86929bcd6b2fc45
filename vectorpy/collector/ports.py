"""Ports of this machine: whether one is free, and else who holds it.

Addresses that others may reach are told from loopback here too. Nothing is
opened for longer than the test takes.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
from pathlib import Path

from vectorpy.errors import ConfigError, Unavailable

_LISTEN = "0A"  # state in /proc/net/tcp, proc(5)


def is_loopback(host: str) -> bool:
    """Whether serving on `host` reaches this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def own_address(host: str) -> str:
    """The address by which we reach a server of our own that listens on `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return host


def numeric(host: str) -> str:
    """`host` as an address: PCP's servers take no names. ConfigError where it has none."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{host} is no address or name that is known here.") from error


def in_url(host: str) -> str:
    """`host` as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def free_port(host: str) -> int:
    """A port that is free on `host` now. Raises as `require_free` does."""
    with _bound(host, 0, "the page", "--host") as sock:
        return int(sock.getsockname()[1])


def require_free(host: str, port: int, what: str, flag: str) -> None:
    """Raise Unavailable, naming who holds it, where `what` could not listen on host and port.

    ConfigError where `host` is no address of this machine. `flag` is the
    option that takes another port.
    """
    _bound(host, port, what, flag).close()


def require_two(pmcd: int, pmproxy: int, flags: tuple[str, str]) -> None:
    """ConfigError where one port is meant for both; `flags` are the options that set them."""
    if pmcd == pmproxy:
        raise ConfigError(
            f"pmcd and pmproxy can't both be served on port {pmcd}: "
            f"{flags[0]} and {flags[1]} must differ."
        )


def _bound(host: str, port: int, what: str, flag: str) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:  # the latter: text that IDNA refuses
        raise ConfigError(
            f"{what} can't be served on {host}: it is no address or name that is known here."
        ) from error
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
        # Linux lets two bind with SO_REUSEADDR as long as neither listens.
        sock.listen(1)
    except OSError as error:
        sock.close()
        raise _refused(host, port, what, flag, error) from error
    return sock


def _refused(host: str, port: int, what: str, flag: str, error: OSError) -> Exception:
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigError(f"{what} can't be served on {host}: this machine has no such address.")
    if error.errno == errno.EACCES:
        return Unavailable(
            f"{what} can't be served on port {port}: ports below 1024 are root's.",
            hint=f"Take another with {flag}.",
        )
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"{what} can't be served on {host} port {port}: {holder(port)} holds it.",
            hint=f"Stop that, or take another port with {flag}.",
        )
    return Unavailable(f"{what} can't be served on {host} port {port}: {error.strerror}.")


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Who listens on TCP `port`, for people: "pmcd (process 123)" or "another process"."""
    inodes = _listening_inodes(port, proc)
    for process in proc.iterdir():
        if not process.name.isdecimal():
            continue
        with contextlib.suppress(OSError):  # gone, or another user's
            for fd in (process / "fd").iterdir():
                if os.readlink(fd) in inodes:
                    name = (process / "comm").read_text().strip()
                    return f"{name} (process {process.name})"
    return "another process"


def _listening_inodes(port: int, proc: Path) -> set[str]:
    found = set()
    for table in ("net/tcp", "net/tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found
