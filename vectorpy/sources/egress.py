"""HTTP that can't be led astray: pinned address, total deadline, byte cap, no redirects.

The deadline and the cap sit below http.client, so that a status line, headers
or chunk sizes that drip in count as well (a timeout of requests is per read
only). A connection is made by requests; while it is kept, http.client alone
speaks over it, which takes half of the time. Nothing is taken from the
environment, no body is decoded but plain, and nothing that the host sends
reaches a message.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.wait import wait_for_read

from vectorpy.errors import BadAnswer, HostDown, HostError, HostLate, NotPcp, Overloaded
from vectorpy.sources.resolver import bracketed

_PIECE = 65536
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "vectorpy"}


class _TooBig(OSError):
    """The answer is larger than the cap."""


class _Late(OSError):
    """The total deadline passed, or the host was silent for too long."""


@dataclass(slots=True)
class _Budget:
    """What one answer may still cost: `end` on the clock, `left` bytes, `read` s of silence."""

    clock: Callable[[], float]
    end: float
    left: int
    read: float


class _Raw(io.RawIOBase):
    """The socket as a raw stream that spends the budget.

    `held` is http.client's own file on the socket: it keeps the socket open
    where the answer says that the connection closes after it.
    """

    def __init__(self, sock: socket.socket, budget: _Budget, held: io.IOBase) -> None:
        self._sock, self._budget, self._held = sock, budget, held

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        budget = self._budget
        left = budget.end - budget.clock()
        if left <= 0:
            raise _Late("total deadline")
        self._sock.settimeout(min(left, budget.read))
        try:
            got = self._sock.recv_into(buffer, min(len(buffer), budget.left + 1))
        except TimeoutError:
            raise _Late("silence") from None
        budget.left -= got
        if budget.left < 0:
            raise _TooBig("byte cap")
        return got

    def close(self) -> None:
        self._held.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, budget: _Budget, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_Raw(sock, budget, self.fp), _PIECE)


class _Spending:
    """Mixed into urllib3's connections: answers are read through the adapter's budget."""

    source: PinnedAdapter
    response_class: Callable[..., _Response]

    def _spend(self) -> None:
        budget = self.source.budget
        self.response_class = lambda sock, *a, **m: _Response(sock, budget, *a, **m)

    def getresponse(self, *args: Any, **more: Any) -> Any:
        self._spend()
        return super().getresponse(*args, **more)  # type: ignore[misc]

    def ask_again(self, path: str, headers: Mapping[str, str]) -> _Response:
        """The answer over this connection as it stands, by http.client alone."""
        self._spend()
        plain: Any = http.client.HTTPConnection
        plain.request(self, "GET", path, headers=headers)
        answer: _Response = plain.getresponse(self)
        return answer


class _PlainConnection(_Spending, HTTPConnection):  # type: ignore[misc]
    pass


class _TlsConnection(_Spending, HTTPSConnection):  # type: ignore[misc]
    pass


def _pool(base: Any, connection: Any, source: PinnedAdapter) -> Any:
    def new_connection(self: Any) -> Any:
        made = base._new_conn(self)
        made.source = source
        source.made = made
        return made

    return type(base.__name__, (base,), {"ConnectionCls": connection, "_new_conn": new_connection})


class PinnedAdapter(HTTPAdapter):
    """Connects to one checked address whatever the URL's host says; TLS is for the name."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.budget = _Budget(time.monotonic, 0.0, 0, 0.0)
        self.made: Any = None  # the newest connection
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """requests' own, with our pools."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, _PlainConnection, self),
            "https": _pool(HTTPSConnectionPool, _TlsConnection, self),
        }

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        """requests' own, with the pinned address as the one to connect to."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        tls: dict[str, Any] = pool  # type: ignore[assignment]
        name = host["host"].removeprefix("[").removesuffix("]")
        host["host"] = self.address
        if host["scheme"] == "https":
            tls["server_hostname"] = tls["assert_hostname"] = name
        return host, pool


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may cost, in seconds and bytes."""

    connect: float = 1.0
    read: float = 1.0
    total: float = 2.0
    size: int = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of an answer; a body of another status than 200 is cut at 64 KiB."""

    status: int
    body: bytes


