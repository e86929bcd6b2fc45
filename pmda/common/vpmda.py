"""An agent of ours as PCP sees it: table, conf and probes in, a PMDA out.

The one module that names PCP's library. A fetch answers from the last snapshot
in memory: it waits for nothing but the interpreter's lock. There is no store
callback: pmproxy hands on stores of anybody who reaches it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Sequence

import cpmapi
from pcp.pmapi import pmUnits
from pcp.pmda import PMDA, cpmda, pmdaIndom, pmdaInstid, pmdaMetric

import vcollect
import vconf
import vrights
import vtable

STALE = 3.0  # seconds: older values are not given
SWITCH = 0.001  # seconds that a busy collector may keep a fetch from the interpreter
TRY_AGAIN = [cpmapi.PM_ERR_AGAIN, 0]

_TYPES = {name: getattr(cpmapi, "PM_TYPE_" + name) for name in vtable.TYPES}
_SEMANTICS = {name: getattr(cpmapi, "PM_SEM_" + name.upper()) for name in vtable.SEMANTICS}

# What an agent brings: its conf, where files are read, how to log -> its probes.
# Nothing slow yet: pmcd waits. Raises ConfError, RightsError.
Build = Callable[[vconf.Conf, str, Callable[[str], None]], Sequence[vcollect.Probe]]


class Agent(PMDA):  # type: ignore[misc]
    """A PMDA over a table. `publish` may be called by any thread, the rest is PCP's."""

    def __init__(
        self, table: vtable.Table, clock: Callable[[], float] = time.monotonic, log: str = ""
    ) -> None:
        super().__init__(table.agent, table.domain, log or None)
        self.table = table
        self.faults = 0  # exceptions in callbacks
        self.collector: Optional[vcollect.Collector] = None
        self._clock = clock
        self._born = clock()
        self._latest: Optional[vcollect.Published] = None
        self._shown: Optional[vcollect.Published] = None
        self._values: Dict[int, Dict[int, Any]] = {}
        self._stale = True
        self._pairs: Dict[int, Any] = {}
        self._tables: Dict[int, Any] = {}  # by serial, what the collector made last
        self._installed: Dict[int, Any] = {}  # by serial, what PCP's library reads

    def declare(self) -> None:
        """Tell PCP's library every domain and metric."""
        for serial, indom in self.table.indoms.items():
            pairs = [(0, "all")] if serial == vtable.ALL.serial else []
            made = _indom(self.indom(serial), pairs)
            self._pairs[serial] = tuple(pairs)
            self._tables[serial] = self._installed[serial] = made
            self.add_indom(made, indom.help, indom.help)
        for metric in self.table.metrics:
            described = pmdaMetric(
                self.pmid(metric.cluster, metric.item),
                _TYPES[metric.type],
                self.indom(metric.indom.serial),
                _SEMANTICS[metric.sem],
                pmUnits(*vtable.UNITS[metric.units]),
            )
            name = "%s.%s" % (self.table.agent, metric.name)
            self.add_metric(name, described, metric.oneline, metric.text)
        self.set_refresh_metrics(self._refresh)
        self.set_fetch_callback(self._value)

    def publish(self, published: vcollect.Published) -> None:
        """Take a snapshot; what PCP's library needs of it is made here, in the collector's time."""
        for serial, pairs in published.snapshot.indoms.items():
            if serial != vtable.ALL.serial and self._pairs[serial] != pairs:
                self._tables[serial] = _indom(self.indom(serial), pairs)
                self._pairs[serial] = pairs
        self._latest = published

    def note(self, text: str) -> None:
        """A line for the agent's log, whatever is in the text."""
        self.log("".join(c if c.isprintable() else "_" for c in text))

    def _refresh(self) -> None:
        """Called at the start of each request: show the newest snapshot, or none if it is old."""
        try:
            latest = self._latest
            self._stale = latest is None or self._clock() - latest.done > STALE
            if latest is None or latest is self._shown:
                return
            self._shown = latest
            self._values = latest.snapshot.values
            for serial, made in self._tables.items():
                if made is not self._installed[serial]:
                    self._installed[serial] = made
                    self.replace_indom(made, [])
                    cpmda.set_need_refresh()
        except Exception as error:
            self._fault("refresh", error)

    def _value(self, cluster: int, item: int, instance: int) -> Optional[List[Any]]:
        """One value; None is no value."""
        try:
            if cluster == 0 and item < 16:
                return self._own(item)
            if self._stale:
                return TRY_AGAIN
            cells = self._values.get(cluster << 10 | item)
            value = None if cells is None else cells.get(instance)
            return None if value is None else [value, 1]  # the form that PCP's binding takes
        except Exception as error:
            self._fault("fetch", error)
            return None

    def _own(self, item: int) -> Optional[List[Any]]:
        shown = self._shown
        if item == 0:
            return [self._clock() - (self._born if shown is None else shown.done), 1]
        if item == 2:
            return [self.faults + (self.collector.errors if self.collector else 0), 1]
        if shown is None:
            return TRY_AGAIN
        return [(0, shown.seconds, 0, shown.snapshot.instances, shown.snapshot.truncated)[item], 1]

    def _fault(self, where: str, error: Exception) -> None:
        self.faults += 1
        if self.faults <= 10:
            self.note("%s: %r" % (where, error))


def _indom(number: int, pairs: Any) -> Any:
    return pmdaIndom(number, [pmdaInstid(inst, name) for inst, name in pairs])


def main(table: vtable.Table, options: Sequence[vconf.Option], build: Build) -> int:
    """Run an agent until pmcd closes its pipe; returns the exit status."""
    arguments = _arguments(table.agent)
    agent = Agent(table, log=arguments.log)
    agent.declare()
    if "PCP_PYTHON_DOMAIN" in os.environ or "PCP_PYTHON_PMNS" in os.environ:
        agent.run()  # Install and Remove ask for domain and names only
        return 0
    try:
        conf = vconf.read(arguments.conf, table.agent, options)
        probes = build(conf, arguments.root, agent.note)
    except (vconf.ConfError, vrights.RightsError) as error:
        agent.err(str(error))
        print(error, file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):  # Python's own handler would never get to run
        signal.signal(number, signal.SIG_DFL)
    sys.setswitchinterval(SWITCH)
    vcollect.calm_garbage_collector()
    agent.connect_pmcd()  # first: pmcd waits three seconds for it
    agent.collector = vcollect.Collector(table, probes, agent.publish, agent.note)
    agent.collector.start()
    agent.run()
    agent.collector.stop()
    sys.stdout.flush()
    # A thread that hangs in a system call must not keep a process without a pmcd.
    os._exit(0)


def _arguments(name: str) -> argparse.Namespace:
    folder = os.path.dirname(os.path.abspath(sys.argv[0]))
    parser = argparse.ArgumentParser(prog="pmda" + name)
    parser.add_argument("-c", "--conf", default=os.path.join(folder, name + ".conf"))
    parser.add_argument("-l", "--log", default="", help="log file; - is standard error")
    parser.add_argument("-r", "--root", default="/", help="read /proc and /sys below this folder")
    return parser.parse_args()
