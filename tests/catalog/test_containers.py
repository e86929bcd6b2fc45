"""The charts of containers: cgroup v1 and v2 as PCP reads them, and v2 as our agent does."""

from __future__ import annotations

import pytest

from vectorpy.model.watch import Wish

A = "/system.slice/docker-" + "a" * 64 + ".scope"
B = "/docker/" + "0123456789abcdef" * 4
NO_LIMIT = 9_223_372_036_854_771_712


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.fixture
def shown(catalog, drawn):
    """`shown(wish, first, second)`; with `ours` the host runs our agents."""
    return lambda text, *samples, **more: drawn(
        catalog.instantiate(Wish.parse(text)), *samples, **more
    )


@pytest.mark.parametrize(
    ("metric", "step"),
    [("cgroup.cpuacct.usage", 1_500_000_000), ("cgroup.cpu.stat.usage", 1_500_000)],
)
def test_cpu_of_containers_is_in_cpus_on_both_versions(shown, metric, step):
    samples = {metric: {A: 7, B: 7}}, {metric: {A: 7 + step, B: 7}}
    assert shown("cgroup.cpuacct.usage", *samples) == {A: near(1.5), B: 0}


def test_headroom_is_use_and_the_quota_in_a_period_and_not_the_shares(shown):
    """A: half a CPU (quota 50 ms of 100 ms). B: no limit, a quota of -1. Shares are in neither."""
    first = {
        "cgroup.cpuacct.usage": {A: 0, B: 0},
        "cgroup.cpusched.cfs_quota": {A: 50_000, B: -1},
        "cgroup.cpusched.cfs_period": {A: 100_000, B: 100_000},
        "cgroup.cpusched.shares": {A: 1_024, B: 2},
        "hinv.ncpu": 8,
    }
    second = {**first, "cgroup.cpuacct.usage": {A: 400_000_000, B: 6_000_000_000}}
    assert shown("container-percont-cpu-headroom", first, second) == {
        f"{A} used": near(0.4),
        f"{B} used": near(6),
        f"{A} limit limit": near(0.5),
        f"{B} limit limit": None,
        "CPUs limit": 8,
    }


def test_a_limit_above_the_host_s_cpus_is_the_host_s_cpus(shown):
    first = {
        "vkernel.cgroup.cpu.usage": {"web": 0, "db": 0},
        "vkernel.cgroup.cpu.limit": {"web": 64.0},
        "hinv.ncpu": 8,
    }
    second = {**first, "vkernel.cgroup.cpu.usage": {"web": 2_000_000, "db": 0}}
    found = shown("cgroup.cpuacct.headroom", first, second, ours=True)
    assert found["web limit limit"] == 8 and found["web used"] == near(2)
    assert "db limit limit" not in found


MEMORY = {"mem.physmem": 16_000_000, "mem.util.used": 12_000_000, "mem.util.free": 4_000_000}


@pytest.mark.parametrize(
    ("more", "ours"),
    [
        (
            {
                "cgroup.memory.usage": {A: 2**30, B: 2**29, "/docker": 2**31},
                "cgroup.memory.limit": {A: 2**31, B: NO_LIMIT, "/docker": NO_LIMIT},
            },
            False,
        ),
        (
            {
                "vkernel.cgroup.memory.usage": {A: 2**30, B: 2**29, "/docker": 2**31},
                "vkernel.cgroup.memory.limit": {A: 2**31},
            },
            True,
        ),
    ],
)
def test_memory_of_a_limit_or_of_all_memory_where_there_is_none(shown, more, ours):
    values = {**MEMORY, **more}
    assert shown("cgroup.memory.utilization", values, values, ours=ours) == {
        A: near(50),
        B: near(100 * 2**29 / 16_384_000_000),
        "/docker": near(100 * 2**31 / 16_384_000_000),
    }
    room = shown("container-percont-mem-headroom;instances=*docker*", values, values, ours=ours)
    assert room[f"{A} used"] == 2**30 and room[f"{A} limit limit"] == 2**31
    assert room[f"{B} limit limit"] == 16_384_000_000


