"""A reader of container names, apart from the agent: it alone may read the engines' files.

Those files are root's. So that the agent itself need not be able to read every
file of the host, a child that it forks while it is root can, answers questions
for ids with names, and can do nothing else. The questions' form is checked.
"""

from __future__ import annotations

import json
import os
import re
import socket
from typing import Callable, Dict, List, Optional, Tuple

import k_container
import vfiles
import vrights

_ID = re.compile(r"[0-9a-f]{64}\Z")
QUESTION = 500  # ids at a time
BYTES = 150_000  # of a message
PATIENCE = 1.0  # seconds


def answer(question: bytes, world: vfiles.World) -> bytes:
    """Names for the ids of a question; what is no id is left out."""
    try:
        asked = json.loads(question)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, list):
        asked = []
    ids = [one for one in asked if isinstance(one, str) and _ID.match(one)][:QUESTION]
    names = k_container.known(world, ids)
    return json.dumps({one: name[:200] for one, name in names.items()}).encode("ascii")[:BYTES]


class Reader:
    """The agent's end; `look_up` gives id -> name, nothing once the reader is gone."""

    def __init__(self, sock: socket.socket, log: Callable[[str], None]) -> None:
        self._sock: Optional[socket.socket] = sock
        self._log = log
        sock.settimeout(PATIENCE)

    def look_up(self, ids: List[str]) -> Dict[str, str]:
        if self._sock is None:
            return {}
        try:
            self._sock.send(json.dumps(ids[:QUESTION]).encode("ascii"))
            found = json.loads(self._sock.recv(BYTES) or b"null")
            return dict(found)
        except (OSError, ValueError, TypeError) as error:
            self._log("container names: the reader is gone: %r" % error)
            self._sock.close()
            self._sock = None
            return {}


def start(ids: Tuple[int, int], world: vfiles.World, log: Callable[[str], None]) -> Reader:
    """Fork the reader; it lives as user `ids` with one capability until the agent ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            _live(theirs, ids, world)
        finally:
            os._exit(0)
    theirs.close()
    return Reader(ours, log)


def _live(sock: socket.socket, ids: Tuple[int, int], world: vfiles.World) -> None:
    """The child's life."""
    own = vrights.stand_alone(sock, ids, {vrights.DAC_READ_SEARCH}, b"vkernel-names")
    while True:
        question = own.recv(BYTES)
        if not question:
            return
        own.send(answer(question, world))
