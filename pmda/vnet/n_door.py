"""The door to other network namespaces: a child that alone may enter them.

setns(2) takes CAP_SYS_ADMIN, and to see where processes of others live takes
CAP_SYS_PTRACE; both are nearly root. So that the agent, which talks with pmcd
and reads what the kernel sends, has neither, a child that it forks while it is
root keeps them, and can do two things only: tell which namespaces there are,
and hand over a netlink socket for INET_DIAG of the one that a process lives in.
Nothing else reaches it; the questions' form is checked. The sockets serve the
agent from then on without any right.
"""

from __future__ import annotations

import array
import json
import os
import re
import socket
from typing import Callable, List, Optional, Tuple

import n_netlink as netlink
import n_netns
import vfiles
import vrights

SEARCH = b"search"
OPEN = re.compile(rb"open (\d{1,10})\Z")
MOST = 500  # namespaces that are told of
BYTES = 150_000  # of an answer
PATIENCE = 2.5  # seconds
_PID = re.compile(r"/proc/(\d+)/ns/net\Z")


class Door:
    """The agent's end. Once the child is gone both raise OSError."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock: Optional[socket.socket] = sock
        sock.settimeout(PATIENCE)

    def search(self) -> Tuple[List[n_netns.Found], int]:
        """Other namespaces and how many processes hid theirs. Raises OSError."""
        answer, _ = self._ask(SEARCH)
        found, hidden = json.loads(answer)
        return [n_netns.Found(int(i), str(pid), str(label)) for i, pid, label in found], hidden

    def enter(self, path: str, protocol: int) -> netlink.Channel:
        """A netlink socket of the namespace whose file is `path`. Raises OSError."""
        match = _PID.search(path)
        if match is None or protocol != netlink.SOCK_DIAG:
            raise OSError("no namespace of a process: %s" % path)
        answer, descriptors = self._ask(b"open " + match.group(1).encode("ascii"))
        if not descriptors:
            number = int(answer or b"0")
            raise OSError(number, os.strerror(number))
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _ask(self, question: bytes) -> Tuple[bytes, List[int]]:
        if self._sock is None:
            raise OSError("the child that enters namespaces is gone")
        try:
            self._sock.send(question)
            answer, ancillary, _, _ = self._sock.recvmsg(
                BYTES, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC
            )
            if not answer:
                raise OSError("the child that enters namespaces has ended")
        except OSError:
            self.close()  # a late answer must not be taken for the next one's
            raise
        descriptors = array.array("i")
        for _, kind, data in ancillary:
            if kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[: len(data) // 4 * 4])
        return answer, list(descriptors)


def serve(sock: socket.socket, world: vfiles.World, enter: n_netns.Enter = n_netns.enter) -> None:
    """Answer questions until the agent ends."""
    own = n_netns.own(world)
    while True:
        question = sock.recv(64)
        if not question:
            return
        match = OPEN.match(question)
        if question == SEARCH:
            found, hidden = n_netns.search(world, own)
            sock.send(json.dumps([found[:MOST], hidden]).encode("ascii"))
        elif match:
            _hand_over(sock, world.path("/proc/%s/ns/net" % match.group(1).decode()), enter)
        else:
            sock.send(b"22")  # EINVAL


def _hand_over(sock: socket.socket, path: str, enter: n_netns.Enter) -> None:
    try:
        made = enter(path, netlink.SOCK_DIAG)
    except OSError as error:
        sock.send(b"%d" % (error.errno or 0))
        return
    try:
        rights = array.array("i", [made.fileno()])  # type: ignore[attr-defined]
        sock.sendmsg([b"0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    finally:
        made.close()


def start(ids: Tuple[int, int], world: vfiles.World, log: Callable[[str], None]) -> Door:
    """Fork the child, while there are no threads yet; it lives as user `ids` until the agent
    ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            _live(theirs, ids, world)
        finally:
            os._exit(0)
    theirs.close()
    log("a child may enter other network namespaces, the agent itself may not")
    return Door(ours)


def _live(sock: socket.socket, ids: Tuple[int, int], world: vfiles.World) -> None:
    """The child's life."""
    keep = {vrights.SYS_ADMIN, vrights.SYS_PTRACE}
    serve(vrights.stand_alone(sock, ids, keep, b"vnet-namespaces"), world)
