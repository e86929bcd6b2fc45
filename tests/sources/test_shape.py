"""Values as they lie in libpcp's memory, read one by one and by a known shape."""

import ctypes
import struct

import pytest

from vectorpy.sources import shape
from vectorpy.sources.shape import Fetched, Shapes

IN_PLACE = {"s32": "i", "u32": "I", "float": "f"}
BLOCK = {"s64": "=q", "u64": "=Q", "double": "=d"}


class Memory:
    """An answer as libpcp lays it out: the value sets behind each other, then the blocks."""

    def __init__(self, room=4096):
        self.buffer = ctypes.create_string_buffer(room)
        self.start = -(-ctypes.addressof(self.buffer) // 16) * 16 - ctypes.addressof(self.buffer)

    def lay(self, metrics):
        """`metrics` are (type, error) or (type, {id: value}); the addresses of their sets."""
        ctypes.memset(self.buffer, 0xAA, len(self.buffer))
        at, block = self.start, self.start + 2048
        base, places = ctypes.addressof(self.buffer), []
        for kind, what in metrics:
            places.append(base + at)
            if isinstance(what, int):
                struct.pack_into("Ii", self.buffer, at, 7, what)
                at += 8
                continue
            struct.pack_into("Iii", self.buffer, at, 7, len(what), 0 if kind in IN_PLACE else 1)
            at += 16
            for ident, value in what.items():
                struct.pack_into("i", self.buffer, at, ident)
                if kind in IN_PLACE:
                    struct.pack_into(IN_PLACE[kind], self.buffer, at + 8, value)
                else:
                    struct.pack_into("P", self.buffer, at + 8, base + block)
                    data = value if isinstance(value, bytes) else struct.pack(BLOCK[kind], value)
                    struct.pack_into("I", self.buffer, block, 4 + len(data))
                    self.buffer[block + 4 : block + 4 + len(data)] = data
                    block += -(-(4 + len(data)) // 8) * 8
                at += 16
        return tuple(places)


def answer(second=0, text=b"up\0"):
    return [
        ("u32", {-1: 4_000_000_000 + second}),
        ("u64", {0: 2**63 + second, 1: 5}),
        ("double", {3: 0.5 * second, 4: -1.25}),
        ("s32", -12350),
        ("string", {2: text, 9: b"down\0\0"}),
        ("float", {0: 1.5}),
    ]


def expected(second=0, text="up"):
    return [
        Fetched(0, (-1,), (4_000_000_000 + second,)),
        Fetched(0, (0, 1), (2**63 + second, 5)),
        Fetched(0, (3, 4), (0.5 * second, -1.25)),
        Fetched(-12350),
        Fetched(0, (2, 9), (text, "down")),
        Fetched(0, (0,), (1.5,)),
    ]


TYPES = ("u32", "u64", "double", "s32", "string", "float")


@pytest.fixture
def one_by_one(monkeypatch):
    """Addresses of the sets that were read one by one."""
    read, plain = [], shape._decode

    def decode(at, kind):
        read.append(at)
        return plain(at, kind)

    monkeypatch.setattr(shape, "_decode", decode)
    return read


def test_each_answer_gives_its_own_values():
    shapes, memory = Shapes(TYPES), Memory()
    for second in range(5):
        assert shapes.read(memory.lay(answer(second))) == expected(second)


def test_answers_of_a_known_shape_are_read_at_once(one_by_one):
    shapes, memory = Shapes(TYPES), Memory()
    shapes.read(memory.lay(answer(0)))
    shapes.read(memory.lay(answer(1)))
    one_by_one.clear()
    assert shapes.read(memory.lay(answer(2))) == expected(2)
    assert one_by_one == []


def test_the_same_shape_elsewhere_in_memory(one_by_one):
    shapes, here, there = Shapes(TYPES), Memory(), Memory()
    shapes.read(here.lay(answer(0)))
    shapes.read(here.lay(answer(1)))
    one_by_one.clear()
    assert shapes.read(there.lay(answer(7))) == expected(7)
    assert one_by_one == []


def test_a_text_of_another_length_is_read_whole():
    shapes, memory = Shapes(TYPES), Memory()
    for text in (b"up\0", b"up\0", b"gone for a long while\0", b"\0"):
        found = shapes.read(memory.lay(answer(1, text)))
        assert found == expected(1, text.rstrip(b"\0").decode())


@pytest.mark.parametrize(
    ("place", "what", "found"),
    [
        (1, {0: 1}, Fetched(0, (0,), (1,))),  # an instance less
        (1, {0: 1, 2: 6}, Fetched(0, (0, 2), (1, 6))),  # another instance
        (3, {-1: 8}, Fetched(0, (-1,), (8,))),  # a value where there was an error
        (3, -12386, Fetched(-12386)),  # another error
        (3, 0, Fetched(0)),  # no value, and no error
        (5, -12386, Fetched(-12386)),  # an error in the last set, which is shorter by it
        (5, {0: 2.5, 1: 3.5}, Fetched(0, (0, 1), (2.5, 3.5))),  # the last set is longer
    ],
)
def test_what_changed_is_seen(place, what, found):
    shapes, memory = Shapes(TYPES), Memory()
    for second in range(3):
        shapes.read(memory.lay(answer(second)))
    changed, wanted = answer(3), expected(3)
    changed[place], wanted[place] = (TYPES[place], what), found
    for _ in range(3):
        assert shapes.read(memory.lay(changed)) == wanted
    assert shapes.read(memory.lay(answer(4))) == expected(4)


def test_what_changes_each_second_learns_no_shape(monkeypatch):
    learnt = []
    monkeypatch.setattr(shape, "_shape", lambda *args: learnt.append(args))
    shapes, memory = Shapes(("u32",)), Memory()
    for second in range(6):
        assert shapes.read(memory.lay([("u32", {second: 1})])) == [Fetched(0, (second,), (1,))]
    assert learnt == []


def test_values_in_place_of_a_type_that_never_is_are_none():
    shapes, memory = Shapes(("u64",)), Memory()
    for _ in range(4):
        assert shapes.read(memory.lay([("u32", {0: 1})])) == [Fetched(0)]


def test_no_metrics():
    assert Shapes(()).read(()) == []
