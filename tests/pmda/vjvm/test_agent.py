"""The agent itself under dbpmda, in a recorded world, and what ends it at its start."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = "vjvm/pmdavjvm.python"


def values(text: str, metric: str) -> list[str]:
    """The values that dbpmda printed for a PMID."""
    found = re.search(rf"^  {metric} .*?numval: \d+.*?\n((?:    inst .*\n)*)", text, re.M)
    assert found, text
    return re.findall(r'value (".*?"|\S+)', found.group(1))


def test_a_recorded_world(dbpmda: Callable[..., str], pmda_root: Path, world: Any) -> None:
    world.jvm(4711, "jdk17-G1")
    world.jvm(4712, "jdk25-Z")
    commands = ["wait 2"]
    names = "count unreadable heap.used pool.used gc.count info.command probe.status"
    commands += [f"fetch vjvm.{name}" for name in names.split()]
    said = dbpmda(pmda_root / SCRIPT, 402, commands, f"-r {world.root}", "-c /dev/null")
    assert values(said, r"402\.1\.0") == ["2"]
    assert values(said, r"402\.1\.1") == ["0"]
    assert values(said, r"402\.4\.0") == ["1198408", "6291456"]
    assert sorted(values(said, r"402\.5\.0")) == sorted(
        ["0", "1188152", "10256", "4194304", "2097152"]
    )
    assert sorted(values(said, r"402\.7\.0")) == sorted(["17", "2", "0", "0", "54"])
    assert values(said, r"402\.2\.0") == ['"Load"', '"Load"']
    assert values(said, r"402\.0\.16")[0] == '"ok: 2 JVMs"'


def test_it_takes_no_stores(dbpmda: Callable[..., str], pmda_root: Path, world: Any) -> None:
    said = dbpmda(
        pmda_root / SCRIPT,
        402,
        ["wait 1", 'store vjvm.count "1"', "fetch vjvm.count"],
        f"-r {world.root}",
    )
    assert "Error PDU: No permission to perform requested operation" in said
    assert values(said, r"402\.1\.0") == ["0"]


@pytest.fixture
def copy(pmda_root: Path, tmp_path: Path) -> Path:
    """The agent's folder with its links resolved, as a wheel has it."""
    return Path(shutil.copytree(pmda_root / "vjvm", tmp_path / "vjvm"))


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    argv = ["/usr/bin/python3", str(folder / "pmdavjvm.python"), "-l", "-", *args]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_wrong_conf_ends_it_with_the_reason(copy: Path) -> None:
    (copy / "vjvm.conf").write_text("[vjvm]\nattache = yes\n")
    done = run(copy)
    assert done.returncode == 1
    assert "unknown key attache" in done.stderr


def test_a_wrong_map_ends_it_with_the_reason(copy: Path) -> None:
    (copy / "maps/mine.map").write_text("[map]\ncluster = 5\nhelp = x\n")
    done = run(copy)
    assert done.returncode == 1
    assert "mine.map: cluster is from 32 to 4000" in done.stderr


def test_a_map_of_one_s_own_adds_metrics(dbpmda: Callable[..., str], copy: Path) -> None:
    (copy / "maps/mine.map").write_text(
        "[map]\ncluster = 100\nhelp = Mine.\n[depth]\nitem = 3\nmbean = my:type=Queue\n"
        "attribute = Depth\ntype = U64\nsemantics = instant\nunits = count\nhelp = its depth\n"
    )
    said = dbpmda(copy / "pmdavjvm.python", 402, ["wait 1", "desc vjvm.mbean.mine.depth"])
    assert "402.100.3" in said
    assert "count" in said
