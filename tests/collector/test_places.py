"""Where an instance's files lie, who owns the folders, and that two never share them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectorpy.collector.places import Lock, make_folder, places
from vectorpy.collector.users import Account, Roles
from vectorpy.errors import ConfigError, Unavailable

ANN = Account("ann", os.geteuid(), os.getegid())
ROOT = Roles(Account("pcp", 997, 996), Account("nobody", 65534, 65533), drops=True)
USER = Roles(ANN, ANN, drops=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_root_keeps_state_and_sockets_in_the_system_s_folders() -> None:
    found = places("8044", ROOT, {"HOME": "/root", "XDG_STATE_HOME": "/x"})
    assert found.state == Path("/var/lib/vectorpy/8044")
    assert found.runtime == Path("/run/vectorpy/8044")
    assert found.bases == (Path("/var/lib/vectorpy"), Path("/run/vectorpy"))
    assert found.pmcd_socket == Path("/run/vectorpy/8044/pmcd.sock")
    assert found.bus_socket == Path("/run/vectorpy/8044/bus.sock")
    assert found.health == Path("/run/vectorpy/8044/health.json")
    assert found.data == Path("/var/lib/vectorpy/8044/data")
    assert found.logs == Path("/var/lib/vectorpy/8044/log")


def test_a_user_keeps_them_in_xdg_s_folders(tmp_path: Path) -> None:
    environ = {"HOME": "/home/ann", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": str(tmp_path)}
    found = places("8045", USER, environ)
    assert found.state == Path("/s/vectorpy/8045")
    assert found.runtime == tmp_path / "vectorpy/8045"


def test_without_xdg_they_lie_in_home_and_tmp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    found = places("8044", USER, {"HOME": "/home/ann", "XDG_RUNTIME_DIR": "/run/user/gone"})
    assert found.state == Path("/home/ann/.local/state/vectorpy/8044")
    assert found.runtime == Path(f"/tmp/vectorpy-{ANN.uid}/8044")
    assert found.bases[1] == Path(f"/tmp/vectorpy-{ANN.uid}")


def test_another_user_s_runtime_folder_is_not_taken(tmp_path: Path) -> None:
    other = Account("bob", ANN.uid + 1, ANN.gid)
    environ = {"HOME": "/home/bob", "XDG_RUNTIME_DIR": str(tmp_path)}
    found = places("8044", Roles(other, other, drops=False), environ)
    assert not found.runtime.is_relative_to(tmp_path)


def test_folders_that_settings_name_are_taken_as_they_are() -> None:
    found = places("8044", ROOT, {}, state_dir="/a/b", runtime_dir="/c")
    assert (found.state, found.runtime, found.bases) == (Path("/a/b"), Path("/c"), ())


def test_homeless_users_are_told_what_to_set() -> None:
    with pytest.raises(ConfigError, match="VECTORPY_STATE_DIR"):
        places("8044", USER, {})


def test_paths_too_long_for_sockets_are_refused_early() -> None:
    fits = "/" + "r" * 96  # 97 + len("/pmcd.sock") = 107
    assert places("1", ROOT, {}, runtime_dir=fits).runtime == Path(fits)
    with pytest.raises(ConfigError, match="too long"):
        places("1", ROOT, {}, runtime_dir=fits + "r")


def test_a_folder_gets_mode_and_owner(tmp_path: Path, as_root: None) -> None:
    folder = tmp_path / "a/b"
    for _ in range(2):  # it may be there already
        make_folder(folder, 0o700, Account("x", 12345, 23456))
        assert (mode(folder), folder.stat().st_uid, folder.stat().st_gid) == (0o700, 12345, 23456)


def test_links_and_others_folders_are_refused(tmp_path: Path, as_root: None) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(Unavailable, match="not a folder of ours"):
        make_folder(tmp_path / "link", 0o700, None)
    os.chown(tmp_path / "real", 4711, 4711)
    with pytest.raises(Unavailable, match="not a folder of ours"):
        make_folder(tmp_path / "real", 0o700, None)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="can't be made"):
        make_folder(tmp_path / "file", 0o700, None)


@pytest.fixture
def lock() -> Iterator[Lock]:
    made = Lock()
    yield made
    made.release()


def test_a_folder_is_locked_for_one(tmp_path: Path, lock: Lock) -> None:
    lock.take(tmp_path)
    second = Lock()
    with pytest.raises(Unavailable, match=r"Another vectorpy uses the folder"):
        second.take(tmp_path)
    lock.release()
    second.take(tmp_path)
    second.release()
