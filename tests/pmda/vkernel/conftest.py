"""A machine that runs our eBPF programs in Python, and recorded worlds."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import k_asm
import k_bpf
import k_probe
import k_trace
import pytest
import vfiles

RECORDED = Path(__file__).parent / "recorded"
MASK = (1 << 64) - 1
STACK, RECORD = 1, 2  # numbers of regions; map values come after them
TIME_OF_START = 1_000_000_000  # what the clock shows when `now` is 0


class Fault(Exception):
    """A program did what the kernel's verifier would refuse."""


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


class Machine:
    """The face of `k_bpf.Kernel`; `fire` runs the programs of a tracepoint.

    An address is a region's number in the upper half and an offset in the
    lower; whoever leaves a region faults. `now` (nanoseconds), `pid`, `thread`, `comm`,
    `uid`, `cpu` are what helper functions tell; `ram` is what they read from
    addresses elsewhere.
    """

    def __init__(self, cpus: int = 2) -> None:
        self.cpus, self.first_cpu = cpus, 0
        self.now, self.pid, self.thread, self.uid = 0, 100, 100, 0
        self.comm, self.cpu = b"test", 0
        self.ram: dict[int, bytes] = {}
        self.counters: dict[int, tuple[int, int, int]] = {}
        self.opened: list[tuple[int, int, int]] = []
        self.refuse: dict[str, k_bpf.Refused] = {}
        self.closed: list[int] = []
        self.missed = 0
        self._next = 10
        self._maps: dict[int, tuple[k_bpf.Map, dict[bytes, Any]]] = {}
        self._memory: dict[int, bytearray] = {}
        self._programs: dict[int, bytes] = {}
        self._attached: dict[int, tuple[int, int]] = {}
        self._regions: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}

    def _fd(self) -> int:
        self._next += 1
        return self._next

    # what probes call

    def create(self, type_: int, key: int, value: int, entries: int, name: str) -> k_bpf.Map:
        if "map" in self.refuse:
            raise self.refuse["map"]
        made = k_bpf.Map(self._fd(), type_, key, value, entries)
        data: dict[bytes, Any] = {}
        if type_ == k_bpf.ARRAY:
            self._memory[made.fd] = whole = bytearray(value * entries)
            for index in range(entries):
                part = memoryview(whole)[value * index : value * (index + 1)]
                data[struct.pack("<I", index)] = part
        self._maps[made.fd] = (made, data)
        return made

    def load(self, name: str, code: bytes) -> int:
        if "program" in self.refuse:
            raise self.refuse["program"]
        assert len(name) < 64
        fd = self._fd()
        self._programs[fd] = code
        return fd

    def attach(self, event: int, program: int) -> int:
        fd = self._fd()
        self._attached[fd] = (event, program)
        return fd

    def misses(self, program: int) -> int:
        return self.missed

    def counter(self, type_: int, config: int, cpu: int) -> int:
        if "counter" in self.refuse:
            raise self.refuse["counter"]
        fd = self._fd()
        self.opened.append((type_, config, cpu))
        self.counters[fd] = (0, 0, 0)
        return fd

    def count(self, counter: int) -> tuple[int, int, int]:
        return self.counters[counter]

    def memory(self, map_: k_bpf.Map) -> bytearray:
        return self._memory[map_.fd]

    def update(self, map_: k_bpf.Map, key: bytes, value: bytes) -> None:
        self._maps[map_.fd][1][key] = bytearray(value)

    def items(self, map_: k_bpf.Map) -> list[tuple[bytes, bytes]]:
        return [(key, bytes(value)) for key, value in self._maps[map_.fd][1].items()]

    def take(self, map_: k_bpf.Map) -> list[tuple[bytes, bytes]]:
        found = self.items(map_)
        self._maps[map_.fd][1].clear()
        return found

    def close(self, fd: int) -> None:
        self.closed.append(fd)
        self._attached.pop(fd, None)

    # what tests call

    @property
    def running(self) -> int:
        """How many programs are attached."""
        return len(self._attached)

    def fire(self, event: k_trace.Event, text: bytes = b"", **fields: int | bytes) -> None:
        """One hit of a tracepoint; `text` lies behind the record, for __data_loc fields."""
        size = max(field.offset + field.size for field in event.fields.values())
        record = bytearray(size)
        for name, value in fields.items():
            place = event.fields[name]
            raw = (
                value.ljust(place.size, b"\0")
                if isinstance(value, bytes)
                else (value & ((1 << 8 * place.size) - 1)).to_bytes(place.size, "little")
            )
            record[place.offset : place.offset + place.size] = raw
        for number, program in list(self._attached.values()):
            if number == event.id:
                self._run(self._programs[program], record + text)

    # the machine

    def _run(self, code: bytes, record: bytearray) -> None:
        self._regions = {STACK: bytearray(512), RECORD: record}
        self._numbers = {}
        registers: list[int] = [0] * 11
        registers[1], registers[10] = RECORD << 32, (STACK << 32) + 512
        place, steps = 0, 0
        while True:
            steps += 1
            if steps > 10_000:
                raise Fault("it does not end")
            op, sides, off, imm = k_asm.INSTRUCTION.unpack_from(code, place * 8)
            dst, src = sides & 15, sides >> 4
            place += 1
            if op == 0x95:
                if registers[0] != 1:
                    raise Fault("the event is hidden from perf")
                return
            if op == 0x18:
                registers[dst] = imm  # a map's descriptor
                place += 1
            elif op == 0x85:
                registers[0] = self._help(imm, registers) & MASK
                registers[1:6] = [0xDEAD] * 5
            elif op & 7 == 7:
                right = registers[src] if op & 8 else imm
                registers[dst] = self._alu(op & 0xF0, registers[dst], right & MASK)
            elif op & 7 == 5:
                right = (registers[src] if op & 8 else imm) & MASK
                if self._true(op & 0xF0, registers[dst], right):
                    place += off
            elif op & 7 == 1:
                registers[dst] = int.from_bytes(self._at(registers[src] + off, _size(op)), "little")
            elif op in (0xDB,):
                old = int.from_bytes(self._at(registers[dst] + off, 8), "little")
                self._put(registers[dst] + off, (old + registers[src] & MASK).to_bytes(8, "little"))
            elif op & 7 in (2, 3):
                size = _size(op)
                value = registers[src] if op & 7 == 3 else imm
                self._put(
                    registers[dst] + off, (value & (1 << 8 * size) - 1).to_bytes(size, "little")
                )
            else:
                raise Fault(f"unknown instruction {op:#x}")

    def _alu(self, kind: int, left: int, right: int) -> int:
        if kind == 0xB0:
            return right
        if kind == 0x30:
            return left // right if right else 0
        return {
            0x00: left + right,
            0x10: left - right,
            0x20: left * right,
            0x40: left | right,
            0x50: left & right,
            0x60: left << (right & 63),
            0x70: left >> (right & 63),
        }[kind] & MASK

    def _true(self, kind: int, left: int, right: int) -> bool:
        a, b = signed(left), signed(right)
        return {
            0x00: True,
            0x10: left == right,
            0x20: left > right,
            0x30: left >= right,
            0x50: left != right,
            0x60: a > b,
            0x70: a >= b,
            0xA0: left < right,
            0xB0: left <= right,
            0xC0: a < b,
            0xD0: a <= b,
        }[kind]

    def _where(self, address: int, size: int) -> tuple[bytearray, int]:
        region, offset = self._regions.get(address >> 32), address & 0xFFFFFFFF
        if region is None or offset + size > len(region):
            raise Fault(f"access to {address:#x}, {size} bytes")
        return region, offset

    def _at(self, address: int, size: int) -> bytes:
        region, offset = self._where(address, size)
        return bytes(region[offset : offset + size])

    def _put(self, address: int, value: bytes) -> None:
        region, offset = self._where(address, len(value))
        region[offset : offset + len(value)] = value

    def _help(self, number: int, r: list[int]) -> int:
        if number == k_asm.KTIME:
            return TIME_OF_START + self.now
        if number == k_asm.CPU:
            return self.cpu
        if number == k_asm.PID_TGID:
            return self.pid << 32 | self.thread
        if number == 15:
            return self.uid
        if number == k_asm.COMM:
            self._put(r[1], self.comm[:15].ljust(r[2], b"\0"))
            return 0
        if number in (1, 2, 3):
            return self._map_helper(number, r)
        size = r[2]
        if number == k_asm.PROBE_READ_KERNEL:
            raw = self.ram.get(r[3])
            self._put(r[1], (raw or bytes(size))[:size].ljust(size, b"\0"))
            return 0 if raw else -14
        if r[3] >> 32 == RECORD:
            raw = bytes(self._regions[RECORD][r[3] & 0xFFFFFFFF :])
        else:
            raw = self.ram.get(r[3], b"")
        text = raw.split(b"\0")[0][: size - 1] + b"\0"
        self._put(r[1], text)
        return len(text)

    def _map_helper(self, number: int, r: list[int]) -> int:
        map_, data = self._maps[r[1]]
        key = self._at(r[2], map_.key_size)
        if number == k_asm.MAP_DELETE:
            return 0 if data.pop(key, None) is not None else -2
        if number == k_asm.MAP_UPDATE:
            if key not in data and len(data) == map_.entries:
                if map_.type != k_bpf.LRU_HASH:
                    return -7
                del data[next(iter(data))]
            data[key] = bytearray(self._at(r[3], map_.value_size))
            return 0
        if key not in data:
            return 0
        value = data[key]
        region = self._numbers.setdefault(id(value), 10 + len(self._numbers))
        self._regions[region] = value
        return region << 32


