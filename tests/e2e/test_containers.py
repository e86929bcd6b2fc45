"""Containers in a browser: every card of the preset, to the number, on a recorded host."""

from __future__ import annotations

import importlib.util
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def _load(name: str) -> Any:
    """A module beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


s = _load("servers")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that user pcp can read."""
    with s.own_folder() as path:
        yield path


# -- containers ---------------------------------------------------------------------------

WEB, DB = "a1" * 32, "b2" * 32
GROUPS = {"web": f"/system.slice/docker-{WEB}.scope", "db": f"/machine.slice/libpod-{DB}.scope"}
MOUNTS = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0\n"
MOUNTINFO = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n"
MIB = 2**20


# What each card draws: of those whose metrics are PCP's own by path, of ours by name.
EXPECTED: dict[str, dict[str, float]] = {
    "container-cpu": {"web": 1.2, "db": 0.25},
    "container-throttled": {"web": 25},
    "container-memory-limit": {"web": 75},
    "container-ooms": {"web": 2},
    "container-cpu-headroom": {"web used": 1.2, "db used": 0.25},
    "container-throttled;measure=time": {"web": 10},
    "container-memory-headroom": {"web used": 768 * MIB, "db used": 512 * MIB},
    "container-memory-parts": {
        f"{GROUPS['web']} programs": 600 * MIB,
        f"{GROUPS['web']} files": 150 * MIB,
    },
    "container-major-faults": {GROUPS["web"]: 3},
    "container-pressure": {
        f"{GROUPS['web']} cpu": 12,
        f"{GROUPS['web']} memory": 3,
        f"{GROUPS['web']} io": 2,
    },
    "container-io": {f"{GROUPS['web']}*read": 4_000_000, f"{GROUPS['web']}*write": 1_000_000},
    "container-iops": {f"{GROUPS['web']}*read": 200, f"{GROUPS['web']}*write": 50},
}


