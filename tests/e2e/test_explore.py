"""Looking closer: moving through time, pins, comparisons, ways to draw, charts as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def _middle(page: Any, wish: str) -> tuple[float, float, float]:
    """Left edge of a plot's box, its width, and a height in its middle."""
    box = page.card("local", wish).locator(".plot").bounding_box()
    return box["x"] + 64, box["width"] - 76, box["y"] + box["height"] / 2


def _span(page: Any) -> tuple[float, float]:
    frozen = page.state()["dashboard"]["frozen"]
    return (frozen["from"], frozen["to"]) if frozen else (0, 0)


def test_moving_through_time(view: Callable[..., Any]) -> None:
    """By a drag with Shift, by a wheel, by keys; all charts in step, and Back undoes it."""
    page = view("/?host=local&w=load&w=memory-available&window=1m&v=1")
    page.drawn("local", "memory-available", points=8)
    left, width, y = _middle(page, "load")
    page.page.keyboard.down("Shift")
    page.page.mouse.move(left + 0.3 * width, y)
    page.page.mouse.down()
    page.page.mouse.move(left + 0.8 * width, y, steps=5)
    page.page.mouse.up()
    page.page.keyboard.up("Shift")
    page.until(lambda: "from=" in page.query(), "a stretch held still")
    first, last = _span(page)
    assert last - first == 60
    ranges = [page.until(lambda w=w: page.chart("local", w)["range"], w) for w in page.wishes()]
    page.until(lambda: page.chart("local", "load")["range"] == [first, last])
    assert ranges[0] == ranges[1]
    page.page.mouse.wheel(-width / 6, 0)
    page.until(lambda: _span(page)[0] == pytest.approx(first - 10, abs=1.5), "earlier by a wheel")
    page.page.locator("header.bar").click(position={"x": 3, "y": 3})
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: _span(page)[0] == pytest.approx(first - 4, abs=1.5), "later by a key")
    page.page.keyboard.press("+")
    page.until(lambda: _span(page)[1] - _span(page)[0] == 30, "narrower")
    page.page.keyboard.press("-")
    page.page.keyboard.press("-")
    page.until(lambda: _span(page)[1] - _span(page)[0] == pytest.approx(120, abs=2), "wider")
    page.page.go_back()
    page.until(lambda: "from=" not in page.query(), "one step back is live again")


