"""Real collectors: `vectorpy collector` and `vectorpy up` as processes, as root and as a user."""

from __future__ import annotations

import itertools
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vectorpy.collector import ours, users
from vectorpy.errors import Unavailable
from vectorpy.settings import Settings

PATIENCE = 40.0
_numbers = itertools.count()


def _until(true: Callable[[], Any], what: str = "it") -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {PATIENCE} s")
        time.sleep(0.02)
    return value


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Waits for the first true value of a function."""
    return _until


# What a process is, by the word of its command line that tells.
_ROLES = {
    "vectorpy.bus.server": "sampler",
    "vectorpy.web.serve": "web",
    "vectorpy.collector.starter": "starter",
    "connect.py": "connector",
    "pmdavkernel.python": "vkernel",
    "pmdavnet.python": "vnet",
    "pmdavjvm.python": "vjvm",
}


@dataclass(frozen=True)
class Seen:
    """A process as /proc shows it."""

    pid: int
    name: str
    uid: int
    argv: tuple[str, ...]

    @property
    def role(self) -> str:
        words = (_ROLES.get(word.rpartition("/")[2]) for word in self.argv)
        return next((word for word in words if word), self.name)

    @property
    def user(self) -> str:
        return pwd.getpwuid(self.uid).pw_name


def _identity(user: str | None) -> dict[str, Any]:
    if user is None or os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Instance:
    """One vectorpy that was started with folders of its own."""

    def __init__(self, folder: Path, args: Sequence[str], user: str | None) -> None:
        self.folder, self.user, self.args = folder, user, args
        self.state, self.runtime = folder / "state", folder / "run"
        self.said_in = folder / f"said-{next(_numbers)}.txt"
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            # The machine of the tests is starved now and then: that is no host's fault here.
            "VECTORPY_SPARE_HOSTS": "false",
            "VECTORPY_STATE_DIR": str(self.state),
            "VECTORPY_RUNTIME_DIR": str(self.runtime),
        }
        if (folder / "conf").is_dir():
            environ["VECTORPY_AGENTS_CONF"] = str(folder / "conf")
        with self.said_in.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vectorpy.cli", *args],
                env=environ,
                cwd="/",
                stdout=out,
                stderr=out,
                **_identity(user),
            )

    def _given(self, flag: str) -> int:
        return int(self.args[self.args.index(flag) + 1])

    @property
    def port(self) -> int:
        """The collector's pmcd, or the page of `up` and `serve`."""
        return self._given("--port")

    @property
    def pmcd_port(self) -> int:
        """The pmcd of an `up` with web API."""
        return self._given("--pmcd-port")

    @property
    def web_port(self) -> int:
        return self._given("--web-port")

    @property
    def said(self) -> str:
        return self.said_in.read_text()

    def wait_for(self, text: str) -> None:
        def there() -> bool:
            if self.process.poll() is not None and text not in self.said:
                pytest.fail(f"it ended without {text!r}; it said:\n{self.said}")
            return text in self.said

        _until(there, f"{text!r}")

    def children(self) -> dict[str, dict[str, Any]]:
        """What health.json says."""
        return json.loads((self.runtime / "health.json").read_text())["children"]

    def processes(self) -> list[Seen]:
        """All living processes that work in our folders; the supervisor is not among them."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                if not Path(os.readlink(entry / "cwd")).is_relative_to(self.folder):
                    continue
                argv = (entry / "cmdline").read_bytes().decode().split("\0")[:-1]
                name = (entry / "comm").read_text().strip()
                uid = int((entry / "status").read_text().split("Uid:")[1].split()[1])
            except OSError:
                continue
            if argv:  # a zombie has none
                found.append(Seen(int(entry.name), name, uid, tuple(argv)))
        return found

    def listening(self) -> set[str]:
        """Addresses ("127.0.0.1:4330") on which our processes listen by TCP."""
        tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
        rows = [line.split() for t in tables for line in t.read_text().splitlines()[1:]]
        inodes = {f"socket:[{row[9]}]": row[1] for row in rows if row[3] == "0A"}
        found = set()
        for process in self.processes():
            for fd in Path(f"/proc/{process.pid}/fd").iterdir():
                try:
                    found.add(inodes.get(os.readlink(fd), ""))
                except OSError:
                    continue
        return {_address(text) for text in found if text}

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def _address(text: str) -> str:
    host, port = text.split(":")
    if len(host) != 8:
        return f"[{host}]:{int(port, 16)}"
    parts = [str(int(host[i : i + 2], 16)) for i in (6, 4, 2, 0)]
    return f"{'.'.join(parts)}:{int(port, 16)}"


@pytest.fixture(scope="session")
def ordinary() -> str:
    """The name of an ordinary user other than the stack's own."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("daemon", "games", "www-data"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("this system has no ordinary user to take")


def _require_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can change to other users")
    try:
        users.require_readable(users.roles().stack, ours.code_paths(Settings()))
    except Unavailable as error:
        pytest.skip(f"from this checkout root can't start it: {error}")


@pytest.fixture(scope="module")
def start(free_port: Callable[[], int]) -> Iterator[Callable[..., Instance]]:
    """Starts an instance: `start("collector", "--port", "free", user=None)`.

    Each "free" is a free port. `user` None means root. `folder` of an earlier
    instance starts in its folders.
    """
    made: list[Instance] = []

    def run(*args: str, user: str | None = None, folder: Path | None = None) -> Instance:
        if user is None:
            _require_root()
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="vectorpy-"))
            folder.chmod(0o755)
            if user is not None and os.geteuid() == 0:
                entry = pwd.getpwnam(user)
                os.chown(folder, entry.pw_uid, entry.pw_gid)
        given = [str(free_port()) if word == "free" else word for word in args]
        made.append(Instance(folder, given, user))
        return made[-1]

    yield run
    for instance in made:
        try:
            instance.end()
        except subprocess.TimeoutExpired:
            instance.process.kill()
            instance.process.wait()
    for folder in {instance.folder for instance in made}:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def run_as() -> Callable[..., str]:
    """Output, stderr too, of a command run by a user (None: ours)."""

    def run(user: str | None, *command: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
            env=env,
            cwd="/",
            **_identity(user),
        )
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def system_pcp() -> Callable[[], dict[str, tuple[float, int, str]]]:
    """A picture of the system's own PCP: time, size and content or link of every file."""

    def look() -> dict[str, tuple[float, int, str]]:
        picture = {}
        for top in ("/etc/pcp.conf", "/etc/pcp", "/var/lib/pcp", "/var/log/pcp", "/run/pcp"):
            for path in (Path(top), *Path(top).rglob("*")):
                if path.is_symlink() or path.exists():
                    status = path.lstat()
                    text = os.readlink(path) if path.is_symlink() else ""
                    picture[str(path)] = (status.st_mtime, status.st_size, text)
        return picture

    return look
