"""The child that enters namespaces: what it answers, and what it refuses."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import n_door
import n_netlink
import n_netns
import n_probes
import pytest
import vfiles
from hypothesis import given
from hypothesis import strategies as st


class Entered(socket.socket):
    """What stands for a netlink socket of a namespace."""


@pytest.fixture
def door(proc: Callable[..., Path], tmp_path: Path) -> Iterator[n_door.Door]:
    """A door whose child is a thread, and a recorded /proc with three namespaces."""
    proc("self", 100)
    proc("7", 100)
    proc("12", 200, cgroup="0::/docker/" + "ab" * 32)
    proc("13", 300)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    world = vfiles.World(str(tmp_path / "world"))

    def enter(path: str, protocol: int) -> Any:
        assert protocol == n_netlink.SOCK_DIAG
        if path.endswith("/proc/13/ns/net"):
            raise PermissionError(errno.EPERM, "setns")
        assert path.endswith("/proc/12/ns/net")
        return Entered(socket.AF_UNIX, socket.SOCK_DGRAM)

    thread = threading.Thread(target=n_door.serve, args=(theirs, world, enter))
    thread.start()
    made = n_door.Door(ours)
    made.raw = ours  # type: ignore[attr-defined]
    yield made
    made.close()
    ours.close()
    thread.join(5)
    theirs.close()


def test_it_tells_the_other_namespaces(door: n_door.Door) -> None:
    found, hidden = door.search()
    assert found == [n_netns.Found(200, "12", "ab" * 6), n_netns.Found(300, "13", "net-300")]
    assert hidden == 0


def test_it_hands_over_a_socket_or_the_reason(door: n_door.Door) -> None:
    made = door.enter("/proc/12/ns/net", n_netlink.SOCK_DIAG)
    assert isinstance(made, socket.socket)
    assert (made.family, made.type) == (socket.AF_UNIX, socket.SOCK_DGRAM)
    assert not os.get_inheritable(made.fileno())
    made.close()
    with pytest.raises(PermissionError):
        door.enter("/proc/13/ns/net", n_netlink.SOCK_DIAG)
    assert len(door.search()[0]) == 2  # a refusal is no end


@pytest.mark.parametrize("path", ["/etc/shadow", "/proc/self/ns/net", "/proc/1/ns/mnt", ""])
def test_nothing_but_a_process_s_network_namespace_is_asked_for(
    door: n_door.Door, path: str
) -> None:
    with pytest.raises(OSError, match="no namespace of a process"):
        door.enter(path, n_netlink.SOCK_DIAG)
    with pytest.raises(OSError, match="no namespace of a process"):
        door.enter("/proc/12/ns/net", n_netlink.ROUTE)


@pytest.mark.parametrize(
    "question",
    [b"open", b"open ../12", b"open 12/../../1", b"open 12\n", b"open 12345678901", b"x", b"\0"],
)
def test_the_child_answers_two_questions_only(door: n_door.Door, question: bytes) -> None:
    door.raw.send(question)  # type: ignore[attr-defined]
    assert door.raw.recv(100) == b"22"  # type: ignore[attr-defined]


@given(question=st.binary(min_size=1, max_size=80))
def test_the_child_lives_through_any_question(question: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:

        def enter(path: str, protocol: int) -> Any:
            raise OSError(errno.ENOENT, path)

        ours.send(question)
        ours.shutdown(socket.SHUT_WR)
        if question != n_door.SEARCH:
            n_door.serve(theirs, vfiles.World("/nowhere"), enter)
            assert ours.recv(100) in (b"22", b"2")


def test_without_the_child_the_own_namespace_is_seen_and_the_rest_said(
    door: n_door.Door, build: Any, tmp_path: Path
) -> None:
    world = vfiles.World(str(tmp_path / "world"))
    kernel = build.Kernel()
    spaces = n_probes.Namespaces(world, kernel.open, door.enter, 64, door.search)
    door.close()
    spaces.search(0.0)
    assert len(spaces.scan(1000, 0.0)) == 1
    assert spaces.note() == "1 seen, no others: the child that enters namespaces is gone"
    spaces.close()
