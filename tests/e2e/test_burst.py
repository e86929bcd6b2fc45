"""A burst on the page: asked for, looked at by another page, stopped, explored, saved."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

WISHES = ("context-switches", "cpu")
PATH = "/?host=local&w=context-switches&w=cpu&w=verdict&window=1m&v=1"


def _times(page: Any) -> list[float]:
    """Times of the points that the burst's chart of context switches has."""
    figure = page.page.evaluate("vectorpy.burst_figure('context-switches')")
    traces = [one for one in (figure or {"data": []})["data"] if one["name"] != "area"]
    return [t for trace in traces for t in trace["x"] if t is not None]


def _begun(page: Any) -> None:
    """A burst that runs; a machine that is busy this moment refuses it, and is asked again."""
    burst = page.page.get_by_role("button", name="Burst: 10 points a second for 60 s")

    def running() -> bool:
        if page.page.locator("#burst").is_hidden():
            burst.click()
        return len(_times(page)) > 20

    page.until(running)


def test_a_burst_from_the_button_to_the_file(view: Callable[..., Any]) -> None:
    page, other = view(PATH), view(PATH)
    page.drawn("local", "context-switches", points=3)
    other.drawn("local", "context-switches", points=3)
    _begun(page)
    shown = page.page.locator("#burst")
    assert "Burst of" in shown.locator("h1").inner_text()
    assert "s left" in shown.locator(".said").inner_text()
    assert "Verdict" in shown.locator(".burst-left").inner_text(), "what is not in it is named"
    assert page.page.locator("#board").is_hidden()
    times = _times(page)
    steps = sorted(round(b - a, 1) for a, b in itertools.pairwise(times))
    assert steps[0] == 0.1, (
        "the chart has no more points than pixels, and the nearest are a tenth apart"
    )

    row = other.page.locator("#bursts")
    other.until(lambda: "s left" in row.inner_text())
    row.get_by_role("button", name="Look at it").click()
    other.until(lambda: len(_times(other)) > 20)
    assert _times(other)[0] == times[0], "from its start"
    other.page.locator("#burst").get_by_role("button", name="Stop").click()
    page.until(lambda: "It was stopped." in shown.inner_text())
    other.until(lambda: "samples; kept until" in other.page.locator("#burst .said").inner_text())

    whole = len(_times(page))
    plot = shown.locator(".plot").first.bounding_box()
    page.page.mouse.move(plot["x"] + 100, plot["y"] + 50)
    page.page.mouse.down()
    page.page.mouse.move(plot["x"] + 180, plot["y"] + 50, steps=3)
    page.page.mouse.up()
    page.until(lambda: 2 <= len(_times(page)) < whole, "the zoom")
    with page.page.expect_download() as download:
        shown.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename.startswith("burst_local_")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert 2 <= len(rows) < whole
    assert any("." in row["time"] for row in rows), "times to the tenth"
    assert "Context switches: switches (/s)" in rows[0]
    page.page.keyboard.press("Escape")
    shown.get_by_role("button", name="Back to live").click()
    assert page.page.locator("#board").is_visible()
    page.until(lambda: "samples; kept until" in page.page.locator("#bursts").inner_text())
