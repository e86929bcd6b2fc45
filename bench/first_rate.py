"""Row: from Enter in the host box to the first rate on the screen, beside two fetches by hand."""

from __future__ import annotations

import statistics
import time
from functools import partial

import requests
from playwright.sync_api import sync_playwright

from bench.browser import VIEW, stop_watch
from bench.pages import open_browser
from bench.programs import Context, server
from bench.relay import Relay
from bench.table import Row, spread

HOSTS = [f"127.0.0.{last}" for last in range(21, 28)]
METRICS = "kernel.all.cpu.vuser,kernel.all.cpu.sys,kernel.all.cpu.idle"
PAUSE = 0.25
NOTE_KEY = """() => addEventListener(
    "keydown", () => { window.pressed = performance.now(); }, true
)"""
HAS_NUMBER = r"/\d/.test(document.querySelector('[data-wish=cpu] .card-now')?.textContent ?? '')"


def measure(context: Context) -> list[Row]:
    """Each try types a host that the server has not seen before."""
    with Relay(HOSTS, context.web_port), server(context) as vectorpy:
        ours = _typed(context, vectorpy.port)
        theirs = [_by_hand(f"http://{host}:{context.web_port}") for host in HOSTS]
    more = statistics.median(ours) - statistics.median(theirs)
    return [
        Row(
            f"host typed to first rate on the screen, {len(ours)} tries",
            spread(ours, "ms", 0),
            "two fetches by hand, 250 ms apart",
            spread(theirs, "ms", 0),
            f"+ {more:.0f} ms",
            "+ 400 ms",
        )
    ]


def _typed(context: Context, port: int) -> list[float]:
    taken = []
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        for host in HOSTS:
            page = browser.new_page(viewport=VIEW)
            page.goto(f"http://127.0.0.1:{port}/?preset=triage")
            box = page.get_by_role("combobox", name="Hosts to add")
            # A port that is nobody's default is first asked whether it is pmcd's, unless
            # the scheme says so; plain names, the usual case, have no such doubt either.
            box.fill(f"http://{host}:{context.web_port}")
            page.evaluate(NOTE_KEY)
            page.wait_for_timeout(1000)
            taken.append(stop_watch(page, partial(box.press, "Enter"), HAS_NUMBER))
            page.close()
        browser.close()
    return taken


def _by_hand(base: str) -> float:
    """Milliseconds for a context, a fetch, a pause and a second fetch."""
    begin = time.monotonic()
    with requests.Session() as session:
        answer = session.get(f"{base}/pmapi/context?hostspec=localhost&polltimeout=30", timeout=5)
        url = f"{base}/pmapi/{answer.json()['context']}/_fetch?names={METRICS}"
        first = time.monotonic()
        session.get(url, timeout=5).json()
        time.sleep(max(0.0, first + PAUSE - time.monotonic()))
        session.get(url, timeout=5).json()
    return (time.monotonic() - begin) * 1000
