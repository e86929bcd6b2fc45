"""Metrics as a table: what an agent exports, its semantics, units and help.

Pure descriptions and their checks. Turning them into PCP's structures is
`vpmda`'s, giving them values is the probes'.

Everything has an instance domain, what is single too (ALL, one instance
"all"): pmproxy repeats the last value of a metric without instances when it
fails, and so shows the dead as alive.
"""

from __future__ import annotations

import re
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

U32, I32, U64, I64, FLOAT, DOUBLE, STRING = "U32", "32", "U64", "64", "FLOAT", "DOUBLE", "STRING"
TYPES = (U32, I32, U64, I64, FLOAT, DOUBLE, STRING)
COUNTER, INSTANT, DISCRETE = "counter", "instant", "discrete"
SEMANTICS = (COUNTER, INSTANT, DISCRETE)

# dimensions of space, time, count; scales of space, time, count (PCP's pmUnits)
UNITS: Dict[str, Tuple[int, int, int, int, int, int]] = {
    "none": (0, 0, 0, 0, 0, 0),
    "count": (0, 0, 1, 0, 0, 0),
    "byte": (1, 0, 0, 0, 0, 0),
    "nanosec": (0, 1, 0, 0, 0, 0),
    "microsec": (0, 1, 0, 0, 1, 0),
    "millisec": (0, 1, 0, 0, 2, 0),
    "sec": (0, 1, 0, 0, 3, 0),
    "byte / sec": (1, -1, 0, 0, 3, 0),
    "count / sec": (0, -1, 1, 0, 3, 0),
}


class Indom(NamedTuple):
    """An instance domain. Agents number theirs from 2 on; a serial is never given anew."""

    serial: int
    name: str
    help: str
    cap: int = 1000  # most instances shown at a time


class Metric(NamedTuple):
    """One metric. `cluster` and `item` are its identity for ever: archives hold them."""

    name: str  # without the agent's name: "tcp.sockets"
    cluster: int
    item: int
    type: str
    sem: str
    units: str
    indom: Indom
    oneline: str
    text: str

    @property
    def key(self) -> int:
        """Cluster and item in one number."""
        return self.cluster << 10 | self.item


Row = Tuple[int, str, str, str, str, str]  # item, name, type, semantics, units, one line


class Table:
    """All metrics of one agent, checked when it is made."""

    def __init__(self, agent: str, domain: int, metrics: Sequence[Metric]) -> None:
        self.agent = agent
        self.domain = domain
        self.metrics = tuple(OWN) + tuple(metrics)
        self.by_name: Dict[str, Metric] = {metric.name: metric for metric in self.metrics}
        self.indoms: Dict[int, Indom] = {}
        for metric in self.metrics:
            self.indoms.setdefault(metric.indom.serial, metric.indom)
        self._check()

    def _check(self) -> None:
        if len(self.by_name) != len(self.metrics):
            raise ValueError("a metric's name stands twice in the table")
        if len({metric.key for metric in self.metrics}) != len(self.metrics):
            raise ValueError("a metric's cluster and item stand twice in the table")
        for metric in self.metrics:
            fault = _fault(metric) or self._clash(metric)
            if fault:
                raise ValueError("%s: %s" % (metric.name, fault))

    def _clash(self, metric: Metric) -> Optional[str]:
        if self.indoms[metric.indom.serial] != metric.indom:
            return "its instance domain's serial belongs to another one"
        return None


def _fault(metric: Metric) -> Optional[str]:
    if not re.match(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z", metric.name):
        return "not a name of the PMNS"
    if metric.type not in TYPES or metric.sem not in SEMANTICS or metric.units not in UNITS:
        return "unknown type, semantics or units"
    if not (0 <= metric.cluster < 4096 and 0 <= metric.item < 1024):
        return "cluster or item out of PCP's range"
    if metric.sem == COUNTER and metric.type not in (U32, U64, DOUBLE):
        return "a counter of that type"
    if not metric.oneline or len(metric.oneline) > 120 or not metric.text:
        return "help is missing, or its one line too long"
    return None


def group(
    cluster: int, prefix: str, indom: Indom, text: str, rows: Sequence[Row]
) -> Tuple[Metric, ...]:
    """Metrics that share cluster, instance domain, a name's beginning and the long help."""
    return tuple(
        Metric(
            name="%s.%s" % (prefix, name) if prefix else name,
            cluster=cluster,
            item=item,
            type=type_,
            sem=sem,
            units=units,
            indom=indom,
            oneline=oneline,
            text="%s\n%s" % (oneline, text),
        )
        for item, name, type_, sem, units, oneline in rows
    )


ALL = Indom(0, "all", "one instance, all: what there is once on this host", 1)
PROBE = Indom(1, "probe", "the parts of this agent that collect, each by itself", 64)

# What every agent tells of itself, in cluster 0.
OWN = group(
    0,
    "control",
    ALL,
    "How this agent fares. It is collected in a thread of its own and fetched from\n"
    "memory; values older than three seconds are not given.",
    (
        (0, "heartbeat_age", DOUBLE, INSTANT, "sec", "age of the values that a fetch gets"),
        (1, "collect_seconds", DOUBLE, INSTANT, "sec", "duration of the last collection"),
        (2, "errors", U64, COUNTER, "count", "faults met in collecting and answering"),
        (3, "instances", U32, INSTANT, "count", "instances shown in all domains together"),
        (4, "truncated", U32, INSTANT, "count", "instances left out, above a domain's cap"),
    ),
) + group(
    0,
    "probe",
    PROBE,
    "What can't be read has no value, never a zero; this tells why.",
    (
        (16, "status", STRING, DISCRETE, "none", "ok, or why this probe has no values"),
        (17, "seconds", DOUBLE, INSTANT, "sec", "duration of this probe's last reading"),
    ),
)


def markdown(table: Table) -> str:
    """The table for a README: one line per metric."""
    lines = [
        "| metric | type | semantics | units | instances | what |",
        "|---|---|---|---|---|---|",
    ]
    for metric in table.metrics:
        lines.append(
            "| `%s.%s` | %s | %s | %s | %s | %s |"
            % (
                table.agent,
                metric.name,
                metric.type,
                metric.sem,
                "" if metric.units == "none" else metric.units,
                metric.indom.name,
                metric.oneline.replace("|", "\\|"),
            )
        )
    return "\n".join(lines) + "\n"
