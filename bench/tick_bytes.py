"""Row: bytes of a tick on the wire, beside the same points as keyed JSON."""

from __future__ import annotations

import json
from typing import Any

from bench.programs import Context, server
from bench.table import Row
from bench.viewers import Viewers, channel

PRESET = "triage"


def measure(context: Context) -> list[Row]:
    host = f"127.0.0.1:{context.web_port}"
    with server(context) as vectorpy:
        presets = vectorpy.get("/api/v1/presets")["presets"]
        wishes = next(preset["widgets"] for preset in presets if preset["id"] == PRESET)
        watch = {"channels": [channel(host, *wishes)]}
        with Viewers(vectorpy.port, 1, watch) as viewers:
            viewers.wait_ticks(5)
            tick, layout = viewers.tick_text, viewers.last["layout"]
    numbers = json.loads(tick[2:])[1]["n"]
    keyed = json.dumps(_keyed(layout, numbers), separators=(",", ":"))
    return [
        Row(
            f"bytes per tick of `{PRESET}`, {len(numbers)} series",
            f"{len(tick)} B",
            "the same points as keyed JSON",
            f"{len(keyed)} B",
            f"1/{len(keyed) / len(tick):.1f}",
            "1/4",
        )
    ]


def _keyed(layout: dict[str, Any], numbers: list[float | None]) -> dict[str, Any]:
    """Each point under the name of its widget and series, with host and time beside them."""
    names = [
        f"{widget['id']}.{series['name']}"
        for widget in layout["widgets"]
        for series in widget["series"]
    ]
    points = dict(zip(names, numbers, strict=True))
    return {"host": "127.0.0.1:44322", "time": 1_795_000_000, "points": points}
