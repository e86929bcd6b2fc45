"""eBPF maps, programs and perf events, by bpf(2) and perf_event_open(2).

Only the system calls and their structures. `Kernel` is what probes get as a
parameter; tests give them one that runs programs in Python. Sizes and numbers:
include/uapi/linux/bpf.h and perf_event.h.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import platform
import struct
from typing import Dict, Iterator, List, NamedTuple, Tuple, Union

HASH, ARRAY, LRU_HASH = 1, 2, 9
_MMAPABLE = 1 << 10  # BPF_F_MMAPABLE, Linux 5.5
PROG_TRACEPOINT = 5
SOFTWARE, HARDWARE, TRACEPOINT = 1, 0, 2  # types of perf events

# bpf(2) and perf_event_open(2) by machine
NUMBERS: Dict[str, Tuple[int, int]] = {
    "x86_64": (321, 298),
    "aarch64": (280, 241),
}
_CREATE, _UPDATE, _LOAD, _INFO = 0, 2, 5, 15
_LOOKUP_BATCH, _TAKE_BATCH = 24, 25
_ATTR_BYTES = 112  # PERF_ATTR_SIZE_VER5
_FD_CLOEXEC = 8
_SET_BPF, _ENABLE = 0x40042408, 0x2400
_ENABLED_RUNNING = 1 | 2  # PERF_FORMAT_TOTAL_TIME_*
LOG_BYTES = 1 << 18
_INFO_BYTES, _MISSES = 216, 208  # struct bpf_prog_info up to recursion_misses, and its place


Memory = Union[mmap.mmap, bytearray]


class Refused(OSError):
    """The kernel refused; `log` holds the verifier's words where there are any."""

    def __init__(self, number: int, what: str, log: str = "") -> None:
        super().__init__(number, "%s: %s" % (what, os.strerror(number)))
        self.log = log


class Map(NamedTuple):
    """A map. An array's values lie one after the other, 8 bytes aligned."""

    fd: int
    type: int
    key_size: int
    value_size: int
    entries: int


