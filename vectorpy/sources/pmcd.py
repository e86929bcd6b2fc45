"""PCP straight from pmcd by libpcp: over TCP to a checked address, or over its unix socket.

The same face as the web transport, with what that can't give: the real reason
why a metric has no value. A stuck call blocks this host's own thread alone.
A probe of our own goes before libpcp gets an address (`probe`), in `dial`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from vectorpy.errors import ContextLost, HostDown, HostError, HostLate, NotPcp, Overloaded
from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import SINGULAR, Instances, Part, Sample
from vectorpy.sources import libpcp, riders
from vectorpy.sources.answers import indom_number
from vectorpy.sources.face import ALL, Facts, Only
from vectorpy.sources.instances import InstanceNames
from vectorpy.sources.libpcp import PmError
from vectorpy.sources.plans import Plans
from vectorpy.sources.shape import Fetched

T = TypeVar("T")

_ASK_AGAIN = 60.0  # seconds after which an unknown name is asked for again
_CHILDREN_SECONDS = 10.0
_NOBODY = {-111, -110, -113, -101, -2, -104, -32}  # refused, timed out, no route, no file, reset
_REASONS = {
    libpcp.PM_ERR_PERMISSION: "The host does not let us read it (no permission).",
    libpcp.PM_ERR_NOAGENT: "The agent that brings it does not run there.",
    libpcp.PM_ERR_PMID: "Its agent does not know it there.",
    -11: "Its agent has no value right now; it may be starting.",
}


@dataclass(slots=True)
class _Plan:
    """How a list of names is fetched."""

    # Name, instance domain, and whether its values may be not finite.
    order: list[tuple[str, str | None, bool]]
    wanted: libpcp.Wanted
    asked: dict[str, Descriptor]
    indoms: frozenset[str]
    missing: dict[str, str]
    until: float
    named: dict[str, _Named] = field(default_factory=dict)


@dataclass(slots=True)
class _Named:
    """Instances of a metric as they were last: ids, the domain's names then, and theirs."""

    ids: tuple[int, ...]
    known: dict[int, str]
    names: tuple[str, ...]


