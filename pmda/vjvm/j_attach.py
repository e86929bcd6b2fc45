"""HotSpot's attach protocol, for JVMs that write no file: asked for heap and threads.

Off unless the conf switches it on, and then in a thread of its own. The first
question takes a SIGQUIT, which ends a process that does not catch it: it goes
through a pidfd, to a process whose own status says that it catches it.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import struct
import threading
import time
from typing import Callable, Dict, List, Optional, Tuple

import j_find
import j_jvm
import j_open
import j_process
import j_reports
import vcollect
import vconf
import vfiles
import vsnap

DEADLINE = 5.0  # seconds for the JVM to listen, and for an answer
MOST_ANSWER = 8 << 20  # bytes
PATIENCE = 600.0  # seconds until a JVM that did not answer is asked again
_CREDENTIALS = struct.Struct("iII")


class AttachError(Exception):
    """This JVM can't be asked; the text says why, for people."""


def ask(world: vfiles.World, jvm: j_jvm.Jvm, command: str) -> str:
    """The answer to a command as `jcmd` gives it. Raises AttachError."""
    try:
        tmp = j_open.folder(world.path("/proc/%d/root" % jvm.pid))
    except j_open.Refused as refused:
        raise AttachError(str(refused)) from None
    try:
        path = "/proc/self/fd/%d/.java_pid%d" % (tmp, jvm.identity.nspid)
        if not _is_socket(path):
            _wake(world, jvm, tmp, path)
        return _exchange(path, jvm, command)
    except OSError as error:
        raise AttachError("it does not answer: %s" % (error.strerror or error)) from None
    finally:
        os.close(tmp)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def _wake(world: vfiles.World, jvm: j_jvm.Jvm, tmp: int, path: str) -> None:
    """Make the JVM open its socket. Raises AttachError or OSError."""
    process = os.pidfd_open(jvm.pid)
    trigger = ".attach_pid%d" % jvm.identity.nspid
    made = False
    try:
        _check(world, jvm)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(trigger, flags, 0o600, dir_fd=tmp)
        made = True
        try:
            if os.geteuid() != jvm.identity.uid:
                os.fchown(descriptor, jvm.identity.uid, -1)  # JDK 8 wants its own user's
        finally:
            os.close(descriptor)
        signal.pidfd_send_signal(process, signal.SIGQUIT)
        end = time.monotonic() + DEADLINE
        while not _is_socket(path):
            if time.monotonic() > end:
                raise AttachError("it did not begin to listen within %g seconds" % DEADLINE)
            time.sleep(0.02)
    finally:
        os.close(process)
        if made:
            os.unlink(trigger, dir_fd=tmp)


def _check(world: vfiles.World, jvm: j_jvm.Jvm) -> None:
    """Raises AttachError unless this is the very process that was found, and it catches SIGQUIT."""
    now = j_process.stat(world, jvm.pid)
    status = j_process.status(world, jvm.pid)
    if now is None or status is None or now.start != jvm.key[1]:
        raise AttachError("it has ended")
    if not status.catches_quit:
        raise AttachError("it does not catch SIGQUIT; it may be starting")
    words = " ".join(j_process.command_line(world, jvm.pid))
    if "-XX:+DisableAttachMechanism" in words:
        raise AttachError("it was started with -XX:+DisableAttachMechanism")


