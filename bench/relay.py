"""Relays on loopback between vectorpy and PCP: many addresses for one host, and a count.

A relay passes bytes on and counts HTTP requests on their way to the host, so
that the number of fetches is the host's own view of it.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable

_REQUEST = re.compile(rb"^(?:GET|POST) (\S+) HTTP/1\.1\r\n")


class Relay:
    """Listens on `address` (with the port it relays to), in a thread of its own."""

    def __init__(self, addresses: list[str], port: int) -> None:
        self._addresses, self._port = addresses, port
        self.paths: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def fetches(self) -> int:
        """Requests for samples so far."""
        return sum(1 for path in self.paths if re.search(r"/_?fetch\b", path))

    def last_fetches(self, count: int) -> list[str]:
        """The different queries among the newest `count` requests for samples."""
        found = [path for path in self.paths if re.search(r"/_?fetch\b", path)][-count:]
        return list({path.partition("?")[2]: path for path in found}.values())

    def __enter__(self) -> Relay:
        self._thread.start()
        future = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._servers = future.result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(self._close())
        self._loop.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        await asyncio.sleep(0.05)

    async def _listen(self) -> list[asyncio.Server]:
        return [await asyncio.start_server(self._serve, a, self._port) for a in self._addresses]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up, down = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _pass_on(reader, down, self._note), _pass_on(up, writer, lambda chunk: None)
        )

    def _note(self, chunk: bytes) -> None:
        match = _REQUEST.match(chunk)
        if match:
            self.paths.append(match.group(1).decode())


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], None]
) -> None:
    try:
        while chunk := await reader.read(65536):
            note(chunk)
            writer.write(chunk)
            await writer.drain()
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.close()
