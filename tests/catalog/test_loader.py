"""The loader is strict: each rule broken once, and named with file, line and reason."""

from __future__ import annotations

import re

import pytest

from vectorpy.catalog.loader import load
from vectorpy.errors import CatalogError

WIDGET = """\
group = "Test"

[[widget]]
id = "one"
title = "One"
kind = "line"
unit = "/s"

[widget.help]
shows = "A."
normal = "B."
action = "C."

[[widget.series]]
name = "switches"
expression = "kernel.all.pswitch"
"""
PRESET = """
[[preset]]
id = "p"
title = "P"
help = "H."
widgets = ["one"]
"""
SERIES = '\n[[widget.series]]\nname = "x"\nexpression = "hinv.ncpu"\n'


def refused(folder) -> str:
    with pytest.raises(CatalogError) as caught:
        load(shipped=folder)
    return caught.value.message


def test_a_sound_file_loads(shelf):
    catalog = load(shipped=shelf(a=WIDGET + PRESET))
    assert list(catalog.widgets) == ["verdict", "one", "chart"]
    widget = catalog.resolve("one")
    assert (widget.group, widget.kind, widget.unit) == ("Test", "line", "/s")
    assert widget.range == (None, None) and widget.top is None and widget.recorded
    assert widget.metrics == {"kernel.all.pswitch"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('title = "One"', 'title = "One"\ncolour = "red"', "unknown key 'colour'"),
        ('id = "one"\n', "", "id is missing"),
        ('id = "one"', 'id = "One Two"', "lower case letters"),
        ('id = "one"', "id = 7", "id must be a text"),
        ('title = "One"\n', "", "title is missing"),
        ('kind = "line"', 'kind = "pie"', "kind 'pie' must be one of line, stacked"),
        ('kind = "line"', 'kind = "line"\nkinds = ["pie"]', "kinds"),
        ('kind = "line"', 'kind = "line"\nkinds = ["line"]', "kinds"),
        ('unit = "/s"', 'unit = "kB"', "unit 'kB' must be one of %, B"),
        ('unit = "/s"', "", "unit is missing"),
        ('unit = "/s"', 'unit = "/s"\naliases = ["A b"]', "the alias 'A b'"),
        ('unit = "/s"', 'unit = "/s"\naliases = "x"', "aliases must be a list"),
        ('unit = "/s"', 'unit = "/s"\nrange = [0]', "range must be two ends"),
        ('unit = "/s"', 'unit = "/s"\nrange = [0, "top"]', "range must be two ends"),
        ('unit = "/s"', 'unit = "/s"\nrange = [0, true]', "range must be two ends"),
        ('unit = "/s"', 'unit = "/s"\nrange = [100, 0]', "from low to high"),
        ('unit = "/s"', 'unit = "/s"\ntop = 5', "top needs per_instance"),
        ('unit = "/s"', 'unit = "/s"\nper_instance = 1', "per_instance must be true or false"),
        ('unit = "/s"', 'unit = "/s"\nlabel = "a.b"', "label and {label}"),
        ('unit = "/s"', 'unit = "/s"\nlabel = "a b"', "is no name of a metric"),
        ('unit = "/s"', 'unit = "/s"\nrequires = [1]', "requires must be a list of texts"),
        ('unit = "/s"', 'unit = "/s"\nwhere = "x"', "where must be a table"),
        ('unit = "/s"', 'unit = "/s"\nwhere = {x = "1 +"}', "expression '1 +'"),
        ('normal = "B."\n', "", "help: normal is missing"),
        ('action = "C."', 'action = " "', "help: action must be a text"),
        ('action = "C."', 'action = "C."\nmore = "D."', "help: unknown key 'more'"),
        ('name = "switches"\n', "", "name is missing"),
        ('name = "switches"', 'name = "{instance}"', "the widget is not per_instance"),
        ('name = "switches"', 'name = "{disk} x"', "there is no {disk}"),
        ('"kernel.all.pswitch"', '"kernel.all.pswitch +"', "In the expression"),
        ('"kernel.all.pswitch"', '"{total} + 1"', "{total} does not stand under where"),
        ('"kernel.all.pswitch"', '"__import__(1)"', "In the expression"),
        ('name = "switches"', 'name = "switches"\nrole = "boss"', "role 'boss' must be one of"),
        ('name = "switches"', 'name = "switches"\nunit = "%"', "only a readout"),
        ('name = "switches"', 'name = "switches"\noptional = "yes"', "optional must be"),
        ('name = "switches"', 'name = "switches"\nrole = "limit"', "no series to draw"),
        ('group = "Test"\n', "", "no group"),
        ('group = "Test"', 'group = "Test"\nversion = 2', "unknown key 'version'"),
    ],
)
def test_each_fault_is_named(shelf, old, new, reason):
    assert old in WIDGET
    message = refused(shelf(bad=WIDGET.replace(old, new, 1)))
    assert "bad.toml" in message and reason in message
    assert not message.endswith("..")


def test_a_name_without_its_instance_is_a_fault_where_there_are_instances(shelf):
    text = WIDGET.replace('unit = "/s"', 'unit = "/s"\nper_instance = true\ntop = 3')
    assert "its name needs {instance} or {label}" in refused(shelf(bad=text))


@pytest.mark.parametrize("top", ["0", "51", "true", '"8"'])
def test_top_is_a_small_number(shelf, top):
    text = WIDGET.replace('unit = "/s"', f'unit = "/s"\nper_instance = true\ntop = {top}')
    text = text.replace('"switches"', '"{instance}"')
    assert "top must be 1 to 50" in refused(shelf(bad=text))


