"""Host texts: one id for one host, and nothing but hosts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.errors import BadHost
from vectorpy.model.hostspec import HostId, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("local", HostId("local", None, "local", None)),
        (" LOCAL ", HostId("local", None, "local", None)),
        ("Web-01", HostId("web-01", None, "web-01", None)),
        ("web-01:44322", HostId("web-01", None, "web-01", None)),
        ("http://web-01", HostId("web-01", None, "web-01", None)),
        ("HTTP://web-01:8080", HostId("web-01:8080", None, "web-01", 8080)),
        ("web-01:44323", HostId("web-01:44323", None, "web-01", 44323)),
        ("https://web-01:44322", HostId("https://web-01", "https", "web-01", None)),
        ("pcp://web-01", HostId("pcp://web-01", "pcp", "web-01", None)),
        ("pcp://web-01:44321", HostId("pcp://web-01", "pcp", "web-01", None)),
        ("pcp://web-01:44322", HostId("pcp://web-01:44322", "pcp", "web-01", 44322)),
        ("10.1.2.3", HostId("10.1.2.3", None, "10.1.2.3", None)),
        ("pcp://[FD00:0::1]:99", HostId("pcp://[fd00::1]:99", "pcp", "fd00::1", 99)),
        ("[::1]", HostId("[::1]", None, "::1", None)),
        ("bücher.Example", HostId("xn--bcher-kva.example", None, "xn--bcher-kva.example", None)),
        ("archive:web-01.0", HostId("archive:web-01.0", "archive", "web-01.0", None)),
        ("a.b-c.d1", HostId("a.b-c.d1", None, "a.b-c.d1", None)),
        ("3com.example", HostId("3com.example", None, "3com.example", None)),
    ],
)
def test_hosts(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "a\tb",
        "a\r\nb",
        "a\x00b",
        "x" * 301,
        "x" * 64,
        ".".join(["abcdefg"] * 32),
        "user@web",
        "user:secret@web",
        "http://web/",
        "web/metrics",
        "web?x=1",
        "web#x",
        "web\\x",
        "web%41",
        "[fe80::1%eth0]",
        "ftp://web",
        "unix:/run/pmcd.socket",
        "local:44321",
        "pcp://local",
        "://web",
        "http://",
        "web:",
        "web:0",
        "web:65536",
        "web:+1",
        "web:１",
        "web:1:2",
        "fd00::1",
        "[fd00::1",
        "[fd00::1]x",
        "[fd00::1]44322",
        "[10.1.2.3]",
        "[::ffff:169.254.169.254]",
        "[web]",
        "web..example",
        ".web",
        "web.",
        "-web",
        "web-",
        "a.-b.c",
        "we_b",
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "1.2.3.256",
        "1.2.3.4.5",
        "01.2.3.4",
        "web.0x1f",
        "0",
        "127。0。0。1",
        "１２７.0.0.1",
        "ⓛocalhost",
        "ⓛocal",
        "ⓛocal.bücher",
        "xn--",
        "xn--a.example",
        "archive:",
        "archive:../x",
        "archive:a/b",
        "archive:a b",
    ],
)
def test_what_is_no_host(text):
    with pytest.raises(BadHost) as caught:
        parse(text)
    assert caught.value.message.endswith(".")
    assert caught.value.hint


label = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True)
name = st.one_of(
    st.lists(label, min_size=1, max_size=4).map(".".join),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).filter(lambda a: a.ipv4_mapped is None).map(lambda a: f"[{a}]"),
).filter(lambda n: n != "local")


@given(
    st.sampled_from(["", "http://", "https://", "pcp://"]),
    name,
    st.one_of(st.none(), st.integers(1, 65535)),
)
def test_ids_are_stable_and_keep_what_was_typed(scheme, name, port):
    host = parse(f"{scheme}{name.upper()}{f':{port}' if port else ''}")
    assert parse(host.id) == host
    assert host.name == name.strip("[]")
    assert (host.scheme or "http") == (scheme.removesuffix("://") or "http")
    default = 44321 if host.scheme == "pcp" else 44322
    assert (host.port or default) == (port or default)


@given(st.text(max_size=60))
def test_any_text_gives_a_stable_id_or_a_sentence(text):
    try:
        host = parse(text)
    except BadHost:
        return
    assert parse(host.id) == host
    assert host.id.isascii()
