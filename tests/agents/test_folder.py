"""What is put into an agent's folder and taken away, and that nobody's own files are lost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorpy.agents.folder import RECORD, UNKNOWN, Folder
from vectorpy.agents.shipped import Shipped, chosen, ours
from vectorpy.errors import Unavailable, UnknownName

Ship = Callable[..., Shipped]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "pmdas/one", "one")


def names(folder: Folder) -> list[str]:
    return sorted(p.relative_to(folder.path).as_posix() for p in folder.path.rglob("*"))


def test_a_folder_is_whole_by_itself_and_readable_by_pcp(ship: Ship, folder: Folder) -> None:
    assert folder.version is None
    folder.path.parent.mkdir()
    assert folder.put(ship(), "0.1") == []
    common = folder.path / "vpmda.py"
    assert not common.is_symlink()
    assert common.read_text() == "# common\n"
    assert names(folder) == [
        RECORD, "Install", "Remove", "maps", "maps/web.map", "one.conf", "pmdaone.python",
        "root_one", "vpmda.py",
    ]  # fmt: skip
    modes = {name: (folder.path / name).stat().st_mode & 0o777 for name in names(folder)}
    assert {name for name, mode in modes.items() if mode == 0o755} == {
        "Install", "Remove", "pmdaone.python", "maps",
    }  # fmt: skip
    assert set(modes.values()) == {0o755, 0o644}
    assert folder.version == "0.1"


def test_the_same_version_is_known_and_damage_to_code_seen(ship: Ship, folder: Folder) -> None:
    shipped = ship()
    folder.put(shipped, "0.1")
    assert folder.has(shipped, "0.1")
    assert not folder.has(shipped, "0.2")
    (folder.path / "one.conf").write_text("mine")
    assert folder.has(shipped, "0.1")
    (folder.path / "vpmda.py").write_text("# cut o")
    assert not folder.has(shipped, "0.1")
    folder.put(shipped, "0.1")
    assert folder.has(shipped, "0.1")
    assert not folder.has(ship(extra__py="# new\n"), "0.1")


def test_an_edited_conf_stays_and_a_changed_one_comes_beside_it(ship: Ship, folder: Folder) -> None:
    folder.put(ship(), "0.1")
    conf = folder.path / "one.conf"
    conf.write_text("mine")
    assert folder.put(ship(), "0.2") == ["one.conf"]
    assert not (folder.path / "one.conf.new").exists()
    assert folder.put(ship(one__conf="# other\n"), "0.3") == ["one.conf"]
    assert conf.read_text() == "mine"
    assert (folder.path / "one.conf.new").read_text() == "# other\n"
    assert folder.edited(ship()) == ["one.conf"]


def test_a_conf_that_nobody_edited_follows_the_version(ship: Ship, folder: Folder) -> None:
    folder.put(ship(), "0.1")
    assert folder.put(ship(one__conf="# other\n"), "0.2") == []
    assert (folder.path / "one.conf").read_text() == "# other\n"


def test_what_somebody_added_stays_and_what_is_shipped_no_more_goes(
    ship: Ship, folder: Folder
) -> None:
    shipped = ship(old__py="# old\n")
    folder.put(shipped, "0.1")
    (folder.path / "maps/own.map").write_text("mine")
    (folder.path / "passwords").write_text("secret")
    (shipped.folder / "old.py").unlink()
    folder.put(shipped, "0.2")
    assert not (folder.path / "old.py").exists()
    assert (folder.path / "maps/own.map").read_text() == "mine"
    assert (folder.path / "passwords").read_text() == "secret"


def test_a_map_that_somebody_deleted_stays_deleted(ship: Ship, folder: Folder) -> None:
    folder.put(ship(), "0.1")
    (folder.path / "maps/web.map").unlink()
    folder.put(ship(), "0.2")
    assert not (folder.path / "maps/web.map").exists()


def test_a_conf_that_is_a_link_stays_one_and_its_file_untouched(
    ship: Ship, folder: Folder, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.conf"
    elsewhere.write_text("mine")
    folder.path.mkdir(parents=True)
    (folder.path / "one.conf").symlink_to(elsewhere)
    assert folder.put(ship(), "0.1") == ["one.conf"]
    assert (folder.path / "one.conf").is_symlink()
    assert elsewhere.read_text() == "mine"


def test_a_linked_subfolder_is_not_written_through(
    ship: Ship, folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.path.mkdir(parents=True)
    (folder.path / "maps").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="maps is a link"):
        folder.put(ship(), "0.1")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_install_by_hand_is_ours_too(ship: Ship, folder: Folder) -> None:
    shipped = ship()
    shutil.copytree(shipped.folder, folder.path)
    (folder.path / "one.conf").write_text("mine")
    folder.require_ours()
    assert folder.version == UNKNOWN
    assert not folder.has(shipped, "0.1")
    assert folder.put(shipped, "0.1") == ["one.conf"]
    assert folder.version == "0.1"


@pytest.mark.parametrize("strange", ["pmdaone.pl", "pmdaone.python"])
def test_somebody_else_s_folder_is_refused(folder: Folder, strange: str) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / strange).touch()
    with pytest.raises(Unavailable, match="something that is not our agent one"):
        folder.require_ours()


def test_a_link_in_the_place_of_a_folder_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "pmdas").mkdir()
    folder.path.symlink_to(tmp_path)
    with pytest.raises(Unavailable, match="is not a folder"):
        folder.require_ours()


def test_a_conf_that_was_there_first_is_taken_for_edited(ship: Ship, folder: Folder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "one.conf").write_text("mine")
    folder.require_ours()
    assert folder.put(ship(), "0.1") == ["one.conf"]


def test_clearing_leaves_nothing_of_ours(ship: Ship, folder: Folder) -> None:
    shipped = ship()
    folder.put(shipped, "0.1")
    for name in ("domain.h", "pmns", "pmns.python", ".one.conf.fresh"):
        (folder.path / name).touch()
    (folder.path / "__pycache__").mkdir()
    (folder.path / "__pycache__/x.pyc").touch()
    assert folder.clear(shipped) == []
    assert not folder.path.exists()


def test_clearing_leaves_what_people_edited_for_the_next_install(
    ship: Ship, folder: Folder
) -> None:
    shipped = ship()
    folder.put(shipped, "0.1")
    (folder.path / "one.conf").write_text("mine")
    (folder.path / "maps/own.map").write_text("mine")
    assert folder.clear(shipped) == ["maps/own.map", "one.conf"]
    assert names(folder) == [RECORD, "maps", "maps/own.map", "one.conf"]
    assert folder.version is None
    folder.require_ours()
    assert folder.put(shipped, "0.2") == ["one.conf"]
    assert (folder.path / "one.conf").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version":"","files":[]}'])
def test_a_broken_record_is_none(ship: Ship, folder: Folder, text: str) -> None:
    folder.put(ship(), "0.1")
    (folder.path / RECORD).write_text(text)
    assert folder.record() is None
    assert folder.version == UNKNOWN


CONFS = ["# ours\n", "# second\n", "# third\n"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(CONFS)),
        st.tuples(st.just("clear"), st.just("")),
        st.tuples(
            st.sampled_from(["one.conf", "own.conf", "maps/web.map"]), st.text("ab", max_size=3)
        ),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_sequence_of_steps_loses_what_somebody_wrote(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        source, folder = top / "pmda/one", Folder(top / "pmdas/one", "one")
        source.mkdir(parents=True)
        folder.path.parent.mkdir()
        for code in ("pmdaone.python", "vpmda.py"):
            (source / code).touch()
        (source / "one.conf").write_text(CONFS[0])
        shipped, written = Shipped("one", 901, source), {}
        for what, text in steps:
            if what == "put":
                (source / "one.conf").write_text(text)
                folder.put(shipped, text)
            elif what == "clear":
                if folder.path.exists():
                    folder.clear(shipped)
            else:
                (folder.path / what).parent.mkdir(parents=True, exist_ok=True)
                (folder.path / what).write_text(text)
                written[what] = text
            assert {n: (folder.path / n).read_text() for n in written} == written


def test_our_agents_are_found_with_their_domains() -> None:
    found = ours()
    assert {name: agent.domain for name, agent in found.items()} == {
        "vkernel": 400,
        "vnet": 401,
        "vjvm": 402,
    }
    for agent in found.values():
        files = agent.files()
        assert {"Install", "Remove", f"{agent.name}.conf", "vpmda.py"} <= set(files)
        assert not [name for name in files if "cache" in name or name.endswith(".pyc")]
        assert not [path for path in files.values() if path.is_symlink()]
    assert "maps/tomcat.map" in found["vjvm"].files()


def test_a_link_out_of_our_agents_is_not_followed(ship: Ship, tmp_path: Path) -> None:
    shipped = ship()
    (tmp_path / "secret").write_text("secret")
    (shipped.folder / "leak.py").symlink_to(tmp_path / "secret")
    with pytest.raises(Unavailable, match="which is no file of our agents"):
        shipped.files()


def test_names_are_chosen_once_and_unknown_ones_told(ship: Ship) -> None:
    agents = {"one": ship(), "two": ship("two", 902)}
    assert [agent.name for agent in chosen([], agents)] == ["one", "two"]
    assert [agent.name for agent in chosen(["two", "two"], agents)] == ["two"]
    with pytest.raises(UnknownName, match="no agent called three"):
        chosen(["one", "three"], agents)


def test_an_agent_without_its_domain_is_not_guessed(ship: Ship) -> None:
    shipped = ship()
    (shipped.folder / "root_one").write_text("root {\n}\n")
    with pytest.raises(Unavailable, match="does not say the domain of one"):
        ours(shipped.folder.parent)
