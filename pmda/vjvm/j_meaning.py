"""What the counters of hsperfdata mean: collectors, pools, heap, times.

Pure: a layout's strings give a Plan, a Plan and one sample give values. A
collector's *name* decides what its time is, never its index: index 2 is a
pause of G1 in one JDK and a whole concurrent cycle elsewhere.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

import j_hsperf

GENERATIONS = range(2)  # a third one was the permanent generation, which is no heap
SPACES = range(8)
COLLECTORS = range(8)
MOST_HERTZ = 10**12

# Names that mean: the application stands still for all of the time told.
# JDK 11 and later say so themselves; the others are JDK 8's.
_PAUSES = re.compile(r"pauses?\b|stop-the-world", re.IGNORECASE)
_OLD_PAUSES = frozenset(
    ("Copy", "MSC", "MCS", "PCopy", "ParNew", "PSScavenge", "PSParallelCompact", "PSMarkSweep")
    + ("CMS", "G1 incremental collections", "G1 stop-the-world full collections")
)
_FAMILIES = (
    ("G1", re.compile(r"G1 ")),
    ("Parallel", re.compile(r"Parallel |PS(Scavenge|ParallelCompact|MarkSweep)\b")),
    ("ZGC", re.compile(r"Z ?(GC)?\b")),
    ("Shenandoah", re.compile(r"Shenandoah ")),
    ("CMS", re.compile(r"CMS\b|PCopy\b|ParNew\b")),
    ("Serial", re.compile(r"Serial |Copy\b|M[SC][SC]\b")),
)
_YOUNG = re.compile(r"young|minor|incremental|Copy|ParNew|Scavenge")
_FULL = re.compile(r"full|MSC|MCS|Compact|MarkSweep")
# Their generations share one heap: the largest bound is the heap's, not the sum.
_ONE_BOUND = frozenset(("G1", "ZGC", "Shenandoah", "Epsilon", ""))
_PADDED = 4096  # G1 before JDK 19 adds a few bytes to capacities, which are whole regions


class Collector(NamedTuple):
    """`name` as an instance's; `pauses`: its time is time in which nothing else ran."""

    base: str
    name: str
    pauses: bool
    young: bool  # it empties eden
    full: bool  # it empties all of the heap


class Pool(NamedTuple):
    base: str
    name: str
    generation: int


class Plan(NamedTuple):
    """What one JVM's file offers."""

    gc: str
    collectors: Tuple[Collector, ...]
    pools: Tuple[Pool, ...]
    # Eden's use is kept up to date. JDK 24 took away the thread that did this
    # for Parallel and Serial: there it is that of the last collection.
    eden_live: bool

    def numbers(self) -> List[str]:
        """Names of all numbers that `heap` and the others below read."""
        names: List[str] = []
        for collector in self.collectors:
            names += [collector.base + end for end in ("invocations", "time")]
            names += [collector.base + end for end in ("lastEntryTime", "lastExitTime")]
        for pool in self.pools:
            names += [pool.base + end for end in ("used", "capacity", "maxCapacity")]
        names += ["sun.gc.generation.%d.maxCapacity" % number for number in GENERATIONS]
        return names


def plan(layout: j_hsperf.Layout, data: bytes) -> Plan:
    """Read names of collectors and spaces from a file's strings."""
    collectors = []
    for number in COLLECTORS:
        base = "sun.gc.collector.%d." % number
        name = layout.text(data, base + "name")
        if name:
            collectors.append(collector(base, name))
    gc = family([layout.text(data, each.base + "name") for each in collectors])
    pools = _pools(layout, data)
    if not collectors and [pool.name for pool in pools] == ["heap"]:
        gc = "Epsilon"
    live = gc not in ("Parallel", "Serial") or "sun.os.hrt.ticks" in layout.entries
    return Plan(gc, tuple(collectors), pools, live)


def collector(base: str, name: str) -> Collector:
    stops = bool(_PAUSES.search(name)) or name in _OLD_PAUSES
    shown = re.sub(r"( collection| cycle)? pauses$| collections$", "", name)
    young, full = bool(_YOUNG.search(name)), bool(_FULL.search(name))
    return Collector(base, shown.replace(" ", "_"), stops, young, full)


def family(names: List[str]) -> str:
    """The garbage collector by the names of its parts; "" for one that is not known."""
    for name, pattern in _FAMILIES:
        if any(pattern.match(each) for each in names):
            return name
    return ""


