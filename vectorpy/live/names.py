"""The names of one host's metrics: as a list, as a tree, and by search.

Pure: it is built from descriptors and asks nobody. Descriptors of a host are
those that its sources may tell; what may hold secrets is never among them.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Any

from vectorpy.model import units
from vectorpy.model.metric import COUNTER, Descriptor

# More are not listed at once: the page holds them all. Search and tree know all of them.
MOST_LISTED = 20_000
_HELP = 200


class Names:
    """See the module. `all` are the descriptors, sorted by name."""

    def __init__(self, descriptors: Iterable[Descriptor]) -> None:
        self.all = sorted(descriptors, key=lambda d: d.name)
        self._sorted = [d.name for d in self.all]
        self._low = [d.name.lower() for d in self.all]
        self._texts = [f"{d.oneline} {d.text} {d.units}".lower() for d in self.all]

    def get(self, name: str) -> Descriptor | None:
        """The metric of that name."""
        at = bisect.bisect_left(self._sorted, name)
        found = self.all[at : at + 1]
        return found[0] if found and found[0].name == name else None

    def search(self, text: str, limit: int) -> dict[str, Any]:
        """Metrics with all words of `text` in name, help or units: the best `limit`, and how many.

        Those whose name has them come first. Where no metric has them, those
        whose name has the letters in that order: `krnload` is kernel.all.load.
        """
        words = text.lower().split()
        found = [(rank, n) for n in range(len(self.all)) if (rank := self._rank(n, words)) < 3]
        if words and not found:
            letters = "".join(words)
            found = [(3, n) for n, low in enumerate(self._low) if _scattered(letters, low)]
        found.sort()
        metrics = [told(self.all[n]) for _, n in found[:limit]]
        return {"metrics": metrics, "total": len(found)}

    def _rank(self, n: int, words: list[str]) -> int:
        """0 for a hit at the name's start, 1 in the name, 2 in the texts; 3 where words lack."""
        low = self._low[n]
        if all(word in low for word in words):
            return 0 if not words or low.startswith(words[0]) else 1
        texts = self._texts[n]
        return 2 if all(word in low or word in texts for word in words) else 3

    def listed(self) -> dict[str, Any]:
        """All metrics as rows, without repeating their keys: docs/wire.md 6."""
        rows = [
            [d.name, d.type, d.semantics, d.units, d.indom, (d.oneline or d.text)[:_HELP]]
            for d in self.all[:MOST_LISTED]
        ]
        return {"metrics": rows, "total": len(self.all)}

    def tree(self, under: str) -> dict[str, Any]:
        """The next names below `under` ("" is the root), each with how many metrics it holds."""
        prefix = f"{under}." if under else ""
        start = bisect.bisect_left(self._sorted, prefix)
        nodes: dict[str, dict[str, Any]] = {}
        for name in self._sorted[start:]:
            if not name.startswith(prefix):
                break
            head, dot, _ = name[len(prefix) :].partition(".")
            node = nodes.setdefault(
                head, {"name": head, "path": prefix + head, "metric": False, "below": 0}
            )
            if dot:
                node["below"] += 1
            else:
                node["metric"] = True
        return {"under": under, "nodes": list(nodes.values())}


def _scattered(letters: str, name: str) -> bool:
    """Whether `name` has these letters in this order."""
    rest = iter(name)
    return all(letter in rest for letter in letters)


def told(descriptor: Descriptor) -> dict[str, Any]:
    """What people are told of a metric."""
    return {
        "name": descriptor.name,
        "help": descriptor.oneline or descriptor.text,
        "type": descriptor.type,
        "semantics": descriptor.semantics,
        "units": descriptor.units,
        "indom": descriptor.indom,
    }


def detailed(descriptor: Descriptor) -> dict[str, Any]:
    """As `told`, with the long help, the unit of its points, and whether those are rates."""
    numeric = descriptor.numeric
    return {
        **told(descriptor),
        "text": descriptor.text,
        "numeric": numeric,
        "rate": numeric and descriptor.semantics == COUNTER,
        "unit": units.unit_name(units.point_dim(descriptor)) if numeric else "",
    }
