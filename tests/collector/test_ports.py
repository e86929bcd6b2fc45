"""Free ports, and who holds the others."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectorpy.collector import ports
from vectorpy.errors import ConfigError, Unavailable


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(1)
        yield sock.getsockname()[1]


def test_a_taken_port_is_refused_with_its_holder(taken: int) -> None:
    with pytest.raises(Unavailable) as caught:
        ports.require_free("127.0.0.1", taken, "the page", "--port")
    name = Path("/proc/self/comm").read_text().strip()
    assert caught.value.message == (
        f"the page can't be served on 127.0.0.1 port {taken}: "
        f"{name} (process {os.getpid()}) holds it."
    )
    assert "--port" in caught.value.hint


def test_a_free_port_passes_and_stays_free() -> None:
    port = ports.free_port("127.0.0.1")
    ports.require_free("127.0.0.1", port, "the page", "--port")
    ports.require_free("127.0.0.1", port, "the page", "--port")


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="no such address"):
        ports.require_free("192.0.2.7", 21500, "the page", "--port")
    for name in ("no such name", "bad..name"):
        with pytest.raises(ConfigError, match="no address or name"):
            ports.require_free(name, 21500, "the page", "--port")
        with pytest.raises(ConfigError, match="no address or name"):
            ports.numeric(name)


def test_pmcd_and_pmproxy_need_a_port_each() -> None:
    ports.require_two(44321, 44322, ("--port", "--web-port"))
    with pytest.raises(ConfigError, match="--port and --web-port must differ"):
        ports.require_two(44321, 44321, ("--port", "--web-port"))


def test_a_holder_that_cant_be_seen_is_another_process(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout\n"
        "   0: 0100007F:AD21 00000000:0000 0A 00000000:00000000 00:00000000 0 0 0 777 1 0 100\n"
        "   1: 0100007F:AD22 0100007F:0001 01 00000000:00000000 00:00000000 0 0 0 778 1 0 100\n"
    )
    for pid, fd in (("10", "777"), ("11", "778")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / pid / "fd/3").symlink_to(f"socket:[{fd}]")
        (tmp_path / pid / "comm").write_text(f"name{pid}\n")
    assert ports.holder(0xAD21, tmp_path) == "name10 (process 10)"
    assert ports.holder(0xAD22, tmp_path) == "another process"  # connected, not listening


@pytest.mark.parametrize(
    ("host", "loopback", "own", "url"),
    [
        ("127.0.0.1", True, "127.0.0.1", "127.0.0.1"),
        ("127.3.2.1", True, "127.3.2.1", "127.3.2.1"),
        ("localhost", True, "localhost", "localhost"),
        ("::1", True, "::1", "[::1]"),
        ("0.0.0.0", False, "127.0.0.1", "0.0.0.0"),
        ("::", False, "::1", "[::]"),
        ("10.0.0.1", False, "10.0.0.1", "10.0.0.1"),
        ("web-01", False, "web-01", "web-01"),
    ],
)
def test_addresses(host: str, loopback: bool, own: str, url: str) -> None:
    assert ports.is_loopback(host) is loopback
    assert ports.own_address(host) == own
    assert ports.in_url(host) == url