def _pools(layout: j_hsperf.Layout, data: bytes) -> Tuple[Pool, ...]:
    found: List[Tuple[int, str, str, str]] = []
    for generation in GENERATIONS:
        top = "sun.gc.generation.%d." % generation
        whole = layout.text(data, top + "name")
        for space in SPACES:
            base = "%sspace.%d." % (top, space)
            if base + "used" in layout.entries:
                found.append((generation, base, whole, layout.text(data, base + "name")))
    pools = []
    for generation, base, whole, name in found:
        if len(found) == 1:
            name = "heap"  # a collector without generations calls it old, or Heap
        elif name in ("space", ""):
            name = whole or "generation%d" % generation
        pools.append(Pool(base, re.sub(r"\W", "_", name.lower(), flags=re.ASCII), generation))
    return tuple(pools)


Numbers = Mapping[str, int]


def size(numbers: Numbers, name: str) -> Optional[int]:
    """A number that can't be negative; None where it is or is not there."""
    value = numbers.get(name)
    return value if value is not None and value >= 0 else None


def nanoseconds(numbers: Numbers, name: str) -> Optional[int]:
    """A number of ticks of the JVM's clock as nanoseconds."""
    ticks, hertz = size(numbers, name), numbers.get("sun.os.hrt.frequency", 0)
    if ticks is None or not 0 < hertz <= MOST_HERTZ:
        return None
    value = ticks * 10**9 // hertz
    return value if value < 1 << 64 else None


class PoolSizes(NamedTuple):
    """Bytes; `used` is None where this JVM does not tell what it is now."""

    used: Optional[int]
    committed: int
    limit: Optional[int]


def pools(plan_: Plan, numbers: Numbers) -> Dict[str, PoolSizes]:
    """Pool's name -> bytes. Pools that this JVM never uses (s0 of G1) are left out."""
    found: Dict[str, PoolSizes] = {}
    for pool in plan_.pools:
        used, committed = size(numbers, pool.base + "used"), size(numbers, pool.base + "capacity")
        limit = size(numbers, pool.base + "maxCapacity")
        if used is None or committed is None:
            continue
        committed, limit = _unpadded(plan_, committed), _unpadded(plan_, limit)
        if used or committed or limit:
            known = pool.name != "eden" or plan_.eden_live
            found[pool.name] = PoolSizes(used if known else None, committed or 0, limit)
    if plan_.gc == "ZGC" and not any(
        size(numbers, c.base + "invocations") for c in plan_.collectors
    ):
        # It tells at each collection; before the first one there are zeros.
        return {name: pool._replace(used=None) for name, pool in found.items()}
    return found


def heap_used(found: Mapping[str, PoolSizes]) -> Optional[int]:
    """Of all pools; None where one of them is not known."""
    total = 0
    for pool in found.values():
        if pool.used is None:
            return None
        total += pool.used
    return total if found else None


def _unpadded(plan_: Plan, value: Optional[int]) -> Optional[int]:
    return value - value % _PADDED if value is not None and plan_.gc == "G1" else value


def heap_limit(plan_: Plan, numbers: Numbers) -> Optional[int]:
    """The most bytes that the heap may have (-Xmx)."""
    limits = []
    for number in GENERATIONS:
        limit = _unpadded(plan_, size(numbers, "sun.gc.generation.%d.maxCapacity" % number))
        if limit is not None:
            limits.append(limit)
    if not limits:
        return None
    return (max(limits) if plan_.gc in _ONE_BOUND else sum(limits)) or None


class Collections(NamedTuple):
    """Of one collector: `last` is None where its time is no pause or none was yet."""

    rounds: int
    time: Optional[int]  # nanoseconds
    last: Optional[int]  # nanoseconds
    pauses: bool


def collections(plan_: Plan, numbers: Numbers) -> Dict[str, Collections]:
    """Collector's name -> what it did."""
    found: Dict[str, Collections] = {}
    for each in plan_.collectors:
        count = size(numbers, each.base + "invocations")
        if count is None:
            continue
        entered = nanoseconds(numbers, each.base + "lastEntryTime")
        left = nanoseconds(numbers, each.base + "lastExitTime")
        last = None
        # While a collection runs its entry is later than the last one's exit.
        if each.pauses and count and entered is not None and left is not None and left >= entered:
            last = left - entered
        time = nanoseconds(numbers, each.base + "time")
        found[each.name] = Collections(count, time, last, each.pauses)
    return found


def pause_total(found: Mapping[str, Collections]) -> Optional[int]:
    """Nanoseconds of all pauses; None if a collector that ran does not tell them apart."""
    total = 0
    for each in found.values():
        if not each.pauses and not each.rounds:
            continue
        if not each.pauses or each.time is None:
            return None
        total += each.time
    return total if any(each.pauses for each in found.values()) else None
