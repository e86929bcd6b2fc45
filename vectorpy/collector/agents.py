"""The agents of the private pmcd, as a table.

One row says what pmcd.conf, the PMNS and the readiness test need to know of an
agent. Agents of our own join the table here; how they are installed in a
system's PCP is the room `agents`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Agent:
    """One agent (PMDA).

    `command` is the end of its line in pmcd.conf after name and domain, with
    the places {pmdas} (PCP's folder of agents) and {user}. `pmns` is its part
    of the PMNS, absolute or below PCP's folder pmns. `wanted` are metrics that
    must have a value before the collector counts as ready. `secrets` marks an
    agent that tells its own user the environments of that user's processes.
    """

    name: str
    domain: int
    command: str
    pmns: Path
    wanted: tuple[str, ...]
    secrets: bool = False


# linux and proc run as processes: both as DSOs crash pmcd 6.0 on help texts.
# pmdaroot (containers, needs root) is left out; pmdaproc never gets -A.
AGENTS: tuple[Agent, ...] = (
    Agent(
        name="pmcd",
        domain=2,
        command="dso\tpmcd_init\t{pmdas}/pmcd/pmda_pmcd.so",
        pmns=Path("root_pmcd"),
        wanted=("pmcd.version", "pmcd.agent.status"),
    ),
    Agent(
        name="linux",
        domain=60,
        command="pipe\tbinary\t\t{pmdas}/linux/pmdalinux -U {user}",
        pmns=Path("root_linux"),
        wanted=("kernel.all.load", "kernel.all.cpu.user", "mem.physmem", "hinv.ncpu"),
    ),
    Agent(
        name="proc",
        domain=3,
        command="pipe\tbinary\t\t{pmdas}/proc/pmdaproc -d 3 -U {user}",
        pmns=Path("root_proc"),
        wanted=("proc.nprocs",),
        secrets=True,
    ),
)


def without_secrets(agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """The agents that may run beside a pmproxy of the same user."""
    return tuple(agent for agent in agents if not agent.secrets)
