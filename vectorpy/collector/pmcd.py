"""The private pmcd as a child: its arguments, environment and readiness.

Its files are written by `layout`, its agents come with it and go with it.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vectorpy.collector.agents import Agent
from vectorpy.collector.layout import Layout
from vectorpy.collector.process import Child, identity
from vectorpy.collector.system import SYSTEM_PATH, System
from vectorpy.collector.users import Account, Roles

# pmcd has no switch for "no TCP". What is no address, in no syntax and for no
# resolver (an empty label), is noted in its log, and it goes on with its unix
# socket alone. A real address that no host has works as well, but pmcd tries
# for a second to bind it, at each start.
NO_ADDRESS = "no..tcp"
LOOPBACK = "127.0.0.1"
PROBE_TIMEOUT = 1.0  # seconds


@dataclass(frozen=True)
class Listen:
    """Where pmcd, or pmproxy, serves TCP."""

    host: str
    port: int


def environment(layout: Layout) -> dict[str, str]:
    """Environment of PCP's processes: nothing of ours but the way to their files."""
    return {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "HOME": str(layout.var),
        "PCP_CONF": str(layout.pcp_conf),
    }


def addresses(listen: Listen) -> tuple[str, ...]:
    """Addresses that pmcd listens on: the one asked for, and loopback, where pmproxy seeks it."""
    if listen.host in ("0.0.0.0", "::", LOOPBACK):
        return (listen.host,)
    return (listen.host, LOOPBACK)


def argv(system: System, layout: Layout, listen: Listen | None) -> tuple[str, ...]:
    """pmcd's command line; without `listen` it opens no TCP port."""
    address = ["-i", NO_ADDRESS]
    if listen is not None:
        address = ["-p", str(listen.port)]
        for host in addresses(listen):
            address += ["-i", host]
    return (
        str(system.pmcd),
        *("-f", "-A"),  # foreground, not announced by mDNS
        *address,
        *("-s", str(layout.places.pmcd_socket)),
        *("-c", str(layout.pmcd_conf)),
        *("-n", str(layout.pmns)),
        *("-l", str(_log(layout))),
        *("-x", str(layout.pmcd_logs / "fatal.log")),
    )


def child(
    system: System,
    layout: Layout,
    roles: Roles,
    agents: tuple[Agent, ...],
    listen: Listen | None,
    say: Callable[[str], None] = lambda text: None,
) -> Child:
    """pmcd for the supervisor; it is ready when every wanted metric of `agents` has a value.

    `say` hears which of the others did not start.
    """
    account = roles.stack if roles.drops else None
    return Child(
        name="pmcd",
        argv=argv(system, layout, listen),
        env={**environment(layout), "PMCD_RESTART_AGENTS": "1"},
        cwd=layout.pmcd_logs,
        account=account,
        # pmcd goes on without its socket where the name is taken already.
        before=lambda: layout.places.pmcd_socket.unlink(missing_ok=True),
        ready=readiness(system, layout, account, agents, say),
        log=_log(layout),
    )


def _log(layout: Layout) -> Path:
    return layout.pmcd_logs / "pmcd.log"


def readiness(
    system: System,
    layout: Layout,
    account: Account | None,
    agents: tuple[Agent, ...],
    say: Callable[[str], None] = lambda text: None,
) -> Callable[[], bool]:
    """A question whether all wanted metrics have values, asked over the unix socket.

    Once they have, `say` hears of each agent that is not waited for and does not answer.
    """
    wanted = tuple(name for agent in agents for name in agent.wanted)
    alive = {agent.alive: agent.name for agent in agents if agent.alive}
    command = [str(system.pmprobe), "-h", f"unix:{layout.places.pmcd_socket}", *wanted, *alive]

    def ready() -> bool:
        if not layout.places.pmcd_socket.exists():
            return False
        try:
            done = subprocess.run(  # type: ignore[call-overload]
                command,
                env=environment(layout),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=PROBE_TIMEOUT,
                check=False,
                **identity(account),
            )
        except subprocess.TimeoutExpired:
            return False
        probed = done.stdout.decode("utf-8", "replace")
        if not all_answered(wanted, probed):
            return False
        for metric, name in alive.items():
            if not all_answered((metric,), probed):
                log = layout.pmcd_logs / f"{name}.log"
                words = last_words(log)
                why = f"It said last: {words}" if words else f"{log} may tell why."
                say(f"without the agent {name}: it did not start. {why}")
        return True

    return ready


def last_words(log: Path) -> str:
    """The last line of an agent's log, "" where it says nothing. What it is worth to read
    decides pmcd's user, so nothing but text comes of it."""
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ""
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            text = file.read(_LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.split("\n")]
    found = [line.strip() for line in lines if line.strip() and not line.startswith("Log ")]
    return found[-1] if found else ""


_LOG_BYTES = 4096


def all_answered(wanted: tuple[str, ...], probed: str) -> bool:
    """Whether pmprobe's lines ("name count") count a value for each of `wanted`."""
    counts = {}
    for line in probed.splitlines():
        name, _, rest = line.partition(" ")
        counts[name] = rest.split(" ")[0]
    return all(counts.get(name, "").isdecimal() and counts[name] != "0" for name in wanted)
