"""The PCP of this system: its folders, who stands in pmcd.conf, and what its pmcd answers.

Only reading and asking. A private pmcd of vectorpy is another one: this pmcd
is asked at its own unix socket, whatever else listens on its port.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vectorpy.agents.world import PYTHON, World
from vectorpy.errors import Unavailable

CONF = "/etc/pcp.conf"
ASK_SECONDS = 15.0  # pmcd waits 5 s for each agent that hangs
_ASSIGNMENT = re.compile(r"^(PCP_[A-Z0-9_]+)=(.*)$", re.MULTILINE)
_ACCESS = re.compile(r"^\s*\[\s*access\s*\]", re.IGNORECASE)
_INSTANCE = re.compile(r'^    inst \[\d+ or "(.*)"\] value (.*)$')
_GET_PCP = "Install it (on Debian and Ubuntu: apt install pcp python3-pcp)."


@dataclass(frozen=True)
class Line:
    """An agent's line in pmcd.conf."""

    name: str
    domain: int
    text: str


@dataclass(frozen=True)
class System:
    """The installed PCP, below `world.root`."""

    world: World
    pmdas: Path
    pmcd_conf: Path
    socket: Path
    logs: Path
    bin: Path
    rc: Path

    def lines(self) -> list[Line]:
        """The agents of pmcd.conf. Raises Unavailable where it can't be read."""
        try:
            text = self.pmcd_conf.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Unavailable(f"pmcd's configuration can't be read: {error}.") from error
        found = []
        for line in text.splitlines():
            if _ACCESS.match(line):
                break
            words = line.split()
            if len(words) > 2 and words[1].isdigit() and not words[0].startswith("#"):
                found.append(Line(words[0], int(words[1]), line))
        return found

    def listed(self, name: str) -> bool:
        """Whether pmcd.conf has an agent of this name."""
        return any(line.name == name for line in self.lines())

    def ask(self, *metrics: str) -> dict[str, dict[str, str]] | None:
        """Metric -> instance -> value as text, strings without quotes; None: pmcd does not run.

        Metrics that pmcd does not know, or that have no value now, are left out.
        """
        if not self.socket.exists():
            return None
        done = self.world.run(
            [str(self.bin / "pminfo"), "-h", f"unix://{self.socket}", "-f", *metrics],
            Path("/"),
            ASK_SECONDS,
        )
        if "Cannot connect" in done.err:
            return None
        return _values(done.out)

    def require_pmcd(self) -> None:
        """Raise Unavailable, with how to start it, where pmcd does not answer."""
        if not self.ask("pmcd.version"):
            raise Unavailable("pmcd does not run on this system.", hint=self.how_to_start())

    def how_to_start(self) -> str:
        """What to type to start pmcd."""
        if self.world.path("/run/systemd/system").is_dir():
            return "Start it: sudo systemctl enable --now pmcd."
        return f"Start it: sudo {self.rc / 'pmcd'} start."

    def require_python(self) -> None:
        """Raise Unavailable where the system's Python has no bindings of PCP."""
        done = self.world.run([PYTHON, "-c", "import cpmda, pcp.pmda"], Path("/"), 30.0)
        if done.code != 0:
            raise Unavailable(
                f"{PYTHON} has no Python bindings of PCP.",
                hint="Install them (on Debian and Ubuntu: apt install python3-pcp).",
            )


def _values(text: str) -> dict[str, dict[str, str]]:
    """What `pminfo -f` printed."""
    found: dict[str, dict[str, str]] = {}
    values: dict[str, str] = {}
    for line in text.splitlines():
        if match := _INSTANCE.match(line):
            values[match[1]] = _plain(match[2])
        elif line.startswith("    value "):
            values[""] = _plain(line[len("    value ") :])
        elif line and not line[0].isspace():
            values = found.setdefault(line.split()[0], {})
    return {name: values for name, values in found.items() if values}


def _plain(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quoted else text


def read(world: World) -> System:
    """This system's PCP. Raises Unavailable where there is none."""
    try:
        text = world.path(CONF).read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable("PCP is not installed on this system.", hint=_GET_PCP) from error
    values = {name: value.strip("\"'") for name, value in _ASSIGNMENT.findall(text)}
    try:
        places = {
            "pmdas": world.path(values["PCP_PMDAS_DIR"]),
            "pmcd_conf": world.path(values["PCP_PMCDCONF_PATH"]),
            "socket": world.path(values["PCP_RUN_DIR"]) / "pmcd.socket",
            "logs": world.path(values["PCP_LOG_DIR"]) / "pmcd",
            "bin": world.path(values["PCP_BIN_DIR"]),
            "rc": world.path(values["PCP_RC_DIR"]),
        }
    except KeyError as error:
        raise Unavailable(f"{CONF} has no {error.args[0]}.", hint=_GET_PCP) from error
    for needed in (places["pmdas"], places["pmcd_conf"]):
        if not needed.exists():
            raise Unavailable(
                f"PCP is not wholly installed on this system: {needed} is missing.", hint=_GET_PCP
            )
    return System(world=world, **places)