def put(path: Path, text: str) -> None:
    """Write a file at once, as those of /proc and /sys are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


class Recorded:
    """The /proc and /sys of a host with two containers, whose counters go on with the clock.

    web uses 1.2 of 1.5 CPUs and 768 of 1024 MiB, is throttled in a quarter of
    its periods and loses 2 processes a second; db has no limits. All tasks of both
    wait for memory for 3 % of the time, for I/O 2 %, some for a CPU 12 %.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._began = time.monotonic()
        self._stop = threading.Event()
        put(root / "proc/mounts", MOUNTS)
        put(root / "proc/self/mounts", MOUNTS)
        put(root / "proc/self/mountinfo", MOUNTINFO)
        put(root / "proc/diskstats", "   8       0 sda 1 0 8 1 1 0 8 1 0 1 1 0 0 0 0 0 0\n")
        put(root / "proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t9\t1\n")
        top = root / "sys/fs/cgroup"
        put(top / "cgroup.controllers", "cpuset cpu io memory pids\n")
        web, db = (top / GROUPS[name][1:] for name in ("web", "db"))
        put(web / "cpu.max", "150000 100000\n")
        put(web / "memory.current", f"{768 * MIB}\n")
        put(web / "memory.max", f"{1024 * MIB}\n")
        put(db / "cpu.max", "max 100000\n")
        put(db / "memory.current", f"{512 * MIB}\n")
        put(db / "memory.max", "max\n")
        put(
            root / f"var/lib/docker/containers/{WEB}/config.v2.json",
            f'{{"ID": "{WEB}", "Name": "/web"}}',
        )
        podman = root / "var/lib/containers/storage/overlay-containers/containers.json"
        put(podman, f'[{{"id": "{DB}", "names": ["db"]}}]')
        self.stopped = False
        for pid, group in ((77, GROUPS["web"]), (88, GROUPS["db"])):
            self._process(pid, group)
        self._turn()
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def _process(self, pid: int, group: str) -> None:
        """A process in a group, for the rest as this one here."""
        here, there = Path("/proc/self"), self._root / f"proc/{pid}"
        words = (here / "stat").read_text().split()
        put(there / "stat", " ".join([str(pid), "(serve)", *words[-50:]]) + "\n")
        for name in ("status", "statm", "cmdline", "schedstat", "io"):
            put(there / name, (here / name).read_text())
        put(there / "cgroup", f"0::{group}\n")

    def _go_on(self) -> None:
        while not self._stop.wait(0.05):
            self._turn()

    def _turn(self) -> None:
        past = time.monotonic() - self._began
        top = self._root / "sys/fs/cgroup"
        for name, cpus, periods, throttled in (("web", 1.2, 10, 2.5), ("db", 0.25, 0, 0)):
            if name == "web" and self.stopped:
                continue
            group = top / GROUPS[name][1:]
            stat = f"usage_usec {int(past * cpus * 1e6)}\nuser_usec {int(past * cpus * 9e5)}\n"
            stat += f"system_usec {int(past * cpus * 1e5)}\n"
            stat += f"nr_periods {int(past * periods)}\nnr_throttled {int(past * throttled)}\n"
            put(group / "cpu.stat", f"{stat}throttled_usec {int(past * 1e5)}\n")
            for what, some, full in (("cpu", 0.12, 0.05), ("memory", 0.4, 0.03), ("io", 0.3, 0.02)):
                totals = (
                    f"{kind} avg10=0.00 avg60=0.00 avg300=0.00 total={int(past * share * 1e6)}\n"
                    for kind, share in (("some", some), ("full", full))
                )
                put(group / f"{what}.pressure", "".join(totals))
            faults = f"pgfault 9\npgmajfault {int(past * 3)}\n"
            kinds = f"anon {600 * MIB}\nfile {150 * MIB}\ninactive_file {100 * MIB}\n"
            put(group / "memory.stat", f"{kinds}{faults}")
            put(group / "pids.current", "7\n")
            done = {"rbytes": 4e6, "wbytes": 1e6, "rios": 200, "wios": 50, "dbytes": 0, "dios": 0}
            counts = " ".join(f"{key}={int(past * rate)}" for key, rate in done.items())
            put(group / "io.stat", f"8:0 {counts}\n")
            kills = int(past * 2) if name == "web" else 0
            put(
                group / "memory.events",
                f"low 0\nhigh 0\nmax 9\noom {kills}\noom_kill {kills}\noom_group_kill 0\n",
            )

    def stop(self, name: str) -> None:
        """The container is gone, and its group."""
        self.stopped = True
        time.sleep(0.1)  # a turn may be under way
        shutil.rmtree(self._root / "sys/fs/cgroup" / GROUPS[name][1:])

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def test_containers_of_a_recorded_host(
    view: Callable[..., Any], folder: Path, free_port: Callable[[], int]
) -> None:
    """Not this machine's containers: its kernel may have no controllers of cgroup v2.

    Our real agent vkernel and PCP's real agent proc read a recorded /proc and
    /sys of a host with a docker and a podman container, below a real pmcd.
    """
    recorded = Recorded(folder)
    host = None
    try:
        host = s.Host(free_port(), {"vkernel": f"-r {folder}"}, folder)
        page = view(f"/?host={host.id}&preset=containers&window=1m")
        for wish, numbers in EXPECTED.items():
            s.draws(page, host.id, wish, numbers)
        total = page.card(host.id, "container-memory-total")
        total.scroll_into_view_if_needed()
        page.until(lambda: "containers\n1.25 GiB" in total.inner_text(), "their memory together")
        for row, column, low, high in (
            *(
                ("web", "CPUs", 0.9, 1.5),
                ("web", "CPU limit", 1.5, 1.5),
                ("web", "Throttled", 15, 35),
            ),
            *(("web", "Memory", 768, 768), ("web", "Memory limit", 1, 1)),
            *(("web", "Of the limit", 75, 75), ("web", "Killed", 1, 3)),
            *(("db", "CPUs", 0.2, 0.3), ("db", "Memory", 512, 512)),
        ):
            s.cell(page, host.id, "containers", row, column, low, high)
        table = s.rows(page, host.id, "containers")
        assert table["web"]["Path"] == GROUPS["web"] and table["web"]["Container"] == "web"
        assert table["db"]["CPU limit"] in ("", "–", "-"), "it has no limit"
        s.all_seen(page, host.id, {"containers", "container-memory-total", *EXPECTED})
        _narrows(view, host.id, recorded)
    finally:
        if host is not None:
            host.end()
        recorded.end()


