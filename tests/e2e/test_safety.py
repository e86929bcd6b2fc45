"""What a host says is text, never markup; and the page talks to its own server alone."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hostile = _load("hostile")


@pytest.fixture
def host(free_port: Callable[[], int]) -> Iterator[str]:
    """A host whose every name is hostile."""
    port = free_port()
    close = hostile.serve(port)
    yield f"127.0.0.1:{port}"
    close()


def unhit(page: Any) -> None:
    """Nothing that a host said ran, or became an element."""
    assert page.page.evaluate("window.__hit") is None
    for selector in (
        "img",
        "b:not([class]) > b",
        "a[href^=javascript]",
        "svg[onload]",
        "body script",
    ):
        found = page.page.locator(selector)
        assert found.count() == 0, (selector, found.first.evaluate("(node) => node.outerHTML"))


def shown(name: str) -> str:
    """A name as it is read on the page: markup as it is, signs that turn text made harmless."""
    return name.replace("\u202e", "")


def plain(text: str) -> str:
    return re.sub("[\u200b\u2066-\u2069\u202a-\u202e]", "", text)


def test_names_from_hosts_are_text(view: Callable[..., Any], host: str) -> None:
    """In legends, tooltips, titles, tables, the picker and the words of a metric."""
    page = view(f"/?host={host}&w=network-throughput&w=filesystems&window=1m&v=1")
    for wish in ("network-throughput", "filesystems"):
        page.drawn(host, wish)
    legend = page.card(host, "filesystems").locator(".legend")
    names = plain(" ".join(legend.locator("button").all_text_contents()))
    for name in hostile.NAMES:
        assert shown(name) in names
    assert hostile.HOSTNAME in page.host(host)
    plot = page.card(host, "filesystems").locator(".plot")
    box = plot.bounding_box()
    plot.hover(position={"x": box["width"] - 20, "y": box["height"] / 2})
    tooltip = page.page.locator(".tooltip")
    tooltip.wait_for()
    page.until(lambda: hostile.NAMES[0] in tooltip.inner_text(), "the names in the tooltip")
    for name in hostile.NAMES:
        assert shown(name) in plain(tooltip.inner_text())
    unhit(page)
    page.card(host, "filesystems").get_by_label("Menu of this widget").click()
    page.page.get_by_role("menuitem", name="Where does this come from?").click()
    dialog = page.page.locator("dialog.source")
    dialog.wait_for()
    page.until(lambda: hostile.NAMES[0] in dialog.inner_text(), "the host's own words")
    unhit(page)


def test_what_turns_the_direction_of_text_stays_in_its_name(
    view: Callable[..., Any], host: str
) -> None:
    """A right-to-left override in a name must not turn what is written beside it."""
    page = view(f"/?host={host}&w=filesystems&window=1m&v=1")
    page.drawn(host, "filesystems")
    name = page.page.locator(".legend button", has_text="gnp.exe").first.locator("span")
    # A box of its own is a paragraph of its own: no direction leaves it.
    style = name.evaluate(
        "(node) => [getComputedStyle(node).display, getComputedStyle(node).unicodeBidi]"
    )
    assert style[0] != "inline" or "isolate" in style[1], style


def test_the_picker_greys_out_what_the_host_can_t_draw(view: Callable[..., Any], host: str) -> None:
    """With the reason, and what would bring it."""
    page = view(f"/?host={host}&w=network-throughput&window=1m&v=1")
    page.drawn(host, "network-throughput")
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    grey = page.page.locator('.pick[data-id="memory"]')
    page.until(lambda: grey.get_attribute("aria-disabled") == "true", "memory greyed out")
    assert len(grey.inner_text()) > len("Memory by use")
    assert page.page.locator('.pick[data-id="network-throughput"]').get_attribute(
        "aria-disabled"
    ) in (None, "false")
    grey.click(force=True)
    assert page.wishes() == ["network-throughput"]
    unhit(page)


def test_a_widget_that_the_host_can_t_draw_says_why(view: Callable[..., Any], host: str) -> None:
    page = view(f"/?host={host}&w=network-throughput&w=memory&window=1m&v=1")
    page.drawn(host, "network-throughput")
    card = page.card(host, "memory")
    page.until(lambda: "mem." in card.inner_text() or "metric" in card.inner_text(), "the reason")


def test_the_policy_is_strict(up: Any) -> None:
    _, headers, body = up.get("/")
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in headers["content-security-policy"].split(";")
        if part.strip()
    )
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["object-src"] == "'none'" and policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)", body), "an inline script"
    assert not re.search(r"""\son\w+\s*=\s*["']""", body), "an inline handler"
    assert "://" not in re.sub(r"http://www\.w3\.org\S*", "", body), "another origin is named"


def test_the_policy_holds_in_the_browser(view: Callable[..., Any]) -> None:
    """An inline script that got in somehow does not run."""
    page = view("/?host=local&w=load&v=1", pardon=("Content Security Policy", "CSP refused"))
    page.drawn("local", "load")
    page.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.__hit = 5";
          document.body.append(script);
          script.remove();
        }"""
    )
    assert page.page.evaluate("window.__hit") is None


def test_nothing_goes_to_another_origin(view: Callable[..., Any], up: Any) -> None:
    """All that a whole visit asks for, its socket too, is of the page's own origin."""
    page = view("/", fresh=True)
    page.drawn("local", "cpu")
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    page.page.keyboard.press("Escape")
    own = up.url.removeprefix("http://")
    assert any(url.startswith(f"ws://{own}/socket.io/") for url in page.asked)
    assert any("/vendor/plotly-" in url for url in page.asked)
    assert [
        url for url in page.asked if f"//{own}/" not in url and not url.startswith("data:")
    ] == []


def test_plotly_sends_nothing_to_its_cloud(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    context = "document.querySelector('.js-plotly-plot')._context"
    assert page.page.evaluate(f"{context}.plotlyServerURL") == ""
    assert page.page.evaluate(f"{context}.showSendToCloud") is False
    assert not page.page.evaluate(f"{context}.showEditInChartStudio")
    assert page.page.locator(".modebar-btn").count() == 0
