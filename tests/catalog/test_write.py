"""A chart that somebody made becomes a file that the strict loader takes."""

from __future__ import annotations

import pytest

from vectorpy.catalog.loader import load
from vectorpy.catalog.write import widget_file
from vectorpy.errors import UserError
from vectorpy.model.metric import Descriptor
from vectorpy.model.watch import Wish


def metric(name, units="count", indom=None, semantics="counter"):
    return Descriptor(name, "60.0.1", "u64", semantics, units, indom)


HOST = {
    one.name: one
    for one in (
        metric("disk.dev.read", indom="60.1"),
        metric("disk.dev.read_rawactive", "millisec", indom="60.1"),
        metric("kernel.all.pswitch"),
        metric("hinv.ncpu", "", semantics="discrete"),
        metric("mem.util.dirty", "Kbyte", semantics="instant"),
        metric("mem.physmem", "Kbyte", semantics="discrete"),
    )
}


def written(catalog, id="own-chart", **options):
    return widget_file(catalog.instantiate(Wish("chart", options)), HOST, id, catalog)


CHARTS = [
    {"expr": "disk.dev.read", "instances": "sd*,!sda", "top": "3"},
    {"expr": "disk.dev.read_rawactive / disk.dev.read", "instances": "/sd[a-c]/", "unit": "s"},
    {"expr": "sum(disk.dev.read),kernel.all.pswitch / hinv.ncpu", "kind": "stacked"},
    {"expr": "100 * mem.util.dirty / mem.physmem", "unit": "%", "title": 'Dirty "\\ share'},
    {"expr": "top(2, disk.dev.read)"},
]


@pytest.mark.parametrize("options", CHARTS)
def test_the_loader_takes_it_and_it_draws_the_same(catalog, tmp_path, options):
    (tmp_path / "own-chart.toml").write_text(written(catalog, **options), encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.problems == ()
    one = loaded.resolve("own-chart").check(HOST)
    chart = catalog.instantiate(Wish("chart", options)).check(HOST)
    assert one.reason == ""
    assert [s.expression for s in one.widget.series] == [s.expression for s in chart.widget.series]
    same = ("title", "kind", "unit", "per_instance")
    assert [getattr(one.widget, key) for key in same] == [
        getattr(chart.widget, key) for key in same
    ]
    if chart.widget.per_instance:
        assert one.widget.top == chart.widget.top
        names = ("sda", "sdb", "nvme0n1")
        for name in names:
            kept = [keep is None or keep(name) for keep in (one.widget.keep, chart.widget.keep)]
            assert kept[0] is kept[1]


def test_the_text_is_for_people(catalog):
    assert written(catalog, expr="disk.dev.read", instances="sd*") == (
        'group = "Own"\n\n[[widget]]\nid = "own-chart"\ntitle = "disk.dev.read"\n'
        'kind = "line"\nkinds = ["stacked", "heatmap"]\nunit = "/s"\nper_instance = true\n'
        'top = 8\ninstances = "sd*"\nrecorded = false\n\n[widget.help]\n'
        'shows = "disk.dev.read. Say here what it shows, so that others need not guess."\n'
        'normal = "Say here which values are usual."\n'
        'action = "Say here what to do when they are not."\n\n'
        '[[widget.series]]\nname = "{instance}"\nexpression = "disk.dev.read"\n'
    )


@pytest.mark.parametrize(
    ("id", "options", "words"),
    [
        ("own", {"expr": "disk.dev.read,kernel.all.pswitch"}, "need instances, or none"),
        ("own", {"expr": "no.such"}, "This host has no no.such."),
        ("own", {"expr": "kernel.all.pswitch,no.such"}, "This host has no no.such."),
        ("own", {"expr": "mem.util.dirty + kernel.all.pswitch"}, "different units"),
        ("cpu", {"expr": "kernel.all.pswitch"}, "taken by 'CPU by mode'"),
        ("../x", {"expr": "kernel.all.pswitch"}, "can't be the id"),
    ],
)
def test_what_can_t_be_a_widget_is_told_in_words(catalog, id, options, words):
    with pytest.raises(UserError) as caught:
        written(catalog, id, **options)
    assert words in str(caught.value)


def test_a_widget_of_the_catalogue_is_there_already(catalog):
    with pytest.raises(UserError, match="of the catalogue already"):
        widget_file(catalog.resolve("cpu"), HOST, "own", catalog)
