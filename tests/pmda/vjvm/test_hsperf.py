"""The parser of hsperfdata: recorded files, made-up files, and files made to hurt."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import j_hsperf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RECORDED = Path(__file__).resolve().parent / "recorded"
FILES = {path.stem: path.read_bytes() for path in sorted(RECORDED.glob("*.hsperf"))}
# The long run is VECTORPY_FUZZ_CASES=100000: a minute of cases by chance, the others stay.
CASES = int(os.environ.get("VECTORPY_FUZZ_CASES", "1000"))
FUZZ = settings(
    max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def entry(name: bytes, data: bytes, kind: str = "J", vector: int = 0, order: str = "<") -> bytes:
    """One entry: the name behind the head, the data behind the name."""
    at = (20 + len(name) + 1 + 7) // 8 * 8
    body = name.ljust(at - 20, b"\0") + data
    length = (20 + len(body) + 3) // 4 * 4
    head = struct.pack(order + "iiiBBBBi", length, 20, vector, ord(kind), 0, 1, 3, at)
    return (head + body).ljust(length, b"\0")


def file(
    *entries: bytes,
    order: str = "<",
    magic: bytes = b"\xca\xfe\xc0\xc0",
    major: int = 2,
    accessible: int = 1,
    used: int | None = None,
    offset: int = 32,
    count: int | None = None,
    size: int = 4096,
) -> bytes:
    body = b"".join(entries)
    head = magic + bytes([1 if order == "<" else 0, major, 0, accessible])
    head += struct.pack(
        order + "iiqii",
        32 + len(body) if used is None else used,
        0,
        0,
        offset,
        len(entries) if count is None else count,
    )
    return (head + body).ljust(size, b"\0")


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_and_strings_in_both_byte_orders(order: str) -> None:
    data = file(
        entry(b"sun.a", struct.pack(order + "q", -5), order=order),
        entry(b"sun.b", struct.pack(order + "q", 2**62), order=order),
        entry(b"java.c", b"G1 young\0\0\0\0", "B", 12, order=order),
        order=order,
    )
    layout = j_hsperf.parse(data)
    numbers = j_hsperf.Numbers(layout, ["sun.b", "sun.none", "sun.a", "java.c"])
    assert numbers.read(data) == {"sun.a": -5, "sun.b": 2**62}
    assert layout.text(data, "java.c") == "G1 young"
    assert layout.text(data, "sun.a") == ""
    assert layout.text(data, "sun.none") == ""


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("jdk17-G1", 187),
        ("jdk17-Parallel", 214),
        ("jdk17-Serial", 182),
        ("jdk17-Z", 133),
        ("jdk17-Shenandoah", 143),
        ("jdk25-G1", 185),
        ("jdk25-Parallel", 206),
        ("jdk25-Serial", 176),
        ("jdk25-Z", 142),
        ("jdk25-Shenandoah", 137),
    ],
)
def test_every_entry_of_a_recorded_file_is_found(name: str, entries: int) -> None:
    layout = j_hsperf.parse(FILES[name])
    assert len(layout.entries) == entries == layout.stamp[1]
    command = layout.text(FILES[name], "sun.rt.javaCommand")
    assert command == "Load 30000000"


ONE = entry(b"sun.a", b"12345678")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "too short"),
        (file(ONE)[:31], "too short"),
        (file(ONE, magic=b"\xc0\xc0\xfe\xca"), "does not begin"),
        (file(ONE, major=1), "version 1.0"),
        (file(ONE, accessible=0), "starting or ending"),
        (file(ONE, used=31), "announces 31 bytes"),
        (file(ONE, used=-1), "announces -1 bytes"),
        (file(ONE, used=2**30), "announces"),
        (file(ONE, used=5000), "cut off"),
        (file(ONE)[:40], "cut off"),
        (file(ONE, offset=0), "entries at 0"),
        (file(ONE, offset=-8), "entries at -8"),
        (file(ONE, count=-1), "-1 entries"),
        (file(ONE, count=2001), "2001 entries"),
        (file(ONE, count=2), "outside of its file"),
        (file(ONE, ONE), "stands twice"),
        (file(struct.pack("<iiiBBBBi", 0, 20, 0, 74, 0, 1, 1, 24) + ONE), "length is 0"),
        (file(struct.pack("<iiiBBBBi", -40, 20, 0, 74, 0, 1, 1, 24) + ONE), "length is -40"),
        (file(struct.pack("<iiiBBBBi", 4000, 20, 0, 74, 0, 1, 1, 24) + ONE), "length is 4000"),
        (file(struct.pack("<iiiBBBBi", 40, 40, 0, 74, 0, 1, 1, 24).ljust(40, b"a")), "name lies"),
        (file(struct.pack("<iiiBBBBi", 40, -4, 0, 74, 0, 1, 1, 24).ljust(40, b"a")), "name lies"),
        (file(struct.pack("<iiiBBBBi", 40, 20, 0, 74, 0, 1, 1, 24).ljust(40, b"a")), "no proper"),
        (file(entry(b"sun.<b>", b"12345678")), "no proper name"),
        (file(entry(b"", b"12345678")), "no proper name"),
        (file(entry(b"x" * 129, b"12345678")), "no proper name"),
        (file(ONE[:16] + struct.pack("<i", 33) + ONE[20:]), "data lie outside"),
        (file(ONE[:16] + struct.pack("<i", -9) + ONE[20:]), "data lie outside"),
        (file(entry(b"sun.s", b"abc", "B", 4000)), "data lie outside"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(j_hsperf.HsperfError, match=why):
        j_hsperf.parse(data)


def test_entries_of_other_types_are_left_out() -> None:
    data = file(entry(b"sun.i", b"12345678", "I"), entry(b"sun.v", b"12345678", "J", 3), ONE)
    assert list(j_hsperf.parse(data).entries) == ["sun.a"]


def test_strings_are_bounded_and_printable() -> None:
    data = file(entry(b"sun.s", b"a\x1b[31m\n\xff" + b"b" * 9000, "B", 9008), size=16384)
    text = j_hsperf.parse(data).text(data, "sun.s")
    assert text.startswith("a_[31m_\ufffdbbb")
    assert len(text.encode()) <= 4100


def test_numbers_of_a_file_that_became_shorter_are_refused() -> None:
    data = FILES["jdk17-G1"]
    numbers = j_hsperf.Numbers(j_hsperf.parse(data), ["sun.os.hrt.ticks"])
    with pytest.raises(j_hsperf.HsperfError, match="cut off"):
        numbers.read(data[:500])


def survives(data: bytes) -> None:
    """Either it parses, and everything in it can be read, or it is refused."""
    try:
        layout = j_hsperf.parse(data)
    except j_hsperf.HsperfError:
        return
    for value in j_hsperf.Numbers(layout, list(layout.entries)).read(data).values():
        assert -(2**63) <= value < 2**63
    for name in layout.entries:
        assert layout.text(data, name).isprintable()


@FUZZ
@given(st.binary(max_size=300), st.booleans())
def test_fuzz_any_bytes(data: bytes, begun: bool) -> None:
    survives(file(data) if begun else data)


@FUZZ
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(
        st.tuples(st.integers(0, 1500), st.sampled_from([0, 1, 4, 0x20, 0x4A, 0x7F, 0x80, 0xFF])),
        min_size=1,
        max_size=12,
    ),
    st.one_of(st.none(), st.integers(0, 13000)),
)
def test_fuzz_a_damaged_file(name: str, hits: list[tuple[int, int]], cut: int | None) -> None:
    data = bytearray(FILES[name])
    for at, byte in hits:
        data[at] = byte
    survives(bytes(data if cut is None else data[:cut]))


def test_fuzz_by_chance() -> None:
    """Many damaged files, most of them damaged where it hurts: lengths and offsets."""
    chance = random.Random(20240229)
    names = sorted(FILES)
    heads = {name: _heads(FILES[name]) for name in names}
    for _ in range(CASES):
        name = chance.choice(names)
        data = bytearray(FILES[name])
        for _ in range(chance.randint(1, 8)):
            at = chance.choice(heads[name]) + chance.randrange(20)
            data[at] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        survives(bytes(data))


def _heads(data: bytes) -> list[int]:
    """Where entries begin, and the prologue twice as often as any of them."""
    found, at = [0, 8, 12], 32
    while data[at : at + 4] != b"\0\0\0\0":
        found.append(at)
        at += int.from_bytes(data[at : at + 4], "little")
    return found
