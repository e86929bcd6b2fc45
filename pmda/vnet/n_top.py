"""Which connections are shown one by one: those that move most, retransmit most, are slowest.

A connection is its socket's cookie, so a port used again is a new one.
"""

from __future__ import annotations

import heapq
import socket
from typing import Any, Collection, Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Tuple

import n_board
import n_diag as diag
import n_scan
import vsnap

IDLE = 60000  # ms without a sign of the peer: its RTT is no news
_IN_ROW = {"recvq": diag.RECVQ, "sendq": diag.SENDQ}
_COLUMNS = (*diag.NAMES, *_IN_ROW, "state", "cong")
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
        total = sum(len(scan.sockets) for scan in scans)
        chosen = None if total <= self.limit else self._choose(scans)
        found = {}
        for scan in scans:
            for index, cookie in enumerate(scan.columns[diag.COOKIE]):
                if (chosen is None or cookie in chosen) and not self._hides(scan, index):
                    found[cookie] = Shown(scan, index)
        scores = self._bytes
        return dict(sorted(found.items(), key=lambda item: -scores.get(item[0], 0.0)))

    def _hides(self, scan: n_scan.Scan, index: int) -> bool:
        columns, hidden = scan.columns, self._hidden
        return columns[diag.SPORT][index] in hidden or columns[diag.DPORT][index] in hidden

    def _score(self, scans: Sequence[n_scan.Scan]) -> None:
        decay = n_board.DECAY
        moved = {key: value * decay for key, value in self._bytes.items() if value > 1}
        resent = {key: value * decay for key, value in self._retrans.items() if value > 0.01}
        retrans_at, in_at, out_at = MOVED_AT
        for scan in scans:
            cookies = scan.columns[diag.COOKIE]
            for index, more in scan.moved:
                cookie = cookies[index]
                moved[cookie] = moved.get(cookie, 0.0) + more[in_at] + more[out_at]
                if more[retrans_at]:
                    resent[cookie] = resent.get(cookie, 0.0) + more[retrans_at]
        self._bytes, self._retrans = moved, resent

    def _choose(self, scans: Sequence[n_scan.Scan]) -> Dict[int, None]:
        """Cookies, from the most to the least important; the scores of the dead do no harm."""
        quarter = max(self.limit // 4, 1)
        present = {cookie for scan in scans for cookie in scan.columns[diag.COOKIE]}
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
    slow: List[Tuple[int, int]] = []
    for scan in scans:
        columns = scan.columns
        rtts = columns[diag.RTT]
        least = min(heapq.nlargest(4 * count, rtts), default=0)
        slow += [
            (rtt, cookie)
            for rtt, cookie, heard in zip(rtts, columns[diag.COOKIE], columns[diag.LAST_ACK])
            if rtt >= least and rtt and heard <= IDLE
        ]
    return [cookie for _, cookie in heapq.nlargest(count, slow)]


def reading(shown: Mapping[int, Shown], known: Mapping[Any, str]) -> vsnap.Reading:
    """The values of each connection that is shown; `known` are names of earlier readings."""
    names, table = {}, []
    for cookie, (scan, index) in shown.items():
        columns = scan.columns
        names[cookie] = known.get(cookie) or name(scan, index)
        cells: List[object] = list(diag.details(scan.sockets.place(index)))
        cells += [columns[at][index] for at in _IN_ROW.values()]
        cells.append(diag.STATES.get(columns[diag.STATE][index], "unknown"))
        cells.append(congestion(columns[diag.CONGESTION][index]) or None)
        table.append(cells)
    values = {}
    for field, column in zip(_COLUMNS, zip(*table)):
        values["conn." + field] = dict(zip(shown, column))
    return vsnap.Reading(values, {"connection": names})  # type: ignore[dict-item]


def congestion(text: bytes) -> str:
    """Name of the algorithm, "" where the kernel told none."""
    return text.rstrip(b"\0").decode("ascii", "replace")


def name(scan: n_scan.Scan, index: int) -> str:
    """`local:port>remote:port` of a row."""
    columns = scan.columns
    family = socket.AF_INET if index < scan.families[0] else socket.AF_INET6
    here = n_scan.endpoint(family, columns[diag.SRC][index], columns[diag.SPORT][index])
    there = n_scan.endpoint(family, columns[diag.DST][index], columns[diag.DPORT][index])
    return "%s>%s%s" % (here, there, n_scan.suffix(scan.label))
