"""The files of a private PCP as text, and that the system's own are only read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vectorpy.collector import layout
from vectorpy.collector.agents import AGENTS, without_secrets
from vectorpy.collector.places import Places
from vectorpy.collector.system import System, read, with_values
from vectorpy.collector.users import Account, Roles
from vectorpy.errors import Unavailable

ANN = Account("ann", os.geteuid(), os.getegid())
CONF = """\
# A comment with PCP_RUN_DIR=/not/this
PCP_BINADM_DIR=/usr/lib/pcp/bin

PCP_BIN_DIR=/usr/bin
PCP_PMDAS_DIR=/var/lib/pcp/pmdas
PCP_VAR_DIR=/var/lib/pcp
PCP_RUN_DIR=/run/pcp
PCP_LOG_DIR=/var/log/pcp
PCP_USER=pcp
PCP_SORT_PROG="/usr/bin/sort"
"""

PMCD_CONF = """\
pmcd\t2\tdso\tpmcd_init\t/var/lib/pcp/pmdas/pmcd/pmda_pmcd.so
linux\t60\tpipe\tbinary\t\t/var/lib/pcp/pmdas/linux/pmdalinux -U ann
proc\t3\tpipe\tbinary\t\t/var/lib/pcp/pmdas/proc/pmdaproc -d 3 -U ann

[access]
disallow ".*" : store;
disallow ":*" : store;
disallow "local:*" : store;
"""

PCP_CONF = """\
# A comment with PCP_RUN_DIR=/not/this
PCP_BINADM_DIR=/usr/lib/pcp/bin

PCP_BIN_DIR=/usr/bin
PCP_PMDAS_DIR=/var/lib/pcp/pmdas
PCP_VAR_DIR=/s/var
PCP_RUN_DIR=/r
PCP_LOG_DIR=/s/log
PCP_USER=ann
PCP_SORT_PROG="/usr/bin/sort"
PCP_ARCHIVE_DIR=/s/var/archives
PCP_TMP_DIR=/s/tmp
PCP_TMPFILE_DIR=/s/tmp
PCP_PMCDCONF_PATH=/s/etc/pmcd.conf
PCP_GROUP=7
"""


def system(pmns: Path = Path("/var/lib/pcp/pmns")) -> System:
    return System(
        conf=CONF,
        binadm=Path("/usr/lib/pcp/bin"),
        bin=Path("/usr/bin"),
        pmdas=Path("/var/lib/pcp/pmdas"),
        pmns=pmns,
    )


def test_pmcd_conf_has_three_agents_and_refuses_store_to_everyone() -> None:
    assert layout.pmcd_conf_text(system(), AGENTS, ANN) == PMCD_CONF


def test_beside_a_pmproxy_of_the_same_user_the_teller_of_secrets_is_left_out() -> None:
    text = layout.pmcd_conf_text(system(), without_secrets(AGENTS), ANN)
    assert "pmdaproc" not in text
    assert "pmdalinux" in text


def test_no_agent_ever_gets_all_access_and_root_s_stays_out() -> None:
    for agent in AGENTS:
        assert "-A" not in agent.command.split()
        assert agent.name != "root"


def test_pcp_conf_moves_every_folder_that_is_written() -> None:
    files = layout.Layout(Places(Path("/s"), Path("/r")))
    assert layout.pcp_conf_text(system(), files, Account("ann", 5, 7)) == PCP_CONF


def test_values_replace_whole_variables_only() -> None:
    text = "PCP_VAR_DIR=/a\nPCP_VAR_DIRS=/b\n#PCP_VAR_DIR=/c"
    assert with_values(text, {"PCP_VAR_DIR": "/x\\1"}) == (
        "PCP_VAR_DIR=/x\\1\nPCP_VAR_DIRS=/b\n#PCP_VAR_DIR=/c"
    )
    assert with_values("A=1", {"PCP_B": "2"}) == "A=1\nPCP_B=2\n"


def test_without_pcp_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"not installed.*apt install pcp"):
        read(tmp_path / "pcp.conf")
    (tmp_path / "pcp.conf").write_text("PCP_BIN_DIR=/usr/bin\n")
    with pytest.raises(Unavailable, match="has no PCP_BINADM_DIR"):
        read(tmp_path / "pcp.conf")
    (tmp_path / "pcp.conf").write_text(CONF.replace("/usr/lib/pcp/bin", str(tmp_path)))
    with pytest.raises(Unavailable, match="pmcd is missing"):
        read(tmp_path / "pcp.conf")


def test_the_own_folders_are_closed_to_others(tmp_path: Path) -> None:
    places = Places(tmp_path / "base/state", tmp_path / "run", bases=(tmp_path / "base",))
    layout.prepare_folders(places, Roles(ANN, ANN, drops=False))
    for folder in (places.bases[0], places.state, places.runtime, places.data, places.logs):
        assert folder.stat().st_mode & 0o777 == 0o700, folder


def test_started_by_root_only_what_is_written_is_given_away(tmp_path: Path, as_root: None) -> None:
    places = Places(tmp_path / "state", tmp_path / "run")
    stack, proxy = Account("pcp", 997, 996), Account("nobody", 65534, 65533)
    layout.prepare_folders(places, Roles(stack, proxy, drops=True))
    owners = {
        folder: (folder.stat().st_uid, oct(folder.stat().st_mode & 0o777))
        for folder in (places.state, places.logs, places.runtime, places.data)
    }
    assert owners == {
        places.state: (0, "0o755"),
        places.logs: (0, "0o755"),
        places.runtime: (997, "0o700"),
        places.data: (997, "0o700"),
    }


def test_a_pmns_that_cant_be_merged_is_told(tmp_path: Path) -> None:
    files = layout.Layout(Places(tmp_path / "state", tmp_path / "run"))
    roles = Roles(ANN, ANN, drops=False)
    layout.prepare_folders(files.places, roles)
    broken = System(CONF, tmp_path, Path("/usr/bin"), Path("/x"), tmp_path)
    (tmp_path / "pmnsmerge").write_text("#!/bin/sh\necho no such part >&2\nexit 1\n")
    (tmp_path / "pmnsmerge").chmod(0o755)
    with pytest.raises(Unavailable, match="no such part"):
        layout.prepare(broken, files, roles, AGENTS)
