"""Probes of TCP by eBPF: retransmits by remote address, connections that ended."""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, Optional, Tuple

import k_bpf
import k_btf
import k_names
import k_probe
import k_rows
import k_tcp
import vsnap

REMOTES = 4096  # addresses that the kernel's side remembers
SHOWN = 100
SOCKS = 16384
QUEUE = 2048  # connections that may end within a second
BTF = "/sys/kernel/btf/vmlinux"
BTF_LIMIT = 64 << 20  # bytes


def address(raw: bytes) -> str:
    """16 bytes as text; IPv4 in its own form."""
    found = ipaddress.IPv6Address(raw)
    return str(found.ipv4_mapped or found)


class Retransmits(k_probe.Program):
    """Segments sent again, by remote address."""

    name = "retransmits"

    def attach(self) -> None:
        event = self.tools.events.get(k_tcp.RETRANSMIT)
        self._seen: Dict[bytes, Tuple[int, int, float]] = {}  # in the map, in sum, last change
        self._remotes = self.map(k_bpf.LRU_HASH, k_tcp.ADDRESS_BYTES, 8, REMOTES, "retr")
        self._total = 0
        self.run(event, k_tcp.retransmitted(event, self._remotes, self.counters("total")))

    def read(self, now: float) -> vsnap.Reading:
        total = self.number("total")
        # Not read for nothing: it stops programs (see Kernel.memory).
        changed = self.kernel.items(self._remotes) if total != self._total else ()
        self._total = total
        for key, value in changed:
            count = int.from_bytes(value, "little")
            before, counted, at = self._seen.get(key, (0, 0, now))
            if count != before:
                # Less than before: the key was dropped meanwhile, and came again.
                fresh = count - before if count > before else count
                self._seen[key] = (count, counted + fresh, now)
        latest = sorted(self._seen.items(), key=lambda item: (-item[1][2], -item[1][1]))
        self._seen = dict(latest[:REMOTES])
        return vsnap.Reading(
            {
                "retransmit.total": total,
                "retransmit.remote": {address(key): seen[1] for key, seen in latest[:SHOWN]},
            }
        )


class Connections(k_probe.Program):
    """TCP connections that ended."""

    name = "connections"
    _COLUMNS = (
        *("time", "pid", "command", "local", "local_port", "remote", "remote_port"),
        *("sent", "received", "resent", "duration", "state"),
    )

    def __init__(self, tools: k_probe.Tools, rows: int, times: k_rows.Times) -> None:
        super().__init__(tools)
        self._rows = k_rows.Rows("connection", self._COLUMNS, rows)
        self._times = times
        self._note = ""

    def attach(self) -> None:
        event = self.tools.events.get(k_tcp.STATE)
        offsets = self._offsets()
        self._note = "" if offsets else "without bytes: this kernel tells no types (BTF)"
        socks = self.map(k_bpf.LRU_HASH, 8, k_tcp.SOCK.size, SOCKS, "socks")
        self._queue = self.map(k_bpf.HASH, 16, k_tcp.RECORD.size, QUEUE, "ended")
        self._taken = 0
        counters = self.counters("lost", "ended")
        self.run(event, k_tcp.ended(event, socks, self._queue, counters, offsets))

    def _offsets(self) -> Optional[k_tcp.Offsets]:
        try:
            data = self.tools.world.bytes(BTF, BTF_LIMIT)
        except OSError:
            return None
        names = ("bytes_sent", "bytes_retrans", "bytes_received")
        found = k_btf.offsets(data, "tcp_sock", names)
        flags = k_btf.offsets(data, "sock_common", ("skc_flags",))
        if not found or not flags:
            return None
        sent, resent, received = (found[name] for name in names)
        return k_tcp.Offsets(sent, resent, received, flags["skc_flags"])

    def read(self, now: float) -> vsnap.Reading:
        ended = self.number("ended")
        taken = self.kernel.take(self._queue) if ended != self._taken else ()
        self._taken = ended
        records = [k_tcp.RECORD.unpack(value) for _, value in taken]
        for record in sorted(records, key=lambda record: record[1]):
            self._rows.add(self._row(record))
        self.lost = self.number("lost")
        values: Dict[str, Any] = {**self._rows.values(), "connection.count": self._rows.count}
        return vsnap.Reading(values, note=self._note)

    def _row(self, record: Tuple[int, ...]) -> Dict[str, object]:
        since, until, sent, resent, received, flags, *rest = record
        pid, command, local, remote, local_port, remote_port, last = rest
        known = sent != k_tcp.NO_BYTES
        established = since and last not in (k_tcp.SYN_SENT, k_tcp.SYN_RECV)
        return {
            "time": self._times.unix(until),
            "pid": pid or None,
            "command": k_names.text(command) if pid else None,  # type: ignore[arg-type]
            "local": address(local),  # type: ignore[arg-type]
            "local_port": local_port,
            "remote": address(remote),  # type: ignore[arg-type]
            "remote_port": remote_port,
            "sent": sent - resent if known else None,
            "received": received - bool(flags & k_tcp.FIN_SEEN) if known else None,
            "resent": resent if known else None,
            "duration": (until - since) / 1e6 if established else None,
            "state": k_tcp.STATES[last] if last < len(k_tcp.STATES) else str(last),
        }
