"""Who is shown: the busiest N of many, the rest together, with totals that never fall.

Totals are sums of what was moved since the last look, so they outlive the
connections that moved it. What moves through somebody who is not shown at that
moment goes to the rest's total; each look's movement is counted exactly once.
"""

from __future__ import annotations

import heapq
import operator
from typing import Dict, Generic, Hashable, List, Mapping, Sequence, Tuple, TypeVar

import n_diag as diag

Key = TypeVar("Key", bound=Hashable)
MOVED = 3  # retransmitted segments, bytes in, bytes out
DECAY = 0.8  # of the score per look: a burst keeps its maker shown for some seconds
RETRANSMIT = 10000  # one retransmitted segment weighs as much as these bytes
KEEP = 300.0  # seconds that an absent one's totals are remembered


class Board(Generic[Key]):
    """`limit` places for the busiest."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rest: List[int] = [0] * MOVED
        self.totals: Dict[Key, List[int]] = {}
        self._scores: Dict[Key, float] = {}
        self._seen: Dict[Key, float] = {}

    def look(
        self, present: Mapping[Key, int], moved: Mapping[Key, Sequence[int]], now: float
    ) -> List[Key]:
        """Take one look: connections per key, movement per key. The keys shown."""
        scores = {
            key: score * DECAY for key, score in self._scores.items() if score > 1 or key in present
        }
        for key in present:
            scores.setdefault(key, 0.0)
        for key, amounts in moved.items():
            more = RETRANSMIT * amounts[0] + amounts[1] + amounts[2]
            scores[key] = scores.get(key, 0.0) + more
        self._scores = scores
        if len(scores) <= self.limit:
            shown = list(scores)
        else:
            shown = heapq.nlargest(
                self.limit, scores, key=lambda key: (scores[key], present.get(key, 0))
            )
        self._add(set(shown), moved)
        self._forget(shown, now)
        return shown

    def _add(self, shown: "set[Key]", moved: Mapping[Key, Sequence[int]]) -> None:
        for key in shown:
            self.totals.setdefault(key, [0] * MOVED)
        for key, amounts in moved.items():
            total = self.totals[key] if key in shown else self.rest
            for index in range(MOVED):
                total[index] += amounts[index]

    def _forget(self, shown: List[Key], now: float) -> None:
        seen = self._seen
        for key in shown:
            seen[key] = now
        if len(seen) > 2 * self.limit:
            for key in [key for key, at in seen.items() if now - at > KEEP]:
                del seen[key]
                self.totals.pop(key, None)


class Deltas:
    """What each connection moved between two looks."""

    def __init__(self) -> None:
        self._complete = False

    def look(self, found: diag.Sockets) -> List[Tuple[int, Tuple[int, ...]]]:
        """(row's index, increase of each of COUNTERS) of the rows in which one changed.

        At the first look nothing has moved: what was before us is not ours to
        count. A connection that is new at a later look moved all it has, unless
        one of the two looks was truncated and may have missed it.
        """
        moved = []
        known, self._complete = self._complete, not found.truncated
        for index, old in found.changed:
            new = found.rows[index][diag.COUNTERS]
            if old is not None:
                before = old[diag.COUNTERS]
                if new != before:
                    more = tuple(map(operator.sub, new, before))
                    moved.append((index, more if min(more) >= 0 else _no_less_than_0(more)))
            elif known and self._complete:
                moved.append((index, new))
        return moved


def _no_less_than_0(numbers: Tuple[int, ...]) -> Tuple[int, ...]:
    return tuple([max(number, 0) for number in numbers])
