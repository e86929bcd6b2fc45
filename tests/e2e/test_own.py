"""Widgets of the user's own, in a browser: they come, change and go while the page is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

OWN = """
group = "Own"

[[widget]]
id = "own-tasks"
title = "Our tasks"
kind = "line"
unit = "count"
range = [0, "auto"]

[widget.help]
shows = "How many tasks there are."
normal = "Some hundreds."
action = "Look who made them."

[[widget.series]]
name = "tasks"
expression = "kernel.all.nprocs"

[[preset]]
id = "own"
title = "Own preset"
help = "Ours."
widgets = ["own-tasks", "load"]
"""


def test_a_file_of_widgets_is_followed(view: Callable[..., Any], own_folder: Path) -> None:
    file = own_folder / "own.toml"
    page = view("/?host=local&w=load&w=own-tasks&window=1m&v=1")
    page.drawn("local", "load")
    assert "own-tasks" in " ".join(page.page.locator(".notice").all_inner_texts())

    file.write_text(OWN, encoding="utf-8")
    page.until(lambda: "own-tasks" in page.wishes(), "a card for the new widget")
    page.until(lambda: "tasks" in page.drawn("local", "own-tasks")["series"])
    assert page.page.locator(".notice").count() == 0
    options = page.page.get_by_label("Preset").locator("option")
    page.until(lambda: "Own preset" in options.all_inner_texts())

    file.write_text(OWN.replace('name = "tasks"', 'name = "all tasks"'), encoding="utf-8")
    page.until(lambda: "all tasks" in page.drawn("local", "own-tasks")["series"])

    file.write_text(OWN.replace("kernel.all.nprocs", "kernel.all.nprocs +"), encoding="utf-8")
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    fault = page.page.locator(".picker-faults li")
    page.until(lambda: fault.count() == 1, "the fault in the picker")
    assert fault.inner_text().startswith("own.toml, line 4: the widget 'own-tasks': the series")
    health = page.page.request.get(f"{page.base}/healthz").json()
    assert health["status"] == "ok"
    assert health["catalog"] == {"ok": False, "problems": [fault.inner_text()]}
    page.page.keyboard.press("Escape")

    file.write_text(OWN, encoding="utf-8")
    page.until(lambda: "tasks" in page.drawn("local", "own-tasks")["series"])
    seen = page.page.evaluate("window.vectorpy.points_seen")
    page.until(f"window.vectorpy.points_seen >= {seen + 2}")
    file.unlink()
    page.until(lambda: "is not drawn" in page.card("local", "own-tasks").inner_text(), "it gone")
    assert "own-tasks" in " ".join(page.page.locator(".notice").all_inner_texts())
    page.drawn("local", "load")
