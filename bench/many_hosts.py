"""Row: what sixteen hosts on one page cost the server, beside sixteen pages of one host each.

The wishes of `triage` of sixteen addresses of one pmproxy. What is watched is the
same; on one page its ticks go to one connection.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench.cost import Meter
from bench.programs import Context, Server, server
from bench.relay import Relay
from bench.table import Row, times
from bench.viewers import Viewers, channel

HOSTS = [f"127.0.0.{last}" for last in range(2, 18)]
SECONDS = 10  # ticks of each host until what happens only at the start is over
ROUNDS = 3


def measure(context: Context) -> list[Row]:
    together, apart = 0.0, 0.0
    with Relay(HOSTS, context.web_port), server(context) as vectorpy:
        presets = vectorpy.get("/api/v1/presets")["presets"]
        wishes = next(one["widgets"] for one in presets if one["id"] == "triage")
        channels = [channel(f"{host}:{context.web_port}", *wishes) for host in HOSTS]
        for _ in range(ROUNDS):  # by turns: a machine's pace drifts
            together += _cost(context, vectorpy, [channels])
            apart += _cost(context, vectorpy, [[one] for one in channels])
    return [
        Row(
            f"server CPU per second, {len(HOSTS)} hosts with `triage` on one page",
            f"{together / ROUNDS * 1000:.0f} ms",
            f"{len(HOSTS)} pages of one host",
            f"{apart / ROUNDS * 1000:.0f} ms",
            times(together, apart),
            "1.0x",
        )
    ]


def _cost(context: Context, vectorpy: Server, pages: list[list[dict[str, object]]]) -> float:
    """CPU seconds per second of both processes while one viewer looks at each of these pages."""
    with ExitStack() as stack:
        viewers = [
            stack.enter_context(Viewers(vectorpy.port, 1, {"channels": page})) for page in pages
        ]
        viewers[-1].wait_ticks(SECONDS * len(pages[-1]))
        meter = Meter([vectorpy.pid("sampler"), vectorpy.pid("web")])
        time.sleep(context.seconds)
        return meter.per_second()
