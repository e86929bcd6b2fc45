"""A real web process in each async mode, a scripted sampler on its bus, pages on raw sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import websocket

from vectorpy.bus.frames import Reader, pack, pack_emit
from vectorpy.model import wire
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import HANDED_DOWN, Settings, to_json

HERE = Path(__file__).resolve().parent
MODES = [os.environ["VECTORPY_ASYNC_MODE"]] if "VECTORPY_ASYNC_MODE" in os.environ else None
BOTH = MODES or ["eventlet", "threading"]
SCHEMA = json.loads((Path(wire.__file__).parent / "wire.schema.json").read_text(encoding="utf-8"))
RULES = {
    name: jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    for name in SCHEMA["$defs"]
}
DEADLINE = 40.0


def until(found: Callable[[], Any], what: str, seconds: float = DEADLINE) -> Any:
    """Wait until `found()` is true and give it back; fails with `what` after the deadline."""
    end = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > end:
            pytest.fail(f"in vain waited for: {what}")
        time.sleep(0.01)
    return value


class FakeSampler:
    """The sampler's end of the bus: two series a channel, ticks when the test says so.

    The value of the first series at second T is T % 1000, the second is null at
    every fifth second.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bus.sock"
        self.lock = threading.RLock()
        self.now = 1_795_000_000
        self.epoch = "epoch-1"
        self.v = 1
        self.specs: dict[str, ChannelSpec] = {}
        self.viewers: dict[str, set[str]] = {}
        self.asks: list[dict[str, Any]] = []
        self.refused: dict[str, dict[str, Any]] = {}
        self.empty: set[str] = set()
        self.states: dict[str, str] = {}
        self.answers: dict[str, Any] = {"ping": {"version": "test"}, "health": {"up": True}}
        self.padding = 0
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None

    # -- life ------------------------------------------------------------------

    def up(self) -> None:
        """Listen, as a sampler that has just been started: nothing is joined."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen(4)
        self._listener = listener
        self.specs.clear()
        self.viewers.clear()
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """End, as by a kill."""
        for sock in (self._listener, self._connection):
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
        self._listener = self._connection = None

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self._connection = connection
                reader = Reader(connection.recv)
                while (frame := reader.read()) is not None:
                    self._handle(frame[0])
                connection.close()

    def _send(self, frame: bytes) -> None:
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.sendall(frame)

    # -- messages --------------------------------------------------------------

    def layout(self, key: str) -> dict[str, Any]:
        spec = self.specs[key]
        series = [
            wire.series("read", {"instance": "sda", "series": "read"}),
            wire.series("write", {"instance": "sda", "series": "write"}),
        ]
        wish = spec.wishes[0]
        widgets = [wire.widget(wish.text, wish.id, "Title", "s", "line", series)]
        return wire.layout(key, self.v, self.epoch, widgets)

    def row(self, t: int) -> list[float | None]:
        return [float(t % 1000), None if t % 5 == 0 else 0.25]

    def history(self, key: str, start: int, end: int) -> dict[str, Any]:
        times = list(range(start, end + 1))
        rows = [self.row(t) for t in times]
        columns = [[row[i] for row in rows] for i in range(2)]
        return wire.history(key, self.v, self.epoch, end, times, columns)

    def state(self, host: str) -> dict[str, Any]:
        name = self.states.get(host, "connecting" if host in self.empty else "live")
        return wire.state(host, name, reason="Because.", hint="Try.", transport="fake", name=host)

    def tick_message(self, key: str) -> dict[str, Any]:
        now = self.now
        n = self.row(now) + [1.0] * self.padding
        return wire.tick(key, self.epoch, self.v, now, now - 1, n)

    def tick(self) -> int:
        """One second passes: a tick to each joined channel. Gives the second."""
        with self.lock:
            self.now += 1
            for key, spec in self.specs.items():
                if spec.host not in self.empty:
                    self._send(pack_emit(key, "tick", self._text(self.tick_message(key))))
            return self.now

    def emit(self, room: str, event: str, text: str) -> None:
        with self.lock:
            self._send(pack_emit(room, event, text.encode()))

    @staticmethod
    def _text(message: dict[str, Any]) -> bytes:
        return wire.encode(message).encode()

    # -- requests --------------------------------------------------------------

    def _handle(self, ask: dict[str, Any]) -> None:
        with self.lock:
            self.asks.append(ask)
            op = ask["op"]
            if op == "join":
                self._join(ask)
            elif op == "leave":
                self._leave(ask)
            elif op == "history":
                message = self._text(self.history(ask["channel"], ask["from"], ask["to"]))
                head = {"op": "reply", "req": ask["req"], "events": [["history", len(message)]]}
                self._send(pack(head, message))
            elif op in self.answers:
                answer = self.answers[op]
                if isinstance(answer, dict) and "problem" in answer:
                    self._send(pack({"op": "reply", "req": ask["req"], **answer}))
                else:
                    body = json.dumps(answer).encode()
                    self._send(pack({"op": "reply", "req": ask["req"]}, body))

    def _join(self, ask: dict[str, Any]) -> None:
        told = ask["spec"]
        wishes = tuple(Wish.parse(text) for text in told["wishes"])
        spec = ChannelSpec(told["host"], told["interval"], wishes)
        if spec.host in self.refused:
            head = {"op": "reply", "req": ask["req"], "problem": self.refused[spec.host]}
            self._send(pack(head, self._text(self.refused[spec.host])))
            return
        self.specs[spec.key] = spec
        self.viewers.setdefault(spec.key, set()).update(ask["viewers"])
        events = [("state", self._text(self.state(spec.host)))]
        if spec.host not in self.empty:
            past = self.history(spec.key, self.now - ask["window"] + 1, self.now)
            events += [("layout", self._text(self.layout(spec.key))), ("history", self._text(past))]
        head = {
            "op": "reply",
            "req": ask["req"],
            "channel": spec.key,
            "host": spec.host,
            "events": [[event, len(text)] for event, text in events],
        }
        self._send(pack(head, b"".join(text for _, text in events)))

    def _leave(self, ask: dict[str, Any]) -> None:
        left = self.viewers.get(ask["channel"], set())
        left.difference_update(ask["viewers"])
        if not left:
            self.viewers.pop(ask["channel"], None)
            self.specs.pop(ask["channel"], None)

    def asked(self, op: str) -> list[dict[str, Any]]:
        """All requests of one kind so far."""
        with self.lock:
            return [ask for ask in self.asks if ask["op"] == op]


class Page:
    """A page on a raw websocket: what comes is kept as text and checked against the schema."""

    def __init__(self, port: int, headers: dict[str, str] | None = None, greet: bool = True):
        self.ws = websocket.create_connection(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket",
            timeout=DEADLINE,
            suppress_origin=True,
            header=[f"{name}: {value}" for name, value in (headers or {}).items()],
        )
        self.raw: list[tuple[str, str]] = []
        self.checked = True
        assert self.ws.recv().startswith("0{")
        if greet:
            self.ws.send("40")

    def send(self, event: str, data: Any) -> None:
        self.ws.send("42" + json.dumps([event, data]))

    def next(self, seconds: float = DEADLINE) -> tuple[str, Any]:
        """The next event and its data; pings are answered on the way."""
        self.ws.settimeout(seconds)
        while True:
            packet = self.ws.recv()
            if packet == "2":
                self.ws.send("3")
            elif packet.startswith("44"):
                return "refused", json.loads(packet[2:])
            elif packet.startswith("42"):
                event, text = packet[3:-1].split(",", 1)
                event, data = json.loads(event), json.loads(text)
                self.raw.append((event, text))
                if self.checked and event in RULES:
                    RULES[event].validate(data)
                return event, data
            elif packet == "":
                raise ConnectionError("the server closed the connection")

    def until(self, event: str, seconds: float = DEADLINE) -> Any:
        """The data of the next event of that name; those before it are skipped."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found, data = self.next(max(0.05, end - time.monotonic()))
            if found == event:
                return data
        raise TimeoutError(event)

    def watch(self, *channels: dict[str, Any]) -> Any:
        """Send a watch and give the `watching` that answers it."""
        self.send("watch", {"channels": list(channels)})
        return self.until("watching")["channels"]

    def abort(self) -> None:
        """Go away without a word."""
        with contextlib.suppress(Exception):
            self.ws.shutdown()


