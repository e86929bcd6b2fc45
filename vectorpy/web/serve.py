"""The web process: mode first, then everything else, until SIGTERM.

The process belongs here: settings handed down, logging, the listening socket,
signals and the end. Run as `python -m vectorpy.web.serve` with the settings as
JSON in the environment (VECTORPY_SETTINGS_JSON), as the supervisor does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from vectorpy import aio, heap
from vectorpy.settings import HANDED_DOWN, Settings, from_json

_GOODBYE = 0.5  # seconds for the last messages to go out


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; viewers hear `bye`, and all is closed within 5 s.

    Raises ConfigError for what is set wrongly, OSError where the port is taken.
    """
    aio.start(settings.async_mode)
    # Only now: what these import must find the patched library.
    from vectorpy.web import logs, process

    logs.start()
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: ended.append(number))
    web, server, port = process.start(settings)
    _write_place(settings, port)
    heap.settle()
    while not ended and server.alive():
        begun = time.monotonic()
        aio.sleep(process.BEAT)
        web.pulse.beat(time.monotonic() - begun - process.BEAT)
    _remove_place(settings)
    if not ended:
        raise OSError("The web server ended by itself.")
    web.relay.bye("The server goes down; the page connects again by itself.")
    aio.sleep(_GOODBYE)
    web.connections.close_all()
    server.stop()
    web.relay.bus.close()


def _place(settings: Settings) -> Path | None:
    return Path(settings.runtime_dir) / "web.json" if settings.runtime_dir else None


def _write_place(settings: Settings, port: int) -> None:
    """Tell in web.json where the page is: with port 0 only this process knows."""
    path = _place(settings)
    if path is None:
        return
    place: dict[str, Any] = {"pid": os.getpid(), "host": settings.host, "port": port}
    fresh = path.with_name(f".web.json.{os.getpid()}")
    fresh.write_text(json.dumps(place) + "\n", encoding="utf-8")
    os.replace(fresh, path)


def _remove_place(settings: Settings) -> None:
    path = _place(settings)
    if path is not None:
        path.unlink(missing_ok=True)


def _run() -> int:
    from vectorpy.errors import VectorpyError

    try:
        main(from_json(os.environ.get(HANDED_DOWN, "{}")))
    except (VectorpyError, OSError) as error:
        print(json.dumps({"level": "error", "event": f"{error}"}), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = _run()
    sys.stderr.flush()
    # Threads of cut connections may still be ending; nobody waits for them.
    os._exit(code)
