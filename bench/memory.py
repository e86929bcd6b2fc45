"""Row: memory per host watched for minutes, all recorded metrics, beside 8 bytes a point."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.cost import private_bytes
from bench.programs import Context, server
from bench.relay import Relay
from bench.table import Row, times
from bench.viewers import Viewers, channel

HOSTS = [f"127.0.0.{last}" for last in range(11, 19)]


@contextmanager
def measuring(context: Context) -> Iterator[list[Row]]:
    """Watches from now on; the row stands in the list after the end of the `with`."""
    rows: list[Row] = []
    hosts = [f"pcp://{host}:{context.pmcd_port}" for host in HOSTS]
    port = context.page_port + 2
    with Relay(HOSTS, context.pmcd_port), server(context, name="memory", port=port) as vectorpy:
        sampler = vectorpy.pid("sampler")
        with Viewers(vectorpy.port, 1, {"channels": [channel(hosts[0], "cpu")]}) as viewers:
            viewers.wait_ticks(2)  # what the first host loads is not the price of the others
        empty, begin = private_bytes(sampler), time.monotonic()
        watch = {"channels": [channel(host, "cpu") for host in hosts[1:]]}
        with Viewers(vectorpy.port, 1, watch) as viewers:
            viewers.wait_ticks(2)
            yield rows
            wait = begin + context.minutes * 60 - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            seconds = time.monotonic() - begin
            used = (private_bytes(sampler) - empty) / (len(hosts) - 1)
            values = viewers.last["state"]["cost"]["values"]
    points = values * seconds * 8
    rows.append(
        Row(
            f"memory per host watched, {seconds / 60:.0f} minutes, {values} values a second",
            f"{used / 1e6:.1f} MB",
            "8 bytes a point",
            f"{points / 1e6:.1f} MB",
            times(used, points),
            "2x",
        )
    )
