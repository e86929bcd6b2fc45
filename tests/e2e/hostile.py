"""A web API whose instance names try to be markup, templates and other text than they are.

It speaks pmproxy's compat routes for a few metrics of the network and of file
systems, no more; counters run with the clock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

NAMES = (
    "<img src=x onerror=window.__hit=1>",
    "%{x} %{customdata} <b>bold</b>",
    "</script><script>window.__hit=2</script>",
    "\u202egnp.exe",
    "<a href='javascript:window.__hit=3'>link</a>",
)
HOSTNAME = "<svg onload=window.__hit=4>"
INTERFACES, DISKS, AGENTS, MOUNTS = 60 << 22 | 3, 60 << 22 | 1, 2 << 22 | 1, 60 << 22 | 5


def _metric(pmid: int, sem: str, units: str, kind: str = "u64", indom: int | None = None) -> Any:
    row = {"pmid": pmid, "sem": sem, "units": units, "type": kind.upper()}
    row |= {"text-oneline": NAMES[0], "text-help": NAMES[2]}
    return row if indom is None else row | {"indom": indom}


METRICS = {
    "network.interface.in.bytes": _metric(251661312, "counter", "byte", indom=INTERFACES),
    "network.interface.out.bytes": _metric(251661320, "counter", "byte", indom=INTERFACES),
    "filesys.full": _metric(251663365, "instant", "", "double", MOUNTS),
    "filesys.mountdir": _metric(251663364, "discrete", "", "string", MOUNTS),
    "kernel.all.uptime": _metric(251684864, "instant", "sec"),
    "pmcd.agent.status": _metric(8392705, "instant", "", "32", AGENTS),
    "pmcd.hostname": _metric(8388629, "instant", "", "string"),
    "pmcd.version": _metric(8388610, "discrete", "", "string"),
}
TEXTS = {"pmcd.hostname": HOSTNAME, "pmcd.version": "6.0.3"}


def _value(name: str, instance: int, now: float) -> Any:
    if name in TEXTS:
        return TEXTS[name]
    if name == "filesys.mountdir":
        return NAMES[instance]
    if name == "filesys.full":
        return 10.0 * (instance + 1)
    if name == "pmcd.agent.status":
        return 0
    return int(now * 1000 * (instance + 1)) if "bytes" in name else int(now)


def _answer(path: str) -> tuple[int, Any]:
    parts = urlsplit(path)
    query = parse_qs(parts.query)
    names = query.get("names", [""])[0].split(",")
    route = parts.path.rpartition("/")[2]
    now = time.time()
    if route == "context":
        return 200, {"context": 7, "labels": {"hostname": HOSTNAME, "machineid": "0" * 32}}
    if route == "_metric":
        if prefix := query.get("prefix", [""])[0]:
            names = [name for name in METRICS if f"{name}.".startswith(f"{prefix}.")]
        known = [{"name": name} | METRICS[name] for name in names if name in METRICS]
        return 200, {"context": 7, "metrics": known}
    if route == "children":
        tops = sorted({name.split(".")[0] for name in METRICS})
        return 200, {"context": 7, "leaf": [], "nonleaf": tops}
    if route == "_indom":
        agents = str(AGENTS) in parts.query
        rows = {2: "pmcd", 60: "linux"} if agents else dict(enumerate(NAMES))
        listed = [{"instance": key, "name": name} for key, name in rows.items()]
        return 200, {"context": 7, "instances": listed}
    if route == "_fetch":
        stamp = {"s": int(now), "us": int(now % 1 * 1e6)}
        rows = [_row(name, now) for name in names if name in METRICS]
        return 200, {"context": 7, "timestamp": stamp, "values": rows}
    return 400, {"context": 7, "message": "Bad request", "success": False}


def _row(name: str, now: float) -> dict[str, Any]:
    indom = METRICS[name].get("indom")
    ids = {AGENTS: (2, 60), None: (-1,)}.get(indom, tuple(range(len(NAMES))))
    values = [{"instance": one, "value": _value(name, one, now)} for one in ids]
    return {"pmid": METRICS[name]["pmid"], "name": name, "instances": values}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 2.0
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        # A sampler that goes on asking must not hold the end up.
        self.close_connection = self.close_connection or self.server.ending  # type: ignore[attr-defined]
        status, body = _answer(self.path)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


def serve(port: int) -> Callable[[], None]:
    """Serve on a loopback port; returns what ends it."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = False
    server.ending = False  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def close() -> None:
        server.ending = True  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()

    return close
