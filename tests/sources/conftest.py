"""Builders for the tests of sources: tiny servers on loopback, and recorded worlds.

`Replay` answers as a recorded server did: its metrics' and values' own bytes,
put together for whatever list of names is asked for.
"""

import contextlib
import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from vectorpy.settings import Settings
from vectorpy.sources.egress import Getter, Limits
from vectorpy.sources.web import WebSource

RECORDED = Path(__file__).parent / "recorded"
PORTS: list[int] = []  # this session's own


@pytest.fixture(scope="session", autouse=True)
def own_ports(free_port):
    PORTS.extend(range(free_port.first + 1, free_port.last + 1))


def listener(backlog=16):
    """A listening socket on a free loopback port of the tests' own range."""
    for port in PORTS:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", port))
            made.listen(backlog)
        except OSError:
            made.close()
            continue
        return made
    raise RuntimeError("no free port")


@pytest.fixture(name="listener")
def listener_fixture():
    """Builder of listening sockets, closed after the test."""
    made = []

    def build(backlog=16):
        made.append(listener(backlog))
        return made[-1]

    yield build
    for one in made:
        one.close()


class TalkServer:
    """Takes connections one by one and lets `talk(connection)` say what it likes."""

    def __init__(self, talk):
        self.socket = listener()
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        self._talk = talk
        self._ended = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        self.socket.settimeout(0.02)
        while not self._ended:
            try:
                connection, _ = self.socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.settimeout(2)
            # the other side may have enough, which is what many tests want
            with connection, contextlib.suppress(OSError):
                self._talk(connection)

    def close(self):
        self._ended = True
        self._thread.join()
        self.socket.close()


@pytest.fixture
def talk_server():
    """Builder: `talk_server(talk)` gives a TalkServer, closed after the test."""
    made = []

    def build(talk):
        made.append(TalkServer(talk))
        return made[-1]

    yield build
    for one in made:
        one.close()


