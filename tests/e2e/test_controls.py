"""The page's controls: presets, widgets, window, interval, pause, theme, legends, crosshair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def test_presets(view: Callable[..., Any], up: Any) -> None:
    """Each preset that the server has can be chosen, and shows its widgets."""
    presets = up.get("/api/v1/presets")[2]["presets"]
    page = view("/?host=local&v=1")
    page.until(page.wishes)
    for preset in presets:
        page.page.get_by_label("Preset").select_option(preset["id"])
        page.until(lambda preset=preset: page.wishes() == preset["widgets"], preset["id"])
        assert f"preset={preset['id']}" in page.query()
    # The last ones are of servers that need not run here.
    page.page.get_by_label("Preset").select_option("tcp")
    page.drawn("local", "tcp-segments")


def test_the_picker_adds_and_removes(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.until(page.wishes)
    page.page.keyboard.press("Escape")
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    search = page.page.get_by_label("Search widgets and metrics")
    search.fill("interr")
    rows = page.page.locator(".pick[data-id]")
    page.until(lambda: rows.count() == 1)
    rows.first.click()
    page.until(lambda: page.wishes() == ["load", "interrupts"])
    assert rows.first.get_attribute("aria-pressed") == "true"
    assert "w=load&w=interrupts" in page.query()
    rows.first.click()
    page.until(lambda: page.wishes() == ["load"])
    search.press("Enter")
    page.until(lambda: page.wishes() == ["load", "interrupts"], "the first found, by Enter")
    search.press("Enter")
    assert page.wishes() == ["load", "interrupts"]
    search.fill("")  # with a text in it, Escape would clear the box first
    page.page.keyboard.press("Escape")
    page.until(lambda: page.page.locator("dialog[open]").count() == 0)


def test_the_picker_finds_any_metric_of_the_host(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    page.page.get_by_label("Search widgets and metrics").fill("kernel.all.pswitch")
    metric = page.page.locator(".picker-metrics .pick", has_text="kernel.all.pswitch")
    metric.first.click()
    wish = page.until(lambda: page.wishes()[1:])[0]
    page.page.keyboard.press("Escape")
    page.drawn("local", wish)


def test_window(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=5m&v=1")
    page.drawn("local", "load")
    for name, seconds in (("1m", 60), ("2m", 120), ("10m", 600), ("5m", 300)):
        page.page.locator(f'input[name=window][value="{seconds}"]').check(force=True)
        page.until(lambda name=name: f"window={name}" in page.query(), name)

        def wide(seconds: int = seconds) -> bool:
            low, high = page.chart("local", "load")["range"]
            return high - low == seconds

        page.until(wide, f"a chart of {name}")


def test_interval(view: Callable[..., Any]) -> None:
    """Points at 2 s stand at seconds divisible by 2."""
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load", points=4)
    page.page.locator('input[name=interval][value="2"]').check(force=True)
    page.until(lambda: "interval=2s" in page.query())

    def even() -> bool:
        points = page.chart("local", "load")["series"].get("1 minute", [])
        return len(points) >= 3 and all(x % 2 == 0 for x, _ in points)

    page.until(even, "points at even seconds alone")


def test_theme(view: Callable[..., Any]) -> None:
    """It is this browser's own: kept over a reload, never in the URL."""
    page = view("/?host=local&w=load&v=1", color_scheme="light")
    page.drawn("local", "load")
    theme = "document.documentElement.dataset.theme"
    assert page.page.evaluate(theme) == "light"
    button = page.page.locator("button.theme")
    while page.state()["theme"] != "dark":
        button.click()
    page.until(f"{theme} === 'dark'")
    page.until(
        "document.querySelector('.js-plotly-plot').layout.paper_bgcolor !== '#ffffff'",
        "a dark chart",
    )
    page.page.reload()
    page.until(f"{theme} === 'dark'")
    assert "theme" not in page.query() and "dark" not in page.query()


def test_a_legend_entry_hides_and_isolates(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load")
    entry = page.card("local", "load").locator('.legend button[data-name="5 minute"]')
    entry.click()
    page.until(lambda: entry.get_attribute("aria-pressed") == "false")
    page.until(lambda: "5 minute" not in page.chart("local", "load")["series"])
    entry.click()
    page.until(lambda: "5 minute" in page.chart("local", "load")["series"])
    entry.click(modifiers=["Shift"])
    page.until(
        lambda: [n for n in page.chart("local", "load")["series"] if "minute" in n] == ["5 minute"],
        "one series alone",
    )


def test_one_tooltip_and_a_crosshair_on_all_charts(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=memory-available&window=1m&v=1")
    page.until(lambda: len(page.drawn("local", "load", 6)["series"]["1 minute"]) >= 6)
    plot = page.card("local", "load").locator(".plot")
    box = plot.bounding_box()
    plot.hover(position={"x": box["width"] - 25, "y": box["height"] / 2})
    tooltip = page.page.locator(".tooltip")
    tooltip.wait_for()
    text = tooltip.inner_text()
    assert "1 minute" in text and "15 minute" in text
    crosses = page.page.locator(".cross:visible")
    page.until(lambda: crosses.count() == 2)
    page.page.locator("header.bar").hover()
    tooltip.wait_for(state="hidden")
    page.until(lambda: crosses.count() == 0)


def test_where_the_numbers_come_from(view: Callable[..., Any]) -> None:
    """The metrics' names, units and help texts in the host's own words."""
    page = view("/?host=local&w=page-faults&v=1")
    page.drawn("local", "page-faults")
    page.card("local", "page-faults").get_by_label("Menu of this widget").click()
    page.page.get_by_role("menuitem", name="Where does this come from?").click()
    dialog = page.page.locator("dialog.source")
    dialog.wait_for()
    page.until(lambda: "counter" in dialog.inner_text(), "the metric's semantics")
    text = dialog.inner_text()
    assert "mem.vmstat.pgfault" in text and "mem.vmstat.pgmajfault" in text
    assert "count" in text and "What is normal" in text


def test_dragging_holds_a_stretch_of_time(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load")
    box = page.card("local", "load").locator(".plot").bounding_box()
    y = box["y"] + box["height"] / 2
    page.page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.8, y, steps=4)
    page.page.mouse.up()
    page.until(lambda: "from=" in page.query())
    frozen = page.state()["dashboard"]["frozen"]
    assert 15 <= frozen["to"] - frozen["from"] <= 35
    page.card("local", "load").locator(".plot").dblclick()
    page.until(lambda: "from=" not in page.query())
