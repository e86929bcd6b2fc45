"""The probes of vnet, and how they are put together.

The probe `tcp` looks at all sockets once a second, or less often where that
would cost more than its budget; `netns` says how far other namespaces are seen.
"""

from __future__ import annotations

import errno
import math
import os
import time
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

import n_conntrack
import n_door
import n_netlink as netlink
import n_netns
import n_qdisc
import n_scan
import n_tcp
import n_top
import vcollect
import vconf
import vfiles
import vrights
import vsnap

Log = Callable[[str], None]
# Other namespaces, and how many processes hid theirs.
Search = Callable[[], Tuple[List[n_netns.Found], int]]


class Namespaces:
    """The scanners of all namespaces: the agent's own first, others while they live."""

    def __init__(
        self,
        world: vfiles.World,
        opener: netlink.Opener = netlink.open_netlink,
        enter: n_netns.Enter = n_netns.enter,
        most: int = 64,
        search: Optional[Search] = None,
    ) -> None:
        self._world = world
        self._enter = enter
        self._most = most
        self._searched = float("-inf")
        own = n_netns.own(world)
        self._search = search or (lambda: n_netns.search(world, own))
        self.scanners = [
            n_scan.Scanner(
                lambda: opener(netlink.SOCK_DIAG), lambda: n_netns.sockstat(world, "self")
            )
        ]
        self.others: Dict[int, n_scan.Scanner] = {}
        self._pids: Dict[int, str] = {}  # inode -> a process that lives there
        self._shut: Set[int] = set()  # could not be entered; tried again at the next search
        self.left_out = 0
        self.hidden = 0
        self.trouble = ""  # why they could not be searched for

    def search(self, now: float) -> None:
        """Find other namespaces, at most every ten seconds."""
        if self._most <= 0 or now - self._searched < n_netns.EVERY:
            return
        self._searched = now
        try:
            found, self.hidden = self._search()
            self.trouble = ""
        except (OSError, ValueError) as error:
            found, self.hidden, self.trouble = [], 0, "no others: %s" % error
        self.left_out = max(len(found) - self._most, 0)
        living = {one.inode: one for one in found[: self._most]}
        for inode in set(self.others) - set(living):
            self.others.pop(inode).close()
        self._pids = {inode: one.pid for inode, one in living.items()}
        self._shut.clear()
        for inode, one in living.items():
            if inode not in self.others:
                self.others[inode] = self._scanner(inode, one.label)

    def _scanner(self, inode: int, label: str) -> n_scan.Scanner:
        def path(end: str) -> str:
            return "/proc/%s/%s" % (self._pids[inode], end)

        return n_scan.Scanner(
            lambda: self._enter(self._world.path(path("ns/net")), netlink.SOCK_DIAG),
            lambda: n_netns.sockstat(self._world, self._pids[inode]),
            label,
            inode,
        )

    def scan(self, limit: int, now: float) -> List[n_scan.Scan]:
        """One look at every namespace; those that can't be entered are counted, and left.

        `limit` is for all together. Raises NetlinkError or OSError for the agent's own.
        """
        scans = [self.scanners[0].scan(limit, now)]
        for inode, scanner in self.others.items():
            left = limit - sum(len(scan.sockets) for scan in scans)
            if left <= 0 or inode in self._shut:
                continue
            try:
                scans.append(scanner.scan(left, now))
            except (OSError, netlink.NetlinkError):
                self._shut.add(inode)
        return scans

    def note(self) -> str:
        """How many namespaces were seen, and why not all."""
        shut = len(self._shut)
        parts = ["%d seen" % (1 + len(self.others) - shut)]
        if self.trouble:
            parts.append(self.trouble)
        if shut:
            parts.append("%d can't be entered (needs CAP_SYS_ADMIN)" % shut)
        if self.hidden:
            parts.append("%d processes hide theirs (needs CAP_SYS_PTRACE)" % self.hidden)
        if self.left_out:
            parts.append("%d above max_namespaces" % self.left_out)
        return ", ".join(parts)

    def close(self) -> None:
        for scanner in [*self.scanners, *self.others.values()]:
            scanner.close()


