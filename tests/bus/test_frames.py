"""Frames: what is packed is read again, in whatever pieces it comes, and junk is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.bus.frames import BODY_BYTES, FrameError, Reader, bus_path, pack, pack_emit, split
from vectorpy.errors import ConfigError
from vectorpy.settings import Settings


def reader(data: bytes, pieces: list[int]) -> Reader:
    def feed() -> Iterator[bytes]:
        at = 0
        for size in pieces:
            yield data[at : at + size]
            at += size
        yield data[at:]

    chunks = (chunk for chunk in feed() if chunk)
    return Reader(lambda limit: next(chunks, b""))


headers = st.dictionaries(st.text(max_size=8), st.one_of(st.integers(), st.text(max_size=8)))


@given(st.lists(st.tuples(headers, st.binary(max_size=300))), st.lists(st.integers(1, 50)))
def test_frames_are_read_as_they_were_packed(
    frames: list[tuple[dict[str, int | str], bytes]], pieces: list[int]
) -> None:
    data = b"".join(pack(header, body) for header, body in frames)
    one = reader(data, pieces)
    assert [one.read() for _ in frames] == frames
    assert one.read() is None


def test_a_frame_is_lengths_header_and_body() -> None:
    assert pack({"op": "ping"}, b"xy") == b"\0\0\0\x0d\0\0\0\x02" + b'{"op":"ping"}' + b"xy"
    assert pack_emit("r", "tick", b"{}") == pack(
        {"op": "emit", "room": "r", "event": "tick"}, b"{}"
    )


def test_half_a_frame_is_the_end() -> None:
    assert reader(pack({"a": 1}, b"body")[:-1], []).read() is None


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!II", 1 << 30, 0),
        struct.pack("!II", 2, BODY_BYTES + 1),
        struct.pack("!II", 2, 0) + b"[]",
        struct.pack("!II", 2, 0) + b"{x",
        struct.pack("!II", 2, 0) + b"\xff\xff",
    ],
)
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        reader(data, []).read()


def test_a_body_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(FrameError):
        pack({}, bytes(BODY_BYTES + 1))


def test_events_of_a_reply_are_split_by_bytes() -> None:
    assert split([["a", 2], ["b", 3]], "éabc") == [("a", "é"), ("b", "abc")]


def test_the_socket_lies_in_the_runtime_folder() -> None:
    assert bus_path(Settings(runtime_dir="/run/x")) == Path("/run/x/bus.sock")
    with pytest.raises(ConfigError):
        bus_path(Settings())
    with pytest.raises(ConfigError):
        bus_path(Settings(runtime_dir="/" + "x" * 120))
