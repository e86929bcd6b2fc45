"""How each list of names is fetched, worked out once: the memory of it, for all transports.

Only the keeping belongs here; what a plan holds and how it is made is each
transport's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

_MOST = 8  # lists of names asked for in turn by one host's sampler are fewer


class _Plan(Protocol):
    missing: dict[str, str]
    until: float


P = TypeVar("P", bound=_Plan)


class Plans(Generic[P]):
    """The last few plans by their names. One with missing metrics is made anew after `until`."""

    def __init__(self, make: Callable[[tuple[str, ...]], P], clock: Callable[[], float]) -> None:
        self._make = make
        self._clock = clock
        self._plans: dict[tuple[str, ...], P] = {}

    def get(self, names: tuple[str, ...]) -> P:
        """The plan for `names`; raises what making it raises."""
        plan = self._plans.get(names)
        if plan is None or (plan.missing and plan.until < self._clock()):
            plan = self._make(names)
            if len(self._plans) >= _MOST:
                self._plans.clear()
            self._plans[names] = plan
        return plan

    def clear(self) -> None:
        """Forget them all: the host may have changed."""
        self._plans.clear()
