"""What one web process asks of the sampler, and how it is answered.

Headers in, frames out. It knows the hub and nothing of sockets. Quick requests
are answered by the caller's thread, those that ask a host by threads of their
own (few, bounded), so that a silent host delays nobody's join.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from vectorpy.bus.frames import pack, pack_emit
from vectorpy.errors import Unavailable, UserError, VectorpyError
from vectorpy.live.hub import Hub
from vectorpy.model import wire
from vectorpy.model.watch import ChannelSpec

logger = logging.getLogger(__name__)

SLOW_REQUESTS = 16


class Session:
    """A sink of the hub (`emit`), and the handler of one connection's requests.

    `post(frame)` queues bytes first in, first out, and never blocks.
    """

    def __init__(self, hub: Hub, post: Callable[[bytes], None]) -> None:
        self._hub = hub
        self._post = post
        self._slow = threading.BoundedSemaphore(SLOW_REQUESTS)
        self._quick_ops: dict[str, Callable[[dict[str, Any]], Any]] = {
            "hosts": lambda ask: {"hosts": hub.hosts()},
            "health": lambda ask: hub.health(),
            "ping": lambda ask: {"version": hub.version},
        }
        self._burst_ops: dict[str, Callable[[dict[str, Any]], None]] = {
            "burst": self._burst,
            "burst_join": self._burst_join,
            "burst_leave": lambda ask: hub.bursts.leave(
                str(ask["burst"]), self, str(ask["viewer"])
            ),
            "burst_stop": lambda ask: hub.bursts.stop(str(ask["burst"])),
        }
        self._slow_ops: dict[str, Callable[[dict[str, Any]], Any]] = {
            "host": lambda ask: hub.host(str(ask["host"]), start=bool(ask.get("start", True))),
            "search": lambda ask: hub.search(
                str(ask["host"]), str(ask["text"]), int(ask.get("limit", 50))
            ),
            "names": lambda ask: hub.names(str(ask["host"])),
            "tree": lambda ask: hub.tree(str(ask["host"]), str(ask["under"])),
            "metric": lambda ask: hub.metric(str(ask["host"]), str(ask["metric"])),
            "containers": lambda ask: hub.containers(str(ask["host"]), float(ask.get("age", 0))),
            "widget_file": lambda ask: hub.widget_file(
                str(ask["host"]), str(ask["wish"]), str(ask["id"])
            ),
            "spread": lambda ask: hub.spread(str(ask["host"])),
            "check": lambda ask: {"steps": hub.check(str(ask["host"]))},
        }

    def emit(self, room: str, event: str, text: bytes) -> None:
        """See `live.channel.Sink`: an event for a room of the web process."""
        self._post(pack_emit(room, event, text))

    def close(self) -> None:
        """The web process is gone: all its viewers leave."""
        self._hub.drop(self)

    def handle(self, ask: dict[str, Any]) -> None:
        """Do what one header asks; errors are answered as problems, never raised."""
        op = ask.get("op")
        if op == "leave":
            self._guard(ask, self._leave)
        elif op == "join":
            self._guard(ask, self._join)
        elif op == "history":
            self._guard(ask, self._history)
        elif op in self._burst_ops:
            self._guard(ask, self._burst_ops[op])
        elif op in self._quick_ops:
            self._guard(ask, lambda ask: self._answer(ask, self._quick_ops[op](ask)))
        elif op in self._slow_ops:
            self._slowly(ask, self._slow_ops[op])
        else:
            self._problem(ask, UserError(f"The bus knows no request {op!r}."))

    # -- quick ---------------------------------------------------------------

    def _join(self, ask: dict[str, Any]) -> None:
        spec = ChannelSpec.from_json(ask["spec"])
        viewers = [str(viewer) for viewer in ask["viewers"]]

        def answer(events: Sequence[tuple[str, bytes]]) -> None:
            self._events(ask, events, channel=spec.key, host=spec.host)

        self._hub.join(spec, int(ask["window"]), self, viewers, answer)

    def _leave(self, ask: dict[str, Any]) -> None:
        self._hub.leave(str(ask["channel"]), self, [str(viewer) for viewer in ask["viewers"]])

    def _history(self, ask: dict[str, Any]) -> None:
        events = self._hub.history(
            str(ask["channel"]), int(ask["from"]), int(ask["to"]), layout=bool(ask.get("layout"))
        )
        self._events(ask, events)

    def _burst(self, ask: dict[str, Any]) -> None:
        wishes = [str(wish) for wish in ask["wishes"]]
        events = self._hub.bursts.start(
            str(ask["burst"]),
            str(ask["host"]),
            wishes,
            int(ask["seconds"]),
            self,
            str(ask["viewer"]),
        )
        self._events(ask, events)

    def _burst_join(self, ask: dict[str, Any]) -> None:
        self._events(ask, self._hub.bursts.join(str(ask["burst"]), self, str(ask["viewer"])))

    def _events(
        self, ask: dict[str, Any], events: Sequence[tuple[str, bytes]], **more: str
    ) -> None:
        sizes = [[event, len(text)] for event, text in events]
        header = {"op": "reply", "req": ask.get("req"), **more, "events": sizes}
        self._post(pack(header, b"".join(text for _, text in events)))

    def _answer(self, ask: dict[str, Any], body: Any) -> None:
        text = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
        self._post(pack({"op": "reply", "req": ask.get("req")}, text))

    # -- slow ----------------------------------------------------------------

    def _slowly(self, ask: dict[str, Any], work: Callable[[dict[str, Any]], Any]) -> None:
        if not self._slow.acquire(blocking=False):
            self._problem(
                ask, Unavailable("Too many questions to hosts at once.", hint="Try it again.")
            )
            return

        def run() -> None:
            try:
                self._guard(ask, lambda ask: self._answer(ask, work(ask)))
            finally:
                self._slow.release()

        threading.Thread(target=run, name=f"bus-{ask['op']}", daemon=True).start()

    # -- errors --------------------------------------------------------------

    def _guard(self, ask: dict[str, Any], work: Callable[[dict[str, Any]], None]) -> None:
        try:
            work(ask)
        except VectorpyError as error:
            self._problem(ask, error)
        except (KeyError, TypeError, ValueError) as error:
            logger.exception("a request of the web process failed: %r", ask.get("op"))
            self._problem(ask, UserError(f"The request can't be read: {error!r}."))
        except Exception:
            logger.exception("a request of the web process failed: %r", ask.get("op"))
            self._problem(ask, Unavailable("The sampler failed at this; its log says why."))

    def _problem(self, ask: dict[str, Any], error: VectorpyError) -> None:
        if ask.get("req") is None:
            logger.info("a message of the web process failed: %s", error)
            return
        problem = wire.problem_of(error)
        header = {"op": "reply", "req": ask["req"], "problem": problem}
        self._post(pack(header, wire.encode(problem).encode()))
