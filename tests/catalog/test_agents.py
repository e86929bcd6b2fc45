"""Widgets of our agents: drawn from their tables, or from PCP's bcc, or they say why not."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from vectorpy.catalog.loader import load
from vectorpy.model.watch import Wish

HERE = Path(__file__).parent
OURS = ("vkernel", "vnet", "vjvm")
ALL = load().widgets
ASKED = [widget for widget in ALL.values() if set(widget.requires) & set(OURS)]
WISHES = [
    f"{w.id};{w.choice.name}={value}" if w.choice else w.id
    for w in ASKED
    for value in (w.choice.values if w.choice else ("",))
]
# Of PCP's bcc, as our agent has nothing of the kind.
BCC_ONLY = {f"ext4-latency;operation={name}" for name in ("open", "read", "write")}

# What stands beside them in a widget: the host's CPUs and memory.
BESIDES = ("hinv.ncpu", "mem.physmem", "mem.util.used", "mem.util.free")


def of(agents, *names):
    """Descriptors of these agents only."""
    return {n: d for n, d in agents.items() if n.partition(".")[0] in names}


@pytest.fixture
def everything(agents, stock):
    """Descriptors of our agents, and of what some of their widgets need of PCP's own."""
    return {**of(agents, *OURS), **{n: stock[n] for n in BESIDES}}


def draws(catalog, wish, descriptors):
    return catalog.instantiate(Wish.parse(wish)).check(descriptors)


def test_the_recorded_descriptors_are_those_of_the_agents_tables():
    recorded = (HERE / "agents.json").read_text(encoding="utf-8")
    script = runpy.run_path(str(HERE / "record_agents.py"))
    assert recorded == script["record"](), "run tests/catalog/record_agents.py again"


@pytest.mark.parametrize("wish", sorted(set(WISHES) - BCC_ONLY))
def test_our_agents_draw_every_widget_of_theirs(catalog, everything, wish):
    found = draws(catalog, wish, everything)
    assert (found.reason, found.missing) == ("", ())
    widget = catalog.instantiate(Wish.parse(wish))
    if widget.table is None:
        assert len(found.widget.series) == len(widget.active)
        assert found.widget.unit == widget.unit
    else:
        assert {"runq", "io", "connections", "listeners", "containers"} <= set(catalog.presets)
    assert {"jvm", "tomcat", "kafka", "cassandra"} <= set(catalog.presets)
    tables = [w.id for w in catalog.widgets.values() if w.table is not None]
    assert {"connections", "listeners", "jvms", "containers", "tcp-remotes", "tcp-ports"} <= {
        *tables
    }
    assert not any(catalog.resolve(id).recorded for id in tables)


def test_histograms_are_known_by_their_metrics(catalog):
    assert {"vkernel.runq.latency", "vkernel.blk.write.latency", "bcc.runq.latency"} <= (
        catalog.histograms
    )
    assert "vkernel.runq.p99" not in catalog.histograms
    bounds = catalog.resolve("runq-latency").bounds("64-127")
    assert bounds == {"low": "6.4e-05", "high": "0.000127"}
    assert catalog.resolve("io-size").bounds("4096-8191") == {"low": "4096", "high": "8191"}
