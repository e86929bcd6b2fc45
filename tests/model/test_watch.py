"""Wishes and channels: one text and one key for equal ones; the polled set is their union."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.errors import BadHost, UserError
from vectorpy.model.watch import ChannelSpec, InstanceFilter, Watch, Wish, duration, union

KEY = st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True)
VALUE = st.text(max_size=40).filter(str.isprintable)
wishes = st.builds(
    Wish,
    st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True),
    st.dictionaries(KEY, VALUE, max_size=4),
)


def test_a_wish_is_read_and_written():
    wish = Wish.parse("disk-latency;unit=s;instances=sd*%2Cnvme%3B")
    assert wish == Wish("disk-latency", {"instances": "sd*,nvme;", "unit": "s"})
    assert wish.text == "disk-latency;instances=sd*%2Cnvme%3B;unit=s"
    assert wish.get("unit") == "s"
    assert wish.get("none", "x") == "x"
    assert Wish.parse("cpu").text == "cpu"


@pytest.mark.parametrize(
    "text",
    [
        *("", "CPU", "cpu;", "cpu;a", "cpu;A=1", "cpu;=1", "cpu;a=1;a=2", "cpu;a=%FF", "a b"),
        *("../x", "cpu;a=%0A", "cpu;a=" + "x" * 1001),
        "cpu;" + ";".join(f"a{i}=1" for i in range(17)),
    ],
)
def test_what_is_no_wish(text):
    with pytest.raises(UserError):
        Wish.parse(text)


@given(wishes)
def test_wishes_survive_their_text(wish):
    assert Wish.parse(wish.text) == wish
    assert Wish.parse(wish.text).text == wish.text


@given(VALUE)
def test_values_are_encoded_as_browsers_do(value):
    text = Wish("w", {"k": value}).text
    assert text == "w;k=" + quote(value, safe="-_.!~*'()")


def test_equal_wishes_make_one_channel():
    a, b = Wish("cpu"), Wish.parse("disk-iops;instances=sda")
    spec = ChannelSpec("WEB-01:44322", 1, [b, a, a])
    assert spec == ChannelSpec("web-01", 1, (a, b))
    assert spec.wishes == (a, b)
    text = '{"host":"web-01","interval":1,"wishes":["cpu","disk-iops;instances=sda"]}'
    assert spec.key == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert spec.key != ChannelSpec("web-01", 2, (a, b)).key
    assert ChannelSpec.from_json(spec.to_json()) == spec


@given(st.lists(wishes, max_size=6), st.randoms())
def test_the_order_of_wishes_does_not_matter(some, random):
    mixed = list(some)
    random.shuffle(mixed)
    assert ChannelSpec("h", 1, some).key == ChannelSpec("h", 1, mixed + mixed).key


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"host": 1, "wishes": []},
        {"host": "h", "wishes": "cpu"},
        {"host": "h", "wishes": [1]},
        {"host": "h", "wishes": [], "interval": 0},
        {"host": "h", "wishes": [], "interval": 61},
        {"host": "h", "wishes": [], "interval": 1.5},
        {"host": "h", "wishes": [], "interval": True},
    ],
)
def test_what_is_no_channel(data):
    with pytest.raises(UserError):
        ChannelSpec.from_json(data)


def wishes_of_both():
    path = Path(__file__).parents[1] / "js" / "wishes.json"
    return json.loads(path.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize(("text", "canonical"), wishes_of_both())
def test_the_page_and_the_server_read_wishes_alike(text, canonical):
    if canonical is None:
        with pytest.raises(UserError):
            Wish.parse(text)
    else:
        assert Wish.parse(text).text == canonical


def test_a_channel_needs_a_real_host():
    with pytest.raises(BadHost):
        ChannelSpec("a b", 1, [])


metrics = st.frozensets(st.sampled_from("abcdef"), max_size=4)
acts = st.lists(st.tuples(st.sampled_from("xyz"), st.one_of(st.none(), metrics)), max_size=20)


@given(acts, metrics)
def test_what_is_polled_is_the_union_of_what_is_watched(acts, recorded):
    watch, joined = Watch(recorded), {}
    for key, wanted in acts:
        if wanted is None:
            watch.leave(key)
            joined.pop(key, None)
        else:
            watch.join(key, wanted)
            joined[key] = wanted
        expected = set().union(*joined.values(), recorded if joined else ())
        assert watch.polled() == tuple(sorted(expected))
    for key in "xyz":
        watch.leave(key)
    assert watch.polled() == ()


def test_union_sorts_and_drops_doubles():
    assert union([["b", "a"], (), ["c", "a"]]) == ("a", "b", "c")
    assert union([]) == ()


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("sd*", ["sda", "sdb1"], ["nvme0n1", "asda", "SDA"]),
        ("sd*, nvme?n1", ["sda", "nvme0n1"], ["nvme10n1", "dm-0"]),
        ("!dm-*", ["sda", ""], ["dm-0"]),
        ("sd*,!sda", ["sdb"], ["sda", "dm-0"]),
        ("", ["anything"], []),
        ("/dev/[sv]da", ["/dev/sda", "/dev/vda"], ["/dev/xda"]),
        ("re:sd[a-c]", ["sda", "sdc"], ["sdd", "sda1", "xsda"]),
        ("re:cpu(0|12)", ["cpu0", "cpu12"], ["cpu1"]),
        (r"re:(sd|vd)[a-z]+\d*", ["sda", "vdaa12"], ["sd", "nvme0n1"]),
        (r"re:eth0\.\d+|lo", ["eth0.12", "lo"], ["eth0x12", "lo0"]),
    ],
)
def test_filters_of_instances(text, yes, no):
    keep = InstanceFilter(text)
    for _ in range(2):
        assert [name for name in [*yes, *no] if keep(name)] == yes


@pytest.mark.parametrize(
    "text",
    [
        *("re:(a+)+b", "re:(a|a)*b", "re:a*a*a*b", r"re:(a)\1", "re:(?=a)", "re:[", r"re:\\*a*a*"),
        *("re:" + "a" * 201, "re:" + "a?" * 20 + "a" * 20, "re:" + "(a|a)" * 20, "re:(a){9}"),
    ],
)
def test_filters_that_could_stop_a_sampler_are_refused(text):
    with pytest.raises(UserError):
        InstanceFilter(text)


def test_a_filter_forgets_names_rather_than_growing():
    keep = InstanceFilter("a*")
    for n in range(25_000):
        assert keep(f"a{n}")
    assert len(keep._known) <= 10_001


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("45", 45)])
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "5 m", "-1s", "1d", "1.5h", "m", "１s"])
def test_what_is_no_duration(text):
    with pytest.raises(UserError):
        duration(text)
