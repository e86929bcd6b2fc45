"""An assembler for eBPF: instructions and labels in, the kernel's bytecode out.

Pure: nothing is loaded here (`k_bpf`), and what programs have in common stands
in `k_code`. Encoding: Documentation/bpf/standardization/instruction-set.rst of
the kernel; little-endian machines only.
"""

from __future__ import annotations

import struct
from typing import Dict, List, Tuple, Union


class Reg(int):
    """A register; plain ints are immediate values."""


R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = (Reg(number) for number in range(11))

# helper functions, numbers of bpf.h
MAP_LOOKUP, MAP_UPDATE, MAP_DELETE, KTIME = 1, 2, 3, 5
CPU, PID_TGID, COMM = 8, 14, 16
PROBE_READ_KERNEL, PROBE_READ_USER_STR, PROBE_READ_KERNEL_STR = 113, 114, 115

_ALU = {"+": 0x00, "-": 0x10, "*": 0x20, "/": 0x30, "|": 0x40, "&": 0x50, "<<": 0x60, ">>": 0x70}
_JUMP = {"==": 0x10, ">": 0x20, ">=": 0x30, "!=": 0x50, "s>": 0x60, "s>=": 0x70}
_JUMP.update({"<": 0xA0, "<=": 0xB0, "s<": 0xC0, "s<=": 0xD0})
_SIZE = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
_BY_REGISTER = 0x08
INSTRUCTION = struct.Struct("<BBhi")
Operand = Union[Reg, int]


class AsmError(ValueError):
    """What was asked for is no eBPF."""


class Asm:
    """A program under construction; methods append instructions in order."""

    def __init__(self) -> None:
        self._code: List[Tuple[int, int, int, int, int]] = []
        self._labels: Dict[str, int] = {}
        self._jumps: List[Tuple[int, str]] = []
        self._fresh = 0

    def __len__(self) -> int:
        return len(self._code)

    def _emit(self, op: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> None:
        if not -(1 << 15) <= off < 1 << 15:
            raise AsmError("offset %d does not fit" % off)
        if not -(1 << 31) <= imm < 1 << 31:
            raise AsmError("immediate value %d does not fit" % imm)
        self._code.append((op, dst, src, off, imm))

    def mov(self, dst: Reg, src: Operand) -> None:
        if isinstance(src, Reg):
            self._emit(0xBF, dst, src)
        else:
            self._emit(0xB7, dst, imm=src)

    def alu(self, dst: Reg, op: str, src: Operand) -> None:
        """dst = dst op src, 64 bits, unsigned."""
        if isinstance(src, Reg):
            self._emit(0x07 | _ALU[op] | _BY_REGISTER, dst, src)
        else:
            self._emit(0x07 | _ALU[op], dst, imm=src)

    def load(self, size: int, dst: Reg, base: Reg, off: int) -> None:
        """dst = the `size` bytes at base + off, zero-extended."""
        self._emit(0x61 | _SIZE[size], dst, base, off)

    def store(self, size: int, base: Reg, off: int, src: Operand) -> None:
        """Write `size` bytes at base + off."""
        if isinstance(src, Reg):
            self._emit(0x63 | _SIZE[size], base, src, off)
        else:
            self._emit(0x62 | _SIZE[size], base, 0, off, src)

    def atomic_add(self, base: Reg, off: int, src: Reg) -> None:
        """Add to the 8 bytes at base + off, whatever other CPUs do."""
        self._emit(0xDB, base, src, off)

    def map(self, dst: Reg, fd: int) -> None:
        """dst = the map of this descriptor."""
        self._emit(0x18, dst, 1, imm=fd)
        self._emit(0)

    def call(self, helper: int) -> None:
        """R0 = helper(R1..R5); R1 to R5 are lost."""
        self._emit(0x85, imm=helper)

    def exit(self) -> None:
        self._emit(0x95)

    def label(self, name: str) -> None:
        if name in self._labels:
            raise AsmError("label %s stands twice" % name)
        self._labels[name] = len(self._code)

    def fresh(self) -> str:
        """A label's name that is not in use."""
        self._fresh += 1
        return ".%d" % self._fresh

    def go(self, label: str) -> None:
        self._jumps.append((len(self._code), label))
        self._emit(0x05)

    def jump(self, left: Reg, condition: str, right: Operand, label: str) -> None:
        """Go to `label` if left condition right."""
        self._jumps.append((len(self._code), label))
        if isinstance(right, Reg):
            self._emit(0x05 | _JUMP[condition] | _BY_REGISTER, left, right)
        else:
            self._emit(0x05 | _JUMP[condition], left, imm=right)

    def bytes(self) -> bytes:
        """The program, all labels resolved. Raises AsmError."""
        code = list(self._code)
        for place, name in self._jumps:
            if name not in self._labels:
                raise AsmError("no label is called %s" % name)
            op, dst, src, _, imm = code[place]
            code[place] = (op, dst, src, self._labels[name] - place - 1, imm)
        return b"".join(
            INSTRUCTION.pack(op, dst | src << 4, off, imm) for op, dst, src, off, imm in code
        )
