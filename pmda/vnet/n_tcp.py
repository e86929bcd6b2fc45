"""What all connections tell together: states, RTT, retransmits, limits, by port, by remote.

Sums over the rows of one look; running totals of what moved between looks.
"""

from __future__ import annotations

import operator
import socket
from collections import Counter
from itertools import chain, compress
from typing import Any, Callable, Dict, Hashable, List, Mapping, Optional, Sequence, Tuple

import n_board
import n_diag as diag
import n_scan
import n_top
import vhist

REST = "other"
FIN_WAIT2 = 5
_RETRANS, _IN, _OUT = n_top.MOVED_AT
_START = diag.COUNTERS.start
_TOTALS = {  # metric -> counter of a row
    "tcp.retrans.segs": diag.TOTAL_RETRANS,
    "tcp.retrans.bytes": diag.BYTES_RETRANS,
    "tcp.limited.busy": diag.BUSY,
    "tcp.limited.rwnd": diag.RWND_LIMITED,
    "tcp.limited.sndbuf": diag.SNDBUF_LIMITED,
}
# Metrics whose field an old kernel's tcp_info may lack.
_NEED = {
    "tcp.retrans.bytes": "bytes_retrans",
    "tcp.limited.busy": "busy",
    "tcp.limited.rwnd": "busy",
    "tcp.limited.sndbuf": "busy",
    "tcp.minrtt.p50": "min_rtt",
    "tcp.notsent": "notsent",
    "tcp.reordering": "reord_seen",
}
Scans = Sequence[n_scan.Scan]
Columns = Dict[str, Any]


class Totals:
    """Counters over all connections, closed ones too."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_TOTALS, 0)

    def look(self, scans: Scans) -> Columns:
        sums, resenders = self._sums, 0
        for scan in scans:
            for _, more in scan.moved:
                resenders += more[_RETRANS] > 0
                for name, at in _TOTALS.items():
                    sums[name] += more[at - _START]
        return dict(sums, **{"tcp.retrans.conns": resenders})


class Whole:
    """The columns of all scans as one, and what was made of them for as long as they are the
    very same lists: mostly few of them change between two looks."""

    def __init__(self) -> None:
        self._scans: Scans = ()
        self._joined: Dict[int, Tuple[List[diag.Column], diag.Column]] = {}
        self._made: Dict[str, Tuple[List[diag.Column], Any]] = {}

    def look(self, scans: Scans) -> None:
        self._scans = scans

    def column(self, at: int) -> diag.Column:
        """One value of every row of all scans."""
        sources = [scan.columns[at] for scan in self._scans]
        if len(sources) == 1:
            return sources[0]
        before = self._joined.get(at)
        if before is None or not _same(before[0], sources):
            before = self._joined[at] = sources, [value for one in sources for value in one]
        return before[1]

    def made(self, name: str, make: Callable[..., Any], *ats: int) -> Any:
        """`make` of the columns `ats`."""
        columns = [self.column(at) for at in ats]
        before = self._made.get(name)
        if before is None or not _same(before[0], columns):
            before = self._made[name] = columns, make(*columns)
        return before[1]


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    """Whether they are the very same objects."""
    return len(some) == len(others) and all(map(operator.is_, some, others))


def states(scans: Scans, whole: Whole) -> Columns:
    """Sockets by state. TIME_WAIT is the kernel's own count, absent where it can't be read."""
    found = Counter(whole.made("states", Counter, diag.STATE))
    for scan in scans:
        found.update(scan.sockets.bare)
        found[diag.LISTEN] += len(scan.listeners)
    counts: Dict[str, Optional[int]] = {
        name: found.get(number, 0) for number, name in diag.STATES.items()
    }
    waits = [scan.time_wait for scan in scans]
    # The kernel counts what waits in FIN_WAIT2 without a socket among them.
    early = sum(scan.sockets.bare.count(FIN_WAIT2) for scan in scans)
    counts["time_wait"] = (
        None if None in waits else max(sum(map(int, filter(None, waits))) - early, 0)
    )
    return {"tcp.sockets": counts}


def distributions(whole: Whole) -> Columns:
    """RTT and retransmits over the connections that are there now."""
    return {
        **whole.made("rtt", _times, diag.RTT),
        **whole.made("jitter", _jitter, diag.RTT, diag.RTTVAR),
        **whole.made("least", _least_times, diag.MIN_RTT),
        **whole.made("resent", _resent, diag.TOTAL_RETRANS),
    }


def _times(column: Sequence[int]) -> Columns:
    rtts = sorted(filter(None, column))
    buckets = [0] * 32
    for bits, count in Counter(map(int.bit_length, rtts)).items():
        buckets[max(bits - 1, 0)] += count
    return {
        "tcp.rtt.hist": vhist.column(buckets),
        "tcp.rtt.p50": vhist.exact_quantile(rtts, 0.5),
        "tcp.rtt.p95": vhist.exact_quantile(rtts, 0.95),
        "tcp.rtt.p99": vhist.exact_quantile(rtts, 0.99),
        "tcp.rtt.max": rtts[-1] if rtts else None,
        "tcp.rtt.mean": sum(rtts) / len(rtts) if rtts else None,
    }


def _jitter(times: Sequence[int], column: Sequence[int]) -> Columns:
    return {"tcp.rttvar.p95": vhist.exact_quantile(sorted(compress(column, times)), 0.95)}


def _least_times(column: Sequence[int]) -> Columns:
    least = sorted([rtt for rtt in column if rtt != diag.NO_MIN_RTT])
    return {"tcp.minrtt.p50": vhist.exact_quantile(least, 0.5)}


def _resent(column: Sequence[int]) -> Columns:
    resent = [0] * 33
    for bits, count in Counter(map(int.bit_length, column)).items():
        resent[bits] = count
    return {"tcp.retrans.hist": _by_retransmits(resent)}


def _by_retransmits(counts: Sequence[int]) -> Dict[str, int]:
    """Bucket's name -> connections; none and one stand alone, then powers of two."""
    last = max((index for index, count in enumerate(counts) if count), default=-1)
    return {
        "%d-%d" % ((1 << index) >> 1, (1 << index) - 1): counts[index] for index in range(last + 1)
    }


