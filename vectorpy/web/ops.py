"""Routes for whoever runs the server: /healthz, /readyz, /metrics, /limits.

They only show what `pulse`, `limits`, the relay and the sampler count. None of
them names a host.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from vectorpy import __version__
from vectorpy.errors import VectorpyError
from vectorpy.settings import Settings
from vectorpy.web import pulse as pulses
from vectorpy.web.live import Relay
from vectorpy.web.pulse import Pulse
from vectorpy.web.security import is_local

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_SAMPLER_TIMEOUT = 1.0

Row = tuple[str, str, str, Iterable[tuple[Mapping[str, str], float]]]


def blueprint(
    settings: Settings,
    relay: Relay,
    pulse: Pulse,
    cuts: Callable[[], dict[str, int]],
    problems: Callable[[], list[str]] = list,
) -> Blueprint:
    """The four routes. `cuts` counts cut viewers by reason; `problems` are of users' files."""
    routes = Blueprint("ops", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        well, document = pulses.health(pulse, relay.bus, settings.runtime_dir)
        # A faulty file harms nothing else, so it does not make the server ill.
        faults = problems()
        told = {**document, "catalog": {"ok": not faults, "problems": faults}}
        return _json(told, 200 if well else 503)

    @routes.get("/readyz")
    def readyz() -> Response:
        ready = relay.bus.connected
        return _json({"ready": ready, "sampler": ready}, 200 if ready else 503)

    @routes.get("/limits")
    def limits() -> Response:
        return _json({"limits": relay.limits.table(_sampler(relay).get("limits"))})

    @routes.get("/metrics")
    def metrics() -> Response:
        if not (settings.metrics_open or is_local(request.environ)):
            raise Forbidden
        rows = _rows(relay, pulse, cuts(), _sampler(relay))
        return Response("".join(_lines(rows)), content_type=OPENMETRICS)

    return routes


def _json(document: dict[str, Any], status: int = 200) -> Response:
    answer = Response(json.dumps(document), status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _sampler(relay: Relay) -> dict[str, Any]:
    """What the sampler says of itself; {} where it is away."""
    if not relay.bus.connected:
        return {}
    try:
        _, text = relay.bus.request("health", _SAMPLER_TIMEOUT)
        found = json.loads(text)
    except (VectorpyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _rows(relay: Relay, pulse: Pulse, cuts: dict[str, int], sampler: dict[str, Any]) -> list[Row]:
    """Name (without suffix), type, help and samples of every metric."""
    none: dict[str, str] = {}
    hits = {row["name"]: row["hits"] for row in relay.limits.table(sampler.get("limits"))}
    rows: list[Row] = [
        ("vectorpy_build", "info", "Version.", [({"version": __version__}, 1)]),
        ("vectorpy_up", "gauge", "This process serves.", [(none, 1)]),
        ("vectorpy_sampler_up", "gauge", "The sampler is connected.",
         [(none, relay.bus.connected)]),
        ("vectorpy_viewers", "gauge", "Viewers connected.", [(none, len(relay.books.viewers))]),
        ("vectorpy_channels", "gauge", "Channels watched.", [(none, len(relay.books.channels))]),
        ("vectorpy_emit_bytes", "counter", "Bytes of messages relayed, each once per room.",
         [(none, relay.bytes_out)]),
        ("vectorpy_viewers_cut", "counter", "Viewers cut, by reason.",
         [({"reason": reason}, count) for reason, count in cuts.items()]),
        ("vectorpy_limit_hits", "counter", "How often a limit was reached.",
         [({"limit": name}, count) for name, count in hits.items()]),
        ("vectorpy_task_restarts", "counter", "Faults of tasks that went on.",
         [({"task": name}, count) for name, count in pulse.restarts.items()]),
        ("vectorpy_loop_lag_seconds", "gauge", "Lateness of the heartbeat in the last minute.",
         [({"quantile": str(q)}, pulse.lag(q)) for q in (0.5, 0.99)]),
        ("process_open_fds", "gauge", "Open files.", [(none, pulses.open_files())]),
        ("process_resident_memory_bytes", "gauge", "Memory in RAM.",
         [(none, pulses.resident_bytes())]),
    ]  # fmt: skip
    states = sampler.get("states")
    if isinstance(states, dict):
        samples = [({"state": str(state)}, float(count)) for state, count in states.items()]
        rows.append(("vectorpy_hosts", "gauge", "Hosts known, by state.", samples))
    for name, text in (("ring_bytes", "Memory of histories."), ("threads", "Sampler's threads.")):
        if isinstance(sampler.get(name), int | float):
            rows.append((f"vectorpy_{name}", "gauge", text, [(none, float(sampler[name]))]))
    return rows


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """OpenMetrics 1.0 text: counters have the suffix _total, infos _info."""
    for name, kind, text, samples in rows:
        suffix = {"counter": "_total", "info": "_info"}.get(kind, "")
        yield f"# TYPE {name} {kind}\n# HELP {name} {text}\n"
        for labels, value in samples:
            inner = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
            yield (
                f"{name}{suffix}{{{inner}}} {float(value):.12g}\n"
                if inner
                else (f"{name}{suffix} {float(value):.12g}\n")
            )
    yield "# EOF\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
