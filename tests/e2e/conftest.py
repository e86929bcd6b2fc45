"""A real browser on a real stack: `vectorpy up`, another host's collector, and the pages.

Both run for the whole session, in folders of their own, on loopback. Each page
that a test opens is watched: an error on its console, a request to another
origin or anything that its Content-Security-Policy refused fails the test.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PATIENCE = 45.0
CHROMIUM = os.environ.get("VECTORPY_TEST_CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE = {"width": 1440, "height": 900}
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def wait_until(true: Callable[[], Any], what: str, pause: Callable[[], Any]) -> Any:
    """The first true value of `true()`; fails the test after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {PATIENCE:.0f} s")
        pause()
    return value


class Program:
    """A vectorpy with folders of its own; `said` is what it wrote."""

    def __init__(self, *args: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vectorpy-e2e-"))
        self.folder.chmod(0o755)
        self.own = self.folder / "own"
        self.own.mkdir(mode=0o755)
        self.groups = self.folder / "groups.toml"
        self.groups.touch()
        self._said = self.folder / "said.txt"
        environ = {
            "PATH": SYSTEM_PATH,
            "HOME": str(self.folder),
            # The machine of the tests is starved now and then: that is no host's fault here.
            "VECTORPY_SPARE_HOSTS": "false",
            "VECTORPY_STATE_DIR": str(self.folder / "state"),
            "VECTORPY_RUNTIME_DIR": str(self.folder / "run"),
            "VECTORPY_CATALOG_DIR": str(self.own),
            "VECTORPY_HOST_GROUPS": str(self.groups),
        }
        with self._said.open("wb") as out:
            command = [sys.executable, "-m", "vectorpy.cli", *args]
            self.process = subprocess.Popen(
                command, env=environ, cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def wait_for(self, text: str) -> None:
        def there() -> bool:
            if self.process.poll() is not None and text not in self.said:
                pytest.fail(f"it ended without {text!r}; its last words:\n{self.last_words()}")
            return text in self.said

        wait_until(there, f"{text!r} of {self.process.args}", lambda: time.sleep(0.02))

    def last_words(self) -> str:
        """The end of its output and of its children's logs."""
        logs = sorted((self.folder / "state").rglob("*.log"))
        parts = [f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in logs]
        return "\n".join([self.said[-3000:], *parts])

    def child(self, name: str) -> int:
        """Pid of the child of that name."""
        health = json.loads((self.folder / "run" / "health.json").read_text())
        return int(health["children"][name]["pid"])

    def kill_child(self, name: str) -> None:
        os.kill(self.child(name), signal.SIGKILL)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Its supervisor stands still: whoever of its children dies stays dead."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Up(Program):
    """`vectorpy up`, which may reach all ports of this session on loopback."""

    def __init__(self, port: int, session: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        reach = [flag for one in ("44321-44323", session) for flag in ("--allow-port", one)]
        super().__init__("up", "--port", str(port), "--allow-net", "127.0.0.0/8", *reach)

    def get(self, path: str) -> tuple[int, dict[str, str], Any]:
        """Status, headers (lower case) and body, parsed where it is JSON."""
        try:
            answer = urllib.request.urlopen(self.url + path, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read().decode(errors="replace")
            headers = {name.lower(): value for name, value in answer.headers.items()}
        is_json = "json" in headers.get("content-type", "")
        return answer.status, headers, json.loads(body) if is_json else body


class Remote(Program):
    """`vectorpy collector`: another host, by its web API and by its pmcd."""

    def __init__(self, pmcd_port: int, web_port: int) -> None:
        self.pmcd_port, self.web_port = pmcd_port, web_port
        ports = ("--port", str(self.pmcd_port), "--web-port", str(self.web_port))
        super().__init__("collector", *ports)

    @property
    def web(self) -> str:
        return f"127.0.0.1:{self.web_port}"

    @property
    def pcp(self) -> str:
        return f"pcp://127.0.0.1:{self.pmcd_port}"


@pytest.fixture(scope="session")
def up(free_port: Any) -> Iterator[Up]:
    program = Up(free_port(), free_port.range)
    try:
        program.wait_for("vectorpy is at ")
        yield program
    finally:
        program.end()


@pytest.fixture
def own_folder(up: Up) -> Path:
    """The folder of widgets of one's own of the vectorpy that serves the pages."""
    return up.own


@pytest.fixture(scope="session")
def remote(free_port: Callable[[], int]) -> Iterator[Remote]:
    program = Remote(free_port(), free_port())
    try:
        program.wait_for("the collector answers")
        yield program
    finally:
        program.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


# What the page draws, canvas or Plotly: finite points of each trace, and the bands.
_CHART = """
(node) => {
  const chart = window.vectorpy.figure(node.dataset.host, node.dataset.wish);
  if (!chart) return null;
  const series = {};
  const known = (pairs) => pairs.filter(([, value]) => Number.isFinite(value));
  for (const { name, x, y, z, x0, dx } of chart.data) {
    if (z) z.forEach((row, n) => (series[n] = known([...row].map((v, i) => [x0 + i * dx, v]))));
    else series[name] = known([...y].map((v, i) => [x[i], v]));
  }
  const { shapes = [], xaxis } = chart.layout;
  const bands = shapes.filter((one) => one.type === "rect").map((one) => [one.x0, one.x1]);
  return { series, bands, range: xaxis.range };
}
"""

# What a former page kept in this browser is gone, once per tab: a reload keeps it.
_WATCH = """
if (window === window.top && !sessionStorage.getItem("started")) {
  sessionStorage.setItem("started", "yes");
  localStorage.clear();
}
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP refused ${event.violatedDirective}: ${event.blockedURI}`));
"""


class View:
    """One page of a viewer, watched, with the questions that tests ask of it."""

    def __init__(self, page: Page, url: str, pardon: tuple[str, ...]) -> None:
        self.page = page
        self.base = url
        self.pardon = pardon
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.epochs: list[str] = []
        self.sockets: list[Any] = []
        self.page.set_default_timeout(PATIENCE * 1000)
        self._ears: dict[str, Callable[[Any], None]] = {
            "console": lambda message: self._heard(message.type, message.text),
            "pageerror": lambda error: self._heard("error", str(error)),
            "request": lambda request: self._asks(request.url),
            "websocket": self._opened,
        }
        for name, ear in self._ears.items():
            self.page.on(name, ear)  # type: ignore[call-overload]

    def leave(self) -> Page:
        """Hears nothing any more; the page is for others."""
        for name, ear in self._ears.items():
            self.page.remove_listener(name, ear)
        return self.page

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and not any(words in text for words in self.pardon):
            self.faults.append(f"console: {text}")

    def _asks(self, url: str) -> None:
        self.asked.append(url)
        parts, own = urlsplit(url), urlsplit(self.base)
        if parts.scheme not in ("data", "blob") and parts.netloc != own.netloc:
            self.faults.append(f"another origin: {url}")

    def _opened(self, websocket: Any) -> None:
        self._asks(websocket.url)
        self.sockets.append(websocket)
        websocket.on("framereceived", self._frame)

    def _frame(self, payload: str | bytes) -> None:
        text = payload if isinstance(payload, str) else payload.decode(errors="replace")
        if text.startswith('42["layout",'):
            epoch = json.loads(text[2:])[1]["epoch"]
            if epoch not in self.epochs:
                self.epochs.append(epoch)

    # -- going somewhere ---------------------------------------------------------

    def go(self, path: str = "/") -> View:
        self.page.goto(self.base + path)
        return self

    def type_hosts(self, text: str) -> None:
        box = self.page.get_by_label("Hosts to add")
        box.fill(text)
        box.press("Enter")

    # -- waiting -----------------------------------------------------------------

    def until(self, true: Callable[[], Any] | str, what: str = "") -> Any:
        """The first true value of a function, or of an expression in the page.

        (The page's CSP forbids Playwright's own way of waiting, which is eval.)
        """
        ask = true if callable(true) else lambda: self.page.evaluate(true)
        return wait_until(ask, what or str(true), lambda: self.page.wait_for_timeout(40))

    def within(self, seconds: float, true: Callable[[], Any]) -> Any:
        """The first true value of a function; what it gave last where it stays false so long."""
        deadline = time.monotonic() + seconds
        while not (value := true()) and time.monotonic() < deadline:
            self.page.wait_for_timeout(40)
        return value

    def drawn(self, host: str, wish: str = "cpu", points: int = 2) -> dict[str, Any]:
        """The chart, once its fullest series has that many points."""

        def there() -> dict[str, Any] | None:
            chart = self.chart(host, wish)
            fullest = max((len(one) for one in chart["series"].values()), default=0) if chart else 0
            return chart if fullest >= points else None

        return self.until(there, f"{points} points of {wish} of {host}")

    # -- asking ------------------------------------------------------------------

    def card(self, host: str, wish: str = "cpu") -> Any:
        return self.page.locator(f'.card[data-host="{host}"][data-wish="{wish}"]')

    def chart(self, host: str, wish: str = "cpu") -> dict[str, Any] | None:
        """Drawn `series` (name: [[x, y]...]), gap `bands`, `range` of x; None without a chart."""
        card = self.card(host, wish)
        return card.evaluate(_CHART) if card.count() else None

    def wishes(self) -> list[str]:
        """The wishes of the cards, in their order."""
        return self.page.eval_on_selector_all(".card", "(all) => all.map((c) => c.dataset.wish)")

    def state(self) -> Any:
        """The page's own state."""
        return self.page.evaluate("window.vectorpy.state")

    def host(self, host: str) -> str:
        """The text of a host's head; empty where there is none."""
        head = self.page.locator(f'.host[data-host="{host}"]')
        return head.inner_text() if head.count() else ""

    def query(self) -> str:
        return urlsplit(self.page.url).query


class Tabs:
    """Tabs of one browser context that are used again by test after test.

    A new tab is a new process of Chromium, which compiles Plotly anew: that takes four times the
    CPU of the page itself. Between two tests a tab shows a page without scripts of this origin
    (from another origin it would come back in a new process) and forgets what it kept.
    """

    def __init__(self, context: BrowserContext, rest: str) -> None:
        self._context = context
        self._rest = rest
        self._idle: list[Page] = []

    def take(self, viewport: Any = None, color_scheme: Any = "light") -> Page:
        """A tab as a new one would be; `color_scheme` is Playwright's default for new ones."""
        page = self._idle.pop() if self._idle else self._context.new_page()
        page.set_viewport_size(viewport or WIDE)
        page.emulate_media(color_scheme=color_scheme)
        return page

    def give_back(self, page: Page) -> None:
        if page.is_closed():
            return
        page.unroute_all()
        page.mouse.up()
        page.mouse.move(0, 0)
        page.goto(self._rest)
        page.evaluate("sessionStorage.clear()")
        self._idle.append(page)


def _context(browser: Browser, **options: Any) -> BrowserContext:
    context = browser.new_context(**{"viewport": WIDE, **options})
    context.add_init_script(_WATCH)
    return context


@pytest.fixture(scope="session")
def tabs(browser: Browser, up: Up) -> Iterator[Tabs]:
    """The one browser context of most pages: what is fetched once is cached."""
    context = _context(browser)
    yield Tabs(context, f"{up.url}/limits")
    context.close()


@pytest.fixture
def view(browser: Browser, tabs: Tabs, up: Up) -> Iterator[Callable[..., View]]:
    """Opens a watched page: `view("/?host=local")`; `path` None opens none yet.

    `pardon` names console errors that the test brings about itself, `fresh`
    asks for a browser that was never here, `options` are Playwright's for a context.
    """
    made: list[View] = []
    lent: list[View] = []
    contexts: list[BrowserContext] = []

    def open_view(
        path: str | None = "/", pardon: tuple[str, ...] = (), fresh: bool = False, **options: Any
    ) -> View:
        # Scripts of a test's own can't be taken from a tab again: without a path, it is a new one.
        if fresh or path is None or options.keys() - {"viewport", "color_scheme"}:
            contexts.append(_context(browser, **options))
            made.append(View(contexts[-1].new_page(), up.url, pardon))
        else:
            made.append(View(tabs.take(**options), up.url, pardon))
            lent.append(made[-1])
        return made[-1] if path is None else made[-1].go(path)

    yield open_view
    faults = [fault for one in made for fault in one.faults]
    for one in lent:
        tabs.give_back(one.leave())
    for context in contexts:
        context.close()
    if up.process.poll() is not None:
        pytest.fail(f"vectorpy up died; its last words:\n{up.last_words()}", pytrace=False)
    assert faults == []


class Counter:
    """A TCP proxy before a web API that notes when each fetch of a sample passed it."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self.fetches: list[float] = []
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        self._listener.settimeout(0.1)
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._pass_on, args=(client,))
                self._threads.append(thread)
                thread.start()
        self._listener.close()

    def _pass_on(self, client: socket.socket) -> None:
        # Either end may go at any time.
        with client, contextlib.suppress(ConnectionError):
            self._relay(client)

    def _relay(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            ends = {client: server, server: client}
            while not self._stop.is_set():
                for ready in select.select(list(ends), [], [], 0.1)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if ready is client and b"/_fetch?" in data:
                        self.fetches.append(time.time())
                    ends[ready].sendall(data)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def counter(remote: Remote, free_port: Callable[[], int]) -> Iterator[Counter]:
    """A host of its own on the way to the remote web API, whose fetches are counted."""
    proxy = Counter(free_port(), remote.web_port)
    yield proxy
    proxy.close()