def sums(whole: Whole) -> Columns:
    """What is under way in all connections together."""
    return {
        "tcp.unacked": whole.made("unacked", sum, diag.UNACKED),
        "tcp.notsent": whole.made("notsent", sum, diag.NOTSENT),
        "tcp.lost": whole.made("lost", sum, diag.LOST),
        "tcp.reordering": whole.made("reordering", _reordered, diag.REORD_SEEN),
        "tcp.cong": whole.made("cong", _algorithms, diag.CONGESTION),
    }


def _reordered(column: Sequence[int]) -> int:
    return sum(map(bool, column))


def _algorithms(column: Sequence[bytes]) -> Dict[str, int]:
    found: Dict[str, int] = {}
    for text, count in Counter(column).items():
        name = n_top.congestion(text)
        if name:
            found[name] = found.get(name, 0) + count
    return found


def without_uncovered(columns: Columns, covered: int) -> Columns:
    """`columns` without those whose fields this kernel's tcp_info lacks."""
    return {
        name: value
        for name, value in columns.items()
        if name not in _NEED or diag.NEEDS[_NEED[name]] <= covered
    }


class Groups:
    """Connections by what `keys` says of each, the busiest N and the rest."""

    def __init__(self, prefix: str, limit: int, more: "Sequence[Tuple[str, Fold, int]]") -> None:
        self.prefix = prefix
        self.board: n_board.Board[Hashable] = n_board.Board(limit)
        self._more = more
        self._keys: List[Sequence[Hashable]] = []
        self._places: Dict[Hashable, List[int]] = {}
        self._present: Dict[Hashable, int] = {}

    def look(
        self, whole: Whole, scans: Scans, keys: List[Sequence[Hashable]], now: float
    ) -> Columns:
        """`keys`: for each scan one key per row. The columns, keyed by key and REST."""
        if not _same(keys, self._keys):
            self._keys, self._places = keys, _grouped(keys)
            self._present = {key: len(places) for key, places in self._places.items()}
        moved: Dict[Hashable, List[int]] = {}
        for scan, column in zip(scans, keys):
            for index, more in scan.moved:
                total = moved.setdefault(column[index], [0, 0, 0])
                total[0] += more[_RETRANS]
                total[1] += more[_IN]
                total[2] += more[_OUT]
        shown = self.board.look(self._present, moved, now)
        groups: Dict[Hashable, List[int]] = {key: self._places.get(key, []) for key in shown}
        rest: List[int] = []
        for key, places in self._places.items():
            if key not in groups:
                rest += places
        if rest or any(self.board.rest):
            groups[REST] = rest
        return self._columns(groups, whole)

    def _columns(self, groups: Mapping[Hashable, List[int]], whole: Whole) -> Columns:
        names = ["%s.%s" % (self.prefix, name) for name in _OF_ALL]
        columns: Columns = {name: {} for name in names}
        for key, places in groups.items():
            total = self.board.rest if key == REST else self.board.totals[key]
            for name, value in zip(names, (len(places), *total)):
                columns[name][key] = value
        for name, fold, at in (("rtt_mean", _mean, diag.RTT), *self._more):
            column = whole.column(at)
            columns["%s.%s" % (self.prefix, name)] = {
                key: fold(column if len(places) == len(column) else _picked(column, places))
                for key, places in groups.items()
            }
        return columns


