"""Derived metrics that a host's pmproxy knows are charted like any others.

Those of this machine's own libpcp are none of a host's, so the way by pmcd has none.
"""

from __future__ import annotations

import json
import threading

import pytest

from vectorpy.catalog.loader import load
from vectorpy.errors import UnknownName
from vectorpy.live.hub import Hub
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.sources.dial import Dialler

pytestmark = pytest.mark.stack

DERIVED = """
own.busy = 100 * (kernel.all.cpu.user + kernel.all.cpu.sys + kernel.all.cpu.idle) / hinv.ncpu
own.busy(oneline) = "all CPU time in per cent"
own.disk.bytes = disk.dev.read_bytes + disk.dev.write_bytes
"""


@pytest.fixture
def derived(own_stack):
    """The stack with a pmproxy that has derived metrics."""
    path = own_stack.root / "derived.conf"
    path.write_text(DERIVED)
    own_stack.pmproxy.terminate()
    own_stack.pmproxy.wait(10)
    own_stack.env["PCP_DERIVED_CONFIG"] = str(path)
    own_stack.start_pmproxy()
    return own_stack


@pytest.fixture
def hub(derived):
    reach = {"allow_net": ("127.0.0.1/32",), "allow_port": (derived.ports,)}
    settings = Settings(**reach)
    dialler = Dialler(settings)
    made = Hub(settings, dialler, load())
    yield made
    made.close()
    dialler.close()


class Ticks:
    """A sink that keeps the newest tick."""

    def __init__(self):
        self.newest = None
        self.layout = None
        self.came = threading.Event()

    def emit(self, room, event, text):
        if event == "layout":
            self.layout = json.loads(text)
        elif event == "tick":
            self.newest = json.loads(text)["n"]
            if None not in self.newest:
                self.came.set()


def test_they_are_found_told_and_drawn(derived, hub):
    host = f"127.0.0.1:{derived.web_port}"
    assert [node["path"] for node in hub.tree(host, "own")["nodes"]] == ["own.busy", "own.disk"]
    assert hub.search(host, "own.busy")["total"] == 1
    told = hub.metric(host, "own.busy")
    assert (told["help"], told["rate"], told["total"]) == ("all CPU time in per cent", True, 1)
    assert (hub.metric(host, "own.disk.bytes")["unit"]) == "B/s"
    assert 'unit = "1"' in hub.widget_file(host, "chart;expr=own.busy", "own-busy")["text"]
    sink = Ticks()
    spec = ChannelSpec(host, 1, [Wish("chart", {"expr": "own.busy"})])
    hub.join(spec, 60, sink, ["ann"], lambda events: None)
    assert sink.came.wait(20), "no number came"
    assert sink.layout["widgets"][0]["series"][0]["name"] == "own.busy"
    # 100 % of each CPU is all there is, and idle is within; steal, nice and interrupts are not.
    assert 5 < sink.newest[0] < 130


def test_the_way_by_pmcd_has_none(derived, hub, monkeypatch):
    monkeypatch.setenv("PCP_DERIVED_CONFIG", derived.env["PCP_DERIVED_CONFIG"])
    host = f"pcp://127.0.0.1:{derived.pmcd_port}"
    with pytest.raises(UnknownName, match=r"has no metric own\.busy"):
        hub.metric(host, "own.busy")
