"""When to ask a host next, and how long to go on: times in, times out.

Only the reckoning belongs here: clock, sleep and threads are `live`'s, and the
present time comes in as Unix seconds. One host has one `Plan`, and at most one
fetch in flight: the next slot is asked for when the last fetch has ended.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import NamedTuple

# Fetches of many hosts are spread over this part of each second.
SPREAD = 0.2
# On connecting, a second fetch follows the first, so that rates are there at once.
FOLLOW = 0.25
# A whole second nearer than this to that second fetch is left out.
NEAR = 0.5
# A step of our clock back by more than this starts the plan anew.
SET_BACK = 2.0
# Seconds between samples of a host, the slower ones where it is overloaded.
PERIODS = (1, 2, 5, 10, 30, 60)
# After so many fetches in a row that take most of the period, it is slowed down;
# after so many that would fit the next faster one well, it is sped up.
SLOW_AFTER, FAST_AFTER = 3, 30
RECENTLY = 300.0


class Slot(NamedTuple):
    """A fetch to make: `second` is the x of its points, `at` when to start it (Unix seconds)."""

    second: int
    at: float


def offset(host: str) -> float:
    """The host's own part of each second at which its fetches start, 0 to SPREAD."""
    digest = hashlib.sha256(host.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 * SPREAD


class Plan:
    """The fetches of one host, one after another."""

    def __init__(self, host: str) -> None:
        self.offset = offset(host)
        # Seconds between samples now in force: 1, or more where the host is overloaded.
        self.period = 1
        self._last: Slot | None = None
        self._followed = False
        self._slow = 0
        self._fast = 0

    def start(self, now: float) -> Slot:
        """The first fetch after connecting: at once."""
        self._last = Slot(math.floor(now), now)
        self._followed = False
        return self._last

    def follow(self, started: float) -> Slot:
        """The second fetch, which gives the first rates.

        It may be of the same second as the first; it then takes its place.
        """
        at = started + FOLLOW
        self._last = Slot(math.floor(at), at)
        self._followed = True
        return self._last

    def next(self, now: float) -> Slot:
        """The next second to sample that is not past, divisible by the period.

        Seconds that were missed are not made up for.
        """
        last = self._last
        if last is not None and now < last.at - SET_BACK:
            last = None
        low = math.ceil(now - self.offset)
        if last is not None:
            low = max(low, last.second + 1)
            if self._followed:
                low = max(low, math.ceil(last.at + NEAR - self.offset))
        second = -(-low // self.period) * self.period
        self._followed = False
        self._last = Slot(second, second + self.offset)
        return self._last

    def took(self, seconds: float) -> bool:
        """A fetch took so long. True where the period changed by it."""
        index = PERIODS.index(self.period)
        self._slow = self._slow + 1 if seconds > 0.8 * self.period else 0
        faster = PERIODS[index - 1] if index else 0
        self._fast = self._fast + 1 if seconds < 0.5 * faster else 0
        if self._slow >= SLOW_AFTER and index + 1 < len(PERIODS):
            index += 1
        elif self._fast >= FAST_AFTER:
            index -= 1
        else:
            return False
        self.period = PERIODS[index]
        self._slow = self._fast = 0
        return True


class Backoff:
    """Pauses between tries: from `low` to `high` seconds, doubled each time, half more or less.

    `random` gives numbers from 0 to 1, and is a parameter for tests.
    """

    def __init__(self, random: Callable[[], float], low: float = 1.0, high: float = 60.0) -> None:
        self._random = random
        self._low = low
        self._high = high
        self._pause = low

    def next(self) -> float:
        """Seconds to wait before the next try; never more than `high`."""
        pause = self._pause * (0.5 + self._random())
        self._pause = min(2 * self._pause, self._high)
        return min(pause, self._high)

    def reset(self) -> None:
        """A try succeeded."""
        self._pause = self._low


def retry_after(now: float, last_live: float | None, watched: bool, backoff: Backoff) -> float:
    """Seconds to the next cheap probe of a lost host.

    A watched host that was live within five minutes is probed each second,
    others by backoff.
    """
    if watched and last_live is not None and 0 <= now - last_live <= RECENTLY:
        return 1.0
    return backoff.next()


class Life:
    """How long a host is sampled and its points are kept after the last viewer left."""

    def __init__(self, linger: float = 30.0, keep: float = 900.0) -> None:
        self.viewers = 0
        self._linger = linger
        self._keep = keep
        self._left = -math.inf

    def join(self, now: float) -> None:
        """One viewer (or channel) more."""
        self.viewers += 1

    def leave(self, now: float) -> None:
        """One less; the time counts where it was the last."""
        self.viewers = max(0, self.viewers - 1)
        self._left = now

    def polled(self, now: float) -> bool:
        """True while it is to be sampled."""
        return self.viewers > 0 or now - self._left < self._linger

    def kept(self, now: float) -> bool:
        """True while its points are to be kept."""
        return self.viewers > 0 or now - self._left < self._keep
