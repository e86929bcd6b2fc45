"""Write what our agents say of the metrics in the catalogue, from their own tables.

    .venv/bin/python tests/catalog/record_agents.py > tests/catalog/agents.json

The tables are imported by a Python of their own for each agent, as agents do.
What PCP's bcc and bpf have is added from their sources (PCP 6.0.3).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from vectorpy.catalog.loader import load

PMDA = Path(__file__).resolve().parents[2] / "pmda"
AGENTS = {"vkernel": "k_table", "vnet": "n_table", "vjvm": "j_table"}
READ = """
import importlib, json, sys
table = importlib.import_module(sys.argv[1]).TABLE
units = {"none": ""}
print(json.dumps({
    f"{table.agent}.{m.name}": {
        "pmid": f"{table.domain}.{m.cluster}.{m.item}",
        "type": m.type.lower(),
        "semantics": m.sem,
        "units": units.get(m.units, m.units),
        "indom": f"{table.domain}.{m.indom.serial}",
    }
    for m in table.metrics
}))
"""
# pmdabcc has the unit of the ranges on its histograms, though they count.
HISTOGRAM = {"type": "u64", "semantics": "counter", "units": "microsec"}
HITS = {"type": "u64", "semantics": "counter", "units": "count"}
TEXT = {"type": "string", "semantics": "instant", "units": ""}
ID = {"type": "u32", "semantics": "instant", "units": ""}
BYTES = {"type": "u64", "semantics": "instant", "units": "byte"}
MICROSEC = {"type": "u32", "semantics": "instant", "units": "microsec"}
BCC = (
    {name: HISTOGRAM for name in ("bcc.runq.latency", "bcc.disk.all.latency")},
    {name: HISTOGRAM for name in ("bpf.runq.latency", "bpf.disk.all.latency")},
    *(
        {f"bcc.fs.{fs}.latency.{what}": HISTOGRAM for what in ("open", "read", "write", "fsync")}
        for fs in ("ext4", "xfs", "zfs")
    ),
    {
        "bcc.proc.io.perdev.comm": TEXT,
        "bcc.proc.io.perdev.disk": TEXT,
        "bcc.proc.io.perdev.bytes": BYTES,
        "bcc.proc.io.perdev.io": ID,
    },
    {
        "bcc.proc.exec.comm": TEXT,
        "bcc.proc.exec.args": TEXT,
        "bcc.proc.exec.pid": ID,
        "bcc.proc.exec.ppid": ID,
    },
    {
        "bcc.proc.io.net.tcp.pid": ID,
        "bcc.proc.io.net.tcp.comm": TEXT,
        "bcc.proc.io.net.tcp.laddr": TEXT,
        "bcc.proc.io.net.tcp.lport": ID,
        "bcc.proc.io.net.tcp.daddr": TEXT,
        "bcc.proc.io.net.tcp.dport": ID,
        "bcc.proc.io.net.tcp.tx": BYTES,
        "bcc.proc.io.net.tcp.rx": BYTES,
        "bcc.proc.io.net.tcp.duration": MICROSEC,
    },
    {
        "bcc.proc.io.net.tcptop.pid": ID,
        "bcc.proc.io.net.tcptop.comm": TEXT,
        "bcc.proc.io.net.tcptop.rx": BYTES,
        "bcc.proc.io.net.tcptop.tx": BYTES,
    },
    {"bcc.io.net.tcp.retrans.count": HITS},
    *({f"bcc.{kind}.hits": HITS} for kind in ("tracepoint", "usdt", "uprobe")),
)


def ours() -> dict[str, dict[str, str]]:
    """Descriptors of all metrics of our agents."""
    found: dict[str, dict[str, str]] = {}
    for agent, module in AGENTS.items():
        command = [sys.executable, "-c", READ, module]
        said = subprocess.run(
            command, cwd=PMDA / agent, text=True, capture_output=True, check=True
        ).stdout
        found.update(json.loads(said))
    return found


def record() -> str:
    """JSON text: one line per metric that the catalogue names."""
    widgets = load().widgets.values()
    named = frozenset().union(*(w.metrics.union(*(s.metrics for s in w.series)) for w in widgets))
    found = ours()
    for cluster, metrics in enumerate(BCC):
        for item, (name, entry) in enumerate(metrics.items()):
            domain = 157 if name.startswith("bpf.") else 149
            place = {"pmid": f"{domain}.{cluster}.{item}", "indom": f"{domain}.{cluster}"}
            found[name] = {**place, **entry}
    lines = [f"  {json.dumps(n)}: {json.dumps(found[n])}" for n in sorted(found) if n in named]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(record())
