"""What is taken away from the page: pictures, numbers, text and links, of live cards."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def _taken(page: Any, wish: str, label: str) -> tuple[str, bytes]:
    """Name and content of the file that an entry of a card's menu saves."""
    page.card("local", wish).get_by_role("button", name="Menu of this widget").click()
    with page.page.expect_download() as download:
        page.page.get_by_role("menuitem", name=label).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def _held(view: Callable[..., Any], path: str, wish: str) -> Any:
    """A page that is held still, so that what is shown and what is taken are one."""
    page = view(path)
    page.drawn("local", wish, points=5)
    page.page.get_by_role("button", name="Pause").click()
    page.until(lambda: page.state()["dashboard"]["frozen"])
    return page


def test_csv_and_json_have_the_numbers_that_are_drawn(view: Callable[..., Any]) -> None:
    page = _held(view, "/?host=local&w=memory&window=1m&v=1", "memory")
    drawn = page.until(lambda: page.chart("local", "memory"))["series"]
    name, content = _taken(page, "memory", "Save as CSV")
    assert name.startswith("memory_local_20") and name.endswith("Z.csv")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    column = next(key for key in rows[0] if key.startswith("free"))
    assert column.endswith("(bytes)")
    assert len(drawn[column.removesuffix(" (bytes)")]) >= 2
    numbers = [float(row[column]) for row in rows if row[column]]
    assert 0 < numbers[-1] < 1e15
    _, content = _taken(page, "memory", "Save as JSON")
    told = json.loads(content)
    (series,) = [one for one in told["series"] if f"{one['name']} (bytes)" == column]
    assert [value for _, value in series["points"] if value is not None] == numbers
    assert (told["host"], told["wish"], told["unit"]) == ("local", "memory", "B")


def test_a_picture_has_the_card_with_its_words(view: Callable[..., Any]) -> None:
    page = _held(view, "/?host=local&w=load&window=1m&v=1", "load")
    name, content = _taken(page, "load", "Save as PNG")
    assert name.startswith("load_local_") and content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    box = page.card("local", "load").bounding_box()
    assert width == pytest.approx(2 * box["width"], abs=2)
    assert height == pytest.approx(2 * (box["height"] + 26), abs=2)


def test_a_picture_of_the_page_has_all_cards(view: Callable[..., Any]) -> None:
    page = _held(view, "/?host=local&w=verdict&w=load&w=cpu&w=filesystems&window=1m&v=1", "cpu")
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Save the page as PNG").click()
    content = Path(download.value.path()).read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    board = page.page.locator("#board").bounding_box()
    assert width == pytest.approx(2 * board["width"], abs=2)
    assert height == pytest.approx(2 * (board["height"] + 40), abs=2)


def test_text_for_a_chat_and_a_link_are_copied(view: Callable[..., Any]) -> None:
    page = _held(view, "/?host=local&w=load&window=1m&v=1", "load")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied(label: str) -> str:
        page.card("local", "load").get_by_role("button", name="Menu of this widget").click()
        page.page.get_by_role("menuitem", name=label).click()
        page.page.get_by_text("is copied.").wait_for()
        return str(page.page.evaluate("navigator.clipboard.readText()"))

    text = copied("Copy as text").splitlines()
    assert text[0].startswith("Load") and " on local, 20" in text[0] and text[0].endswith(" UTC")
    assert any(line.startswith("1 min") and "now " in line for line in text)
    link = copied("Copy link to this card")
    assert link.startswith(page.base + "/embed?host=local&w=load&window=1m")
    assert text[-1] == link
    alone = view(link.removeprefix(page.base))
    alone.drawn("local", "load")
    assert not alone.page.locator("#bar").is_visible()


def test_a_table_is_taken_as_rows(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=connections&v=1")
    page.until(lambda: page.card("local", "connections").locator("tbody tr").count())
    name, content = _taken(page, "connections", "Save as CSV")
    assert name.startswith("connections_")
    head, *rows = csv.reader(io.StringIO(content.decode()))
    assert len(rows) >= 1 and {len(row) for row in rows} == {len(head)}
    assert "127.0.0.1" in rows[0][0] or "[" in rows[0][0]
