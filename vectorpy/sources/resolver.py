"""Names to addresses: bounded, with a deadline, cached, and never in a poll.

getaddrinfo can hang for tens of seconds, so it runs on a few threads of its own
and the asker waits no longer than the deadline. What the addresses are worth is
`policy`'s to say.
"""

from __future__ import annotations

import queue
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Any

from vectorpy.errors import BadHost, HostDown, HostLate

_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
                   r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?\Z")  # fmt: skip
# Text whose last label is a number is an IPv4 address to every resolver, in some
# odd spelling (2130706433, 0x7f.1, 127.1): only the plain spelling is taken.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?\Z")
_MAX_NAMES = 4096
_MOST_ANSWERS = 256


def literal(name: str) -> str | None:
    """`name` where it is an address in plain spelling, else None."""
    try:
        return str(ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


def check_name(name: str) -> None:
    """BadHost unless `name` (lower case, IDNA done) is a host name or a plain address."""
    if literal(name) is not None and "%" not in name:
        return
    if not _NAME.match(name) or _NUMERIC.match(name):
        raise BadHost(f"{name[:80]!r} is not a host name or address.", host=name[:80])


@dataclass
class _Lookup:
    name: str
    done: threading.Event = field(default_factory=threading.Event)
    until: float = 0.0
    addresses: tuple[str, ...] = ()
    unknown: bool = False


class Resolver:
    """Resolves names on at most `workers` threads, which start when first needed.

    A good answer is kept `keep` seconds, a bad one `keep_bad`. Thread-safe.
    """

    def __init__(
        self,
        *,
        getaddrinfo: Callable[..., Any] = socket.getaddrinfo,
        deadline: float = 2.0,
        workers: int = 8,
        keep: float = 30.0,
        keep_bad: float = 5.0,
        answers: int = 16,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._getaddrinfo = getaddrinfo
        self._deadline = deadline
        self._workers = workers
        self._keep, self._keep_bad, self._answers = keep, keep_bad, answers
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Lookup] = {}
        self._jobs: queue.SimpleQueue[_Lookup | None] = queue.SimpleQueue()
        self._started = 0

    def resolve(self, name: str) -> tuple[str, ...]:
        """Addresses of `name`, at most 16; an address answers for itself. Raises as below."""
        return self.everything(name)[: self._answers]

    def everything(self, name: str) -> tuple[str, ...]:
        """All addresses of `name`, at most 256.

        BadHost for odd text, HostDown for a name that nobody knows, HostLate
        where the name service gives no answer in time.
        """
        check_name(name)
        plain = literal(name)
        if plain is not None:
            return (plain,)
        lookup = self._lookup(name)
        if not lookup.done.wait(self._deadline):
            raise HostLate(
                f"Looking up the name {name} took longer than {self._deadline:g} s.",
                host=name,
                hint="Try its address, or look at this server's name service.",
            )
        if lookup.unknown:
            raise HostDown(
                f"The name {name} is not known here.",
                host=name,
                hint="Check its spelling, or try its full name or its address.",
            )
        return lookup.addresses

    def forget(self, name: str) -> None:
        """Ask the name service anew next time, where an answer is kept."""
        with self._lock:
            known = self._known.get(name)
            if known is not None and known.done.is_set():
                del self._known[name]

    def close(self) -> None:
        """End the threads that are idle; one inside getaddrinfo ends after it."""
        with self._lock:
            for _ in range(self._started):
                self._jobs.put(None)
            self._started = 0

    def _lookup(self, name: str) -> _Lookup:
        with self._lock:
            known = self._known.get(name)
            if known is not None and (not known.done.is_set() or self._clock() < known.until):
                return known
            if len(self._known) >= _MAX_NAMES:
                self._known = {n: k for n, k in self._known.items() if not k.done.is_set()}
            lookup = self._known[name] = _Lookup(name)
            self._jobs.put(lookup)
            if self._started < self._workers:
                self._started += 1
                threading.Thread(target=self._work, name="resolver", daemon=True).start()
            return lookup

    def _work(self) -> None:
        while (lookup := self._jobs.get()) is not None:
            addresses = self._ask(lookup.name)
            lookup.addresses, lookup.unknown = addresses, not addresses
            lookup.until = self._clock() + (self._keep if addresses else self._keep_bad)
            lookup.done.set()

    def _ask(self, name: str) -> tuple[str, ...]:
        try:
            found = self._getaddrinfo(name, None, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return ()
        return tuple(dict.fromkeys(str(info[4][0]) for info in found))[:_MOST_ANSWERS]


def bracketed(address: str) -> str:
    """An address as it stands before a port: IPv6 in brackets."""
    return address if isinstance(ip_address(address), IPv4Address) else f"[{address}]"
