"""Cards are moved, resized, folded, copied and fill the page; all of it is in the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

FOUR = "w=load&w=memory-available&w=context-switches&w=interrupts"
_BOXES = """
() => Object.fromEntries([...document.querySelectorAll(".card")].map((card) => {
  const { x, y, width, height } = card.getBoundingClientRect();
  return [card.dataset.wish, [x, y + window.scrollY, width, height].map(Math.round)];
}))
"""
_FRAGMENT = "window.location.hash"


def boxes(page: Any) -> dict[str, list[int]]:
    """Each card's left, top, width and height on the page."""
    return dict(page.page.evaluate(_BOXES))


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """As a hand does it: the card is grabbed first, which fetches the library, then moved."""
    mouse = page.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move(start[0] + 6, start[1] + 4, steps=2)
    page.until("document.querySelector('.cards.grid-stack .held') !== null", "the card is grabbed")
    mouse.move(*end, steps=12)
    page.page.wait_for_timeout(60)  # the library follows by frames
    mouse.up()
    page.until("document.querySelector('.cards.grid-stack') === null", "the card is dropped")


def menu(page: Any, wish: str, name: str) -> None:
    page.card("local", wish).get_by_label("Menu of this widget").click()
    page.page.get_by_role("menuitem", name=name).click()


def board_menu(page: Any, name: str) -> None:
    page.page.get_by_role("button", name="Layout", exact=True).click()
    page.page.get_by_role("menuitem", name=name).click()


def test_a_card_is_dragged_by_its_head_and_resized_by_its_corner(view: Callable[..., Any]) -> None:
    """Reload, another browser and Back show the same; the library comes with the first drag."""
    page = view(f"/?host=local&{FOUR}&v=1", fresh=True)
    page.drawn("local", "load")
    assert not any("gridstack" in url for url in page.asked)
    assert page.page.evaluate(_FRAGMENT) == ""
    flow = boxes(page)
    (x, y, _, _), (to_x, to_y, _, _) = flow["load"], flow["interrupts"]
    drag(page, (x + 60, y + 16), (to_x + 70, to_y + 20))
    page.until(lambda: page.wishes()[3] == "load")
    assert page.query().startswith("host=local&w=")
    assert page.page.evaluate(_FRAGMENT) == "", "an order is told by the wishes alone"
    page.page.go_back()
    page.until(lambda: boxes(page) == flow, "as it was")

    x, y, width, height = flow["load"]
    drag(page, (x + width - 4, y + height - 4), (x + width * 2, y + height + 100))
    page.until(f"{_FRAGMENT}.startsWith('#l=')")
    placed = boxes(page)
    assert placed["load"][2] > 1.8 * width and placed["load"][3] >= height + 80
    assert placed["load"][:2] == [x, y]
    canvas = page.card("local", "load").locator(".plot canvas").first
    page.until(lambda: canvas.bounding_box()["width"] > 1.5 * width, "the chart in its new size")
    page.page.reload()
    page.drawn("local", "load")
    assert boxes(page) == placed
    link = page.page.url.removeprefix(page.base)
    other = view(link, fresh=True)
    other.drawn("local", "load")
    assert boxes(other) == placed
    assert not any("gridstack" in url for url in other.asked)
    page.page.go_back()
    page.until(lambda: boxes(page) == flow, "Back undoes it")
    page.page.go_forward()
    page.until(lambda: boxes(page) == placed)
    board_menu(page, "Default layout")
    page.until(lambda: boxes(page) == flow)
    assert page.page.evaluate(_FRAGMENT) == ""


def test_by_keys_and_by_buttons(view: Callable[..., Any]) -> None:
    page = view(f"/?host=local&{FOUR}&v=1")
    page.drawn("local", "load")
    flow = boxes(page)
    keys = page.page.keyboard
    page.card("local", "load").focus()
    keys.press("Alt+ArrowRight")
    page.until(lambda: page.wishes()[:2] == ["memory-available", "load"])
    spoken = page.page.locator("#spoken")
    assert "moved right: widget 2 of 4" in spoken.inner_text()
    keys.press("Alt+Shift+ArrowDown")
    page.until(lambda: boxes(page)["load"][3] == flow["load"][3] + 44)
    assert "is taller" in spoken.inner_text()
    assert page.page.evaluate("document.activeElement.dataset.wish") == "load"
    menu(page, "load", "Move or resize")
    page.page.get_by_role("button", name="Wider").click()
    page.until(lambda: boxes(page)["load"][2] > flow["load"][2] + 60)
    page.page.get_by_role("button", name="Move left").click()
    page.until(lambda: page.wishes()[0] == "load")
    page.page.get_by_role("button", name="Done").click()
    assert page.page.evaluate("document.activeElement.dataset.wish") == "load"
    # On a phone the cards stand one below the other, as high as the layout says.
    placed = boxes(page)
    page.page.set_viewport_size({"width": 390, "height": 844})
    page.until(lambda: len({x for x, *_ in boxes(page).values()}) == 1)
    assert boxes(page)["load"][3] == placed["load"][3]
    page.page.set_viewport_size({"width": 1440, "height": 900})
    page.until(lambda: boxes(page) == placed)


