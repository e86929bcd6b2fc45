"""What a host is and can, in plain data for people: GET /api/v1/hosts/{id}.

Only the telling belongs here; who asked the host is `lookup` and `sampler`.
"""

from __future__ import annotations

from typing import Any

from vectorpy.catalog.catalog import Catalog
from vectorpy.live.lookup import Abilities
from vectorpy.live.record import Record
from vectorpy.sources.check import brings
from vectorpy.sources.face import Facts


def told(
    facts: Facts | None, known: Abilities | None, record: Record, catalog: Catalog
) -> dict[str, Any]:
    """Address, version, agents; each widget of the catalogue with whether it draws and why not.

    `widgets`: [{id, draws, reason, hint}], `missing`: [{metric, reason, widgets}],
    `agents`: [{name, status, text}]; all empty where the host could not be asked.
    """
    facts = known.facts if known else facts
    return {
        "transport": facts.transport if facts else "",
        "address": facts.address if facts else "",
        "name": facts.hostname if facts else "",
        "version": facts.version if facts else "",
        "agents": _agents(facts),
        **_widgets(known, record, catalog),
    }


def _agents(facts: Facts | None) -> list[dict[str, Any]]:
    if facts is None:
        return []
    return [
        {"name": name, "status": status, "text": agent_text(status)}
        for name, status in sorted(facts.agents.items())
    ]


def agent_text(status: int) -> str:
    """pmcd.agent.status in words: 0 runs, the first byte is the exit code (pmcd(1))."""
    if status == 0:
        return "runs"
    if status & 0xFF00 == 0 and status & 0xFF:
        return f"does not run (ended with {status & 0xFF})"
    return f"does not run (status {status})"


def _widgets(known: Abilities | None, record: Record, catalog: Catalog) -> dict[str, Any]:
    widgets: list[dict[str, Any]] = []
    missing: dict[str, list[str]] = {}
    for widget in catalog.widgets.values() if known else ():
        assert known is not None
        if widget.open:
            continue  # a chart of any metric: there is nothing to say beforehand
        found = widget.check(known.descriptors, record.absent)
        draws = not found.reason
        hint = "" if draws or widget.needs in found.reason else widget.needs
        widgets.append({"id": widget.id, "draws": draws, "reason": found.reason, "hint": hint})
        for metric in found.missing:
            missing.setdefault(metric, []).append(widget.id)
    return {
        "widgets": widgets,
        "missing": [
            {"metric": metric, "reason": _why(metric, known, record), "widgets": ids}
            for metric, ids in sorted(missing.items())
        ],
    }


def _why(metric: str, known: Abilities | None, record: Record) -> str:
    if metric in record.without:
        return record.without[metric]
    if known and metric in known.descriptors:
        return "It has no value on this host, or none that is a number."
    origin = brings(metric)
    return f"The host has no metric {metric}." + (f" It comes from {origin}." if origin else "")
