"""Rows: many cards on a page: the longest task, cards out of sight, a hidden tab.

Side by side on the real page: 40 cards and 10 of them. A task is what keeps
the page from answering a click; its length is told in CPU time of the main
thread, which neighbours on the machine do not lengthen.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench.pages import SEEN, cpu, least, longest_tasks, settled
from bench.programs import Server
from bench.table import Row, times
from bench.viewers import Viewers, channel

MANY, FEW, IN_SIGHT = 40, 10, 12
TALL = {"width": 1440, "height": 2900}  # all of them in sight
LOW = {"width": 1440, "height": 700}  # three rows of four
BLANK = "window.ticks = (window.ticks || 0) + 1000"
# Headless tabs are always in sight; the page is told otherwise. What is hidden has no
# focus either: the caret that blinks in the host box would be two frames a second.
HIDE = """(hidden) => {
  const all = { hidden, visibilityState: hidden ? "hidden" : "visible" };
  for (const [name, value] of Object.entries(all)) {
    Object.defineProperty(document, name, { configurable: true, get: () => value });
  }
  if (hidden) document.activeElement?.blur();
  document.dispatchEvent(new Event("visibilitychange"));
}"""
REST = 12.0  # seconds after which a hidden page is sent nothing, and its browser has tidied up


def rows(vectorpy: Server, seconds: float) -> list[Row]:
    wishes = _wishes(vectorpy)
    many, few = (_tasks(vectorpy, wishes[:count], seconds) for count in (MANY, FEW))
    sight, hidden = _cpu(vectorpy, wishes, seconds)
    alone, _ = _cpu(vectorpy, wishes[:IN_SIGHT], seconds)
    with settled("about:blank", LOW, BLANK) as (_, page):
        blank = cpu(page, seconds, BLANK)
    return [
        Row(
            f"longest task of the page's main thread in a second, {MANY} cards, all in sight",
            f"{many:.1f} ms",
            f"{FEW} cards",
            f"{few:.1f} ms",
            times(many, few),
            "1.0x",
        ),
        Row(
            f"Chromium CPU per second, {MANY} cards, {IN_SIGHT} in sight",
            f"{sight * 1000:.0f} ms",
            f"{IN_SIGHT} cards",
            f"{alone * 1000:.0f} ms",
            times(sight, alone),
            "1.1x",
        ),
        Row(
            f"Chromium CPU per second, {MANY} cards in a hidden tab",
            f"{hidden * 1000:.0f} ms",
            "an empty tab",
            f"{blank * 1000:.0f} ms",
            f"+ {(hidden - blank) * 1000:.0f} ms",
            "+ 5 ms",
        ),
    ]


def _url(vectorpy: Server, wishes: list[str]) -> str:
    words = "".join(f"&w={wish}" for wish in wishes)
    return f"http://127.0.0.1:{vectorpy.port}/?host=local{words}&window=5m&v=1"


def _tasks(vectorpy: Server, wishes: list[str], seconds: float) -> float:
    with settled(_url(vectorpy, wishes), TALL) as (browser, page):
        return statistics.median(longest_tasks(browser, page, seconds))


def _cpu(vectorpy: Server, wishes: list[str], seconds: float) -> tuple[float, float]:
    """In sight, and hidden."""
    with settled(_url(vectorpy, wishes), LOW) as (_, page):
        sight = cpu(page, seconds)
        page.evaluate(HIDE, True)
        page.wait_for_timeout(REST * 1000)
        seen = page.evaluate(SEEN)
        hidden = least(seconds)
        page.evaluate(HIDE, False)
        page.wait_for_timeout(3000)
        if page.evaluate(SEEN) - seen < seconds:
            raise RuntimeError("what passed while the page was hidden did not come afterwards")
        return sight, hidden


def _wishes(vectorpy: Server) -> list[str]:
    """Line and area charts that this host can draw, the default's first."""
    presets: list[dict[str, Any]] = vectorpy.get("/api/v1/presets")["presets"]
    offered = list(dict.fromkeys(wish for preset in presets for wish in preset["widgets"]))
    known = vectorpy.get("/api/v1/widgets")["widgets"]
    offered += [one["id"] for one in known if one["id"] not in offered]
    kinds = {one["id"]: one["kind"] for one in known}
    lines = [wish for wish in offered if kinds.get(wish.split(";")[0]) in ("line", "stacked")]
    drawn: list[str] = []
    for start in range(0, len(lines), MANY):  # as many as a dashboard may have
        watch = {"channels": [channel("local", *lines[start : start + MANY], window=60)]}
        with Viewers(vectorpy.port, 1, watch) as viewers:
            viewers.wait_ticks(2)
            layout = viewers.last["layout"]
        drawn += [widget["wish"] for widget in layout["widgets"] if widget["series"]]
        if len(drawn) >= MANY:
            break
    if len(drawn) < MANY:
        raise RuntimeError(f"this host can draw {len(drawn)} charts, not {MANY}")
    return drawn[:MANY]
