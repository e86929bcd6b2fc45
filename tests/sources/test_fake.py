"""The scripted host keeps the face's promises, since other rooms' tests lean on it."""

import pytest

from vectorpy.errors import HostDown, HostLate, RefusedByPolicy
from vectorpy.model import hostspec
from vectorpy.sources.fake import FakeDialler, FakeHost


@pytest.fixture
def host():
    now = [1000.0]
    made = FakeHost(clock=lambda: now[0], uptime=50.0)
    made.now = now
    made.counter("disk.dev.read", {"sda": 5, "sdb": 7}, units="count")
    made.gauge("kernel.all.load", lambda t: {"1 minute": t / 1000}, type="float")
    made.gauge("kernel.uname.release", "6.1")
    return made


def test_descriptors_follow_from_the_script(host):
    source = FakeDialler({"web-01": host}).dial(hostspec.parse("web-01"))
    assert source.open().hostname == "web-01"
    found = source.describe(["disk.dev.read", "kernel.all.load", "kernel.uname.release", "no.such"])
    assert set(found) == {"disk.dev.read", "kernel.all.load", "kernel.uname.release"}
    read = found["disk.dev.read"]
    assert (read.semantics, read.type, read.units, read.domain) == ("counter", "u64", "count", 60)
    assert read.indom is not None
    assert found["kernel.all.load"].type == "float"
    assert (found["kernel.uname.release"].type, found["kernel.uname.release"].indom) == (
        "string",
        None,
    )
    assert [d.name for d in source.children("kernel")] == [
        "kernel.all.load",
        "kernel.uname.release",
    ]


def test_samples_follow_clock_script_and_agents(host):
    source = FakeDialler({"web-01": host}).dial(hostspec.parse("web-01"))
    sample = source.fetch(["disk.dev.read", "kernel.all.load", "no.such"])
    assert sample.stamp == 1000.0
    assert sample.uptime == 50.0
    assert sample.parts[0].values == {
        "disk.dev.read": {"sda": 5, "sdb": 7},
        "kernel.all.load": {"1 minute": 1.0},
    }
    assert set(sample.missing) == {"no.such"}
    host.agents[60] = 264
    host.now[0] = 1001.0
    dead = source.fetch(["disk.dev.read"])
    assert dead.parts[0].values == {}
    assert (dead.agents, dead.uptime) == ({60: 264}, 51.0)
    assert host.asked[-1] == ("disk.dev.read",)


def test_faults_are_raised_as_often_as_told(host):
    source = FakeDialler({"web-01": host}).dial(hostspec.parse("web-01"))
    host.fail(HostLate("slow"), times=2)
    for _ in range(2):
        with pytest.raises(HostLate):
            source.fetch(["disk.dev.read"])
    assert source.fetch(["disk.dev.read"]).count() == 2
    host.reboot()
    assert host.uptime == 0.0


def test_the_dialler_knows_its_hosts_only():
    host = FakeHost()
    dialler = FakeDialler({"web-01": host})
    dialler.refusals["evil"] = RefusedByPolicy("no")
    with pytest.raises(HostDown):
        dialler.dial(hostspec.parse("web-02"))
    with pytest.raises(RefusedByPolicy):
        dialler.dial(hostspec.parse("evil"))
    assert dialler.alive(hostspec.parse("web-01"))
    host.alive = False
    assert not dialler.alive(hostspec.parse("web-01"))
    assert dialler.dials == ["web-02", "evil"]
