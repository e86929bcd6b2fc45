"""Every value of a single connection: for the few that are shown one by one.

What all connections are summed up by is read in `n_diag`; the formats stand there.
"""

from __future__ import annotations

import struct
from typing import List, Optional, Sequence, Tuple

import n_diag as diag

# Every field of tcp_info that a single connection shows: offset and format, in order.
FIELDS = {
    "rto": (8, "L"),
    "mss": (16, "L"),
    "unacked": (24, "L"),
    "lost": (32, "L"),
    "retrans": (36, "L"),
    "last_rcv": (52, "L"),
    "pmtu": (60, "L"),
    "rtt": (68, "L"),
    "rttvar": (72, "L"),
    "ssthresh": (76, "L"),
    "cwnd": (80, "L"),
    "total_retrans": (100, "L"),
    "pacing_rate": (104, "Q"),
    "bytes_acked": (120, "Q"),
    "bytes_received": (128, "Q"),
    "segs_out": (136, "L"),
    "segs_in": (140, "L"),
    "notsent": (144, "L"),
    "min_rtt": (148, "L"),
    "delivery_rate": (160, "Q"),
    "busy_time": (168, "Q"),
    "rwnd_limited": (176, "Q"),
    "sndbuf_limited": (184, "Q"),
    "bytes_sent": (200, "Q"),
    "bytes_retrans": (208, "Q"),
    "snd_wnd": (228, "L"),
}
NAMES = (*FIELDS, "uid", "inode")
# Values by which the kernel says: none.
_NONE = {"ssthresh": 0x7FFFFFFF, "min_rtt": diag.NO_MIN_RTT, "pacing_rate": 0xFFFFFFFFFFFFFFFF}
_NONE_AT = tuple((NAMES.index(name), value) for name, value in _NONE.items())
_FORMATS = tuple((at, struct.Struct("=" + form)) for at, form in FIELDS.values())
_owner = struct.Struct("=LL").unpack_from

Values = Sequence[Optional[int]]


def _whole() -> struct.Struct:
    """All of FIELDS in one step, where tcp_info is long enough."""
    form, after = "=", 0
    for at, kind in FIELDS.values():
        form += "%dx%s" % (at - after, kind)
        after = at + struct.calcsize("=" + kind)
    return struct.Struct(form)


_WHOLE = _whole()


def columns(places: Sequence[diag.Place]) -> List[Values]:
    """For each of NAMES the values of all sockets at `places`; None for what one does not have."""
    if not places:
        return [()] * len(NAMES)
    found: List[Values] = list(zip(*[_values(*place) for place in places]))
    for index, none in _NONE_AT:
        if none in found[index]:
            found[index] = [None if value == none else value for value in found[index]]
    return found


def _values(buffer: diag.Buffer, start: int, low: int, high: int) -> Tuple[Optional[int], ...]:
    if high - low >= _WHOLE.size:
        return _WHOLE.unpack_from(buffer, low) + _owner(buffer, start + 64)
    values = [
        form.unpack_from(buffer, low + at)[0] if low + at + form.size <= high else None
        for at, form in _FORMATS
    ]
    return (*values, *_owner(buffer, start + 64))
