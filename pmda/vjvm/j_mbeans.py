"""MBeans as metrics: map files applied to what MBean servers answer, in threads of their own."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from typing import (
    Callable,
    Dict,
    Hashable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import j_between
import j_jvm
import j_maps
import j_objects
import j_servers
import vcollect
import vconf
import vsnap
import vtable

MOST_SERVERS = 16
_PID = re.compile(r"(\d{1,10})@")

Logins = Union[Dict[str, Tuple[str, str]], str]  # by HOST:PORT, or why there are none
Values = j_between.Values


class Answer(NamedTuple):
    at: float
    values: Values
    pid: int  # as the JVM knows it; 0 if it did not say


def apply(rules: Sequence[j_maps.Rule], beans: Mapping[str, Mapping[str, object]]) -> Values:
    """The metrics of a map. Beans that share an instance's name (versions of a request) add up."""
    names = [(j_objects.name(text), attributes) for text, attributes in beans.items()]
    values: Values = {}
    for rule in rules:
        column: "Dict[str, int | float]" = {}
        for name, attributes in names:
            if name is None or not rule.pattern.matches(name):
                continue
            value = _number(attributes.get(rule.attribute), rule)
            if value is not None:
                label = name.label(rule.keys)
                column[label] = column.get(label, 0) + value
        if column:
            values[rule.metric] = column
    return values


def _number(value: object, rule: j_maps.Rule) -> "int | float | None":
    if rule.part:
        value = value.get(rule.part) if isinstance(value, dict) else None
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = float(value) if rule.type == vtable.DOUBLE else int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not math.isfinite(value):
        return None
    if rule.type == vtable.DOUBLE:
        return float(value)
    # -1 is how many MBeans say that they do not know.
    return None if value < 0 and rule.type != vtable.I64 else int(value)


def pid_of(beans: Mapping[str, Mapping[str, object]]) -> int:
    """The JVM's pid by its Runtime bean, whose name is pid@host; 0 if it does not say."""
    match = _PID.match(str(beans.get(j_servers.RUNTIME, {}).get("Name", "")))
    return int(match.group(1)) if match else 0


def credentials(path: str) -> Dict[str, Tuple[str, str]]:
    """HOST:PORT -> user and password. Raises ServerError."""
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise j_servers.ServerError("%s can be read by others: chmod 600 it" % path)
            lines = file.read(65536).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise j_servers.ServerError("%s can't be read: %s" % (path, error)) from None
    found = {}
    for line in lines:
        words = line.split(None, 2)
        if words and not words[0].startswith("#"):
            if len(words) != 3:
                raise j_servers.ServerError("%s: a line is no HOST:PORT USER PASSWORD" % path)
            found[words[0]] = (words[1], words[2])
    return found


