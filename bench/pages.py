"""Pages in a headless Chromium: opening them, and what they cost."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.cost import Meter, command, descendants

SETTLE = 8.0  # seconds between opening a page and measuring it
ARGUMENTS = ["--disable-gpu", "--disable-background-networking"]
SEEN = "window.vectorpy?.points_seen"


def open_browser(playwright: Any) -> Any:
    """A headless Chromium of the system."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS + sandbox)


@contextmanager
def settled(url: str, view: dict[str, int], counter: str = SEEN) -> Iterator[tuple[Browser, Page]]:
    """A fresh browser with `url` open since a while; `counter` counts what arrived in it."""
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        page = browser.new_page(viewport=view)
        page.goto(url, wait_until="commit", timeout=60_000)
        end = time.monotonic() + 60
        while not page.evaluate(f"({counter} || 0) > 2"):
            if time.monotonic() > end:
                raise TimeoutError(f"{url} does not move")
            page.wait_for_timeout(100)
        page.wait_for_timeout(SETTLE * 1000)
        yield browser, page
        browser.close()


def cpu(page: Page, seconds: float, counter: str = SEEN) -> float:
    """CPU seconds per second of the whole browser; the page must be moving."""
    seen = page.evaluate(counter)
    found = least(seconds)
    if page.evaluate(counter) - seen < seconds / 2:
        raise RuntimeError(f"{page.url} stood still while it was measured")
    return found


def least(seconds: float) -> float:
    """CPU seconds per second of the whole browser, the lesser of two stretches.

    What a page does once, on a busy machine long after it was opened, is not
    what it costs.
    """
    used = []
    for _ in range(2):
        meter = Meter(pid for pid in descendants(os.getpid()) if "chrom" in command(pid))
        time.sleep(seconds / 2)
        used.append(meter.per_second())
    return min(used)


def longest_tasks(browser: Browser, page: Page, seconds: float) -> list[float]:
    """CPU milliseconds of the longest task of the page's main thread, one per second."""
    browser.start_tracing(page=page, categories=["toplevel"])
    page.wait_for_timeout(seconds * 1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    longest: dict[int, float] = {}
    for one in events:
        if one.get("ph") == "X" and (one["pid"], one["tid"]) in main:
            second = int(one["ts"] // 1_000_000)
            longest[second] = max(longest.get(second, 0.0), one.get("tdur", 0) / 1000)
    return list(longest.values())
