"""Bursts of a real pmcd and a real pmproxy: ten a second, and as many events as /proc counts."""

import json
import threading
import time
from pathlib import Path

import pytest

from vectorpy.catalog.loader import load
from vectorpy.live.hub import Hub
from vectorpy.model.watch import ChannelSpec, Wish
from vectorpy.settings import Settings
from vectorpy.sources.dial import Dialler

pytestmark = pytest.mark.stack

SECONDS = 5
WISHES = ["context-switches", "cpu"]


class Sink:
    """Notes what a web process would get."""

    def __init__(self):
        self.events = []

    def emit(self, room, event, text):
        self.events.append((room, event, json.loads(text)))

    def of(self, event, room):
        return [message for where, what, message in self.events if (where, what) == (room, event)]


class Witness(threading.Thread):
    """Reads the kernel's count of context switches itself, about fifty times a second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            lines = Path("/proc/stat").read_text().splitlines()
            count = next(int(line.split()[1]) for line in lines if line.startswith("ctxt"))
            self.seen.append((time.time(), count))

    def at(self, t):
        """The count at a moment, on a straight line between two reads."""
        for (a, low), (b, high) in zip(self.seen, self.seen[1:], strict=False):
            if a <= t <= b:
                return low + (high - low) * (t - a) / (b - a)
        raise AssertionError(f"nothing was read at {t}")


@pytest.fixture
def hub(stack):
    """A sampler over the stack; it doesn't mind that the machine of the tests is short of CPU."""
    ports = (str(stack.pmcd_port), str(stack.web_port))
    settings = Settings(
        allow_net=("127.0.0.1/32",), allow_port=ports, recorded=(), spare_hosts=False
    )
    dialler = Dialler(settings)
    hub = Hub(settings, dialler, load(None))
    yield hub
    hub.close()
    dialler.close()


def _begun(hub, host, sink, wait_until):
    """A burst that runs. A machine that is busy this moment refuses it, and is asked again."""
    tries = iter(range(1000))

    def running():
        name = f"b{next(tries)}"
        hub.bursts.start(name, host, WISHES, SECONDS, sink, "ann")
        time.sleep(0.2)
        found = [burst for burst in hub.bursts.all() if burst.id == name]
        wait_until(lambda: not found or found[0].state != "starting", 10, "the burst's trial")
        return found[0] if found and not (found[0].over) else None

    return wait_until(running, 60, "a burst that is not refused")


@pytest.mark.parametrize(("scheme", "way"), [("pcp", "pmcd_port"), ("http", "web_port")])
def test_a_burst_counts_what_proc_counts(stack, hub, wait_until, scheme, way):
    """Sum of rate times time over the burst, beside /proc read by another thread."""
    host, sink = f"{scheme}://127.0.0.1:{getattr(stack, way)}", Sink()
    hub.join(ChannelSpec(host, 1, map(Wish, WISHES)), 60, sink, ["ann"], lambda events: None)
    name = next(iter(hub.hosts()))["host"]
    wait_until(lambda: sink.of("tick", ChannelSpec(host, 1, map(Wish, WISHES)).key), 20, "a tick")
    witness = Witness()
    witness.start()
    try:
        burst = _begun(hub, name, sink, wait_until)
        wait_until(lambda: burst.over, SECONDS + 10, "the burst's end")
    finally:
        time.sleep(0.3)
        witness.ended.set()
        witness.join()
    _, _, (_, whole) = burst.join(sink, "bob")
    told = json.loads(whole)
    times = [t / 1000 for t in told["t"]]
    assert burst.state == "ended" and burst.message()["reason"] == ""
    assert times[-1] - times[0] > SECONDS - 0.5
    assert len(times) > 10 * SECONDS / 2, "a busy machine may skip some tenths, not most"
    # Columns stand in the order of the wishes: context switches, then the parts of the CPU.
    switches = told["columns"][0]
    pairs = [(a, b, x) for a, b, x in zip(times, times[1:], switches[1:], strict=False)]
    counted = sum((b - a) * x for a, b, x in pairs if x is not None)
    known = sum(b - a for a, b, x in pairs if x is not None)
    phase = burst._beat.phase
    truth = witness.at(times[-1] + phase) - witness.at(times[0] + phase)
    assert known > 0.8 * (times[-1] - times[0])
    assert counted == pytest.approx(truth * known / (times[-1] - times[0]), rel=0.15)
    assert len({round(x) for x in switches if x is not None}) > len(switches) / 3, "not repeated"
