"""The PCP that is installed on this system: its folders, read from /etc/pcp.conf.

It is only ever read. The private stack has a pcp.conf of its own (`layout`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vectorpy.errors import Unavailable

SYSTEM_CONF = Path("/etc/pcp.conf")
# python3 first on PATH decides what runs a Python agent, and only the
# system's has PCP's bindings for sure.
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"

_ASSIGNMENT = re.compile(r"^(PCP_[A-Z0-9_]+)=(.*)$", re.MULTILINE)
_INSTALL = "Install PCP (on Debian and Ubuntu: apt install pcp)."


@dataclass(frozen=True)
class System:
    """Text of the system's pcp.conf and the folders in it that are used from there."""

    conf: str
    binadm: Path
    bin: Path
    pmdas: Path
    pmns: Path

    @property
    def pmcd(self) -> Path:
        return self.binadm / "pmcd"

    @property
    def pmproxy(self) -> Path:
        return self.binadm / "pmproxy"

    @property
    def pmnsmerge(self) -> Path:
        return self.binadm / "pmnsmerge"

    @property
    def pmprobe(self) -> Path:
        return self.bin / "pmprobe"


def read(conf: Path = SYSTEM_CONF) -> System:
    """The installed PCP. Raises Unavailable where there is none, or where it lacks programs."""
    try:
        text = conf.read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable("PCP is not installed on this system.", hint=_INSTALL) from error
    values = {name: value.strip("\"'") for name, value in _ASSIGNMENT.findall(text)}
    try:
        system = System(
            conf=text,
            binadm=Path(values["PCP_BINADM_DIR"]),
            bin=Path(values["PCP_BIN_DIR"]),
            pmdas=Path(values["PCP_PMDAS_DIR"]),
            pmns=Path(values["PCP_VAR_DIR"]) / "pmns",
        )
    except KeyError as error:
        raise Unavailable(f"{conf} has no {error.args[0]}.", hint=_INSTALL) from error
    for program in (system.pmcd, system.pmproxy, system.pmnsmerge, system.pmprobe):
        if not program.exists():
            raise Unavailable(f"PCP's program {program} is missing.", hint=_INSTALL)
    return system


def with_values(conf: str, values: Mapping[str, str]) -> str:
    """The text of a pcp.conf with these variables set, each in its place or at the end."""
    rest = dict(values)

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"{name}={rest.pop(name)}" if name in rest else match.group(0)

    text = _ASSIGNMENT.sub(replace, conf)
    added = "".join(f"{name}={value}\n" for name, value in rest.items())
    return text if not added else text.rstrip("\n") + "\n" + added
