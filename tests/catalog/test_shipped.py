"""The shipped catalogue: what must be there, and that a stock PCP can draw all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectorpy.catalog import docs
from vectorpy.catalog.loader import load
from vectorpy.model import units
from vectorpy.model.watch import Wish

PROMISED = """
cpu cpu-percpu load runqueue context-switches interrupts forks psi-cpu psi-memory psi-io memory
memory-available swap paging page-faults major-faults oom-kills disk-iops disk-throughput
disk-latency disk-utilization disk-queue filesystems network-throughput network-packets
network-errors softnet tcp-connections tcp-segments tcp-retransmits tcp-listen tcp-resets
udp-errors file-descriptors chart
"""
ALL = load().widgets
IDS = sorted(ALL)
OURS = ("vkernel", "vnet", "vjvm", "bcc")  # agents that no stock PCP runs, see test_agents.py
# `chart` draws what it is told, `verdict` has a test of its own (test_verdict.py).
STOCK = [
    id for id in IDS if id not in ("chart", "verdict") and not set(ALL[id].requires) & set(OURS)
]
CHARTS = [id for id in IDS if id != "chart" and ALL[id].table is None]
# Of 6.0.3 and its agents: what our optional series and alternatives name, and it does not have.
NOT_IN_STOCK = {"kernel.all.pressure.cpu.full.total"}


def test_every_promised_widget_and_preset_is_there(catalog):
    assert set(PROMISED.split()) <= set(catalog.widgets)
    assert {"triage", "cpu", "memory", "disk", "network", "tcp"} <= set(catalog.presets)
    assert catalog.problems == ()


def test_triage_is_the_default_and_one_screen_of_the_verdict_and_twelve(catalog):
    assert catalog.default == "triage"
    first, *charts = catalog.preset("triage").widgets
    assert first == "verdict" and len(charts) == 12


@pytest.mark.parametrize("id", STOCK)
def test_a_stock_pcp_draws_every_widget_in_its_unit(catalog, stock, id):
    widget = catalog.resolve(id)
    checked = widget.check(stock)
    assert checked.reason == ""
    assert set(checked.missing) <= NOT_IN_STOCK
    assert len(checked.widget.series) == len(widget.active) - len(checked.missing)
    assert checked.widget.unit == widget.unit
    assert checked.widget.per_instance == widget.per_instance


def test_every_metric_is_in_the_recorded_pcp_or_known_not_to_be(catalog, stock):
    widgets = catalog.widgets.values()
    every = frozenset().union(*(w.metrics.union(*(s.metrics for s in w.series)) for w in widgets))
    named = {name for name in every if name.partition(".")[0] not in (*OURS, "bpf")}
    assert named - set(stock) == NOT_IN_STOCK
    assert set(stock) <= named, "record.py has to be run again"


@pytest.mark.parametrize("id", IDS)
def test_every_widget_says_what_it_shows_what_is_normal_and_what_to_do(catalog, id):
    widget = catalog.resolve(id)
    for text in (widget.title, *widget.help, widget.needs or "Stop."):
        assert text == " ".join(text.split())
        assert "  " not in text and "\\" not in text
    for text in widget.help:
        assert text.endswith(".")
    assert len(widget.help.shows) > 20 and len(widget.help.action) > 40
    assert len(widget.title) < 40


@pytest.mark.parametrize("id", CHARTS)
def test_shares_are_fixed_to_100_and_every_axis_starts_at_zero(catalog, id):
    widget = catalog.resolve(id)
    assert widget.range[0] == 0
    if widget.kind in ("stacked", "heatmap") and widget.unit == "%":
        assert widget.range == (0, 100)
    if widget.per_instance and widget.kind == "line" and id != "load":
        assert widget.top is not None


@pytest.mark.parametrize(
    ("alias", "id"),
    [
        ("kernel.all.cpu", "cpu"),
        ("cpu-utilization", "cpu"),
        ("cpu-loadavg", "load"),
        ("cpu-pswitch", "context-switches"),
        ("mem", "memory"),
        ("memory-page-faults", "page-faults"),
        ("disk.dev.latency", "disk-latency"),
        ("network-drops-inout", "network-errors"),
        ("network-retransmits", "tcp-retransmit-kinds"),
        ("network-tcp-closewait", "tcp-connections"),
        ("custom.metric", "chart"),
    ],
)
def test_vector_s_ids_still_work(catalog, alias, id):
    assert catalog.resolve(alias).id == id


def test_presets_have_aliases_and_name_widgets_that_exist(catalog):
    assert catalog.preset("mem").id == "memory"
    assert catalog.preset("net").id == "network"
    for preset in catalog.presets.values():
        for text in preset.widgets:
            assert catalog.instantiate(Wish.parse(text)).group


def test_recorded_metrics_are_those_of_the_presets_without_the_dear_ones(catalog):
    recorded = catalog.recorded(("triage", "tcp"))
    assert "kernel.all.cpu.vuser" in recorded
    assert "network.tcp.retranssegs" in recorded
    assert "disk.dev.aveq" not in recorded
    assert not [name for name in recorded if name.startswith(("network.tcpconn", "proc."))]


def test_what_is_recorded_stays_well_below_the_limit_of_a_tick(catalog):
    every = catalog.recorded(("triage", "cpu", "memory", "disk", "network", "tcp"))
    assert 80 < len(every) < 200


def test_the_page_s_data_is_plain_json_with_all_that_the_page_shows(catalog):
    page = json.loads(json.dumps(catalog.page(), allow_nan=False))
    assert page["default"] == "triage"
    cpu = next(entry for entry in page["widgets"] if entry["id"] == "cpu")
    assert cpu["kind"] == "stacked" and cpu["unit"] == "%" and cpu["range"] == [0, 100]
    assert cpu["metrics"] == sorted(cpu["metrics"]) and len(cpu["metrics"]) == 12
    assert set(cpu["help"]) == {"shows", "normal", "action"}
    assert cpu["series"][-1]["role"] == "rest"
    percpu = next(entry for entry in page["widgets"] if entry["id"] == "cpu-percpu")
    assert [o["name"] for o in percpu["options"]] == ["instances", "top", "kind", "mode"]
    assert percpu["kinds"] == ["heatmap", "line"]
    triage = page["presets"][0]
    assert triage["id"] == "triage" and triage["widgets"][:2] == ["verdict", "cpu"]


def test_units_are_those_of_answers_and_only_readouts_have_others(catalog):
    for widget in catalog.widgets.values():
        assert widget.unit in units.ANSWERS or widget.id == "chart"
        for series in widget.series:
            own = series.role in ("readout", "mark") or widget.id == "verdict"
            assert series.unit == widget.unit or own


def test_the_text_in_docs_is_made_from_this_catalogue(catalog):
    path = Path(__file__).parents[2] / "docs" / "widgets.md"
    remedy = "run: python -m vectorpy.catalog.docs > docs/widgets.md"
    assert path.read_text(encoding="utf-8") == docs.page(catalog), remedy


def test_the_example_of_own_widgets_is_a_file_that_loads(catalog, shelf):
    path = Path(__file__).parents[2] / "docs" / "own-widgets.md"
    text = path.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    own = load(shelf(own=text))
    assert own.problems == ()
    assert own.aliases["shop-reads"] == "disk-throughput;instances=sd*;series=read"


def test_the_example_in_docs_is_a_file_that_loads(catalog, shelf):
    text = docs.page(catalog).partition("```toml\n")[2].partition("```")[0]
    own = load(shelf(own=text))
    assert own.problems == ()
    assert own.preset("own").widgets == ("cpu", "dirty-share", "disk-latency;instances=sd*")