def test_the_line_of_a_faulty_widget_is_named(shelf):
    second = WIDGET.partition("\n\n")[2].replace('"one"', '"two"').replace('"line"', '"pie"')
    message = refused(shelf(bad=WIDGET + "\n" + second))
    line = (WIDGET + "\n").count("\n") + 1
    assert f"bad.toml, line {line}: the widget 'two': kind 'pie'" in message


def test_broken_toml_is_named_with_its_line(shelf):
    assert re.search(
        r"bad\.toml: it is no TOML: .*line 4", refused(shelf(bad=WIDGET.replace('"one"', "one")))
    )


def test_a_file_that_is_no_utf8_or_too_big_is_named(shelf):
    folder = shelf()
    (folder / "bad.toml").write_bytes(b'group = "\xff"')
    assert "can't be read" in refused(folder)
    (folder / "bad.toml").write_bytes(b"#" * (1024 * 1024 + 1))
    assert "larger than" in refused(folder)


@pytest.mark.parametrize("text", ['widget = "x"', "[widget]\nid = 1", "widget = [1]"])
def test_widgets_are_written_as_tables(shelf, text):
    assert "must be written as [[widget]]" in refused(shelf(bad=f'group = "G"\n{text}'))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ('id = "one"', "the widget 'one' is taken by"),
        ('id = "two"\naliases = ["one"]', "the widget 'one' is taken by"),
        ('id = "chart"', "the widget 'chart' is taken by vectorpy itself"),
        ('id = "two"\naliases = ["custom.metric"]', "taken by vectorpy itself"),
        ('id = "two"\naliases = ["two"]', "the widget 'two' is taken by"),
    ],
)
def test_ids_and_aliases_are_taken_once(shelf, name, reason):
    message = refused(shelf(a=WIDGET, b=WIDGET.replace('id = "one"', name)))
    assert "b.toml, line 3: " in message and reason in message


def test_a_preset_s_id_may_be_a_widget_s(shelf):
    catalog = load(shipped=shelf(a=WIDGET + PRESET.replace('id = "p"', 'id = "one"')))
    assert catalog.preset("one").widgets == ("one",)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('widgets = ["one"]', "widgets = []", "it has no widgets"),
        ('widgets = ["one"]', 'widgets = ["one", "one"]', "names a widget twice"),
        ('widgets = ["one"]', 'widgets = ["none"]', "There is no widget 'none' here"),
        ('widgets = ["one"]', 'widgets = ["one;top=3"]', "has no option top"),
        ('widgets = ["one"]', 'widgets = ["one;;"]', "has no value"),
        ('help = "H."', "", "help is missing"),
        ('title = "P"', 'title = "P"\nunit = "%"', "unknown key 'unit'"),
    ],
)
def test_faulty_presets_are_named(shelf, old, new, reason):
    message = refused(shelf(bad=WIDGET + PRESET.replace(old, new)))
    assert "bad.toml, line 18: the preset 'p': " in message and reason in message


def test_where_fills_in_a_part_in_parentheses(shelf):
    text = WIDGET.replace('unit = "/s"', 'unit = "/s"\nwhere = {all = "a.b + a.c"}')
    text = text.replace('"kernel.all.pswitch"', '"a.b / {all}"')
    widget = load(shipped=shelf(a=text)).resolve("one")
    assert widget.series[0].expression.text == "a.b / (a.b + a.c)"


# The user's own folder


def test_own_widgets_come_after_the_shipped_ones(shelf, catalog):
    own = load(shelf(mine=WIDGET + PRESET))
    assert own.problems == ()
    assert list(own.widgets)[-2:] == ["one", "chart"]
    assert set(catalog.widgets) <= set(own.widgets)
    assert own.preset("p").widgets == ("one",)


def test_a_faulty_file_is_told_and_harms_nothing_else(shelf, catalog):
    own = load(
        shelf(
            bad=WIDGET.replace('"line"', '"pie"'),
            broken="[[widget",
            good=WIDGET,
            taken=WIDGET.replace('"one"', '"cpu"'),
        )
    )
    assert set(own.widgets) == {*catalog.widgets, "one"}
    assert own.presets == catalog.presets
    assert len(own.problems) == 3
    assert "bad.toml, line 3: the widget 'one': kind 'pie'" in own.problems[0]
    assert "broken.toml: it is no TOML" in own.problems[1]
    assert "taken.toml, line 3: the widget 'cpu' is taken by" in own.problems[2]
    assert "cpu.toml" in own.problems[2]


def test_a_faulty_file_is_left_out_whole(shelf):
    own = load(shelf(mine=WIDGET + WIDGET.partition("\n\n")[2].replace('"one"', '"cpu"')))
    assert "one" not in own.widgets
    assert len(own.problems) == 1


def test_an_own_preset_of_unknown_widgets_is_left_out_alone(shelf):
    own = load(shelf(mine=WIDGET + PRESET.replace('["one"]', '["one", "gone"]')))
    assert "one" in own.widgets and "p" not in own.presets
    assert "mine.toml, line 18: the preset 'p': There is no widget 'gone' here." in own.problems[0]


def test_own_presets_may_name_widgets_of_a_later_file(shelf):
    own = load(shelf(a=PRESET, b=WIDGET))
    assert own.problems == () and own.preset("p").widgets == ("one",)


def test_a_folder_that_does_not_exist_is_told(tmp_path, catalog):
    own = load(tmp_path / "none")
    assert set(own.widgets) == set(catalog.widgets)
    assert "does not exist" in own.problems[0]


def test_other_files_in_the_folder_are_let_be(shelf):
    folder = shelf(mine=WIDGET)
    (folder / "notes.txt").write_text("not ours")
    assert load(folder).problems == ()
