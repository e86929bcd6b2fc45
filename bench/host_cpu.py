"""Rows: what one more watched host costs the server, beside bare loops that ask for the same.

Nobody draws: one raw viewer per host, one channel. The bare loop of the web
transport repeats the very request that vectorpy sends; that of libpcp fetches
the same metrics and decodes every value.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from bench.cost import Meter
from bench.programs import Context, Server, bare, server
from bench.relay import Relay
from bench.table import Row, times
from bench.viewers import Viewers, channel

HOSTS = [f"127.0.0.{last}" for last in range(2, 10)]
METRICS = 60
CHARTS = ("line", "stacked", "heatmap")
SETTLE = 5.0  # seconds until what happens only at the start is over


def measure(context: Context) -> list[Row]:
    rows = []
    with Relay(HOSTS, context.web_port) as relay:
        paths: list[str] = []
        names, ours = _vectorpy(
            context,
            [f"{host}:{context.web_port}" for host in HOSTS],
            lambda: paths.extend(relay.last_fetches(4 * len(HOSTS))),
        )
        urls = [f"http://{host}:{context.web_port}{path}" for host in HOSTS for path in paths]
        theirs = _bare(context, "requests", *urls)
        rows.append(_row(names, "web API", ours, "a bare requests + json loop", theirs))
    with Relay(HOSTS, context.pmcd_port):
        names, ours = _vectorpy(context, [f"pcp://{host}:{context.pmcd_port}" for host in HOSTS])
        file = context.folder / "names.json"
        file.write_text(json.dumps(names))
        theirs = _bare(context, "fetch", str(context.pmcd_port), str(file), *HOSTS)
        rows.append(_row(names, "pmcd", ours, "a bare pmFetch + decode loop", theirs))
    return rows


def _row(names: list[str], way: str, ours: float, against: str, theirs: float) -> Row:
    return Row(
        f"server CPU per host and second, {len(names)} metrics, {way}",
        f"{ours * 1000:.2f} ms",
        against,
        f"{theirs * 1000:.2f} ms",
        times(ours, theirs),
        "1.5x",
    )


def _vectorpy(
    context: Context, hosts: list[str], look: Callable[[], None] = lambda: None
) -> tuple[list[str], float]:
    """The metrics asked for, and CPU seconds per host and second beyond those of no host.

    `look` is called while the hosts are watched.
    """
    with server(context, VECTORPY_RECORDED="") as vectorpy:
        pids = [vectorpy.pid("sampler"), vectorpy.pid("web")]
        wishes, names = _widgets(vectorpy)
        time.sleep(SETTLE)
        meter = Meter(pids)
        time.sleep(context.seconds / 2)
        idle = meter.per_second()
        watch = {"channels": [channel(host, *wishes, window=60) for host in hosts]}
        with Viewers(vectorpy.port, 1, watch) as viewers:
            viewers.wait_ticks(3 * len(hosts))
            time.sleep(SETTLE)
            meter = Meter(pids)
            time.sleep(context.seconds)
            busy = meter.per_second()
            look()
    return names, (busy - idle) / len(hosts)


def _widgets(vectorpy: Server) -> tuple[list[str], list[str]]:
    """Charts, in the order of the catalogue, whose metrics come nearest to METRICS together."""
    wishes: list[str] = []
    names: set[str] = set()
    widgets: list[dict[str, Any]] = vectorpy.get("/api/v1/widgets")["widgets"]
    for widget in widgets:
        if widget["kind"] not in CHARTS:
            continue
        more = set(widget["metrics"]) - names
        if more and len(names) + len(more) <= METRICS:
            wishes.append(widget["id"])
            names |= more
    return wishes, sorted(names)


def _bare(context: Context, kind: str, *words: str) -> float:
    with bare(context, kind, *words) as pid:
        time.sleep(3)
        meter = Meter([pid])
        time.sleep(context.seconds)
        return meter.per_second() / len(HOSTS)