_OF_ALL = ("conns", "retrans", "bytes_in", "bytes_out")


def _grouped(keys: Sequence[Sequence[Hashable]]) -> Dict[Hashable, List[int]]:
    """Key -> rows."""
    places: Dict[Hashable, List[int]] = {}
    for index, key in enumerate(chain.from_iterable(keys)):
        if key in places:
            places[key].append(index)
        else:
            places[key] = [index]
    return places


def _picked(column: Sequence[int], places: Sequence[int]) -> List[int]:
    return list(map(column.__getitem__, places))


def _mean(rtts: Sequence[int]) -> Optional[float]:
    known = len(rtts) - rtts.count(0)
    return sum(rtts) / known if known else None


def _high(rtts: Sequence[int]) -> Optional[float]:
    return vhist.exact_quantile(sorted(filter(None, rtts)), 0.95)


def _least(rtts: Sequence[int]) -> Optional[int]:
    least = min(rtts, default=diag.NO_MIN_RTT)
    return None if least == diag.NO_MIN_RTT else least


# What is told of a service, and of a peer, beside what is told of both.
Fold = Callable[[Sequence[int]], Optional[float]]
OF_PORTS: Tuple[Tuple[str, Fold, int], ...] = (
    ("rtt_p95", _high, diag.RTT),
    ("recvq", sum, diag.RECVQ),
    ("sendq", sum, diag.SENDQ),
)
OF_REMOTES: Tuple[Tuple[str, Fold, int], ...] = (
    ("rtt_min", _least, diag.MIN_RTT),
    ("unacked", sum, diag.UNACKED),
)


def port_names(keys: Sequence[Hashable], labels: Mapping[int, str]) -> Dict[Hashable, str]:
    """Names of port keys: in:22 for a service here, out:443 for one elsewhere."""
    names = {}
    for key in keys:
        if isinstance(key, int):
            way = "out" if key & n_scan.OUTBOUND else "in"
            label = n_scan.suffix(labels.get(key >> 17, ""))
            names[key] = "%s:%d%s" % (way, socket.ntohs(key & 0xFFFF), label)
    return names  # type: ignore[return-value]


def remote_names(keys: Sequence[Hashable]) -> Dict[Hashable, str]:
    return {key: n_scan.address_text(key) for key in keys if isinstance(key, bytes)}


class Listeners:
    """Accept queues of all listeners, by address and port."""

    def __init__(self) -> None:
        self._highest: Dict[str, Tuple[int, float]] = {}  # queue, when it was last seen

    def look(self, scans: Scans, now: float) -> Columns:
        """Sockets that share address and port (SO_REUSEPORT) count as one listener."""
        found: Dict[str, List[diag.Listener]] = {}
        for scan in scans:
            for family, label, one in scan.listeners:
                name = n_scan.endpoint(family, one.address, one.port) + n_scan.suffix(label)
                found.setdefault(name, []).append(one)
        columns: Columns = {"listen." + name: {} for name in _LISTEN}
        for name, ones in found.items():
            queue = sum(one.queue for one in ones)
            highest = max(queue, self._highest.get(name, (0, 0.0))[0])
            self._highest[name] = (highest, now)
            cells = (queue, sum(one.backlog for one in ones), _fill(ones), highest, _drops(ones))
            for column, value in zip(_LISTEN, cells):
                columns["listen." + column][name] = value
        if len(self._highest) > 2 * len(found) + 100:
            self._highest = {name: self._highest[name] for name in found}
        return columns


_LISTEN = ("queue", "backlog", "utilisation", "max_queue", "drops")


def _fill(ones: Sequence[diag.Listener]) -> float:
    """How full the fullest queue is; the kernel lets one more in than the backlog says."""
    return max(one.queue / (one.backlog + 1) for one in ones)


def _drops(ones: Sequence[diag.Listener]) -> Optional[int]:
    """Together; a 32-bit counter of each socket. None where the kernel does not tell."""
    drops = [one.drops for one in ones if one.drops is not None]
    return sum(drops) & 0xFFFFFFFF if drops else None
