"""Hosts of a test's own with our agents in them, and what a page draws of them, as numbers."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
PMDAS, PMNS = Path("/var/lib/pcp/pmdas"), Path("/var/lib/pcp/pmns")
PCP_BIN = Path("/usr/lib/pcp/bin")
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
# A rate is drawn from figures that are up to a second old at either end.
POINTS, NEAR = 10, 0.2
# Servers, agents and a browser start at once, on a machine that may be busy.
PATIENCE = 90.0


# -- hosts ---------------------------------------------------------------------------


class Host:
    """A pmcd with PCP's agents linux and proc, and ours, each with arguments of its own.

    With `recorded` all that proc reads is there, and it tells everybody of the processes."""

    def __init__(self, port: int, agents: dict[str, str], recorded: Path | None = None) -> None:
        self.id = f"pcp://127.0.0.1:{port}"
        self.root = Path(tempfile.mkdtemp(prefix="vectorpy-host-", dir="/var/tmp"))
        self.root.chmod(0o755)
        env = self._lay_out(agents, "-A" if recorded is not None else "")
        if recorded is not None:  # where PCP's own agent proc reads /proc and /sys
            env["PROC_STATSPATH"] = str(recorded)
        root = self.root
        self.pmcd = subprocess.Popen(
            [
                *(PCP_BIN / "pmcd", "-f", "-A", "-i", "127.0.0.1", "-p", str(port)),
                *("-s", root / "run/pmcd.socket", "-c", root / "pmcd.conf", "-n", root / "pmns"),
                *("-l", root / "log/pmcd.log", "-x", root / "log/fatal.log", "-q", "30"),
            ],
            cwd=root / "log",
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait(port, 3 + len(agents), env)
        except BaseException:
            self.end()
            raise

    def _wait(self, port: int, number: int, env: dict[str, str]) -> None:
        """Until all its agents run; a busy machine takes its time."""
        ask = ["/usr/bin/pminfo", "-h", f"127.0.0.1:{port}", "-f", "pmcd.agent.status"]
        end = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run(ask, env=env, capture_output=True, text=True, check=False)
            if re.findall(r"value (\d+)", done.stdout) == ["0"] * number:
                return
            assert time.monotonic() < end, f"its agents do not run: {done.stdout}"
            time.sleep(0.2)

    def _lay_out(self, agents: dict[str, str], proc: str) -> dict[str, str]:
        root = self.root
        for folder in ("run", "log", "tmp", "var/config/pmda"):
            (root / folder).mkdir(parents=True)
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
        places = {
            "PCP_RUN_DIR": root / "run",
            "PCP_LOG_DIR": root / "log",
            "PCP_TMP_DIR": root / "tmp",
            "PCP_TMPFILE_DIR": root / "tmp",
            "PCP_VAR_DIR": root / "var",
            "PCP_USER": user,
            "PCP_GROUP": str(os.getegid()),
        }
        text = Path("/etc/pcp.conf").read_text()
        for name, value in places.items():
            text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.M)
        (root / "pcp.conf").write_text(text)
        env = {"PATH": SYSTEM_PATH, "PCP_CONF": str(root / "pcp.conf"), "HOME": str(root)}
        numbers = {"vkernel": 400, "vjvm": 402}
        lines = [
            f"pmcd\t2\tdso\tpmcd_init\t{PMDAS}/pmcd/pmda_pmcd.so",
            f"linux\t60\tpipe\tbinary\t{PMDAS}/linux/pmdalinux -U {user}",
            f"proc\t3\tpipe\tbinary\t{PMDAS}/proc/pmdaproc -d 3 -U {user} {proc}".rstrip(),
            *(
                f"{name}\t{numbers[name]}\tpipe\tbinary\t"
                f"/usr/bin/python3 {REPO}/pmda/{name}/pmda{name}.python {arguments}"
                for name, arguments in agents.items()
            ),
        ]
        (root / "pmcd.conf").write_text("\n".join(lines) + "\n")
        parts = [PMNS / f"root_{name}" for name in ("pmcd", "linux", "proc")]
        parts += [REPO / f"pmda/{name}/root_{name}" for name in agents]
        command = [str(PCP_BIN / "pmnsmerge"), *map(str, parts), str(root / "pmns")]
        subprocess.run(command, env=env, cwd=root, check=True, capture_output=True)
        return env

    def end(self) -> None:
        self.pmcd.terminate()
        try:
            self.pmcd.wait(10)
        except subprocess.TimeoutExpired:
            self.pmcd.kill()
            self.pmcd.wait()
        shutil.rmtree(self.root, ignore_errors=True)


@contextlib.contextmanager
def jvm_host(port: int, folder: Path, conf: str) -> Iterator[Host]:
    """A host whose agent vjvm asks MBean servers."""
    file = folder / "vjvm.conf"
    file.write_text(f"[vjvm]\nrescan = 1\nmbeans_every = 1\nmbeans_timeout = 20\n{conf}")
    host = Host(port, {"vjvm": f"-c {file}", "vkernel": ""})
    try:
        yield host
    finally:
        host.end()


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that user pcp can read."""
    with tempfile.TemporaryDirectory(prefix="vectorpy-servers-", dir="/var/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)


# -- what a page draws ----------------------------------------------------------------


def mean(page: Any, host: str, wish: str, series: str) -> float | None:
    """The mean of the last points of a series (a name or a glob); None while there are too few."""
    chart = page.chart(host, wish) or {"series": {}}
    lines = chart["series"].items()
    points = next((line for name, line in lines if fnmatchcase(name, series)), [])
    return statistics.fmean(y for _, y in points[-POINTS:]) if len(points) >= POINTS else None


def settled(page: Any, host: str, wish: str, series: str, right: Callable[[float], bool]) -> float:
    """The mean of a series once it is right; a failure tells what the card shows instead."""
    page.card(host, wish).scroll_into_view_if_needed()
    seen: list[float | None] = [None]

    def there() -> bool:
        seen[0] = mean(page, host, wish, series)
        return seen[0] is not None and right(seen[0])

    if not page.within(PATIENCE, there):
        said = page.card(host, wish).inner_text()
        drawn = list((page.chart(host, wish) or {"series": {}})["series"])
        pytest.fail(f"{wish}: {series} is {seen[0]}; there are {drawn}; it shows {said[:500]}")
    return float(seen[0] or 0.0)


def draws(page: Any, host: str, wish: str, expected: dict[str, float]) -> None:
    """Waits until each series has about its number for a while."""
    for series, number in expected.items():
        settled(page, host, wish, series, lambda y, n=number: abs(y - n) <= NEAR * n)


def asides(page: Any, host: str, wish: str) -> dict[str, str]:
    """Numbers beside a chart by name: limits far above it, and readouts."""
    return page.card(host, wish).evaluate(
        """(card) => Object.fromEntries([...card.querySelectorAll(".entry.aside")]
          .map((one) => [...one.children].map((part) => part.textContent).filter(Boolean)))"""
    )


def beside(page: Any, host: str, wish: str, name: str, low: float, high: float) -> None:
    """Waits until the number called `name` beside a chart is within bounds, in its unit."""

    def right() -> bool:
        found = re.match(r"[\d.]+", asides(page, host, wish).get(name, ""))
        return found is not None and low <= float(found[0]) <= high

    if not page.within(PATIENCE, right):
        pytest.fail(f"{wish}: {name} is not {low} to {high}: {asides(page, host, wish)}")


def rows(page: Any, host: str, wish: str) -> dict[str, dict[str, str]]:
    """A live table as it stands: row -> column's title -> text."""
    return page.card(host, wish).evaluate(
        """(card) => {
          const titles = [...card.querySelectorAll("thead th")].map((one) => one.textContent);
          const rows = {};
          for (const row of card.querySelectorAll("tbody tr")) {
            const cells = [...row.children].map((cell) => cell.lastElementChild.textContent);
            rows[cells[0]] = Object.fromEntries(cells.map((text, n) => [titles[n], text]));
          }
          return rows;
        }"""
    )


def cell(page: Any, host: str, wish: str, row: str, column: str, low: float, high: float) -> None:
    """Waits until the number in a cell is within bounds, in the cell's unit."""
    page.card(host, wish).scroll_into_view_if_needed()
    seen: list[str] = []

    def right() -> bool:
        seen.append(rows(page, host, wish).get(row, {}).get(column, "no such cell"))
        found = re.match(r"[\d.]+", seen[-1])
        return found is not None and low <= float(found[0]) <= high

    if not page.within(PATIENCE, right):
        pytest.fail(f"{wish}: {row}, {column}: {seen[-1]!r}, not {low} to {high}")


def own_jvm(page: Any, host: str, name: str, megabytes: int, pid: int) -> None:
    """The cards of the program's JVM: its heap below its limit, and a collection that we caused."""
    page.card(host, "jvm-gc-pause").scroll_into_view_if_needed()

    def collected() -> bool:
        subprocess.run(["/usr/bin/jcmd", str(pid), "GC.run"], capture_output=True, check=True)
        page.page.wait_for_timeout(400)
        chart = page.chart(host, "jvm-gc-pause") or {"series": {}}
        return any(0 < y <= 100 for _, y in chart["series"].get(name, []))

    page.until(collected, f"pauses of {name}")
    if "jvm-heap" in page.wishes():
        page.card(host, "jvm-heap").scroll_into_view_if_needed()
        chart = page.drawn(host, "jvm-heap")
        heap = page.until(lambda: page.chart(host, "jvm-heap")["series"].get(name), name)
        assert 0 < heap[-1][1] <= megabytes * 2**20, chart["series"].keys()


def other_cards(page: Any, host: str, *wishes: str) -> None:
    """Cards of the host itself: they draw, or their probe says what this kernel lacks."""
    for wish in wishes:
        card = page.card(host, wish)
        card.scroll_into_view_if_needed()

        def there(wish: str = wish, card: Any = card) -> bool:
            chart = page.chart(host, wish)
            drawn = bool(chart) and any(chart["series"].values())
            return drawn or "its probe" in (card.locator(".card-message").text_content() or "")

        page.until(there, f"{wish} draws")


def all_seen(page: Any, host: str, seen: set[str]) -> None:
    """No card of the preset was left out, and none says that it can't draw."""
    assert set(page.wishes()) == seen
    page.page.evaluate("window.scrollTo(0, 0)")
    shot = os.environ.get("VECTORPY_TEST_SHOTS")
    if shot:
        preset = page.query().partition("preset=")[2].partition("&")[0]
        Path(shot, f"{preset}.png").write_bytes(page.page.screenshot(full_page=True))
