"""The files of a private PCP: pcp.conf, pmcd.conf, pmproxy.conf and the PMNS.

Only what stands in which file, and who owns which folder. Nothing of the
system's own PCP is written; the processes that read these files stand in
`pmcd` and `pmproxy`.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from vectorpy.collector import system as pcp_system
from vectorpy.collector.agents import Agent
from vectorpy.collector.places import Places, make_folder
from vectorpy.collector.system import System
from vectorpy.collector.users import Account, Roles
from vectorpy.errors import Unavailable

# "*" would clash with local:* and lock the unix socket out; these three are
# all of IPv4, all of IPv6, and the unix socket with 127.0.0.1.
_ACCESS = """
[access]
disallow ".*" : store;
disallow ":*" : store;
disallow "local:*" : store;
"""

# Without a key server: its routes hang or crash pmproxy 6.0 all the same, but
# nothing of it is tried by itself.
_PMPROXY_CONF = """\
[pmproxy]
pcp.enabled = true
http.enabled = true
redis.enabled = false
resp.enabled = false
secure.enabled = false
[redis]
enabled = false
[resp]
enabled = false
[discover]
enabled = false
[pmsearch]
enabled = false
[pmseries]
enabled = false
"""


@dataclass(frozen=True)
class Layout:
    """Paths of one private PCP below the state folder of `places`.

    `etc` and `pmns` belong to whoever starts us; `var`, `tmp` and the folders
    of logs to the process that writes them.
    """

    places: Places

    @property
    def etc(self) -> Path:
        return self.places.state / "etc"

    @property
    def pcp_conf(self) -> Path:
        return self.etc / "pcp.conf"

    @property
    def pmcd_conf(self) -> Path:
        return self.etc / "pmcd.conf"

    @property
    def pmproxy_conf(self) -> Path:
        return self.etc / "pmproxy.conf"

    @property
    def pmns(self) -> Path:
        return self.etc / "pmns"

    @property
    def var(self) -> Path:
        return self.places.state / "var"

    @property
    def tmp(self) -> Path:
        return self.places.state / "tmp"

    @property
    def pmcd_logs(self) -> Path:
        return self.places.logs / "pmcd"

    @property
    def pmproxy_home(self) -> Path:
        """pmproxy's own folder: its log and its socket; another user's where there are two."""
        return self.places.state / "pmproxy"


def pcp_conf_text(system: System, layout: Layout, account: Account) -> str:
    """The private pcp.conf: the system's, with every folder that is written moved to ours."""
    values = {
        "PCP_RUN_DIR": str(layout.places.runtime),
        "PCP_LOG_DIR": str(layout.places.logs),
        "PCP_ARCHIVE_DIR": str(layout.var / "archives"),
        "PCP_TMP_DIR": str(layout.tmp),
        "PCP_TMPFILE_DIR": str(layout.tmp),
        "PCP_VAR_DIR": str(layout.var),
        "PCP_PMCDCONF_PATH": str(layout.pmcd_conf),
        "PCP_USER": account.name,
        "PCP_GROUP": str(account.gid),
    }
    return pcp_system.with_values(system.conf, values)


def pmcd_conf_text(system: System, agents: tuple[Agent, ...], account: Account) -> str:
    """The private pmcd.conf: one line per agent, and pmStore refused to everyone."""
    lines = [
        f"{agent.name}\t{agent.domain}\t"
        + agent.command.format(pmdas=system.pmdas, user=account.name)
        for agent in agents
    ]
    return "\n".join(lines) + "\n" + _ACCESS


def prepare_folders(places: Places, roles: Roles) -> None:
    """Make the folders that every instance has, each with its owner and mode."""
    own_mode = 0o755 if roles.drops else 0o700
    owner = roles.stack if roles.drops else None
    for base in places.bases:
        make_folder(base, own_mode, None)
    make_folder(places.state, own_mode, None)
    make_folder(places.logs, own_mode, None)
    make_folder(places.data, 0o700, owner)
    make_folder(places.runtime, 0o700, owner)


def prepare(system: System, layout: Layout, roles: Roles, agents: tuple[Agent, ...]) -> None:
    """Write all files of a private PCP; `prepare_folders` was called before.

    Raises Unavailable where the PMNS can't be built.
    """
    owner = roles.stack if roles.drops else None
    make_folder(layout.etc, 0o755 if roles.drops else 0o700, None)
    for folder in (layout.var, layout.var / "config", layout.var / "config/pmda"):
        make_folder(folder, 0o700, owner)
    make_folder(layout.tmp, 0o700, owner)
    make_folder(layout.pmcd_logs, 0o700, owner)
    make_folder(layout.pmproxy_home, 0o700, roles.proxy if roles.drops else None)
    _write(layout.pcp_conf, pcp_conf_text(system, layout, roles.stack))
    _write(layout.pmcd_conf, pmcd_conf_text(system, agents, roles.stack))
    _write(layout.pmproxy_conf, _PMPROXY_CONF)
    _merge_pmns(system, layout, agents)


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)


def _merge_pmns(system: System, layout: Layout, agents: tuple[Agent, ...]) -> None:
    """Build the PMNS of these agents out of the parts that PCP ships."""
    fresh = layout.pmns.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    parts = [str(system.pmns / agent.pmns) for agent in agents]
    done = subprocess.run(
        [str(system.pmnsmerge), *parts, str(fresh)],
        env={"PATH": pcp_system.SYSTEM_PATH, "PCP_CONF": str(layout.pcp_conf)},
        cwd=layout.etc,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=30,
        check=False,
    )
    if done.returncode != 0 or not fresh.exists():
        raise Unavailable(
            f"PCP's name space can't be built: {(done.stderr or done.stdout).strip()[-300:]}",
            hint="Is PCP whole? (on Debian: apt install --reinstall pcp)",
        )
    fresh.chmod(0o644)
    fresh.replace(layout.pmns)
