"""The async modes: started once and first, patched, bounded, and not ended by full tables."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from vectorpy import aio


def _run(code: str) -> str:
    """Standard output of `code` in a Python of its own, where every warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_eventlet_is_started_without_a_word_and_patches(mode: str) -> None:
    code = f"""
    from vectorpy import aio
    aio.start({mode!r})
    aio.start({mode!r})
    import socket, threading, time
    green = "eventlet" in socket.socket.__module__
    print(aio.mode(), green)
    """
    assert _run(code) == f"{mode} {mode == 'eventlet'}"


def test_one_process_has_one_mode() -> None:
    code = """
    from vectorpy import aio
    try:
        aio.mode()
    except RuntimeError as error:
        print(error)
    aio.start("threading")
    try:
        aio.start("eventlet")
    except RuntimeError as error:
        print(error)
    try:
        aio.start("gevent")
    except ValueError as error:
        print("gevent" in str(error))
    """
    assert _run(code).splitlines() == [
        "aio.start was not called",
        "this process runs in mode threading, it can't change to eventlet",
        "True",
    ]


def test_aio_and_its_settings_import_nothing_that_must_be_patched() -> None:
    code = """
    import sys
    import vectorpy.web.serve
    print([name for name in ("flask", "requests", "urllib3", "socketio", "werkzeug", "eventlet")
           if name in sys.modules])
    """
    assert _run(code) == "[]"


def test_offloaded_work_holds_up_nobody(mode: str) -> None:
    code = f"""
    from vectorpy import aio
    aio.start({mode!r})
    import ctypes, threading, time
    libc = ctypes.CDLL(None)
    beats, done = [], threading.Event()
    def beat():
        while not done.is_set():
            beats.append(1)
            aio.sleep(0.01)
    aio.spawn(beat)
    aio.offload(libc.usleep, 500_000)   # blocks in C
    done.set()
    print(len(beats) > 10)
    try:
        aio.offload(int, "x")
    except ValueError:
        print("raised here")
    """
    assert _run(code).splitlines() == ["True", "raised here"]


def test_offload_runs_few_at_a_time(mode: str) -> None:
    code = f"""
    from vectorpy import aio
    aio.start({mode!r})
    import ctypes, time
    libc = ctypes.CDLL(None)
    now, most, done = [0], [0], [0]
    def work():
        now[0] += 1
        most[0] = max(most[0], now[0])
        libc.usleep(30_000)
        now[0] -= 1
    def one():
        aio.offload(work)
        done[0] += 1
    for _ in range(20):
        aio.spawn(one)
    while done[0] < 20:
        aio.sleep(0.01)
    print(most[0] <= aio.POOLS["files"])
    """
    assert _run(code) == "True"


class _Sock:
    """A listening socket whose table of files is full for a while."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)

    def accept(self) -> tuple[Any, Any]:
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        return self, ("127.0.0.1", 1)


class _Pool:
    @staticmethod
    def free() -> int:
        return 1


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_a_full_table_of_files_is_waited_out(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(aio, "sleep", naps.append)
    sock = _Sock(number, number)
    assert aio._Listener(sock, _Pool).accept()[0] is sock  # type: ignore[arg-type]
    assert naps == [0.1, 0.1]


def test_other_errors_of_accept_are_raised() -> None:
    with pytest.raises(OSError, match="Bad file"):
        aio._Listener(_Sock(errno.EBADF), _Pool).accept()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "connections"), [(100, 36), (4096, 512), (300, 236), (60, 8), (20_000, 512)]
)
def test_connections_leave_files_for_the_rest(files: int, connections: int) -> None:
    assert aio.connections_allowed(files) == connections


def test_a_listener_takes_a_free_port_of_either_family() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        with aio.listen(host, 0) as sock:
            assert sock.getsockname()[1] > 0
