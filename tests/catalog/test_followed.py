"""The user's folder is followed: changes are taken in, faults told, and nothing else harmed."""

from __future__ import annotations

import os

import pytest

from vectorpy.catalog.followed import Followed
from vectorpy.errors import UnknownName

OWN = """
group = "Own"

[alias]
"old-ops" = "own-ops;series=reads"

[[widget]]
id = "own-ops"
title = "Our operations"
kind = "line"
unit = "/s"
range = [0, "auto"]

[widget.help]
shows = "All operations of all disks."
normal = "Few."
action = "Ask."

[[widget.series]]
name = "reads"
expression = "sum(disk.dev.read)"

[[widget.series]]
name = "writes"
expression = "sum(disk.dev.write)"

[[preset]]
id = "ours"
title = "Ours"
help = "What we look at."
widgets = ["cpu", "own-ops"]
"""


@pytest.fixture
def folder(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    return own


def write(path, text, at=0):
    """Write a file with a time of change of its own, as two writes may share a tick."""
    path.write_text(text, encoding="utf-8")
    stamp = 1_795_000_000 + at
    os.utime(path, (stamp, stamp))


def settle(followed):
    """Look until a change was read: the first look sees it, the second finds it steady."""
    looks = [followed.look() for _ in range(3)]
    assert looks[0] is None and looks[2] is None
    return looks[1]


def test_a_new_file_is_taken_in_and_a_removed_one_left_out(folder):
    followed = Followed(folder)
    catalog = followed.catalog
    assert followed.look() is None
    write(folder / "own.toml", OWN)
    assert settle(followed) == {"own-ops", "old-ops"}
    assert followed.catalog is catalog
    assert catalog.resolve("own-ops").title == "Our operations"
    assert catalog.preset("ours").widgets == ("cpu", "own-ops")
    assert catalog.page()["aliases"]["old-ops"] == "own-ops;series=reads"
    (folder / "own.toml").unlink()
    assert settle(followed) == {"own-ops", "old-ops"}
    with pytest.raises(UnknownName):
        catalog.resolve("own-ops")
    assert catalog.resolve("cpu").id == "cpu" and "ours" not in catalog.presets


def test_only_widgets_that_mean_another_are_named(folder):
    write(folder / "own.toml", OWN)
    write(
        folder / "more.toml",
        OWN.replace("own-ops", "more-ops")
        .replace("ours", "others")
        .replace("old-ops", "older-ops"),
    )
    followed = Followed(folder)
    write(folder / "own.toml", OWN.replace("disk.dev.write", "disk.dev.discard"), at=5)
    assert settle(followed) == {"own-ops", "old-ops"}
    write(folder / "own.toml", OWN.replace("disk.dev.write", "disk.dev.discard") + "\n", at=9)
    assert settle(followed) == frozenset()


def test_a_file_that_is_being_written_is_waited_for(folder):
    followed = Followed(folder)
    write(folder / "own.toml", OWN[:40])
    assert followed.look() is None
    write(folder / "own.toml", OWN, at=1)
    assert followed.look() is None
    assert followed.look() == {"own-ops", "old-ops"}
    assert followed.problems == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OWN.replace("sum(disk", "sun(disk"), "line 7: the widget 'own-ops': the series 'reads'"),
        (OWN.replace('title = "Our', 'tilte = "Our'), "line 7: the widget 'own-ops': unknown key"),
        (OWN.replace('"own-ops"\ntitle', '"cpu"\ntitle'), "line 7: the widget 'cpu' is taken by"),
        (OWN.replace("[[preset]]", "[[preset]"), "it is no TOML: "),
        (OWN.replace("OWN", "").replace('group = "Own"', ""), "it has widgets but no group"),
    ],
)
def test_a_faulty_file_is_told_and_harms_nothing_else(folder, text, problem):
    write(
        folder / "good.toml",
        OWN.replace("own-ops", "good-ops").replace("ours", "good").replace("old-ops", "good-old"),
    )
    followed = Followed(folder)
    write(folder / "bad.toml", text)
    settle(followed)
    (told,) = followed.problems
    assert told.startswith("bad.toml") and problem in told
    assert "own-ops" not in followed.catalog.widgets
    assert followed.catalog.resolve("good-ops").id == "good-ops"
    assert followed.catalog.resolve("cpu").title == "CPU by mode"
    write(folder / "bad.toml", OWN, at=7)
    assert {"own-ops", "old-ops"} <= settle(followed)
    assert followed.problems == []


def test_a_preset_that_names_nothing_is_left_out_alone(folder):
    write(folder / "own.toml", OWN.replace('"cpu", "own-ops"', '"cpu", "own-oops"'))
    followed = Followed(folder)
    (told,) = followed.problems
    assert told.startswith("own.toml, line 27: the preset 'ours': There is no widget 'own-oops'")
    assert followed.catalog.resolve("own-ops").id == "own-ops"


def test_a_folder_that_does_not_exist_is_told_until_it_does(tmp_path):
    followed = Followed(tmp_path / "later")
    assert "does not exist" in followed.problems[0]
    (tmp_path / "later").mkdir()
    assert settle(followed) == frozenset()
    assert followed.problems == []


def test_without_a_folder_nothing_is_looked_for():
    followed = Followed(None)
    assert [followed.look(), followed.look()] == [None, None] and followed.problems == []
