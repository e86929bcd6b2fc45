"""Answers to GC.heap_info and Thread.print, recorded from JVMs of two versions."""

from __future__ import annotations

from pathlib import Path

import j_reports
import pytest
from hypothesis import given
from hypothesis import strategies as st

RECORDED = Path(__file__).resolve().parent / "recorded"
KIB, MIB = 1024, 1 << 20


@pytest.mark.parametrize(
    ("name", "used", "committed", "limit", "metaspace"),
    [
        ("jdk17-G1", 6847 * KIB, 131072 * KIB, None, (415 * KIB, 576 * KIB)),
        ("jdk17-Parallel", 10761 * KIB, (38400 + 87552) * KIB, None, (461 * KIB, 640 * KIB)),
        ("jdk17-Serial", 9856 * KIB, (39296 + 87424) * KIB, None, (402 * KIB, 576 * KIB)),
        ("jdk17-Z", 12 * MIB, 128 * MIB, 128 * MIB, (468 * KIB, 640 * KIB)),
        ("jdk17-Shenandoah", 9768 * KIB, 128 * MIB, 128 * MIB, (468 * KIB, 640 * KIB)),
        ("jdk17-Epsilon", 0x89DBB98, 131072 * KIB, None, (461 * KIB, 640 * KIB)),
        ("jdk25-G1", 10382 * KIB, 131072 * KIB, None, None),
        ("jdk25-Parallel", (11411 + 1166) * KIB, (38400 + 87552) * KIB, None, None),
        ("jdk25-Serial", (11270 + 1166) * KIB, (39296 + 87424) * KIB, None, None),
    ],
)
def test_heap(
    name: str, used: int, committed: int, limit: int | None, metaspace: tuple[int, int] | None
) -> None:
    found = j_reports.heap((RECORDED / f"heap_info-{name}.txt").read_text())
    assert (found["heap.committed"], found.get("heap.max")) == (committed, limit)
    if name != "jdk17-Epsilon":
        assert found["heap.used"] == used
    assert (found.get("metaspace.used"), found.get("metaspace.committed")) == (
        metaspace or (None, None)
    )


def test_what_epsilon_has_used_is_told_by_addresses() -> None:
    found = j_reports.heap((RECORDED / "heap_info-jdk17-Epsilon.txt").read_text())
    assert found["heap.used"] == 0xF89DBB98 - 0xF8000000


def test_jdk_8_tells_a_capacity_too() -> None:
    text = " Metaspace       used 2425K, capacity 4486K, committed 4864K, reserved 1056768K\n"
    assert j_reports.heap(text) == {
        "metaspace.used": 2425 * KIB,
        "metaspace.committed": 4864 * KIB,
    }


@pytest.mark.parametrize(("name", "live", "daemon"), [("jdk17", 8, 7), ("jdk25", 8, 7)])
def test_threads_are_those_that_a_jvm_counts(name: str, live: int, daemon: int) -> None:
    """main, Reference Handler, Finalizer, Signal Dispatcher, Notification Thread (17 only)..."""
    found = j_reports.threads((RECORDED / f"threads-{name}.txt").read_text())
    assert found == {"threads.live": live, "threads.daemon": daemon}


@given(st.text())
def test_any_other_text_gives_nothing_wrong(text: str) -> None:
    for value in [*j_reports.heap(text).values(), *j_reports.threads(text).values()]:
        assert value >= 0