def test_cards_of_several_hosts_move_together(view: Callable[..., Any], remote: Any) -> None:
    page = view(f"/?host=local&host={remote.web}&w=load&w=memory-available&w=interrupts&v=1")
    page.drawn(remote.web, "load")
    head = page.card(remote.web, "load").locator("header").bounding_box()
    to = page.card(remote.web, "interrupts").bounding_box()
    drag(page, (head["x"] + 60, head["y"] + 16), (head["x"] + 66, to["y"] + 60))
    page.until(lambda: page.wishes()[4:] == ["load", "load"])
    left, right = page.card("local", "load"), page.card(remote.web, "load")
    assert left.bounding_box()["y"] == right.bounding_box()["y"]
    page.page.go_back()
    page.until(lambda: page.wishes()[:2] == ["load", "load"])


def test_groups_fold_and_cost_nothing(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=memory-available&w=cpu&v=1")
    page.drawn("local", "load")
    board_menu(page, "Group by resource")
    heads = page.page.locator(".group-head")
    page.until(lambda: heads.all_inner_texts() == ["CPU", "Memory"])
    page.drawn("local", "cpu")
    page.page.get_by_role("button", name="CPU", exact=True).click()
    page.until(lambda: page.wishes() == ["memory-available"])
    assert page.page.get_by_role("button", name="CPU 2 widgets").is_visible()
    seen = page.page.evaluate("window.vectorpy.points_seen")
    page.until(f"window.vectorpy.points_seen > {seen}", "the rest goes on")
    page.until(f"{_FRAGMENT}.startsWith('#l=')")
    other = view(page.page.url.removeprefix(page.base), fresh=True)
    other.until(lambda: other.wishes() == ["memory-available"])
    page.page.get_by_role("button", name="CPU 2 widgets").click()
    page.until(lambda: sorted(page.wishes()) == ["cpu", "load", "memory-available"])
    page.drawn("local", "load")
    page.page.go_back()
    page.until(lambda: page.wishes() == ["memory-available"])


def test_a_card_fills_the_page(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=cpu&window=1m&v=1")
    page.drawn("local", "cpu")
    small = boxes(page)["cpu"]
    page.card("local", "cpu").focus()
    page.page.keyboard.press("f")
    page.until(lambda: "full=cpu" in page.query())
    full = page.until(lambda: (box := boxes(page)["cpu"])[2] > 1300 and box)
    assert full[3] > 2 * small[3]
    assert not page.card("local", "load").is_visible()
    legend = page.card("local", "cpu").locator(".legend button")
    page.until(lambda: legend.count() >= 8 and legend.last.is_visible(), "all of its series")
    page.page.reload()
    page.drawn("local", "cpu")
    assert boxes(page)["cpu"] == full
    page.page.keyboard.press("Escape")
    page.until(lambda: "full=" not in page.query())
    page.until(lambda: boxes(page)["cpu"][2:] == small[2:])
    page.page.go_back()
    page.until(lambda: boxes(page)["cpu"] == full)
    page.page.get_by_role("button", name="All widgets").click()
    page.until(lambda: page.card("local", "load").is_visible())


def test_a_copy_with_other_instances(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=cpu-percpu&w=load&v=1")
    page.drawn("local", "cpu-percpu")
    menu(page, "cpu-percpu", "Duplicate with other instances")
    dialog = page.page.locator("dialog.duplicate")
    dialog.get_by_label("cpu0", exact=True).check()
    assert dialog.get_by_label("Instances", exact=True).input_value() == "cpu0"
    dialog.get_by_role("button", name="Add the copy").click()
    page.until(lambda: page.wishes() == ["cpu-percpu", "cpu-percpu;instances=cpu0", "load"])
    assert len(page.drawn("local", "cpu-percpu;instances=cpu0")["series"]) == 1
    assert "w=cpu-percpu;instances=cpu0" in page.query()


def test_a_link_that_lies_does_no_harm(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1#l=AAAA")
    page.drawn("local", "load")
    notices = page.until(lambda: " ".join(page.page.locator(".notice").all_inner_texts()))
    assert "layout in this link" in notices
    assert page.page.evaluate(_FRAGMENT) == ""
    # The way past the bar leaves the address alone.
    page.page.locator(".skip").focus()
    page.page.keyboard.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "board"
    assert "#" not in page.page.url
