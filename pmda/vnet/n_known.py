"""The connections of the look before, asked for one by one.

A dump walks the kernel's whole table of connections, which has room for all
that the machine's memory could ever hold: on a big machine with few of them
that walk is most of a look. Asked for by address, ports and cookie, each is
found at once. Whether there are others than those is told by the kernel's own
count (`n_scan`).
"""

from __future__ import annotations

import errno
import struct
from typing import List, Optional, Sequence, Tuple

import n_diag as diag
import n_layout
import n_netlink as netlink

BATCH = 64  # requests sent at once: their answers must fit the socket's buffer
TIME_WAIT = 6
_ERRNO = struct.Struct("=i")
_GONE = (errno.ENOENT, errno.ESTALE)


class Known:
    """The sockets of a look that found all; `families` tells how many rows each family has."""

    def __init__(
        self, found: diag.Sockets, families: Sequence[Tuple[int, int]], sequence: int
    ) -> None:
        self._sequence = sequence
        self._kinds: List[n_layout.Layout] = []  # of each socket
        for layout, count in found.runs:
            if layout is not None:
                self._kinds += [layout] * count
        self._keys = found.keys
        self._families = list(families)
        self._batches: List[Tuple[bytes, int]] = []  # requests, and how many they are

    def __len__(self) -> int:
        return len(self._kinds)

    def ask(
        self, channel: netlink.Channel, memory: diag.Memory, into: diag.Sockets
    ) -> Optional[List[int]]:
        """Add those that are still there; how many of each family they are, None where an answer
        was not what was expected. Raises NetlinkError, OSError.
        """
        if not self._batches:
            self._write()
        view = memoryview(bytearray(sum(kind.stride for kind in self._kinds)))
        there = self._receive(channel, view)
        if there is None:
            return None
        start = at = 0
        while at < len(there):
            kind, after = self._kinds[there[at]], at
            while after < len(there) and self._kinds[there[after]] is kind:
                after += 1
            stop = start + (after - at) * kind.stride
            if not memory.take(view[start:stop], kind, self._sequence, into):
                return None
            start, at = stop, after
        return self._counted(there)

    def _write(self) -> None:
        numbers = [family for family, count in self._families for _ in range(count)]
        asked = [
            netlink.question(
                diag.BY_FAMILY, diag.request(family, 0xFFFFFFFF, diag.ASKED, key), self._sequence
            )
            for family, key in zip(numbers, self._keys)
        ]
        for at in range(0, len(asked), BATCH):
            some = asked[at : at + BATCH]
            self._batches.append((b"".join(some), len(some)))

    def _receive(self, channel: netlink.Channel, view: memoryview) -> Optional[List[int]]:
        """Put all answers into `view`, one after the other; whose they are."""
        there: List[int] = []
        at = first = 0
        strange = False
        kinds, receive = self._kinds, channel.recv_into
        for batch, count in self._batches:
            channel.send(batch)
            for index in range(first, first + count):
                stride = kinds[index].stride
                size = receive(view[at : at + stride])
                if size == stride:
                    there.append(index)
                    at += stride
                elif not self._is_gone(view[at : at + size]):
                    strange = True  # go on: no answer may be left to be taken for another's
            first += count
        return None if strange else there

    def _is_gone(self, answer: memoryview) -> bool:
        """Whether there is none, or it has come to TIME_WAIT."""
        header = netlink.HEADER.size
        if len(answer) < header + _ERRNO.size:
            return False
        _, kind, _, number, _ = netlink.HEADER.unpack_from(answer, 0)
        if number != self._sequence:
            return False
        if kind == diag.BY_FAMILY:
            return answer[header + 1] == TIME_WAIT
        return kind == netlink.ERROR and -_ERRNO.unpack_from(answer, header)[0] in _GONE

    def _counted(self, there: List[int]) -> List[int]:
        counts, first = [], 0
        for _, count in self._families:
            counts.append(sum(1 for index in there if first <= index < first + count))
            first += count
        return counts
