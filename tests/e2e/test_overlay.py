"""Several hosts in one chart per widget, and groups of hosts, on a real stack of three hosts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

ALL = "*"
WISHES = "w=cpu&w=load&w=cpu-percpu"


@pytest.fixture
def groups(up: Any) -> Iterator[Path]:
    """The file of groups of the vectorpy that serves the pages."""
    yield up.groups
    up.groups.write_text("")


def url(hosts: list[str], more: str = "") -> str:
    return "/?" + "&".join(f"host={host}" for host in hosts) + f"&{WISHES}&window=1m&v=1{more}"


def lines(chart: dict[str, Any]) -> dict[str, Any]:
    """The lines of a chart by host, without areas."""
    return {name: points for name, points in chart["series"].items() if name != "area"}


def test_hosts_in_one_chart(view: Callable[..., Any], remote: Any) -> None:
    hosts = ["local", remote.web, remote.pcp]
    page = view(url(hosts))
    page.drawn("local")
    page.page.get_by_label("Overlaid").check()
    assert "hosts=overlaid" in page.query()

    # One card per widget with a line per host, at the server's whole seconds; heatmaps per host.
    page.until(lambda: len(lines(page.drawn(ALL))) == 3, "three lines")
    assert page.wishes() == ["cpu", "load", *["cpu-percpu"] * 3]
    chart = page.until(lambda: _all_long(page.chart(ALL)), "some points of each host")
    assert set(chart) >= {remote.web, remote.pcp}
    assert all(x == int(x) for points in chart.values() for x, _ in points)
    shared = set.intersection(*({x for x, _ in points} for points in chart.values()))
    assert len(shared) >= 2

    # What is compared is busy by default, and another series by choice; both in the URL.
    chooser = page.card(ALL).get_by_label("What is compared")
    assert chooser.input_value() == "~used"
    chooser.select_option("sys")
    page.until(lambda: "measure=cpu:sys" in page.query())

    # A click on a host's colour hides it in all charts, two show it alone; a link tells that.
    head = page.page.locator(f'.host[data-host="{remote.web}"] .host-key')
    head.click()
    page.until(lambda: remote.web not in lines(page.chart(ALL)), "a hidden host")
    assert remote.web not in lines(page.chart(ALL, "load"))
    assert page.card(remote.web, "cpu-percpu").count() == 0
    assert head.get_attribute("aria-pressed") == "false"
    head.dblclick()
    page.until(lambda: list(lines(page.chart(ALL))) == [remote.web], "one host alone")
    again = view(page.page.url.removeprefix(page.base))
    again.until(lambda: list(lines(again.drawn(ALL))) == [remote.web], "the same by the link")
    assert again.card(ALL).get_by_label("What is compared").input_value() == "sys"
    head.dblclick()
    page.until(lambda: len(lines(page.chart(ALL))) == 3, "all again")
    _held_and_taken(page, hosts)

    # Back side by side, each has its own cards.
    page.page.keyboard.press("o")
    page.until(lambda: page.card(remote.pcp).count() == 1, "a card of its own")
    assert page.card(ALL).count() == 0


def _held_and_taken(page: Any, hosts: list[str]) -> None:
    # Held still, Plotly draws the same hosts; what is taken away has their names.
    page.page.get_by_role("button", name="Pause").click()
    page.until(lambda: "from=" in page.query(), "held still")
    page.until(lambda: page.card(ALL).locator(".plot .scatterlayer .trace").count() >= 3, "Plotly")
    rows = list(csv.reader(io.StringIO(_taken(page, "Save as CSV"))))
    assert [name.partition(" ")[0] for name in rows[0][2:]] == hosts[1:]
    told = json.loads(_taken(page, "Save as JSON"))
    assert [one["labels"]["host"] for one in told["series"]] == hosts
    assert {one["labels"]["series"] for one in told["series"]} == {"sys"}


def _all_long(chart: dict[str, Any] | None) -> dict[str, Any] | None:
    found = lines(chart) if chart else {}
    return found if len(found) == 3 and all(len(one) >= 3 for one in found.values()) else None


def _taken(page: Any, item: str) -> str:
    page.card(ALL).get_by_label("Menu of this widget").click()
    with page.page.expect_download() as download:
        page.page.get_by_role("menuitem", name=item).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_groups_by_name(view: Callable[..., Any], up: Any, remote: Any, groups: Path) -> None:
    groups.write_text(f'pair = ["local", "{remote.web}"]\nbad = 3\n')
    page = view("/", pardon=("404 (NOT FOUND)",))

    def listed() -> bool:
        return any(one["name"] == "pair" for one in up.get("/api/v1/groups")[2]["groups"])

    page.until(listed, "the file is read")
    page.type_hosts("@none")
    error = page.page.get_by_role("alert")
    page.until(lambda: "no group of hosts none" in error.inner_text(), "what is wrong")
    assert "line 2" in error.inner_text()
    page.type_hosts("@pair")
    page.until(lambda: page.state()["dashboard"]["hosts"] == ["local", remote.web], "its hosts")
    assert "group=pair" in page.query()

    # A name's addresses; the policy allows loopback here.
    page.type_hosts(f"localhost:{remote.web_port}/*")
    page.until(lambda: len(page.state()["dashboard"]["groups"]) == 2, "a group by name")

    # The link shows the hosts of then, and offers those of now; alone, it means those of now.
    groups.write_text(f'pair = ["local", "{remote.pcp}"]\n')
    later = view(f"/?host=local&host={remote.web}&group=pair&w=load&v=1")
    later.until(lambda: remote.pcp in up.get("/api/v1/groups/pair")[2]["hosts"], "the new file")
    later.page.reload()
    offer = later.page.get_by_role("button", name="Show @pair as it is now")
    later.until(lambda: offer.count() == 1, "the offer")
    assert later.state()["dashboard"]["hosts"] == ["local", remote.web]
    offer.click()
    later.until(
        lambda: later.state()["dashboard"]["hosts"] == ["local", remote.pcp], "those of now"
    )
    fresh = view("/?group=pair&w=load")
    fresh.until(
        lambda: fresh.state()["dashboard"]["hosts"] == ["local", remote.pcp], "of a bookmark"
    )
    fresh.until(lambda: "host=local" in fresh.query(), "its hosts in the link")
