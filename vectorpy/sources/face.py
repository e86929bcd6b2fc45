"""The one face of all transports: what a source is, and what it says of its host.

Only the face belongs here; `web`, `pmcd`, `archive` and `fake` implement it.
A source belongs to one thread: it keeps no lock, and has at most one request
in flight. Errors are those of `vectorpy.errors` (HostDown, HostLate, NotPcp,
BadAnswer, Overloaded, ContextLost, RefusedByPolicy), each with host and hint.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import Sample

# Instance domain -> names of the instances that are wanted of it; all of those not named here.
Only = Mapping[str, Collection[str]]
ALL: Only = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host says of itself when it is opened.

    `transport` is web, pmcd, archive or fake; `address` the checked address and
    port in use, for people. `machine` is the machine id, "" where unknown.
    `agents` are the names of its agents with their status (0 is well).
    """

    hostname: str
    transport: str
    address: str
    machine: str = ""
    version: str = ""
    agents: dict[str, int] = field(default_factory=dict)


class Source(Protocol):
    """An open way to one host's PCP."""

    def open(self) -> Facts:
        """Connect anew and tell the host's facts; also used after ContextLost."""
        ...

    def describe(self, names: Sequence[str]) -> dict[str, Descriptor]:
        """Descriptors by name; names that the host does not have are left out.

        Help texts are in them where they come by themselves; `children` brings them.
        """
        ...

    def fetch(self, names: Sequence[str], only: Only = ALL) -> Sample:
        """One sample of these metrics, with agent states and uptime riding along.

        Of the instance domains in `only` the host is asked for these instances
        alone, where its server knows how (pmwebd does not): others may come too.

        A dead agent's metrics and those without a value are in `missing`, never
        in `parts`. Names need not be described before: it is seen to, and then
        takes no time of `describe` any more.
        """
        ...

    def children(self, prefix: str) -> list[Descriptor]:
        """Descriptors of all metrics below `prefix` in the PMNS ("" is the root)."""
        ...

    def close(self) -> None:
        """Give everything back. It never raises."""
        ...
