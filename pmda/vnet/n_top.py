"""Which connections are shown one by one: those that move most, retransmit most, are slowest.

A connection is its socket's cookie, so a port used again is a new one.
"""

from __future__ import annotations

import heapq
import socket
from functools import lru_cache
from itertools import compress
from typing import (
    Collection,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

import n_board
import n_details
import n_diag as diag
import n_scan
import vsnap

EVERY = 3.0  # seconds that a choice holds: whoever moved much is remembered until the next
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
        self._chosen: Dict[int, None] = {}
        self._until = float("-inf")  # when to choose anew

    def look(self, scans: Sequence[n_scan.Scan], now: float) -> Dict[int, Shown]:
        """Cookie -> the connections to show, in an order that stays."""
        self._score(scans)
        if sum(len(scan.sockets) for scan in scans) <= self.limit:
            self._chosen = {}
            return self._find(scans, None)
        if now < self._until:
            found = self._find(scans, self._chosen)
            if len(found) >= 0.9 * len(self._chosen):
                return found
        self._chosen, self._until = self._choose(scans), now + EVERY - 0.5
        return self._find(scans, self._chosen)

    def _find(
        self, scans: Sequence[n_scan.Scan], chosen: Optional[Mapping[int, None]]
    ) -> Dict[int, Shown]:
        found = {}
        for scan in scans:
            cookies = scan.columns[diag.COOKIE]
            places: Iterable[int] = range(len(cookies))
            if chosen is not None:
                places = compress(places, map(chosen.__contains__, cookies))
            for index in places:
                if not self._hidden or not self._hides(scan, index):
                    found[cookies[index]] = Shown(scan, index)
        return dict(sorted(found.items()))

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
    """Keys of the `count` highest scores, from the highest on."""
    if len(scores) > count > 0:  # to sort plain numbers is cheap
        least = sorted(scores.values())[-count]
        scores = {key: score for key, score in scores.items() if score >= least}
    return sorted(scores, key=scores.__getitem__, reverse=True)[:count]


def _slowest(scans: Sequence[n_scan.Scan], count: int) -> List[int]:
    """Cookies of the connections with the highest RTT whose peer was heard of lately."""
    slow: List[Tuple[int, int]] = []
    for scan in scans:
        rtts, cookies = scan.columns[diag.RTT], scan.columns[diag.COOKIE]
        least = max(sorted(rtts)[-4 * count :][0] if rtts else 0, 1)
        heard = scan.sockets.last_acks
        for index in compress(range(len(rtts)), map(least.__le__, rtts)):
            if heard[index] <= IDLE:
                slow.append((rtts[index], cookies[index]))
    return [cookie for _, cookie in heapq.nlargest(count, slow)]


class Table:
    """The values of each connection that is shown. A column that is as it was before is given
    as the same dict, so that nothing is made of it again."""

    def __init__(self) -> None:
        self._names: Dict[int, str] = {}
        self._cookies: List[int] = []
        self._before: Dict[str, Tuple[Sequence[object], Dict[int, object]]] = {}

    def reading(self, shown: Mapping[int, Shown]) -> vsnap.Reading:
        """Columns and names."""
        cookies = list(shown)
        if cookies != self._cookies:
            known = self._names
            self._names = {cookie: known.get(cookie) or name(*one) for cookie, one in shown.items()}
            self._cookies, self._before = cookies, {}
        values = {}
        for field, column in _cells(list(shown.values())):
            before = self._before.get(field)
            if before is None or before[0] != column:
                before = self._before[field] = column, dict(zip(cookies, column))
            values["conn." + field] = before[1]
        return vsnap.Reading(values, {"connection": self._names})  # type: ignore[arg-type]


def _cells(shown: Sequence[Shown]) -> Iterable[Tuple[str, Sequence[object]]]:
    """Field -> its value of each connection."""
    yield from zip(
        n_details.NAMES, n_details.columns([one.scan.sockets.place(one.row) for one in shown])
    )
    rows = [scan.sockets.rows[index] for scan, index in shown]
    for field, at in _IN_ROW.items():
        yield field, [row[at] for row in rows]
    yield "state", [diag.STATES.get(row[diag.STATE], "unknown") for row in rows]
    yield "cong", [congestion(row[diag.CONGESTION]) or None for row in rows]


@lru_cache(maxsize=64)
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
