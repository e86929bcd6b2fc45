"""One child process: started as its user, bound to our life, its words collected.

A child dies with us even when we are killed (PR_SET_PDEATHSIG, prctl(2)), leads
a session of its own (a Ctrl-C at the terminal reaches us alone), and its group
goes with it, so that no grandchild stays. When to start or stop one is
`supervise`'s.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vectorpy.collector.users import Account

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_READ_BYTES = 65536
_READS = 16  # pieces at a time, so that a child that never stops talking can't hold us
LINE_LENGTH = 500

_libc = ctypes.CDLL(None, use_errno=True)


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Child:
    """What to run, as whom, and when it counts as ready.

    `account` None keeps our own user. `before` runs ahead of every start (it
    removes stale sockets). `ready` is asked again and again after a start until
    it says yes; it must answer within about a second. Who is not ready within
    `ready_within` seconds is killed. `waits` False starts it together with the
    child before it, not after that is ready. `log` is a file in which the child writes
    its last words itself, read where its stderr said nothing.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    account: Account | None = None
    before: Callable[[], None] = _nothing
    ready: Callable[[], bool] | None = None
    ready_within: float = 20.0
    waits: bool = True
    grace: float = 5.0
    log: Path | None = None


class Process(Protocol):
    """A started child."""

    pid: int
    talking: bool
    """False once it has closed its words' pipe: then there is nothing to wait for."""

    def fileno(self) -> int:
        """File descriptor that becomes readable when there are words."""
        ...

    def lines(self) -> list[str]:
        """Whole lines it wrote since the last call; the rest too once it has ended."""
        ...

    def poll(self) -> int | None:
        """Exit code (negative: signal) once it has ended, and its group with it."""
        ...

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        ...

    def kill(self) -> None:
        """End it and its group at once (SIGKILL)."""
        ...

    def close(self) -> None:
        """Give the pipe back; after its end."""
        ...


def identity(account: Account | None) -> dict[str, object]:
    """Arguments of subprocess.Popen that make it run as `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


class RealProcess:
    """A child of the operating system; see Process. OSError where it can't be started."""

    def __init__(self, child: Child) -> None:
        parent = os.getpid()

        def bind_to_parent() -> None:
            # After the change of user, which would undo it. The second line
            # covers a parent that died before the first.
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        self._popen = subprocess.Popen(  # type: ignore[call-overload]
            child.argv,
            env=dict(child.env),
            cwd=child.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            preexec_fn=bind_to_parent,
            **identity(child.account),
        )
        self.pid: int = self._popen.pid
        os.set_blocking(self._popen.stdout.fileno(), False)
        self.talking = True
        self._rest = b""

    def fileno(self) -> int:
        return int(self._popen.stdout.fileno())

    def lines(self) -> list[str]:
        data = self._rest + self._read()
        *whole, self._rest = data.split(b"\n")
        if len(self._rest) > LINE_LENGTH or (self._rest and self._popen.returncode is not None):
            whole.append(self._rest)
            self._rest = b""
        return [text for line in whole if (text := printable(line))]

    def _read(self) -> bytes:
        pieces: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while self.talking and len(pieces) < _READS:
                pieces.append(os.read(self.fileno(), _READ_BYTES))
                self.talking = bool(pieces[-1])
        return b"".join(pieces)

    def poll(self) -> int | None:
        if self._popen.returncode is not None:
            return int(self._popen.returncode)
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if os.waitid(os.P_PID, self.pid, options) is None:
            return None
        # While it is not waited for, its number can't become another group's.
        self._signal_group(signal.SIGKILL)
        return int(self._popen.wait())

    def terminate(self) -> None:
        if self._popen.returncode is None:
            self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        if self._popen.returncode is None:
            self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        self._popen.stdout.close()


def printable(line: bytes) -> str:
    """A line as text that is safe on a terminal: no control characters, of bounded length."""
    text = line[: 4 * LINE_LENGTH].decode("utf-8", "replace").replace("\t", " ")
    clean = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return clean.rstrip()[:LINE_LENGTH]


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that it can reap them.

    Where vectorpy is a container's first process, or its init reaps nobody,
    they would stay as zombies (PR_SET_CHILD_SUBREAPER, prctl(2)).
    """
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(own: frozenset[int]) -> None:
    """Wait for ended children that are none of `own`, without blocking."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, options)) is not None and ended.si_pid not in own:
            os.waitpid(ended.si_pid, 0)


def exit_in_words(code: int) -> str:
    """`code` of a process (negative: signal) for people, for example "was killed (SIGKILL)"."""
    if code == 0:
        return "ended by itself"
    if code > 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    crashed = name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
    return f"{'crashed' if crashed else 'was killed'} ({name})"
