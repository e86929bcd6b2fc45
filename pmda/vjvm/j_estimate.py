"""Bytes allocated and promoted, estimated from what hsperfdata tells once a second.

The JVM counts neither there. New objects fill eden, and a young collection
empties it when it is full, so between two samples
    collections * capacity of eden + change of its use
were allocated: within a few percent of the JVM's own count at one sample a
second (sampling faster is worse: use and collections are not updated at the
same moment). Large objects that G1 puts elsewhere are missed.
"""

from __future__ import annotations

from typing import NamedTuple, Optional


class Young(NamedTuple):
    """One sample: bytes in eden and in the old generation, young collections so far."""

    eden_used: int
    eden_size: int
    old_used: int
    collections: int
    full: int = 0  # collections of all of the heap


class Estimate:
    """Running totals of one JVM, from its first sample on."""

    def __init__(self) -> None:
        self.allocated = 0
        self.promoted = 0
        self._last: Optional[Young] = None

    def add(self, now: Young) -> None:
        last, self._last = self._last, now
        if last is None or now.collections < last.collections or now.full < last.full:
            return
        self.allocated += allocated(last, now)
        if now.collections > last.collections:
            self.promoted += max(0, now.old_used - last.old_used)


def allocated(last: Young, now: Young) -> int:
    """Bytes allocated between two samples of one JVM."""
    rounds = now.collections - last.collections
    if rounds:
        # Eden's size is set anew after each collection: the first round filled the old size.
        middle = (last.eden_size + now.eden_size) // 2
        filled = last.eden_size - last.eden_used + (rounds - 1) * middle
        return max(0, filled + now.eden_used)
    if now.full > last.full:  # asked for, whatever eden held: what is there now came since
        return now.eden_used
    return max(0, now.eden_used - last.eden_used)
