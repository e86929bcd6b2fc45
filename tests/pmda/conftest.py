"""What the tests of agents share: their modules importable, and agents driven without pmcd.

The agents' own code runs under the system's Python; here its modules are
imported into the tests' Python too, so their names are unique below pmda/.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PMDA = Path(__file__).resolve().parents[2] / "pmda"
SYSTEM_PYTHON = "/usr/bin/python3"
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"

for folder in [PMDA / "common", *sorted(path.parent for path in PMDA.glob("*/pmda*.python"))]:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


@pytest.fixture(scope="session")
def pmda_root() -> Path:
    return PMDA


@pytest.fixture
def dbpmda(tmp_path: Path) -> Callable[..., str]:
    """Runs an agent under dbpmda, PCP's debugger of agents: no pmcd is needed.

    `dbpmda(script, domain, commands, *args)` -> what dbpmda printed. `wait 2`
    among the commands lets the agent collect. The agent's log goes to stderr,
    which is printed too.
    """

    def run(script: Path, domain: int, commands: list[str], *args: str) -> str:
        name = script.stem.removeprefix("pmda")
        (tmp_path / "root").write_text(f"root {{\n\t{name}\t{domain}:*:*\n}}\n")
        start = f"open pipe {SYSTEM_PYTHON} {script} -l {tmp_path}/agent.log {' '.join(args)}"
        done = subprocess.run(
            ["dbpmda", "-n", str(tmp_path / "root"), "-i"],
            input="\n".join([start, *commands, "quit", ""]),
            env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": str(tmp_path)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        log = tmp_path / "agent.log"
        return done.stdout + (log.read_text() if log.exists() else "")

    return run
