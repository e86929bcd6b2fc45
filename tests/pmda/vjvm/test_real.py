"""Real JVMs of every collector, with a known load, beside jstat and the JVM's own MXBeans.

Tolerances: what does not change is equal; what grows meanwhile lies between two
readings of the other source; the allocation estimate is within 20 % over some
seconds (10 % as a rule), memory in use within what is allocated between readings.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import j_attach
import j_probes
import j_process
import j_table
import pytest
import vconf
import vfiles
import vsnap

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
COLLECTORS = ("G1", "Parallel", "Serial", "Z", "Shenandoah")
RATE = 30_000_000  # bytes per second
MIB = 1 << 20
REAL = vfiles.World("/")


class Agent:
    """The probe, read by hand; values of one JVM by metric, or by metric and part."""

    def __init__(self, conf: vconf.Conf) -> None:
        self.probe = j_probes.Jvms(conf, REAL)
        self.now = 0.0

    def read(self, pid: int) -> dict[str, Any]:
        self.now += 5.0  # each reading searches
        reading = self.probe.collect(self.now)
        found: dict[str, Any] = {}
        for metric, column in reading.values.items():
            if not isinstance(column, dict):
                continue
            for key, value in column.items():
                if key[0] == pid:
                    found[metric] = value
                elif isinstance(key[0], tuple) and key[0][0] == pid:
                    found.setdefault(metric, {})[key[1]] = value
        return found


@pytest.fixture
def agent(conf: Callable[..., vconf.Conf]) -> Iterator[Agent]:
    made = Agent(conf())
    yield made
    made.probe.close()


def jstat(java: str, option: str, pid: int) -> dict[str, float]:
    tool = str(Path(java).resolve().parent / "jstat")
    done = subprocess.run(
        [tool, option, str(pid)], capture_output=True, text=True, timeout=60, check=True
    )
    heads, values = (line.split() for line in done.stdout.splitlines()[:2])
    return {name: float(value) for name, value in zip(heads, values, strict=True) if value != "-"}


@pytest.mark.parametrize("collector", COLLECTORS)
def test_a_jvm_at_rest_is_told_as_jstat_and_its_beans_tell_it(
    collector: str, run_java: Callable[..., Any], agent: Agent, java: str
) -> None:
    jvm = run_java(f"-XX:+Use{collector}GC", "-Xmx128m", "-Dmy.password=geheim", "-Xlog:disable")
    jvm.ask("threads 20")
    jvm.ask("gc 3")
    beans = jvm.beans()
    jvm.beans()
    time.sleep(0.2)  # the JVM itself copies some counters once in 50 ms
    ours = agent.read(jvm.pid)
    assert ours["info.source"] == "hsperfdata"
    assert ours["info.command"] == "Load"
    assert ours["info.gc"] == ("ZGC" if collector == "Z" else collector)
    assert ours["info.user"] == "root" if os.getuid() == 0 else True
    assert "-Dmy.password=***" in ours["info.jvm_arguments"]
    assert "geheim" not in str(ours)
    assert ours["threads.live"] == beans["threads"] == ours["threads.peak"]
    assert ours["threads.daemon"] == beans["daemons"]
    assert ours["threads.started"] == beans["started"]
    assert ours["heap.max"] == 128 * MIB
    assert abs(ours["uptime"] - beans["uptime"]) < 60_000
    classes = jstat(java, "-class", jvm.pid)
    assert (ours["classes.loaded"], ours["classes.unloaded"]) == (
        classes["Loaded"],
        classes["Unloaded"],
    )
    check_memory(ours, beans, jstat(java, "-gc", jvm.pid), collector)
    check_collections(ours, beans, jstat(java, "-gc", jvm.pid), collector)


def check_memory(
    ours: dict[str, Any], beans: dict[str, int], theirs: dict[str, float], collector: str
) -> None:
    """jstat prints KiB with one digit."""
    assert abs(ours["metaspace.used"] / 1024 - theirs["MU"]) <= 1
    assert abs(ours["metaspace.committed"] / 1024 - theirs["MC"]) <= 1
    assert abs(ours["metaspace.class_used"] / 1024 - theirs["CCSU"]) <= 1
    if collector != "Shenandoah":  # jstat has no columns for its one space
        used = sum(theirs.get(name, 0.0) for name in ("S0U", "S1U", "EU", "OU"))
        assert abs(ours["heap.used"] / 1024 - used) <= 4
    # Its beans allocated some while they answered.
    slack = 12 * MIB if collector == "Z" else 4 * MIB
    assert abs(ours["heap.used"] - beans["heap"]) <= slack
    parts = {"Z": {"heap"}, "Shenandoah": {"heap"}, "G1": {"eden", "old"}}
    assert parts.get(collector, {"eden", "s0", "s1", "old"}) <= set(ours["pool.used"])
    assert sum(ours["pool.used"].values()) == ours["heap.used"]
    assert ours["heap.used"] <= ours["heap.committed"] <= ours["heap.max"]


def check_collections(
    ours: dict[str, Any], beans: dict[str, int], theirs: dict[str, float], collector: str
) -> None:
    counts = ours["gc.count"]
    if collector in ("G1", "Parallel", "Serial"):
        young, full = f"{collector}_young", f"{collector}_full"
        assert counts[full] == 3 == theirs["FGC"]
        assert counts[young] == theirs["YGC"]
        assert abs(ours["gc.time"][full] / 1e9 - theirs["FGCT"]) <= 0.0011
        assert 0 < ours["gc.last_pause"][full] <= ours["gc.time"][full]
        assert abs(ours["gc.pause_total"] / 1e9 - theirs["GCT"]) <= 0.0021
        assert ours["gc.cause"] == "System.gc()"
    elif collector == "Z":
        assert counts == {"Z_concurrent": beans["gc:ZGC Pauses"]}
        assert counts["Z_concurrent"] == 9  # three pauses each
        assert "alloc.bytes" not in ours
    else:
        assert "gc.pause_total" not in ours
        assert "gc.last_pause" not in ours
        assert set(ours["gc.pauses"].values()) == {0}
    assert ours["safepoint.count"] >= 3
    assert ours["safepoint.time"] > 0


@pytest.mark.parametrize("collector", ["G1", "Parallel", "Serial"])
def test_the_allocation_estimate_is_near_the_jvm_s_own_count(
    collector: str, run_java: Callable[..., Any], agent: Agent
) -> None:
    """Over whole young collections and parts of them, at a known rate."""
    jvm = run_java(f"-XX:+Use{collector}GC", "-Xmx128m", arguments=(str(RATE),))
    agent.read(jvm.pid)
    first = jvm.beans()["allocated"], agent.read(jvm.pid)
    ours = first[1]
    for _ in range(8):
        time.sleep(1.0)  # the estimate is that of one reading per second
        ours = agent.read(jvm.pid)
    truth = jvm.beans()["allocated"] - first[0]
    estimate = ours["alloc.bytes"] - first[1]["alloc.bytes"]
    assert truth > 4 * RATE
    assert ours["gc.count"][f"{collector}_young"] > first[1]["gc.count"][f"{collector}_young"]
    assert 0.8 <= estimate / truth <= 1.2
    assert ours["promoted.bytes"] < 0.2 * truth


def test_the_process_is_joined(run_java: Callable[..., Any], agent: Agent) -> None:
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m", arguments=(str(RATE),))
    before = agent.read(jvm.pid)
    time.sleep(1.0)
    after = agent.read(jvm.pid)
    status = Path(f"/proc/{jvm.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    resident = int(fields["VmRSS"].split()[0]) * 1024
    assert abs(after["proc.rss"] - resident) < 16 * MIB
    assert after["proc.threads"] == int(fields["Threads"])
    assert after["proc.fds"] == len(os.listdir(f"/proc/{jvm.pid}/fd"))
    assert after["proc.rundelay"] >= before["proc.rundelay"] >= 0
    assert after["proc.cpu"] >= before["proc.cpu"] > 0


@pytest.mark.parametrize("option", ["-XX:-UsePerfData", "-XX:+PerfDisableSharedMem"])
def test_a_jvm_without_a_file_is_listed_with_the_reason_and_can_be_asked(
    option: str, run_java: Callable[..., Any], agent: Agent, conf: Callable[..., vconf.Conf]
) -> None:
    jvm = run_java("-XX:+UseG1GC", "-Xmx128m", option)
    jvm.ask("threads 10")
    ours = agent.read(jvm.pid)
    assert ours["info.source"] == f"none: it writes no file: {option}"
    assert "heap.used" not in ours
    assert ours["proc.rss"] > 0
    asker = j_attach.Asker(
        conf(), agent.probe.known, lambda one, command: j_attach.ask(REAL, one, command)
    )
    asker.once()
    ((_, row),) = ((k, v) for k, v in asker.answers().items() if k[0] == jvm.pid)
    beans = jvm.beans()
    assert row["heap.committed"] == 128 * MIB
    assert abs(int(row["heap.used"]) - beans["heap"]) < 4 * MIB
    assert (row["threads.live"], row["threads.daemon"]) == (beans["threads"], beans["daemons"])
    assert jvm.process.poll() is None


def asked(agent: Agent, pid: int, command: str) -> str:
    (one,) = (each for each in agent.probe.known() if each.pid == pid)
    return j_attach.ask(REAL, one, command)


def test_a_jvm_that_may_not_be_asked_is_left_in_peace(
    run_java: Callable[..., Any], agent: Agent
) -> None:
    options = ("-XX:-UsePerfData", "-XX:+DisableAttachMechanism")
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m", *options)
    agent.read(jvm.pid)
    with pytest.raises(j_attach.AttachError, match="DisableAttachMechanism"):
        asked(agent, jvm.pid, "GC.heap_info")
    assert jvm.ask("threads 1") == "ok"


def test_a_jvm_that_does_not_catch_sigquit_listens_by_itself(
    run_java: Callable[..., Any], agent: Agent
) -> None:
    """With -Xrs a SIGQUIT would end it: it is asked without one."""
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m", "-XX:-UsePerfData", "-Xrs")
    status = j_process.status(REAL, jvm.pid)
    assert status is not None and not status.catches_quit
    agent.read(jvm.pid)
    assert "generation" in asked(agent, jvm.pid, "GC.heap_info")
    assert jvm.ask("threads 1") == "ok"


def test_jstat_is_not_taken_for_the_jvm_that_it_looks_at(
    run_java: Callable[..., Any], agent: Agent, java: str, until: Callable[..., None]
) -> None:
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m")
    tool = str(Path(java).resolve().parent / "jstat")
    with subprocess.Popen(
        [tool, "-gc", str(jvm.pid), "200"], stdout=subprocess.PIPE, text=True
    ) as looking:
        assert looking.stdout is not None
        assert looking.stdout.readline() and looking.stdout.readline()
        try:
            found = agent.read(looking.pid)
            assert found["info.command"].endswith("Jstat")
            assert found["info.pid"] == looking.pid
            assert agent.read(jvm.pid)["info.command"] == "Load"
        finally:
            looking.kill()


def test_a_killed_jvm_leaves_a_file_and_no_instance(
    run_java: Callable[..., Any], agent: Agent
) -> None:
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m")
    assert agent.read(jvm.pid)["info.source"] == "hsperfdata"
    files = list(Path("/tmp").glob(f"hsperfdata_*/{jvm.pid}"))
    jvm.process.kill()
    jvm.process.wait()
    assert files[0].exists()
    assert agent.read(jvm.pid) == {}
    files[0].unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="namespaces need root")
def test_a_jvm_in_namespaces_of_its_own_is_read_by_its_inner_pid(
    run_java: Callable[..., Any], agent: Agent, tmp_path: Path
) -> None:
    """As in a container: pid 1 of its own, and a /tmp that is not ours."""
    script = 'mount -t tmpfs none /tmp && exec "$@"'
    prefix = ("unshare", "-pfm", "--mount-proc", "--kill-child", "sh", "-c", script, "sh")
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m", prefix=prefix, copied=True)
    (inner,) = Path(f"/proc/{jvm.pid}/task/{jvm.pid}/children").read_text().split()
    ours = agent.read(int(inner))
    assert (ours["info.source"], ours["info.nspid"]) == ("hsperfdata", 1)
    assert ours["heap.max"] > 0
    assert "generation" in asked(agent, int(inner), "GC.heap_info")
    os.kill(int(inner), signal.SIGKILL)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_s_jvm(run_java: Callable[..., Any], agent: Agent) -> None:
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    jvm = run_java("-XX:+UseSerialGC", "-Xmx64m", prefix=prefix, copied=True)
    ours = agent.read(jvm.pid)
    assert (ours["info.source"], ours["info.user"]) == ("hsperfdata", "nobody")


def test_all_of_it_passes_the_table_s_checks(
    run_java: Callable[..., Any], conf: Callable[..., vconf.Conf]
) -> None:
    for collector in COLLECTORS[:3]:
        run_java(f"-XX:+Use{collector}GC", "-Xmx64m", "-Xlog:disable")
    probe = j_probes.Jvms(conf(), REAL)
    snapshot = vsnap.Assembler(j_table.TABLE).snapshot([probe.collect(1.0)], 1.0)
    probe.close()
    assert (snapshot.faults, snapshot.truncated) == (0, 0)
    assert snapshot.instances >= 3 * (1 + 2 + 3)