def _exchange(path: str, jvm: j_jvm.Jvm, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(DEADLINE)
        link.connect(path)
        raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(raw)[0] != jvm.pid:
            raise AttachError("another process listens in its place")
        link.sendall(b"1\0" + b"".join(w.encode() + b"\0" for w in ("jcmd", command, "", "")))
        answer = _all(link, time.monotonic() + DEADLINE)
    status, _, text = answer.partition(b"\n")
    if status.strip() != b"0":
        raise AttachError("it refused: %.80s" % text.decode("utf-8", "replace").strip())
    return text.decode("utf-8", "replace")


def _all(link: socket.socket, end: float) -> bytes:
    parts: List[bytes] = []
    size = 0
    while size <= MOST_ANSWER:
        link.settimeout(max(0.001, end - time.monotonic()))
        part = link.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise AttachError("its answer is longer than %d bytes" % MOST_ANSWER)


class Asker:
    """A thread that asks JVMs without a file, one after the other; `answers` is what it knows."""

    def __init__(
        self,
        conf: vconf.Conf,
        known: Callable[[], List[j_jvm.Jvm]],
        question: Callable[[j_jvm.Jvm, str], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conf = conf
        self._known = known
        self._question = question
        self._clock = clock
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._answers: Dict[j_find.Key, Tuple[float, Dict[str, j_jvm.Value]]] = {}
        self._failed: Dict[j_find.Key, Tuple[float, str]] = {}
        self._thread = threading.Thread(target=self._run, name="attach", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def answers(self) -> Dict[j_find.Key, Dict[str, j_jvm.Value]]:
        """Values of each JVM whose last answer is not too old."""
        oldest = self._clock() - 2.5 * self._conf.attach_every
        with self._lock:
            return {key: row for key, (at, row) in self._answers.items() if at >= oldest}

    def failures(self) -> Dict[j_find.Key, str]:
        with self._lock:
            return {key: why for key, (_, why) in self._failed.items()}

    def _run(self) -> None:
        # The first round comes soon after the first search.
        pause = 1.0
        while not self._end.wait(pause):
            self.once()
            pause = self._conf.attach_every

    def once(self) -> None:
        """Ask each JVM that has no file, and forget those that are gone."""
        wanted = [jvm for jvm in self._known() if jvm.fileless or not jvm.heap_known]
        jvms = {jvm.key: jvm for jvm in wanted}
        with self._lock:
            for kept in (self._answers, self._failed):
                for key in [key for key in kept if key not in jvms]:
                    del kept[key]
        for key, jvm in jvms.items():
            if self._end.is_set():
                return
            failed = self._failed.get(key)
            if failed is None or self._clock() - failed[0] >= PATIENCE:
                self._one(jvm)

    def _one(self, jvm: j_jvm.Jvm) -> None:
        try:
            row: Dict[str, j_jvm.Value] = dict(j_reports.heap(self._question(jvm, "GC.heap_info")))
            if jvm.fileless:
                row.update(j_reports.threads(self._question(jvm, "Thread.print")))
            else:  # all else is in its file
                row = {"heap.used": row.get("heap.used")}
        except AttachError as error:
            with self._lock:
                self._failed[jvm.key] = (self._clock(), str(error))
            return
        with self._lock:
            self._answers[jvm.key] = (self._clock(), row)
            self._failed.pop(jvm.key, None)


class Attach(vcollect.Probe):
    """What the asker knows, as a probe."""

    name = "attach"

    def __init__(self, asker: Optional[Asker], known: Callable[[], List[j_jvm.Jvm]] = list) -> None:
        self._asker = asker
        self._known = known

    def collect(self, now: float) -> vsnap.Reading:
        if self._asker is None:
            raise vcollect.Unavailable("off: switch it on in vjvm.conf (attach = yes)")
        values: Dict[str, Dict[object, j_jvm.Value]] = {}
        answers, failures = self._asker.answers(), self._asker.failures()
        for jvm in self._known():
            if jvm.key in answers:
                source = "attach: " + jvm.why if jvm.fileless else "hsperfdata, attach"
                row = dict(answers[jvm.key], **{"info.source": source})
            elif jvm.key in failures and jvm.why:
                why = "none: %s; attach: %s" % (jvm.why, failures[jvm.key])
                row = {"info.source": why}
            else:
                continue
            for metric, value in row.items():
                values.setdefault(metric, {})[jvm.key] = value
        note = "%d JVMs asked, %d don't answer" % (len(answers), len(failures))
        return vsnap.Reading(values, note=note)

    def close(self) -> None:
        if self._asker is not None:
            self._asker.stop()


def probe(
    conf: vconf.Conf, world: vfiles.World, known: Callable[[], List[j_jvm.Jvm]]
) -> vcollect.Probe:
    """The probe as the conf wants it; its thread runs from now on where it is switched on."""
    if not conf.attach:
        return Attach(None)
    asker = Asker(conf, known, lambda jvm, command: ask(world, jvm, command))
    asker.start()
    return Attach(asker, known)
