"""For everybody: by keyboard alone, on a narrow screen, and with enough contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

# What can have the focus now: visible, enabled, in the order of tabbing; one of a radio group.
_REACHABLE = """
() => {
  const groups = new Set();
  return [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")]
    .filter((node) => node.tabIndex >= 0 && !node.disabled)
    .filter((node) => node.checkVisibility({ visibilityProperty: true }))
    .filter((node) => {
      if (node.type !== "radio") return true;
      if (!node.checked || groups.has(node.name)) return false;
      return groups.add(node.name);
    })
    .map((node) => (node.dataset.e2e ??= String(Math.random())));
}
"""

# Texts whose colour is too close to what lies behind them: [text, ratio, colours].
_FAINT = """
() => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+%?/g)?.map(parseFloat) ?? [];
    const scale = text.startsWith("color(") ? 255 : 1;
    return [...numbers.slice(0, 3).map((one) => one * scale), numbers[3] ?? 1];
  };
  const over = (top, below) => top.slice(0, 3).map((c, n) => c * top[3] + below[n] * (1 - top[3]));
  const light = (rgb) => {
    const shares = rgb.map((one) => one / 255);
    const linear = (one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = shares.map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      layers.push(parse(getComputedStyle(at).backgroundColor));
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const quiet = "noscript, [disabled], [aria-disabled=true], .spoken, .skip, datalist, style";
  const seen = { visibilityProperty: true, opacityProperty: true };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !node.checkVisibility(seen) || node.closest(quiet)) continue;
    const style = getComputedStyle(node);
    const ground = behind(node);
    const ink = over(parse(node instanceof SVGElement ? style.fill : style.color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      const [inked, grounded] = [ink, ground].map((one) => one.map(Math.round));
      found.push([text.slice(0, 40), ratio.toFixed(2), inked, grounded]);
    }
  }
  return found;
}
"""

_FOCUSED = "document.activeElement.dataset.e2e ?? ''"
_HTML = "(ids) => ids.map((id) => document.querySelector(`[data-e2e='${id}']`)?.outerHTML)"


def test_tab_reaches_all_that_can_be_used(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=memory-available&window=1m&v=1")
    for wish in ("load", "memory-available"):
        page.drawn("local", wish, points=3)
    wanted = page.page.evaluate(_REACHABLE)
    assert len(wanted) > 15
    page.page.evaluate("document.activeElement.blur()")
    seen: list[str] = []
    for _ in range(2 * len(wanted) + 4):
        page.page.keyboard.press("Tab")
        focused = page.page.evaluate(_FOCUSED)
        seen.append(focused)
        if set(wanted) <= set(seen):
            break
    lost = [one for one in wanted if one not in seen]
    assert page.page.evaluate(_HTML, lost) == []


def test_the_focus_can_be_seen(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    page.page.get_by_label("Hosts to add").focus()
    for _ in range(6):
        page.page.keyboard.press("Tab")
        ring = page.page.evaluate(
            """() => {
              const node = document.activeElement;
              const near = [node, node.nextElementSibling, node.parentElement].filter(Boolean);
              return near.some((one) => {
                const style = getComputedStyle(one);
                const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
                return outline || style.boxShadow !== "none";
              });
            }"""
        )
        assert ring, page.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_all_by_keyboard(view: Callable[..., Any], remote: Any) -> None:
    """Type a host, choose a widget, a window, pause, help, move and remove a widget."""
    page = view("/?host=local&w=load&w=cpu&window=1m&v=1")
    page.drawn("local", "load")
    keys = page.page.keyboard
    assert page.page.evaluate("document.activeElement.name") == "host"
    keys.type(remote.web)
    keys.press("Enter")
    page.drawn(remote.web, "load")
    keys.press("Tab")
    page.page.evaluate("document.activeElement.blur()")
    keys.press("]")
    page.until(lambda: "window=2m" in page.query())
    keys.press("[")
    page.until(lambda: "window=1m" in page.query())
    keys.press("i")
    page.until(lambda: "interval=2s" in page.query())
    keys.press("Space")
    page.until(lambda: "from=" in page.query())
    keys.press("Space")
    page.until(lambda: "from=" not in page.query())
    keys.press("?")
    page.page.locator("dialog.help").wait_for()
    assert "this help" in page.page.locator("dialog.help").inner_text()
    keys.press("Escape")
    page.page.locator("dialog.help").wait_for(state="detached")
    keys.press("w")
    page.page.locator("dialog.picker").wait_for()
    keys.type("(softnet)")
    page.until(lambda: page.page.locator(".pick[data-id]").count() == 1)
    while page.page.evaluate("document.activeElement.dataset.id") != "softnet":
        keys.press("Tab")
    keys.press("Enter")
    page.until(lambda: "softnet" in page.wishes())
    keys.press("Escape")
    page.page.locator("dialog.picker").wait_for(state="detached")
    page.page.evaluate("document.activeElement.blur()")
    keys.press("j")
    page.until("document.activeElement.dataset.wish === 'load'")
    keys.press("Alt+ArrowRight")
    page.until(lambda: list(dict.fromkeys(page.wishes())) == ["cpu", "load", "softnet"])
    keys.press("x")
    page.until(lambda: list(dict.fromkeys(page.wishes())) == ["cpu", "softnet"])
    keys.press("/")
    page.until("document.activeElement.name === 'host'")


def test_buttons_work_by_enter_and_space(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    page.page.get_by_role("button", name="Pause").focus()
    page.page.keyboard.press("Space")
    page.until(lambda: "from=" in page.query())
    page.page.keyboard.press("Enter")
    page.until(lambda: "from=" not in page.query())
    menu = page.card("local", "load").get_by_label("Menu of this widget")
    menu.focus()
    page.page.keyboard.press("Enter")
    page.page.locator(".menu [role=menuitem]").first.wait_for()
    assert page.page.evaluate("document.activeElement.role") == "menuitem"
    page.page.keyboard.press("Escape")
    page.until(lambda: page.page.locator(".menu").count() == 0)
    assert menu.evaluate("(node) => node === document.activeElement")


def test_arrow_keys_move_the_crosshair(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load", points=6)
    page.card("local", "load").focus()
    page.page.keyboard.press("ArrowLeft")
    tooltip = page.page.locator(".tooltip")
    tooltip.wait_for()
    first = tooltip.inner_text()
    for _ in range(3):
        page.page.keyboard.press("ArrowLeft")
    page.until(lambda: tooltip.inner_text() != first, "another second")
    page.page.keyboard.press("Escape")
    tooltip.wait_for(state="hidden")


def test_lost_hosts_are_spoken(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.drawn("local", "load")
    spoken = page.page.locator("#spoken")
    assert spoken.get_attribute("aria-live") == "polite"
    assert page.until(lambda: spoken.text_content())


def narrow(page: Any) -> None:
    """The page is no wider than the screen, and no part that is seen hangs out of it."""
    page.page.wait_for_load_state()
    width = page.page.evaluate("window.innerWidth")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    out = page.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, h2, h3, section, dialog")]
          .filter((node) => node.checkVisibility() && !node.closest(".spoken, .skip"))
          .map((node) => [node.getBoundingClientRect(), node])
          .filter(([box]) => box.width > 0 && (box.left < -1 || box.right > window.innerWidth + 1))
          .map(([, node]) => node.outerHTML.slice(0, 100))"""
    )
    assert out == []


