"""What counters mean: collectors by name, units of time, hostile numbers; the estimates."""

from __future__ import annotations

import j_estimate
import j_meaning
import j_process
import pytest


@pytest.mark.parametrize(
    ("name", "shown", "pauses", "young", "full"),
    [
        ("G1 young collection pauses", "G1_young", True, True, False),
        ("G1 full collection pauses", "G1_full", True, False, True),
        ("G1 concurrent cycle pauses", "G1_concurrent", True, False, False),
        ("Parallel young collection pauses", "Parallel_young", True, True, False),
        ("Serial full collection pauses", "Serial_full", True, False, True),
        ("Z concurrent cycle pauses", "Z_concurrent", True, False, False),
        ("ZGC minor collection pauses", "ZGC_minor", True, True, False),
        ("Shenandoah full", "Shenandoah_full", False, False, True),
        ("Shenandoah partial", "Shenandoah_partial", False, False, False),
        ("Copy", "Copy", True, True, False),
        ("MSC", "MSC", True, False, True),
        ("PSScavenge", "PSScavenge", True, True, False),
        ("PSParallelCompact", "PSParallelCompact", True, False, True),
        ("PCopy", "PCopy", True, True, False),
        ("CMS", "CMS", True, False, False),
        ("G1 incremental collections", "G1_incremental", True, True, False),
        ("G1 stop-the-world full collections", "G1_stop-the-world_full", True, False, True),
        ("stop-the-world", "stop-the-world", True, False, False),
        ("C4 new", "C4_new", False, False, False),
    ],
)
def test_a_collector_s_name_decides(
    name: str, shown: str, pauses: bool, young: bool, full: bool
) -> None:
    assert j_meaning.collector("b.", name) == ("b.", shown, pauses, young, full)


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["G1 young collection pauses", "G1 full collection pauses"], "G1"),
        (["G1 incremental collections"], "G1"),
        (["PSScavenge", "PSParallelCompact"], "Parallel"),
        (["Parallel young collection pauses"], "Parallel"),
        (["Copy", "MSC"], "Serial"),
        (["Serial young collection pauses"], "Serial"),
        (["PCopy", "CMS"], "CMS"),
        (["Z concurrent cycle pauses"], "ZGC"),
        (["ZGC minor collection pauses", "ZGC major collection pauses"], "ZGC"),
        (["Shenandoah partial", "Shenandoah full"], "Shenandoah"),
        (["C4 new"], ""),
        ([], ""),
    ],
)
def test_the_collector_s_family(names: list[str], family: str) -> None:
    assert j_meaning.family(names) == family


@pytest.mark.parametrize(
    ("ticks", "hertz", "expected"),
    [
        (5, 10**9, 5),
        (7, 1000, 7_000_000),
        (10, 3, 3_333_333_333),
        (-1, 10**9, None),
        (5, 0, None),
        (5, -1, None),
        (5, 10**13, None),
        (2**62, 1, None),
    ],
)
def test_ticks_as_nanoseconds(ticks: int, hertz: int, expected: int | None) -> None:
    numbers = {"t": ticks, "sun.os.hrt.frequency": hertz}
    assert j_meaning.nanoseconds(numbers, "t") == expected
    assert j_meaning.nanoseconds({"t": 5}, "t") is None


def collections(*rows: tuple[int, int | None, bool]) -> dict[str, j_meaning.Collections]:
    return {
        str(at): j_meaning.Collections(rounds, time, None, pauses)
        for at, (rounds, time, pauses) in enumerate(rows)
    }


def test_pauses_of_all_collectors_or_none() -> None:
    total = j_meaning.pause_total
    assert total(collections((3, 30, True), (1, 5, True))) == 35
    assert total(collections((3, 30, True), (0, 0, False))) == 30
    assert total(collections((3, 30, True), (1, 5, False))) is None
    assert total(collections((3, None, True))) is None
    assert total(collections((0, 0, False))) is None
    assert total({}) is None


def test_a_pause_that_goes_on_is_not_the_last_one() -> None:
    plan = j_meaning.Plan(
        "G1", (j_meaning.collector("c.", "G1 young collection pauses"),), (), True
    )
    numbers = {"c.invocations": 2, "c.time": 9, "c.lastEntryTime": 50, "c.lastExitTime": 40}
    numbers["sun.os.hrt.frequency"] = 10**9
    assert j_meaning.collections(plan, numbers)["G1_young"] == (2, 9, None, True)


