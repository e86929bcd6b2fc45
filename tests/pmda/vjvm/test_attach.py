"""The attach protocol against processes that are no JVMs, or not as they should be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import j_attach
import j_find
import j_jvm
import j_process
import pytest
import vcollect
import vconf
import vfiles

REAL = vfiles.World("/")
FILELESS = j_find.Mapped("", "", False)


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python program and waits until it says that it stands."""
    made: list[subprocess.Popen[str]] = []

    def start(program: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", program]
        made.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        assert made[-1].stdout is not None
        assert made[-1].stdout.readline() == "stands\n"
        return made[-1]

    yield start
    for each in made:
        each.kill()
        each.wait()
        assert each.stdout is not None
        each.stdout.close()


def jvm_of(pid: int, conf: vconf.Conf, nspid: int | None = None) -> j_jvm.Jvm:
    stat = j_process.stat(REAL, pid)
    assert stat is not None
    identity = j_jvm.Identity(os.getuid(), nspid or pid, "duke", "")
    jvm = j_jvm.Jvm(REAL, j_find.Found((pid, stat.start), FILELESS), identity, conf)
    jvm.open()
    return jvm


IGNORANT = "import signal, time\nprint('stands', flush=True)\ntime.sleep(60)"


def test_a_process_that_does_not_catch_sigquit_is_never_sent_one(
    process: Callable[..., Any], conf: Callable[..., vconf.Conf]
) -> None:
    child = process(IGNORANT)
    with pytest.raises(j_attach.AttachError, match="does not catch SIGQUIT"):
        j_attach.ask(REAL, jvm_of(child.pid, conf()), "GC.heap_info")
    assert child.poll() is None
    assert not Path(f"/tmp/.attach_pid{child.pid}").exists()


def test_a_signal_reaches_only_the_process_that_was_found(
    process: Callable[..., Any], conf: Callable[..., vconf.Conf]
) -> None:
    child = process(IGNORANT)
    jvm = jvm_of(child.pid, conf())
    jvm.key = (child.pid, jvm.key[1] - 1)  # the one found had this pid before
    with pytest.raises(j_attach.AttachError, match="it has ended"):
        j_attach.ask(REAL, jvm, "GC.heap_info")
    assert child.poll() is None


CATCHES = """
import signal, sys, time
signal.signal(signal.SIGQUIT, lambda *a: print('quit', flush=True))
print('stands', flush=True)
while True: time.sleep(1)
"""


def test_a_process_that_catches_it_and_does_not_listen_is_given_up(
    process: Callable[..., Any],
    conf: Callable[..., vconf.Conf],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(j_attach, "DEADLINE", 0.2)
    child = process(CATCHES)
    with pytest.raises(j_attach.AttachError, match="did not begin to listen"):
        j_attach.ask(REAL, jvm_of(child.pid, conf()), "GC.heap_info")
    assert child.poll() is None
    assert child.stdout.readline() == "quit\n"
    assert not Path(f"/tmp/.attach_pid{child.pid}").exists()


@pytest.fixture
def listening(process: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """A process with the socket of a JVM, which answers with the bytes given."""
    places: list[Path] = []

    def start(answer: str, pid: int | None = None) -> Any:
        child = process(LISTENS.replace("ANSWER", answer).replace("PID", str(pid or "os.getpid()")))
        places.append(Path(f"/tmp/.java_pid{pid or child.pid}"))
        return child

    yield start
    for place in places:
        place.unlink(missing_ok=True)


LISTENS = """
import os, socket
place = '/tmp/.java_pid%d' % PID
server = socket.socket(socket.AF_UNIX)
server.bind(place)
server.listen()
print('stands', flush=True)
while True:
    link, _ = server.accept()
    asked = link.recv(1000)
    try:
        ANSWER
    except OSError:
        pass
    link.close()
"""


def test_an_answer_of_a_listening_process(
    listening: Callable[..., Any], conf: Callable[..., vconf.Conf]
) -> None:
    child = listening("link.sendall(b'0\\n' + asked.replace(b'\\0', b'|'))")
    answer = j_attach.ask(REAL, jvm_of(child.pid, conf()), "GC.heap_info")
    assert answer == "1|jcmd|GC.heap_info|||"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("link.sendall(b'101\\nNo permission')", "it refused: No permission"),
        ("pass", "it refused"),
        ("import time; time.sleep(5)", "does not answer: timed out"),
        ("[link.sendall(b'0' * 65536) for _ in range(200)]", "longer than"),
    ],
)
def test_bad_answers(
    listening: Callable[..., Any],
    conf: Callable[..., vconf.Conf],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    why: str,
) -> None:
    if "sleep" in answer:
        monkeypatch.setattr(j_attach, "DEADLINE", 0.2)
    child = listening(answer)
    with pytest.raises(j_attach.AttachError, match=why):
        j_attach.ask(REAL, jvm_of(child.pid, conf()), "GC.heap_info")


def test_another_process_in_a_jvm_s_place_is_not_believed(
    listening: Callable[..., Any], process: Callable[..., Any], conf: Callable[..., vconf.Conf]
) -> None:
    victim = process(CATCHES)
    listening("link.sendall(b'0\\nlies')", pid=victim.pid)
    with pytest.raises(j_attach.AttachError, match="another process listens"):
        j_attach.ask(REAL, jvm_of(victim.pid, conf()), "GC.heap_info")


class Questions:
    """Stands in for the protocol: answers by command, or fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing = ""

    def __call__(self, jvm: j_jvm.Jvm, command: str) -> str:
        self.asked.append(command)
        if self.failing:
            raise j_attach.AttachError(self.failing)
        return {
            "GC.heap_info": " ZHeap used 10M, capacity 128M, max capacity 256M\n",
            "Thread.print": '"main" #1 prio=5\n"x" #2 daemon prio=5\n',
        }[command]


def test_answers_fill_in_and_failures_are_told_and_not_repeated(
    world: Any, conf: Callable[..., vconf.Conf], one_jvm: Callable[..., j_jvm.Jvm]
) -> None:
    world.process(7, maps="7f00-7f01 r-xp 0 08:01 5  /x/libjvm.so\n")
    jvm = one_jvm(world, 7)
    questions, now = Questions(), [1000.0]
    asker = j_attach.Asker(conf(), lambda: [jvm], questions, lambda: now[0])
    probe = j_attach.Attach(asker, lambda: [jvm])
    asker.once()
    mib = 1 << 20
    why = "it writes no file (-XX:-UsePerfData, PerfDisableSharedMem or a JVM without it)"
    assert probe.collect(0.0).values == {
        "heap.used": {jvm.key: 10 * mib},
        "heap.committed": {jvm.key: 128 * mib},
        "heap.max": {jvm.key: 256 * mib},
        "threads.live": {jvm.key: 2},
        "threads.daemon": {jvm.key: 1},
        "info.source": {jvm.key: "attach: " + why},
    }
    now[0] += 100.0
    assert probe.collect(0.0).values == {}
    questions.failing = "it does not catch SIGQUIT"
    questions.asked.clear()
    for _ in range(3):
        asker.once()
    assert questions.asked == ["GC.heap_info"]
    assert probe.collect(0.0).values == {
        "info.source": {jvm.key: f"none: {why}; attach: it does not catch SIGQUIT"}
    }
    now[0] += j_attach.PATIENCE
    questions.failing = ""
    asker.once()
    assert "heap.used" in probe.collect(0.0).values


def test_jvms_with_a_file_are_not_asked_but_for_what_it_lacks(
    world: Any, conf: Callable[..., vconf.Conf], one_jvm: Callable[..., j_jvm.Jvm]
) -> None:
    stat = j_process.Stat(7, "java", "S", 0, 1, 1, 90000, 1)
    world.jvm(7, "jdk17-G1")
    world.jvm(8, "jdk25-Serial")
    jvms = [one_jvm(world, 7), one_jvm(world, 8)]
    for jvm in jvms:
        jvm.read(stat, 1000.0, 100, 4096)
    questions = Questions()
    asker = j_attach.Asker(conf(), lambda: jvms, questions)
    asker.once()
    assert questions.asked == ["GC.heap_info"]
    assert j_attach.Attach(asker, lambda: jvms).collect(0.0).values == {
        "heap.used": {jvms[1].key: 10 << 20},
        "info.source": {jvms[1].key: "hsperfdata, attach"},
    }


def test_off_is_told(conf: Callable[..., vconf.Conf]) -> None:
    with pytest.raises(vcollect.Unavailable, match="attach = yes"):
        j_attach.probe(conf(), REAL, list).collect(0.0)


def test_its_thread_ends(conf: Callable[..., vconf.Conf]) -> None:
    probe = j_attach.probe(conf(attach=True), REAL, list)
    assert probe.collect(0.0).note == "0 JVMs asked, 0 don't answer"
    probe.close()
