"""The canvas of live charts and Plotly draw the same picture, and one takes over from the other."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SCRIPT = Path(__file__).with_name("ink.js").read_text(encoding="utf-8")
SIZE = {"y": 100, "width": 376, "height": 184}
LIVE, STILL = {"x": 10, **SIZE}, {"x": 400, **SIZE}
SCENES = [
    *("lines", "alone", "many", "stacked", "gaps", "gaps in a stack", "gaps in an area"),
    *("limits", "marks", "five minutes", "an hour", "not recorded", "log scale", "log with zeros"),
    *("a moment ago", "a moment ago on a log scale", "a stack and a moment ago"),
]
# Dashes begin at a line's left end, which slides: such charts are drawn whole each second.
DASHED = [name for name in SCENES if "a moment ago" in name]
STEPS = 8
# A line may be half a pixel from its place, and letters may be smoothed in another way.
STRANGE, MEAN = 0.004, 1.5


def stage(view: Callable[..., Any], theme: str, ratio: float) -> Any:
    page = view("/?host=local&w=load&v=1", color_scheme=theme, device_scale_factor=ratio)
    page.until("Boolean(window.Plotly)", "Plotly")
    page.page.evaluate(f"() => {{ {SCRIPT} }}")
    return page.page


def picture(shot: bytes) -> str:
    return base64.b64encode(shot).decode()


def compared(page: Any, **scene: Any) -> dict[str, Any]:
    """Draws a scene both ways; how often the ink was drawn, and how far the pictures are apart."""
    drawn = page.evaluate("(scene) => window.ink.drawn(scene)", scene)
    shots = [picture(page.screenshot(clip=clip)) for clip in (LIVE, STILL)]
    return {**drawn, **page.evaluate("(shots) => window.ink.apart(shots)", shots)}


@pytest.mark.parametrize(("theme", "ratio"), [("dark", 1), ("light", 2), ("contrast", 1)])
def test_canvas_and_plotly_draw_the_same(
    view: Callable[..., Any], theme: str, ratio: float
) -> None:
    page = stage(view, "light" if theme == "light" else "dark", ratio)
    assert page.evaluate("window.ink.scenes") == SCENES
    found = {name: compared(page, scene=name, theme=theme, steps=0) for name in SCENES}
    far = {n: f for n, f in found.items() if f["strange"] > STRANGE or f["mean"] > MEAN}
    assert far == {}


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_strips_make_up_the_same_picture(view: Callable[..., Any], ratio: float) -> None:
    page = stage(view, "dark", ratio)
    found = {name: compared(page, scene=name, theme="dark", steps=STEPS) for name in SCENES}
    far = {n: f for n, f in found.items() if f["strange"] > STRANGE or f["mean"] > MEAN}
    assert far == {}
    strips = {name: (one["whole"], one["strip"]) for name, one in found.items()}
    assert strips == dict.fromkeys(SCENES, (1, STEPS)) | dict.fromkeys(DASHED, (1 + STEPS, 0))


def test_the_comparison_sees_other_colours(view: Callable[..., Any]) -> None:
    page = stage(view, "dark", 1)
    found = compared(page, scene="lines", theme="dark", steps=0, wrong=True)
    assert found["strange"] > 5 * STRANGE


INK, TRACES = ".card .ink:visible", ".card .scatterlayer .trace"


def test_held_still_it_is_plotly_and_live_it_is_ink(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load")
    count = lambda css: page.page.locator(css).count()  # noqa: E731
    page.until(lambda: (count(INK), count(TRACES)) == (1, 0), "ink, and no trace of Plotly")
    page.page.get_by_role("button", name="Pause").click()
    page.until(lambda: (count(INK), count(TRACES)) == (0, 3), "Plotly's three lines alone")
    page.page.get_by_role("button", name="Go live").click()
    page.until(lambda: (count(INK), count(TRACES)) == (1, 0), "ink again")


def test_nothing_jumps_when_plotly_takes_over(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=cpu&window=1m&v=1", color_scheme="dark")
    page.drawn("local", "cpu", points=10)
    page.page.evaluate(f"() => {{ {SCRIPT} }}")
    plot = page.card("local", "cpu").locator(".plot")

    def one_second() -> list[str] | None:
        """Both pictures, where no second passed between them."""
        live, edge = plot.screenshot(), page.chart("local", "cpu")["range"][1]
        page.page.get_by_role("button", name="Pause").click()
        page.until(lambda: page.page.locator(INK).count() == 0, "Plotly's picture")
        held = page.state()["dashboard"]["frozen"]["to"]
        still = plot.screenshot()
        page.page.get_by_role("button", name="Go live").click()
        page.until(lambda: page.page.locator(INK).count() == 1, "the live picture")
        return [picture(live), picture(still)] if held == edge else None

    found = page.page.evaluate("(s) => window.ink.apart(s)", page.until(one_second, "one second"))
    assert found["mean"] < 3 * MEAN  # the crosshair's card may light up, the lines not move


def test_a_live_chart_is_saved_with_its_lines(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1", color_scheme="dark")
    page.drawn("local", "load")
    page.until("Boolean(window.Plotly)", "Plotly")
    page.card("local", "load").get_by_label("Menu of this widget").click()
    with page.page.expect_download() as saved:
        page.page.get_by_role("menuitem", name="Save as PNG").click()
    png = picture(saved.value.path().read_bytes())
    page.page.evaluate(f"() => {{ {SCRIPT} }}")
    assert page.page.evaluate("(png) => window.ink.has(png, [86, 180, 233])", png)
