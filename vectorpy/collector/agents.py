"""The agents of the private pmcd, as a table.

One row says what pmcd.conf, the PMNS and the readiness test need to know of an
agent. Agents of our own join them by `with_ours`; how they are installed in a
system's PCP is the room `agents`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vectorpy.errors import ConfigError
from vectorpy.settings import Settings


@dataclass(frozen=True)
class Agent:
    """One agent (PMDA).

    `command` is the end of its line in pmcd.conf after name and domain, with
    the places {pmdas} (PCP's folder of agents) and {user}. `pmns` is its part
    of the PMNS, absolute or below PCP's folder pmns. `wanted` are metrics that
    must have a value before the collector counts as ready. `alive` is a metric
    that the agent answers as soon as it runs: the collector goes on without an
    agent that has one and does not answer, and says so. `secrets` marks an
    agent that tells its own user the environments of that user's processes.
    """

    name: str
    domain: int
    command: str
    pmns: Path
    wanted: tuple[str, ...]
    secrets: bool = False
    alive: str = ""


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


# Our own, by the name of their folder below pmda/; domains outside those that PCP gives out.
OURS = {"vkernel": 400, "vnet": 401, "vjvm": 402}


def with_ours(
    agents: tuple[Agent, ...],
    root: Path,
    connectors: Mapping[str, str] | None = None,
    conf: Path | None = None,
) -> tuple[Agent, ...]:
    """`agents` and those of ours that `root` (the folder pmda/) has.

    `connectors` holds the command lines of those that a starter starts (`starter`), which looks
    for their confs itself; those of the others are in the folder `conf`, where it has them.
    """
    commands = connectors or {}
    return agents + tuple(
        Agent(
            name=name,
            domain=domain,
            command="pipe\tbinary\t\t" + _plain(commands.get(name) or _command(root, name, conf)),
            pmns=root / name / f"root_{name}",
            wanted=(),
            alive=f"{name}.control.heartbeat_age",
        )
        for name, domain in OURS.items()
        if (root / name / f"pmda{name}.python").exists()
    )


def _command(root: Path, name: str, conf: Path | None) -> str:
    # The system's Python has PCP's bindings; pmpython takes the first on PATH.
    line = f"/usr/bin/python3 {root}/{name}/pmda{name}.python"
    own = conf / f"{name}.conf" if conf is not None else None
    return f"{line} -c {own}" if own is not None and own.exists() else line


def conf_folder(setting: str) -> Path | None:
    """The folder of the agents' confs; None where the usual one is not there.

    Raises ConfigError where another one was named that pmcd can't be told, or that is not there.
    """
    folder = Path(setting).absolute() if setting else None
    if folder is None or (not folder.is_dir() and setting == _USUAL_CONF):
        return None
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {folder}, where the agents' confs were to be.",
            hint="Make it, or leave the setting agents_conf alone.",
        )
    if any(c.isspace() for c in str(folder)):
        raise ConfigError(
            f"The folder of the agents' confs has a blank in its name: {str(folder)!r}.",
            hint="Name one without with the setting agents_conf.",
        )
    return folder


_USUAL_CONF = Settings().agents_conf


def _plain(text: str) -> str:
    """A text as a format string that yields it."""
    return text.replace("{", "{{").replace("}", "}}")


def without_secrets(agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """The agents that may run beside a pmproxy of the same user."""
    return tuple(agent for agent in agents if not agent.secrets)
