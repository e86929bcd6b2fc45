"""The bare things that vectorpy is measured against; each a program of a few lines.

python -m bench.bare requests URL ...     each URL once a second, decoded
python -m bench.bare fetch PORT FILE HOST ...   pmFetch of FILE's metrics, decoded
python -m bench.bare socketio PORT FILE   Flask-SocketIO that emits FILE once a second
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import requests

SPREAD = 0.2  # of each second, as vectorpy spreads the fetches of its hosts


def every_second(works: Sequence[Callable[[], None]]) -> None:
    """Each of `works` once a second, one host's work after another's, spread over SPREAD.

    All in one go the second host would find the processor's caches warm from the
    first, which no program has that asks its hosts at their own times.
    """
    print("ready")
    due = time.monotonic()
    while True:
        for number, work in enumerate(works):
            _sleep_until(due + SPREAD * number / len(works))
            work()
        due += 1.0
        _sleep_until(due)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def requests_loop(urls: list[str]) -> None:
    """A session and a context per host, and then what vectorpy asks for."""
    sessions: dict[str, tuple[requests.Session, int]] = {}
    asked: dict[str, list[str]] = {}
    for url in urls:
        base = url.split("/pmapi/")[0]
        if base not in sessions:
            session = requests.Session()
            found = session.get(f"{base}/pmapi/context?hostspec=localhost&polltimeout=30").json()
            sessions[base] = (session, found["context"])
        asked.setdefault(base, []).append(
            re.sub(r"/pmapi/\d+/", f"/pmapi/{sessions[base][1]}/", url)
        )

    def work(base: str) -> None:
        for url in asked[base]:
            json.loads(sessions[base][0].get(url, timeout=2).content)

    every_second([partial(work, base) for base in asked])


def fetch_loop(port: str, file: str, hosts: list[str]) -> None:
    """pmFetch and every value decoded, a context per host."""
    import cpmapi as c
    from pcp import pmapi

    contexts = []
    for host in hosts:
        context = pmapi.pmContext(c.PM_CONTEXT_HOST, f"{host}:{port}")
        found = []
        for name in json.loads(Path(file).read_text()):
            with contextlib.suppress(pmapi.pmErr):  # not every kernel has every metric
                found += context.pmLookupName([name])
        ids = (ctypes.c_uint * len(found))(*found)
        contexts.append((context, ids, context.pmLookupDescs(ids)))

    def decode(context: Any, ids: Any, descs: Any) -> None:
        result = context.pmFetch(ids)
        found: dict[int, dict[int, object]] = {}
        for m in range(result.contents.numpmid):
            values = {}
            for i in range(result.contents.get_numval(m)):
                atom = context.pmExtractValue(
                    result.contents.get_valfmt(m),
                    result.contents.get_vlist(m, i),
                    descs[m].contents.type,
                    descs[m].contents.type,
                )
                values[result.contents.get_inst(m, i)] = atom.dref(descs[m].contents.type)
            found[m] = values
        context.pmFreeResult(result)

    every_second([partial(decode, *one) for one in contexts])


def socketio_server(port: str, file: str) -> None:
    """One room, one message a second, as the library's own documents do it."""
    import eventlet

    eventlet.monkey_patch()
    from flask import Flask
    from flask_socketio import SocketIO, join_room

    message = json.loads(Path(file).read_text())
    app = Flask("bare")
    socketio = SocketIO(app, async_mode="eventlet", transports=["websocket"])
    socketio.on("connect")(lambda auth=None: join_room("all"))
    socketio.on("ack")(lambda data: None)

    def emit() -> None:
        while True:
            socketio.sleep(1.0)
            socketio.emit("tick", message, to="all")

    socketio.start_background_task(emit)
    print("ready")
    socketio.run(app, host="127.0.0.1", port=int(port), log_output=False)


if __name__ == "__main__":
    kind, words = sys.argv[1], sys.argv[2:]
    if kind == "requests":
        requests_loop(words)
    elif kind == "fetch":
        fetch_loop(words[0], words[1], words[2:])
    else:
        socketio_server(words[0], words[1])
