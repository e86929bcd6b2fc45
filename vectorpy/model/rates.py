"""From raw samples to points: counters become rates, units become canonical.

The rules are those of docs/wire.md 2, and stand here alone. One `Rates` holds what
is remembered of one host: its last sample. A point is a number, a text, or
None, which is a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vectorpy.model import units
from vectorpy.model.metric import COUNTER, NONSENSE, Descriptor
from vectorpy.model.sample import Instances, Sample

Point = float | str | None
# More than this many periods between two samples, and there is no rate.
MAX_PERIODS = 2.5
WRAP = 2**32
# A mended difference above this was no wrap but a counter set back.
MAX_MENDED = 2**31


@dataclass(slots=True)
class Points:
    """What one sample says in canonical units.

    `values` is metric -> instance name ("" singular) -> point. `covered` are
    the seconds that its rates cover, 0.0 where there are none. `restarted`
    tells that the host was started anew since the sample before,
    `agents_restarted` the domains of agents that came back.
    """

    values: dict[str, dict[str, Point]]
    covered: float
    restarted: bool
    agents_restarted: frozenset[int]


class _Way(NamedTuple):
    """How one metric's values become points; made once per descriptor."""

    descriptor: Descriptor
    domain: int
    factor: float
    counter: bool
    wraps: bool
    text: bool
    histogram: bool
    nonsense: float | None


def _way(descriptor: Descriptor, histogram: bool) -> _Way:
    numeric = descriptor.numeric
    return _Way(
        descriptor,
        descriptor.domain,
        units.point_factor(descriptor) if numeric and not histogram else 1.0,
        numeric and descriptor.semantics == COUNTER,
        descriptor.type in ("u32", "s32"),
        not numeric,
        histogram,
        NONSENSE.get(descriptor.name),
    )


class Rates:
    """The state of one host: what its last sample was, to make rates of the next.

    `histograms` are metrics whose instances are ranges: one that comes was at
    zero before, for a range without events needs not be told. Their counts are
    plain numbers, even where the descriptor tells the unit of the ranges.

    `periods` are seconds between samples by metric, where some come more rarely
    than others, as in archives: a metric that a sample lacks then keeps its last
    values until it comes again.
    """

    def __init__(
        self,
        histograms: Collection[str] = (),
        periods: Mapping[str, float] | None = None,
    ) -> None:
        self._histograms = frozenset(histograms)
        self._periods = periods
        self._ways: dict[str, _Way] = {}
        # Counters of the last sample: time of their answer, and raw values.
        self._before: dict[str, tuple[float, Instances]] = {}
        self._stamp: float | None = None
        self._uptime: float | None = None
        self._agents: dict[int, int] = {}

    def learn(self, histograms: Collection[str]) -> None:
        """Other metrics are histograms from now on."""
        self._histograms = frozenset(histograms)
        self._ways = {}

    def reset(self) -> None:
        """Forget the last sample: the next one has no rates."""
        self._before = {}
        self._stamp = None
        self._uptime = None
        self._agents = {}

    def points(
        self, sample: Sample, descriptors: Mapping[str, Descriptor], period: float = 1.0
    ) -> Points:
        """The points of `sample`, which follows the one given before.

        `period` is the seconds between samples now in force. Metrics without a
        descriptor are left out. It raises nothing on strange values: they are gaps.
        """
        restarted = self._restarted(sample.uptime)
        changed, back = self._agents_changed(sample.agents)
        before = {} if restarted else self._before
        limit = MAX_PERIODS * period
        periods = self._periods or {}
        now: dict[str, tuple[float, Instances]] = {}
        values: dict[str, dict[str, Point]] = {}
        ways = self._ways
        dead = {domain for domain, status in sample.agents.items() if status}
        for part in sample.parts:
            stamp = part.stamp
            for name, raw in part.values.items():
                way = ways.get(name)
                if way is None or way.descriptor is not descriptors.get(name):
                    way = self._new_way(name, descriptors)
                    if way is None:
                        continue
                if way.domain in dead:
                    values[name] = dict.fromkeys(raw)
                elif not way.counter:
                    values[name] = _gauges(raw, way)
                else:
                    now[name] = (stamp, raw)
                    old = before.get(name)
                    dt = stamp - old[0] if old else 0.0
                    most = MAX_PERIODS * periods[name] if name in periods else limit
                    if old is None or not 0.0 < dt <= most or way.domain in changed:
                        values[name] = dict.fromkeys(raw)
                    else:
                        values[name] = _rates(raw, old[1], way, dt)
        self._before = now if self._periods is None else {**before, **now}
        return Points(values, self._cover(sample, restarted, limit), restarted, back)

    def _new_way(self, name: str, descriptors: Mapping[str, Descriptor]) -> _Way | None:
        """The metric's way; where its descriptor changed, the last sample means nothing."""
        descriptor = descriptors.get(name)
        if descriptor is None:
            return None
        old = self._ways.get(name)
        if old is not None and old.descriptor != descriptor:
            self._before.pop(name, None)
        way = self._ways[name] = _way(descriptor, name in self._histograms)
        return way

    def _restarted(self, uptime: float | None) -> bool:
        """True where the host's uptime fell since it was last told."""
        fell = uptime is not None and self._uptime is not None and uptime < self._uptime
        if uptime is not None:
            self._uptime = uptime
        return fell

    def _agents_changed(self, agents: dict[int, int]) -> tuple[set[int], frozenset[int]]:
        """Domains whose status changed, and those of them that are well again."""
        known = self._agents
        if agents:
            self._agents = agents
        if not known or not agents or known == agents:
            return set(), frozenset()
        changed = {
            domain
            for domain in known.keys() | agents.keys()
            if known.get(domain) != agents.get(domain)
        }
        return changed, frozenset(d for d in changed if known.get(d) and agents.get(d) == 0)

    def _cover(self, sample: Sample, restarted: bool, limit: float) -> float:
        """Seconds since the last sample, by the host's clock; 0.0 where no rate covers them."""
        if not sample.parts:
            return 0.0
        before, self._stamp = self._stamp, sample.stamp
        if before is None or restarted:
            return 0.0
        dt = sample.stamp - before
        return dt if 0.0 < dt <= limit else 0.0


def _gauges(raw: Instances, way: _Way) -> dict[str, Point]:
    if way.text:
        return {name: x if isinstance(x, str) else None for name, x in raw.items()}
    factor = way.factor
    if way.nonsense is not None:
        raw = {name: x for name, x in raw.items() if not _at_least(x, way.nonsense)}
    points: dict[str, Point] = {}
    for name, x in raw.items():
        try:
            point = x * factor  # type: ignore[operator]
            # Of non-finite numbers alone the difference to themselves is not zero.
            points[name] = point if point - point == 0.0 else None
        except (TypeError, OverflowError):
            points[name] = None
    return points


def _at_least(x: object, end: float) -> bool:
    return isinstance(x, int | float) and x >= end


def _rates(raw: Instances, before: Instances, way: _Way, dt: float) -> dict[str, Point]:
    """Rates per second; None at first sight, at decreases, and where they are no numbers."""
    scale = way.factor / dt
    points: dict[str, Point] = {}
    for name, x in raw.items():
        try:
            step = x - (before.get(name, 0) if way.histogram else before[name])  # type: ignore[operator]
            if step < 0:
                step += WRAP
                if not way.wraps or not 0 <= step <= MAX_MENDED:
                    points[name] = None
                    continue
            rate = step * scale
            points[name] = rate if rate - rate == 0.0 else None
        except (KeyError, TypeError, OverflowError):
            points[name] = None
    return points
