"""Reading files of a world: below its root, bounded, never blocking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import vfiles


def test_names_are_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/b").write_text("7\n")
    (tmp_path / "proc/a").write_bytes(b"caf\xc3\xa9\xff")
    for root in (str(tmp_path), f"{tmp_path}/"):
        world = vfiles.World(root)
        assert world.number("/proc/b") == 7
        assert world.text("/proc/a") == "café\ufffd"
        assert world.names("/proc") == ["a", "b"]
        assert world.path("/proc/b") == f"{tmp_path}/proc/b"
    assert vfiles.World("/").path("/proc") == "/proc"


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 200000)
    world = vfiles.World(str(tmp_path))
    assert len(world.bytes("/big")) == 200000
    assert len(world.bytes("/big", 100000)) == 100000


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert vfiles.World(str(tmp_path)).bytes("/fifo") == b""


def test_what_is_missing_or_no_number_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("seven")
    world = vfiles.World(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        world.bytes("/none")
    with pytest.raises(ValueError, match="seven"):
        world.number("/word")