class Getter:
    """GETs from one host at one checked address, over one kept connection.

    `base` is scheme://name:port, `host` the host id for errors. Errors: HostDown,
    HostLate, NotPcp (no HTTP), Overloaded (too big), BadAnswer (encoded, cut off).
    """

    def __init__(
        self,
        base: str,
        address: str,
        host: str,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        verify: str | bool | None = None,
    ) -> None:
        self._base, self._host, self._clock = base, host, clock
        self.limits = limits
        self._netloc = base.partition("://")[2]
        self._adapter = PinnedAdapter(address)
        self._verify = system_roots() if verify is None else verify
        self._prepared: dict[str, requests.PreparedRequest] = {}

    def close(self) -> None:
        """Close the kept connection."""
        self._adapter.close()

    def get(self, path: str, *, total: float | None = None, size: int | None = None) -> Answer:
        """The answer to GET `path` ("/pmapi/..."), whatever its status.

        `total` seconds and `size` bytes replace the limits for this one answer.
        """
        limits = self.limits
        seconds = limits.total if total is None else total
        if seconds <= 0:
            raise self._late()
        self._adapter.budget = _Budget(
            self._clock,
            self._clock() + seconds,
            (limits.size if size is None else size) + _PIECE,  # headers are not the answer
            limits.read if seconds <= limits.total else seconds,
        )
        sock = self._kept_socket()
        try:
            if sock is not None:
                return self._read_kept(sock, path, seconds)
            return self._read(path, min(limits.connect, seconds), seconds)
        except (requests.ConnectionError, ConnectionError) as error:
            # A kept connection that the host closed meanwhile: once more, over a new one.
            if sock is None or not any(
                isinstance(e, http.client.RemoteDisconnected | ConnectionError)
                for e in _chain(error)
            ):
                raise self._judge(error) from None
            return self.get(path, total=self._adapter.budget.end - self._clock(), size=size)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._judge(error) from None
        except (http.client.HTTPException, ValueError) as error:
            raise self._judge(error) from None

    def _read(self, path: str, connect: float, seconds: float) -> Answer:
        # The adapter is called without a Session: no cookies, no redirects, no
        # environment, and half of the time.
        response = self._adapter.send(
            self._request(path), stream=True, timeout=(connect, seconds), verify=self._verify
        )
        kept = False
        try:
            self._check(response.headers)
            body = bytearray()
            while piece := response.raw.read(_PIECE, decode_content=False):
                body += piece
            kept = True
            return Answer(response.status_code, bytes(body))
        finally:
            if kept:
                response.raw.release_conn()
            else:
                response.close()

    def _kept_socket(self) -> Any:
        """The socket of the kept connection; None where it is gone, or said what nobody asked."""
        sock = getattr(self._adapter.made, "sock", None)
        return None if sock is None or wait_for_read(sock, timeout=0.0) else sock

    def _read_kept(self, sock: socket.socket, path: str, seconds: float) -> Answer:
        """The answer over a connection that stands, which is closed where anything is wrong."""
        budget = self._adapter.budget
        kept = False
        try:
            sock.settimeout(min(seconds, budget.read))
            request = self._request(path)
            with self._adapter.made.ask_again(request.path_url, request.headers) as response:
                self._check(response.headers)
                body = bytearray()
                # In pieces: all at once, room would be made for whatever length is announced.
                while piece := response.read(_PIECE):
                    body += piece
                if response.length:
                    raise http.client.IncompleteRead(b"", response.length)
                kept = not response.will_close
            return Answer(response.status, bytes(body))
        finally:
            if not kept:
                self._adapter.made.close()

    def _check(self, headers: Any) -> None:
        """An answer with these headers may be read: it is plain, and not too long."""
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadAnswer("Its answer is compressed, which was not asked for.", host=self._host)
        declared = headers.get("Content-Length", "0")
        if declared.isdecimal() and int(declared[:20]) > self._adapter.budget.left:
            raise _TooBig("declared")

    def _request(self, path: str) -> requests.PreparedRequest:
        """The prepared request: preparing costs more than sending, and paths repeat."""
        request = self._prepared.get(path)
        if request is None:
            if len(self._prepared) > 64:
                self._prepared.clear()
            request = requests.Request(
                "GET", self._base + path, headers={**_HEADERS, "Host": self._netloc}
            ).prepare()
            self._prepared[path] = request
        return request

    def _late(self) -> HostLate:
        return HostLate("It did not answer in time.", host=self._host)

    def _judge(self, error: BaseException) -> HostError:
        """Our error for what urllib3 raised; nothing of the host's own text is in it."""
        chain = list(_chain(error))
        if any(isinstance(e, _TooBig) for e in chain):
            size = self.limits.size // (1024 * 1024)
            return Overloaded(f"Its answer is larger than {size} MiB.", host=self._host)
        if any(isinstance(e, ssl.SSLError | ssl.CertificateError) for e in chain):
            return HostDown(
                "Its TLS certificate or protocol was not accepted.",
                host=self._host,
                hint="Is it https that is served there, with a certificate for this name?",
            )
        if any(isinstance(e, urllib3.exceptions.NewConnectionError) for e in chain):
            return HostDown("It refuses the connection.", host=self._host)
        if any(isinstance(e, urllib3.exceptions.ConnectTimeoutError) for e in chain):
            return HostDown("It takes no connection.", host=self._host)
        if any(isinstance(e, _Late | TimeoutError | _TIMEOUTS) for e in chain):
            return self._late()
        if any(isinstance(e, http.client.RemoteDisconnected | ConnectionError) for e in chain):
            return HostDown("It closed the connection before it answered.", host=self._host)
        if any(isinstance(e, _CUT_OFF) for e in chain):
            return BadAnswer("Its answer was cut off or broken.", host=self._host)
        return NotPcp("What answers there does not speak HTTP as PCP does.", host=self._host)


_TIMEOUTS = urllib3.exceptions.TimeoutError
_CUT_OFF = (
    http.client.IncompleteRead,
    urllib3.exceptions.IncompleteRead,
    urllib3.exceptions.InvalidChunkLength,
)


def _chain(error: BaseException | None) -> Any:
    """`error` and all that it wraps, by cause, context and arguments."""
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(seen) < 32:
        one = waiting.pop()
        if isinstance(one, BaseException) and not any(one is s for s in seen):
            seen.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return seen


def system_roots() -> str | bool:
    """The system's certificate roots, so that a house's own authority counts; else requests'."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def base_url(scheme: str, name: str, port: int) -> str:
    """scheme://name:port with an IPv6 address in brackets."""
    with contextlib.suppress(ValueError):  # a name, not an address
        name = bracketed(name)
    return f"{scheme}://{name}:{port}"
