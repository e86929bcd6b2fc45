"""The agent's probes: JVMs by their files, by the attach protocol, and MBeans.

Only what ties the parts together; what they read stands in their own modules.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Callable, Dict, FrozenSet, Hashable, List, Optional, Tuple

import j_attach
import j_find
import j_jvm
import j_mbeans
import j_process
import vcollect
import vconf
import vfiles
import vrights
import vsnap

MOST = 200  # JVMs; the table's cap

PoolKey = Tuple[j_find.Key, str]


class Columns:
    """Values gathered from many JVMs, laid out for a reading."""

    def __init__(self) -> None:
        self.values: Dict[str, Dict[Hashable, vsnap.Value]] = {}
        self.names: Dict[str, Dict[Hashable, str]] = {"jvm": {}, "pool": {}, "collector": {}}

    def put(self, metric: str, key: Hashable, value: vsnap.Value) -> None:
        if value is not None:
            self.values.setdefault(metric, {})[key] = value

    def add(self, jvm: j_jvm.Jvm, values: j_jvm.Values) -> None:
        self.names["jvm"][jvm.key] = jvm.name
        for metric, value in values.single.items():
            self.put(metric, jvm.key, value)
        for domain, parts in (("pool", values.pools), ("collector", values.collectors)):
            for part, row in parts.items():
                key: PoolKey = (jvm.key, part)
                self.names[domain][key] = "%s::%s" % (jvm.name, part)
                for metric, value in row.items():
                    self.put(metric, key, value)


class Jvms(vcollect.Probe):
    """Finds JVMs every few seconds and reads each once a second. Other probes read `known`."""

    name = "hsperfdata"

    def __init__(
        self, conf: vconf.Conf, world: vfiles.World, ticks: int = 0, page: int = 0
    ) -> None:
        self._conf = conf
        self._world = world
        self._ticks = ticks or os.sysconf("SC_CLK_TCK")
        self._page = page or os.sysconf("SC_PAGE_SIZE")
        self._search = j_find.Search(world, self._ticks)
        self._next = float("-inf")
        self._scan_seconds = 0.0
        self._refused = 0  # of JVMs that have ended
        self._lock = threading.Lock()
        self._jvms: Dict[j_find.Key, j_jvm.Jvm] = {}

    def known(self) -> List[j_jvm.Jvm]:
        """The JVMs that run, for other threads."""
        with self._lock:
            return list(self._jvms.values())

    def collect(self, now: float) -> vsnap.Reading:
        if now >= self._next:
            self._next = now + self._conf.rescan - 0.5
            self._scan()
        uptime = j_process.uptime(self._world)
        columns = Columns()
        ended = []
        for jvm in self._jvms.values():
            stat = j_process.stat(self._world, jvm.pid)
            if stat is None or stat.start != jvm.key[1] or stat.state in "ZX":
                ended.append(jvm.key)
                continue
            jvm.open()
            columns.add(jvm, jvm.read(stat, uptime, self._ticks, self._page))
        self._drop(ended)
        return self._reading(columns)

    def _scan(self) -> None:
        begun = time.monotonic()
        try:
            orphaned = frozenset(key for key, jvm in self._jvms.items() if jvm.orphaned)
            found = self._search.jvms(orphaned)
        except OSError as error:
            raise vcollect.Unavailable("no /proc: %s" % error.strerror) from None
        users = j_process.users(self._world)
        for each in found[:MOST]:
            known = self._jvms.get(each.key)
            if known is not None and _same(known, each, orphaned):
                continue
            jvm = self._made(each, users)
            if jvm is not None:
                if known is not None:  # it has its file only by now, or no more
                    self._drop([each.key])
                with self._lock:
                    self._jvms[each.key] = jvm
        keys = {each.key for each in found}
        self._drop([key for key in self._jvms if key not in keys])
        self._scan_seconds = time.monotonic() - begun

    def _made(self, found: j_find.Found, users: Dict[int, str]) -> Optional[j_jvm.Jvm]:
        pid = found.key[0]
        status = j_process.status(self._world, pid)
        if status is None:
            return None
        identity = j_jvm.Identity(
            status.uid,
            status.pids[-1],
            users.get(status.uid, str(status.uid)),
            j_process.container(self._world, pid),
        )
        return j_jvm.Jvm(self._world, found, identity, self._conf)

    def _drop(self, keys: List[j_find.Key]) -> None:
        for key in keys:
            with self._lock:
                jvm = self._jvms.pop(key)
            self._refused += jvm.refused
            jvm.close()

    def _reading(self, columns: Columns) -> vsnap.Reading:
        without = [jvm for jvm in self._jvms.values() if jvm.why]
        values: Dict[str, object] = dict(columns.values)
        values["count"] = len(self._jvms)
        values["unreadable"] = len(without)
        values["refused"] = self._refused + sum(jvm.refused for jvm in self._jvms.values())
        values["scan_seconds"] = self._scan_seconds
        note = "%d JVMs" % len(self._jvms) if self._jvms else "no JVM runs here"
        if without:
            note += ", %d without values; vjvm.info.source says why" % len(without)
        return vsnap.Reading(values, columns.names, note)  # type: ignore[arg-type]

    def close(self) -> None:
        self._drop(list(self._jvms))


def _same(known: j_jvm.Jvm, found: j_find.Found, orphaned: FrozenSet[j_find.Key]) -> bool:
    """Whether what is open is still this JVM's file. One that was deleted can be read on."""
    if found.mapped is not None and found.mapped.deleted and known.key in orphaned:
        return True
    return known.mapped == found.mapped and known.key not in orphaned


def rights(conf: vconf.Conf) -> FrozenSet[int]:
    """Capabilities that reading other users' JVMs takes, and asking them where that is on."""
    read = {vrights.SYS_PTRACE, vrights.DAC_READ_SEARCH}
    ask = {vrights.CHOWN, vrights.DAC_OVERRIDE, vrights.FOWNER, vrights.KILL}
    return frozenset(read | ask if conf.attach else read)


def _give_up_root(conf: vconf.Conf) -> None:
    """JVMs answer to root and to their own user, so with attach the user stays root."""
    ids = (0, 0) if conf.attach else vrights.account("pcp") or vrights.account("nobody")
    if ids is None:
        raise vrights.RightsError("there is neither a user pcp nor a user nobody to become")
    vrights.give_up(ids, rights(conf))


def build(conf: vconf.Conf, root: str, log: Callable[[str], None]) -> List[vcollect.Probe]:
    """The probes of one agent; started by root, it keeps what they need of root and no more."""
    world = vfiles.World(root)
    logins = j_mbeans.logins(conf)  # a file that only root may read
    if os.geteuid() == 0:
        _give_up_root(conf)
    jvms = Jvms(conf, world)
    return [
        jvms,
        j_attach.probe(conf, world, jvms.known),
        j_mbeans.probe(conf, logins, jvms.known),
    ]
