"""Names of wishes, and the option that picks some of a widget's series."""

from __future__ import annotations

import pytest

from vectorpy.catalog.loader import load
from vectorpy.errors import CatalogError, UserError
from vectorpy.model.watch import Wish

FILE = """
group = "Test"

[alias]
"old.reads" = "ops;series=read"
"old.one" = "ops;instances=sda"

[[widget]]
id = "ops"
title = "Operations"
kind = "line"
unit = "/s"
range = [0, "auto"]
per_instance = true
top = 8

[widget.help]
shows = "What disks do."
normal = "Little."
action = "Ask them."

[[widget.series]]
name = "{instance} read"
expression = "disk.dev.read"

[[widget.series]]
name = "{instance} write"
expression = "disk.dev.write"

[[widget.series]]
name = "all"
role = "readout"
unit = "/s"
expression = "disk.all.total"
"""


@pytest.fixture
def catalog(shelf, tmp_path):
    return load(shipped=shelf(disk=FILE))


def names(catalog, text):
    return [series.name for series in catalog.instantiate(Wish.parse(text)).series]


def test_an_alias_stands_for_a_wish_with_its_options(catalog):
    assert names(catalog, "old.reads") == ["{instance} read", "all"]
    assert catalog.resolve("old.reads").id == "ops"
    one = catalog.instantiate(Wish.parse("old.one"))
    assert one.keep("sda") and not one.keep("sdb")


def test_a_wish_by_an_alias_may_have_options_of_its_own(catalog):
    both = catalog.instantiate(Wish.parse("old.reads;instances=sdb;series=write"))
    assert [series.bare for series in both.series] == ["write", "all"]
    assert both.keep("sdb") and not both.keep("sda")


def test_series_are_picked_by_name_or_glob_and_say_so_in_the_title(catalog):
    assert names(catalog, "ops;series=r*,write") == ["{instance} read", "{instance} write", "all"]
    found = catalog.instantiate(Wish.parse("ops;series=write"))
    assert found.title == "Operations: write"
    assert "series" in [option.name for option in found.options]


@pytest.mark.parametrize("value", ["discard", "read,discard", "all", "%20", ","])
def test_series_that_are_not_there_are_named(catalog, value):
    with pytest.raises(UserError, match="no series") as caught:
        catalog.instantiate(Wish.parse(f"ops;series={value}"))
    assert caught.value.hint == "It has: read, write."


def test_the_page_learns_the_aliases(catalog):
    assert catalog.page()["aliases"] == {
        "old.reads": "ops;series=read",
        "old.one": "ops;instances=sda",
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('"a" = "nothing"', "There is no widget 'nothing'"),
        ('"a" = "ops;series=discard"', "has no series 'discard'"),
        ('"a b" = "ops"', "other than letters"),
        ('"ops" = "ops;series=read"', "the alias 'ops' is taken by"),
        ('"a" = 3', "a must be a text"),
    ],
)
def test_faulty_aliases_are_told_with_their_line(shelf, line, reason):
    text = FILE.replace('"old.one" = "ops;instances=sda"', line)
    with pytest.raises(CatalogError, match=reason) as caught:
        load(shipped=shelf(disk=text))
    assert "disk.toml" in str(caught.value)


def test_a_faulty_alias_of_a_user_s_file_is_left_out_alone(shelf, tmp_path):
    own = shelf(own=FILE.replace('"old.one" = "ops;instances=sda"', '"old.one" = "nothing"'))
    found = load(own)
    assert list(found.aliases)[-1:] == ["old.reads"] and "ops" in found.widgets
    (problem,) = found.problems
    assert problem.startswith(f"{own / 'own.toml'}, line 6: the alias 'old.one':")
