"""Client and server over a real unix socket: joins are exact, faults cost a gap and no more."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from vectorpy.bus.connection import Outbox
from vectorpy.bus.frames import Reader, pack
from vectorpy.bus.local import LocalBus
from vectorpy.bus.server import BusServer
from vectorpy.errors import ConfigError, LimitReached, Unavailable, UnknownName
from vectorpy.model.watch import ChannelSpec, Wish

WISHES = ("memory-available", "context-switches")


def points_of(events: list[tuple[str, dict[str, Any]]]) -> dict[int, list[float | None]]:
    """What a page would hold after these events of one channel; fails on doubles and holes.

    `upto` and `prev` are the protocol's own promises, checked here from outside.
    """
    points: dict[int, list[float | None]] = {}
    v, newest = None, 0
    for event, message in events:
        if event == "layout":
            v = message["v"]
        elif event == "history":
            assert message["v"] == v
            rows = zip(*message["columns"], strict=True)
            points.update(zip(message["t"], map(list, rows), strict=True))
            newest = max(newest, message["upto"])
        elif event == "tick":
            assert message["v"] == v, "a tick of a layout that never came"
            assert message["seq"] not in points, f"{message['seq']} came twice"
            assert message["prev"] == newest, f"something before {message['seq']} is missing"
            points[message["seq"]] = message["n"]
            newest = message["seq"]
    return points


def true_rows(points: dict[int, list[float | None]]) -> None:
    """The scripted gauge says of which second each point is."""
    for second, row in points.items():
        assert second % 1000 in [None if x is None else round(x) for x in row], (second, row)


def come_and_go(one: Any, number: int) -> None:
    """Thirty pages, one after the other: each joins, listens for a moment, and leaves."""
    chance = random.Random(number)
    key = one.spec(*WISHES).key
    for turn in range(30):
        viewer = f"page-{number}-{turn}"
        answer = one.join(*WISHES, viewer=viewer, window=chance.choice((1, 5, 60, 600)))
        assert answer.problem is None
        time.sleep(chance.random() * 0.05)
        one.client.leave(key, viewer)


def pages_of(
    events: list[tuple[str, str, dict[str, Any]]], key: str
) -> list[list[tuple[str, dict[str, Any]]]]:
    """What each page heard: its own answer, then all of the channel's room after it."""
    pages = []
    for index, (room, event, message) in enumerate(events):
        if room.startswith("answer:page") and event == "layout":
            after = [(e, m) for r, e, m in events[index + 2 :] if r == key]
            pages.append([(event, message), events[index + 1][1:], *after])
    return pages