class Kernel:
    """The kernel's side of all probes. Raises Refused."""

    def __init__(self, possible_cpus: int, first_cpu: int = 0) -> None:
        self.cpus = possible_cpus
        self.first_cpu = first_cpu  # one that is online
        machine = platform.machine()
        if machine not in NUMBERS:
            raise Refused(errno.ENOSYS, "eBPF on a machine of type %s" % machine)
        self._bpf_number, self._perf_number = NUMBERS[machine]
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long

    def _bpf(self, command: int, attributes: bytes) -> Tuple[int, bytes]:
        """Result and the attributes as the kernel left them. Raises OSError."""
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        result = self._libc.syscall(
            ctypes.c_long(self._bpf_number),
            ctypes.c_long(command),
            buffer,
            ctypes.c_long(len(attributes)),
        )
        if result < 0:
            number = ctypes.get_errno()
            raise _BpfError(number, buffer.raw)
        return result, buffer.raw

    def create(self, type_: int, key: int, value: int, entries: int, name: str) -> Map:
        """A map; arrays are made so that `memory` can show them."""
        label = name.encode("ascii")[:15].ljust(16, b"\0")
        flags = _MMAPABLE if type_ == ARRAY else 0
        attributes = struct.pack("<7I16s", type_, key, value, entries, flags, 0, 0, label)
        try:
            fd, _ = self._bpf(_CREATE, attributes)
        except OSError as error:
            raise Refused(error.errno or 0, "map %s" % name) from None
        return Map(fd, type_, key, value, entries)

    def load(self, name: str, code: bytes, type_: int = PROG_TRACEPOINT) -> int:
        """Load a program; the verifier's words stand in the error's `log`."""
        try:
            return self._load(name, code, type_, b"")
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOSYS):
                raise Refused(error.errno, "program %s" % name) from None
        log = ctypes.create_string_buffer(LOG_BYTES)
        try:
            return self._load(name, code, type_, log)
        except OSError as error:
            text = log.value.decode("utf-8", "replace")
            raise Refused(error.errno or 0, "program %s" % name, text) from None

    def _load(self, name: str, code: bytes, type_: int, log: object) -> int:
        instructions = ctypes.create_string_buffer(code, len(code))
        license_ = ctypes.create_string_buffer(b"GPL")
        size = LOG_BYTES if log else 0
        attributes = struct.pack(
            "<IIQQIIQII16s",
            type_,
            len(code) // 8,
            ctypes.addressof(instructions),
            ctypes.addressof(license_),
            1 if log else 0,
            size,
            ctypes.addressof(log) if log else 0,  # type: ignore[arg-type]
            0,
            0,
            name.encode("ascii")[:15].ljust(16, b"\0"),
        )
        return self._bpf(_LOAD, attributes)[0]

    def attach(self, event: int, program: int) -> int:
        """Run `program` at each hit of a tracepoint, on all CPUs, until the descriptor is closed.

        A program hangs on the tracepoint itself: one event, on any CPU, is
        enough, and it goes on when that CPU goes offline.
        """
        fd = self.counter(TRACEPOINT, event, self.first_cpu, start=False)
        try:
            fcntl.ioctl(fd, _SET_BPF, program)
            fcntl.ioctl(fd, _ENABLE, 0)
        except OSError as error:
            os.close(fd)
            raise Refused(error.errno or 0, "attaching a program") from None
        return fd

    def misses(self, program: int) -> int:
        """Events for which `program` was not run, another one being at work on that CPU.

        Counted since Linux 6.7; 0 before that.
        """
        info = ctypes.create_string_buffer(_INFO_BYTES)
        attributes = struct.pack("<IIQ", program, _INFO_BYTES, ctypes.addressof(info))
        try:
            self._bpf(_INFO, attributes)
        except OSError:
            return 0
        return int.from_bytes(info.raw[_MISSES:_INFO_BYTES], "little")

    def counter(self, type_: int, config: int, cpu: int, start: bool = True) -> int:
        """A counter of all that happens on one CPU."""
        flags = 0 if start else 1  # disabled
        attributes = struct.pack(
            "<IIQQQQQ", type_, _ATTR_BYTES, config, 0, 0, _ENABLED_RUNNING, flags
        )
        buffer = ctypes.create_string_buffer(attributes.ljust(_ATTR_BYTES, b"\0"), _ATTR_BYTES)
        word = ctypes.c_long
        fd = self._libc.syscall(
            word(self._perf_number), buffer, word(-1), word(cpu), word(-1), word(_FD_CLOEXEC)
        )
        if fd < 0:
            raise Refused(ctypes.get_errno(), "perf event")
        return int(fd)

    def count(self, counter: int) -> Tuple[int, int, int]:
        """A counter's value, and the nanoseconds it was wanted and was counting."""
        found: Tuple[int, int, int] = struct.unpack("<3Q", os.read(counter, 24))
        return found

    def memory(self, map_: Map) -> Memory:
        """An array's values as memory that is shared with programs.

        Reading a map by bpf(2) stops all tracepoints' programs on that CPU
        (bpf_disable_instrumentation()), for as long as who reads is preempted:
        on a busy host whole bursts would be lost. Reading memory stops nothing.
        """
        size = (map_.value_size + 7) // 8 * 8 * map_.entries
        try:
            return mmap.mmap(map_.fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        except OSError as error:
            raise Refused(error.errno or 0, "showing a map") from None

    def update(self, map_: Map, key: bytes, value: bytes) -> None:
        """Set a value."""
        keys = ctypes.create_string_buffer(key, len(key))
        values = ctypes.create_string_buffer(value, len(value))
        attributes = struct.pack(
            "<IxxxxQQQ", map_.fd, ctypes.addressof(keys), ctypes.addressof(values), 0
        )
        try:
            self._bpf(_UPDATE, attributes)
        except OSError as error:
            raise Refused(error.errno or 0, "writing a map") from None

    def items(self, map_: Map) -> List[Tuple[bytes, bytes]]:
        """All keys and values of a hash."""
        return list(self._batches(_LOOKUP_BATCH, map_))

    def take(self, map_: Map) -> List[Tuple[bytes, bytes]]:
        """All keys and values of a hash, which is emptied."""
        return list(self._batches(_TAKE_BATCH, map_))

    def _batches(self, command: int, map_: Map) -> Iterator[Tuple[bytes, bytes]]:
        keys = ctypes.create_string_buffer(map_.key_size * map_.entries)
        values = ctypes.create_string_buffer(map_.value_size * map_.entries)
        place = ctypes.create_string_buffer(8)
        started, ended, rounds = 0, False, 0
        while not ended and rounds < 64:
            rounds += 1
            attributes = struct.pack(
                "<QQQQIIQQ",
                started,
                ctypes.addressof(place),
                ctypes.addressof(keys),
                ctypes.addressof(values),
                map_.entries,
                map_.fd,
                0,
                0,
            )
            try:
                _, left = self._bpf(command, attributes)
            except _BpfError as error:
                if error.errno != errno.ENOENT:  # ENOENT: these were the last
                    raise Refused(error.errno or 0, "reading a map") from None
                left, ended = error.left, True
            started = ctypes.addressof(place)
            (found,) = struct.unpack_from("<I", left, 32)
            key_bytes, value_bytes = keys.raw, values.raw
            for index in range(min(found, map_.entries)):
                low, start = index * map_.key_size, index * map_.value_size
                yield (
                    key_bytes[low : low + map_.key_size],
                    value_bytes[start : start + map_.value_size],
                )

    def close(self, fd: int) -> None:
        os.close(fd)


class _BpfError(OSError):
    """A failed bpf(2), with the attributes as the kernel left them."""

    def __init__(self, number: int, left: bytes) -> None:
        super().__init__(number, os.strerror(number))
        self.left = left
