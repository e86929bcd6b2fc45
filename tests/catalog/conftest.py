"""Helpers of the catalogue's tests: the stock descriptors, files by hand, samples by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.loader import load
from vectorpy.catalog.widget import Widget
from vectorpy.model.metric import Descriptor
from vectorpy.model.rates import Rates
from vectorpy.model.ring import Ring
from vectorpy.model.sample import Part, Sample

RECORDED = Path(__file__).with_name("pcp-6.0.3.json")


@pytest.fixture(scope="session")
def stock() -> dict[str, Descriptor]:
    """Descriptors of all metrics of the catalogue that a stock PCP 6.0.3 has."""
    table = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert table.pop("version") == "6.0.3"
    return {name: Descriptor(name=name, **entry) for name, entry in table.items()}


@pytest.fixture(scope="session")
def agents() -> dict[str, Descriptor]:
    """Descriptors of what the catalogue draws of our agents, and of PCP's bcc and bpf."""
    table = json.loads(RECORDED.with_name("agents.json").read_text(encoding="utf-8"))
    return {name: Descriptor(name=name, **entry) for name, entry in table.items()}


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load()


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., Path]:
    """`shelf(name=text, ...)` writes files name.toml and gives their folder."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


Values = Mapping[str, Any]


@pytest.fixture
def drawn(
    stock: dict[str, Descriptor], agents: dict[str, Descriptor]
) -> Callable[..., dict[str, float | None]]:
    """`drawn(widget, first, second, dt=1.0)`: the last point of each series, by its title.

    `first` and `second` are two samples, metric -> value or instance -> value,
    taken `dt` seconds apart. With `ours` the host runs our agents too.
    """

    def run(
        widget: Widget, first: Values, second: Values, dt: float = 1.0, ours: bool = False
    ) -> dict[str, float | None]:
        table = {**stock, **agents} if ours else stock
        rates, ring = Rates(), Ring(60, 10_000_000)
        ring.declare(table)
        for second_, stamp, raw in ((100, 1000.0, first), (101, 1000.0 + dt, second)):
            values = {m: v if isinstance(v, dict) else {"": v} for m, v in raw.items()}
            points = rates.points(Sample([Part(stamp, values)]), table)
            ring.append(second_, points.covered, points.values)
        absent = {name for name in widget.metrics if name not in second}
        checked = widget.check(table, absent)
        assert checked.reason == ""
        window = ring.view(checked.widget.metrics, 100, 101)
        found: dict[str, float | None] = {}
        for series in checked.widget.series:
            for instance, column in series.columns(window, checked.widget.keep).items():
                name = f"{series.title(instance)} {series.role}".strip()
                assert name not in found, f"two series are called {name!r}"
                found[name] = column[-1]
        return found

    return run