class PmcdSource:
    """One host's pmcd; see `face.Source`. `address` is for people.

    `hostspec` is libpcp's: "[10.0.0.5]:44321" or "unix:///path", never text that
    somebody typed. To be used by one thread, from `open` on.
    """

    def __init__(
        self,
        hostspec: str,
        address: str,
        *,
        request_timeout: float = 2.0,
        fetch_values: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[float], libpcp.Lib] = libpcp.load,
    ) -> None:
        self._hostspec, self._address, self._clock = hostspec, address, clock
        self._timeout, self._load, self._most = request_timeout, load, fetch_values
        self._lib: libpcp.Lib | None = None
        self._context: int | None = None
        self._known: dict[str, Descriptor | None] = {}
        self._known_since = 0.0
        self._with_texts: set[str] = set()
        self._names = InstanceNames(self._load_indom, clock)
        self._plans = Plans(self._plan, self._clock)
        # Instance domain -> the ids that fetches of this context are narrowed to.
        self._profile: dict[str, frozenset[int]] = {}

    # -- the face -----------------------------------------------------------

    def open(self) -> Facts:
        """A new context, and who answers. HostDown, HostLate, NotPcp; Unavailable."""
        self._new_context()
        assert self._context is not None and self._lib is not None
        hostname = self._lib.hostname(self._context)
        labels = self._attempt(self._lib.labels)
        sample = self._fetch_once((riders.HOSTNAME, riders.VERSION))
        said = sample.parts[0].values
        names = self._agent_names()
        return Facts(
            hostname=str(said.get(riders.HOSTNAME, {}).get(SINGULAR, hostname)),
            transport="pmcd",
            address=self._address,
            machine=str(labels.get("machineid", "")),
            version=str(said.get(riders.VERSION, {}).get(SINGULAR, "")),
            agents={names[d]: s for d, s in sample.agents.items() if d in names},
        )

    def describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        """See `face.Source.describe`; without texts, which cost a look-up each."""
        return self._again(lambda: self._describe(riders.unique(names)))

    def fetch(self, names: Sequence[str], only: Only = ALL) -> Sample:
        """See `face.Source.fetch`."""
        wanted = riders.unique(names)
        return self._again(lambda: self._fetch_once(wanted, only))

    def children(self, prefix: str) -> list[Descriptor]:
        """See `face.Source.children`; texts as far as ten seconds bring them."""

        def below() -> list[Descriptor]:
            names = self._opened().below(prefix)
            known = self._describe(riders.unique(names))
            texted = self._add_texts(known, _CHILDREN_SECONDS)
            return sorted(texted.values(), key=lambda d: d.name)

        return self._again(below)

    def close(self) -> None:
        """See `face.Source.close`."""
        if self._context is not None and self._lib is not None:
            self._lib.destroy(self._context)
        self._context = None

    # -- contexts -------------------------------------------------------------

    def _again(self, act: Callable[[], T]) -> T:
        """`act()`, and once more in a new context where the old one had gone."""
        if self._context is None:
            self._new_context()
            return self._attempt(act)
        try:
            return self._attempt(act)
        except ContextLost:
            self._new_context()
            return self._attempt(act)

    def _attempt(self, act: Callable[[], T]) -> T:
        """`act()` in our context, with libpcp's errors as ours."""
        try:
            self._opened()
            return act()
        except PmError as error:
            raise _judge(error) from None

    def _opened(self) -> libpcp.Lib:
        assert self._lib is not None and self._context is not None
        self._lib.use(self._context)
        return self._lib

    def _new_context(self) -> None:
        self.close()
        self._known.clear()
        self._with_texts.clear()
        self._plans.clear()
        self._names.clear()
        self._profile = {}
        self._lib = self._load(self._timeout)
        try:
            self._context = self._lib.new_context(self._hostspec)
        except PmError as error:
            raise _refused(error) from None
        self._known_since = self._clock()

    # -- metadata ---------------------------------------------------------------

    def _load_indom(self, indom: str) -> dict[int, str]:
        assert self._lib is not None
        return self._lib.instances(indom_number(indom))

    def _agent_names(self) -> dict[int, str]:
        descriptor = self._known.get(riders.STATUS)
        if descriptor is None or descriptor.indom is None:
            return {}
        return self._names.names(descriptor.indom, ())

    def _describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        assert self._lib is not None
        now = self._clock()
        if now - self._known_since > _ASK_AGAIN:
            self._known = {n: d for n, d in self._known.items() if d is not None}
            self._known_since = now
        wanted = [n for n in names if n not in self._known and riders.well_formed(n)]
        if wanted:
            found = self._lib.descriptors(self._lib.lookup(wanted))
            self._known.update({name: found.get(name) for name in wanted})
        known = ((name, self._known.get(name)) for name in names)
        return {name: descriptor for name, descriptor in known if descriptor is not None}

    def _add_texts(self, known: dict[str, Descriptor], seconds: float) -> dict[str, Descriptor]:
        assert self._lib is not None
        end = self._clock() + seconds
        for name, descriptor in known.items():
            if name in self._with_texts:
                continue
            if self._clock() > end:
                break
            oneline, text = self._lib.texts(libpcp.pmid_number(descriptor.pmid))
            known[name] = dataclasses.replace(descriptor, oneline=oneline, text=text)
            self._known[name] = known[name]
            self._with_texts.add(name)
        return known

    # -- fetching ---------------------------------------------------------------

    def _narrow(self, only: Only) -> None:
        """Have the context's profile be `only`; libpcp tells pmcd of it with the next fetch."""
        wanted = {indom: self._names.ids(indom, names) for indom, names in only.items()}
        if wanted == self._profile:
            return
        lib = self._opened()
        for indom in self._profile.keys() | wanted.keys():
            if self._profile.get(indom) != wanted.get(indom):
                lib.narrow(indom_number(indom), wanted.get(indom))
        self._profile = wanted

    def _fetch_once(self, names: tuple[str, ...], only: Only = ALL) -> Sample:
        plan = self._plans.get(names)
        self._names.start_turn(plan.indoms)
        self._narrow(only)
        stamp, found = self._opened().fetch(plan.wanted)
        if sum([len(one.ids) for one in found]) > self._most:
            raise Overloaded(f"It has more than {self._most} values for one sample.")
        values: dict[str, Instances] = {}
        missing = dict(plan.missing)
        for (name, indom, real), one in zip(plan.order, found, strict=True):
            if not one.ids:
                instances: Instances = {}
            elif indom is None:
                instances = {SINGULAR: one.values[0]}
            else:
                instances = self._named(plan, name, indom, one)
            if real:
                instances = _finite(instances)
            if instances:
                values[name] = instances
            elif name in plan.asked:
                missing[name] = self._why(one.error)
        sample = self._sample(plan, stamp, values, missing)
        sample.size = plan.wanted.shapes.size
        return sample

    def _sample(
        self, plan: _Plan, stamp: float, values: dict[str, Instances], missing: dict[str, str]
    ) -> Sample:
        """Riders out, dead agents' metrics out."""
        agents = self._agent_names()
        status, fenced = values.get(riders.STATUS), values.get(riders.FENCED)
        states = riders.agent_states(status or {}, fenced, {n: d for d, n in agents.items()})
        uptime = riders.singular_float(values, riders.UPTIME)
        riders.bury(values, missing, states, agents, plan.asked)
        for name in riders.RIDERS:
            if name not in plan.asked:
                values.pop(name, None)
        return Sample([Part(stamp, values)], missing, states, uptime)

    def _named(self, plan: _Plan, name: str, indom: str, one: Fetched) -> Instances:
        """Values by instance name."""
        last = plan.named.get(name)
        if last is None or last.ids != one.ids or last.known is not self._names.current(indom):
            last = self._renamed(plan, name, indom, one.ids)
        values: Instances = dict(zip(last.names, one.values, strict=True))
        values.pop(_NAMELESS, None)
        return values

    def _renamed(self, plan: _Plan, name: str, indom: str, ids: tuple[int, ...]) -> _Named:
        """The names of a metric's instances, which are others than in the last sample."""
        known = self._names.names(indom, ids)
        named = _Named(ids, known, tuple([known.get(ident, _NAMELESS) for ident in ids]))
        if _NAMELESS not in named.names:  # else the next turn asks for their names again
            plan.named[name] = named
        return named

    def _why(self, error: int) -> str:
        if error >= 0:
            return riders.NO_VALUE
        words = _REASONS.get(error)
        if words is None and self._lib is not None:
            words = f"The host says: {self._lib.errstr(error)}."
        return words or riders.NO_VALUE

    def _plan(self, names: tuple[str, ...]) -> _Plan:
        known = self._describe(riders.unique([*names, *riders.RIDERS]))
        missing = {name: riders.unknown(name) for name in names if name not in known}
        fit = {n: d for n, d in known.items() if d.type in riders.FETCHED_TYPES}
        missing |= {n: riders.unfit(known[n]) for n in names if n in known and n not in fit}
        order = list(fit.values())
        return _Plan(
            [(d.name, d.indom, d.type in ("double", "float")) for d in order],
            libpcp.wanted(order),
            {name: fit[name] for name in names if name in fit},
            frozenset(d.indom for d in order if d.indom is not None),
            missing,
            self._clock() + _ASK_AGAIN,
        )


