"""What rides along in every fetch, and the words for what is missing; for all transports.

A web API repeats a dead agent's last values as if they were fresh, so the
agents' status is asked for in the same fetch, and judged here. The never-fetch
list stands here too: what may hold secrets is asked for by no transport.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from vectorpy.model.metric import NUMERIC_TYPES, Descriptor
from vectorpy.model.sample import SINGULAR, Instances

STATUS, FENCED, UPTIME = "pmcd.agent.status", "pmcd.agent.fenced", "kernel.all.uptime"
RIDERS = (STATUS, FENCED, UPTIME)
VERSION, HOSTNAME = "pmcd.version", "pmcd.hostname"
LINUX_DOMAIN = 60
FENCED_STATUS = -12400  # not a status of pmcd's own: its agent answers, but may not
STALE_STATUS = -1  # nor is this: pmcd says well, but the values did not move

# Command lines: they pass `mask` before anybody sees them.
COMMAND_LINES = frozenset({"proc.psinfo.psargs", "hotproc.psinfo.psargs"})

METRIC_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*\Z")
NAME_LENGTH = 256
FETCHED_TYPES = NUMERIC_TYPES | {"string"}

# Environments of processes, statements of databases with their literals, and
# whatever calls itself a secret.
_SECRET = re.compile(
    r".*\.psinfo\.environ(?:\..*)?"
    r"|postgresql\.(?:.*\.)?(?:current_)?query"
    r"|mysql\.processlist\..*|mssql\..*\.(?:query|statement)(?:_text)?"
    r"|(?:.*[._])?(?:password|passwd|passphrase|secret|secrets|token|credential|credentials"
    r"|api_?key|private_?key)(?:[._].*)?",
    re.IGNORECASE,
)


def never_fetched(name: str) -> bool:
    """Whether `name` may hold secrets: it is then neither fetched nor described."""
    return _SECRET.fullmatch(name) is not None


def well_formed(name: str) -> bool:
    """Whether `name` can be a metric's name at all."""
    return len(name) <= NAME_LENGTH and METRIC_NAME.match(name) is not None


def unknown(name: str) -> str:
    """Words for a name that the host's PMNS does not have."""
    return f"This host has no metric {name[:NAME_LENGTH]}."


def forbidden(name: str) -> str:
    """Words for a metric of the never-fetch list."""
    return f"{name} is never fetched: it may hold passwords or other secrets."


def unfit(descriptor: Descriptor) -> str:
    """Words for a metric of a type that has no value to draw."""
    return f"{descriptor.name} has the type {descriptor.type}, which can't be shown."


NO_VALUE = "It has no value there now."


def status_words(status: int) -> str:
    """What pmcd.agent.status means (bits 7..0 state, 15..8 exit status, 23..16 signal)."""
    if status == 0:
        return "well"
    if status == FENCED_STATUS:
        return "is fenced off by the host's administrator"
    if status == STALE_STATUS:
        return "gives no new values"
    if status & 8:
        return "was cut off by pmcd: it answered too late or wrongly"
    if status & 4:
        return "could not be started"
    if status & 2:
        return "has ended"
    if status & 1:
        return "is starting"
    return f"is not well (status {status})"


def agent_down(name: str, status: int) -> str:
    """Words for a metric whose agent does not serve."""
    return f"The agent that brings it ({name}) {status_words(status)}."


def agent_states(status: Instances, fenced: Instances | None, names: Mapping[str, int]) -> dict[
    int, int
]:  # fmt: skip
    """Status by domain number from the two riders, both by agent name; `names` gives domains."""
    states = {}
    for name, value in status.items():
        if name in names and isinstance(value, int):
            held = bool(fenced and fenced.get(name)) and not value
            states[names[name]] = FENCED_STATUS if held else value
    return states


def bury(
    values: dict[str, Instances],
    missing: dict[str, str],
    states: Mapping[int, int],
    agents: Mapping[int, str],
    descriptors: Mapping[str, Descriptor],
) -> None:
    """Move the metrics of agents that are not well from `values` to `missing`."""
    bad = {domain: status for domain, status in states.items() if status}
    if not bad:
        return
    for name, descriptor in descriptors.items():
        status = bad.get(descriptor.domain)
        if status is not None:
            values.pop(name, None)
            missing[name] = agent_down(agents.get(descriptor.domain, "?"), status)


def singular_float(values: Mapping[str, Instances], name: str) -> float | None:
    """A singular metric's number, None where it is absent or no number."""
    value = values.get(name, {}).get(SINGULAR)
    return float(value) if isinstance(value, int | float) else None


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """`names` in order, each once."""
    return _unique(names if isinstance(names, tuple) else tuple(names))


@lru_cache(maxsize=256)  # each host's list is the same second after second
def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
