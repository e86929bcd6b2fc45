"""The widget `verdict`: that its rules fit the catalogue and a stock PCP."""

from __future__ import annotations

from vectorpy.analysis.read import load
from vectorpy.model.metric import Descriptor

RULES = load()


def test_each_rule_leads_to_a_widget_that_shows_its_metrics(catalog):
    """A cell is a way to a chart: one that draws at least one of the rule's metrics."""
    for rule in RULES.all:
        widget = catalog.resolve(rule.widget)
        assert widget.id == rule.widget, rule.id
        near = {name.rpartition(".")[0] for name in widget.metrics}
        own = {name.rpartition(".")[0] for name in rule.value.metrics}
        assert near & own or rule.id in WITHOUT_A_CHART, rule.id


# Their events have no chart yet; they lead to what they slow down.
WITHOUT_A_CHART = {"cpu-throttle", "cpu-lockup", "disk-errors"}


def test_a_stock_pcp_answers_every_rule_but_those_of_the_kernel_s_log(catalog, stock):
    found = catalog.resolve("verdict").check(stock)
    assert found.reason == "" and found.missing == ("vkernel.kmsg.trouble",)
    answered = {series.name.partition(" ")[0] for series in found.widget.series}
    assert {rule.id for rule in RULES.all} - answered == {"cpu-lockup", "disk-errors"}


def test_a_host_without_pressure_still_has_a_verdict(catalog, stock: dict[str, Descriptor]):
    old = {name: d for name, d in stock.items() if ".pressure." not in name}
    found = catalog.resolve("verdict").check(old)
    assert found.reason == ""
    answered = {series.name.partition(" ")[0] for series in found.widget.series}
    assert {"cpu-runqueue", "memory-reclaim", "io-blocked", "disk-await"} <= answered
    assert not answered & {"cpu-pressure", "memory-pressure", "io-pressure", "io-stall"}


def test_its_metrics_are_recorded_by_default(catalog):
    """Evidence is there at once when the page opens: the host's history has it."""
    verdict = catalog.resolve("verdict")
    assert catalog.recorded_widgets(("triage",))[0].metrics == verdict.metrics
    assert {"filesys.readonly", "filesys.mountdir", "disk.dev.total"} <= verdict.metrics


def test_the_page_knows_its_columns_and_formulas(catalog):
    page = catalog.resolve("verdict").page()
    assert [c["id"] for c in page["columns"]] == ["", "state", "text", "since", "widget"]
    assert page["kind"] == "verdict" and len(page["series"]) == len(RULES.all)