# Of web: 1.2 of its 1.5 CPUs, and throttled in a quarter of its periods.
OF_WEB: dict[str, dict[str, float]] = {
    "cpu": {"used": 80, "throttled": 25},
    "memory": {"used": 768 * MIB, "working set": 668 * MIB, "programs": 600 * MIB},
    "disk-throughput": {"read": 4_000_000, "write": 1_000_000},
    "disk-iops": {"read": 200, "write": 50},
    "psi-io": {"some": 30, "full": 2},
    "tasks": {"tasks": 7},
}
WISHES = "&".join(f"w={wish}" for wish in (*OF_WEB, "network-throughput", "processes"))


def _narrows(view: Callable[..., Any], host: str, recorded: Recorded) -> None:
    """A whole walk: choose, see its numbers, go back, mend a wrong name, and lose it."""
    page = view(f"/?host={host}&{WISHES}&window=1m&v=1")
    page.drawn(host, "memory")
    page.page.keyboard.press("Escape")
    opener = page.page.locator(".container-open")
    opener.wait_for()
    opener.click()
    box = page.page.get_by_role("combobox", name="Search containers")
    box.fill("wb")
    page.page.locator(".container-list li", has_text="docker").wait_for()
    box.press("Enter")
    page.until(lambda: "container=web&" in page.query(), "the address has it")
    assert opener.inner_text() == "container: web"
    for wish, numbers in OF_WEB.items():
        s.draws(page, host, wish, numbers)
    assert page.card(host, "cpu").locator("h3").inner_text() == "CPU of web, of its limit"
    network = page.card(host, "network-throughput").locator(".card-badge")
    assert network.inner_text() == "whole host"
    assert "no per-container network" in (network.get_attribute("title") or "")
    assert not page.card(host, "cpu").locator(".card-badge").is_visible()
    table = page.card(host, "processes")
    table.scroll_into_view_if_needed()
    page.until(lambda: set(s.rows(page, host, "processes")) == {"77"}, "its processes")
    assert table.locator("h3").inner_text() == "Processes of web"
    _steps(page, host)
    _refuses(page, host)
    _loses(page, host, recorded)


def _steps(page: Any, host: str) -> None:
    """One step back and forth; another preset; another container by a click."""
    page.page.go_back()
    page.until(lambda: page.card(host, "cpu").locator("h3").inner_text() == "CPU by mode", "Back")
    page.page.go_forward()
    page.until(
        lambda: page.card(host, "cpu").locator("h3").inner_text() != "CPU by mode", "Forward"
    )
    page.page.select_option("select[aria-label=Preset]", "containers")
    assert "container=web" in page.query(), "the preset changes, the container stays"
    # A click in the table of all of them; without a limit it is of one CPU.
    page.card(host, "containers").get_by_role("button", name="db", exact=True).click()
    page.until(lambda: "container=db&preset=containers" in page.query(), "the table chooses")


def _refuses(page: Any, host: str) -> None:
    """A wrong name is told with the right ones; one without a limit is of one CPU."""
    page.go(f"/?host={host}&container=wbe&{WISHES}&window=1m&v=1")
    note = page.page.locator("#narrow-notes .notice")
    note.wait_for()
    assert note.inner_text().startswith("There is no container “wbe” on")
    said = page.card(host, "memory").locator(".card-message")
    page.until(lambda: "There is no container wbe" in said.inner_text(), "refused in the card")
    page.drawn(host, "network-throughput")
    note.get_by_role("button", name="db", exact=True).click()
    s.draws(page, host, "cpu", {"user": 22.5, "system": 2.5})
    page.page.locator(".container-clear").click()
    page.until(lambda: "container=" not in page.query(), "the whole host again")


def _loses(page: Any, host: str, recorded: Recorded) -> None:
    """It stops: the past stays with a gap, the reason stands above, nothing else is touched."""
    note = page.page.locator("#narrow-notes .notice")
    page.go(f"/?host={host}&container=web&{WISHES}&window=1m&v=1")
    page.drawn(host, "cpu", points=5)
    recorded.stop("web")
    note.wait_for()
    assert note.inner_text().startswith("web is not running on")
    page.until(lambda: page.card(host, "cpu").inner_text().count("stopped ") == 1, "its mark")
    assert page.drawn(host, "cpu", points=5)["series"]["used"], "its past is drawn"
