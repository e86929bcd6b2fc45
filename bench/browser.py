"""Rows: Chromium's CPU per second on the real page, beside the same series drawn with uPlot.

Process CPU of the whole browser, painting included; headless and without a
GPU. The window is tall enough that all charts are in sight, so that neither
page wins by leaving out what nobody sees.
"""

from __future__ import annotations

import functools
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from bench import cards
from bench.pages import SEEN, cpu, settled
from bench.programs import Context, Server, server
from bench.table import Row, times
from bench.viewers import Viewers, channel

HERE = Path(__file__).resolve().parent
PRESET = "triage"
VIEW = {"width": 1440, "height": 1300}
WINDOWS = {"1m": 60, "5m": 300}


@contextmanager
def measuring(context: Context) -> Iterator[list[Row]]:
    """Collects history from now on; the rows stand in the list after the end of the `with`."""
    rows: list[Row] = []
    with server(context, "up", "up", context.page_port + 3) as vectorpy:
        presets = vectorpy.get("/api/v1/presets")["presets"]
        wishes = next(preset["widgets"] for preset in presets if preset["id"] == PRESET)
        watch = {"channels": [channel("local", *wishes, window=max(WINDOWS.values()))]}
        begin = time.monotonic()
        with Viewers(vectorpy.port, 1, watch) as viewers:
            viewers.wait_ticks(2)
            yield rows
            time.sleep(max(0.0, begin + max(WINDOWS.values()) + 5 - time.monotonic()))
        rows.extend(_measure(context, vectorpy, watch))


def _measure(context: Context, vectorpy: Server, watch: dict[str, Any]) -> list[Row]:
    with Viewers(vectorpy.port, 1, watch) as viewers:
        viewers.wait_ticks(2)
        layout, history = viewers.last["layout"], viewers.last["history"]
    ours, plain = {}, {}
    for text, seconds in WINDOWS.items():
        url = f"http://127.0.0.1:{vectorpy.port}/?host=local&preset={PRESET}&window={text}"
        ours[text] = _cpu(context, url)
        with _uplot_page(context, _data(layout, history, seconds)) as other:
            plain[text] = _cpu(context, other, "window.ticks")
    drawing = [*(_row(text, ours[text], plain[text]) for text in WINDOWS), _growth(ours)]
    return [*drawing, *cards.rows(vectorpy, context.seconds)]


def _row(window: str, ours: float, plain: float) -> Row:
    return Row(
        f"Chromium CPU per second, `{PRESET}`, window {window}",
        f"{ours * 1000:.0f} ms",
        "the same series with uPlot",
        f"{plain * 1000:.0f} ms",
        times(ours, plain),
        "2x",
    )


def _growth(ours: dict[str, float]) -> Row:
    short, long = ours["1m"], ours["5m"]
    return Row(
        f"Chromium CPU per second, `{PRESET}`, 5 minutes of data",
        f"{long * 1000:.0f} ms",
        "1 minute of data",
        f"{short * 1000:.0f} ms",
        times(long, short),
        "1.1x",
    )


def _cpu(context: Context, url: str, counter: str = SEEN) -> float:
    with settled(url, VIEW, counter) as (_, page):
        return cpu(page, context.seconds, counter)


def stop_watch(page: Page, start: Callable[[], None], goal: str) -> float:
    """Milliseconds from `window.pressed`, which `start` sets, until the expression `goal` holds.

    It is looked at in every frame.
    """
    page.evaluate(
        "() => { window.reached = 0; const look = () => {"
        f" if ({goal}) window.reached = performance.now(); else requestAnimationFrame(look);"
        " }; requestAnimationFrame(look); }"
    )
    start()
    page.wait_for_function("() => window.reached > 0", timeout=20_000)
    return float(page.evaluate("window.reached - window.pressed"))


def _data(layout: dict[str, Any], history: dict[str, Any], window: int) -> str:
    """The last `window` seconds of the channel as data.json of bench/page."""
    columns = iter(history["columns"])
    charts = [
        {
            "title": widget["title"],
            "names": [series["name"] for series in widget["series"]],
            "columns": [next(columns)[-window:] for _ in widget["series"]],
        }
        for widget in layout["widgets"]
    ]
    t = history["t"][-window:]
    shown = [chart for chart in charts if chart["names"]]
    return json.dumps({"window": len(t), "t": t, "charts": shown})


@contextmanager
def _uplot_page(context: Context, data: str) -> Iterator[str]:
    """URL of bench/page with uPlot and `data`, served on loopback."""
    folder = context.folder / "uplot"
    folder.mkdir(exist_ok=True)
    (folder / "data.json").write_text(data)
    for name in ("index.html", "page.js"):
        (folder / name).write_bytes((HERE / "page" / name).read_bytes())
    link = folder / "uplot"
    if not link.exists():
        link.symlink_to(HERE / "node_modules" / "uplot" / "dist")
    handler = functools.partial(_Quiet, directory=str(folder))
    web = http.server.ThreadingHTTPServer(("127.0.0.1", context.page_port + 4), handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}/"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
