"""Answers of a JVM to GC.heap_info and Thread.print, as metrics. Pure.

They are texts for people that differ between collectors and versions; what is
not recognised gives no value.
"""

from __future__ import annotations

import re
from typing import Dict

_SIZE = r"(\d{1,15})([BKMGT])"
_FACTOR = {"B": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_RESERVED = re.compile(r"total reserved %s, committed %s, used %s" % (_SIZE, _SIZE, _SIZE))
_GENERATION = re.compile(r"^.*\btotal %s, used %s" % (_SIZE, _SIZE), re.MULTILINE)
_Z = re.compile(r"^\s*ZHeap\s+used %s, capacity %s, max capacity %s" % (_SIZE, _SIZE, _SIZE), re.M)
_SHENANDOAH = re.compile(r"%s max, .*?%s committed, %s used" % (_SIZE, _SIZE, _SIZE))
_EPSILON = re.compile(
    r"Epsilon Heap.*?space %s,\s+\d+%% used \[0x([0-9a-f]{1,16}), 0x([0-9a-f]{1,16})," % _SIZE, re.S
)
_META = re.compile(r"Metaspace\s+used %s,(?: capacity \w+,)? committed %s" % (_SIZE, _SIZE))
_CLASSES = re.compile(r"class space\s+used %s,(?: capacity \w+,)? committed %s" % (_SIZE, _SIZE))
_THREAD = re.compile(r'^"(.*)" #\d+ (?:\[\d+\] )?(daemon )?prio=', re.MULTILINE)
# Threads that a JVM keeps to itself; its own count leaves them out.
_HIDDEN = re.compile(
    r"(C[12] CompilerThread\d+|JVMCI.*|Service Thread|Monitor Deflation Thread|Sweeper thread"
    r"|Cleanup Thread|StringDedup.*|G1 .*)\Z"
)


def _bytes(number: str, unit: str) -> int:
    return int(number) << _FACTOR[unit]


def heap(text: str) -> Dict[str, int]:
    """GC.heap_info: metric -> bytes."""
    found = _heap(text)
    for pattern, prefix in ((_META, "metaspace."), (_CLASSES, "metaspace.class_")):
        match = pattern.search(text)
        if match:
            found[prefix + "used"] = _bytes(*match.group(1, 2))
            found[prefix + "committed"] = _bytes(*match.group(3, 4))
    return found


def _heap(text: str) -> Dict[str, int]:
    match = _RESERVED.search(text)
    if match:
        return _three(_bytes(*match.group(5, 6)), _bytes(*match.group(3, 4)), 0)
    match = _Z.search(text)
    if match:
        sizes = [_bytes(*match.group(at, at + 1)) for at in (1, 3, 5)]
        return _three(*sizes)
    match = _SHENANDOAH.search(text)
    if match:
        return _three(*[_bytes(*match.group(at, at + 1)) for at in (5, 3, 1)])
    match = _EPSILON.search(text)
    if match:
        used = int(match.group(4), 16) - int(match.group(3), 16)
        return _three(max(0, used), _bytes(*match.group(1, 2)), 0)
    generations = _GENERATION.findall(text)
    if generations:
        used = sum(_bytes(*each[2:4]) for each in generations)
        return _three(used, sum(_bytes(*each[0:2]) for each in generations), 0)
    return {}


def _three(used: int, committed: int, limit: int) -> Dict[str, int]:
    found = {"heap.used": used, "heap.committed": committed}
    if limit:
        found["heap.max"] = limit
    return found


def threads(text: str) -> Dict[str, int]:
    """Thread.print: metric -> count."""
    shown = [daemon for name, daemon in _THREAD.findall(text) if not _HIDDEN.match(name)]
    if not shown:
        return {}
    return {"threads.live": len(shown), "threads.daemon": sum(1 for daemon in shown if daemon)}
