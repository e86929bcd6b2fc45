"""Recorded files of real JVMs of every collector, from file to snapshot, to exact numbers.

expected.json was taken from the files' dumps by hand and by formulas of its own:
pools [used, committed, most], collectors [count, time, last pause, pauses].
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import j_jvm
import j_probes
import j_process
import j_table
import pytest
import vcollect
import vconf
import vsnap

RECORDED = Path(__file__).resolve().parent / "recorded"
EXPECTED: dict[str, Any] = json.loads((RECORDED / "expected.json").read_text())
STAT = j_process.Stat(4711, "java", "S", 0, 100, 21, 90000, 512)


@pytest.mark.parametrize("name", EXPECTED)
def test_values_of_a_recorded_file(
    name: str, world: Any, one_jvm: Callable[..., j_jvm.Jvm]
) -> None:
    world.jvm(4711, name)
    values = one_jvm(world, 4711).read(STAT, 1000.0, 100, 4096)
    expected = EXPECTED[name]
    found = {metric: values.single.get(metric) for metric in expected["single"]}
    assert found == expected["single"]
    order = ("pool.used", "pool.committed", "pool.max")
    pools = {pool: [row[key] for key in order] for pool, row in values.pools.items()}
    assert pools == expected["pools"]
    order = ("gc.count", "gc.time", "gc.last_pause", "gc.pauses")
    found = {each: [row[key] for key in order] for each, row in values.collectors.items()}
    assert found == expected["collectors"]


def test_uptime_is_the_process_s_where_the_file_has_none(
    world: Any, one_jvm: Callable[..., j_jvm.Jvm]
) -> None:
    world.jvm(4711, "jdk25-G1")
    assert one_jvm(world, 4711).read(STAT, 1000.0, 100, 4096).single["uptime"] == 100_000


def test_a_jdk_that_does_not_tell_eden_s_use_says_so(
    world: Any, one_jvm: Callable[..., j_jvm.Jvm]
) -> None:
    world.jvm(4711, "jdk25-Serial")
    single = one_jvm(world, 4711).read(STAT, 1000.0, 100, 4096).single
    assert single["heap.used"] is None
    assert single["info.source"] == "hsperfdata; it tells what eden holds only when it collects"


def test_identity_and_process(world: Any, one_jvm: Callable[..., j_jvm.Jvm]) -> None:
    folder = world.jvm(4711, "jdk17-G1").parents[3]
    for name in ("4712", "4713"):
        (folder / "task" / name).mkdir()
        (folder / "task" / name / "schedstat").write_text(f"1 {name} 1\n")
    for name in ("0", "1", "17"):
        (folder / "fd" / name).write_text("")
    jvm = one_jvm(world, 4711)
    single = jvm.read(STAT, 1000.0, 100, 4096).single
    assert jvm.name == "4711:Load"
    assert {key: value for key, value in single.items() if key.startswith(("info.", "proc."))} == {
        "info.command": "Load",
        "info.arguments": "30000000",
        "info.jvm_arguments": "-XX:+UseG1GC -Xmx128m",
        "info.version": "17.0.15",
        "info.vm": "OpenJDK 64-Bit Server VM 17.0.15+6-Debian-1deb12u1 (Debian)",
        "info.gc": "G1",
        "info.user": "duke",
        "info.container": "",
        "info.pid": 4711,
        "info.nspid": 4711,
        "info.source": "hsperfdata",
        "proc.cpu": 1000,
        "proc.rss": 2097152,
        "proc.threads": 21,
        "proc.rundelay": 700 + 4712 + 4713,
        "proc.fds": 3,
    }


def test_a_snapshot_of_four_jvms(world: Any, conf: Callable[..., vconf.Conf]) -> None:
    world.jvm(10, "jdk17-G1", nspid=1, cgroup=f"0::/docker/{'ab12' * 16}\n")
    world.jvm(20, "jdk17-Shenandoah")
    world.process(30, maps="7f00-7f01 r-xp 0 08:01 5  /usr/lib/jvm/x/libjvm.so\n")
    world.process(40, name="postgres", maps="7f00-7f01 r-xp 0 08:01 5  /usr/lib/libc.so\n")
    probe = j_probes.Jvms(conf(), world.files, 100, 4096)
    reading = probe.collect(5.0)
    probe.close()
    snapshot = vsnap.Assembler(j_table.TABLE).snapshot([reading], 5.0)
    assert (snapshot.faults, snapshot.truncated) == (0, 0)
    names = {serial: [name for _, name in pairs] for serial, pairs in snapshot.indoms.items()}
    assert names[2] == ["10:Load", "20:Load", "30:Load"]
    assert sorted(names[3]) == ["10:Load::eden", "10:Load::old", "10:Load::s1", "20:Load::heap"]
    assert "20:Load::Shenandoah_full" in names[4]
    assert values(snapshot, "count") == [3]
    assert values(snapshot, "unreadable") == [1]
    assert values(snapshot, "heap.used") == [1198408, 26611496]
    assert values(snapshot, "gc.pause_total") == [17292937]
    assert values(snapshot, "info.container") == ["ab12ab12ab12", "", ""]
    assert values(snapshot, "info.nspid") == [1, 20, 30]
    assert values(snapshot, "info.source")[2].startswith("none: it writes no file")
    assert reading.note == "3 JVMs, 1 without values; vjvm.info.source says why"


def values(snapshot: vsnap.Snapshot, name: str) -> list[Any]:
    return list(snapshot.values[j_table.TABLE.by_name[name].key].values())


def test_counters_go_on_where_a_file_grows_and_stop_where_it_is_cut_off(
    world: Any, one_jvm: Callable[..., j_jvm.Jvm]
) -> None:
    place = world.jvm(4711, "jdk17-G1")
    whole = place.read_bytes()
    jvm = one_jvm(world, 4711)

    def source() -> object:
        return jvm.read(STAT, 1000.0, 100, 4096).single["info.source"]

    assert source() == "hsperfdata"
    place.write_bytes(whole[:100])
    assert source() == "none: its file is cut off (100 bytes)"
    place.write_bytes(b"")
    assert source() == "none: its file is too short (0 bytes)"
    place.write_bytes((RECORDED / "jdk17-Parallel.hsperf").read_bytes())
    assert source() == "hsperfdata"
    assert jvm.read(STAT, 1000.0, 100, 4096).single["info.gc"] == "Parallel"
    assert jvm.refused == 2


def test_a_jvm_that_is_starting_is_no_fault(world: Any, one_jvm: Callable[..., j_jvm.Jvm]) -> None:
    data = bytearray((RECORDED / "jdk17-G1.hsperf").read_bytes())
    data[7] = 0
    world.jvm(4711, bytes(data))
    jvm = one_jvm(world, 4711)
    assert (
        jvm.read(STAT, 1000.0, 100, 4096).single["info.source"] == "none: it is starting or ending"
    )
    assert jvm.refused == 0


def test_without_proc_the_probe_says_so(world: Any, conf: Callable[..., vconf.Conf]) -> None:
    (world.root / "proc/uptime").unlink()
    with pytest.raises(vcollect.Unavailable, match="no /proc"):
        j_probes.Jvms(conf(), world.files).collect(1.0)