@pytest.mark.parametrize("metric", ["cgroup.memory.usage", "cgroup.memory.current"])
def test_memory_of_all_containers_counts_none_twice(shown, metric):
    pod = "/kubepods/burstable/pod1234"
    groups = {A: 2**30, B: 2**29, f"{pod}/abc": 2**10}
    groups |= {"/": 2**33, "/docker": 2**31, pod: 2**31, f"{B}/init.scope": 2**20}
    groups |= {f"{A}/x": 2**20, "/machine.slice/libpod-conmon-12.scope": 2**20}
    values = {**MEMORY, metric: groups}
    total = 2**30 + 2**29 + 2**10
    assert shown("container-total-cont-mem", values, values) == {
        "containers": total,
        "host": 12_288_000_000 - total,
        "free rest": 4_096_000_000,
    }


def test_memory_of_no_containers_is_zero_and_all_is_the_host_s(shown):
    values = {**MEMORY, "cgroup.memory.usage": {"/": 2**33}}
    assert shown("container.memory.usage", values, values) == {
        "containers": 0,
        "host": 12_288_000_000,
        "free rest": 4_096_000_000,
    }


def test_our_agent_s_names_of_containers_are_containers_too(shown):
    groups = {"web": 2**30, "/system.slice/cron.service": 2**29, A: 2**20}
    values = {**MEMORY, "vkernel.cgroup.memory.usage": groups}
    found = shown("container-total-cont-mem", values, values, ours=True)
    assert found["containers"] == 2**30 + 2**20


def test_throttled_time_is_per_cent_of_time_on_both_versions(shown):
    v1 = (
        {"cgroup.cpusched.throttled_time": {A: 0}},
        {"cgroup.cpusched.throttled_time": {A: 400_000_000}},
    )
    assert shown("cgroup.cpusched.throttled_time", *v1) == {A: near(40)}
    v2 = (
        {"vkernel.cgroup.cpu.throttled_time": {A: 0}, "vkernel.cgroup.cpu.usage": {A: 0}},
        {"vkernel.cgroup.cpu.throttled_time": {A: 400_000}, "vkernel.cgroup.cpu.usage": {A: 9}},
    )
    assert shown("container-percont-cpu-throttle", *v2, ours=True) == {A: near(40)}


def test_throttled_periods_are_of_the_last_second_though_pcp_calls_them_instant(shown):
    first = {"cgroup.cpusched.periods": {A: 1_000}, "cgroup.cpusched.throttled": {A: 900}}
    second = {"cgroup.cpusched.periods": {A: 1_010}, "cgroup.cpusched.throttled": {A: 901}}
    assert shown("container-throttled", first, second) == {A: near(10)}


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ("container-disk-iops", ("cgroup.io.stat.rios", "cgroup.io.stat.wios")),
        (
            "cgroup.blkio.all.io_serviced",
            (
                "cgroup.blkio.all.throttle.io_serviced.read",
                "cgroup.blkio.all.throttle.io_serviced.write",
            ),
        ),
        (
            "container-disk-tput",
            (
                "cgroup.blkio.all.throttle.io_service_bytes.read",
                "cgroup.blkio.all.throttle.io_service_bytes.write",
            ),
        ),
        (
            "cgroup.blkio.all.throttle.io_service_bytes",
            ("cgroup.io.stat.rbytes", "cgroup.io.stat.wbytes"),
        ),
    ],
)
def test_disk_work_of_containers_is_a_rate_on_both_versions(shown, wish, names):
    first = {name: {A: 10} for name in names}
    second = {names[0]: {A: 4_106}, names[1]: {A: 10}}
    assert shown(wish, first, second, 2.0) == {f"{A} read": near(2_048), f"{A} write": 0}


@pytest.mark.parametrize(
    "names",
    [
        ("cgroup.memory.stat.anon", "cgroup.memory.stat.file"),
        ("cgroup.memory.stat.total.rss", "cgroup.memory.stat.total.cache"),
        ("cgroup.memory.stat.rss", "cgroup.memory.stat.cache"),
    ],
)
def test_memory_of_programs_and_of_files(shown, names):
    values = {names[0]: {A: 100}, names[1]: {A: 300}}
    assert shown("container-memory-parts", values, values) == {
        f"{A} programs": 100,
        f"{A} files": 300,
    }


def test_pressure_of_containers_is_of_the_last_second(shown):
    names = [f"cgroup.pressure.{what}.total" for what in ("cpu.some", "memory.full", "io.full")]
    first = {name: {A: 1_000_000} for name in names}
    second = {**first, names[0]: {A: 1_300_000}}
    assert shown("container-pressure", first, second) == {
        f"{A} cpu": near(30),
        f"{A} memory": 0,
        f"{A} io": 0,
    }
