"""Joins are exact: at whatever moment a page joins, no point is missing and none is doubled."""

from __future__ import annotations

import random
import threading
from typing import Any

from vectorpy.model import wire

JOINS = 200


class Ticker:
    """Lets seconds pass as fast as a test wants, beside everything else."""

    def __init__(self, sampler: Any, seed: int) -> None:
        self._sampler = sampler
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(self._random.uniform(0.0, 0.02)):
            self._sampler.tick()

    def __enter__(self) -> Ticker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _check_join(page: Any, row: Any, before: int, ticks: int) -> None:
    """History up to some second, then each second once, in order, with the right numbers.

    A tick of second `before` or older was on its way when the page left the channel.
    """
    first = page.next()
    while first[0] == "tick" and first[1]["seq"] <= before:
        first = page.next()
    events = [first, page.next(), page.next()]
    assert [event for event, _ in events] == ["state", "layout", "history"]
    history = events[-1][1]
    upto = history["upto"]
    times = history["t"]
    assert times == list(range(times[0], upto + 1))
    assert history["columns"] == [[row(t)[i] for t in times] for i in range(2)]
    for second in range(upto + 1, upto + 1 + ticks):
        event, tick = page.next()
        assert event == "tick"
        assert (tick["seq"], tick["prev"]) == (second, second - 1)
        assert tick["n"] == row(second)


def test_hundreds_of_joins_at_random_moments_miss_and_double_nothing(
    run_server: Any, mode: str, make_channel: Any
) -> None:
    server = run_server(mode, inbound_rate=10_000)
    sampler = server.sampler
    pages = [server.page() for _ in range(5)]
    for page in pages:
        page.checked = False
    with Ticker(sampler, seed=1):
        for number in range(JOINS // 5):
            before = sampler.now
            for page in pages:
                page.send("watch", {"channels": [make_channel("host-join", window=20)]})
            for page in pages:
                page.until("watching")
                _check_join(page, sampler.row, before, ticks=number % 4)
                page.send("unwatch", {})
            for page in pages:
                # What was on its way is read up to the answer, whatever it is.
                page.until("watching")


def test_when_the_sampler_is_restarted_pages_hear_why_and_go_on_with_a_new_epoch(
    run_server: Any, mode: str, make_channel: Any, wait_until: Any
) -> None:
    server = run_server(mode)
    sampler = server.sampler
    page = server.page()
    [told] = page.watch(make_channel("host-again", window=15))
    assert page.until("layout")["epoch"] == "epoch-1"
    page.until("history")
    sampler.down()
    state = page.until("state")
    assert (state["host"], state["state"]) == ("host-again", "connecting")
    assert "sampler" in state["reason"]
    problem = page.until("problem")
    assert problem["status"] == 503
    assert "sampler" in problem["detail"]
    assert server.get("/readyz")[0] == 503
    late = server.page()
    late.watch(make_channel("host-late"))
    assert late.until("problem")["status"] == 503
    sampler.epoch, sampler.v = "epoch-2", 7
    sampler.up()
    assert page.until("state")["state"] == "live"
    assert page.until("layout")["epoch"] == "epoch-2"
    assert page.until("history")["v"] == 7
    assert late.until("layout")["epoch"] == "epoch-2"
    late.until("history")
    sampler.tick()
    assert page.until("tick")["channel"] == told["channel"]
    assert late.until("tick")["v"] == 7
    # Everybody who sat in a channel sits in it again, once.
    assert len(sampler.viewers[told["channel"]]) == 1
    late.abort()
    page.abort()
    wait_until(lambda: not sampler.viewers, "both to leave")


def test_a_channel_refused_after_a_restart_is_told_and_can_be_asked_again(
    run_server: Any, mode: str, make_channel: Any
) -> None:
    server = run_server(mode)
    sampler = server.sampler
    page = server.page()
    page.watch(make_channel("host-out"))
    page.until("history")
    sampler.refused["host-out"] = wire.problem("limit-reached", "Limit", "Full.", "host-out")
    sampler.down()
    page.until("problem")
    sampler.up()
    assert page.until("problem")["detail"] == "Full."
    sampler.refused.clear()
    page.watch(make_channel("host-out"))
    page.until("history")