def test_a_pinned_crosshair_stays_with_its_second(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=memory-available&window=1m&v=1")
    page.drawn("local", "memory-available", points=12)
    left, width, y = _middle(page, "load")
    page.page.mouse.click(left + 0.95 * width, y)
    tooltip = page.page.locator(".tooltip.pinned")
    tooltip.wait_for()
    told = tooltip.inner_text()
    crosses = page.page.locator(".cross.pinned:visible")
    page.until(lambda: crosses.count() == 2, "the crosshair on both charts")
    before = crosses.first.bounding_box()["x"]
    page.page.mouse.move(left + 0.2 * width, y)
    page.until(lambda: crosses.first.bounding_box()["x"] < before - 5, "it slides to the left")
    assert tooltip.inner_text() == told
    page.page.keyboard.press("Escape")
    page.until(lambda: crosses.count() == 0 and not tooltip.is_visible(), "it is let go")
    card = page.card("local", "load")
    card.focus()
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("Enter")
    tooltip.wait_for()
    page.until(lambda: "Pinned at" in page.page.locator("#spoken").inner_text(), "spoken once")
    page.page.mouse.click(left + 0.2 * width, y)
    page.until(lambda: not tooltip.is_visible(), "let go by a click")


def test_ways_to_draw(view: Callable[..., Any]) -> None:
    """Lines, areas and a log scale stand in the URL and come back with it."""
    page = view("/?host=local&w=memory&window=1m&v=1")
    page.drawn("local", "memory")
    card = page.card("local", "memory")
    assert card.get_attribute("data-kind") == "stacked"
    card.get_by_label("Menu of this widget").click()
    page.page.get_by_role("menuitemradio", name="Draw on a log scale").click()
    page.until(lambda: "draw=memory:log" in page.query())
    axis = "window.vectorpy.figure('local', 'memory').layout.yaxis"
    page.until(f"{axis}.ticktext.some((text) => /^(1|32) [KMG]iB$/.test(text))", "powers of bytes")
    assert card.get_attribute("data-kind") == "line"
    assert "log scale" in card.inner_text()
    page.page.reload()
    page.drawn("local", "memory")
    page.until(f"{axis}.range[1] < 20", "logarithms after a reload")
    card.focus()
    page.page.keyboard.press("l")
    page.until(lambda: "draw=memory:lines" in page.query())
    page.page.keyboard.press("l")
    page.until(lambda: "draw=" not in page.query() and card.get_attribute("data-kind") == "stacked")


def test_the_time_before(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load", points=5)
    button = page.page.get_by_role("button", name="Compare with the time before")
    page.page.keyboard.press("Escape")
    page.page.locator("header.bar").click(position={"x": 3, "y": 3})
    page.page.keyboard.press("c")
    page.until(lambda: "compare=before" in page.query())
    assert button.get_attribute("aria-pressed") == "true"
    page.until(lambda: page.chart("local", "load")["series"].get("1 minute, before"), "the ghost")
    left, width, y = _middle(page, "load")
    page.page.mouse.move(left + width - 8, y)
    page.until(lambda: "was " in page.page.locator(".tooltip").inner_text(), "both values")
    page.page.locator('input[name=window][value="600"]').check(force=True)
    page.until(lambda: button.get_attribute("aria-disabled") == "true")
    assert "keeps 10 min" in button.get_attribute("title")
    page.until(lambda: "1 minute, before" not in page.chart("local", "load")["series"])


def test_a_chart_as_a_table(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load", points=5)
    card = page.card("local", "load")
    described = page.page.locator(f"#{card.get_attribute('aria-describedby')}")
    assert "3 series as lines of 60 seconds; now 1 minute" in described.inner_text()
    card.focus()
    page.page.keyboard.press("v")
    dialog = page.page.locator("dialog.as-table")
    dialog.wait_for()
    heads = dialog.locator("table").first.locator("thead th").all_inner_texts()
    assert heads[:5] == ["Series", "Last", "Least", "Most", "Average"]
    rows = dialog.locator("table").first.locator("tbody th").all_inner_texts()
    assert rows == ["1 minute", "5 minute", "15 minute"]
    points = dialog.locator("table").nth(1)
    assert points.locator("thead th").all_inner_texts() == ["Time", *rows]
    assert points.locator("tbody tr").count() >= 5


def test_the_zone_stands_where_the_axes_meet(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1", timezone_id="Asia/Kolkata")
    page.drawn("local", "load")
    zone = page.card("local", "load").locator(".zone")
    page.until(lambda: zone.inner_text() == "UTC+5:30")
    zone.click()
    page.until(lambda: zone.inner_text() == "UTC" and page.state()["utc"])
    page.page.keyboard.press("u")
    page.until(lambda: zone.inner_text() == "UTC+5:30")


@pytest.mark.parametrize(
    ("asks", "theme"),
    [
        ({"contrast": "more", "color_scheme": "dark"}, "contrast"),
        ({"forced_colors": "active", "color_scheme": "light"}, "contrast-light"),
    ],
)
def test_high_contrast_where_the_system_asks_for_it(
    view: Callable[..., Any], asks: dict[str, str], theme: str
) -> None:
    page = view("/?host=local&w=load&v=1", **asks)
    page.drawn("local", "load")
    assert page.page.evaluate("document.documentElement.dataset.theme") == theme
    lines = page.page.evaluate("window.vectorpy.figure('local', 'load').data.map((t) => t.line)")
    dashes = {line["dash"] for line in lines if line.get("dash")}
    assert len(dashes) == 3 and all(line["width"] > 2 for line in lines)
