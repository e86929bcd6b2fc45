"""Which addresses may be reached: odd spellings, networks, ports, the machine's own."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorpy.errors import BadHost, RefusedByPolicy
from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.sources.policy import Policy, denied, own_addresses, parse_address
from vectorpy.sources.resolver import check_name

METADATA = "169.254.169.254"


def policy(**more):
    return Policy(Settings(**more), own=lambda: frozenset({ip_address("203.0.113.9")}))


# Whatever a resolver answers, or somebody types as an address: refused.
REFUSED = [
    METADATA,
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "8.8.8.8",
    "100.64.0.1",
    "172.32.0.1",
    "::",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::ffff:0.0.0.0",
    "::ffff:8.8.8.8",
    "::169.254.169.254",
    "::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2002:0a00:0001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::5efe:169.254.169.254",
    "fd00::5efe:169.254.169.254",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fec0::1",
    "ff02::1",
    "2606:4700:4700::1111",
    "10.0.0.1%eth0",
    "",
    "localhost",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refused_in_whatever_spelling(text):
    with pytest.raises(RefusedByPolicy):
        policy().check_address(text, 44322, "web-01")


ALLOWED = [
    ("10.1.2.3", "10.1.2.3"),
    ("172.16.0.1", "172.16.0.1"),
    ("172.31.255.254", "172.31.255.254"),
    ("192.168.1.1", "192.168.1.1"),
    ("127.0.0.1", "127.0.0.1"),
    ("::1", "::1"),
    ("fd12:3456::1", "fd12:3456::1"),
    ("FD12:3456:0:0::1", "fd12:3456::1"),
    ("::ffff:10.1.2.3", "10.1.2.3"),
    ("203.0.113.9", "203.0.113.9"),
]


@pytest.mark.parametrize(("text", "connected"), ALLOWED)
def test_allowed_by_default_and_connected_in_plain_spelling(text, connected):
    assert policy().check_address(text, 44322, "web-01") == connected


# Typed names that resolvers would read as addresses: refused before any of them is asked.
@pytest.mark.parametrize(
    "name",
    [
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "0x7f.1",
        "127.0.0.0x1",
        "0177.0.0.1",
        "1.2.3.4.5",
        "0",
        "a..b",
        "-a",
        "a b",
        "a/b",
        "user@web-01",
        "web-01#x",
        "web-01\r\nX: y",
        "x" * 64 + ".example",
        "１２７.0.0.1",
        "fe80::1%eth0",
        "",
    ],
)
def test_odd_names_are_no_hosts(name):
    with pytest.raises(BadHost):
        check_name(name)
    with pytest.raises(BadHost):
        hostspec.parse(f"[{name}]" if ":" in name else name)


@settings(deadline=None)
@given(st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_a_denied_ipv4_address_stays_denied_inside_of_ipv6(address):
    number = int(address)
    wrapped = [
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address((0xFD00 << 112) | (0x5EFE << 32) | number),
    ]
    everything = policy(allow_net=("::/0", "0.0.0.0/0"))
    for one in wrapped:
        assert denied(parse_address(str(one)))
        with pytest.raises(RefusedByPolicy):
            everything.check_address(str(one), 44322, "web-01")


@settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_outside_of_the_allowed_networks_passes(address):
    try:
        policy().check_address(str(address), 44322, "web-01")
    except RefusedByPolicy:
        return
    plain = parse_address(str(address))
    assert plain.is_private
    assert not plain.is_multicast and not plain.is_unspecified and not plain.is_link_local


@pytest.mark.parametrize("port", [22, 6379, 80, 8044, 44320, 44324, 65535])
def test_ports_outside_of_the_list_are_refused(port):
    with pytest.raises(RefusedByPolicy, match="Port"):
        policy().check_address("10.0.0.1", port, "web-01")


def refusal(address, port, **more):
    with pytest.raises(RefusedByPolicy) as caught:
        policy(**more).check_address(address, port, "web-01")
    return caught.value


def test_a_refusal_names_the_one_flag_that_would_help():
    """Of ports with those that stand already, as the flag replaces the whole list."""
    allow = "Whoever runs this server can allow it with "
    port = refusal("10.0.0.1", 8080)
    assert port.hint == f"{allow}--allow-port 44321-44323 --allow-port 8080."
    assert refusal("8.8.8.8", 44322).hint == f"{allow}--allow-net 8.8.8.8."
    own = refusal("127.0.0.1", 8080, allow_port=("1-65535",))
    assert own.hint == f"{allow}--allow-net 127.0.0.1."
    assert "PCP's ports alone, not 8080" in own.message
    assert refusal(METADATA, 44322).hint == "No setting changes this."


def test_loopback_has_pcps_ports_only_unless_it_is_allowed_by_name():
    wide = policy(allow_port=("1-65535",))
    assert wide.check_address("127.0.0.1", 44321, "x") == "127.0.0.1"
    for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        with pytest.raises(RefusedByPolicy):
            wide.check_address(address, 8044, "x")
    named = policy(allow_port=("1-65535",), allow_net=("127.0.0.1/32",))
    assert named.check_address("127.0.0.1", 8044, "x") == "127.0.0.1"


def test_more_networks_by_setting_and_no_setting_allows_the_denied():
    open_to_all = policy(allow_net=("0.0.0.0/0", "::/0"))
    assert open_to_all.check_address("8.8.8.8", 44322, "x") == "8.8.8.8"
    for text in (METADATA, "::", "ff02::1", "fe80::1", "0.0.0.0"):
        with pytest.raises(RefusedByPolicy):
            open_to_all.check_address(text, 44322, "x")


def test_the_machines_own_addresses_are_read_from_the_kernel(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net/fib_trie").write_text(
        "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 203.0.113.0\n        /24 link UNICAST\n"
        "     |-- 203.0.113.7\n        /32 host LOCAL\n"
        "     |-- 203.0.113.255\n        /32 link BROADCAST\n"
        "     |-- 127.0.0.1\n        /32 host LOCAL\n"
    )
    (tmp_path / "net/if_inet6").write_text(
        "20010db8000000000000000000000005 02 40 00 80     eth0\n"
        "00000000000000000000000000000001 01 80 10 80       lo\n"
    )
    assert own_addresses(tmp_path) == {IPv4Address("203.0.113.7"), IPv6Address("2001:db8::5")}
    assert own_addresses(tmp_path / "nowhere") == frozenset()
