"""Opening files in a folder that strangers write to."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import j_hsperf
import j_open
import j_process
import pytest

UID = os.getuid()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What /proc/PID/root of a JVM with the file 77 is."""
    home = tmp_path / "root/tmp/hsperfdata_duke"
    home.mkdir(parents=True)
    home.chmod(0o755)
    (home / "77").write_bytes(b"x" * 100)
    return tmp_path / "root"


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    before = os.listdir("/proc/self/fd")
    yield
    assert os.listdir("/proc/self/fd") == before


def opened(root: Path, home: str = "hsperfdata_duke", name: str = "77", uid: int = UID) -> bytes:
    descriptor = j_open.hsperfdata(str(root), home, name, uid)
    try:
        assert not os.get_inheritable(descriptor)
        return j_open.read(descriptor)
    finally:
        os.close(descriptor)


def home(root: Path) -> Path:
    return root / "tmp/hsperfdata_duke"


def test_an_ordinary_file_is_read(root: Path) -> None:
    assert opened(root) == b"x" * 100


def replace_by_symlink(root: Path) -> None:
    (home(root) / "77").unlink()
    (home(root) / "77").symlink_to("/etc/shadow")


def replace_by_fifo(root: Path) -> None:
    (home(root) / "77").unlink()
    os.mkfifo(home(root) / "77")


def replace_by_folder(root: Path) -> None:
    (home(root) / "77").unlink()
    (home(root) / "77").mkdir()


def give_a_second_name(root: Path) -> None:
    os.link(home(root) / "77", root / "other")


def make_big(root: Path) -> None:
    os.truncate(home(root) / "77", j_hsperf.MOST_BYTES + 1)


def open_to_others(root: Path) -> None:
    home(root).chmod(0o777)


def link_the_folder(root: Path) -> None:
    home(root).rename(root / "elsewhere")
    home(root).symlink_to(root / "elsewhere")


def link_tmp(root: Path) -> None:
    (root / "tmp").rename(root / "elsewhere")
    (root / "tmp").symlink_to("elsewhere")


def remove(root: Path) -> None:
    (home(root) / "77").unlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (replace_by_symlink, "its file is a link"),
        (replace_by_fifo, "its file is no ordinary file"),
        (replace_by_folder, "its file is no ordinary file"),
        (give_a_second_name, "its file has 2 names"),
        (make_big, "its file is too big"),
        (open_to_others, "can be written by, another user"),
        (link_the_folder, "its folder in /tmp is a link"),
        (link_tmp, "its /tmp is a link"),
        (remove, "its file is not there"),
    ],
)
@pytest.mark.timeout(10)
def test_what_is_not_the_jvm_s_own_file_is_refused(
    root: Path, change: Callable[[Path], None], why: str
) -> None:
    change(root)
    with pytest.raises(j_open.Refused, match=why):
        opened(root)


def test_another_user_s_file_is_refused(root: Path) -> None:
    with pytest.raises(j_open.Refused, match="its folder in /tmp belongs to"):
        opened(root, uid=UID + 1)


@pytest.mark.skipif(UID != 0, reason="only root can give a file away")
def test_another_user_s_file_in_an_own_folder_is_refused(root: Path) -> None:
    os.chown(home(root) / "77", 65534, -1)
    with pytest.raises(j_open.Refused, match="its file belongs to another user"):
        opened(root)


@pytest.mark.skipif(UID != 0, reason="only root can make a device")
def test_a_device_is_refused_without_opening_it(root: Path) -> None:
    (home(root) / "77").unlink()
    os.mknod(home(root) / "77", 0o600 | 0o020000, os.makedev(5, 0))
    with pytest.raises(j_open.Refused, match="no ordinary file"):
        opened(root)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("..", "77"),
        ("", "77"),
        ("a/b", "77"),
        ("hsperfdata_duke", "../77"),
        ("hsperfdata_duke", "x"),
    ],
)
def test_names_that_lead_away_are_refused(root: Path, folder: str, name: str) -> None:
    with pytest.raises(j_open.Refused, match="no proper name"):
        opened(root, folder, name)


def test_a_process_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(j_open.Refused, match="its root folder is not there"):
        opened(tmp_path / "none")


def test_a_file_that_is_cut_off_while_it_is_read_is_a_short_read(
    world: Any, one_jvm: Callable[..., Any], recorded: Path
) -> None:
    """A mapped file would end the reader here (SIGBUS); a hundred thousand reads do not."""
    place = world.jvm(4711, "jdk17-G1")
    whole = (recorded / "jdk17-G1.hsperf").read_bytes()
    jvm = one_jvm(world, 4711)
    stat = j_process.Stat(4711, "java", "S", 0, 1, 1, 90000, 1)
    end = threading.Event()

    def cut() -> None:
        with open(place, "r+b") as file:
            while not end.is_set():
                os.truncate(place, 16)
                os.pwrite(file.fileno(), whole, 0)

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        seen = {jvm.read(stat, 1000.0, 100, 4096).single.get("heap.used") for _ in range(3000)}
    finally:
        end.set()
        thread.join()
    # A file that is only half there again has zeros, which JVMs of strangers may write anyway.
    assert 1198408 in seen | {jvm.read(stat, 1000.0, 100, 4096).single.get("heap.used")}
