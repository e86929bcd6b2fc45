"""The outermost layer of the web process: which requests may come in, and what goes with answers.

Everything that must hold for Socket.IO too stands here, for Flask's own guards
never see `/socket.io`: the Host allow-list (against DNS rebinding), the Origin
check, headers of proxies that nobody trusts, and the security headers of answers.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from vectorpy.settings import Settings
from vectorpy.web.errors import named, wsgi_answer

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

URL_BYTES = 8192
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "ip6-localhost"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REAL_IP",
)
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=()"),
)


def host_name(text: str) -> str:
    """The name of a Host header without port, brackets and last dot; "" where it is none."""
    try:
        parts = urlsplit(f"//{text}")
        parts.port  # noqa: B018  # raises ValueError for a port that is no number
    except ValueError:
        return ""
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
        return ""
    return parts.hostname.rstrip(".").lower()


class Policy:
    """Which Host and Origin headers are this server's own.

    `bound` is the address listened on. Allowed are the loopback names, the
    public URL, the address itself, and where it is not loopback the machine's
    names. On a wildcard address any literal IP address is: only names can be
    rebound by somebody else's DNS.
    """

    def __init__(
        self, settings: Settings, bound: str, machine: Callable[[], Iterable[str]] | None = None
    ) -> None:
        public = urlsplit(settings.public_url)
        self._public = f"{public.scheme}://{public.netloc}".lower() if public.netloc else ""
        names = set(LOOPBACK) | {host_name(settings.host), host_name(_bracketed(bound))}
        names.add(host_name(public.netloc))
        address = ipaddress.ip_address(bound.partition("%")[0])
        if not address.is_loopback:
            names |= {name.lower() for name in (machine or _machine_names)()}
        self._names = frozenset(names - {""})
        self._any_literal = address.is_unspecified

    def host_allowed(self, header: str) -> bool:
        """Whether a request with this Host header is meant for us."""
        name = host_name(header)
        if name in self._names:
            return True
        return self._any_literal and _is_literal(name)

    def origin_allowed(self, origin: str, environ: Environ) -> bool:
        """Whether `origin` is the page's own: that of the request's Host, or the public URL."""
        own = f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '')}"
        return origin.lower() in (own.lower(), self._public) and origin != ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _is_literal(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _machine_names() -> list[str]:
    return [socket.gethostname(), socket.getfqdn()]


def may_start(environ: Environ) -> bool:
    """Whether this request may make the server connect to a host that nobody watches.

    A page of another site must not (an image's address is enough to ask). Browsers
    say where a request comes from in Sec-Fetch-Site, but leave it out on plain-HTTP
    names; then whatever looks like a browser counts as another site.
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site in ("same-origin", "none")
    browser = "Mozilla/" in environ.get("HTTP_USER_AGENT", "")
    return not (browser or "HTTP_ORIGIN" in environ or "HTTP_REFERER" in environ)


def is_local(environ: Environ) -> bool:
    """Whether the request comes from this machine itself, not by way of a proxy on it."""
    if environ.get("vectorpy.forwarded"):
        return False
    try:
        return ipaddress.ip_address(environ.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class Guard:
    """WSGI middleware around everything, Socket.IO included."""

    def __init__(self, app: Wsgi, settings: Settings, policy: Policy) -> None:
        self._app = app
        self._policy = policy
        self._trusted = settings.trusted_proxies
        self._embed = " ".join(settings.embed_origins) or "'none'"

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if not self._trusted:
            environ["vectorpy.forwarded"] = any(name in environ for name in _FORWARDED)
        for name in _FORWARDED:
            environ.pop(name, None)
        # Deflate costs four times the CPU per viewer and gains nothing on numbers.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        start = self._with_headers(environ, start_response)
        refusal = self._refusal(environ)
        if refusal is not None:
            status, text, hint = refusal
            return wsgi_answer(start, status, named(int(status[:3]), text, hint))
        return self._app(environ, start)

    def _refusal(self, environ: Environ) -> tuple[str, str, str] | None:
        """Status, sentence and hint of why this request may not come in, or None."""
        if not self._policy.host_allowed(environ.get("HTTP_HOST", "")):
            return (
                "421 Misdirected Request",
                "This server is not known by the name that was asked for.",
                "Whoever runs it can name its address with --public-url.",
            )
        size = len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", ""))
        if size > URL_BYTES:
            return "414 URI Too Long", "The address is too long.", ""
        if self._writes(environ) and not self._own(environ):
            text = "Requests from pages of other sites are refused."
            return "403 Forbidden", text, ""
        return None

    def _writes(self, environ: Environ) -> bool:
        """Whether a page could do harm by this request: a websocket, or a method that writes."""
        upgrade = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        socket_io = environ.get("PATH_INFO", "").startswith("/socket.io")
        return upgrade or socket_io or environ.get("REQUEST_METHOD") not in _SAFE

    def _own(self, environ: Environ) -> bool:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            return self._policy.origin_allowed(origin, environ)
        # Not a browser's websocket or form: those always carry an Origin.
        return environ.get("HTTP_SEC_FETCH_SITE", "none") in ("same-origin", "none")

    def _with_headers(self, environ: Environ, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            own = self._headers(environ)
            # The servers add their own Date.
            taken = {name.lower() for name, _ in own} | {"date"}
            # Engine.IO adds CORS headers of its own; only our own page may read.
            kept = [
                (name, value)
                for name, value in headers
                if name.lower() not in taken and not name.lower().startswith("access-control-")
            ]
            return start_response(status, kept + own, *rest)

        return start

    def _headers(self, environ: Environ) -> list[tuple[str, str]]:
        embed = environ.get("PATH_INFO") == "/embed"
        ancestors = self._embed if embed else "'none'"
        host = environ.get("HTTP_HOST", "")
        sockets = f" ws://{host} wss://{host}" if self._policy.host_allowed(host) else ""
        csp = (
            "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data: blob:; connect-src 'self'{sockets}; object-src 'none'; "
            f"base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
        )
        found = [("Content-Security-Policy", csp), *_HEADERS]
        if ancestors == "'none'":
            found.append(("X-Frame-Options", "DENY"))
            found.append(("Cross-Origin-Resource-Policy", "same-origin"))
        return found


def behind_proxies(app: Wsgi, settings: Settings) -> Wsgi:
    """Believe the X-Forwarded-* headers of as many proxies as the settings say."""
    count = settings.trusted_proxies
    if not count:
        return app
    from werkzeug.middleware.proxy_fix import ProxyFix

    fixed: Wsgi = ProxyFix(app, x_for=count, x_proto=count, x_host=count)
    return fixed
