"""MBean servers over HTTP: Jolokia and Tomcat's jmxproxy. An answer is beans with attributes.

The other side is not believed: a deadline for the whole exchange, a limit of
bytes, no redirects, no proxies, and only addresses of loopback by default.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import re
import socket
import threading
import urllib.parse
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import j_maps
import j_objects

MOST_BYTES = 4 << 20
RUNTIME = "java.lang:type=Runtime"

Attributes = Dict[str, object]
Beans = Dict[str, Attributes]  # name of a bean as told -> its attributes


class ServerError(Exception):
    """An MBean server can't be asked or does not answer as one; the text says why."""


class Server(NamedTuple):
    """One word of the conf."""

    map: str
    way: str  # jolokia, jmxproxy
    tls: bool
    host: str
    port: int
    path: str

    @property
    def address(self) -> str:
        shown = "[%s]" % self.host if ":" in self.host else self.host
        return "%s:%d" % (shown, self.port)


def server(word: str, beyond_loopback: bool) -> Server:
    """MAP:WAY:ADDRESS. Raises ServerError."""
    map_, _, rest = word.partition(":")
    way, _, address = rest.partition(":")
    if way not in ("jolokia", "jmxproxy"):
        raise ServerError("%s is not MAP:jolokia:ADDRESS or MAP:jmxproxy:ADDRESS" % word)
    try:
        parts = urllib.parse.urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ServerError("%s: %s" % (address, error)) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ServerError("%s is no address that begins with http:// or https://" % address)
    if parts.username is not None or parts.query or parts.fragment:
        raise ServerError("%s: leave out user, query and fragment" % parts.hostname)
    if not beyond_loopback and not _is_loopback(parts.hostname):
        raise ServerError(
            "%s is not on loopback; mbeans_beyond_loopback = yes allows it" % parts.hostname
        )
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return Server(map_, way, parts.scheme == "https", host, port, parts.path or "/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exchange(
    to: Server, login: Optional[Tuple[str, str]], timeout: float, query: str, body: Optional[bytes]
) -> bytes:
    """One request and its answer within `timeout` seconds. Raises ServerError."""
    kind = http.client.HTTPSConnection if to.tls else http.client.HTTPConnection
    link = kind(to.host, to.port, timeout=timeout)
    late = threading.Event()
    timer = threading.Timer(timeout, late.set)
    try:
        link.connect()
        # The timeout is one per read: whoever sends a byte now and then is cut off by this.
        timer = threading.Timer(timeout, _cut, (link.sock, late))
        timer.daemon = True
        timer.start()
        headers = {"Accept-Encoding": "identity", "Connection": "close"}
        if login is not None:
            pair = base64.b64encode(":".join(login).encode()).decode()
            headers["Authorization"] = "Basic " + pair
        if body is not None:
            headers["Content-Type"] = "application/json"
        link.request("GET" if body is None else "POST", to.path + query, body, headers)
        with link.getresponse() as answer:
            if answer.status != 200:
                raise ServerError(_refusal(answer.status))
            data = _read(answer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if late.is_set() or isinstance(error, socket.timeout):
            raise ServerError("no answer within %g seconds" % timeout) from None
        raise ServerError("no answer: %s" % (error or type(error).__name__)) from None
    finally:
        timer.cancel()
        link.close()
    if late.is_set():
        raise ServerError("no answer within %g seconds" % timeout)
    return data


def _cut(link: socket.socket, late: threading.Event) -> None:
    late.set()
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "it wants a user and a password (answer %d); see credentials in vjvm.conf" % status
    return "it answered with status %d" % status


def _read(answer: http.client.HTTPResponse) -> bytes:
    parts: List[bytes] = []
    left = MOST_BYTES
    while left > 0:
        part = answer.read(min(left, 65536))
        if not part:
            return b"".join(parts)
        parts.append(part)
        left -= len(part)
    raise ServerError("its answer is longer than %d bytes" % MOST_BYTES)


# -- Jolokia -----------------------------------------------------------------------


def jolokia_question(rules: Iterable[j_maps.Rule]) -> bytes:
    """One bulk request for all that a map wants, and the JVM's own name."""
    wanted: Dict[str, List[str]] = {RUNTIME: ["Name"]}
    for rule in rules:
        names = wanted.setdefault(rule.pattern.text, [])
        if rule.attribute not in names:
            names.append(rule.attribute)
    config = {"ignoreErrors": True, "includeStackTrace": "false"}
    requests = [
        {"type": "read", "mbean": mbean, "attribute": names, "config": config}
        for mbean, names in wanted.items()
    ]
    return json.dumps(requests).encode()


def jolokia_answer(data: bytes) -> Beans:
    """Raises ServerError for what is no bulk answer; parts that failed are left out."""
    try:
        answers = json.loads(data)
    except (ValueError, RecursionError):
        raise ServerError("its answer is no JSON") from None
    if not isinstance(answers, list):
        raise ServerError("its answer is not Jolokia's")
    beans: Beans = {}
    for answer in answers:
        if not isinstance(answer, dict) or answer.get("status") != 200:
            continue
        request, value = answer.get("request"), answer.get("value")
        mbean = request.get("mbean") if isinstance(request, dict) else None
        if not isinstance(mbean, str) or not isinstance(value, dict):
            continue
        found: Dict[Any, Any] = value if _is_pattern(mbean) else {mbean: value}
        for name, attributes in found.items():
            if isinstance(attributes, dict):
                beans.setdefault(name, {}).update(attributes)
    return beans


def _is_pattern(mbean: str) -> bool:
    try:
        return not j_objects.pattern(mbean).exact
    except ValueError:
        return False


# -- Tomcat's jmxproxy -------------------------------------------------------------

_COMPOSITE = re.compile(r"contents=\{(.*)\}\)?\Z")


def jmxproxy_questions(rules: Sequence[j_maps.Rule]) -> List[str]:
    """One query per pattern; all attributes of its beans come back."""
    patterns = dict.fromkeys([RUNTIME] + [rule.pattern.text for rule in rules])
    return ["?qry=" + urllib.parse.quote(pattern) for pattern in patterns]


def jmxproxy_answer(data: bytes) -> Beans:
    """Raises ServerError."""
    text = data.decode("utf-8", "replace")
    if not text.startswith("OK"):
        raise ServerError("its answer is not jmxproxy's")
    beans: Beans = {}
    current: Attributes = {}
    for line in text.splitlines()[1:]:
        key, colon, value = line.partition(": ")
        if not colon:
            continue
        if key == "Name" and j_objects.name(value) is not None:
            current = beans.setdefault(value, {})
        else:
            current.setdefault(key, _composite(value))
    return beans


def _composite(value: str) -> object:
    """Composite data as a dict of its parts, which are numbers."""
    match = _COMPOSITE.search(value)
    if not match or "CompositeData" not in value:
        return value
    pairs = (pair.partition("=") for pair in match.group(1).split(", "))
    return {key: part for key, _, part in pairs}
