"""An archive under the same widgets as a live host: its records become points, its points series.

Loading a span and evaluating wishes over it belong here; who asks is `printout`'s
and `replays`'. Rates, units and expressions are those of live hosts. Recorded
values are taken as they are, never interpolated (docs/archives.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from vectorpy.live.record import Record
from vectorpy.live.view import View
from vectorpy.model import grid
from vectorpy.model.grid import GridRow, Recorded
from vectorpy.model.metric import COUNTER, Descriptor
from vectorpy.model.rates import MAX_PERIODS, Rates
from vectorpy.model.sample import Part, Sample
from vectorpy.model.track import Track
from vectorpy.sources.archive import Archive, Span
from vectorpy.sources.riders import UPTIME, singular_float

# A metric recorded more rarely than this, or once, is looked for in the whole archive.
_RARE_SECONDS = 300.0
# Seconds at most that are read before and after a span, for what holds in it.
_MARGIN = 3600.0


class Recording(Record):
    """What an archive's span says: like a live host's record, with a row per recorded time."""

    def __init__(
        self, period: float, periods: dict[str, float], histograms: frozenset[str], memory: int
    ) -> None:
        super().__init__(60, 0, histograms)
        self.period = period
        self.track = Track(period, memory)
        self.ring = self.track
        self.rates = Rates(histograms, periods)

    def alive(self, metrics: Iterable[str], instance: str, t: int) -> bool:
        """All instances of the span are drawn, also those that are gone at its end."""
        return True


@dataclass(frozen=True, slots=True)
class _Habits:
    """How often metrics are recorded, rows are, where in the second; records of rare metrics."""

    periods: dict[str, float | None]
    period: float
    phase: float
    rare: dict[str, list[Recorded]]

    @property
    def margin(self) -> float:
        """Seconds around a span that bear on it."""
        known = [p for p in self.periods.values() if p and p <= _RARE_SECONDS]
        return min(_MARGIN, MAX_PERIODS * max([self.period, *known]))


class Replay:
    """One archive, open. For one thread at a time.

    `memory` bounds the bytes of the points of one span.
    """

    def __init__(self, archive: Archive, histograms: frozenset[str], memory: int) -> None:
        self.archive = archive
        self.span: Span = archive.open()
        self._histograms = histograms
        self._memory = memory
        self._descriptors: dict[str, Descriptor] = {}
        self._unknown: set[str] = set()
        self._habits: dict[frozenset[str], _Habits] = {}

    def close(self) -> None:
        """Give the reader back."""
        self.archive.close()

    def describe(self, names: Collection[str]) -> dict[str, Descriptor]:
        """Descriptors of those of `names` that the archive has."""
        lacking = [n for n in names if n not in self._descriptors and n not in self._unknown]
        if lacking:
            self._descriptors.update(self.archive.describe(lacking))
            self._unknown.update(n for n in lacking if n not in self._descriptors)
        return {n: self._descriptors[n] for n in names if n in self._descriptors}

    def period(self, names: Collection[str], near: float) -> float:
        """Seconds between the rows of `names`, a second at least."""
        return self._habit(sorted(self.describe([*names, UPTIME])), near).period

    def load(self, names: Collection[str], start: float, end: float) -> Recording:
        """The points of `names` from second `start` to `end`, and what of before holds there.

        HostError and its kin where the archive can't be read at all.
        """
        known = self.describe(sorted({*names, UPTIME}))
        order = sorted(known)
        habits = self._habit(order, start)
        periods = {n: p for n, p in habits.periods.items() if p}
        record = Recording(habits.period, periods, self._histograms, self._memory)
        record.described([*names], {n: d for n, d in known.items() if n in names})
        low, high = start - habits.margin, end + habits.margin
        records = self.archive.read(order, low, high)
        self._take(record, grid.rows(records, habits.period, habits.phase), habits, low)
        record.track.fill(habits.periods)
        record.without = {
            name: "The archive has no value of it at this time."
            for name in known
            if name in names and not record.known([name])
        }
        record.checked += 1
        return record

    def _take(
        self, record: Recording, rows: Iterator[GridRow], habits: _Habits, start: float
    ) -> None:
        first = True
        for row in rows:
            if not row.parts:
                record.gap(row.t)
                record.rates.reset()
                continue
            if first and habits.rare:
                row.parts.append(_before(habits.rare, row, start))
            first = False
            values = {name: got for part in row.parts for name, got in part.values.items()}
            uptime = singular_float(values, UPTIME)
            record.take(row.t, Sample(row.parts, uptime=uptime), habits.period)

    def _habit(self, names: Sequence[str], near: float) -> _Habits:
        key = frozenset(names)
        habits = self._habits.get(key)
        if habits is None:
            survey = self.archive.survey(names, near)
            rare = [
                name
                for name, period in survey.periods.items()
                if (period is None or period > _RARE_SECONDS)
                and self._descriptors[name].semantics != COUNTER
            ]
            often = {n: p for n, p in survey.periods.items() if n not in rare}
            habits = self._habits[key] = _Habits(
                {**survey.periods, **dict.fromkeys(rare)},
                grid.base_period(often),
                grid.phase(survey.stamps),
                _by_name(self.archive.once(rare)) if rare else {},
            )
        return habits


def _by_name(records: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    for stamp, values in records:
        for name, got in (values or {}).items():
            found.setdefault(name, []).append((stamp, {name: got}))
    return found


def _before(rare: dict[str, list[Recorded]], row: GridRow, start: float) -> Part:
    """The last values of rare metrics before `start`, of those that `row` has not itself."""
    there = {name for part in row.parts for name in part.values}
    values = {}
    for name, records in rare.items():
        past = [got for stamp, got in records if stamp < start and got]
        if name not in there and past:
            values.update(past[-1])
    return Part(row.parts[0].stamp, values)


def seen(view: View, record: Recording, start: int, end: int) -> View:
    """`view` with the series that the span from `start` to `end` has."""
    view.span = max(1, end - start + 1)
    view.refresh(record, end)
    return view


def metrics_of(views: Iterable[View]) -> frozenset[str]:
    """All metrics that these views may use."""
    return frozenset(chain.from_iterable(view.metrics for view in views))