def test_joins_at_random_moments_miss_and_double_nothing(
    served: Any, heard: Any, wait: Any
) -> None:
    """Hundreds of joins by several threads while ticks come twenty times as fast as in life."""
    _, path, hub, _ = served(speed=20.0)
    one = heard(path)
    one.join(*WISHES)
    wait(lambda: one.of("tick"), "ticks")
    threads = [threading.Thread(target=come_and_go, args=(one, n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    last = one.of("tick")[-1]["seq"]
    wait(lambda: one.of("tick")[-1]["seq"] > last + 3, "ticks after the last join")
    pages = pages_of(list(one.events), one.spec(*WISHES).key)
    assert len(pages) == 240
    for page in pages:
        points = points_of(page)
        true_rows(points)
        assert len(points) >= 4
    assert hub.hosts()[0]["viewers"] == 1


def test_two_viewers_cause_one_fetch_a_second(served: Any, heard: Any, wait: Any) -> None:
    _, path, hub, hosts = served(speed=10.0)
    one, two = heard(path), heard(path)
    one.join(*WISHES)
    two.join(*WISHES, viewer="bob")
    wait(lambda: len(two.of("tick")) >= 15, "ticks")
    host = hosts["web-01"]
    seconds = [t["seq"] for t in two.of("tick")]
    assert host.fetches <= seconds[-1] - seconds[0] + 5
    assert hub.hosts()[0]["viewers"] == 2
    two.client.close()
    wait(lambda: hub.hosts()[0]["viewers"] == 1, "the closed client's viewers leave")


def test_leaving_ends_a_channel(served: Any, heard: Any, wait: Any) -> None:
    _, path, hub, _ = served()
    one = heard(path)
    one.join(*WISHES)
    one.join(*WISHES, viewer="bob")
    key = one.spec(*WISHES).key
    one.client.leave(key, "ann")
    wait(lambda: hub.hosts()[0]["viewers"] == 1, "one left")
    assert hub.health()["channels"] == 1
    one.client.leave(key, "bob")
    one.client.leave(key, "bob")
    wait(lambda: hub.health()["channels"] == 0, "the channel's end")


def test_requests_and_their_errors(served: Any, heard: Any, wait: Any) -> None:
    _, path, _, _ = served(new_hosts_rate=3)
    one = heard(path)
    one.join(*WISHES)
    _, text = one.client.request("ping")
    assert json.loads(text)["version"]
    wait(lambda: one.of("tick"), "ticks")
    _, text = one.client.request("hosts")
    (row,) = json.loads(text)["hosts"]
    assert (row["host"], row["state"], row["transport"], row["viewers"]) == (
        "web-01",
        "live",
        "fake",
        1,
    )
    second = one.of("tick")[-1]["seq"]
    span = {"from": second - 2, "to": second}
    key = one.spec(*WISHES).key
    header, text = one.client.request("history", channel=key, layout=True, **span)
    events = one.client.events(header, text)
    assert [event for event, _ in events] == ["layout", "history"]
    assert json.loads(events[1][1])["upto"] == second
    with pytest.raises(UnknownName) as caught:
        one.client.request("history", channel="nobody", **span)
    assert "nobody" in caught.value.message and caught.value.status == 404
    _, text = one.client.request("search", host="web-01", text="pswitch")
    assert [m["name"] for m in json.loads(text)["metrics"]] == ["kernel.all.pswitch"]
    _, text = one.client.request("host", host="web-01")
    assert json.loads(text)["version"] == "6.0.3"
    with pytest.raises(UnknownName):
        one.client.request("host", host="other", start=False)
    for number in range(2):
        one.client.request("host", host=f"other-{number}")
    with pytest.raises(LimitReached) as limit:
        one.client.request("host", host="other-9")
    assert limit.value.status == 429
    refused = one.join("load", host="other-9")
    assert refused.events == [] and refused.problem is not None
    assert refused.problem["type"] == "limit-reached"
    _, text = one.client.request("health")
    assert json.loads(text)["hosts"] == 1


def test_unreadable_requests_are_answered(served: Any, wait: Any) -> None:
    _, path, _, _ = served()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(str(path))
    try:
        reader = Reader(sock.recv)
        for ask in ({"op": "nonsense"}, {"op": "join", "spec": 5}, {"op": "history"}, {}):
            sock.sendall(pack({**ask, "req": 7}))
            header, _ = reader.read() or ({}, b"")
            assert header["req"] == 7 and header["problem"]["status"] == 400, header
        sock.sendall(pack({"op": "leave"}) + pack({"op": "ping", "req": 8}))
        assert (reader.read() or ({}, b""))[0]["req"] == 8
    finally:
        sock.close()


def test_a_slow_question_delays_no_join(served: Any, heard: Any, wait: Any) -> None:
    _, path, hub, _ = served(names=("web-01", "web-02"))
    held = threading.Event()
    hub.search = lambda *_: held.wait(20) and {}
    one = heard(path)
    wait(lambda: one.client.connected, "the link")
    asking = threading.Thread(
        target=lambda: one.client.request("search", host="web-02", text="x", timeout=20)
    )
    asking.start()
    try:
        assert one.join(*WISHES).problem is None
        wait(lambda: one.of("tick"), "ticks")
    finally:
        held.set()
        asking.join(10)


def test_a_web_process_that_does_not_read_is_cut_and_harms_nobody(
    served: Any, heard: Any, wait: Any
) -> None:
    server, path, hub, _ = served(speed=50.0, server={"queue_bytes": 20_000})
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(str(path))
    one = heard(path)
    try:
        for number in range(10):
            spec = one.spec(*WISHES, interval=number + 1).to_json()
            ask = {"op": "join", "req": number, "spec": spec, "window": 600, "viewers": ["deaf"]}
            deaf.sendall(pack(ask))
        one.join(*WISHES)
        wait(lambda: server.connections == 1, "the deaf one is cut", 30)
        wait(lambda: hub.hosts()[0]["viewers"] == 1, "its viewers are gone")
        count = len(one.of("tick"))
        wait(lambda: len(one.of("tick")) > count + 5, "others tick on")
        key = one.spec(*WISHES).key
        points_of([(e, m) for r, e, m in one.events if r in (key, "answer:ann")])
    finally:
        deaf.close()


def test_the_outbox_is_bounded_and_in_order() -> None:
    box = Outbox(10)
    assert box.put(b"x" * 50), "an empty one takes any frame"
    assert box.take() == b"x" * 50
    assert box.put(b"abc") and box.put(b"def")
    assert box.take() == b"abcdef"
    assert box.put(b"123456")
    assert not box.put(b"789012")
    assert box.take() is None
    assert not box.put(b"1")


def test_a_frame_goes_out_at_once_while_nothing_else_waits() -> None:
    sent: list[bytes] = []
    room = [3, 0, 100]

    def send(data: bytes) -> int:
        sent.append(data[: room[0]])
        return len(sent[-1]) if (left := room.pop(0)) else left

    box = Outbox(100, send)
    assert box.put(b"abc") and sent == [b"abc"]
    assert box.put(b"def") and sent == [b"abc", b""], "nothing went"
    assert box.put(b"ghi") and len(sent) == 2, "it waits behind the other"
    assert box.take() == b"defghi"
    assert box.put(b"jkl") and len(sent) == 2, "what was taken may not be sent yet"
    assert box.take() == b"jkl"


def test_what_the_socket_does_not_take_at_once_follows_in_order() -> None:
    room, sent = [2, 9], []

    def send(data: bytes) -> int:
        sent.append(data[: room.pop(0)])
        return len(sent[-1])

    box = Outbox(100, send)
    assert box.put(b"abcdef") and sent == [b"ab"]
    assert box.take() == b"cdef"
    assert box.put(b"gh") and sent == [b"ab"]
    assert box.take() == b"gh"


def test_the_client_finds_its_way_back_and_joins_anew(
    hubs: Any, tmp_path: Path, heard: Any, wait: Any
) -> None:
    path = tmp_path / "run" / "bus.sock"
    hub, _, _ = hubs(10.0)
    first = BusServer(hub, path)
    first.start()
    one = heard(path)
    one.join(*WISHES)
    wait(lambda: one.of("tick"), "ticks")
    before = one.of("tick")[-1]
    first.close()
    hub.close()
    wait(lambda: one.links == [True, False], "the lost link")
    with pytest.raises(Unavailable):
        one.client.request("ping", timeout=0.05)
    answers: list[Any] = []
    one.client.join(one.spec("load"), 60, "bob", answers.append)
    assert answers == []
    other, _, _ = hubs(10.0)
    second = BusServer(other, path)
    second.start()
    try:
        wait(lambda: answers, "the join that waited")
        key = one.spec(*WISHES).key
        wait(lambda: one.of("tick", key)[-1]["epoch"] != before["epoch"], "ticks of a new epoch")
        layouts = one.of("layout")
        assert layouts[-1]["v"] > layouts[0]["v"]
        assert other.hosts()[0]["viewers"] == 2
        assert one.links == [True, False, True]
    finally:
        second.close()


def test_a_sampler_killed_and_started_again_costs_a_gap(
    process: Any, heard: Any, wait: Any
) -> None:
    process.start()
    one = heard(process.path)
    one.join(*WISHES)
    key = one.spec(*WISHES).key
    wait(lambda: len(one.of("tick", key)) > 3, "ticks")
    first = one.of("tick", key)[-1]
    process.end(signal.SIGKILL)
    wait(lambda: not one.client.connected, "the loss")
    process.start()
    wait(lambda: one.of("tick", key)[-1]["epoch"] != first["epoch"], "ticks again", 15)
    lives: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for room, event, message in one.events:
        if event in ("layout", "history", "tick") and room in (key, "answer:ann"):
            lives.setdefault(message["epoch"], []).append((event, message))
    assert len(lives) == 2
    held = [points_of(events) for events in lives.values()]
    assert max(held[0]) < min(held[1]), "what was drawn stays; then a gap; then new points"
    for points in held:
        true_rows(points)
    versions = [{m["v"] for _, m in events} for events in lives.values()]
    assert not versions[0] & versions[1]


def test_the_sampler_process_ends_on_sigterm_within_a_second(
    process: Any, heard: Any, wait: Any
) -> None:
    process.start()
    one = heard(process.path)
    one.join(*WISHES)
    wait(lambda: one.of("tick"), "ticks")
    begun = time.monotonic()
    assert process.end(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 5.0
    assert not process.path.exists()


def test_the_sampler_process_ends_with_its_parent(process: Any, wait: Any, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, {str(Path(__file__).parent / 'launch.py')!r},"
        f" {str(process.path)!r}, '10'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait(process.path.exists, "the sampler's socket")
    parent.kill()
    parent.wait(5)
    parent.stdout.close()

    def gone() -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        return state == "Z"

    wait(gone, "the sampler's end")


def test_only_our_own_user_and_root_may_connect(served: Any, wait: Any) -> None:
    _, path, _, _ = served(server={"uids": {os.geteuid() + 12345}})
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(5)
    sock.connect(str(path))
    try:
        assert sock.recv(10) == b""
    finally:
        sock.close()


def test_the_folder_is_closed_to_others(served: Any, hubs: Any, tmp_path: Path) -> None:
    _, path, hub, _ = served()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    opened = tmp_path / "open"
    opened.mkdir(mode=0o755)
    opened.chmod(0o755)
    with pytest.raises(ConfigError):
        BusServer(hub, opened / "bus.sock").start()


def test_the_local_bus_has_the_same_face(hubs: Any, wait: Any) -> None:
    hub, _, _ = hubs(10.0)
    events: list[tuple[str, str, str]] = []
    bus = LocalBus(hub, lambda room, event, text: events.append((room, event, text)))
    try:
        spec = ChannelSpec("web-01", 1, [Wish("load")])
        answers: list[Any] = []
        assert bus.join(spec, 60, "ann", answers.append) == spec.key
        wait(lambda: answers, "the answer")
        assert answers[0].events[0][0] == "state"
        wait(lambda: [e for e in events if e[:2] == (spec.key, "tick")], "ticks")
        assert json.loads(bus.request("ping")[1])["version"]
    finally:
        bus.close()
