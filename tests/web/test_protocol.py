"""What a page and the web process say to each other, in both async modes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import socketio
import websocket

from vectorpy.model import wire
from vectorpy.model.watch import ChannelSpec, Wish


def test_hello_comes_first_with_the_limits_of_pages(server: Any) -> None:
    event, hello = server.page().next()
    assert event == "hello"
    assert hello["version"] == 1
    assert hello["limits"] == {
        "dashboard_hosts": 16,
        "dashboard_widgets": 40,
        "inbound_rate": 20,
        "inbound_bytes": 65536,
        "ring_seconds": 600,
        "series_drawn": 50,
        "bursts": 4,
        "burst_seconds": 60,
        "burst_metrics": 50,
    }


def test_a_watch_is_answered_by_watching_state_layout_history_in_this_order(
    server: Any, make_channel: Any
) -> None:
    page = server.page()
    page.next()
    page.send("watch", {"channels": [make_channel("WEB-01:44322", "load", "cpu", window=30)]})
    events = [page.next() for _ in range(4)]
    assert [event for event, _ in events] == ["watching", "state", "layout", "history"]
    key = ChannelSpec("web-01", 1, (Wish("cpu"), Wish("load"))).key
    assert events[0][1]["channels"] == [
        {
            "channel": key,
            "host": "web-01",
            "interval": 1,
            "wishes": ["cpu", "load"],
            "window": 30,
            "asked": "WEB-01:44322",
        }
    ]
    history = events[3][1]
    assert history["channel"] == key
    assert len(history["t"]) == 30
    assert history["upto"] == history["t"][-1]


def test_what_the_sampler_encoded_reaches_the_page_byte_for_byte(
    server: Any, make_channel: Any
) -> None:
    page = server.page()
    [told] = page.watch(make_channel("host-bytes"))
    page.until("history")
    key = told["channel"]
    with server.sampler.lock:
        now = server.sampler.tick()
        want = wire.encode(server.sampler.tick_message(key))
    assert page.until("tick")["seq"] == now
    assert page.raw[-1] == ("tick", want)
    odd = '{"host":"host-bytes","t":5,"kind":"oom-kill","text":"a \\" <b> \\u00fc"}'
    server.sampler.emit("host:host-bytes", "marks", odd)
    page.until("marks")
    assert page.raw[-1] == ("marks", odd)


def test_a_watch_sent_again_joins_nothing_twice_and_leaves_what_is_no_longer_wanted(
    server: Any, make_channel: Any, wait_until: Any
) -> None:
    page = server.page()
    one, two = make_channel("host-a"), make_channel("host-b")
    first = page.watch(one, two)
    for _ in range(2):
        page.until("history")
    joins = len(server.sampler.asked("join"))
    assert page.watch(one, two) == first
    assert [told["host"] for told in page.watch(two)] == ["host-b"]
    gone = first[0]["channel"]
    wait_until(lambda: gone not in server.sampler.specs, "the channel to be left")
    assert len(server.sampler.asked("join")) == joins
    server.sampler.tick()
    assert page.until("tick")["channel"] == first[1]["channel"]


def test_a_longer_window_brings_the_longer_history(server: Any, make_channel: Any) -> None:
    page = server.page()
    page.watch(make_channel("host-w", window=10))
    assert len(page.until("history")["t"]) == 10
    page.watch(make_channel("host-w", window=120))
    assert len(page.until("history")["t"]) == 120


def test_unwatch_leaves_all_channels(server: Any, make_channel: Any, wait_until: Any) -> None:
    page = server.page()
    [told] = page.watch(make_channel("host-u"))
    page.until("history")
    page.send("unwatch", {})
    assert page.until("watching") == {"channels": []}
    wait_until(lambda: told["channel"] not in server.sampler.specs, "the channel to be left")


def test_a_page_out_of_sight_hears_nothing_and_comes_back_to_all_of_it(
    server: Any, make_channel: Any, wait_until: Any
) -> None:
    page, other = server.page(), server.page()
    watched = make_channel("host-h", window=30)
    [told] = page.watch(watched)
    first = page.until("history")
    other.watch(watched)
    other.until("history")
    page.send("hold", {})
    page.send("hold", {})
    page.send("nonsense", {})
    page.until("problem")  # so that the holds were taken
    for _ in range(5):
        server.sampler.tick()
    last = [other.until("tick")["seq"] for _ in range(5)][-1]
    assert told["channel"] in server.sampler.specs
    page.watch(watched)
    events = []
    while not events or events[-1][0] != "history":
        events.append(page.next())
    assert [event for event, _ in events if event == "tick"] == []
    back = events[-1][1]
    assert back["upto"] == last
    assert set(range(first["upto"] + 1, last + 1)) <= set(back["t"])
    assert len(back["t"]) < 30, "no more than it lacks"
    server.sampler.tick()
    assert page.until("tick")["seq"] == last + 1


def test_a_page_that_goes_away_leaves_its_channels(
    server: Any, make_channel: Any, wait_until: Any
) -> None:
    page, other = server.page(), server.page()
    [told] = page.watch(make_channel("host-g"))
    other.watch(make_channel("host-g"))
    other.until("history")
    assert len(server.sampler.viewers[told["channel"]]) == 2
    page.ws.shutdown()
    wait_until(lambda: len(server.sampler.viewers[told["channel"]]) == 1, "the viewer to leave")
    server.sampler.tick()
    assert other.until("tick")["channel"] == told["channel"]


@pytest.mark.parametrize(
    "typed", ["http://u:p@web/", "a b", "<img src=x>", "web-01/path?x=1", "", "x" * 400]
)
def test_a_bad_host_is_told_and_refuses_no_other_channel(
    server: Any, make_channel: Any, typed: str
) -> None:
    page = server.page()
    page.next()
    page.send("watch", {"channels": [make_channel(typed), make_channel("host-good")]})
    problem = page.until("problem")
    assert problem["status"] == 400
    assert problem["host"] == (typed[:300] or None)
    assert [told["host"] for told in page.until("watching")["channels"]] == ["host-good"]
    page.until("history")


def test_an_unknown_widget_is_named_and_the_rest_of_the_channel_draws(
    server: Any, make_channel: Any
) -> None:
    page = server.page()
    page.next()
    page.send("watch", {"channels": [make_channel("host-x", "cpu", "no-such", "A;B", "cpu;o=1")]})
    details = [page.until("problem")["detail"] for _ in range(3)]
    assert "no-such" in details[0]
    assert page.until("watching")["channels"][0]["wishes"] == ["cpu"]
    page.until("history")


def test_a_join_that_the_sampler_refuses_is_told_and_can_be_asked_again(
    server: Any, make_channel: Any
) -> None:
    problem = wire.problem(
        "refused-by-policy", "Refused by policy", "Not allowed.", "host-r", "Ask.", 403
    )
    server.sampler.refused["host-r"] = problem
    page = server.page()
    page.watch(make_channel("host-r"))
    assert page.until("problem") == problem
    server.sampler.refused.clear()
    page.watch(make_channel("host-r"))
    page.until("history")


def test_history_is_given_to_who_watches_and_to_him_alone(server: Any, make_channel: Any) -> None:
    page, other = server.page(), server.page()
    [told] = page.watch(make_channel("host-h", window=5))
    page.until("history")
    key, now = told["channel"], server.sampler.now
    page.send("history", {"channel": key, "from": now - 99, "to": now})
    assert page.until("history")["t"] == list(range(now - 99, now + 1))
    other.send("history", {"channel": key, "from": now - 9, "to": now})
    assert other.until("problem")["status"] == 404
    page.send("history", {"channel": key, "from": now - 601, "to": now})
    assert page.until("problem")["status"] == 400
    page.send("history", {"channel": key, "from": "0", "to": now})
    assert page.until("problem")["status"] == 400


@pytest.mark.parametrize("data", [None, [], "x", {"channels": "x"}, {"channels": [1, None]}])
def test_a_watch_that_is_none_is_told_and_breaks_nothing(
    server: Any, make_channel: Any, data: Any
) -> None:
    page = server.page()
    page.send("watch", data)
    assert page.until("problem")["status"] == 400
    page.watch(make_channel("host-after"))
    page.until("history")


def test_an_unknown_message_is_told(server: Any) -> None:
    page = server.page()
    page.send("subscribe", {})
    assert page.until("problem")["status"] == 400


def test_more_than_twenty_messages_a_second_are_dropped_and_told(
    server: Any, make_channel: Any
) -> None:
    page = server.page()
    before = _hits(server, "inbound_rate")
    for _ in range(60):
        page.send("unwatch", {})
    problem = page.until("problem")
    assert problem["status"] == 429
    assert _hits(server, "inbound_rate") > before
    # Acks have a budget of their own.
    page.send("ack", {})
    with pytest.raises((TimeoutError, Exception), match="timed out"):
        page.until("problem", 0.5)


def test_who_floods_is_cut(server: Any) -> None:
    page = server.page()
    with pytest.raises((ConnectionError, OSError, Exception), match=r"clos|reset|pipe|lost"):
        for _ in range(400):
            page.send("unwatch", {})
        while True:
            page.next(5.0)


def test_a_message_above_64_kb_is_dropped_and_told_and_a_far_longer_one_ends_the_connection(
    server: Any, make_channel: Any
) -> None:
    page = server.page()
    before = _hits(server, "inbound_bytes")
    page.send("watch", {"channels": [], "x": "y" * 70_000})
    assert page.until("problem")["status"] == 429
    assert _hits(server, "inbound_bytes") == before + 1
    page.watch(make_channel("host-l"))
    page.until("history")
    with pytest.raises((ConnectionError, OSError, Exception), match=r"clos|reset|pipe|lost"):
        page.send("watch", {"x": "y" * 400_000})
        while True:
            page.next(5.0)


def test_a_message_in_pieces_without_an_end_ends_the_connection(server: Any) -> None:
    page = server.page()
    page.next()
    with pytest.raises((ConnectionError, OSError, Exception), match=r"clos|reset|pipe|lost"):
        page.ws.send_frame(websocket.ABNF.create_frame("42", websocket.ABNF.OPCODE_TEXT, fin=0))
        for _ in range(60):
            piece = websocket.ABNF.create_frame("x" * 10_000, websocket.ABNF.OPCODE_CONT, fin=0)
            page.ws.send_frame(piece)
        while True:
            page.next(5.0)


@pytest.mark.parametrize("packet", ['451-["watch",{"_placeholder":true,"num":0}]', b"\x04x"])
def test_binary_packets_end_the_connection(server: Any, packet: Any) -> None:
    page = server.page()
    page.next()
    binary = isinstance(packet, bytes)
    (page.ws.send_binary if binary else page.ws.send)(packet)
    with pytest.raises((ConnectionError, OSError, Exception), match=r"clos|reset|pipe|lost"):
        while True:
            page.next(5.0)


def test_the_official_client_hears_it_all(server: Any, make_channel: Any, wait_until: Any) -> None:
    client = socketio.Client(reconnection=False)
    heard: list[tuple[str, Any]] = []
    client.on("*", lambda event, data: heard.append((event, data)))
    client.connect(f"http://127.0.0.1:{server.port}", transports=["websocket"])
    try:
        client.emit("watch", {"channels": [make_channel("host-o")]})
        wait_until(lambda: "history" in [event for event, _ in heard], "history")
        now = server.sampler.tick()
        wait_until(lambda: "tick" in [event for event, _ in heard], "a tick")
    finally:
        client.disconnect()
    assert [event for event, _ in heard] == [
        "hello",
        "watching",
        "state",
        "layout",
        "history",
        "tick",
    ]
    assert heard[-1][1]["n"] == json.loads(json.dumps(server.sampler.row(now)))


def _hits(server: Any, name: str) -> int:
    _, found = server.json("/limits")
    return int(next(row["hits"] for row in found["limits"] if row["name"] == name))
