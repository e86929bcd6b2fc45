"""What our agents bring, drawn in a browser: histograms, live tables, JVMs, cgroups."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SPEND = """
public class Spend {
  static byte[][] kept = new byte[64][];
  public static void main(String[] words) throws Exception {
    for (int n = 0; ; n++) {
      for (int i = 0; i < 200; i++) kept[(n + i) % 64] = new byte[20000];
      Thread.sleep(20);
    }
  }
}
"""


def words(page: Any, wish: str) -> str:
    """What a card says instead of a chart; empty where it draws."""
    return page.card("local", wish).locator(".card-message").text_content() or ""


def chart_or_skip(page: Any, wish: str) -> dict[str, Any]:
    """The chart of a wish with some points; skipped where the agent may not probe here."""

    def there() -> Any:
        said = words(page, wish)
        if "its probe" in said:
            pytest.skip(said)
        chart = page.chart("local", wish)
        return chart if chart and any(chart["series"].values()) else None

    return page.until(there, f"points of {wish}")


def rows(page: Any, wish: str) -> dict[str, dict[str, str]]:
    """A live table as it stands: row -> column's title -> text."""
    return page.card("local", wish).evaluate(
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


@contextlib.contextmanager
def talking(payload: int = 20_000) -> Iterator[tuple[int, int]]:
    """A connection on loopback over which bytes go all the time: ports of client and server."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()

        def send() -> None:
            with contextlib.suppress(OSError):
                while not stop.wait(0.05):
                    client.sendall(b"x" * payload)

        def receive() -> None:
            with contextlib.suppress(OSError):
                while server.recv(65536):
                    pass

        threads = [threading.Thread(target=work, daemon=True) for work in (send, receive)]
        for thread in threads:
            thread.start()
        try:
            yield client.getsockname()[1], server.getsockname()[1]
        finally:
            stop.set()
            client.close()
            server.close()


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Small writes, each of which goes to the disk."""
    stop = threading.Event()

    def write() -> None:
        with (folder / "synced").open("wb", buffering=0) as file:
            while not stop.wait(0.02):
                file.write(b"x" * 4096)
                os.fsync(file.fileno())

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def jvm(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A JVM that makes garbage."""
    java, javac = shutil.which("java"), shutil.which("javac")
    if not java or not javac:
        pytest.skip("there is no JDK here")
    (tmp_path / "Spend.java").write_text(SPEND)
    subprocess.run([javac, "-d", str(tmp_path), str(tmp_path / "Spend.java")], check=True)
    command = [java, "-Xmx64m", "-XX:+UseSerialGC", "-cp", str(tmp_path), "Spend"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


def test_waits_for_a_cpu_are_a_heatmap_with_percentiles(view: Callable[..., Any]) -> None:
    page = view("/?host=local&preset=runq&window=1m")
    heat = chart_or_skip(page, "runq-latency")
    assert len(heat["series"]) >= 6
    cells = [share for row in heat["series"].values() for _, share in row]
    assert cells and all(0 <= share <= 1 for share in cells)
    assert "/s" in page.card("local", "runq-latency").locator(".card-now").inner_text()
    lines = chart_or_skip(page, "runq-percentiles")["series"]
    assert {"p50", "p95", "p99", "max"} <= set(lines)
    by_second = {name: dict(map(tuple, points)) for name, points in lines.items()}
    shared = set(by_second["p50"]) & set(by_second["max"])
    assert shared and all(by_second["p50"][t] <= by_second["max"][t] for t in shared)
    plot = page.card("local", "runq-latency").locator(".plot")
    box = plot.bounding_box()
    # At the right end: what was not recorded yet has nothing to tell.
    plot.hover(position={"x": box["width"] - 20, "y": box["height"] / 2})
    tip = page.page.locator(".tooltip:visible")
    page.until(lambda: "–" in tip.inner_text() and "s" in tip.inner_text(), "the range's tooltip")


def test_writes_to_the_disk_show_as_a_heatmap(view: Callable[..., Any], tmp_path: Path) -> None:
    with writing(tmp_path):
        page = view("/?host=local&preset=io&window=1m")
        heat = chart_or_skip(page, "io-latency;direction=write")
        assert any(share > 0 for row in heat["series"].values() for _, share in row)
        sizes = chart_or_skip(page, "io-size")
        assert any(share > 0 for row in sizes["series"].values() for _, share in row)
        assert any("write" in name for name in chart_or_skip(page, "io-percentiles")["series"])


def test_connections_are_a_live_table(view: Callable[..., Any]) -> None:
    with talking() as (client, server):
        page = view("/?host=local&preset=connections&window=1m")
        name = f"127.0.0.1:{client}>127.0.0.1:{server}"
        row = page.until(
            lambda: (r := rows(page, "connections").get(name)) and "iB/s" in r["Out"] and r,
            f"traffic of {name}",
        )
        assert row["State"].lower().startswith("estab")
        assert row["RTT"].endswith(("µs", "ms"))
        assert row["In"] == "0 B/s", "nothing comes back"
        card = page.card("local", "connections")
        page.until(lambda: card.locator(".spark path[d^=M]").count(), "a sparkline")

        card.get_by_role("searchbox").fill(f":{server} estab")
        page.until(
            lambda: (
                set(rows(page, "connections"))
                and all(f":{server}" in name for name in rows(page, "connections"))
            ),
            "the filtered rows",
        )
        assert len(rows(page, "connections")) == 2, "either end"
        card.get_by_role("button", name="Out").click()
        assert card.locator("th[aria-sort=descending]").inner_text().startswith("Out")
        assert next(iter(rows(page, "connections"))) == name
        card.get_by_role("button", name="Out").click()
        assert list(rows(page, "connections"))[-1] == name

        by_port = page.until(lambda: rows(page, "tcp-ports"), "services")
        assert any(str(server) in port for port in by_port)
        assert "127.0.0.1" in page.until(lambda: rows(page, "tcp-remotes"), "peers")
        heat = chart_or_skip(page, "tcp-rtt")
        assert any(share > 0 for row in heat["series"].values() for _, share in row)


def test_a_full_accept_queue_is_seen(view: Callable[..., Any]) -> None:
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        for _ in range(2):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        page = view("/?host=local&preset=listeners&window=1m")
        name = f"127.0.0.1:{listener.getsockname()[1]}"
        row = page.until(
            lambda: (r := rows(page, "listeners").get(name)) and r["Waiting"] == "2" and r, name
        )
        assert (row["Full"], row["Limit"], row["Most so far"]) == ("100 %", "1", "2")


def test_one_jvm_or_all_of_them(view: Callable[..., Any], jvm: Any) -> None:
    page = view("/?host=local&preset=jvm&window=1m")
    name = f"{jvm.pid}:Spend"
    row = page.until(
        lambda: (r := rows(page, "jvms").get(name)) and "MiB/s" in r["Allocates"] and r, name
    )
    assert (row["Main class"], row["Heap limit"][-3:]) == ("Spend", "MiB")
    assert row["Collector"].startswith("Serial")
    for wish in ("jvm-heap", "jvm-gc-pause", "jvm-alloc", "jvm-threads", "jvm-safepoints"):
        page.until(
            lambda wish=wish: any(
                name in series and points
                for series, points in (page.chart("local", wish) or {"series": {}})[
                    "series"
                ].items()
            ),
            f"{wish} of {name}",
        )
    marks = """(card) => window.vectorpy.figure(card.dataset.host, card.dataset.wish).layout.shapes
      .filter((shape) => shape.yref === 'paper' && shape.type === 'line').length"""
    page.until(lambda: page.card("local", "jvm-heap").evaluate(marks) > 0, "marks of collections")

    page.card("local", "jvms").get_by_role("button", name=name).click()
    alone = f"jvm-heap;jvm={jvm.pid}%3ASpend"
    page.until(lambda: alone in page.wishes(), "the heap of one JVM")
    chart = page.drawn("local", alone)
    assert all(name in series for series in chart["series"] if series != "area")
    page.card("local", f"jvms;jvm={jvm.pid}%3ASpend").get_by_role(
        "button", name="Show all again"
    ).click()
    page.until(lambda: "jvm-heap" in page.wishes(), "all JVMs again")


@pytest.mark.parametrize("preset", ["containers", "tomcat", "kafka", "cassandra"])
def test_every_card_draws_or_says_why_not(view: Callable[..., Any], preset: str) -> None:
    page = view(f"/?host=local&preset={preset}&window=1m")
    for wish in page.until(page.wishes):
        card = page.card("local", wish)
        card.scroll_into_view_if_needed()

        def told(wish: str = wish, card: Any = card) -> bool:
            said = words(page, wish)
            note = card.locator(".table-note").text_content() if "rows" in kind(card) else ""
            drawn = page.chart("local", wish) or ("rows" in kind(card) and rows(page, wish))
            return bool(drawn) or any(
                text and "on their way" not in text and "Waiting" not in text
                for text in (said, note)
            )

        page.until(told, f"{wish} draws or says why not")


def kind(card: Any) -> str:
    return card.get_attribute("data-kind") or ""


def test_a_table_is_readable_on_a_phone(view: Callable[..., Any]) -> None:
    with talking() as (client, server):
        page = view(
            "/?host=local&w=connections&window=1m&v=1", viewport={"width": 390, "height": 844}
        )
        name = f"127.0.0.1:{client}>127.0.0.1:{server}"
        page.until(lambda: name in rows(page, "connections"), name)
        card = page.card("local", "connections")
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
        head = card.locator(f'tbody th[title="{name}"]')
        assert head.evaluate("(th) => th.scrollWidth <= th.clientWidth + 1"), "the name is whole"
        scroll = card.locator(".table-scroll")
        scroll.evaluate("(box) => (box.scrollLeft = 400)")
        assert head.bounding_box()["x"] < 30, "the name stays while columns slide"