class Poller:
    """A thread that asks one server; `answer` and `why` are what it knows."""

    def __init__(
        self,
        server: j_servers.Server,
        rules: Sequence[j_maps.Rule],
        login: Optional[Tuple[str, str]],
        conf: vconf.Conf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server = server
        self.why = "not asked yet"
        self._answer: Optional[Answer] = None
        self._between = j_between.Between(frozenset(r.metric for r in rules if r.counter))
        self._lock = threading.Lock()
        self._rules = rules
        self._login = login
        self._conf = conf
        self._clock = clock
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mbeans", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def answer(self) -> Optional[Answer]:
        """The last one while it is not too old, with counters as they are between two."""
        last, now = self._answer, self._clock()
        if last is None or now - last.at > max(3.0, 2.5 * self._conf.mbeans_every):
            return None
        with self._lock:
            return last._replace(values=self._between.at(now))

    def _run(self) -> None:
        while not self._end.is_set():
            self.once()
            self._end.wait(self._conf.mbeans_every)

    def once(self) -> None:
        """Ask; whatever comes back, this ends with `answer` or `why` set."""
        try:
            beans = self._ask()
            found = Answer(self._clock(), apply(self._rules, beans), pid_of(beans))
            with self._lock:
                self._between.take(found.at, found.values)
            self._answer = found
            self.why = ""
        except j_servers.ServerError as error:
            self.why = str(error)
        except Exception as error:
            self.why = "error: %r" % error

    def _ask(self) -> j_servers.Beans:
        to, timeout = self.server, self._conf.mbeans_timeout
        if to.way == "jolokia":
            question = j_servers.jolokia_question(self._rules)
            data = j_servers.exchange(to, self._login, timeout, "", question)
            return j_servers.jolokia_answer(data)
        beans: j_servers.Beans = {}
        for query in j_servers.jmxproxy_questions(self._rules):
            data = j_servers.exchange(to, self._login, timeout, query, None)
            beans.update(j_servers.jmxproxy_answer(data))
        return beans


class MBeans(vcollect.Probe):
    """What the pollers know, as a probe."""

    name = "mbeans"

    def __init__(self, pollers: Sequence[Poller], known: Callable[[], List[j_jvm.Jvm]]) -> None:
        self._pollers = pollers
        self._known = known

    def collect(self, now: float) -> vsnap.Reading:
        if not self._pollers:
            raise vcollect.Unavailable("off: name MBean servers in vjvm.conf (mbeans = ...)")
        values: Dict[str, Dict[Hashable, vsnap.Value]] = {}
        names: Dict[Hashable, str] = {}
        faults = []
        for poller in self._pollers:
            answer = poller.answer()
            if poller.why:
                faults.append("%s: %s" % (poller.server.address, poller.why))
            if answer is None:
                continue
            prefix = self._jvm(answer.pid) or poller.server.address
            for metric, column in answer.values.items():
                for label, value in column.items():
                    key = (poller.server, label)
                    names[key] = "%s::%s" % (prefix, label)
                    values.setdefault(metric, {})[key] = value
        if len(faults) == len(self._pollers):
            raise vcollect.Unavailable("; ".join(faults))
        note = "; ".join(faults) or "%d MBean servers" % len(self._pollers)
        return vsnap.Reading(values, {"mbean": names}, note)

    def _jvm(self, pid: int) -> str:
        """Name of the JVM that calls itself so, if there is just one."""
        found = [jvm.name for jvm in self._known() if pid and jvm.identity.nspid == pid]
        return found[0] if len(found) == 1 else ""

    def close(self) -> None:
        for poller in self._pollers:
            poller.stop()


class Misconfigured(vcollect.Probe):
    """Says what is wrong with the conf's MBean servers."""

    name = "mbeans"

    def __init__(self, why: str) -> None:
        self._why = why

    def collect(self, now: float) -> vsnap.Reading:
        raise vcollect.Unavailable(self._why)


def logins(conf: vconf.Conf) -> Logins:
    """The credentials file, or why it can't be used."""
    try:
        return credentials(conf.credentials)
    except j_servers.ServerError as error:
        return str(error)


def _servers(conf: vconf.Conf, maps: Mapping[str, j_maps.Map]) -> List[j_servers.Server]:
    """Raises ServerError."""
    found = [j_servers.server(word, conf.mbeans_beyond_loopback) for word in conf.mbeans]
    for server in found:
        if server.map not in maps:
            raise j_servers.ServerError("no map is called %s" % server.map)
    if len(found) > MOST_SERVERS:
        raise j_servers.ServerError("more than %d MBean servers" % MOST_SERVERS)
    return found


def probe(conf: vconf.Conf, given: Logins, known: Callable[[], List[j_jvm.Jvm]]) -> vcollect.Probe:
    """The probe as the conf wants it; its threads run from now on."""
    if isinstance(given, str):
        return Misconfigured("off: %s" % given)
    maps = {each.name: each for each in j_maps.shipped()}
    try:
        servers = _servers(conf, maps)
    except j_servers.ServerError as error:
        return Misconfigured("off: %s" % error)
    pollers = [
        Poller(server, maps[server.map].rules, given.get(server.address), conf)
        for server in servers
    ]
    for poller in pollers:
        poller.start()
    return MBeans(pollers, known)
