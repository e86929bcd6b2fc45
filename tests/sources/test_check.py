"""The steps of a check: words for somebody who has never used PCP."""

import pytest

from vectorpy.model import hostspec
from vectorpy.sources import riders
from vectorpy.sources.check import brings, check, drawable
from vectorpy.sources.dial import Dialler
from vectorpy.sources.fake import FakeDialler, FakeHost

WIDGETS = [
    ("cpu", ["hinv.ncpu", "kernel.all.load"]),
    ("psi-cpu", ["kernel.all.pressure.cpu.some.total"]),
    ("load", ["kernel.all.load", "vkernel.x"]),
]


@pytest.fixture
def dialler(settings):
    made = Dialler(settings())
    yield made
    made.close()


def by_name(steps):
    return {step.name: step for step in steps}


def test_a_good_host_step_by_step(dialler, http_server, replay):
    server = http_server(replay("pmproxy").answer)
    steps = check(hostspec.parse(f"127.0.0.1:{server.port}"), dialler, WIDGETS)
    names = [step.name for step in steps]
    assert names == [
        "name",
        "address policy",
        f"port {server.port}",
        "PCP",
        "agents",
        "security",
        "widgets",
        "widget psi-cpu",
        "more widgets",
    ]
    found = by_name(steps)
    assert all(found[n].ok for n in ("name", "address policy", "PCP", "agents"))
    assert "web-01" in found["PCP"].text
    assert found["widgets"].ok is False
    assert "2 of 3 widgets" in found["widgets"].text
    assert "Linux 4.20" in found["widget psi-cpu"].text
    assert "(vectorpy agents install vkernel): load." in found["more widgets"].text
    assert (found["widget psi-cpu"].ok, found["more widgets"].ok) == (False, None)


def test_metrics_without_a_value_now_are_no_lack_of_a_widget_that_draws():
    host = FakeHost()
    host.gauge("mem.util.free", 5)
    host.counter("disk.dev.read", {"sda": 1})
    host.without_value("disk.dev.read", riders.NO_VALUE)
    widgets = [
        ("memory", ["mem.util.free", "disk.dev.read", "vnet.tcp.rtt"]),
        ("disk", ["disk.dev.read"]),
    ]
    found = by_name(check(hostspec.parse("local"), FakeDialler({"local": host}), widgets))
    assert "1 of 2 widgets" in found["widgets"].text
    assert "widget memory" not in found
    assert (found["widgets"].ok, found["widget disk"].ok) == (True, None)
    assert found["widget disk"].text == "disk.dev.read: It has no value there now."


def test_agents_that_nobody_added_are_no_fault_of_the_host():
    host = FakeHost()
    host.gauge("kernel.all.load", 1)
    widgets = [
        ("load", ["kernel.all.load"]),
        ("runq", ["bcc.runq.latency", "vkernel.runq.latency"]),
        ("tcp", ["vnet.tcp.rtt"]),
        ("rtt", ["vnet.tcp.rtt"]),
    ]
    found = by_name(check(hostspec.parse("local"), FakeDialler({"local": host}), widgets))
    assert (found["widgets"].ok, found["more widgets"].ok) == (True, None)
    assert found["widgets"].text == "1 of 1 widgets can draw all they show."
    assert found["more widgets"].text == (
        "3 can be drawn, or show more, where an agent is added to the host. "
        "With vectorpy's agent vkernel (vectorpy agents install vkernel) or "
        "PCP's agent bcc (package pcp-pmda-bcc): runq. "
        "With vectorpy's agent vnet (vectorpy agents install vnet): tcp, rtt."
    )
    assert "widget runq" not in found


def test_dead_agents_are_named_with_what_to_do(dialler, http_server, replay):
    world = replay("pmproxy")
    world.status[60] = 8
    server = http_server(world.answer)
    agents = by_name(check(hostspec.parse(f"127.0.0.1:{server.port}"), dialler))["agents"]
    assert agents.ok is False
    assert "linux was cut off" in agents.text and "systemctl restart pmcd" in agents.text


def test_another_server_is_told_in_our_words(dialler, http_server):
    server = http_server(lambda path: (200, "text/html", b"<b>nginx</b>"))
    last = check(hostspec.parse(f"127.0.0.1:{server.port}"), dialler)[-1]
    assert (last.name, last.ok) == ("PCP", False)
    assert "not PCP" in last.text and "nginx" not in last.text


@pytest.mark.parametrize(
    ("text", "step", "words"),
    [
        ("169.254.169.254", "address policy", "never connects to"),
        ("8.8.8.8", "address policy", "--allow-net"),
        ("127.0.0.1:22", "address policy", "Port 22"),
        ("local", "PCP", "no collector"),
        ("archive:night", "PCP", "Archives can't be watched"),
    ],
)
def test_it_ends_where_nothing_can_follow(dialler, text, step, words):
    last = check(hostspec.parse(text), dialler)[-1]
    assert (last.name, last.ok) == (step, False)
    assert words in last.text


def test_a_host_where_nothing_listens_gets_a_recipe(dialler, listener):
    closed = listener()
    port = closed.getsockname()[1]
    closed.close()
    steps = check(hostspec.parse(f"127.0.0.1:{port}"), dialler)
    assert by_name(steps)[f"port {port}"].ok is None
    assert "nothing listens" in by_name(steps)[f"port {port}"].text
    assert "apt install pcp" in steps[-1].text


def test_what_brings_a_metric():
    assert "bcc" in brings("bcc.disk.all.latency")
    assert "4.20" in brings("kernel.all.pressure.io.full.total")
    assert "agent linux" in brings("kernel.all.load")
    assert brings("my.own") == ""


def test_missing_metrics_by_widget():
    assert drawable({"a"}, [("x", ["a"]), ("y", ["b", "a"])]) == {"x": [], "y": ["b"]}
