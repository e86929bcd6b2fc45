"""axe-core finds nothing serious on the main pages, wide and narrow, dark and light."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """
async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  const grave = found.violations.filter(({ impact }) => /serious|critical/.test(impact));
  const where = (nodes) => nodes.map(({ html }) => html.slice(0, 120)).join(" | ");
  return grave.map(({ id, help, nodes }) => `${id}: ${help}: ${where(nodes)}`);
}
"""
_THEMED = "(theme) => window.vectorpy.state.theme === theme"


def _grave(page: Any) -> list[str]:
    """What axe-core calls serious or critical on the page as it is now."""
    page.page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.page.evaluate(_RUN))


def _themed(page: Any, theme: str) -> None:
    button = page.page.get_by_role("button", name="Theme:")
    page.until(lambda: page.page.evaluate(_THEMED, theme) or button.click(), f"theme {theme}")


def test_the_empty_page(view: Callable[..., Any]) -> None:
    page = view("/", fresh=True)
    page.until(lambda: page.page.locator("#bar select option").count() > 1)
    assert _grave(page) == []


@pytest.mark.parametrize(
    ("theme", "width"),
    [("dark", 1440), ("light", 390), ("contrast", 1440), ("light", 1440), ("dark", 390)],
)
def test_a_dashboard(view: Callable[..., Any], theme: str, width: int) -> None:
    page = view("/?host=local&preset=triage&v=1")
    page.page.set_viewport_size({"width": width, "height": 900})
    page.drawn("local", "cpu")
    _themed(page, theme)
    assert _grave(page) == []


def test_a_dashboard_of_tables_and_heatmaps(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=connections&w=cpu-percpu;kind=heatmap&w=filesystems&v=1")
    page.until(lambda: page.card("local", "connections").locator("tbody tr").count())
    assert _grave(page) == []


@pytest.mark.parametrize("key", ["w", "?", "m", "v"])
def test_dialogs(view: Callable[..., Any], key: str) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    page.page.locator(".card").first.focus()
    page.page.keyboard.press(key)
    page.page.locator("dialog[open]").wait_for()
    assert _grave(page) == []


def test_a_pinned_tooltip_and_a_comparison(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=memory&window=1m&compare=before&draw=load:log&v=1")
    page.drawn("local", "memory", points=4)
    _themed(page, "contrast")
    page.card("local", "load").focus()
    page.page.keyboard.press("Enter")
    page.page.locator(".tooltip.pinned").wait_for()
    assert _grave(page) == []


def test_where_numbers_come_from(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    page.card("local", "load").get_by_role("button", name="Menu of this widget").click()
    assert _grave(page) == []
    page.page.get_by_role("menuitem", name="Where does this come from?").click()
    page.page.locator("dialog[open] .metrics li code").first.wait_for()
    assert _grave(page) == []


def test_a_host_that_is_down(view: Callable[..., Any], free_port: Callable[[], int]) -> None:
    host = f"pcp://127.0.0.1:{free_port()}"
    page = view(f"/?host={host}&w=load&v=1")
    page.until(lambda: "down" in page.host(host))
    assert _grave(page) == []
