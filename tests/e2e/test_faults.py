"""What breaks is told, leaves a gap, and mends by itself; the drawn past stays.

The children killed are those of this session's own programs. Where a test must
see a fault for sure, their supervisor stands still meanwhile: else it starts
them again within a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def times(page: Any, host: str, series: str = "1 minute") -> list[float]:
    chart = page.chart(host, "load")
    return [x for x, _ in chart["series"].get(series, [])] if chart else []


def has_gap(page: Any, host: str, after: float) -> bool:
    """Whether a band begins soon after that second, and points go on behind it."""
    bands = page.chart(host, "load")["bands"]
    behind = [x for x in times(page, host) if x > after + 2]
    return bool(behind) and any(after - 2 <= low <= after + 3 for low, _ in bands)


def lost(page: Any, host: str, program: Any, child: str, states: tuple[str, ...]) -> str:
    """Kill a child; the head's text once it tells a state of those."""
    program.kill_child(child)

    def told() -> str | None:
        text = page.host(host)
        return text if any(state in text.split() for state in states) else None

    return page.until(told, f"one of {states} of {host}")


LOST = ("down", "late", "stale")


def test_pmcd_killed_behind_pmproxy_and_by_pcp(view: Callable[..., Any], remote: Any) -> None:
    page = view(f"/?host={remote.web}&host={remote.pcp}&host=local&w=load&window=2m&v=1")
    hosts = (remote.web, remote.pcp)
    before = {}
    for host in hosts:
        page.drawn(host, "load", points=4)
    with remote.held():
        for host in hosts:
            before[host] = max(times(page, host))
        remote.kill_child("pmcd")
        for host in hosts:
            text = page.until(
                lambda host=host: (
                    page.host(host)
                    if any(state in page.host(host).split() for state in LOST)
                    else None
                ),
                f"the loss of {host}",
            )
            assert len(text.splitlines()) > 2, f"no reason is told: {text!r}"
        # Seconds go by, the charts with them, and what was drawn stays.
        edge = page.chart(remote.web, "load")["range"][1]
        page.until(lambda: page.chart(remote.web, "load")["range"][1] >= edge + 4, "four seconds")
        for host in hosts:
            assert [x for x in times(page, host) if x <= before[host]]
        assert "live" in page.host("local").split()
        local = max(times(page, "local"))
        page.until(lambda: max(times(page, "local")) > local, "that another host goes on")
    for host in hosts:
        page.until(lambda host=host: "live" in page.host(host).split(), f"the return of {host}")
        page.until(lambda host=host: has_gap(page, host, before[host]), f"the gap of {host}")
        assert min(times(page, host)) <= before[host] - 3, "the past is gone"


def test_pmproxy_killed(view: Callable[..., Any], remote: Any) -> None:
    """The way by pcp:// to the same pmcd goes on meanwhile."""
    page = view(f"/?host={remote.web}&host={remote.pcp}&w=load&window=2m&v=1")
    for host in (remote.web, remote.pcp):
        page.drawn(host, "load", points=4)
    with remote.held():
        before = max(times(page, remote.web))
        text = lost(page, remote.web, remote, "pmproxy", LOST)
        assert len(text.splitlines()) > 2, f"no reason is told: {text!r}"
        now = max(times(page, remote.pcp))
        page.until(lambda: max(times(page, remote.pcp)) >= now + 3, "three more seconds by pcp://")
        assert "live" in page.host(remote.pcp).split()
    page.until(lambda: "live" in page.host(remote.web).split(), "its return")
    page.until(lambda: has_gap(page, remote.web, before), "its gap")
    assert min(times(page, remote.web)) <= before - 3, "the past is gone"


def test_sampler_killed(view: Callable[..., Any], up: Any) -> None:
    """A gap and a new epoch; the page is the same one, and its past stays."""
    page = view("/?host=local&w=load&window=2m&v=1")
    page.drawn("local", "load", points=5)
    page.page.evaluate("window.__same = true")
    before, past = max(times(page, "local")), min(times(page, "local"))
    assert len(page.epochs) == 1
    with up.held():
        up.kill_child("sampler")
        page.until(
            lambda: "sampler" in " ".join(page.page.locator(".notice").all_inner_texts()).lower(),
            "word of the sampler",
        )
        edge = page.chart("local", "load")["range"][1]
        page.until(lambda: page.chart("local", "load")["range"][1] >= edge + 3, "three seconds")
    page.until(lambda: len(page.epochs) == 2, "a new epoch")
    page.until(lambda: has_gap(page, "local", before), "the gap")
    assert page.page.evaluate("window.__same") is True
    chart = page.chart("local", "load")
    # Its oldest seconds leave by the left edge; all others are still there.
    assert min(times(page, "local")) <= max(past, chart["range"][0] + 2)
    # A burst of an earlier test may be told there for as long as it is kept.
    notices = page.page.locator(".notice:not(.burst-row)")
    left = page.within(30, lambda: notices.count() == 0) or notices.all_inner_texts()
    assert left is True, left
    assert "live" in page.host("local").split()


def test_pmcd_of_local_killed(view: Callable[..., Any], up: Any) -> None:
    """Without any help, and without anybody reloading, it is back."""
    page = view("/?host=local&w=load&window=2m&v=1")
    page.drawn("local", "load", points=4)
    before = max(times(page, "local"))
    up.kill_child("pmcd")
    page.until(lambda: max(times(page, "local")) >= before + 4, "points after its return")
    page.until(lambda: "live" in page.host("local").split())


def test_web_killed(view: Callable[..., Any], up: Any) -> None:
    """The page says so, connects again by itself, and fetches what it missed: no gap."""
    pardon = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")
    page = view("/?host=local&w=load&window=2m&v=1", pardon=pardon)
    page.drawn("local", "load", points=4)
    page.page.evaluate("window.__same = true")
    before = max(times(page, "local"))
    with up.held():
        up.kill_child("web")
        page.until(
            lambda: "Trying again" in " ".join(page.page.locator(".notice").all_inner_texts()),
            "word of the lost connection",
        )
        edge = page.chart("local", "load")["range"][1]
        page.until(lambda: page.chart("local", "load")["range"][1] >= edge + 3, "three seconds")
    page.until(lambda: max(times(page, "local"), default=0) >= before + 6, "what was missed")
    seconds = sorted({round(x) for x in times(page, "local") if before - 2 <= x <= before + 6})
    assert seconds == list(range(round(before) - 2, round(before) + 7))
    assert page.page.evaluate("window.__same") is True
    page.until(lambda: page.page.locator(".notice").count() == 0, "the end of the notice")
