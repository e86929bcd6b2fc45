"""Small makers of descriptors and samples for the tests of the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import Part, Sample, Value


@pytest.fixture(scope="session")
def describe() -> Callable[..., dict[str, Descriptor]]:
    """`describe(name, ...)` gives a table of one descriptor, a u64 counter of ones."""

    def made(
        name: str = "m.c",
        type: str = "u64",
        semantics: str = "counter",
        units: str = "count",
        indom: str | None = "60.1",
        pmid: str = "60.0.1",
    ) -> dict[str, Descriptor]:
        return {name: Descriptor(name, pmid, type, semantics, units, indom)}

    return made


@pytest.fixture(scope="session")
def sampled() -> Callable[..., Sample]:
    """`sampled(stamp, {"m.c": {"sda": 1}})` gives a sample of one answer."""

    def made(
        stamp: float,
        values: dict[str, dict[str, Value]],
        agents: dict[int, int] | None = None,
        uptime: float | None = None,
    ) -> Sample:
        return Sample([Part(stamp, values)], {}, agents or {}, uptime)

    return made
