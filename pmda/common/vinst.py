"""Instances: names that PCP takes, and ids that stay as long as their name is known.

PCP's own cache of ids (what a dict of instances makes of it) writes a file
that grows for ever and never culls; these ids live in memory and are bounded.
"""

from __future__ import annotations

from typing import Dict, Hashable, List, Mapping, Sequence, Tuple

NAME_BYTES = 200
LAST_ID = 2**31 - 1
Pairs = Tuple[Tuple[int, str], ...]


def clean(name: str) -> str:
    """`name` as PCP's clients and pmproxy take it: ASCII, no blanks, short, not empty.

    A name must be unique up to its first blank, so it has none.
    """
    if name.isascii() and name.isprintable() and " " not in name and 0 < len(name) <= NAME_BYTES:
        return name
    kept = "".join(c if c.isascii() and c.isprintable() and c != " " else "_" for c in name)
    return kept[:NAME_BYTES] or "_"


class Instances:
    """The ids of one domain. A key that comes back within `keep` seconds has its old id.

    An id is never given to another key while the agent runs (it wraps after
    two thousand million); `cap` bounds what is shown, ten times that what is
    remembered.
    """

    def __init__(self, cap: int, keep: float = 300.0, first: int = 0) -> None:
        self.cap = cap
        self.keep = keep
        self._next = first
        self._known: Dict[Hashable, Tuple[int, float]] = {}  # oldest sighting first
        self._last: Dict[Hashable, int] = {}  # what was found last, for these keys
        self._keys: Sequence[Hashable] = ()
        self._seen = self._swept = float("-inf")  # when these keys were seen, and first so

    def __len__(self) -> int:
        return len(self._known)

    def ids(self, keys: Sequence[Hashable], now: float) -> Dict[Hashable, int]:
        """Key -> id of the first `cap` keys. `now` is monotonic, in seconds."""
        if keys == self._keys and now - self._swept < self.keep / 10:
            self._seen = now
            return self._last
        known = self._known
        for key, number in self._last.items():  # what was put off above
            known.pop(key, None)
            known[key] = (number, self._seen)
        self._cull(now)
        found: Dict[Hashable, int] = {}
        for key in keys:
            if len(found) == self.cap:
                break
            entry = known.pop(key, None)
            number = self._fresh(found) if entry is None else entry[0]
            known[key] = (number, now)  # at the end: seen last
            found[key] = number
        self._cull(now)
        self._last, self._keys, self._seen, self._swept = found, keys, now, now
        return found

    def _fresh(self, found: Dict[Hashable, int]) -> int:
        number = self._next
        if number > LAST_ID:
            taken = {entry[0] for entry in self._known.values()} | set(found.values())
            number = next(n for n in range(LAST_ID) if n not in taken)
        self._next = number + 1
        return number

    def _cull(self, now: float) -> None:
        limit = self.cap * 10
        gone: List[Hashable] = []
        for key, (_, seen) in self._known.items():
            if now - seen <= self.keep and len(self._known) - len(gone) <= limit:
                break
            if seen == now:
                break
            gone.append(key)
        for key in gone:
            del self._known[key]


def pairs(ids: Mapping[Hashable, int], names: Mapping[Hashable, str]) -> Pairs:
    """(id, name) of each key, names cleaned and made unique; `names` lacks those that name
    themselves."""
    used: Dict[str, int] = {}
    made = []
    for key, number in ids.items():
        name = clean(names.get(key) or str(key))
        if name in used:
            name = clean("%s#%d" % (name[: NAME_BYTES - 12], number))
        used[name] = number
        made.append((number, name))
    return tuple(made)
