"""A page out of sight costs nothing, and is whole again when it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

# Headless tabs are always in sight; the page is told otherwise.
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_what_a_hidden_page_was_not_sent_is_there_when_it_is_seen(
    view: Callable[..., Any], up: Any
) -> None:
    page = view("/?host=local&w=memory&window=1m&v=1")
    page.drawn("local", "memory")
    heard: list[str] = []
    [socket] = page.sockets
    socket.on("framereceived", lambda text: heard.append(str(text)[:9]))
    page.page.evaluate(HIDE, True)

    def silent() -> bool:
        heard.clear()
        page.page.wait_for_timeout(1600)
        return '42["tick"' not in heard

    page.until(silent, "nothing is sent to a hidden page")
    status, _, told = up.get("/api/v1/hosts")
    assert status == 200
    [local] = [one for one in told["hosts"] if one["host"] == "local"]
    assert local["viewers"] >= 1 and local["state"] == "live", "its host is sampled on"
    before = page.page.evaluate("window.vectorpy.points_seen")
    page.page.evaluate(HIDE, False)
    page.until(lambda: page.page.evaluate("window.vectorpy.points_seen") > before + 3)
    chart = page.chart("local", "memory")
    times = sorted({round(x) for x, _ in max(chart["series"].values(), key=len)})[-10:]
    assert len(times) >= 6
    assert times == list(range(times[0], times[-1] + 1)), "each second that passed is there"
    assert [band for band in chart["bands"] if band[1] > times[0] + 1] == []
