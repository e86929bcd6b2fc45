"""Who may have a burst: one per host, a few per server, and only where neither is busy.

Bursts are asked for, refused in words, found and forgotten here; sampling is
`burst`'s. Methods may be called from any thread.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from vectorpy.errors import UnknownName, VectorpyError
from vectorpy.live import cost
from vectorpy.live.burst import Ask, Burst
from vectorpy.live.burstroom import BurstView, encode
from vectorpy.live.channel import Event, Sink
from vectorpy.live.host import Host
from vectorpy.live.sampler import Dials
from vectorpy.live.table import table_view
from vectorpy.live.verdict import verdict_view
from vectorpy.live.world import World
from vectorpy.model import burst
from vectorpy.model.pace import STARVED
from vectorpy.model.watch import Wish

logger = logging.getLogger(__name__)

# A sampler whose seconds begin later than this on average has no room for bursts.
OWN_LATE = 0.1
# A host's hunger for CPU is that of so many seconds, as far as they are known.
_HUNGRY_SECONDS, _HUNGRY_LEAST = 10, 3
_TABLE = "Its rows change as a whole; a burst draws lines."
_NARROW = "It is narrowed to a container, whose control group is looked for each second."
_VERDICT = "A verdict needs minutes, not tenths of a second."


class Refused(Exception):
    """Why there is no burst now: words for people, and for `/limits` the setting that was met."""

    def __init__(self, reason: str, hint: str = "", limit: str = "", **more: Any) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.limit, self.more = reason, hint, limit, more


class Bursts:
    """See the module. `world` and `hosts` give those of now.

    With `threads` False a burst's `run` is left to whoever started it.
    """

    def __init__(
        self,
        world: Callable[[], World],
        hosts: Callable[[], Sequence[Host]],
        dials: Dials,
        *,
        threads: bool = True,
    ) -> None:
        self._world, self._hosts, self._dials, self._threads = world, hosts, dials, threads
        self._lock = threading.RLock()
        self._bursts: dict[str, Burst] = {}
        self._versions = itertools.count(1).__next__
        self.hits: Counter[str] = Counter()

    # -- asking ----------------------------------------------------------------

    def start(
        self, id: str, name: str, wishes: Sequence[str], seconds: int, sink: Sink, viewer: str
    ) -> list[Event]:
        """Begin a burst of a watched host, with `viewer` looking; what he hears first.

        Where there is none, that is its refusal in words. UnknownName where
        nobody watches the host.
        """
        host = next((h for h in self._hosts() if name in h.ids and h.watched), None)
        if host is None:
            raise UnknownName(f"{name} is not watched now.", host=name)
        try:
            with self._lock:
                made = self._made(id, host, [Wish.parse(wish) for wish in wishes], seconds)
                self._bursts[id] = made
        except Refused as why:
            self.hits[why.limit] += bool(why.limit)
            told = burst.told(name, "", burst.REFUSED, reason=why.reason, hint=why.hint, **why.more)
            return [("burst", encode(told))]
        events = made.join(sink, viewer)
        if self._threads:
            threading.Thread(target=made.run, name=f"burst-{name}"[:60], daemon=True).start()
        return events

    def _made(self, id: str, host: Host, wishes: list[Wish], seconds: int) -> Burst:
        world = self._world()
        settings = world.settings
        self._check_server(settings.bursts, host)
        self._check_host(host)
        views, needs, left = self._needs(host, wishes, world)
        if not needs:
            raise Refused("None of these widgets can be drawn ten times a second.", left=left)
        most = settings.burst_metrics
        if (count := burst.total(needs)) > most:
            out = burst.leave_out(needs, most)
            raise Refused(
                f"These widgets need {count} metrics; a burst has at most {most}.",
                f"Leave out {len(out)} of {len(needs)} widgets.",
                limit="burst_metrics",
                needs=needs,
                wishes=[wish for wish in needs if wish not in out],
                left=left,
                most=most,
            )
        metrics = frozenset().union(*needs.values())
        self._check_values(host, metrics, settings.burst_values)
        if seconds > settings.burst_seconds:
            self.hits["burst_seconds"] += 1
        ask = Ask(
            id,
            host.hid,
            tuple(views),
            metrics,
            min(seconds, settings.burst_seconds),
            left,
            settings.burst_values,
            settings.burst_bytes // max(1, settings.bursts),
            world.histograms,
        )
        keep = float(settings.burst_keep)
        return Burst(
            ask, self._dials, world.clock, keep, self._versions, host.tell_burst,
            lambda: _trouble(host),
        )  # fmt: skip

    def _check_server(self, most: int, host: Host) -> None:
        """Refused where the server, or somebody else's burst, leaves no room."""
        running = [one for one in self._bursts.values() if not one.over]
        if most == 0:
            raise Refused("Bursts are switched off on this server (setting bursts).")
        if any(one.ask.hid.id in host.ids for one in running):
            raise Refused(
                "A burst of this host runs already.", "Open that one: everybody may look at it."
            )
        if len(running) >= most:
            raise Refused(
                f"{most} bursts run on this server already.",
                "Try it again in a minute.",
                limit="bursts",
            )
        late = [h.lateness for h in self._hosts() if h.thread is not None]
        if late and max(late) > OWN_LATE:
            ms = math.ceil(max(late) * 1000)
            raise Refused(
                f"This server is busy: its samples begin {ms} ms late.",
                "Close pages or hosts that nobody needs, and try it again.",
            )

    def _check_host(self, host: Host) -> None:
        """Refused where the host is not well, or has no CPU to spare."""
        status = host.status
        if status.state not in ("live", "partial"):
            raise Refused(
                status.reason or f"The host is {status.state} now.",
                status.hint or "A burst needs a host that answers each second.",
            )
        if host.spares and (waited := _hunger(host)) > STARVED:
            raise Refused(
                f"The host is short of CPU: for {waited:.0%} of the time tasks wait for it.",
                "A burst would take more of it. The charts go on each second.",
            )

    def _needs(
        self, host: Host, wishes: list[Wish], world: World
    ) -> tuple[list[BurstView], dict[str, frozenset[str]], dict[str, str]]:
        """Views, the metrics that each wish is drawn from on this host, and why others are not."""
        views: list[BurstView] = []
        needs: dict[str, frozenset[str]] = {}
        left: dict[str, str] = {}
        for wish in wishes:
            if table_view(wish, 1, world.catalog):
                left[wish.text] = _TABLE
                continue
            if verdict_view(wish, 1, world.catalog):
                left[wish.text] = _VERDICT
                continue
            if wish.get("container"):
                left[wish.text] = _NARROW
                continue
            metrics, why = _drawn(host, wish, world)
            if why:
                left[wish.text] = why
                continue
            needs[wish.text] = metrics
            views.append(BurstView(wish, 1, world.catalog, world.settings.series_drawn))
        return views, needs, left

    def _check_values(self, host: Host, metrics: frozenset[str], most: int) -> None:
        with host.lock:
            count = sum(len(host.record.ring.latest(metric)) for metric in metrics)
        if count > most:
            raise Refused(
                f"These widgets have {count} values; a sample of a burst may have {most}.",
                "Leave out widgets with many instances, or filter them.",
                limit="burst_values",
            )

    # -- looking ---------------------------------------------------------------

    def join(self, id: str, sink: Sink, viewer: str) -> list[Event]:
        """See Burst.join; UnknownName where it is not kept (any more)."""
        return self._found(id).join(sink, viewer)

    def leave(self, id: str, sink: Sink, viewer: str) -> None:
        """A viewer looks no more; unknown bursts are let pass."""
        with self._lock:
            known = self._bursts.get(id)
        if known is not None:
            known.leave(sink, viewer)

    def stop(self, id: str) -> None:
        """End a burst before its time."""
        self._found(id).stop("It was stopped.")

    def drop(self, sink: Sink) -> None:
        """A web process is gone: all its viewers leave."""
        for one in self.all():
            one.leave(sink, None)

    def _found(self, id: str) -> Burst:
        with self._lock:
            known = self._bursts.get(id)
        if known is None:
            raise UnknownName("This burst is not kept any more.", hint="Start another one.")
        return known

    def all(self) -> list[Burst]:
        """All that run or are kept."""
        with self._lock:
            return list(self._bursts.values())

    # -- keeping ---------------------------------------------------------------

    def keep(self) -> None:
        """Called now and then: forget what is old, and the oldest where memory is used up."""
        most = self._world().settings.burst_bytes
        with self._lock:
            self._bursts = {id: one for id, one in self._bursts.items() if one.kept()}
            for id, one in list(self._bursts.items()):
                if sum(each.bytes for each in self._bursts.values()) > most and one.over:
                    del self._bursts[id]
                    self.hits["burst_bytes"] += 1

    def close(self) -> None:
        """End all of them."""
        for one in self.all():
            one.stop("This server goes down.")


