"""What a sample says of its own size, beside bytes counted on the way by a relay."""

import socket
import threading

import pytest

from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.sources.dial import Dialler

pytestmark = pytest.mark.stack

NAMES = (
    "kernel.all.load",
    "kernel.all.cpu.user",
    "kernel.percpu.cpu.user",
    "mem.util.free",
    "network.interface.in.bytes",
    "disk.dev.read",
)


class Counting:
    """Passes one connection after another on to `port`, and counts what comes back."""

    def __init__(self, port, to):
        self.back = 0
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source, sink, back):
        with source, sink:
            try:
                while data := source.recv(65536):
                    self.back += len(data) if back else 0
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                return

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.mark.parametrize(("scheme", "way"), [("pcp", "pmcd_port"), ("http", "web_port")])
def test_a_sample_knows_how_many_bytes_its_answer_had(stack, free_port, scheme, way):
    """Of HTTP the head comes on top, at most 400 bytes; pmcd's PDU is reckoned, to a twentieth."""
    port = free_port()
    relay = Counting(port, getattr(stack, way))
    settings = Settings(allow_net=("127.0.0.1/32",), allow_port=(str(port),))
    dialler = Dialler(settings)
    source = dialler.dial(hostspec.parse(f"{scheme}://127.0.0.1:{port}"))
    try:
        source.open()
        source.describe(NAMES)
        for _ in range(2):  # the first learns names of instances
            source.fetch(NAMES)
        before = relay.back
        size = source.fetch(NAMES).size
        counted = relay.back - before
    finally:
        source.close()
        dialler.close()
        relay.close()
    if scheme == "http":
        assert size <= counted <= size + 400
    else:
        assert size == pytest.approx(counted, rel=0.05)
