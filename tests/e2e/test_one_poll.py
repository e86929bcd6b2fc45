"""However many look, a host is asked once a second: counted at the host's side."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SECONDS = 4


def test_three_viewers_cost_no_more_than_one(view: Callable[..., Any], counter: Any) -> None:
    """Viewers differ in widgets, window and interval; the host sees one fetch a second."""
    host = f"127.0.0.1:{counter.port}"

    def polled(page: Any) -> list[int]:
        """Fetches in each of SECONDS whole seconds from now on, at the host's side."""
        start = int(page.page.evaluate("Date.now() / 1000")) + 1
        page.until(lambda: counter.fetches and counter.fetches[-1] >= start + SECONDS, "fetches")
        seconds = Tally(int(at) for at in counter.fetches)
        return [seconds[start + n] for n in range(SECONDS)]

    first = view(f"/?host={host}&preset=triage&window=5m&v=1")
    first.drawn(host, "cpu", points=3)
    # What is asked once of a new host, its containers at last, is no poll.
    first.until(lambda: host in first.state()["containers"], "the list of containers")
    alone = polled(first)
    second = view(f"/?host={host}&preset=disk&window=1m&v=1")
    third = view(f"/?host={host}&w=cpu&w=tcp-connections&interval=2s&window=10m&v=1")
    second.drawn(host, "disk-iops")
    third.drawn(host, "cpu", points=2)
    three = polled(first)
    # A fetch starts at its second plus less than 0.2 s; on a busy machine one may slip over.
    assert sum(alone) in range(SECONDS - 1, SECONDS + 2), alone
    assert sum(three) in range(SECONDS - 1, SECONDS + 2), three
    assert max(alone + three) <= 2
