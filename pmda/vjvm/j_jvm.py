"""One JVM: its file opened and sampled, who it is, its process. Gives values by metric.

What a counter means is `j_meaning`'s; which JVMs there are is `j_find`'s.
"""

from __future__ import annotations

import os
from typing import Dict, Mapping, NamedTuple, Optional, Union

import j_estimate
import j_find
import j_hsperf
import j_mask
import j_meaning
import j_open
import j_process
import vconf
import vfiles

Value = Union[int, float, str, None]

# metric -> counter of which it is the value
SIZES: Dict[str, str] = {
    "metaspace.used": "sun.gc.metaspace.used",
    "metaspace.committed": "sun.gc.metaspace.capacity",
    "metaspace.class_used": "sun.gc.compressedclassspace.used",
    "metaspace.class_committed": "sun.gc.compressedclassspace.capacity",
    "gc.tenuring": "sun.gc.policy.tenuringThreshold",
    "safepoint.count": "sun.rt.safepoints",
    "threads.live": "java.threads.live",
    "threads.daemon": "java.threads.daemon",
    "threads.peak": "java.threads.livePeak",
    "threads.started": "java.threads.started",
    "jit.compiles": "sun.ci.totalCompiles",
    "jit.osr": "sun.ci.osrCompiles",
    "jit.bailouts": "sun.ci.totalBailouts",
    "jit.invalidates": "sun.ci.totalInvalidates",
    "jit.code_bytes": "sun.ci.nmethodCodeSize",
    "lock.contended": "sun.rt._sync_ContendedLockAttempts",
    "lock.inflations": "sun.rt._sync_Inflations",
    "lock.parks": "sun.rt._sync_Parks",
    "lock.futile_wakeups": "sun.rt._sync_FutileWakeups",
}
TIMES: Dict[str, str] = {
    "app_time": "sun.rt.applicationTime",
    "safepoint.time": "sun.rt.safepointTime",
    "safepoint.sync_time": "sun.rt.safepointSyncTime",
    "safepoint.vmop_time": "sun.threads.vmOperationTime",
    "classes.load_time": "sun.cls.time",
    "jit.time": "java.ci.totalTime",
}
OTHERS = (
    "sun.os.hrt.frequency",
    "sun.os.hrt.ticks",
    "java.cls.loadedClasses",
    "java.cls.sharedLoadedClasses",
    "java.cls.unloadedClasses",
    "java.cls.sharedUnloadedClasses",
)
U32 = frozenset(("gc.tenuring", "threads.live", "threads.daemon", "threads.peak"))
MOST_U32 = 2**32 - 1


class Values(NamedTuple):
    """Of one JVM: by metric, and by metric and pool's or collector's name."""

    single: Dict[str, Value]
    pools: Dict[str, Dict[str, Value]]
    collectors: Dict[str, Dict[str, Value]]


class Identity(NamedTuple):
    uid: int
    nspid: int
    user: str
    container: str


