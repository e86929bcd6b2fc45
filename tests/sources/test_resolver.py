"""Names to addresses: deadline, cache, bounds, and a name service that changes its mind."""

import socket
import threading

import pytest

from vectorpy.errors import HostDown, HostLate, RefusedByPolicy
from vectorpy.model import hostspec
from vectorpy.sources.dial import Dialler
from vectorpy.sources.resolver import Resolver


def answer(*addresses):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 0)) for a in addresses]


@pytest.fixture
def resolver():
    made = []

    def build(getaddrinfo, **more):
        made.append(Resolver(getaddrinfo=getaddrinfo, **more))
        return made[-1]

    yield build
    for one in made:
        one.close()


def test_an_address_answers_for_itself_without_the_name_service(resolver):
    asked = []
    found = resolver(lambda *a: asked.append(a))
    assert found.resolve("10.0.0.1") == ("10.0.0.1",)
    assert found.resolve("fd00::1") == ("fd00::1",)
    assert asked == []


def test_answers_are_kept_and_asked_for_anew_when_old(resolver):
    now, asked = [0.0], []

    def look_up(name, *_):
        asked.append(name)
        return answer(f"10.0.0.{len(asked)}")

    found = resolver(look_up, clock=lambda: now[0])
    assert found.resolve("web-01") == ("10.0.0.1",)
    now[0] = 29.0
    assert found.resolve("web-01") == ("10.0.0.1",)
    now[0] = 31.0
    assert found.resolve("web-01") == ("10.0.0.2",)
    found.forget("web-01")
    assert found.resolve("web-01") == ("10.0.0.3",)


def test_unknown_names_are_told_and_not_asked_again_at_once(resolver):
    asked = []

    def look_up(name, *_):
        asked.append(name)
        raise socket.gaierror(-2, "no such name")

    found = resolver(look_up, clock=lambda: 0.0)
    for _ in range(3):
        with pytest.raises(HostDown, match="not known"):
            found.resolve("web-01")
    assert asked == ["web-01"]


def test_at_most_sixteen_answers_each_once(resolver):
    found = resolver(lambda *_: answer("10.0.0.1", "10.0.0.1", *(f"10.0.1.{i}" for i in range(99))))
    assert len(found.resolve("web-01")) == 16


def test_a_slow_name_service_delays_by_the_deadline_and_holds_few_threads(resolver):
    release = threading.Event()
    running = []

    def look_up(name, *_):
        running.append(name)
        release.wait(5)
        return answer("10.0.0.1")

    found = resolver(look_up, deadline=0.05, workers=2)
    try:
        for number in range(6):
            with pytest.raises(HostLate, match="took longer"):
                found.resolve(f"web-{number}")
        assert len(running) == 2
        assert found.resolve("10.0.0.9") == ("10.0.0.9",)
    finally:
        release.set()


def test_every_answer_must_pass(resolver, settings, free_port):
    host = hostspec.parse(f"web-01:{free_port()}")
    dialler = Dialler(settings(), resolver=resolver(lambda *_: answer("127.0.0.1", "8.8.8.8")))
    with pytest.raises(RefusedByPolicy, match=r"8\.8\.8\.8"):
        dialler.dial(host)
    assert not dialler.alive(host)


def test_a_name_that_changes_its_address_meets_the_policy_again(resolver, settings, talk_server):
    """DNS rebinding: first a good address, then one that must not be reached."""
    good = talk_server(lambda connection: connection.recv(1))
    answers = iter([answer("127.0.0.1"), answer("169.254.169.254")])
    now = [0.0]
    found = resolver(lambda *_: next(answers), clock=lambda: now[0])
    dialler = Dialler(settings(), resolver=found)
    host = hostspec.parse(f"web-01:{good.port}")
    source = dialler.dial(host)
    source.close()
    now[0] = 60.0
    with pytest.raises(RefusedByPolicy):
        dialler.dial(host)


def test_the_address_that_was_checked_is_the_one_connected_to(resolver, settings, http_server):
    """The name is resolved once; what it says later reaches no socket."""
    inner = http_server(lambda path: (200, "application/json", b"{}"))
    asked = []

    def look_up(name, *_):
        asked.append(name)
        return answer("127.0.0.1" if len(asked) == 1 else "127.0.0.2")

    dialler = Dialler(settings(), resolver=resolver(look_up, keep=1000.0))
    source = dialler.dial(hostspec.parse(f"web-01:{inner.port}"))
    before = inner.connections
    with pytest.raises(Exception, match="PCP"):
        source.open()
    source.close()
    assert asked == ["web-01"]
    assert inner.connections > before