def _size(op: int) -> int:
    return {0x18: 8, 0x10: 1, 0x08: 2, 0x00: 4}[op & 0x18]


@pytest.fixture
def machine() -> Machine:
    """A kernel of two CPUs that runs programs."""
    return Machine()


@pytest.fixture(scope="session")
def machines() -> type[Machine]:
    """To make several of them."""
    return Machine


@pytest.fixture
def faults() -> type[Fault]:
    """What a program raises that leaves its memory."""
    return Fault


@pytest.fixture(scope="session")
def events() -> k_trace.Events:
    """The tracepoints of Linux 6.18, as recorded."""
    names = [
        str(path.parent.relative_to(RECORDED / "sys/kernel/tracing/events"))
        for path in RECORDED.rglob("format")
    ]
    return k_trace.read(vfiles.World(str(RECORDED)), names)


@pytest.fixture
def recorded() -> Path:
    """A recorded world."""
    return RECORDED


@pytest.fixture
def tools(machine: Machine, events: k_trace.Events) -> k_probe.Tools:
    """The outside world of a probe: the machine, the recorded tracepoints and files."""
    said: list[str] = []
    made = k_probe.Tools(machine, events, vfiles.World(str(RECORDED)), said.append)
    machine.said = said
    return made


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """Writes a world: world({"/proc/1/comm": "init"}) gives a vfiles.World."""

    def write(files: dict[str, str]) -> vfiles.World:
        for name, text in files.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return vfiles.World(str(tmp_path))

    return write
