"""Starts agents that need root at first, for a pmcd that runs as another user.

pmcd can only start what runs as its own user. It starts a connector (`connect`),
which hands its ends of pmcd's pipes over a unix socket to this process, which
is root; the agent gets them, does at start what only root may, and gives root
up by itself. Who may ask is checked (SO_PEERCRED), and what may be asked for is
a fixed table: nothing that comes over the socket becomes part of a command.

    python -m vectorpy.collector.starter FOLDER UID PMDA_FOLDER [CONF_FOLDER]

Connector and agent live and die together: when one ends, the other is ended.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOCKET = "starter.sock"
PYTHON = "/usr/bin/python3"  # the system's has PCP's bindings
# The agents that give root up by themselves, by the name of their folder.
PRIVILEGED = ("vkernel", "vnet", "vjvm")
QUESTION = 64  # bytes: a name
PATIENCE = 2.0  # seconds that a connector has to ask
GRACE = 3.0  # seconds that an agent has to end
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


def barrier(path: Path) -> Path | None:
    """The first of `path`, its folder's files and the folders above that others than root
    could change; None where root may run it.

    Further up a folder may be open to all where it is sticky, as /var/tmp is:
    what root owns there can't be taken away or replaced by others.
    """
    folder = path.resolve().parent
    try:
        files = [one.resolve() for one in folder.iterdir()]  # some are links to what is shared
    except OSError:
        return folder
    return _foreign({path.resolve(), *files, *(file.parent for file in files)}, files)


def conf_barrier(path: Path) -> Path | None:
    """As `barrier`, of a conf alone: what else lies in its folder says nothing of it."""
    files = [path.absolute(), path.resolve()]
    return _foreign({*files, *(file.parent for file in files)}, files)


def _foreign(own: set[Path], files: Sequence[Path]) -> Path | None:
    for place in sorted({*own, *(above for file in files for above in file.parents)}):
        try:
            status = place.stat()
        except OSError:
            return place
        open_to = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        held = status.st_mode & stat.S_ISVTX and place not in own
        if status.st_uid != 0 or (open_to and not held):
            return place
    return None


def script(pmda: Path, name: str) -> Path:
    """The program of an agent."""
    return pmda / name / f"pmda{name}.python"


@dataclass
class _Pair:
    """An agent that runs, and the connection to its connector."""

    name: str
    process: subprocess.Popen[bytes]
    connection: socket.socket


class Starter:
    """Serves connectors of user `uid` until SIGTERM. `names` are the agents it may start,
    `conf` a folder of confs that they read in the place of those beside them."""

    def __init__(
        self,
        uid: int,
        pmda: Path,
        conf: Path | None = None,
        names: Sequence[str] = PRIVILEGED,
    ) -> None:
        self._uid = uid
        self._pmda = pmda
        self._conf = conf
        self._names = tuple(names)
        self._pairs: list[_Pair] = []
        self._ended = False

    def serve(self, folder: Path) -> None:
        """Listen in `folder`, which belongs to root; whoever gets in may connect."""
        # By a relative name: a path may be too long for the kernel.
        os.chdir(folder)
        Path(SOCKET).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            before = os.umask(0o111)
            listener.bind(SOCKET)
            os.umask(before)
            listener.listen(16)
            wake, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
            signal.signal(signal.SIGCHLD, lambda number, frame: None)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._end)
            try:
                while not self._ended:
                    self._step(listener, wake)
            finally:
                for pair in self._pairs:
                    self._stop(pair)

    def _end(self, number: int, frame: object) -> None:
        self._ended = True

    def _step(self, listener: socket.socket, wake: int) -> None:
        """Wait until something happens, and see to it."""
        by_fd = {pair.connection.fileno(): pair for pair in self._pairs}
        ready, _, _ = select.select([listener.fileno(), wake, *by_fd], [], [])
        for one in ready:
            if one == listener.fileno():
                self._accept(listener)
            elif one == wake:
                os.read(wake, 4096)
            else:  # a connector says nothing more: it has ended
                self._stop(by_fd[one])
        for pair in self._pairs:
            if pair.process.poll() is not None:
                pair.connection.close()
        self._pairs = [pair for pair in self._pairs if pair.process.returncode is None]

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        descriptors: list[int] = []
        try:
            connection.settimeout(PATIENCE)
            name, descriptors = self._question(connection)
            if not name:  # it only wanted to know whether somebody listens
                connection.close()
                return
            process = self._start(name, descriptors)
        except (OSError, ValueError) as error:
            _say(f"refused: {error}")
            if len(descriptors) == 3:  # the agent's log is where people look
                os.write(descriptors[2], f"not started: {error}\n".encode())
            connection.close()
            return
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self._pairs.append(_Pair(name, process, connection))
        _say(f"started {name}, process {process.pid}")

    def _question(self, connection: socket.socket) -> tuple[str, list[int]]:
        """Name and descriptors that were sent. Raises ValueError or OSError."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _ = _CREDENTIALS.unpack(raw)
        if uid not in (self._uid, 0):
            raise ValueError(f"process {pid} of user id {uid} is not pmcd's")
        words, descriptors, _, _ = _received(connection)
        name = words.decode("ascii", "replace")
        if not name and not descriptors:
            return "", []
        if name not in self._names or len(descriptors) != 3:
            for descriptor in descriptors:
                os.close(descriptor)
            raise ValueError(f"process {pid} asked for {name!r} with {len(descriptors)} files")
        return name, descriptors

    def _start(self, name: str, descriptors: list[int]) -> subprocess.Popen[bytes]:
        path = script(self._pmda, name)
        foreign = barrier(path)
        if foreign is not None:
            raise ValueError(f"{name}: others than root could change {foreign}")
        reading, writing, log = descriptors
        # Without Python's environment and a user's packages; root writes no bytecode.
        return subprocess.Popen(
            [PYTHON, "-E", "-s", "-B", str(path), "-l", "-", *self._conf_of(name)],
            stdin=reading,
            stdout=writing,
            stderr=log,
        )

    def _conf_of(self, name: str) -> list[str]:
        """What tells the agent its conf, if the folder has one. Raises ValueError where others
        than root could change it: it says what is done as root."""
        if self._conf is None or not (path := self._conf / f"{name}.conf").exists():
            return []
        foreign = conf_barrier(path)
        if foreign is not None:
            raise ValueError(f"{path} is not taken: others than root could change {foreign}")
        return ["-c", str(path)]

    def _stop(self, pair: _Pair) -> None:
        if pair.process.poll() is None:
            pair.process.terminate()
            try:
                pair.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                pair.process.kill()
                pair.process.wait()
        pair.connection.close()


def _received(connection: socket.socket) -> tuple[bytes, list[int], int, object]:
    return socket.recv_fds(connection, QUESTION, 4, socket.MSG_CMSG_CLOEXEC)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    conf_folder = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    Starter(int(sys.argv[2]), Path(sys.argv[3]), conf_folder).serve(Path(sys.argv[1]))
