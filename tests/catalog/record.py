"""Record what a stock PCP says of every metric in the catalogue, for the tests beside this file.

By hand, against a pmcd; what is not of PCP's linux, proc and pmcd agents is left out:

    .venv/bin/python tests/catalog/record.py HOST[:PORT] > tests/catalog/pcp-6.0.3.json
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

from vectorpy.catalog.loader import load

TYPES = {
    "32-bit int": "s32",
    "32-bit unsigned int": "u32",
    "64-bit int": "s64",
    "64-bit unsigned int": "u64",
}
OTHERS = ("vkernel.", "vnet.", "vjvm.", "bcc.", "bpf.")
ENTRY = re.compile(
    r"^(?P<name>\S+) PMID: (?P<pmid>[\d.]+) \[(?P<oneline>.*)\]\n"
    r"\s+Data Type: (?P<type>.+?)\s+InDom: (?P<indom>\S+) \S+\n"
    r"\s+Semantics: (?P<semantics>\S+)\s+Units: (?P<units>.+)$",
    re.MULTILINE,
)


def record(host: str) -> str:
    """JSON text: PCP's version and one line per metric; names that pmcd lacks are left out."""
    widgets = load().widgets.values()
    named = frozenset().union(*(w.metrics.union(*(s.metrics for s in w.series)) for w in widgets))
    names = sorted(name for name in named if not name.startswith(OTHERS))
    command = ["pminfo", "-h", host, "-d", "-m", "-t"]
    output = subprocess.run([*command, *names], text=True, capture_output=True, check=False).stdout
    version = subprocess.run(
        ["pminfo", "-h", host, "-f", "pmcd.version"], text=True, capture_output=True, check=True
    ).stdout
    lines = [f'  "version": {json.dumps(version.split()[-1].strip(chr(34)))}']
    for found in ENTRY.finditer(output):
        entry = found.groupdict()
        name = entry.pop("name")
        entry["type"] = TYPES.get(entry["type"], entry["type"])
        entry["indom"] = None if entry["indom"] == "PM_INDOM_NULL" else entry["indom"]
        entry["units"] = "" if entry["units"] == "none" else entry["units"]
        lines.append(f"  {json.dumps(name)}: {json.dumps(entry)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(record(sys.argv[1]))
