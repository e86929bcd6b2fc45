"""Row: what a message to one viewer costs the web process, beside Flask-SocketIO alone.

Both send the same bytes to 100 viewers in one room, once a second, and take
one acknowledgement a second from each. The cost of one viewer alone is
subtracted on both sides, so that what is left is the price of a viewer.
"""

from __future__ import annotations

import time

from bench.cost import Meter
from bench.programs import Context, bare, server
from bench.table import Row, times
from bench.viewers import Viewers, channel

MANY = 100


def measure(context: Context) -> list[Row]:
    host = f"127.0.0.1:{context.web_port}"
    watch = {"channels": [channel(host, "cpu", "memory", "disk-iops", "network-throughput")]}
    ours = {}
    with server(context) as vectorpy:
        for count in (1, MANY):
            with Viewers(vectorpy.port, count, watch) as viewers:
                ours[count] = _cost(vectorpy.pid("web"), viewers, count, context.seconds)
                tick = viewers.tick_text[len('42["tick",') : -1]
    file = context.folder / "tick.json"
    file.write_text(tick)
    port = context.page_port + 1
    theirs = {}
    for count in (1, MANY):
        with (
            bare(context, "socketio", str(port), str(file)) as pid,
            _patient_viewers(port, count) as viewers,
        ):
            theirs[count] = _cost(pid, viewers, count, context.seconds)
    mine, plain = ((cost[MANY] - cost[1]) / (MANY - 1) for cost in (ours, theirs))
    return [
        Row(
            f"server CPU per viewer message of {len(tick)} bytes, {MANY} viewers in one channel",
            f"{mine * 1e6:.0f} us",
            "a bare Flask-SocketIO emit of the same bytes",
            f"{plain * 1e6:.0f} us",
            times(mine, plain),
            "1.2x",
        )
    ]


def _cost(pid: int, viewers: Viewers, count: int, seconds: float) -> float:
    """CPU seconds per second of messages, one per viewer and second."""
    viewers.wait_ticks(2 * count)
    before, meter = viewers.ticks, Meter([pid])
    time.sleep(seconds)
    used, _ = meter.stop()
    return used / (viewers.ticks - before) * count


def _patient_viewers(port: int, count: int) -> Viewers:
    """Viewers of the bare server, which says that it is ready before it listens."""
    end = time.monotonic() + 20
    while True:
        try:
            return Viewers(port, count, None)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