def test_a_phone_needs_no_sideways_scrolling(view: Callable[..., Any], remote: Any) -> None:
    page = view(
        f"/?host=local&host={remote.web}&preset=triage&v=1", viewport={"width": 390, "height": 844}
    )
    narrow(page)
    page.card("local", "cpu").scroll_into_view_if_needed()  # below both hosts' verdicts
    page.drawn("local", "cpu")
    narrow(page)
    page.page.get_by_label("Preset").select_option("disk")
    page.until(lambda: "disk-queue" in page.wishes())
    narrow(page)
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    page.page.locator("dialog.picker .pick").first.wait_for()
    narrow(page)
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Escape")
    page.page.get_by_label("Help and shortcuts").click()
    page.page.locator("dialog.help").wait_for()
    narrow(page)
    page.page.keyboard.press("Escape")
    page.type_hosts("http://a-very-long-name-of-a-host-that-nobody-has.example/path")
    page.page.locator("#host-error").wait_for()
    narrow(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_contrast(view: Callable[..., Any], theme: str) -> None:
    """WCAG AA: 4.5 for text, 3 for large text; charts, the picker and errors too."""
    page = view("/?host=local&preset=triage&w=no-such-widget&v=1", color_scheme=theme)
    page.until(lambda: page.page.locator(".notice").count(), "a notice")
    assert page.page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.page.evaluate(_FAINT) == []
    page.page.get_by_label("Preset").select_option("cpu")
    page.drawn("local", "cpu", points=3)
    assert page.page.evaluate(_FAINT) == []
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    page.page.locator("dialog.picker .pick").first.wait_for()
    assert page.page.evaluate(_FAINT) == []


def test_a_screen_holds_all_of_triage(view: Callable[..., Any]) -> None:
    """At 1440 by 900 the verdict and twelve cards need no scrolling, and none jumps."""
    page = view("/?host=local&preset=triage&v=1")
    page.drawn("local", "cpu", points=3)
    boxes = page.page.eval_on_selector_all(
        ".card", "(all) => all.map((c) => c.getBoundingClientRect().toJSON())"
    )
    strip, *charts = boxes
    assert len(charts) == 12
    assert max(box["bottom"] for box in boxes) <= 900
    assert len({round(box["height"]) for box in charts}) == 1
    assert strip["bottom"] <= min(box["top"] for box in charts) and strip["height"] < 100
