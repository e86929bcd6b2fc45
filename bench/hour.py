"""An archive of an hour at one second, as pmlogger writes it, of the metrics that a preset draws.

python -m bench.hour BASE PRESET     makes it by PCP's import library; prints the metrics
python -m bench.hour --replay BASE PRESET     draws the preset from it, as a page would

What each metric is stands in the tests' record of a stock PCP; the values are
made up. One with instances has four, as a small host's disks and interfaces.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from vectorpy.catalog.loader import load
from vectorpy.live.replay import Replay, metrics_of, seen
from vectorpy.live.view import View
from vectorpy.model.watch import Wish
from vectorpy.sources.archive import Archive

SECONDS = 3600
START = 1_700_000_000
INSTANCES = 4
_RECORD = Path(__file__).resolve().parents[1] / "tests/catalog/pcp-6.0.3.json"
_SEMANTICS = {"counter": 1, "instant": 3, "discrete": 4}
_TYPES = {"s32": 0, "u32": 1, "s64": 2, "u64": 3, "float": 4, "double": 5}


def wishes(preset: str) -> list[Wish]:
    """The widgets of a preset that are drawn as series."""
    catalog = load(None)
    found = [Wish.parse(text) for text in catalog.preset(preset).widgets]
    return [w for w in found if catalog.instantiate(w).kind not in ("table", "verdict")]


def make(base: str, preset: str) -> list[str]:
    """Write the archive; the names of the metrics in it."""
    from pcp import pmi

    known = json.loads(_RECORD.read_text())
    views = [View(wish, 1, load(None), 50) for wish in wishes(preset)]
    names = sorted(n for n in metrics_of(views) if known.get(n, {}).get("type") in _TYPES)
    log = pmi.pmiLogImport(base)
    log.pmiSetHostname("bench")
    log.pmiSetTimezone("UTC")
    named: set[str] = set()
    handles = [one for name in names for one in _add(log, name, known[name], named)]
    for second in range(SECONDS):
        for handle, said, number in handles:
            value = second * (number + 7) if said["semantics"] == "counter" else 4 + number
            log.pmiPutValueHandle(handle, str(value))
        log.pmiWrite(START + second, 1000)
    del log
    return names


def _add(
    log: Any, name: str, said: dict[str, Any], named: set[str]
) -> list[tuple[int, dict[str, Any], int]]:
    """A metric and its instances; their handles, what they are, and a number each."""
    from pcp import pmapi

    units, _ = pmapi.pmContext.pmParseUnitsStr("" if said["units"] == "none" else said["units"])
    singular = said["indom"] in ("none", "", None)
    indom = pmapi.c_api.PM_INDOM_NULL
    if not singular:
        indom = log.pmiInDom(*map(int, said["indom"].split(".")))
    pmid = log.pmiID(*map(int, said["pmid"].split(".")))
    kind, semantics = _TYPES[said["type"]], _SEMANTICS[said["semantics"]]
    log.pmiAddMetric(name, pmid, kind, indom, semantics, units)
    if singular:
        return [(log.pmiGetHandle(name, ""), said, 0)]
    for number in range(INSTANCES):
        if f"{indom}.{number}" not in named:
            named.add(f"{indom}.{number}")
            log.pmiAddInstance(indom, f"i{number}", number)
    return [(log.pmiGetHandle(name, f"i{n}"), said, n) for n in range(INSTANCES)]


def draw(base: str, preset: str) -> int:
    """All numbers of the preset's widgets over the hour; how many there are."""
    catalog = load(None)
    views = [View(wish, 1, catalog, 50) for wish in wishes(preset)]
    replay = Replay(Archive(base), catalog.histograms, 1 << 30)
    start, end = START, START + SECONDS
    record = replay.load(metrics_of(views), start, end)
    count = 0
    for view in views:
        seen(view, record, start, end)
        count += sum(len(column) for column in view.columns(record, start, end))
    replay.close()
    return count


if __name__ == "__main__":
    if sys.argv[1] == "--replay":
        print(draw(*sys.argv[2:4]))
    else:
        print("\n".join(make(*sys.argv[1:3])))
