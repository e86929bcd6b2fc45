"""PCP over HTTP: pmproxy 5 to 7 and pmwebd 3 and 4, by the routes that both speak.

All of the web API's lies are handled here and in `answers`, `dialects` and
`riders`, nowhere else: lost contexts are made anew, a dead agent's repeated
values become gaps, names are asked for once each and in URLs that fit.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from vectorpy.errors import BadAnswer, ContextLost, HostLate, Overloaded
from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import SINGULAR, Instances, Part, Sample
from vectorpy.sources import answers, dialects, riders
from vectorpy.sources.egress import Answer, Getter
from vectorpy.sources.face import ALL, Facts, Only
from vectorpy.sources.instances import InstanceNames
from vectorpy.sources.plans import Plans

T = TypeVar("T")

_NO_ELEMENTS = -12443  # pmwebd: none of the metrics asked for has a value
_ASK_AGAIN = 60.0  # seconds after which an unknown name is asked for again
_STILL = 0.1  # seconds in which an uptime must have moved


@dataclass(slots=True)
class _Plan:
    """How a list of names is fetched: in which lists, and what has no value anyway."""

    parts: list[list[str]]
    paths: list[str]
    descriptors: dict[str, Descriptor]
    indoms: frozenset[str]
    missing: dict[str, str]
    until: float
    valueless: set[str] = field(default_factory=set)
    checked: float = float("-inf")


class WebSource:
    """One host's web API; see `face.Source`. `address` is for people."""

    def __init__(
        self,
        getter: Getter,
        address: str,
        *,
        polltimeout: float = 30.0,
        fetch_values: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._getter, self._address, self._clock = getter, address, clock
        self._query = f"polltimeout={max(1, round(polltimeout))}"
        self._most = fetch_values
        self._dialect: dialects.Dialect | None = None
        self._context = 0
        self._known: dict[str, Descriptor | None] = {}
        self._known_since = 0.0
        self._names = InstanceNames(self._load_indom, clock)
        self._plans = Plans(self._plan, self._clock)
        self._uptimes: dict[int, tuple[float, float]] = {}
        self._end: float | None = None
        self._taken = 0  # bytes of answers to this sample
        # Fetches of some instances go by a context of their own, so that all others need not
        # be told to the server again each time. None until it is made.
        self._narrow: int | None = None
        self._profile: dict[str, frozenset[int]] = {}

    # -- the face -----------------------------------------------------------

    def open(self) -> Facts:
        """A new context, and who answers. HostDown, HostLate, NotPcp, BadAnswer."""
        self._dialect = None
        context = self._new_context()
        sample = self._fetch_once((riders.HOSTNAME, riders.VERSION))
        said = sample.parts[0].values if sample.parts else {}
        names = self._agent_names()
        return Facts(
            hostname=str(said.get(riders.HOSTNAME, {}).get(SINGULAR, context.hostname)),
            transport="web",
            address=self._address,
            machine=context.machine,
            version=str(said.get(riders.VERSION, {}).get(SINGULAR, "")),
            agents={names[d]: s for d, s in sample.agents.items() if d in names},
        )

    def describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        """See `face.Source.describe`."""
        return self._again(lambda: self._describe(riders.unique(names)))

    def fetch(self, names: Sequence[str], only: Only = ALL) -> Sample:
        """See `face.Source.fetch`; the whole sample has the time of one answer."""
        wanted = riders.unique(names)
        try:
            return self._again(lambda: self._fetch_once(wanted, only))
        finally:
            self._end = None

    def children(self, prefix: str) -> list[Descriptor]:
        """See `face.Source.children`; up to ten seconds for each subtree."""
        self._end = self._clock() + dialects.PMNS_SECONDS

        def below() -> list[Descriptor]:
            dialect = self._opened()
            return sorted(dialect.below(self._ask, prefix), key=lambda d: d.name)

        try:
            return self._again(below)
        finally:
            self._end = None

    def close(self) -> None:
        """See `face.Source.close`; the context there expires by itself."""
        self._getter.close()

    # -- contexts -------------------------------------------------------------

    def _again(self, act: Callable[[], T]) -> T:
        """`act()`, and once more in a new context where the first one was refused."""
        try:
            self._opened()
            return act()
        except (ContextLost, answers.Strange):
            self._new_context()
            return act()

    def _opened(self) -> dialects.Dialect:
        if self._dialect is None:
            self._new_context()
        assert self._dialect is not None
        return self._dialect

    def _new_context(self) -> answers.Context:
        """Forget all that the old context knew, and make a new one."""
        self._known.clear()
        self._plans.clear()
        self._names.clear()
        self._uptimes.clear()
        self._narrow, self._profile = None, {}
        if self._dialect is None:
            dialect, answer = dialects.detect(self._get, self._query)
        else:
            dialect = self._dialect
            answer = self._ask_context(dialect)
        context = _context(answer)
        self._dialect, self._context = dialect, context.number
        self._known_since = self._clock()
        return context

    def _ask_context(self, dialect: dialects.Dialect) -> Answer:
        hostspec = f"&hostspec={dialect.hostspec}" if dialect.hostspec else ""
        answer: Answer = self._get(f"/pmapi/context?{self._query}{hostspec}")
        return answer

    def _narrowed(self, only: Only) -> int:
        """The number of a context whose fetches bring the instances of `only`, as far as can be."""
        dialect = self._opened()
        if not only or not dialect.profiles:
            return self._context
        if self._narrow is None:
            self._narrow, self._profile = _context(self._ask_context(dialect)).number, {}
        wanted = {indom: self._names.ids(indom, names) for indom, names in only.items()}
        for indom in self._profile.keys() | wanted.keys():
            if self._profile.get(indom) != wanted.get(indom):
                for path in dialects.narrow(indom, wanted.get(indom)):
                    self._ask(path, context=self._narrow)
        self._profile = wanted
        return self._narrow

    # -- asking ---------------------------------------------------------------

    def _get(self, path: str, total: float | None = None, size: int | None = None) -> Any:
        """GET within what is left of the whole sample's time."""
        if self._end is not None:
            left = self._end - self._clock()
            if left <= 0:
                raise HostLate("It did not answer in time.")
            total = min(left, total or self._getter.limits.total)
        answer = self._getter.get(path, total=total, size=size)
        self._taken += len(answer.body)
        return answer

    def _ask(
        self,
        path: str,
        total: float | None = None,
        size: int | None = None,
        context: int | None = None,
    ) -> dict[str, Any]:
        """The JSON object that `path` gives in our context; ContextLost on any refusal."""
        number = self._context if context is None else context
        answer = self._get(f"/pmapi/{number}/{path}", total, size)
        if answer.status == 200:
            return answers.parse(answer.body)
        code = answers.error_code(answer.body)
        if code == _NO_ELEMENTS:
            return {"timestamp": {"s": 0, "us": 0}, "values": []}
        if code is not None or answers.refusal(answer.body) is not None:
            raise ContextLost("It does not know our context any more.")
        raise BadAnswer("It refused to answer.")

    def _load_indom(self, indom: str) -> dict[int, str]:
        number = answers.indom_number(indom)
        return answers.read_instances(self._ask(f"_indom?indom={number}"))

    def _describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        now = self._clock()
        if now - self._known_since > _ASK_AGAIN:
            self._known = {n: d for n, d in self._known.items() if d is not None}
            self._known_since = now
        wanted = [n for n in names if n not in self._known and riders.well_formed(n)]
        if wanted:
            found = self._opened().describe(self._ask, wanted)
            self._known.update({name: found.get(name) for name in wanted})
        known = ((name, self._known.get(name)) for name in names)
        return {name: descriptor for name, descriptor in known if descriptor is not None}

    # -- fetching ---------------------------------------------------------------

    def _fetch_once(self, names: tuple[str, ...], only: Only = ALL) -> Sample:
        self._taken = 0
        ahead = None if only else self._fetch_ahead(names)
        self._end = None  # what a new context must learn first has its own time
        plan = self._plans.get(names)
        self._check_values(plan)
        if ahead is not None:
            plan = _of_parts(plan, ahead[0])
        self._end = self._clock() + self._getter.limits.total
        self._names.start_turn(plan.indoms)
        context = self._narrowed(only)
        sample = Sample([], dict(plan.missing), requests=len(plan.parts))
        count = 0
        for number, path in enumerate(plan.paths):
            document = ahead[1][number] if ahead else self._ask(path, context=context)
            stamp, values, some = answers.read_values(document, plan.descriptors, self._names.names)
            count += some
            if count > self._most:
                raise Overloaded(f"It has more than {self._most} values for one sample.")
            self._settle(number, plan, sample, stamp, values)
        sample.size = self._taken
        return sample

    def _fetch_ahead(self, names: tuple[str, ...]) -> _Ahead | None:
        """Values of `names` where some of them are to be described yet; else None.

        Descriptors take a server as long as many samples do. Whoever asks for two
        samples gets them in the time between. Both servers leave out names that
        are unknown; where one refuses them, it is asked in the usual order.
        """
        if all(name in self._known for name in names):
            return None
        self._opened()
        self._end = self._clock() + self._getter.limits.total
        own = [n for n in names if n not in riders.RIDERS and riders.well_formed(n)]
        along = [n for n in riders.RIDERS if n not in self._known or self._known[n]]
        parts, paths = _requests(own, along)
        try:
            return parts, [self._ask(path) for path in paths]
        except (ContextLost, BadAnswer):
            return None

    def _settle(
        self, number: int, plan: _Plan, sample: Sample, stamp: float, values: dict[str, Instances]
    ) -> None:
        """One answer into the sample: riders out, dead agents' metrics out, gaps named."""
        status, fenced = values.get(riders.STATUS), values.get(riders.FENCED)
        if riders.STATUS in plan.descriptors and status is None:
            # pmcd itself always has this value: what came is from a pmcd that is gone.
            raise ContextLost("Its pmcd went away.")
        agents = self._agent_names()
        states = riders.agent_states(status or {}, fenced, {n: d for d, n in agents.items()})
        uptime = riders.singular_float(values, riders.UPTIME)
        if uptime is not None and self._stands_still(number, stamp, uptime):
            states[riders.LINUX_DOMAIN] = states.get(riders.LINUX_DOMAIN) or riders.STALE_STATUS
        wanted = {n: plan.descriptors[n] for n in plan.parts[number]}
        riders.bury(values, sample.missing, states, agents, wanted)
        if sample.uptime is None and states.get(riders.LINUX_DOMAIN, 0) == 0:
            sample.uptime = uptime
        for domain, state in states.items():
            sample.agents[domain] = sample.agents.get(domain) or state
        silent = plan.valueless
        kept = {name: values[name] for name in wanted if values.get(name) and name not in silent}
        for name in wanted:
            if name not in kept:
                sample.missing.setdefault(name, riders.NO_VALUE)
        sample.parts.append(Part(stamp, kept))

    def _stands_still(self, number: int, stamp: float, uptime: float) -> bool:
        """Whether the linux agent's values are old ones: its uptime must have moved.

        pmproxy repeats the last values of an agent that died within this very
        fetch, and pmcd's own status in it may still say well.
        """
        before = self._uptimes.get(number)
        if before is not None and uptime == before[1]:
            return stamp - before[0] > _STILL
        self._uptimes[number] = (stamp, uptime)
        return False

    def _agent_names(self) -> dict[int, str]:
        """Names of agents by domain number: the ids of their instance domain are these."""
        descriptor = self._known.get(riders.STATUS)
        if descriptor is None or descriptor.indom is None:
            return {}
        return self._names.names(descriptor.indom, ())

    def _check_values(self, plan: _Plan) -> None:
        """Once a minute: which singular metrics have no value, though fetches give one."""
        if self._clock() - plan.checked < _ASK_AGAIN:
            return
        plan.checked = self._clock()
        own = (plan.descriptors[name] for part in plan.parts for name in part)
        singular = [d.name for d in own if d.indom is None and d.numeric]
        with contextlib.suppress(HostLate, Overloaded):  # then what was known holds on
            plan.valueless = self._opened().valueless(
                lambda path: self._get(f"/pmapi/{self._context}/{path}"), singular
            )

    def _plan(self, names: tuple[str, ...]) -> _Plan:
        known = self._describe([*names, *riders.RIDERS])
        missing, fetched = {}, []
        for name in names:
            if name not in known:
                missing[name] = riders.unknown(name)
            elif known[name].type not in riders.FETCHED_TYPES:
                missing[name] = riders.unfit(known[name])
            else:
                fetched.append(name)
        along = [name for name in riders.RIDERS if name in known]
        parts, paths = _requests([name for name in fetched if name not in along], along)
        if parts:
            # a rider that was asked for by name is kept, from the first answer
            parts[0] = [*parts[0], *(name for name in fetched if name in along)]
        indoms = {d.indom for d in known.values() if d.indom is not None}
        return _Plan(parts, paths, known, frozenset(indoms), missing, self._clock() + _ASK_AGAIN)


def _context(answer: Answer) -> answers.Context:
    """The context in a server's answer; raises why it gave none."""
    if answer.status != 200:
        raise dialects.refused(answer)
    try:
        return answers.read_context(answers.parse(answer.body))
    except answers.Strange:
        raise dialects.refused(answer) from None


# Names by request, and the answers.
_Ahead = tuple[list[list[str]], list[dict[str, Any]]]


def _requests(own: Sequence[str], along: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """`own` by request, and the paths of these, in each of which `along` rides."""
    tail = "," + ",".join(along) if along else ""
    parts = list(dialects.split(own, dialects.URL_LENGTH - len(tail) - 64))
    parts = parts or ([[]] if along else [])
    return parts, [("_fetch?names=" + ",".join(p) + tail).replace("=,", "=") for p in parts]


def _of_parts(plan: _Plan, asked: list[list[str]]) -> _Plan:
    """`plan` for answers to requests that were made before it, each for some of its names."""
    planned = {name for part in plan.parts for name in part}
    parts = [[name for name in part if name in planned] for part in asked]
    for part in parts[:1]:
        part += [name for name in riders.RIDERS if name in planned]
    return replace(plan, parts=parts, paths=[""] * len(parts))
