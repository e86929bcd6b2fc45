"""A name's addresses as hosts: each judged by the policy, all counted, none contacted."""

from __future__ import annotations

import socket

import pytest

from vectorpy.errors import BadHost, HostDown, RefusedByPolicy
from vectorpy.model import hostspec
from vectorpy.sources.dial import Dialler
from vectorpy.sources.resolver import Resolver
from vectorpy.sources.spread import spread


@pytest.fixture
def found(settings):
    """Spreads a typed name whose answers are given."""
    made = []

    def of(typed, *addresses, **more):
        def look_up(*_):
            if not addresses:
                raise socket.gaierror(-2, "no such name")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 0)) for a in addresses]

        dialler = Dialler(settings(**more), resolver=Resolver(getaddrinfo=look_up))
        made.append(dialler)
        return spread(hostspec.parse(typed), dialler)

    yield of
    for one in made:
        one.close()


def test_addresses_are_hosts_in_their_order_each_once(found):
    assert found("web", "10.0.0.10", "fd00::2", "10.0.0.9", "10.0.0.10") == {
        "hosts": ["10.0.0.9", "10.0.0.10", "[fd00::2]"],
        "refused": [],
        "total": 3,
    }


def test_scheme_and_port_go_along(found):
    assert found("web:44323", "10.0.0.1", "fd00::2")["hosts"] == [
        "10.0.0.1:44323",
        "[fd00::2]:44323",
    ]
    assert found("pcp://web", "10.0.0.1")["hosts"] == ["pcp://10.0.0.1"]


def test_every_address_meets_the_policy_and_what_is_refused_is_told(found):
    told = found("web", "10.0.0.1", "8.8.8.8", "169.254.169.254", "::ffff:169.254.169.254")
    assert told["hosts"] == ["10.0.0.1"]
    assert told["total"] == 4
    assert [row["host"] for row in told["refused"]] == [
        "8.8.8.8",
        "169.254.169.254",
        "::ffff:a9fe:a9fe",
    ]
    assert "outside of the networks" in told["refused"][0]["reason"]
    assert "never connects to" in told["refused"][1]["reason"]


def test_more_than_sixteen_are_all_counted(found):
    told = found("web", *(f"10.0.1.{n}" for n in range(200)))
    assert (len(told["hosts"]), told["total"]) == (200, 200)


@pytest.mark.parametrize("typed", ["10.0.0.1", "[fd00::1]", "local", "archive:mon"])
def test_only_a_name_has_addresses(found, typed):
    with pytest.raises(BadHost, match="only a name"):
        found(typed, "10.0.0.1")


def test_https_is_for_names(found):
    with pytest.raises(BadHost, match="certificates are for names"):
        found("https://web", "10.0.0.1")


def test_a_port_that_is_not_allowed_and_an_unknown_name(found):
    with pytest.raises(RefusedByPolicy, match="Port 22 "):
        found("web:22", "10.0.0.1", allow_port=("44321-44323",))
    with pytest.raises(HostDown, match="not known here"):
        found("web")
