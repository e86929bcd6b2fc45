"""Row: fetches per second at the host, counted there, with 1, 10 and 50 viewers."""

from __future__ import annotations

import time

from bench.programs import Context, server
from bench.relay import Relay
from bench.table import Row
from bench.viewers import Viewers, channel

ADDRESS = "127.0.0.2"
CHARTS = (("cpu", "load"), ("memory",), ("disk-iops", "cpu"))


def measure(context: Context) -> list[Row]:
    """Three channels of one host, shared out among the viewers."""
    host = f"{ADDRESS}:{context.web_port}"
    rates = {}
    with Relay([ADDRESS], context.web_port) as relay, server(context) as vectorpy:
        for count in (1, 10, 50):
            groups = [
                Viewers(vectorpy.port, part, {"channels": [channel(host, *wishes)]})
                for wishes, part in zip(CHARTS, _shares(count), strict=True)
                if part
            ]
            for group in groups:
                group.__enter__()
            groups[0].wait_ticks(2)
            before, begin = relay.fetches, time.monotonic()
            time.sleep(context.seconds)
            rates[count] = (relay.fetches - before) / (time.monotonic() - begin)
            for group in groups:
                group.__exit__()
    return [
        Row(
            f"fetches per second at the host, {count} viewers",
            f"{rates[count]:.2f} /s",
            "1 viewer",
            f"{rates[1]:.2f} /s",
            f"{rates[count] / rates[1]:.2f}x",
            "1.0x",
        )
        for count in (10, 50)
    ]


def _shares(count: int) -> list[int]:
    """`count` in as many parts as there are sets of charts, the first the largest."""
    part = count // len(CHARTS)
    return [count - part * (len(CHARTS) - 1), *[part] * (len(CHARTS) - 1)]
