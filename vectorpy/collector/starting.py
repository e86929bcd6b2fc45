"""The starter of agents that need root, as a child of ours, and the lines that reach it.

It runs where root started us and pmcd is another user's. What it does is
`starter`'s; without it those agents run as pmcd's user and say what they lack.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vectorpy.collector import connect, starter
from vectorpy.collector.layout import Layout
from vectorpy.collector.pmcd import environment
from vectorpy.collector.process import Child
from vectorpy.collector.users import Account

_TIMEOUT = 1.0  # seconds


def names(pmda: Path, say: Callable[[str], None]) -> tuple[str, ...]:
    """The agents that may be started with root's rights: nobody else could change their code."""
    found = []
    for name in starter.PRIVILEGED:
        path = starter.script(pmda, name)
        if not path.exists():
            continue
        foreign = starter.barrier(path)
        if foreign is None:
            found.append(name)
        else:
            say(
                f"the agent {name} runs without root's rights, and gives less: others than root "
                f"could change {foreign}. Install vectorpy as root, for example in /opt/vectorpy."
            )
    return tuple(found)


def connectors(layout: Layout, agents: Sequence[str]) -> dict[str, str]:
    """Agent -> the command line by which pmcd reaches it."""
    line = f"{sys.executable} -I {Path(connect.__file__).resolve()} {layout.etc}"
    return {name: f"{line} {name}" for name in agents}


def child(layout: Layout, account: Account, pmda: Path, conf: Path | None = None) -> Child:
    """The starter for the supervisor; ready when it takes connections. `conf` is the folder of
    the agents' confs."""
    return Child(
        name="starter",
        argv=(
            *(sys.executable, "-P", "-m", "vectorpy.collector.starter"),
            *(str(layout.etc), str(account.uid), str(pmda)),
            *([str(conf)] if conf is not None else []),
        ),
        env=environment(layout),
        cwd=layout.etc,
        ready=lambda: _accepts(layout.etc),
    )


def _accepts(folder: Path) -> bool:
    """Whether the starter listens in `folder`, whose path may be too long for a socket's name."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(_TIMEOUT)
            sock.connect(f"/proc/self/fd/{held}/{starter.SOCKET}")
    except OSError:
        return False
    finally:
        os.close(held)
    return True