class Replay:
    """One recorded server. Change `status` (agents by domain), `values`, `refuse`, `dead`.

    `refuse`: contexts answered as unknown; `paths`: what was asked.
    """

    def __init__(self, kind):
        self.kind = kind
        self.exact = dict(recorded(kind))
        self.known, self.values = snippets(kind)
        self.open_metrics = None
        self.status = {2: 0, 60: 0, 146: 0}
        self.uptime = 100.0
        self.stamp = 1795379506.25
        self.refuse = set()
        self.context = 1000
        self.no_pmcd = False
        self.paths = []

    def answer(self, target):
        self.paths.append(target)
        url = urlsplit(target)
        query = {k: v[0] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        route = url.path.split("/")
        if url.path == "/pmapi/context":
            return self.new_context(query)
        if int(route[2]) in self.refuse:
            return self.error("unknown context identifier: " + route[2], -12376)
        handler = getattr(self, route[3].strip("_"), None)
        return handler(query) if handler else self.error("no", -22)

    def error(self, words, code):
        if self.kind == "pmwebd":
            return 400, "text/plain", f"PMWEBD error, code {code}: {words}".encode()
        body = {"context": self.context, "message": words, "success": False}
        return 400, "application/json", packed(body)

    def new_context(self, query):
        if self.kind == "pmwebd" and "hostspec" not in query:
            return self.exact["/pmapi/context"]
        if self.no_pmcd:
            return self.error("cannot connect to PMCD: Connection refused", -111)
        self.context += 1
        if self.kind == "pmwebd":
            return 200, "application/json", b'{ "context": %d }\n' % self.context
        status, kind, body = self.exact["/pmapi/context"]
        return status, kind, re.sub(rb'"context":\d+', b'"context":%d' % self.context, body)

    def metric(self, query):
        if "names" in query and self.kind == "pmproxy":
            bad = '{"name":"%s","message":"Unknown metric name","success":false}'
            names = query["names"].split(",")
            found = [self.known.get(name) or bad % name for name in names]
        else:
            prefix = query.get("prefix", "")
            found = [m for n, m in self.known.items() if f"{n}.".startswith(f"{prefix}.")]
        return 200, "application/json", ('{"metrics":[' + ",\n".join(found) + "]}").encode()

    def fetch(self, query):
        values = dict(self.values)
        status = [{"instance": d, "value": s} for d, s in self.status.items()]
        uptime = [{"instance": -1, "value": self.uptime}]
        for name, pmid, instances in (
            ("pmcd.agent.status", 8392705, status),
            ("kernel.all.uptime", 251684864, uptime),
        ):
            item = {"pmid": pmid, "name": name, "instances": instances}
            values[name] = packed(item).decode()
        found = [values[name] for name in query["names"].split(",") if name in values]
        if not found and self.kind == "pmwebd":
            return self.error("Insufficient elements in list", -12443)
        stamp = packed({"s": int(self.stamp), "us": round(self.stamp % 1 * 1e6)}).decode()
        body = f'{{"timestamp":{stamp},"values":[{",".join(found)}]}}'
        return 200, "application/json", body.encode()

    def indom(self, query):
        number = query["indom"]
        if number == "8388611":
            names = {2: "pmcd", 60: "linux", 146: "vtest"}
            items = [{"instance": number, "name": name} for number, name in names.items()]
            return 200, "application/json", packed({"instances": items})
        for path, answer in self.exact.items():
            if "_indom?" in path and b'"indom":' + number.encode() in answer[2]:
                return answer
        return self.error("no indom", -12359)

    def metrics(self, query):
        """pmproxy's OpenMetrics: only what has a value; `open_metrics` are these names."""
        if self.open_metrics is None:
            return 400, "text/html", b"<html>"
        lines = [f"# PCP5 {n} 1.2.3 u64 none\n{n} 1\n" for n in self.open_metrics]
        return 200, "text/plain", "".join(lines).encode()


def packed(document):
    return json.dumps(document, separators=(",", ":")).encode()


def recorded(kind):
    """(path, (status, content type, body)) of all whole answers of a recorded server."""
    version = {"pmproxy": "pmproxy-6.0.3", "pmwebd": "pmwebd-4.3.4"}[kind]
    text = (RECORDED / f"{version}.txt").read_text()
    entry = re.compile(
        r"^>>> GET (\S+)[^\n]*\n<<< (\d+) [^\n]*\[[^,\]]*, \d+ B, ([^,]*), [^\n]*\n(.*?)"
        r"(?=\n>>> |\n### |\n\n\n|\Z)",
        re.M | re.S,
    )
    for path, status, kind_of_body, body in entry.findall(text):
        if not body.rstrip().endswith(" ..."):
            path = re.sub(r"^/pmapi/\d+/", "/pmapi/N/", path)
            yield path, (int(status), kind_of_body, body.strip().encode())


def snippets(kind):
    """A recorded server's own bytes for each metric's metadata and values."""
    metrics, values = {}, {}
    for path, (status, _, body) in recorded(kind):
        text = body.decode()
        if status == 200 and "/N/_fetch" in path:
            for found in re.findall(r'\{"pmid":\d+,"name":.*?\]\}', text, re.S):
                values.setdefault(re.search(r'"name":"([^"]+)"', found)[1], found)
        if status == 200 and re.search("/_metric", path):
            for found in re.findall(
                r'\{"name":.*?"(?:type":"\w+"|text-help":"[^"]*")\}', text, re.S
            ):
                metrics.setdefault(re.search(r'"name":"([^"]+)"', found)[1], found)
    metrics |= RIDERS[kind]
    return metrics, values


# Metadata that the recordings lack, in each server's own writing.
RIDERS = {
    "pmproxy": {
        "pmcd.agent.status": '{"name":"pmcd.agent.status","pmid":8392705,"indom":8388611,'
        '"type":"32","sem":"discrete","units":"none","labels":{},"text-oneline":"PMDA status"}',
        "kernel.all.uptime": '{"name":"kernel.all.uptime","pmid":251684864,"type":"double",'
        '"sem":"instant","units":"sec","labels":{"agent":"linux"}}',
        "hinv.ncpu": '{"name":"hinv.ncpu","pmid":251658272,"type":"u32","sem":"discrete",'
        '"units":"none","labels":{},"text-oneline":"number of CPUs in the system"}',
    },
    "pmwebd": {
        "pmcd.agent.status": '{"name":"pmcd.agent.status","pmid":8392705,"indom":8388611,'
        '"sem":"discrete","units":"","type":"32"}',
        "kernel.all.uptime": '{"name":"kernel.all.uptime","pmid":251684864,"sem":"instant",'
        '"units":"sec","type":"DOUBLE"}',
        "hinv.ncpu": '{"name":"hinv.ncpu","pmid":251658272,"sem":"discrete","units":"",'
        '"type":"U32"}',
        "vtest.u64max": '{"name":"vtest.u64max","pmid":612370435,"sem":"instant","units":"",'
        '"type":"U64"}',
        "vtest.nan": '{"name":"vtest.nan","pmid":612370436,"sem":"instant","units":"",'
        '"type":"DOUBLE"}',
        "vtest.mode": '{"name":"vtest.mode","pmid":612370434,"sem":"discrete","units":"",'
        '"type":"STRING"}',
        "vtest.uni": '{"name":"vtest.uni","pmid":612370440,"sem":"discrete","units":"",'
        '"type":"STRING"}',
        "vtest.novalue": '{"name":"vtest.novalue","pmid":612370437,"sem":"instant","units":"",'
        '"type":"U32"}',
    },
}


class HttpServer:
    """An HTTP server on loopback with keep-alive; `answer(path)` gives status, type, body."""

    def __init__(self, answer):
        served = self
        self.connections = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 0.5
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                served.connections += 1

            def do_GET(self):
                status, kind, body = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        free = listener()
        self.port = free.getsockname()[1]
        free.close()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def http_server():
    """Builder: `http_server(answer)` gives an HttpServer, closed after the test."""
    made = []

    def build(answer):
        made.append(HttpServer(answer))
        return made[-1]

    yield build
    for one in made:
        one.close()


@pytest.fixture
def getter():
    """Builder of Getters to a loopback port, closed after the test."""
    made = []

    def build(port, **limits):
        spent = {"connect": 0.5, "read": 0.3, "total": 0.5, "size": 65536} | limits
        made.append(Getter(f"http://web-01:{port}", "127.0.0.1", "web-01", Limits(**spent)))
        return made[-1]

    yield build
    for one in made:
        one.close()


@pytest.fixture
def replay():
    """The class Replay."""
    return Replay


@pytest.fixture
def replayed(http_server, getter):
    """Builder: `replayed("pmwebd")` gives (WebSource, Replay)."""

    def build(kind, **more):
        world = Replay(kind)
        server = http_server(world.answer)
        source = WebSource(getter(server.port, total=2.0, read=1.0), "web-01", **more)
        return source, world

    return build


@pytest.fixture
def settings(free_port):
    """Builder of settings that allow loopback at the tests' own ports."""

    def build(**more):
        given = {"allow_net": ("127.0.0.0/8",), "allow_port": (free_port.range, "44321-44323")}
        return Settings(**(given | more))

    return build
