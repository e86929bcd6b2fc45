"""The URL is the dashboard: it opens with history, goes Back and Forward, and reads Vector's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.e2e


def span(chart: dict[str, Any]) -> float:
    """Seconds between the first and the last point drawn."""
    times = [x for series in chart["series"].values() for x, _ in series]
    return max(times) - min(times)


def test_the_url_reopens_with_its_past(view: Callable[..., Any]) -> None:
    """A second browser draws at once what the first one has seen, and the same dashboard."""
    first = view("/?host=local&w=load&w=cpu&window=2m&interval=1s&v=1")
    first.until(lambda: span(first.drawn("local", "load")) >= 8, "eight seconds of points")
    url = first.page.url
    newest = max(x for x, _ in first.chart("local", "load")["series"]["1 minute"])

    second = view(url.removeprefix(first.base), fresh=True)
    drawn = second.until(lambda: second.chart("local", "load"), "the first chart")
    assert span(drawn) >= 8
    assert drawn["series"]["1 minute"][0][0] <= newest - 8
    assert second.page.url == url
    assert second.wishes() == first.wishes() == ["load", "cpu"]


def test_a_widget_that_is_added_later_has_its_past_too(view: Callable[..., Any]) -> None:
    """What the presets need is recorded of every watched host, drawn or not."""
    page = view("/?host=local&w=load&window=1m&v=1")
    page.until(lambda: span(page.drawn("local", "load")) >= 5, "five seconds of points")
    page.page.get_by_role("button", name="Widgets", exact=True).click()
    page.page.locator('.pick[data-id="context-switches"]').click()
    chart = page.until(lambda: page.chart("local", "context-switches"), "its chart")
    assert span(chart) >= 4


def test_back_and_forward_and_reload(view: Callable[..., Any]) -> None:
    page = view("/?host=local&preset=triage&window=5m&interval=1s&v=1")
    page.until(lambda: "cpu" in page.wishes())
    page.page.get_by_label("Preset").select_option("memory")
    page.until(lambda: "memory-available" in page.wishes())
    page.page.get_by_label("2m", exact=True).check(force=True)
    page.until(lambda: "window=2m" in page.query())
    page.page.go_back()
    page.until(lambda: "window=5m" in page.query())
    page.until("document.querySelector('input[name=window][value=\"300\"]').checked")
    assert "memory-available" in page.wishes()
    page.page.go_back()
    page.until(lambda: "disk-latency" in page.wishes() and "preset=triage" in page.query())
    page.page.go_forward()
    page.page.go_forward()
    page.until(lambda: "window=2m" in page.query() and "preset=memory" in page.query())
    wishes = page.until(page.wishes)
    page.page.reload()
    page.drawn("local", "memory-available")
    assert page.wishes() == wishes
    assert "window=2m" in page.query()


def test_the_legends_choice_is_in_the_url(view: Callable[..., Any]) -> None:
    """Reload, another browser and Back bring it; a double click is one step of the history."""
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load")
    entry = page.card("local", "load").locator('.legend button[data-name="5 minute"]')
    entry.click()
    page.until(lambda: "hide=load:5+minute" in page.query())
    page.page.reload()
    page.until(lambda: set(page.drawn("local", "load")["series"]) == {"1 minute", "15 minute"})
    other = view("/?" + page.query(), fresh=True)
    other.until(lambda: set(other.drawn("local", "load")["series"]) == {"1 minute", "15 minute"})
    entry.dblclick()
    page.until(lambda: "only=load:5+minute" in page.query())
    page.until(lambda: set(page.drawn("local", "load")["series"]) - {"area"} == {"5 minute"})
    page.page.go_back()
    page.until(lambda: "hide=load:5+minute" in page.query())
    page.until(lambda: "5 minute" not in page.drawn("local", "load")["series"])


def test_an_expression_is_encoded_once(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=chart;expr=kernel.all.load%20*%202&v=1")
    wish = page.until(page.wishes)[0]
    page.drawn("local", wish)
    assert "w=chart;expr=kernel.all.load+*+2&" in page.query()
    page.page.reload()
    page.drawn("local", wish)
    assert page.wishes() == [wish]


def test_what_a_url_names_and_is_not_there_is_told(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&w=no-such-widget&window=7m&nonsense=1&v=1")
    page.drawn("local", "load")
    notices = page.until(lambda: " ".join(page.page.locator(".notice").all_inner_texts()))
    assert "no-such-widget" in notices
    assert "window is 7m" in notices
    other = view("/?host=local&preset=no-such-preset&v=1")
    text = other.until(lambda: " ".join(other.page.locator(".notice").all_inner_texts()))
    assert "no preset “no-such-preset”" in text
    other.drawn("local", "cpu")


def test_hosts_of_a_url_are_canonical(view: Callable[..., Any], remote: Any) -> None:
    page = view(f"/?host=HTTP://{remote.web}&w=load&v=1")
    page.drawn(remote.web, "load")
    assert f"host={remote.web}" in page.query()


def test_links_of_vector_1(view: Callable[..., Any], remote: Any) -> None:
    """A hostspec is never forwarded: it is offered as a host of its own."""
    link = (
        f"/#/?host={remote.web}&hostspec=db-9.example&widgets=kernel.all.load,disk.iops,no.such.one"
    )
    page = view(link)
    page.drawn(remote.web, "load")
    assert page.wishes() == ["load", "disk-iops"]
    notices = " ".join(page.page.locator(".notice").all_inner_texts())
    assert "no.such.one" in notices
    assert page.page.get_by_role("button", name="Add db-9.example").is_visible()
    assert page.query().startswith(f"host={remote.web}&w=load&w=disk-iops")
    assert "#" not in page.page.url


def test_links_of_vector_2(view: Callable[..., Any], remote: Any) -> None:
    target = {"p": "http", "h": remote.web, "hs": "localhost", "ci": "_all", "cl": ["cpu-loadavg"]}
    page = view("/?q=" + quote(json.dumps([target])))
    page.drawn(remote.web, "load")
    assert page.wishes() == ["load"]


HOST_CHARTS = """
cpu-loadavg cpu-runnable cpu-utilization-sys cpu-utilization-user cpu-utilization
cpu-percpu-utilization-sys cpu-percpu-utilization-user cpu-percpu-utilization cpu-pswitch
memory-utilization-free memory-utilization-used memory-utilization-cached memory-utilization
memory-page-faults network-drops-in network-drops-out network-drops-inout network-throughput
network-packets network-tcp-established network-tcp-timewait network-tcp-closewait network-tcp
network-retransmits disk-iops disk-throughput disk-utilization disk-latency
"""


def test_every_chart_of_a_host_that_vector_had_is_drawn(view: Callable[..., Any]) -> None:
    """By its old name, in one link, with a flame graph and a chart without a metric beside them."""
    charts = [*HOST_CHARTS.split(), "fg-cpu", "custom-chart"]
    target = {"p": "http", "h": "local", "hs": "localhost", "ci": "_all", "cl": charts}
    page = view("/?q=" + quote(json.dumps([target])))
    wishes = page.until(page.wishes)
    assert len(wishes) == len(HOST_CHARTS.split())
    assert {"cpu;series=sys", "network-errors;series=in%20drops"} <= set(wishes)
    for wish in wishes:
        page.card("local", wish).scroll_into_view_if_needed()
        if wish != "disk-latency":  # a disk that does nothing has no latency
            page.drawn("local", wish)
    notices = " ".join(page.page.locator(".notice").all_inner_texts())
    assert "fg-cpu, custom-chart" in notices
    assert page.query().startswith("host=local&w=load&w=runqueue&w=cpu;series=sys&")


def test_a_frozen_stretch_of_time_is_in_the_url(view: Callable[..., Any]) -> None:
    """Paused, the charts stand still; whoever opens that URL sees the same stretch."""
    page = view("/?host=local&w=load&window=1m&v=1")
    page.drawn("local", "load", points=3)
    page.page.get_by_role("button", name="Pause").click()
    page.until(lambda: "from=" in page.query() and "to=" in page.query())
    held = page.state()["dashboard"]["frozen"]
    page.until(lambda: page.chart("local", "load")["range"] == [held["from"], held["to"]])
    other = view("/?" + page.query(), fresh=True)
    chart = other.drawn("local", "load", points=3)
    assert chart["range"] == [held["from"], held["to"]]
    seen = page.page.evaluate("window.vectorpy.points_seen")
    page.until(f"window.vectorpy.points_seen >= {seen + 2}")
    assert page.chart("local", "load")["range"] == [held["from"], held["to"]]
    page.page.get_by_role("button", name="Go live").click()
    page.until(lambda: "from=" not in page.query())
    page.until(lambda: page.chart("local", "load")["range"][1] > held["to"])
