"""Agents into this system's PCP and out of it, by PCP's own Install and Remove.

Each step is said in words and can be repeated: a second install of the same
version does nothing, one that was cut off is completed. pmcd is never started
or stopped here, since it may serve others, or listen where nobody wants it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass

from vectorpy.agents.folder import UNKNOWN, Folder
from vectorpy.agents.shipped import Shipped
from vectorpy.agents.status import Status, look
from vectorpy.agents.system import System
from vectorpy.agents.world import Done
from vectorpy.errors import Unavailable

SCRIPT_SECONDS = 180.0  # PCP's scripts wait up to 60 s for pmcd, twice at most
ANSWER_SECONDS = 10.0
_PAUSE = 0.2


@dataclass(frozen=True)
class Outcome:
    """What was done with one agent, as lines for people; `changed` says whether anything was."""

    name: str
    changed: bool
    lines: tuple[str, ...]


def require_root(system: System, verb: str, names: list[str]) -> None:
    """Raise Unavailable, with the command to type, for whoever is not root."""
    if system.world.euid != 0:
        command = " ".join([system.world.again, "agents", verb, *names])
        raise Unavailable(
            f"To {verb} agents of the system's PCP needs root.", hint=f"Type: sudo {command}"
        )


@contextlib.contextmanager
def alone(system: System) -> Iterator[None]:
    """One at a time. Raises Unavailable where another one is at work."""
    fd = os.open(system.pmdas, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(
                "Another vectorpy installs or removes agents just now.", hint="Try again after it."
            ) from error
        yield
    finally:
        os.close(fd)


def install(system: System, shipped: Shipped, version: str) -> Outcome:
    """Install or upgrade one agent, complete an install, or start it anew for a changed conf.

    Raises Unavailable where pmcd does not run, the place is taken, PCP's
    Install fails or the agent does not answer afterwards.
    """
    system.require_pmcd()
    before = look(system, shipped, version)
    before.folder.require_ours()
    _require_free(system, shipped)
    whole = before.folder.has(shipped, version)
    if whole and before.listed and before.answers and not before.outdated:
        return Outcome(shipped.name, False, (f"{shipped.name}: already there, version {version}.",))
    system.require_python()
    try:
        kept = before.folder.put(shipped, version)
    except OSError as error:
        raise Unavailable(f"Its files can't be copied: {error}.") from error
    _script(system, before.folder, "Install")
    after = _answering(system, shipped, version)
    place = f"  in {before.folder.path}; pmcd started it"
    lines = [f"{shipped.name}: {_done(before, version)}.", place, *_kept(kept, before.folder)]
    return Outcome(shipped.name, True, (*lines, *after.lines(system)[1:]))


def remove(system: System, shipped: Shipped, version: str) -> Outcome:
    """Take one agent out of pmcd and its folder away; files that people edited stay.

    Raises Unavailable where the folder is somebody else's or PCP's Remove fails.
    """
    now = look(system, shipped, version)
    if not now.installed:
        return Outcome(shipped.name, False, tuple(now.lines(system)))
    now.folder.require_ours()
    _require_free(system, shipped)
    system.require_python()
    try:
        if not (now.folder.path / "Remove").exists():
            now.folder.put(shipped, version)
        _script(system, now.folder, "Remove")
        if system.listed(shipped.name):
            raise Unavailable(f"It is still in {system.pmcd_conf} after PCP's Remove.")
        left = now.folder.clear(shipped)
    except OSError as error:
        raise Unavailable(f"{now.folder.path} can't be taken away: {error}.") from error
    lines = [f"{shipped.name}: removed."]
    if left:
        lines.append(f"  left in {now.folder.path}, since edited or added: {', '.join(left)}")
    return Outcome(shipped.name, True, tuple(lines))


def _require_free(system: System, shipped: Shipped) -> None:
    """PCP's Install throws out whoever has the same name or domain; we ask first."""
    for line in system.lines():
        if (line.name == shipped.name) != (line.domain == shipped.domain):
            raise Unavailable(
                f"{system.pmcd_conf} has another agent, {line.name} with domain {line.domain}, "
                f"in the way of {shipped.name} with domain {shipped.domain}.",
                hint="Remove that one first if it isn't needed.",
            )


def _script(system: System, folder: Folder, script: str) -> None:
    """Run PCP's Install or Remove of an agent, which asks nothing without input."""
    done = system.world.run([f"./{script}"], folder.path, SCRIPT_SECONDS)
    if done.code != 0:
        raise Unavailable(
            f"PCP's {script} failed: {_last(done)}",
            hint=f"To see all of it: cd {folder.path} && sudo ./{script}",
        )


def _last(done: Done) -> str:
    lines = [line.strip() for line in (done.out + "\n" + done.err).splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or f"exit code {done.code}."


def _answering(system: System, shipped: Shipped, version: str) -> Status:
    """The agent's status once it answers and its probes speak."""
    deadline = system.world.clock() + ANSWER_SECONDS
    while True:
        status = look(system, shipped, version)
        if status.answers and status.probes:
            return status
        if system.world.clock() > deadline:
            break
        system.world.sleep(_PAUSE)
    if status.answers:
        return status
    log = system.logs / f"{shipped.name}.log"
    said = " / ".join(status.log) or "nothing"
    raise Unavailable(
        f"It is installed, but does not answer pmcd. Its log {log} ends with: {said}",
        hint=f"When that is mended, type: sudo {system.world.again} agents install {shipped.name}",
    )


def _done(before: Status, version: str) -> str:
    if before.version is None:
        return f"installed, version {version}"
    if before.version == UNKNOWN:
        return f"version {version} put in place of one that was installed by hand"
    if before.version != version:
        return f"version {version} put in place of {before.version}"
    if before.outdated and before.answers:
        return f"started anew with its changed conf, version {version}"
    return f"repaired, version {version}"


def _kept(kept: list[str], folder: Folder) -> list[str]:
    lines = []
    for name in kept:
        fresh = (folder.path / f"{name}.new").exists()
        beside = f"; what comes with this version is {name}.new" if fresh else ""
        lines.append(f"  kept {name}, which was edited{beside}")
    return lines