class Jvm:
    """A running JVM. `read` once a second; `why` is "" or why its file gives nothing."""

    def __init__(
        self, world: vfiles.World, found: j_find.Found, identity: Identity, conf: vconf.Conf
    ) -> None:
        self.key = found.key
        self.pid = found.key[0]
        self.identity = identity
        self.mapped = found.mapped
        self.why = "its file was not read yet"
        self.refused = 0
        self._world = world
        self._conf = conf
        self._descriptor: Optional[int] = None
        self._layout: Optional[j_hsperf.Layout] = None
        self._estimate = j_estimate.Estimate()
        self._delay = j_process.RunDelay(conf.rundelay_threads)
        self._fault = ""
        self._tried = False
        self.info: Dict[str, Value] = {}
        self.name = ""
        self._identify(*j_mask.split_arguments(j_process.command_line(world, self.pid)))

    # -- who it is ---------------------------------------------------------------

    def _identify(self, main: str, options: str, arguments: str) -> None:
        shown = bool(self._conf.arguments)
        self.name = "%d:%s" % (self.pid, j_mask.short(main))
        self.info.update(
            {
                "info.command": j_mask.masked(main),
                "info.arguments": j_mask.masked(arguments) if shown else None,
                "info.jvm_arguments": j_mask.masked(options) if shown else None,
                "info.user": self.identity.user,
                "info.container": self.identity.container,
                "info.pid": self.pid,
                "info.nspid": self.identity.nspid,
            }
        )

    # -- its file ----------------------------------------------------------------

    def open(self) -> None:
        """Open the file if it is not open; sets `why`."""
        if self._descriptor is not None:
            return
        self._tried = True
        reason = self._closed_reason()
        if reason:
            self.why = reason
            return
        assert self.mapped is not None
        try:
            self._descriptor = j_open.hsperfdata(
                self._world.path("/proc/%d/root" % self.pid),
                self.mapped.home,
                self.mapped.name,
                self.identity.uid,
            )
            self.why = ""
        except j_open.Refused as refused:
            self._refuse(str(refused))

    def _closed_reason(self) -> str:
        """Why there is no file to be opened; "" if there is one."""
        if self.mapped is None:
            return "it belongs to user %s: run the agent as root" % self.identity.user
        if self.mapped.deleted:
            return "its file was deleted from /tmp"
        if self.mapped.home:
            return ""
        words = " ".join(j_process.command_line(self._world, self.pid))
        for option in ("-XX:-UsePerfData", "-XX:+PerfDisableSharedMem"):
            if option in words:
                return "it writes no file: %s" % option
        return "it writes no file (-XX:-UsePerfData, PerfDisableSharedMem or a JVM without it)"

    def _refuse(self, why: str) -> None:
        if why != self._fault:
            self.refused += 1
            self._fault = why
        self.why = why

    def _lack(self) -> str:
        return "" if self.heap_known else "; it tells what eden holds only when it collects"

    @property
    def heap_known(self) -> bool:
        """Whether its file tells how much heap is in use now."""
        return self._layout is None or self._plan.eden_live

    @property
    def fileless(self) -> bool:
        """There is no file to be read: others may ask this JVM."""
        return self._tried and self._descriptor is None and self.mapped is not None

    @property
    def orphaned(self) -> bool:
        """Its open file is no longer in its folder: deleted, or replaced by a newer one."""
        return self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._layout = None

    # -- values ------------------------------------------------------------------

    def read(self, stat: j_process.Stat, uptime: float, ticks: int, page: int) -> Values:
        """All values of now. Never raises; what can't be read has no value."""
        single: Dict[str, Value] = dict(self.info)
        values = Values(single, {}, {})
        single["uptime"] = int(max(0.0, uptime - stat.start / ticks) * 1000)
        if self._descriptor is not None:
            try:
                self._sample(values)
                self.why = ""
                self._fault = ""
            except j_hsperf.NotReady as reason:
                self.why = str(reason)
            except (j_hsperf.HsperfError, OSError) as fault:
                self._layout = None
                self._refuse(str(fault))
        single["info.source"] = "none: " + self.why if self.why else "hsperfdata" + self._lack()
        self._process(single, stat, ticks, page)
        return values

    def _process(
        self, single: Dict[str, Value], stat: j_process.Stat, ticks: int, page: int
    ) -> None:
        single["proc.cpu"] = stat.cpu * 1000 // ticks
        single["proc.rss"] = stat.rss * page
        single["proc.threads"] = stat.threads
        single["proc.rundelay"] = self._delay.read(self._world, self.pid, stat.threads)
        single["proc.fds"] = j_process.open_files(self._world, self.pid)

    def _data(self) -> bytes:
        """The file's bytes in use, as the layout has them; a new layout where it has changed."""
        assert self._descriptor is not None
        layout = self._layout
        if layout is not None:
            data = os.pread(self._descriptor, layout.stamp[0], 0)
            if j_hsperf.stamp(data) == (layout.order, layout.stamp):
                return data
        data = j_open.read(self._descriptor)
        self._lay_out(data)
        return data

    def _lay_out(self, data: bytes) -> None:
        layout = j_hsperf.parse(data)
        self._plan = j_meaning.plan(layout, data)
        names = self._plan.numbers() + list(SIZES.values()) + list(TIMES.values()) + list(OTHERS)
        self._numbers = j_hsperf.Numbers(layout, names)
        self._layout = layout
        self._tell(layout, data)

    def _tell(self, layout: j_hsperf.Layout, data: bytes) -> None:
        """Identity by the file, which knows more than the command line."""
        command = layout.text(data, "sun.rt.javaCommand")
        if command and command != "Unknown":
            main, arguments = j_mask.split_command(command)
            self._identify(main, layout.text(data, "java.rt.vmArgs"), arguments)
        vm = [layout.text(data, "java.property.java.vm." + end) for end in ("name", "version")]
        vendor = layout.text(data, "java.property.java.vm.vendor")
        version = layout.text(data, "java.property.java.version") or vm[1]
        self.info["info.version"] = version or None
        self.info["info.vm"] = ("%s %s (%s)" % (vm[0], vm[1], vendor)) if vm[0] else None
        self.info["info.gc"] = self._plan.gc or None

    def _sample(self, values: Values) -> None:
        data = self._data()
        assert self._layout is not None
        numbers = self._numbers.read(data)
        single = values.single
        single.update(self.info)
        for metric, name in SIZES.items():
            value = j_meaning.size(numbers, name)
            single[metric] = None if metric in U32 and (value or 0) > MOST_U32 else value
        for metric, name in TIMES.items():
            single[metric] = j_meaning.nanoseconds(numbers, name)
        for what in ("loaded", "unloaded"):
            single["classes." + what] = _classes(numbers, what.capitalize())
        ran = j_meaning.nanoseconds(numbers, "sun.os.hrt.ticks")
        if ran is not None:
            single["uptime"] = ran // 10**6
        single["gc.cause"] = self._cause(self._layout, data)
        self._memory(values, numbers)

    def _cause(self, layout: j_hsperf.Layout, data: bytes) -> Optional[str]:
        for name in ("sun.gc.lastCause", "sun.gc.cause"):
            text = layout.text(data, name)
            if text and text != "No GC":
                return text
        return None

    def _memory(self, values: Values, numbers: Mapping[str, int]) -> None:
        pools = j_meaning.pools(self._plan, numbers)
        single = values.single
        single["heap.used"] = j_meaning.heap_used(pools)
        if pools:
            single["heap.committed"] = sum(pool.committed for pool in pools.values())
        single["heap.max"] = j_meaning.heap_limit(self._plan, numbers)
        for name, pool in pools.items():
            values.pools[name] = dict(
                zip(
                    ("pool.used", "pool.committed", "pool.max"),
                    (pool.used, pool.committed, pool.limit),
                )
            )
        found = j_meaning.collections(self._plan, numbers)
        for name, each in found.items():
            values.collectors[name] = {
                "gc.count": each.rounds,
                "gc.time": each.time,
                "gc.last_pause": each.last,
                "gc.pauses": int(each.pauses),
            }
        single["gc.pause_total"] = j_meaning.pause_total(found)
        self._allocations(single, pools, found)

    def _allocations(
        self,
        single: Dict[str, Value],
        pools: Mapping[str, j_meaning.PoolSizes],
        found: Mapping[str, j_meaning.Collections],
    ) -> None:
        plan = self._plan
        young = [found[each.name] for each in plan.collectors if each.young and each.name in found]
        old = [pools[pool.name] for pool in plan.pools if pool.generation and pool.name in pools]
        if "eden" not in pools or not young or not old:
            return
        full = [found[each.name] for each in plan.collectors if each.full and each.name in found]
        eden = pools["eden"]
        self._estimate.add(
            j_estimate.Young(
                eden_used=eden.used or 0,
                eden_size=eden.committed,
                old_used=old[0].used or 0,
                collections=young[0].rounds,
                full=sum(each.rounds for each in full),
            )
        )
        single["alloc.bytes"] = self._estimate.allocated
        single["promoted.bytes"] = self._estimate.promoted


def _classes(numbers: Mapping[str, int], what: str) -> Optional[int]:
    """Classes "Loaded" or "Unloaded", those of the shared archive included."""
    own = j_meaning.size(numbers, "java.cls.%sClasses" % what.lower())
    shared = j_meaning.size(numbers, "java.cls.shared%sClasses" % what)
    return None if own is None else own + (shared or 0)
