"""The assembler: encodings from the kernel's document, labels, and arithmetic as run."""

from __future__ import annotations

import k_asm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from k_asm import R0, R1, R2, R6, R9, R10, Asm

# Written down from Documentation/bpf/standardization/instruction-set.rst.
ENCODINGS = [
    (lambda a: a.mov(R1, R2), "bf21000000000000"),
    (lambda a: a.mov(R1, -1), "b7010000ffffffff"),
    (lambda a: a.alu(R2, "+", -8), "07020000f8ffffff"),
    (lambda a: a.alu(R6, "-", R9), "1f96000000000000"),
    (lambda a: a.alu(R6, "/", 1000), "37060000e8030000"),
    (lambda a: a.alu(R6, "<<", 3), "6706000003000000"),
    (lambda a: a.load(8, R1, R6, 32), "7961200000000000"),
    (lambda a: a.load(4, R1, R6, 24), "6161180000000000"),
    (lambda a: a.load(2, R1, R6, 58), "69613a0000000000"),
    (lambda a: a.load(1, R1, R6, 34), "7161220000000000"),
    (lambda a: a.store(8, R10, -16, R0), "7b0af0ff00000000"),
    (lambda a: a.store(4, R10, -8, 7), "620af8ff07000000"),
    (lambda a: a.atomic_add(R0, 8, R1), "db10080000000000"),
    (lambda a: a.map(R1, 5), "18110000050000000000000000000000"),
    (lambda a: a.call(5), "8500000005000000"),
    (lambda a: a.exit(), "9500000000000000"),
]


@pytest.mark.parametrize(("write", "expected"), ENCODINGS)
def test_an_instruction_is_encoded_as_the_kernel_reads_it(write, expected):
    a = Asm()
    write(a)
    assert a.bytes().hex() == expected


@pytest.mark.parametrize(
    ("condition", "by_value", "by_register"),
    [
        *[("==", 0x15, 0x1D), (">", 0x25, 0x2D), (">=", 0x35, 0x3D), ("!=", 0x55, 0x5D)],
        *[("<", 0xA5, 0xAD), ("<=", 0xB5, 0xBD), ("s>", 0x65, 0x6D), ("s<=", 0xD5, 0xDD)],
    ],
)
def test_a_jump_goes_to_its_label(condition, by_value, by_register):
    a = Asm()
    a.label("back")
    a.jump(R1, condition, 9, "on")
    a.jump(R1, condition, R2, "back")
    a.label("on")
    a.exit()
    code = a.bytes()
    assert code[0] == by_value and code[2:4] == b"\1\0" and code[4] == 9
    assert code[8] == by_register and code[9] == 0x21 and code[10:12] == b"\xfe\xff"


def test_what_does_not_fit_is_refused():
    a = Asm()
    with pytest.raises(k_asm.AsmError, match="2147483648"):
        a.mov(R1, 1 << 31)
    with pytest.raises(k_asm.AsmError, match="40000"):
        a.load(8, R1, R6, 40000)


def test_labels_are_checked():
    a = Asm()
    a.go("nowhere")
    with pytest.raises(k_asm.AsmError, match="nowhere"):
        a.bytes()
    a.label("nowhere")
    with pytest.raises(k_asm.AsmError, match="twice"):
        a.label("nowhere")
    assert len({a.fresh() for _ in range(9)}) == 9


@given(st.lists(st.sampled_from("+-*/|&"), max_size=6), st.integers(0, 2**31 - 1))
def test_code_grows_by_one_instruction_each(operations, value):
    a = Asm()
    for operation in operations:
        a.alu(R1, operation, value)
    assert len(a.bytes()) == 8 * len(operations) == 8 * len(a)
