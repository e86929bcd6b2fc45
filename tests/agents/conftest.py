"""A PCP that is a folder: pcp.conf, pmcd.conf, agents as files, and scripted programs of PCP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from vectorpy.agents.shipped import Shipped
from vectorpy.agents.system import System, read
from vectorpy.agents.world import Done, World

PCP_CONF = """\
# a comment
PCP_BIN_DIR=/usr/bin
PCP_RC_DIR=/etc/init.d
PCP_PMCDCONF_PATH=/etc/pcp/pmcd/pmcd.conf
PCP_PMDAS_DIR="/var/lib/pcp/pmdas"
PCP_RUN_DIR=/run/pcp
PCP_LOG_DIR=/var/log/pcp
"""
PMCD_CONF = """\
# Performance Metrics Domain Specifications
root\t1\tpipe\tbinary\t\t/var/lib/pcp/pmdas/root/pmdaroot
linux\t60\tpipe\tbinary\t\t/var/lib/pcp/pmdas/linux/pmdalinux

[access]
disallow ".*" : store;
"""
STATUS = """
{name}.control.heartbeat_age
    inst [0 or "all"] value 0.5

{name}.probe.status
    inst [0 or "tcp"] value "ok"
    inst [1 or "netns"] value "needs root"
"""


@dataclass
class Pcp:
    """The programs of a PCP below `root`, with switches to make them fail."""

    root: Path
    running: bool = True
    python: bool = True
    install_code: int = 0
    dumb: bool = False  # agents never answer
    called: list[str] = field(default_factory=list)

    @property
    def conf(self) -> Path:
        return self.root / "etc/pcp/pmcd/pmcd.conf"

    @property
    def pmdas(self) -> Path:
        return self.root / "var/lib/pcp/pmdas"

    def run(self, argv: Sequence[str], cwd: Path, seconds: float) -> Done:
        program = Path(argv[0]).name
        if program == "pminfo":
            return self._pminfo(argv)
        if program == "python3":
            return Done(0 if self.python else 1)
        self.called.append(f"{cwd.name} {program}")
        assert (cwd / program).stat().st_mode & 0o111
        return self._install(cwd) if program == "Install" else self._remove(cwd)

    def _pminfo(self, argv: Sequence[str]) -> Done:
        assert list(argv[1:4]) == ["-h", f"unix://{self.root}/run/pcp/pmcd.socket", "-f"]
        if not self.running:
            return Done(1, err="pminfo: Cannot connect to PMCD on host: Connection refused")
        name = argv[4].partition(".")[0]
        if name == "pmcd":
            return Done(0, '\npmcd.version\n    value "6.0.3"\n')
        if self.dumb or f"\n{name}\t" not in self.conf.read_text():
            return Done(1, err=f"Error: {argv[4]}: Unknown metric name")
        return Done(0, STATUS.format(name=name))

    def _install(self, cwd: Path) -> Done:
        if self.install_code:
            return Done(self.install_code, "Updating the PMNS ...\nArrgh!\n", "no domain\n")
        (cwd / "domain.h").write_text("#define X 1\n")
        (cwd / "__pycache__").mkdir(exist_ok=True)
        (cwd / "__pycache__/vpmda.pyc").write_text("x")
        name, domain = cwd.name, {"one": 901, "two": 902}[cwd.name]
        line = f"{name}\t{domain}\tpipe\tbinary\t\t/usr/bin/python3 {cwd}/pmda{name}.python\n"
        self._without(name)
        self.conf.write_text(self.conf.read_text().replace("\n\n[", f"\n{line}\n[", 1))
        return Done(0, "Check one metrics have appeared ... 9 metrics\n")

    def _remove(self, cwd: Path) -> Done:
        self._without(cwd.name)
        return Done(0)

    def _without(self, name: str) -> None:
        lines = self.conf.read_text().splitlines(keepends=True)
        self.conf.write_text("".join(line for line in lines if not line.startswith(f"{name}\t")))


@pytest.fixture
def pcp(tmp_path: Path) -> Pcp:
    root = tmp_path / "root"
    for name in ("etc/pcp/pmcd", "var/lib/pcp/pmdas", "run/pcp", "var/log/pcp/pmcd", "proc"):
        (root / name).mkdir(parents=True)
    (root / "etc/pcp.conf").write_text(PCP_CONF)
    (root / "etc/pcp/pmcd/pmcd.conf").write_text(PMCD_CONF)
    (root / "run/pcp/pmcd.socket").touch()
    return Pcp(root)


@pytest.fixture
def world(pcp: Pcp) -> World:
    """Root's world below the folder; its clock goes on by what is slept."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return World(
        root=pcp.root,
        run=pcp.run,
        euid=0,
        again="/opt/v/bin/vectorpy",
        user_name={0: "root", 990: "pcp"}.__getitem__,
        clock=lambda: now[0],
        sleep=sleep,
    )


@pytest.fixture
def system(world: World) -> System:
    return read(world)


@pytest.fixture
def plain(world: World) -> World:
    """The same for an ordinary user."""
    return replace(world, euid=1000)


@pytest.fixture
def ship(tmp_path: Path) -> Callable[..., Shipped]:
    """Makes an agent as it is shipped; a second call with other files is another version."""

    def make(name: str = "one", domain: int = 901, **files: str) -> Shipped:
        top = tmp_path / "pmda"
        folder, common = top / name, top / "common"
        for place in (folder / "maps", common):
            place.mkdir(parents=True, exist_ok=True)
        (common / "vpmda.py").write_text("# common\n")
        if not (folder / "vpmda.py").is_symlink():
            (folder / "vpmda.py").symlink_to("../common/vpmda.py")
        texts = {
            f"{name}.conf": "# ours\n",
            "maps/web.map": "[map]\n",
            f"pmda{name}.python": "#!/usr/bin/env pmpython\n",
            "Install": "#!/bin/sh\n",
            "Remove": "#!/bin/sh\n",
            f"root_{name}": f"root {{\n\t{name}\t{domain}:*:*\n}}\n",
            **{key.replace("__", "."): text for key, text in files.items()},
        }
        for path, text in texts.items():
            (folder / path).write_text(text)
            (folder / path).chmod(0o600)
        return Shipped(name, domain, folder)

    return make
