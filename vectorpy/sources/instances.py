"""Names of instances by id, per instance domain, asked for as rarely as can be.

A domain is loaded when one of its ids turns up unknown, and anew when what is
known is old: an id may come back under another name. How it is loaded is the
transport's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

NAME_LENGTH = 256
_KEEP = 60.0
# Processes (proc, hotproc): their ids are their names. What PCP calls them holds the command
# line, with whatever secrets stand in it, and each new process would have all loaded anew.
PROCESSES = frozenset({"3.9", "3.39"})


@dataclass(slots=True)
class _Known:
    names: dict[int, str]
    loaded: float
    turn: int


class InstanceNames:
    """The names of one host's instances; `load(indom)` gives names by id.

    Per turn (one sample) a domain is loaded at most once, and at most one
    domain only because of its age.
    """

    def __init__(self, load: Callable[[str], dict[int, str]], clock: Callable[[], float]) -> None:
        self._load, self._clock = load, clock
        self._known: dict[str, _Known] = {}
        self._turn = 0

    def clear(self) -> None:
        """Forget all: the context is a new one."""
        self._known.clear()

    def start_turn(self, wanted: Iterable[str]) -> None:
        """A new sample begins that wants these domains."""
        self._turn += 1
        old = self._clock() - _KEEP
        aged = [i for i in wanted if i in self._known and self._known[i].loaded < old]
        if aged:
            self._reload(min(aged, key=lambda indom: self._known[indom].loaded))

    def current(self, indom: str) -> dict[int, str] | None:
        """What is known of a domain now, another object after each load; None where nothing is."""
        known = self._known.get(indom)
        return known.names if known else None

    def names(self, indom: str, ids: Iterable[int]) -> dict[int, str]:
        """Names by id; ids that the host does not name are left out."""
        if indom in PROCESSES:
            return {ident: str(ident) for ident in ids}
        known = self._known.get(indom)
        if known is None:
            return self._reload(indom)
        if known.turn != self._turn and any(i not in known.names for i in ids):
            return self._reload(indom)
        return known.names

    def ids(self, indom: str, names: Iterable[str]) -> frozenset[int]:
        """Ids of those names that are known now."""
        wanted = set(names)
        if indom in PROCESSES:
            return frozenset(int(name) for name in wanted if name.isdecimal())
        known = self._known.get(indom)
        found = known.names if known is not None else self._reload(indom)
        return frozenset(ident for ident, name in found.items() if name in wanted)

    def _reload(self, indom: str) -> dict[int, str]:
        names = tidy(self._load(indom))
        self._known[indom] = _Known(names, self._clock(), self._turn)
        return names


def tidy(names: dict[int, str]) -> dict[int, str]:
    """Names of bounded length, each once: a name that comes twice gets its id behind it."""
    seen: set[str] = set()
    for ident, name in names.items():
        name = name[:NAME_LENGTH]
        if name in seen or not name:
            name = f"{name} [{ident}]".strip()
        seen.add(name)
        names[ident] = name
    return names
