"""Who runs as what, and whether they can read our code."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vectorpy.collector.users import Account, Roles, require_readable, roles
from vectorpy.errors import Unavailable

PASSWD: dict[str, Any] = {
    name: SimpleNamespace(pw_name=name, pw_uid=uid, pw_gid=gid)
    for name, uid, gid in [
        ("root", 0, 0),
        ("pcp", 997, 996),
        ("nobody", 65534, 65533),
        ("ann", 1000, 1001),
    ]
}
PCP = Account("pcp", 997, 996)


def by_uid(uid: int) -> Any:
    return {entry.pw_uid: entry for entry in PASSWD.values()}[uid]


def test_root_gives_everything_to_pcp_and_pmproxy_to_nobody() -> None:
    found = roles(euid=0, by_name=PASSWD.__getitem__, by_uid=by_uid)
    assert found == Roles(stack=PCP, proxy=Account("nobody", 65534, 65533), drops=True)
    assert found.separate


def test_an_ordinary_user_is_all_by_himself() -> None:
    ann = Account("ann", 1000, 1001)
    found = roles(euid=1000, by_name=PASSWD.__getitem__, by_uid=by_uid)
    assert found == Roles(stack=ann, proxy=ann, drops=False)
    assert not found.separate


def test_without_pcp_only_what_needs_it_is_refused() -> None:
    few = {"nobody": PASSWD["nobody"]}
    with pytest.raises(Unavailable, match=r"no user pcp.*apt install pcp"):
        roles(euid=0, by_name=few.__getitem__, by_uid=by_uid)
    found = roles(needs_pcp=False, euid=0, by_name=few.__getitem__, by_uid=by_uid)
    assert found.stack.name == "nobody"


def test_a_user_without_a_name_is_told() -> None:
    with pytest.raises(Unavailable, match="4711 has no name"):
        roles(euid=4711, by_name=PASSWD.__getitem__, by_uid=by_uid)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A file below two folders, all open; the test's own folders above are the caller's."""
    path = tmp_path / "opt/vectorpy/x.py"
    path.parent.mkdir(parents=True)
    path.write_text("")
    for place in (*path.relative_to(tmp_path).parents, path.relative_to(tmp_path)):
        (tmp_path / place).chmod(0o755)
    return path


def _owner(path: Path, shift: int = 0) -> Account:
    status = path.stat()
    return Account("x", status.st_uid + shift, status.st_gid + shift)


def test_own_files_are_readable(code: Path) -> None:
    require_readable(_owner(code), [code])


def test_a_closed_folder_is_named_with_the_remedy(code: Path) -> None:
    home = code.parent.parent
    home.chmod(0o700)
    with pytest.raises(Unavailable) as caught:
        require_readable(_owner(code, shift=7), [code])
    assert "can't read" in caught.value.message
    assert "/opt/vectorpy" in caught.value.hint
    home.chmod(0o600)
    with pytest.raises(Unavailable, match=f"{home} is closed"):
        require_readable(_owner(code), [code])


def test_the_folder_of_a_link_counts_and_that_of_its_target(code: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    link = closed / "python"
    link.symlink_to(code)
    closed.chmod(0o600)
    with pytest.raises(Unavailable, match="closed is closed"):
        require_readable(_owner(code), [link])
    closed.chmod(0o700)
    require_readable(_owner(code), [link])
    code.chmod(0o200)
    with pytest.raises(Unavailable, match=r"x\.py is closed"):
        require_readable(_owner(code), [link])


def test_the_group_counts_before_others(code: Path) -> None:
    status = code.stat()
    code.chmod(0o604)
    with pytest.raises(Unavailable, match=r"is closed"):
        require_readable(Account("x", status.st_uid + 7, status.st_gid), [code])
