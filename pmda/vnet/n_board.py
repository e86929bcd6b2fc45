"""Who is shown: the busiest N of many, the rest together, with totals that never fall.

Totals are sums of what was moved since the last look, so they outlive the
connections that moved it. What moves through somebody who is not shown at that
moment goes to the rest's total; each look's movement is counted exactly once.
"""

from __future__ import annotations

import heapq
import operator
from itertools import compress
from typing import Any, Dict, Generic, Hashable, List, Mapping, Sequence, Tuple, TypeVar

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
    """What each connection moved between two looks, by its cookie."""

    def __init__(self) -> None:
        self._before: Dict[int, Tuple[int, ...]] = {}
        self._complete = False

    def look(
        self, columns: Sequence[Sequence[Any]], complete: bool = True
    ) -> List[Tuple[int, Tuple[int, ...]]]:
        """(row's index, increase of each of COUNTERS) of the rows that changed.

        `columns` are the rows of a look, turned over. At the first look nothing
        has moved: what was before us is not ours to count. A connection that is
        new at a later look moved all it has, unless one of the two looks was
        not `complete` and may have missed it.
        """
        cookies = columns[diag.COOKIE]
        counters = list(zip(*columns[diag.COUNTERS]))
        olds = list(map(self._before.get, cookies))
        changed = []
        for index in compress(range(len(cookies)), map(operator.ne, olds, counters)):
            old, new = olds[index], counters[index]
            if old is not None:
                changed.append((index, tuple([max(a - b, 0) for a, b in zip(new, old)])))
            elif self._complete and complete:
                changed.append((index, new))
        self._before, self._complete = dict(zip(cookies, counters)), complete
        return changed
