"""Real children under a real supervisor: words, ends, signals, and that nothing stays."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vectorpy.collector.process import Child, RealProcess, exit_in_words, printable
from vectorpy.collector.users import Account

SLEEPS = "import time; time.sleep(1000)"
# Its own grandchild, in the same group, whose number it leaves in a file.
WITH_GRANDCHILD = """
import os, pathlib, subprocess, sys, time
grand = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
pathlib.Path(os.environ["FOLDER"], "grand").write_text(str(grand.pid))
time.sleep(1000)
"""
LEAVES_MARK = """
import os, signal, sys, time
def end(*_):
    with open(os.environ["FOLDER"] + "/order", "a") as file:
        file.write('{name}' + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(os.environ["FOLDER"] + "/{name}.up", "w").close()
time.sleep(1000)
"""
STUBBORN = """
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(os.environ["FOLDER"], "deaf").write_text("")
time.sleep(1000)
"""


def started(tmp_path: Path, code: str, **more: Any) -> RealProcess:
    return RealProcess(Child("test", (sys.executable, "-c", code), {}, tmp_path, **more))


def ended(process: RealProcess, until: Callable[..., Any]) -> int:
    until(lambda: process.poll() is not None, "its end")
    code = process.poll()
    assert code is not None
    return code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended by itself"),
        (3, "ended with exit code 3"),
        (-9, "was killed (SIGKILL)"),
        (-11, "crashed (SIGSEGV)"),
        (-63, "was killed (signal 63)"),
    ],
)
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert exit_in_words(code) == words


def test_lines_lose_what_a_terminal_would_obey() -> None:
    assert printable(b"a\x1b]0;title\x07\tb\xff \r") == "a]0;title b�"
    assert len(printable(b"x" * 10_000)) == 500


def test_words_come_as_whole_lines_and_the_rest_at_the_end(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    code = "import sys; print('one', flush=True); sys.stderr.write('two\\nthree'); sys.exit(4)"
    process = started(tmp_path, code)
    assert ended(process, until) == 4
    assert process.lines() == ["one", "two", "three"]
    assert process.lines() == []
    assert not process.talking
    process.close()


def test_a_flood_of_words_does_not_block_the_child(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    process = started(
        tmp_path, "print('x' * 99 + '\\n', end='', flush=True)\nprint('y\\n' * 99999)"
    )
    lines: list[str] = []
    until(lambda: lines.extend(process.lines()) or process.poll() is not None, "its end")
    while more := process.lines():
        lines += more
    assert len(lines) == 100_000
    process.close()


def test_a_child_runs_as_its_account_without_our_groups(
    tmp_path: Path, until: Callable[..., Any], as_root: None
) -> None:
    code = "import os; print(os.getuid(), os.getgid(), os.getgroups(), os.getsid(0) == os.getpid())"
    process = RealProcess(
        Child("t", ("/usr/bin/python3", "-c", code), {}, Path("/"), Account("x", 12345, 23456))
    )
    assert ended(process, until) == 0
    assert process.lines() == ["12345 23456 [] True"]
    process.close()


def test_its_group_goes_with_a_child(
    tmp_path: Path, until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    process = RealProcess(
        Child("t", (sys.executable, "-c", WITH_GRANDCHILD), {"FOLDER": str(tmp_path)}, tmp_path)
    )
    grand = int(until(lambda: (tmp_path / "grand").exists() and (tmp_path / "grand").read_text()))
    os.kill(process.pid, signal.SIGKILL)
    assert ended(process, until) == -9
    until(lambda: not alive(grand), "the grandchild's end")
    process.close()


def test_sigterm_stops_all_in_the_opposite_order(
    supervised: Callable[..., Any], until: Callable[..., Any]
) -> None:
    names = ("pmcd", "sampler", "web")
    stack = supervised(*({"name": n, "code": LEAVES_MARK.format(name=n)} for n in names))
    until(lambda: all((stack.folder / f"{name}.up").exists() for name in names), "their start")
    assert stack.end() == 0
    assert (stack.folder / "order").read_text() == "web sampler pmcd "
    assert {one["state"] for one in stack.health().values()} == {"stopped"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stop_all(
    supervised: Callable[..., Any], alive: Callable[[int], bool], number: int
) -> None:
    stack = supervised({"name": "pmcd", "code": SLEEPS})
    pid = stack.pid("pmcd")
    stack.wait_for("all run")
    assert stack.end(number) == 0
    assert not alive(pid)


def test_nothing_survives_a_killed_supervisor(
    supervised: Callable[..., Any], until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    stack = supervised({"name": "pmcd", "code": SLEEPS}, {"name": "web", "code": STUBBORN})
    pids = [stack.pid("pmcd"), stack.pid("web")]
    stack.wait_for("all run")
    assert stack.end(signal.SIGKILL) == -9
    until(lambda: not any(alive(pid) for pid in pids), "the children's end")


def test_the_deaf_are_killed_after_their_grace(
    supervised: Callable[..., Any], until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    stack = supervised({"name": "web", "code": STUBBORN, "grace": 0.2})
    pid = stack.pid("web")
    until(lambda: (stack.folder / "deaf").exists(), "its deafness")
    assert stack.end() == 0
    assert not alive(pid)


def test_a_second_ctrl_c_does_not_wait(
    supervised: Callable[..., Any], until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    stack = supervised({"name": "web", "code": STUBBORN, "grace": 1000.0})
    pid = stack.pid("web")
    until(lambda: (stack.folder / "deaf").exists(), "its deafness")
    stack.process.send_signal(signal.SIGINT)
    stack.wait_for("stopping ...")
    assert alive(pid)
    assert stack.end(signal.SIGINT) == 0
    assert not alive(pid)


def test_a_crash_is_said_and_healed(
    supervised: Callable[..., Any], until: Callable[..., Any]
) -> None:
    code = f"print('I am here', flush=True)\n{SLEEPS}"
    stack = supervised({"name": "web", "code": code})
    stack.wait_for("all run")
    first = stack.pid("web")
    os.kill(first, signal.SIGKILL)
    stack.wait_for("web was killed (SIGKILL). It starts again in 0.5 s.")
    stack.wait_for("web runs again.")
    health = until(lambda: (h := stack.health()["web"])["state"] == "running" and h)
    assert health["restarts"] == 1
    assert health["pid"] != first
    assert stack.end() == 0


def test_orphans_are_reaped(supervised: Callable[..., Any], until: Callable[..., Any]) -> None:
    # A grandchild in a session of its own outlives its parent and ends later.
    code = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen(['/bin/sh', '-c',"
        " 'setsid sh -c \"echo $$ > $FOLDER/grand; sleep 0.1\" & exit 0']).wait()\n" + SLEEPS
    )
    stack = supervised({"name": "web", "code": code})
    grand = int(until(lambda: (p := stack.folder / "grand").exists() and p.read_text().strip()))
    until(lambda: not Path(f"/proc/{grand}").exists(), "the grandchild's burial")
    assert stack.end() == 0


def test_a_child_that_counts_as_ready_at_once_is_never_given_up(
    supervised: Callable[..., Any],
) -> None:
    stack = supervised({"name": "pmcd", "code": SLEEPS}, {"name": "web", "code": "1/0"})
    stack.wait_for("It said last: ZeroDivisionError: division by zero")
    assert stack.process.poll() is None
    assert stack.end() == 0
