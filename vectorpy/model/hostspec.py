"""Which host a typed text means: its canonical id, scheme, name and port.

Only texts belong here. Whether a host may be reached, and where it is, is
found out in `sources`. Nothing is looked up.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

import idna

from vectorpy.errors import BadHost

LOCAL = "local"
ARCHIVE = "archive"
# Ports that need not be written. The web API is the default scheme, so that
# `http://` is not written either; pmwebd's port is tried for plain names all the same.
DEFAULT_PORTS = {None: 44322, "http": 44322, "https": 44322, "pcp": 44321}
MAX_TEXT = 300

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_ARCHIVE = re.compile(r"archive:([A-Za-z0-9][A-Za-z0-9._+-]{0,127})", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# What resolvers read as an address (inet_aton): the last label is a number, also in hex.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_QUAD = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_FOREIGN = {
    "@": "A host is written without a user name or password",
    "?": "A host is written without a query",
    "#": "A host is written without a fragment",
    "/": "A host is written without a path",
    "\\": "A host is written without a path",
    "%": "A host is written without zone or percent signs",
}


class HostId(NamedTuple):
    """A host as typed, in canonical form.

    `id` is the canonical text, `parse(id)` gives the same again. `scheme` is
    https, pcp, archive, or None for a plain name (http is the default and left
    out). `name` is a name in ASCII, an address without brackets, or the name of
    an archive. `port` is None where it is the default.
    """

    id: str
    scheme: str | None
    name: str
    port: int | None


def parse(text: str) -> HostId:
    """The host that `text` means: `[scheme://]name[:port]` or `archive:NAME`.

    BadHost, in words, on everything else: paths, credentials, addresses in odd
    spellings (`0x7f.1`), characters that only look like others.
    """
    text = text.strip()
    if not text:
        raise BadHost("No host was typed.")
    if len(text) > MAX_TEXT:
        raise BadHost(f"A host has at most {MAX_TEXT} characters; this has {len(text)}.")
    if not text.isprintable() or any(char.isspace() for char in text):
        raise BadHost(f"{text!r} has spaces or control characters within it.")
    if archive := _ARCHIVE.fullmatch(text):
        return HostId(f"{ARCHIVE}:{archive[1]}", ARCHIVE, archive[1], None)
    scheme, rest = _scheme(text)
    for char, words in _FOREIGN.items():
        if char in rest:
            raise BadHost(f"{words}: {text!r} has {char!r}.")
    name, port = _split(rest, text)
    if name == LOCAL:
        if scheme is not None or port is not None:
            raise BadHost("`local` is this server's own collector; it takes no scheme or port.")
        return HostId(LOCAL, None, LOCAL, None)
    scheme = None if scheme == "http" else scheme
    port = None if port == DEFAULT_PORTS[scheme] else port
    shown = f"[{name}]" if ":" in name else name
    prefix = f"{scheme}://" if scheme else ""
    suffix = f":{port}" if port else ""
    return HostId(f"{prefix}{shown}{suffix}", scheme, name, port)


def _scheme(text: str) -> tuple[str | None, str]:
    """Scheme in lower case (None where there is none), and the rest."""
    found = _SCHEME.fullmatch(text)
    if not found:
        return None, text
    scheme = found[1].lower()
    if scheme not in ("http", "https", "pcp"):
        raise BadHost(f"{scheme}:// is not known here; it may be http, https or pcp.")
    return scheme, found[2]


def _split(rest: str, text: str) -> tuple[str, int | None]:
    """Canonical name and port of `name[:port]`, where IPv6 addresses have brackets."""
    if rest.startswith("["):
        inner, bracket, tail = rest[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise BadHost(f"The brackets of {text!r} don't match.")
        return _ipv6(inner), _port(tail[1:], text) if tail else None
    if rest.count(":") > 1:
        raise BadHost(
            f"{text!r} has more than one colon.",
            hint="An IPv6 address is written in brackets, for example [fd00::1]:44322.",
        )
    name, colon, port = rest.partition(":")
    return _name(name, text), _port(port, text) if colon else None


def _port(text: str, whole: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise BadHost(f"{text!r} in {whole!r} is no port: ports run from 1 to 65535.")
    return int(text)


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError as error:
        raise BadHost(f"[{text}] is no IPv6 address.") from error
    if address.ipv4_mapped is not None:
        raise BadHost(
            f"[{text}] is an IPv4 address in disguise.", hint=f"Type {address.ipv4_mapped}."
        )
    return str(address)


def _name(text: str, whole: str) -> str:
    """A host name in lower case ASCII (IDNA), or a plain IPv4 address."""
    name = text.lower() if text.isascii() else _idna(text)
    if not _NAME.fullmatch(name):
        raise BadHost(f"{whole!r} is no host name.")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        if not _QUAD.fullmatch(name):
            raise BadHost(
                f"{whole!r} is no address.", hint="An IPv4 address is written like 10.1.2.3."
            )
        return name
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise BadHost(f"{whole!r} is no host name.")
        if label[2:4] == "--":
            _check_punycode(label, whole)
    return name


def _idna(text: str) -> str:
    """An international name in ASCII; refused where it only looks like an ASCII one."""
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadHost(f"{text!r} is no host name.") from error
    typed = text.lower().split(".")
    if any(not label.startswith("xn--") and label not in typed for label in name.split(".")):
        raise BadHost(f"{text!r} only looks like {name!r}.", hint=f"Type {name}.")
    return name


def _check_punycode(label: str, whole: str) -> None:
    try:
        idna.ulabel(label)
    except (idna.IDNAError, UnicodeError) as error:
        raise BadHost(f"{whole!r} is no host name: {label!r} can't be decoded.") from error