def _drawn(host: Host, wish: Wish, world: World) -> tuple[frozenset[str], str]:
    """The metrics that a wish is drawn from on this host, or why it is not."""
    try:
        widget = world.catalog.instantiate(wish)
    except VectorpyError as error:
        return frozenset(), str(error)
    with host.lock:
        if not host.record.asked(widget.metrics):
            return frozenset(), "It is not sampled on this host yet."
        found = widget.check(host.record.descriptors, host.record.absent)
    if not found.widget.series:
        return frozenset(), found.reason or "This host has nothing to draw here."
    metrics = found.widget.metrics
    if agent := burst.own_pace(metrics):
        why = f"The agent {agent} looks at a pace of its own: ten a second would show no more."
        return frozenset(), why
    return metrics, ""


def _hunger(host: Host) -> float:
    """The part of the last seconds in which some task waited for a processor; 0.0 if unknown."""
    with host.lock:
        last = host.record.ring.last or 0
        window = host.record.ring.view((cost.HUNGER,), last - _HUNGRY_SECONDS + 1, last)
    found = [x for x in window.columns[cost.HUNGER].get("", ()) if x is not None and x - x == 0.0]
    return sum(found) / len(found) if len(found) >= _HUNGRY_LEAST else 0.0


def _trouble(host: Host) -> str:
    """Why a burst that runs must end, by what the host's ticks say; "" where it need not."""
    if host.status.state == "overloaded" and host.spares:
        return f"It was ended for the host's sake: {host.status.reason}"
    return ""
