"""Row: the page's search for metrics, letter by letter, beside a plain scan of their names."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path
from urllib.parse import quote

from bench.programs import Context, server
from bench.table import Row, times

COUNT = 3000
_SCRIPT = Path(__file__).with_name("search.mjs")


def measure(context: Context) -> list[Row]:
    host = f"127.0.0.1:{context.web_port}"
    path = context.folder / "names.json"
    with server(context) as vectorpy:
        url = f"http://127.0.0.1:{vectorpy.port}/api/v1/hosts/{quote(host, safe='')}/names"
        with urllib.request.urlopen(url, timeout=60) as answer:
            path.write_bytes(answer.read())
    command = ["node", str(_SCRIPT), str(path), str(COUNT)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [
        Row(
            f"search over {COUNT} metrics, names, help and units, a letter typed",
            f"{found['ours']:.0f} us",
            "a plain scan of the names",
            f"{found['plain']:.0f} us",
            times(found["ours"], found["plain"]),
            "2x",
        )
    ]
