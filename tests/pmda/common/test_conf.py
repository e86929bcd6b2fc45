"""Conf files of agents: strict, and missing ones are fine."""

from __future__ import annotations

from pathlib import Path

import pytest
import vconf

OPTIONS = (
    vconf.Option("count", 5, "How many.", 1, 10),
    vconf.Option("share", 0.5, "How much.", 0.0, 1.0),
    vconf.Option("on", True, "Whether."),
    vconf.Option("name", "ann", "Who."),
    vconf.Option("ports", (), "Which."),
)


def read(tmp_path: Path, text: str) -> vconf.Conf:
    path = tmp_path / "toy.conf"
    path.write_text(text)
    return vconf.read(str(path), "toy", OPTIONS)


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    conf = vconf.read(str(tmp_path / "none"), "toy", OPTIONS)
    assert (conf.count, conf.share, conf.on, conf.name, conf.ports) == (5, 0.5, True, "ann", ())


def test_an_empty_file_and_the_template_give_the_defaults(tmp_path: Path) -> None:
    for text in ("", "[toy]\n", vconf.template("toy", OPTIONS, "Head.\nTwo lines.")):
        conf = read(tmp_path, text)
        assert (conf.count, conf.on, conf.ports) == (5, True, ())


def test_values_take_the_type_of_their_default(tmp_path: Path) -> None:
    conf = read(
        tmp_path, "# a comment\n[toy]\ncount = 7\nshare=0.25\non = off\nname = b c\nports = 1 2\n"
    )
    assert (conf.count, conf.share, conf.on, conf.name, conf.ports) == (
        7,
        0.25,
        False,
        "b c",
        ("1", "2"),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[toy]\ncuont = 7\n", "unknown key cuont; there are: count, name, on, ports, share"),
        ("[toy]\nCount = 7\n", "unknown key Count"),
        ("[tyo]\n", r"unknown section \[tyo\]"),
        ("count = 7\n", "no section headers"),
        ("[toy]\ncount = seven\n", "count is a number, not seven"),
        ("[toy]\ncount = 7.5\n", "count is a number"),
        ("[toy]\ncount = 0\n", "count is from 1 to 10, not 0"),
        ("[toy]\nshare = nan\n", "share is from 0 to 1, not nan"),
        ("[toy]\non = maybe\n", "on is yes or no, not maybe"),
        ("[toy]\ncount = 1\ncount = 2\n", "already exists"),
        ("[toy]\n[toy]\n", "already exists"),
        ("[toy]\ncount\n", "toy.conf"),
    ],
)
def test_what_is_not_understood_is_an_error(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(vconf.ConfError, match=why):
        read(tmp_path, text)


def test_a_file_that_can_t_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(vconf.ConfError, match="can't be read"):
        vconf.read(str(tmp_path), "toy", OPTIONS)


def test_defaults_with_some_given() -> None:
    assert vconf.defaults(OPTIONS, count=9).count == 9
    with pytest.raises(vconf.ConfError, match="unknown option: cuont"):
        vconf.defaults(OPTIONS, cuont=9)
    with pytest.raises(AttributeError, match="no option"):
        _ = vconf.defaults(OPTIONS).cuont