def _finite(values: Instances) -> Instances:
    return {n: x for n, x in values.items() if not isinstance(x, float) or abs(x) < _INFINITE}


_INFINITE = float("inf")
_NAMELESS = ""  # an instance that the host doesn't name; no instance has this name (instances.tidy)


def _refused(error: PmError) -> HostError:
    """Our error for a pmcd that gives no context."""
    if error.code == libpcp.PM_ERR_TIMEOUT:
        return HostLate("Its pmcd did not answer in time.")
    if error.code == libpcp.PM_ERR_PERMISSION:
        return HostDown(
            "Its pmcd does not let this server in.",
            hint="Allow this server's address in the [access] section of its pmcd.conf.",
        )
    if error.code in _NOBODY:
        return HostDown("Its pmcd does not run, or takes no connection.")
    if error.code == libpcp.PM_ERR_IPC:
        return NotPcp("What answers there does not speak as pmcd does.")
    return HostDown(f"Its pmcd gave no context: {error.words}.")


def _judge(error: PmError) -> HostError:
    """Our error for a call that failed in an open context."""
    if error.code == libpcp.PM_ERR_TIMEOUT:
        return HostLate("Its pmcd did not answer in time.")
    return ContextLost(f"The connection to its pmcd was lost: {error.words}.")
