"""What the sources do while a real stack is hurt: agents die, pmcd hangs and comes back."""

import os
import signal

import pytest

from vectorpy.errors import HostDown, HostError, HostLate
from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.sources.dial import Dialler

pytestmark = pytest.mark.stack

TRANSPORTS = ["web", "pmcd", "local"]


class Ways:
    """All transports to one stack, dialled anew where that is what live does."""

    def __init__(self, stack):
        self.stack = stack
        self.dialler = Dialler(
            Settings(
                allow_net=("127.0.0.1/32",),
                allow_port=(stack.ports,),
                pmcd_socket=str(stack.socket_path),
                total_timeout=1.0,
            )
        )
        self.hosts = {
            "web": hostspec.parse(f"127.0.0.1:{stack.web_port}"),
            "pmcd": hostspec.parse(f"pcp://127.0.0.1:{stack.pmcd_port}"),
            "local": hostspec.parse("local"),
        }
        self.sources = {t: self.dialler.dial(h) for t, h in self.hosts.items()}
        for source in self.sources.values():
            source.open()

    def fetch(self, transport, names):
        """A sample, or the HostError that stood in the way."""
        try:
            return self.sources[transport].fetch(names)
        except HostError as error:
            return error

    def again(self, transport):
        """A new source, as after an error; None while that fails."""
        self.sources[transport].close()
        try:
            self.sources[transport] = self.dialler.dial(self.hosts[transport])
            self.sources[transport].open()
        except HostError:
            return None
        return self.sources[transport]

    def close(self):
        for source in self.sources.values():
            source.close()
        self.dialler.close()


@pytest.fixture
def ways(own_stack):
    made = Ways(own_stack)
    yield made
    made.close()


def values(sample):
    return {name: v for part in sample.parts for name, v in part.values.items()}


def test_a_killed_agent_makes_gaps_by_every_way_and_others_go_on(ways, wait_until):
    names = ["vtest.u32", "vtest.many0", "hinv.ncpu"]
    for transport in TRANSPORTS:
        assert set(values(ways.fetch(transport, names))) == set(names)
    os.kill(ways.stack.agent_pid("vtest_agent"), signal.SIGKILL)
    for transport in TRANSPORTS:

        def gap(transport=transport):
            sample = ways.fetch(transport, names)
            return sample if set(values(sample)) == {"hinv.ncpu"} else None

        sample = wait_until(gap, 5, f"gap by {transport}")
        assert set(sample.missing) == {"vtest.u32", "vtest.many0"}
        assert sample.agents[146] != 0 and sample.agents[60] == 0
        assert "vtest" in sample.missing["vtest.u32"]
        # and it stays a gap, although pmproxy goes on giving the last good value
        assert set(values(ways.fetch(transport, names))) == {"hinv.ncpu"}


def test_a_killed_linux_agent_takes_the_uptime_along(ways, wait_until):
    names = ["hinv.ncpu", "kernel.all.load", "vtest.u32"]
    for transport in TRANSPORTS:
        ways.fetch(transport, names)
    os.kill(ways.stack.agent_pid("pmdalinux"), signal.SIGKILL)
    for transport in TRANSPORTS:

        def gap(transport=transport):
            sample = ways.fetch(transport, names)
            return sample if set(values(sample)) == {"vtest.u32"} else None

        sample = wait_until(gap, 5, f"gap by {transport}")
        assert sample.uptime is None
        assert sample.agents[60] != 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pmcd_restarted_is_read_again_without_a_new_source(ways, wait_until, transport):
    assert values(ways.fetch(transport, ["vtest.fetches"]))
    ways.stack.stop_pmcd(signal.SIGKILL)
    error = ways.fetch(transport, ["vtest.fetches"])
    assert isinstance(error, HostError)
    assert ways.again(transport) is None
    ways.stack.start_pmcd()
    wait_until(lambda: ways.again(transport), 5, "a new context")
    assert values(ways.fetch(transport, ["vtest.fetches"]))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pmcd_restarted_between_two_fetches_costs_none(ways, transport):
    assert values(ways.fetch(transport, ["hinv.ncpu"]))
    ways.stack.stop_pmcd(signal.SIGKILL)
    ways.stack.start_pmcd()
    assert set(values(ways.fetch(transport, ["hinv.ncpu"]))) == {"hinv.ncpu"}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_hung_pmcd_is_late_and_then_well(ways, wait_until, transport):
    assert values(ways.fetch(transport, ["hinv.ncpu"]))
    ways.stack.pmcd.send_signal(signal.SIGSTOP)
    try:
        assert isinstance(ways.fetch(transport, ["hinv.ncpu"]), HostLate)
        if transport == "pmcd":
            with pytest.raises(HostLate):
                ways.dialler.dial(ways.hosts[transport])
    finally:
        ways.stack.pmcd.send_signal(signal.SIGCONT)
    wait_until(lambda: ways.again(transport), 10, "an answer")
    assert values(ways.fetch(transport, ["hinv.ncpu"]))


def test_pmproxy_gone_is_down_and_comes_back(ways, wait_until):
    ways.stack.pmproxy.kill()
    ways.stack.pmproxy.wait()
    assert isinstance(ways.fetch("web", ["hinv.ncpu"]), HostDown)
    assert not ways.dialler.alive(ways.hosts["web"])
    ways.stack.start_pmproxy()
    assert ways.dialler.alive(ways.hosts["web"])
    assert wait_until(lambda: ways.again("web"), 5, "pmproxy")
    assert values(ways.fetch("web", ["hinv.ncpu"]))