class TcpProbe(vcollect.Probe):
    """Every TCP socket of every namespace. `cpu` tells this thread's CPU seconds."""

    name = "tcp"

    def __init__(
        self,
        namespaces: Namespaces,
        conf: vconf.Conf,
        hidden_ports: FrozenSet[int] = frozenset(),
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._namespaces = namespaces
        self._conf = conf
        self._cpu = cpu
        self._next = float("-inf")
        self._apart = 0.0  # seconds that one look is to last for
        self._last = vsnap.Reading({})
        self._skipped = 0
        self._whole = n_tcp.Whole()
        self._totals = n_tcp.Totals()
        self._ports = n_tcp.Groups("port", conf.ports, n_tcp.OF_PORTS)
        self._remotes = n_tcp.Groups("remote", conf.remotes, n_tcp.OF_REMOTES)
        self._listeners = n_tcp.Listeners()
        self._top = n_top.Top(conf.connections, hidden_ports)
        self._table = n_top.Table()

    def collect(self, now: float) -> vsnap.Reading:
        if now < self._next:
            self._skipped += 1
            note = "looks are %d s apart, to cost at most %g %% of a CPU" % (
                math.ceil(self._apart),
                self._conf.budget,
            )
            values = dict(self._last.values, **{"tcp.skipped": self._skipped})
            return self._last._replace(values=values, note=note)
        begun = self._cpu()
        self._namespaces.search(now)
        self._last = self._look(now)
        spent = self._cpu() - begun
        self._apart = spent * 100.0 / self._conf.budget
        self._next = now + self._apart - 0.5  # half a period of grace, as in the collector
        values = dict(self._last.values, **{"tcp.scan_time": int(spent * 1e6)})
        self._last = self._last._replace(values=values)
        return self._last

    def _look(self, now: float) -> vsnap.Reading:
        scans = self._scan(now)
        labels = {scan.inode: scan.label for scan in scans}
        covered = min(scan.sockets.covered for scan in scans)
        columns: Dict[str, Any] = {
            "tcp.scanned": sum(len(one.sockets) + len(one.sockets.bare) for one in scans),
            "tcp.truncated": int(any(one.sockets.truncated for one in scans)),
            "tcp.skipped": self._skipped,
            "netns.scanned": len(scans),
        }
        whole = self._whole
        whole.look(scans)
        columns.update(n_tcp.states(scans, whole))
        columns.update(self._totals.look(scans))
        columns.update(n_tcp.distributions(whole))
        columns.update(n_tcp.sums(whole))
        columns = n_tcp.without_uncovered(columns, covered)
        columns.update(self._ports.look(whole, scans, [scan.ports for scan in scans], now))
        columns.update(self._remotes.look(whole, scans, [scan.remotes for scan in scans], now))
        columns.update(self._listeners.look(scans, now))
        top = self._table.reading(self._top.look(scans, now))
        columns.update(top.values)
        names = {
            "port": n_tcp.port_names(list(columns["port.conns"]), labels)
            if "port.conns" in columns
            else {},
            "remote": n_tcp.remote_names(list(columns.get("remote.conns", ()))),
            **top.names,
        }
        return vsnap.Reading(columns, names)

    def _scan(self, now: float) -> List[n_scan.Scan]:
        try:
            return self._namespaces.scan(self._conf.max_sockets, now)
        except netlink.NetlinkError as error:
            if error.errno in (errno.ENOENT, errno.EPROTONOSUPPORT):
                raise vcollect.Unavailable(
                    "this kernel has no INET_DIAG for TCP (load the module tcp_diag)"
                ) from None
            raise

    def close(self) -> None:
        self._namespaces.close()


class NetnsProbe(vcollect.Probe):
    """Says how far the probe `tcp` sees into other network namespaces."""

    name = "netns"

    def __init__(self, namespaces: Namespaces, wanted: bool) -> None:
        self._namespaces = namespaces
        self._wanted = wanted

    def collect(self, now: float) -> vsnap.Reading:
        if not self._wanted:
            raise vcollect.Unavailable("off: namespaces = no in vnet.conf")
        return vsnap.Reading({}, note=self._namespaces.note())


def _ports(words: Sequence[str]) -> FrozenSet[int]:
    """Port numbers. Raises ConfError."""
    for word in words:
        if not word.isdigit() or int(word) > 65535:
            raise vconf.ConfError("hide_ports has port numbers, not %s" % word)
    return frozenset(int(word) for word in words)


def _give_up_root(
    conf: vconf.Conf, world: vfiles.World, log: Log
) -> Tuple[n_netns.Enter, Optional[Search]]:
    """Become user pcp with no capability; how to enter and to find other namespaces from then
    on: by a child that may, where that is wanted."""
    ids = vrights.account("pcp") or vrights.account("nobody")
    if ids is None:
        raise vrights.RightsError("there is neither a user pcp nor a user nobody to become")
    door = n_door.start(ids, world, log) if conf.namespaces and not world.root else None
    vrights.give_up(ids, ())
    return (door.enter, door.search) if door else (n_netns.enter, None)


def build(conf: vconf.Conf, root: str, log: Log) -> Sequence[vcollect.Probe]:
    """All probes of this host. Started by root, the agent gives up what they don't need of it.

    Raises ConfError, RightsError.
    """
    hidden = _ports(conf.hide_ports)
    world = vfiles.World(root)
    enter: n_netns.Enter = n_netns.enter
    search: Optional[Search] = None
    if os.geteuid() == 0:
        enter, search = _give_up_root(conf, world, log)
    most = conf.max_namespaces if conf.namespaces else 0
    namespaces = Namespaces(world, enter=enter, most=most, search=search)
    return [
        TcpProbe(namespaces, conf, hidden),
        NetnsProbe(namespaces, conf.namespaces),
        n_qdisc.QdiscProbe(),
        n_conntrack.ConntrackProbe(world),
    ]
