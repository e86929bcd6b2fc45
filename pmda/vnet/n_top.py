"""Which connections are shown one by one: those that move most, retransmit most, are slowest.

A connection is its socket's cookie, so a port used again is a new one.
"""

from __future__ import annotations

import heapq
import socket
from typing import Collection, Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Tuple

import n_board
import n_diag as diag
import n_scan
import vsnap

IDLE = 60000  # ms without a sign of the peer: its RTT is no news
_IN_ROW = {"recvq": diag.RECVQ, "sendq": diag.SENDQ}
MOVED_AT = tuple(
    at - diag.COUNTERS.start for at in (diag.TOTAL_RETRANS, diag.BYTES_RECEIVED, diag.BYTES_ACKED)
)


class Shown(NamedTuple):
    """A connection that is shown: whose scan, and which row of it."""

    scan: n_scan.Scan
    row: int


class Top:
    """`limit` places: half for bytes, a quarter each for retransmits and RTT."""

    def __init__(self, limit: int, hidden_ports: Collection[int] = ()) -> None:
        self.limit = limit
        self._hidden: FrozenSet[int] = frozenset(socket.htons(port) for port in hidden_ports)
        self._bytes: Dict[int, float] = {}
        self._retrans: Dict[int, float] = {}

    def look(self, scans: Sequence[n_scan.Scan]) -> Dict[int, Shown]:
        """Cookie -> the connections to show, the most important first."""
        self._score(scans)
        total = sum(len(scan.sockets.rows) for scan in scans)
        chosen = None if total <= self.limit else self._choose(scans)
        found = {}
        at, sport, dport, hidden = diag.COOKIE, diag.SPORT, diag.DPORT, self._hidden
        for scan in scans:
            for index, row in enumerate(scan.sockets.rows):
                if chosen is None or row[at] in chosen:
                    if hidden and (row[sport] in hidden or row[dport] in hidden):
                        continue
                    found[row[at]] = Shown(scan, index)
        scores = self._bytes
        return dict(sorted(found.items(), key=lambda item: -scores.get(item[0], 0.0)))

    def _score(self, scans: Sequence[n_scan.Scan]) -> None:
        decay = n_board.DECAY
        moved = {key: value * decay for key, value in self._bytes.items() if value > 1}
        resent = {key: value * decay for key, value in self._retrans.items() if value > 0.01}
        retrans_at, in_at, out_at = MOVED_AT
        for scan in scans:
            rows = scan.sockets.rows
            for index, more in scan.moved:
                cookie = rows[index][diag.COOKIE]
                moved[cookie] = moved.get(cookie, 0.0) + more[in_at] + more[out_at]
                if more[retrans_at]:
                    resent[cookie] = resent.get(cookie, 0.0) + more[retrans_at]
        self._bytes, self._retrans = moved, resent

    def _choose(self, scans: Sequence[n_scan.Scan]) -> Dict[int, None]:
        """Cookies, from the most to the least important; the scores of the dead do no harm."""
        quarter = max(self.limit // 4, 1)
        present = {row[diag.COOKIE] for scan in scans for row in scan.sockets.rows}
        resent = [cookie for cookie in _largest(self._retrans, self.limit) if cookie in present]
        moved = [cookie for cookie in _largest(self._bytes, 2 * self.limit) if cookie in present]
        chosen = dict.fromkeys(resent[:quarter])
        chosen.update(dict.fromkeys(moved[: 2 * quarter]))
        for cookie in _slowest(scans, self.limit) + moved:
            if len(chosen) >= self.limit:
                break
            chosen[cookie] = None
        return chosen


def _largest(scores: Mapping[int, float], count: int) -> List[int]:
    return heapq.nlargest(count, scores, key=lambda cookie: scores[cookie])


def _slowest(scans: Sequence[n_scan.Scan], count: int) -> List[int]:
    """Cookies of the connections with the highest RTT whose peer was heard of lately."""
    rtt_at = diag.RTT
    slow: List[Tuple[int, int, int]] = []
    for number, scan in enumerate(scans):
        rtts = [row[rtt_at] for row in scan.sockets.rows]
        for index in heapq.nlargest(4 * count, range(len(rtts)), key=rtts.__getitem__):
            slow.append((rtts[index], number, index))
    found = []
    for rtt, number, index in sorted(slow, reverse=True):
        sockets = scans[number].sockets
        heard = diag.details(sockets.places[index]).get("last_ack")
        if rtt and heard is not None and heard <= IDLE:
            found.append(sockets.rows[index][diag.COOKIE])
            if len(found) == count:
                break
    return found


def reading(shown: Mapping[int, Shown]) -> vsnap.Reading:
    """The values of each connection that is shown."""
    columns: Dict[str, Dict[int, object]] = {
        "conn." + name: {}
        for name in (*diag.FIELDS, *_IN_ROW, "state", "cong", "uid", "inode")
        if name != "last_ack"
    }
    names = {}
    for cookie, (scan, index) in shown.items():
        row, place = scan.sockets.rows[index], scan.sockets.places[index]
        names[cookie] = name(scan, index)
        for field, value in diag.details(place).items():
            if field != "last_ack":
                columns["conn." + field][cookie] = value
        for field, at in _IN_ROW.items():
            columns["conn." + field][cookie] = row[at]
        columns["conn.state"][cookie] = diag.STATES.get(row[diag.STATE], "unknown")
        columns["conn.cong"][cookie] = congestion(row) or None
    return vsnap.Reading(columns, {"connection": names})  # type: ignore[arg-type,dict-item]


def congestion(row: diag.Row) -> str:
    return str(row[diag.CONGESTION].rstrip(b"\0").decode("ascii", "replace"))


def name(scan: n_scan.Scan, index: int) -> str:
    """`local:port>remote:port` of a row."""
    row = scan.sockets.rows[index]
    family = socket.AF_INET if index < scan.families[0] else socket.AF_INET6
    here = n_scan.endpoint(family, row[diag.SRC], row[diag.SPORT])
    there = n_scan.endpoint(family, row[diag.DST], row[diag.DPORT])
    return "%s>%s%s" % (here, there, n_scan.suffix(scan.label))
