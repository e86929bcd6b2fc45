"""Hosts are typed and drawn: by pmcd's socket, behind pmproxy, by pcp://; and a load shows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

TRIAGE = [
    *("cpu", "runqueue", "pressure", "memory", "paging", "oom-kills"),
    *("disk-utilization", "disk-latency", "filesystems"),
    *("network-throughput", "network-errors", "tcp-retransmits"),
]


_SPIN = "import time; end = time.monotonic() + 20\nwhile time.monotonic() < end: pass"


@contextmanager
def burning() -> Iterator[None]:
    """All CPUs busy in user mode while the block runs, at most for 20 s."""
    workers = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def test_the_bare_url_draws_this_host(view: Callable[..., Any]) -> None:
    """All twelve widgets of the default preset, each with real points."""
    page = view("/")
    assert page.until(page.wishes) == ["verdict", *TRIAGE]
    for wish in TRIAGE:
        if wish not in ("disk-latency", "tcp-retransmits"):  # undefined on an idle host
            chart = page.drawn("local", wish)
            assert all(y >= 0 for series in chart["series"].values() for _, y in series), wish
    assert "live" in page.host("local")
    assert "host=local" in page.query() and "preset=triage" in page.query()


def test_stacked_shares_of_cpu_time_are_all_of_it(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=cpu&window=1m&v=1")
    top = max(y for series in page.drawn("local")["series"].values() for _, y in series)
    assert 99.9 < top < 100.1


def test_plotly_is_warm_before_the_first_host_is_typed(view: Callable[..., Any]) -> None:
    """One chart is drawn out of sight and taken away again; no card waits for the first of all."""
    page = view(None)
    page.page.add_init_script(
        """let plotly; Object.defineProperty(window, "Plotly", {
            get: () => plotly,
            set: (it) => {
                const react = it.react;
                it.react = async (...all) => {
                    const made = await react(...all);
                    window.drawnBy = (window.drawnBy ?? 0) + 1;
                    return made;
                };
                plotly = it;
            },
        });"""
    )
    page.go("/?preset=triage&v=1")
    page.until(lambda: page.page.evaluate("window.drawnBy"))
    page.until(
        lambda: not page.page.evaluate("document.querySelectorAll('.js-plotly-plot').length")
    )
    assert page.page.evaluate("window.drawnBy") == 1


def test_hosts_that_are_typed_stand_side_by_side(view: Callable[..., Any], remote: Any) -> None:
    """One behind pmproxy, one by pcp://, typed in one line, beside this server's own."""
    page = view("/?host=local&w=cpu&w=load&window=1m&v=1")
    page.type_hosts(f"{remote.web}, {remote.pcp}")
    hosts = ["local", remote.web, remote.pcp]
    for host in hosts:
        page.drawn(host, "cpu")
        page.drawn(host, "load")
        assert "live" in page.host(host)
    assert "web API" in page.host(remote.web)
    assert "pmcd" in page.host(remote.pcp)
    assert page.state()["dashboard"]["hosts"] == hosts
    tops = [page.card(host).bounding_box()["y"] for host in hosts]
    assert len(set(tops)) == 1, "the same widget does not stand side by side"
    lefts = [page.card(host).bounding_box()["x"] for host in hosts]
    assert lefts == sorted(set(lefts))


def test_charts_go_on_second_by_second(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&window=1m&v=1")
    edge = max(x for x, _ in page.drawn("local", "load")["series"]["1 minute"])

    def newer() -> list[float]:
        series = page.chart("local", "load")["series"]["1 minute"]
        return [x for x, _ in series if x > edge]

    seconds = page.until(lambda: xs if len(xs := newer()) >= 3 else None, "three more points")
    assert seconds[:3] == [edge + 1, edge + 2, edge + 3]


def test_a_cpu_burn_shows(view: Callable[..., Any]) -> None:
    """In user mode, from the second on in which it began; others may use the machine as well."""
    page = view("/?host=local&w=cpu&window=1m&v=1")
    before = max(x for x, _ in page.drawn("local")["series"]["user"])

    def busy() -> bool:
        since = [y for x, y in page.chart("local")["series"]["user"] if x > before]
        return max(since, default=0) > 60

    with burning():
        page.until(busy, "user time above 60 %")


def test_a_host_can_be_removed(view: Callable[..., Any], remote: Any) -> None:
    page = view(f"/?host=local&host={remote.web}&w=load&v=1")
    page.drawn(remote.web, "load")
    page.page.get_by_label(f"Remove {remote.web}").click()
    page.until(lambda: page.card(remote.web, "load").count() == 0)
    assert remote.web not in page.query()
    page.drawn("local", "load", points=3)


def test_a_chart_of_any_metric(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=chart;expr=kernel.all.pswitch;unit=/s&window=1m&v=1")
    wish = page.until(page.wishes)[0]
    chart = page.drawn("local", wish)
    assert all(y > 0 for _, y in chart["series"]["kernel.all.pswitch"])


def test_text_that_is_no_host_is_told(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.until(page.wishes)
    error = page.page.locator("#host-error")
    for typed, words in (
        ("http://web-01/path?x=1", "is no host"),
        ("web-01:99999", "ports run from 1 to 65535"),
        ("<img src=x>", "is no host"),
        ("user:secret@web-01", "is no host"),
    ):
        page.type_hosts(typed)
        error.wait_for()
        assert words in error.inner_text()
        page.page.get_by_label("Hosts to add").fill("x")
        error.wait_for(state="hidden")
    assert page.state()["dashboard"]["hosts"] == ["local"]


def test_a_name_that_only_the_server_can_judge_is_told(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.until(page.wishes)
    page.type_hosts("-web-01")
    page.until(lambda: "'-web-01' is no host name." in page.host("-web-01"))
    page.drawn("local", "load")


def test_a_host_that_does_not_answer_is_told_step_by_step(
    view: Callable[..., Any], free_port: Callable[[], int]
) -> None:
    """ "Shows nothing" is never the answer: the reason and what was tried stand on the page."""
    host = f"127.0.0.1:{free_port()}"
    page = view(f"/?host={host}&w=load&v=1")
    page.until(lambda: "down" in page.host(host), "the state down")
    steps = page.page.locator(".check .step")
    steps.first.wait_for()
    assert steps.count() >= 3
    assert "Next try in" in page.until(lambda: "Next try in" in page.host(host) and page.host(host))
    page.type_hosts("local")
    page.drawn("local", "load")
    page.until(lambda: page.page.locator(".check").count() == 0, "charts in its place")


def test_a_lost_host_moves_nobodys_charts(
    view: Callable[..., Any], free_port: Callable[[], int]
) -> None:
    """Its head is as high as one that is well, and what was tried opens when asked for."""
    page = view(f"/?host=local&host=127.0.0.1:{free_port()}&w=load&v=1")
    page.drawn("local", "load")
    page.page.locator('.host[data-state="down"]').wait_for()
    heights = page.page.eval_on_selector_all(".host .said", "(a) => a.map((p) => p.offsetHeight)")
    assert heights[0] == heights[1] > 0
    assert page.page.locator(".check").count() == 0
    page.page.locator('.host[data-state="down"]').get_by_role("button", name="Check").click()
    page.page.locator(".check .step").first.wait_for()


def test_a_host_that_may_not_be_reached_is_told(view: Callable[..., Any]) -> None:
    page = view("/?host=local&w=load&v=1")
    page.until(page.wishes)
    page.type_hosts("169.254.169.254")
    page.until(lambda: "refused" in page.host("169.254.169.254"), "the refusal")
    assert "never connects to" in page.host("169.254.169.254")
