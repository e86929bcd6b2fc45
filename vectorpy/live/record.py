"""What is known of one host's metrics: descriptors, points, and who came and went.

It turns samples into rows of the ring and says what changed by it. It asks
nobody and publishes nothing; the host's lock is held by whoever calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from vectorpy.model.metric import COUNTER, Descriptor
from vectorpy.model.rates import Point, Rates
from vectorpy.model.ring import Ring
from vectorpy.model.sample import Sample

# A vanished instance stays in layouts, as null, for this many seconds.
VANISHED_SECONDS = 60
Values = Mapping[str, Mapping[str, Point]]


@dataclass(slots=True)
class Taken:
    """What a sample brought: marks as (kind, text), and whether agents changed."""

    marks: list[tuple[str, str]] = field(default_factory=list)
    agents_changed: bool = False


class Record:
    """One host's descriptors, rates and ring. `histograms` are metrics by ranges of values.

    `checked` rises whenever it changes which widgets can draw (descriptors, and
    metrics that have no value), `churn` whenever instances came or went. One that
    went stays for `vanished` seconds (or tenths, where those are counted).
    """

    def __init__(
        self,
        seconds: int,
        limit_bytes: int,
        histograms: Collection[str] = frozenset(),
        vanished: int = VANISHED_SECONDS,
    ) -> None:
        self.vanished = vanished
        self.histograms = frozenset(histograms)
        self.ring = Ring(seconds, limit_bytes)
        self.rates = Rates(self.histograms)
        self.descriptors: dict[str, Descriptor] = {}
        self.unknown: set[str] = set()
        self.without: dict[str, str] = {}
        self.agents: dict[int, int] = {}
        self.checked = 0
        self.churn = 0
        self.full = False
        self._had: set[str] = set()
        self._present: dict[str, Collection[str]] = {}
        self._gone: dict[str, dict[str, int]] = {}
        self._next_expiry: int | None = None

    # -- what exists ---------------------------------------------------------

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the host was never asked to describe."""
        return [n for n in names if n not in self.descriptors and n not in self.unknown]

    def described(self, names: Iterable[str], found: Mapping[str, Descriptor]) -> None:
        """The host was asked to describe `names`, and `found` is what it has."""
        changed = False
        for name in names:
            if name in found:
                changed |= self.descriptors.get(name) != found[name]
                self.unknown.discard(name)
            elif name not in self.unknown:
                self.unknown.add(name)
                changed |= self.descriptors.pop(name, None) is not None
                changed = True
        self.descriptors.update(found)
        self.ring.declare(found, self._summed(found))
        if changed:
            self.checked += 1

    def learn(self, histograms: frozenset[str]) -> None:
        """Other metrics are histograms from now on."""
        if histograms != self.histograms:
            self.histograms = histograms
            self.rates.learn(histograms)
            self.ring.declare(self.descriptors, self._summed(self.descriptors))

    def _summed(self, found: Mapping[str, Descriptor]) -> list[str]:
        """Histograms that count events: those that tell a present state are gauges."""
        return [n for n in found if n in self.histograms and found[n].semantics == COUNTER]

    def asked(self, names: Iterable[str]) -> bool:
        """Whether each of `names` is described, or is known not to exist."""
        return all(n in self.descriptors or n in self.unknown for n in names)

    def known(self, names: Iterable[str]) -> bool:
        """Whether each of `names` is described and was sampled, or is known not to exist."""
        return all(n in self._had or n in self.without or n in self.unknown for n in names)

    @property
    def absent(self) -> frozenset[str]:
        """Metrics that are described but never had a value here."""
        return frozenset(self.without)

    def alive(self, metrics: Iterable[str], instance: str, t: int) -> bool:
        """Whether one of `metrics` has the instance, or had it within the last minute."""
        for metric in metrics:
            if instance in self._present.get(metric, ()):
                return True
            gone = self._gone.get(metric, {}).get(instance)
            if gone is not None and t - gone < self.vanished:
                return True
        return False

    # -- samples -------------------------------------------------------------

    def take(self, t: int, sample: Sample, period: float) -> Taken:
        """The sample of second `t`, `period` seconds being between samples now."""
        points = self.rates.points(sample, self.descriptors, period)
        values: Values = points.values
        if self.full:
            values = self._kept(values)
        self.ring.append(t, points.covered, values)
        self._note_values(sample, values)
        self._note_instances(t, values)
        taken = Taken()
        if points.restarted:
            taken.marks.append(("host-restarted", "The host was started anew."))
        for domain in sorted(points.agents_restarted):
            taken.marks.append(("agent-restarted", self._agent_text(domain)))
        if sample.agents and sample.agents != self.agents:
            taken.agents_changed = bool(self.agents)
            self.agents = dict(sample.agents)
        return taken

    def base(self, sample: Sample, period: float) -> None:
        """A sample that only begins rates; it gives no row."""
        self.rates.points(sample, self.descriptors, period)

    def gap(self, t: int) -> None:
        """The sample of second `t` failed."""
        self.ring.gap(t)

    def dead(self, names: Iterable[str]) -> list[int]:
        """Domains of agents that don't run, of those that bring `names`."""
        bad = {domain for domain, status in self.agents.items() if status}
        if not bad:
            return []
        domains = {self.descriptors[n].domain for n in names if n in self.descriptors}
        return sorted(bad & domains)

    def brings(self, domain: int) -> str:
        """What the agent of `domain` brings, in words: its metrics' first names."""
        firsts = {n.split(".")[0] for n, d in self.descriptors.items() if d.domain == domain}
        return ", ".join(sorted(firsts)) or "its metrics"

    def _agent_text(self, domain: int) -> str:
        return f"PCP's agent {domain} ({self.brings(domain)}) runs again."

    def _kept(self, values: Values) -> Values:
        """Without the series that the ring doesn't have yet: its memory is used up."""
        kept = {}
        for metric, points in values.items():
            have = set(self.ring.instances(metric))
            if have.issuperset(points):
                kept[metric] = points
            elif have:
                kept[metric] = {i: p for i, p in points.items() if i in have}
        return kept

    def _note_values(self, sample: Sample, values: Values) -> None:
        """Keep account of which metrics have values, and why others have none."""
        if not values.keys() <= self._had:
            self._had.update(values)
        missing = {
            name: why
            for name, why in sample.missing.items()
            if name not in self._had and name in self.descriptors
        }
        if missing.keys() != self.without.keys():
            lost = {n: w for n, w in self.without.items() if n not in self._had}
            merged = {**lost, **missing}
            if merged.keys() != self.without.keys():
                self.checked += 1
            self.without = merged

    def _note_instances(self, t: int, values: Values) -> None:
        present = self._present
        for metric, points in values.items():
            before = present.get(metric)
            if before is None:
                present[metric] = points.keys()
                self.churn += 1
            elif points.keys() != before:
                self._changed(t, metric, before, points)
                present[metric] = points.keys()
        if self._next_expiry is not None and t >= self._next_expiry:
            self._expire(t)

    def _changed(
        self, t: int, metric: str, before: Collection[str], points: Mapping[str, Point]
    ) -> None:
        gone = self._gone.setdefault(metric, {})
        for instance in before:
            if instance not in points:
                gone[instance] = t
        for instance in points:
            if instance not in before and gone.pop(instance, None) is None:
                self.churn += 1
        self._plan_expiry()

    def _expire(self, t: int) -> None:
        for metric, gone in list(self._gone.items()):
            old = [i for i, when in gone.items() if t - when >= self.vanished]
            for instance in old:
                del gone[instance]
            if old:
                self.churn += 1
            if not gone:
                del self._gone[metric]
        self._plan_expiry()

    def _plan_expiry(self) -> None:
        times = [when for gone in self._gone.values() for when in gone.values()]
        self._next_expiry = min(times) + self.vanished if times else None
