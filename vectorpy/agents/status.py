"""How an agent fares in this system's PCP: looked at, and said in words."""

from __future__ import annotations

from dataclasses import dataclass

from vectorpy.agents import process
from vectorpy.agents.folder import UNKNOWN, Folder
from vectorpy.agents.process import Process
from vectorpy.agents.shipped import Shipped
from vectorpy.agents.system import System

_LOG_LINES = 3
_LOG_BYTES = 4096
_PROC = "/proc"
_SLACK = 1.0  # seconds: the start of a process is known no better


@dataclass(frozen=True)
class Status:
    """One agent.

    `version` is what lies in its folder (None: nothing), `listed` whether
    pmcd.conf has it, `answers` whether pmcd gets values of it (None: pmcd does
    not run), `probes` what the agent says of each of its probes, `outdated`
    whether its conf changed after it started. `log` are the last lines of its
    log where it should answer and does not.
    """

    name: str
    shipped: str
    folder: Folder
    version: str | None
    listed: bool
    answers: bool | None
    probes: dict[str, str]
    runs: Process | None
    outdated: bool
    edited: tuple[str, ...]
    log: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether anything of it is in this PCP."""
        return self.version is not None or self.listed

    def lines(self, system: System) -> list[str]:
        """For people; the first line names the agent."""
        if not self.installed:
            left = f"; edited files lie in {self.folder.path}" if self.edited else ""
            return [f"{self.name}: not installed{left}"]
        more = [f"runs as {self.runs.words(system.world.user_name)}"] if self.runs else []
        more += [f"{probe}: {text}" for probe, text in self.probes.items()]
        if self.edited:
            more.append(f"edited here: {', '.join(self.edited)}")
        if self.outdated:
            again = f"{system.world.again} agents install {self.name}"
            more.append(f"its conf changed after it started ({again} starts it anew)")
        more += [f"log: {line}" for line in self.log]
        return [f"{self.name}: {self._head(system)}", *(f"  {line}" for line in more)]

    def _head(self, system: System) -> str:
        again = f"{system.world.again} agents install {self.name}"
        if self.version is None:
            return f"in pmcd.conf, but {self.folder.script} is missing ({again} repairs it)"
        version = "installed by hand" if self.version == UNKNOWN else f"version {self.version}"
        if self.version != self.shipped:
            version += f" ({again} brings {self.shipped})"
        return f"{version}, {self._fares(system, again)}"

    def _fares(self, system: System, again: str) -> str:
        if not self.listed:
            return f"not in pmcd.conf ({again} repairs it)"
        if self.answers is None:
            return f"waiting: pmcd does not run. {system.how_to_start()}"
        return "answers" if self.answers else f"does not answer ({again} starts it anew)"


def look(system: System, shipped: Shipped, version: str) -> Status:
    """How the agent fares; `version` is the one that would be installed."""
    folder = Folder(system.pmdas / shipped.name, shipped.name)
    alive, status = f"{shipped.name}.control.heartbeat_age", f"{shipped.name}.probe.status"
    values = system.ask(alive, status)
    listed = system.listed(shipped.name)
    answers = None if values is None else alive in values
    runs = process.find(folder.script, system.world.path(_PROC))
    there = folder.record() is not None or folder.version is not None
    return Status(
        name=shipped.name,
        shipped=version,
        folder=folder,
        version=folder.version,
        listed=listed,
        answers=answers,
        probes=(values or {}).get(status, {}),
        runs=runs,
        outdated=runs is not None and folder.changed() > runs.started + _SLACK,
        edited=tuple(folder.edited(shipped)) if there else (),
        log=_log(system, shipped.name) if listed and answers is False else (),
    )


def _log(system: System, name: str) -> tuple[str, ...]:
    """The last lines of an agent's log."""
    try:
        with (system.logs / f"{name}.log").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LOG_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ()
    lines: list[str] = []
    for line in text.splitlines():
        shown = "".join(c if c.isprintable() else " " for c in line).strip()
        # PCP's library and the agent say the same of a wrong conf.
        if shown and not shown.startswith("Log ") and not (lines and shown in lines[-1]):
            lines.append(shown)
    return tuple(lines[-_LOG_LINES:])
