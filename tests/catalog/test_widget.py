"""Widgets on one host: what can be drawn, what is missing, options, names."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.catalog.options import split
from vectorpy.catalog.pick import instance_filter, natural
from vectorpy.errors import UnknownName, UserError
from vectorpy.model.expression import parse
from vectorpy.model.watch import Wish


def without(stock, *names):
    return {name: d for name, d in stock.items() if name not in names}


# check


def test_a_missing_optional_series_is_left_out_and_named(catalog, stock):
    checked = catalog.resolve("psi-cpu").check(stock)
    assert [s.name for s in checked.widget.series] == ["some"]
    assert checked.missing == ("kernel.all.pressure.cpu.full.total",)
    assert checked.reason == ""


def test_a_host_with_cpu_full_draws_it(catalog, stock):
    some = stock["kernel.all.pressure.cpu.some.total"]
    name = "kernel.all.pressure.cpu.full.total"
    newer = {**stock, name: dataclasses.replace(some, name=name, pmid="60.83.9")}
    checked = catalog.resolve("psi-cpu").check(newer)
    assert [s.name for s in checked.widget.series] == ["some", "full"]


def test_a_missing_part_of_a_sum_stops_the_widget_with_words(catalog, stock):
    checked = catalog.resolve("memory").check(without(stock, "mem.util.slab"))
    assert checked.widget.series == ()
    assert checked.missing == ("mem.util.slab",)
    assert checked.reason.startswith("This host has no mem.util.slab")
    assert "agent linux" in checked.reason


def test_a_missing_reference_line_stops_nothing(catalog, stock):
    checked = catalog.resolve("load").check(without(stock, "hinv.ncpu"))
    assert [s.name for s in checked.widget.series] == ["{instance}"]
    assert checked.missing == ("hinv.ncpu",) and checked.reason == ""


def test_metrics_without_a_value_count_as_missing_and_the_remedy_is_named(catalog, stock):
    widget = catalog.resolve("pressure")
    checked = widget.check(stock, absent=widget.metrics)
    assert checked.widget.series == ()
    assert "This host has no kernel.all.pressure.cpu.some.total" in checked.reason
    assert "psi=1" in checked.reason


def test_an_alternative_is_taken_where_a_metric_of_the_first_is_missing(catalog, stock):
    older = {n: d for n, d in stock.items() if not n.startswith("network.tcpconn6")}
    checked = catalog.resolve("tcp-connections").check(older)
    assert checked.reason == "" and checked.missing == ()
    assert checked.widget.series[0].expression.text == "network.tcpconn.established"
    assert checked.widget.metrics <= set(older)


def test_a_host_without_any_metric_draws_nothing_and_nothing_is_raised(catalog):
    for widget in catalog.widgets.values():
        checked = widget.check({})
        assert checked.widget.series == () and checked.reason


def test_another_dimension_than_declared_is_told(catalog, stock):
    odd = dataclasses.replace(stock["kernel.all.pswitch"], units="Kbyte")
    checked = catalog.resolve("context-switches").check({**stock, "kernel.all.pswitch": odd})
    assert checked.widget.series == ()
    assert checked.reason == (
        "The series 'switches' of context-switches comes out in B/s, not in /s."
    )


def test_a_threshold_is_a_plain_number_in_the_widget_s_unit(catalog, stock):
    plain = catalog.resolve("context-switches")
    limit = dataclasses.replace(
        plain.series[0], name="too many", expression=parse("50000"), role="limit"
    )
    checked = dataclasses.replace(plain, series=(*plain.series, limit)).check(stock)
    assert checked.reason == "" and [s.name for s in checked.widget.series][-1] == "too many"
    drawn = dataclasses.replace(limit, role="")
    checked = dataclasses.replace(plain, series=(*plain.series, drawn)).check(stock)
    assert "'too many' of context-switches comes out in 1, not in /s" in checked.reason


def test_a_gauge_where_a_counter_is_meant_is_told(catalog, stock):
    odd = dataclasses.replace(stock["kernel.all.pswitch"], semantics="instant")
    checked = catalog.resolve("context-switches").check({**stock, "kernel.all.pswitch": odd})
    assert "comes out in count, not in /s" in checked.reason


def test_other_instances_than_declared_are_told(catalog, stock):
    odd = dataclasses.replace(stock["kernel.all.pswitch"], indom="60.0")
    checked = catalog.resolve("context-switches").check({**stock, "kernel.all.pswitch": odd})
    assert "has instances on this host" in checked.reason


def test_a_text_metric_can_t_be_drawn(catalog, stock):
    chart = catalog.instantiate(Wish("chart", {"expr": "filesys.mountdir"}))
    assert "is no number on this host" in chart.check(stock).reason


def test_the_label_metric_is_described_but_nothing_hangs_on_it(catalog, stock):
    widget = catalog.resolve("filesystems")
    assert "filesys.mountdir" in widget.metrics
    checked = widget.check(without(stock, "filesys.mountdir"))
    assert checked.reason == "" and checked.widget.label is None
    assert "filesys.mountdir" not in checked.widget.metrics


# names


def test_series_are_called_by_instance_and_label(catalog):
    read, write = catalog.resolve("disk-latency").series
    assert read.title("sda") == "sda read"
    assert read.labels("sda") == {"instance": "sda", "series": "read"}
    assert write.title("sda") == "sda write"
    full = catalog.resolve("filesystems").series[0]
    assert full.title("/dev/sda1", "/home") == "/home"
    assert full.title("/dev/sda1") == "/dev/sda1"
    assert full.labels("/dev/sda1", "/home") == {"instance": "/dev/sda1", "label": "/home"}
    user = catalog.resolve("cpu").series[0]
    assert user.title() == "user" and user.labels() == {"series": "user"}


def test_roles_and_the_unit_of_a_readout_are_labels(catalog):
    drawn, readout = catalog.resolve("tcp-retransmits").series
    assert drawn.labels() == {"series": "retransmitted"}
    assert readout.labels() == {"series": "segments", "role": "readout", "unit": "/s"}
    assert catalog.resolve("load").series[1].labels() == {"series": "CPUs", "role": "limit"}


def test_numbers_in_names_are_sorted_as_numbers():
    names = ["cpu10", "cpu2", "cpu0", "eth1", "eth", "10", "9"]
    assert sorted(names, key=natural) == ["9", "10", "cpu0", "cpu2", "cpu10", "eth", "eth1"]


@given(st.lists(st.text()))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural)) == sorted(names)


# options


def test_options_change_a_copy_and_not_the_catalogue(catalog):
    wish = Wish.parse("disk-latency;instances=sd*,!sdb;top=3")
    widget = catalog.instantiate(wish)
    assert widget.top == 3 and widget.wish == wish.text
    assert [widget.keep(name) for name in ("sda", "sdb", "nvme0n1")] == [True, False, False]
    assert catalog.resolve("disk-latency").top == 8
    assert catalog.resolve("disk-latency").keep is None


def test_a_filter_leaves_instances_out_of_the_numbers(catalog, drawn):
    widget = catalog.instantiate(Wish.parse("disk-queue;instances=/sd[ab]/"))
    first = {"disk.dev.aveq": {"sda": 0, "sdb": 0, "sdc": 0}}
    second = {"disk.dev.aveq": {"sda": 500, "sdb": 1_000, "sdc": 2_000}}
    assert drawn(widget, first, second) == {"sda": 0.5, "sdb": 1.0}


def test_an_alias_takes_options_and_keeps_the_wish_s_text(catalog):
    widget = catalog.instantiate(Wish.parse("cpu-percpu-utilization;kind=line"))
    assert (widget.id, widget.kind) == ("cpu-percpu", "line")
    assert widget.wish == "cpu-percpu-utilization;kind=line"
    assert catalog.instantiate(Wish.parse("cpu-percpu;kind=lines")).kind == "line"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cpu;top=3", "has no option top"),
        ("cpu;colour=red", "has no option colour"),
        ("load;kind=line", "has no option kind"),
        ("cpu-percpu;kind=pie", "is drawn as heatmap or line"),
        ("disk-iops;top=0", "The option top is 1 to 50"),
        ("disk-iops;top=51", "The option top is 1 to 50"),
        ("disk-iops;top=many", "The option top is 1 to 50"),
        ("disk-iops;top=%C2%B2", "The option top is 1 to 50"),
        ("disk-iops;instances=%2F(a%2B)%2B%2F", "too complex"),
        ("disk-iops;instances=%2F%5B%2F", "no regular expression"),
        ("chart", "needs the option expr"),
        ("chart;unit=B", "needs the option expr"),
        ("chart;expr=1%20%2B", "In the expression"),
        ("chart;expr=a.b,,c.d", "empty one"),
        ("chart;expr=a.b;unit=kB", "A unit is one of"),
        ("chart;expr=a.b;kind=table", "is drawn as"),
    ],
)
def test_bad_options_are_the_user_s_error(catalog, text, reason):
    with pytest.raises(UserError, match=reason):
        catalog.instantiate(Wish.parse(text))


def test_unknown_names_are_named(catalog):
    with pytest.raises(UnknownName, match="no widget 'nothing'"):
        catalog.instantiate(Wish("nothing"))
    with pytest.raises(UnknownName, match="no preset 'nothing'"):
        catalog.preset("nothing")
    with pytest.raises(UnknownName) as caught:
        catalog.resolve("disk-latancy")
    assert caught.value.hint == "Did you mean disk-latency?"


def test_a_filter_in_slashes_is_a_regular_expression():
    keep = instance_filter("/eth[01]/")
    assert [keep(name) for name in ("eth0", "eth1", "eth2", "/eth[01]/")] == [
        True,
        True,
        False,
        False,
    ]
    assert instance_filter("/dev/sd*")("/dev/sda1")
    assert instance_filter("re:sd.")("sda")


@pytest.mark.parametrize("text", ["/" + ".?" * 30 + "x/", "re:" + "(.|.)" * 30 + "x"])
def test_a_regular_expression_that_could_run_for_ever_is_refused(text):
    with pytest.raises(UserError, match="too complex"):
        instance_filter(text)
    assert instance_filter("/sda|sdb|nvme.*/")("nvme0n1")


# chart


def chart(catalog, **options):
    return catalog.instantiate(Wish("chart", options))


def test_a_chart_takes_its_unit_and_instances_from_the_host(catalog, stock):
    checked = chart(catalog, expr="network.interface.in.bytes").check(stock)
    assert checked.reason == ""
    assert checked.widget.unit == "B/s" and checked.widget.per_instance
    assert checked.widget.title == "network.interface.in.bytes"
    assert checked.widget.series[0].title("eth0") == "network.interface.in.bytes eth0"
    single = chart(catalog, expr="mem.util.free").check(stock)
    assert single.widget.unit == "B" and not single.widget.per_instance
    assert single.widget.series[0].title() == "mem.util.free"


def test_a_chart_of_several_expressions_shares_one_unit(catalog, stock):
    both = chart(catalog, expr="mem.util.free, mem.util.cached", title="Two")
    checked = both.check(stock)
    assert [s.name for s in checked.widget.series] == [
        "mem.util.free {instance}",
        "mem.util.cached {instance}",
    ]
    assert checked.widget.title == "Two"
    mixed = chart(catalog, expr="mem.util.free,kernel.all.pswitch").check(stock)
    assert "comes out in /s, not in B" in mixed.reason


def test_a_chart_draws_what_there_is_and_names_what_is_missing(catalog, stock):
    checked = chart(catalog, expr="mem.util.free,no.such.metric").check(stock)
    assert len(checked.widget.series) == 1
    assert checked.missing == ("no.such.metric",) and checked.reason == ""
    nothing = chart(catalog, expr="no.such.metric").check(stock)
    assert nothing.reason == "This host has no no.such.metric."


def test_a_chart_s_unit_may_be_declared_where_it_fits(catalog, stock):
    assert chart(catalog, expr="filesys.full", unit="%").check(stock).widget.unit == "%"
    wrong = chart(catalog, expr="mem.util.free", unit="%").check(stock)
    assert "comes out in B, not in %" in wrong.reason


def test_a_chart_s_expressions_are_parted_at_commas_outside_parentheses():
    assert split("a.b, top(3, c.d) ,sum(e.f)") == ["a.b", "top(3, c.d)", "sum(e.f)"]


def test_a_chart_of_too_many_expressions_is_refused(catalog):
    with pytest.raises(UserError, match="at most 20"):
        chart(catalog, expr=",".join(["a.b"] * 21))
