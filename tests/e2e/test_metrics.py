"""The metric browser: any metric of the host, as a tree and by search, and charts of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def browse(view: Callable[..., Any]) -> Callable[..., Any]:
    """Opens a page with the metric browser over it, once the host's names are there."""

    def opened(path: str = "/?host=local&w=load&window=1m&v=1", **more: Any) -> Any:
        page = view(path, **more)
        page.until(page.wishes)
        page.page.keyboard.press("Escape")
        page.page.locator("body").evaluate("() => document.activeElement.blur()")
        page.page.keyboard.press("m")
        page.page.locator(".tree li").first.wait_for()
        return page

    return opened


def words(page: Any, place: str) -> str:
    return str(page.page.locator(place).inner_text())


def test_search_finds_and_one_click_charts(browse: Callable[..., Any]) -> None:
    page = browse()
    search = page.page.get_by_label("Search metrics")
    search.press_sequentially("context swit")
    row = page.page.locator('.tree li[data-path="kernel.all.pswitch"]')
    row.wait_for()
    row.get_by_role("button").click()
    wish = page.until(lambda: page.wishes()[1:])[0]
    assert "w=load&w=chart;expr=kernel.all.pswitch&" in page.query()
    page.until(lambda: page.page.locator(".preview path").count() == 1, "the small picture")
    page.until(lambda: "counter · count · one value · u64" in words(page, ".facts-box"))
    page.until(lambda: "its rise per second" in words(page, ".facts-box"))
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Escape")
    page.drawn("local", wish)


def test_the_tree_goes_by_keys(browse: Callable[..., Any]) -> None:
    """As ARIA's tree has it: arrows open, close and walk, one stop of the Tab key."""
    page = browse()
    keys = page.page.keyboard
    focus = "document.activeElement.dataset.path"
    page.page.get_by_label("Search metrics").press("ArrowDown")
    first = page.page.evaluate(focus)
    keys.press("End")
    keys.press("Home")
    assert page.page.evaluate(focus) == first
    page.page.locator('.tree li[data-path="kernel"]').click()
    for key, path, opened in (
        ("ArrowRight", "kernel.all", "false"),
        ("ArrowRight", "kernel.all", "true"),
        ("ArrowRight", "kernel.all.blocked", None),
        ("ArrowLeft", "kernel.all", "true"),
        ("ArrowLeft", "kernel.all", "false"),
        ("ArrowLeft", "kernel", "true"),
    ):
        keys.press(key)
        page.until(lambda path=path: page.page.evaluate(focus) == path, f"{key} to {path}")
        assert page.page.evaluate("document.activeElement.ariaExpanded") == opened
    stops = page.page.locator('.tree [tabindex="0"]')
    assert stops.count() == 1
    item = page.page.locator('.tree li[data-path="kernel.all"]')
    assert [item.get_attribute(f"aria-{name}") for name in ("level", "posinset")] == ["2", "1"]
    keys.press("ArrowDown")
    keys.press("ArrowRight")
    keys.press("ArrowDown")
    page.until(lambda: page.page.evaluate(focus) == "kernel.all.blocked")
    keys.press("+")
    page.until(lambda: page.wishes()[1:] == ["chart;expr=kernel.all.blocked"], "a chart by keys")


def test_several_metrics_an_expression_and_a_filter_on_one_chart(
    browse: Callable[..., Any],
) -> None:
    page = browse()
    search = page.page.get_by_label("Search metrics")
    for name in ("network.interface.in.bytes", "network.interface.out.bytes"):
        search.fill(name)
        search.press("Enter")
        page.page.get_by_role("button", name="Add to the chart below").click()
    page.page.get_by_label("Expression 2", exact=True).fill("8 * network.interface.out.bytes")
    page.page.get_by_label("Over instances of expression 1").select_option("max")
    maker = page.page.locator(".maker")
    maker.get_by_label("Instances", exact=True).fill("lo")
    maker.get_by_label("Title").fill("Loopback")
    page.until(lambda: page.page.locator(".maker .preview path").count() == 2, "its preview")
    maker.get_by_role("button", name="Add to the dashboard").click()
    wish = page.until(lambda: page.wishes()[1:])[0]
    expected = (
        "w=chart;expr=max(network.interface.in.bytes),+8+*+network.interface.out.bytes"
        ";instances=lo;title=Loopback&"
    )
    assert expected in page.query()
    page.page.reload()
    drawn = page.drawn("local", wish)
    assert set(drawn["series"]) == {
        "max(network.interface.in.bytes)",
        "8 * network.interface.out.bytes lo",
    }
    assert page.card("local", wish).locator("h3").inner_text() == "Loopback"


def test_a_wrong_expression_is_told_and_a_chart_can_be_changed(
    browse: Callable[..., Any], view: Callable[..., Any]
) -> None:
    page = view("/?host=local&w=chart;expr=kernel.all.load&v=1")
    page.drawn("local", "chart;expr=kernel.all.load")
    page.page.get_by_role("button", name="Menu of this widget").click()
    page.page.get_by_role("menuitem", name="Change this chart").click()
    page.page.locator('.tree li[data-path="kernel.all.load"]').wait_for()
    expression = page.page.get_by_label("Expression 1", exact=True)
    assert expression.input_value() == "kernel.all.load"
    expression.fill("kernel.all.load +")
    told = ".maker .preview-words"
    page.until(lambda: "a number, a metric or ( is missing" in words(page, told))
    expression.fill("sum(kernel.all.load)")
    page.page.get_by_role("button", name="Change the chart").click()
    page.until(lambda: page.wishes() == ["chart;expr=sum(kernel.all.load)"])


def test_a_chart_is_saved_as_a_widget_file(browse: Callable[..., Any]) -> None:
    page = browse(pardon=("status of 400",))
    search = page.page.get_by_label("Search metrics")
    search.fill("kernel.all.pswitch")
    search.press("Enter")
    page.page.get_by_role("button", name="Add to the chart below").click()
    page.page.get_by_role("button", name="Save as widget file").click()
    page.page.get_by_label("Id of the new widget").fill("cpu")
    page.page.get_by_role("button", name="Download").click()
    page.until(lambda: "The id cpu is taken" in words(page, ".maker-said"))
    page.page.get_by_label("Id of the new widget").fill("own-switches")
    with page.page.expect_download() as saved:
        page.page.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "own-switches.toml"
    [widget] = tomllib.loads(saved.value.path().read_text())["widget"]
    assert (widget["id"], widget["unit"]) == ("own-switches", "/s")
    assert widget["series"][0]["expression"] == "kernel.all.pswitch"


def test_it_fits_a_phone_and_texts_are_no_charts(browse: Callable[..., Any]) -> None:
    page = browse(viewport=PHONE)
    page.page.get_by_label("Search metrics").fill("kernel.uname.release")
    row = page.page.locator('.tree li[data-path="kernel.uname.release"]')
    row.click()
    assert row.get_by_role("button").count() == 0
    page.until(lambda: "string" in words(page, ".facts-box"))
    assert page.page.get_by_role("button", name="Make a chart").count() == 0
    wide = "(node) => node.scrollWidth - node.clientWidth"
    assert page.page.locator(".metrics-browser .dialog-body").evaluate(wide) <= 0
    page.until(lambda: page.page.locator(".facts-details dd").count() == 1, "its value")