def channel(host: str, *wishes: str, interval: int = 1, window: int = 60) -> dict[str, Any]:
    """One channel of a watch."""
    return {
        "host": host,
        "interval": interval,
        "wishes": list(wishes or ("cpu",)),
        "window": window,
    }


@dataclass
class Server:
    """A web process, its sampler, and ways to ask it."""

    mode: str
    port: int
    sampler: FakeSampler
    process: subprocess.Popen[str]
    folder: Path
    log: Path
    pages: list[Page] = field(default_factory=list)

    def page(self, headers: dict[str, str] | None = None, greet: bool = True) -> Page:
        page = Page(self.port, headers, greet)
        self.pages.append(page)
        return page

    def get(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": f"127.0.0.1:{self.port}", **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
        finally:
            connection.close()

    def json(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        status, _, body = self.get(path, headers)
        return status, json.loads(body)

    def wait_ready(self) -> None:
        def ready() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("/readyz")[0] == 200
            return False

        until(ready, "the web process")


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of three files."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "js").mkdir()
    (folder / "index.html").write_text('<script defer src="__PLOTLY__"></script>\n')
    (folder / "js" / "main.js").write_text("export {};\n")
    return folder


class Servers:
    """Starts web processes, and ends them."""

    def __init__(self, page_folder: Path, new_folder: Callable[[], Path]) -> None:
        self._page = page_folder
        self._new_folder = new_folder
        self._servers: list[Server] = []

    def __call__(
        self,
        mode: str,
        *,
        prefix: tuple[str, ...] = (),
        sampler: bool = True,
        hurry: dict[str, float] | None = None,
        **settings: Any,
    ) -> Server:
        """A web process in `mode`; `prefix` is a command to run it by, the rest are settings.

        `hurry` replaces constants of the room by others (`launch.py`).
        """
        folder = self._new_folder()
        folder.chmod(0o700)
        fake = FakeSampler(folder)
        if sampler:
            fake.up()
        given = {"port": 0, "runtime_dir": str(folder), "state_dir": str(folder), **settings}
        log, place = folder / "log", folder / "web.json"
        with log.open("w") as out:
            process = subprocess.Popen(
                [*prefix, sys.executable, "-W", "error", str(HERE / "launch.py"), str(self._page)],
                env={
                    **os.environ,
                    HANDED_DOWN: to_json(Settings(async_mode=mode, **given)),
                    "VECTORPY_TEST_HURRY": json.dumps(hurry or {}),
                },
                stdout=out,
                stderr=out,
                text=True,
            )
        server = Server(mode, 0, fake, process, folder, log)
        self._servers.append(server)
        until(lambda: place.exists() or process.poll() is not None, "web.json")
        assert process.poll() is None, log.read_text()
        server.port = json.loads(place.read_text())["port"]
        if sampler:
            server.wait_ready()
        return server

    def close(self) -> None:
        for server in self._servers:
            for page in server.pages:
                page.abort()
            server.sampler.down()
            server.process.terminate()
            try:
                server.process.wait(10)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


@pytest.fixture(scope="session")
def lasting(page_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Web processes that last as long as the tests."""
    servers = Servers(page_folder, lambda: tmp_path_factory.mktemp("run"))
    yield servers
    servers.close()


@pytest.fixture
def run_server(page_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Starts web processes of the test's own: run_server(mode, **settings)."""
    servers = Servers(page_folder, lambda: tmp_path_factory.mktemp("run"))
    yield servers
    servers.close()


@pytest.fixture(scope="session", params=BOTH)
def shared(request: pytest.FixtureRequest, lasting: Servers) -> Server:
    """One web process per mode for all tests that leave it as they found it."""
    return lasting(request.param)


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    """The shared web process; the test's pages are closed and its channels are gone after it."""
    yield shared
    for page in shared.pages:
        page.abort()
    shared.pages.clear()
    shared.sampler.empty.clear()
    shared.sampler.refused.clear()
    until(
        lambda: (
            not any(
                not viewer.startswith("http:")
                for viewers in list(shared.sampler.viewers.values())
                for viewer in list(viewers)
            )
        ),
        "all viewers to leave",
    )


@pytest.fixture
def modes() -> list[str]:
    """The async modes under test, for a test that takes them side by side."""
    return BOTH


@pytest.fixture(params=BOTH)
def mode(request: pytest.FixtureRequest) -> str:
    """Each async mode, for tests that start a web process of their own."""
    return str(request.param)


@pytest.fixture
def make_channel() -> Callable[..., dict[str, Any]]:
    """Builds one channel of a watch."""
    return channel


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Waits on a condition with a deadline."""
    return until