MIB = 1 << 20


def young(used: int, size: int, old: int, rounds: int, full: int = 0) -> j_estimate.Young:
    return j_estimate.Young(used * MIB, size * MIB, old * MIB, rounds, full)


@pytest.mark.parametrize(
    ("last", "now", "mib"),
    [
        (young(10, 100, 0, 5), young(30, 100, 0, 5), 20),
        (young(90, 100, 0, 5), young(5, 100, 0, 6), 15),
        (young(90, 100, 0, 5), young(5, 100, 0, 8), 215),
        (young(90, 100, 0, 5), young(5, 200, 0, 7), 165),  # a round of 150 between
        (young(90, 100, 0, 5), young(5, 100, 0, 5, 1), 5),  # System.gc()
        (young(50, 100, 0, 5), young(40, 100, 0, 5), 0),
    ],
)
def test_bytes_allocated_between_two_samples(
    last: j_estimate.Young, now: j_estimate.Young, mib: int
) -> None:
    assert j_estimate.allocated(last, now) == mib * MIB


def test_totals_begin_with_the_first_sample_and_never_fall() -> None:
    estimate = j_estimate.Estimate()
    for sample, allocated, promoted in (
        (young(90, 100, 7, 5), 0, 0),
        (young(10, 100, 9, 6), 20, 2),
        (young(10, 100, 3, 6, 1), 30, 2),
        (young(20, 100, 2, 7, 1), 130 + 10, 2),
        (young(0, 100, 0, 0), 140, 2),  # a JVM that began anew
    ):
        estimate.add(sample)
        assert (estimate.allocated, estimate.promoted) == (allocated * MIB, promoted * MIB)


@pytest.mark.parametrize(
    ("cgroup", "name"),
    [
        (f"0::/system.slice/docker-{'0a' * 32}.scope\n", "0a0a0a0a0a0a"),
        (f"1:cpu:/kubepods/burstable/pod12/{'cd' * 32}\n0::/\n", "cdcdcdcdcdcd"),
        (f"0::/../cri-containerd-{'ef' * 32}.scope", "efefefefefef"),
        ("0::/lxc/web1/x\n", "web1"),
        ("0::/lxc.payload.web2\n", "web2"),
        ("0::/machine.slice/machine-deb.scope\n", "deb"),
        ("0::/user.slice/user-0.slice\n", ""),
        ("", ""),
    ],
)
def test_containers_by_cgroup(world: object, cgroup: str, name: str) -> None:
    world.process(7, cgroup=cgroup)  # type: ignore[attr-defined]
    assert j_process.container(world.files, 7) == name  # type: ignore[attr-defined]


def test_run_delay_survives_threads_that_end(world: object) -> None:
    folder = world.process(7)  # type: ignore[attr-defined]
    task = folder / "task/8"
    task.mkdir()
    (task / "schedstat").write_text("1 1000 1\n")
    delay = j_process.RunDelay(10)
    assert delay.read(world.files, 7, 2) == 1700  # type: ignore[attr-defined]
    (task / "schedstat").unlink()
    task.rmdir()
    (folder / "task/7/schedstat").write_text("1 900 1\n")
    assert delay.read(world.files, 7, 1) == 1900  # type: ignore[attr-defined]
    (folder / "task/7/schedstat").write_text("1 50 1\n")  # another thread of that id
    assert delay.read(world.files, 7, 1) == 1950  # type: ignore[attr-defined]
    assert delay.read(world.files, 7, 11) is None  # type: ignore[attr-defined]
    assert delay.read(world.files, 99, 1) is None  # type: ignore[attr-defined]


def test_catching_sigquit(world: object) -> None:
    world.process(7, catches="0000000181005ccf")  # type: ignore[attr-defined]
    world.process(8, catches="0000000000000002")  # type: ignore[attr-defined]
    found = [j_process.status(world.files, pid) for pid in (7, 8, 9)]  # type: ignore[attr-defined]
    assert [one and one.catches_quit for one in found] == [True, False, None]
