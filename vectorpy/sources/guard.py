"""What holds for every transport: secrets stay where they are, errors name their host.

A dialled source comes wrapped in this, so that no transport can forget it. The
wrapper also tells the dialler how its openings go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from vectorpy.errors import VectorpyError
from vectorpy.model.mask import masked
from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import Sample
from vectorpy.sources import riders
from vectorpy.sources.face import ALL, Facts, Only, Source


class Guarded:
    """`source` of the host `host`, without what is never fetched; see `face.Source`.

    `note(ok)` hears of each opening and of each fetch that failed.
    """

    def __init__(self, source: Source, host: str, note: Callable[[bool], None]) -> None:
        self.source, self._host, self._note = source, host, note
        self._split: tuple[tuple[str, ...], tuple[str, ...], dict[str, str]] = ((), (), {})

    def open(self) -> Facts:
        """See `face.Source.open`."""
        with self._watched():
            facts = self.source.open()
        self._note(True)
        return facts

    def describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        """See `face.Source.describe`; what is never fetched counts as unknown."""
        with self._watched():
            return self.source.describe([n for n in names if not riders.never_fetched(n)])

    def fetch(self, names: Sequence[str], only: Only = ALL) -> Sample:
        """See `face.Source.fetch`; what is never fetched is in `missing`."""
        asked = tuple(names)
        if asked != self._split[0]:
            allowed = tuple(n for n in asked if not riders.never_fetched(n))
            refused = {n: riders.forbidden(n) for n in asked if riders.never_fetched(n)}
            self._split = (asked, allowed, refused)
        with self._watched():
            sample = self.source.fetch(self._split[1], only)
        sample.missing.update(self._split[2])
        if not riders.COMMAND_LINES.isdisjoint(asked):
            _mask(sample)
        return sample

    def children(self, prefix: str) -> list[Descriptor]:
        """See `face.Source.children`; what is never fetched is left out."""
        with self._watched():
            found = self.source.children(prefix)
        return [d for d in found if not riders.never_fetched(d.name)]

    def close(self) -> None:
        """See `face.Source.close`."""
        self.source.close()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except VectorpyError as error:
            error.host = error.host or self._host
            self._note(False)
            raise


def _mask(sample: Sample) -> None:
    """Take secrets out of command lines."""
    for part in sample.parts:
        for name in riders.COMMAND_LINES & part.values.keys():
            lines = part.values[name].items()
            part.values[name] = {i: masked(x) if isinstance(x, str) else x for i, x in lines}
