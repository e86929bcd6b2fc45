"""What vjvm's tests share: worlds with recorded files of JVMs, and real JVMs to look at."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import j_find
import j_jvm
import j_table
import pytest
import vconf
import vfiles

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded"
COLLECTORS = ("G1", "Parallel", "Serial", "Z", "Shenandoah")
STAT = (
    "{pid} ({name}) {state} 1 {pid} {pid} 0 -1 {flags} 0 0 0 0 70 30 0 0 20 0 21 0 {start} "
    "5000000 {rss} 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"
)


class World:
    """A folder that looks like the root of a host on which 1000 seconds have passed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        (folder / "proc").mkdir()
        (folder / "etc").mkdir()
        (folder / "proc/uptime").write_text("1000.00 1900.00\n")
        (folder / "etc/passwd").write_text(f"duke:x:{os.getuid()}:{os.getgid()}::/:/bin/sh\n")
        self.files = vfiles.World(str(folder))

    def process(
        self,
        pid: int,
        name: str = "java",
        *,
        start: int = 90000,
        state: str = "S",
        flags: int = 0,
        uid: int | None = None,
        nspid: int | None = None,
        words: tuple[str, ...] = ("java", "-cp", ".", "Load"),
        maps: str = "",
        cgroup: str = "0::/system.slice/some.service\n",
        catches: str = "0000000181005ccf",
    ) -> Path:
        """A process; its cpu is 100 ticks, its memory 512 pages."""
        folder = self.root / "proc" / str(pid)
        (folder / "task" / str(pid)).mkdir(parents=True, exist_ok=True)
        (folder / "fd").mkdir(exist_ok=True)
        fields = {"pid": pid, "name": name, "state": state, "flags": flags, "start": start}
        (folder / "stat").write_text(STAT.format(rss=512, **fields))
        own = os.getuid() if uid is None else uid
        spaces = f"{pid}\t{nspid}" if nspid else str(pid)
        (folder / "status").write_text(
            f"Name:\t{name}\nUid:\t{own}\t{own}\t{own}\t{own}\nGid:\t0\t0\t0\t0\n"
            f"NSpid:\t{spaces}\nSigCgt:\t{catches}\n"
        )
        (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
        (folder / "maps").write_text(maps)
        (folder / "cgroup").write_text(cgroup)
        (folder / "task" / str(pid) / "schedstat").write_text("5000 700 9\n")
        return folder

    def jvm(self, pid: int, file: str | bytes, *, nspid: int | None = None, **more: object) -> Path:
        """A JVM with this recorded file; returns the file's place."""
        home = "hsperfdata_duke"
        number = nspid or pid
        maps = f"7f00-7f08 rw-s 00000000 08:01 77  /tmp/{home}/{number}\n"
        folder = self.process(pid, maps=maps, nspid=nspid, **more)  # type: ignore[arg-type]
        inner = folder / "root/tmp" / home
        inner.mkdir(parents=True, exist_ok=True)
        inner.chmod(0o755)
        place = inner / str(number)
        data = file if isinstance(file, bytes) else (RECORDED / f"{file}.hsperf").read_bytes()
        place.write_bytes(data)
        place.chmod(0o600)
        return place


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / "host"
    folder.mkdir()
    return World(folder)


@pytest.fixture(scope="session")
def recorded() -> Path:
    return RECORDED


@pytest.fixture
def conf() -> Callable[..., vconf.Conf]:
    return lambda **given: vconf.defaults(j_table.OPTIONS, **given)


@pytest.fixture
def one_jvm(conf: Callable[..., vconf.Conf]) -> Iterator[Callable[..., j_jvm.Jvm]]:
    """`one_jvm(world, pid)` -> what the agent holds of that JVM, its file open."""
    made: list[j_jvm.Jvm] = []

    def make(world: World, pid: int, **given: object) -> j_jvm.Jvm:
        (found,) = (one for one in j_find.Search(world.files, 100).jvms() if one.key[0] == pid)
        identity = j_jvm.Identity(os.getuid(), pid, "duke", "")
        jvm = j_jvm.Jvm(world.files, found, identity, conf(**given))
        made.append(jvm)
        jvm.open()
        return jvm

    yield make
    for jvm in made:
        jvm.close()


class Running:
    """A real JVM that runs java/Load.java (or another class), ruled by lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = process.pid
        ready = self._line()
        assert ready.startswith("ready"), ready

    def _line(self, patience: float = 60.0) -> str:
        assert self.process.stdout is not None
        timer = threading.Timer(patience, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline().strip()
        finally:
            timer.cancel()
            timer.join()

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._line()

    def beans(self) -> dict[str, int]:
        """What the JVM's own MXBeans say."""
        pairs = (part.rsplit("=", 1) for part in self.ask("beans").split(";"))
        return {name: int(value) for name, value in pairs}

    def end(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def java() -> str:
    found = shutil.which("java", path="/usr/bin:/usr/local/bin") or shutil.which("java")
    assert found, "these tests need a JDK: install openjdk-17-jdk-headless"
    return found


@pytest.fixture(scope="session")
def classes(java: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled programs of java/, with Debian's Jolokia where it is."""
    folder = tmp_path_factory.mktemp("classes")
    compiler = str(Path(java).resolve().parent / "javac")
    jars = "/usr/share/java/jolokia-core.jar:/usr/share/java/json-simple.jar"
    sources = [str(path) for path in sorted((HERE / "java").glob("*.java"))]
    argv = [compiler, "-nowarn", "-cp", jars, "-d", str(folder), *sources]
    subprocess.run(argv, check=True, timeout=100)
    return folder


@pytest.fixture
def run_java(java: str, classes: Path) -> Iterator[Callable[..., Running]]:
    """`run_java("-XX:+UseG1GC", ..., main="Load", arguments=())` -> a running JVM."""
    made: list[Running] = []
    copies: list[Path] = []

    def open_copy(classes: Path) -> Path:
        """The classes where other users and mount namespaces with another /tmp see them."""
        copies.append(Path(tempfile.mkdtemp(prefix="vjvm-test-", dir="/var/tmp")))
        shutil.copytree(classes, copies[-1], dirs_exist_ok=True)
        copies[-1].chmod(0o755)
        return copies[-1]

    def start(
        *options: str,
        main: str = "Load",
        arguments: tuple[str, ...] = (),
        prefix: tuple[str, ...] = (),
        path: str = "",
        copied: bool = False,
    ) -> Running:
        place = open_copy(classes) if copied else classes
        argv = [*prefix, java, *options, "-cp", f"{place}{path}", main, *arguments]
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            cwd="/",
        )
        try:
            made.append(Running(process))
        except BaseException:
            process.kill()
            process.wait()
            raise
        return made[-1]

    yield start
    for running in made:
        running.end()
    for folder in copies:
        shutil.rmtree(folder)


@pytest.fixture
def until() -> Callable[..., None]:
    """`until(condition, what)` waits for it, at most 20 seconds."""

    def wait(condition: Callable[[], object], what: str, patience: float = 20.0) -> None:
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.05)

    return wait
