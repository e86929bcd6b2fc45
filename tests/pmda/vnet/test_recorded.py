"""A recorded world, read to the numbers that `ss` and `tc` told beside it (recorded/*.txt)."""

from __future__ import annotations

import socket
from typing import Any

import n_conntrack
import n_details
import n_diag
import n_qdisc
import n_scan
import pytest
import vcollect
import vfiles

HTONS = socket.htons


def read(build: Any, name: str, family: int) -> n_diag.Sockets:
    found = n_diag.Sockets()
    n_diag.Reader(build.Recorded(f"connections-{name}.bin")).connections(family, found, 1000)
    return found


def by_cookie(found: n_diag.Sockets) -> dict[int, dict[str, Any]]:
    names = ("state", "sport", "dport", "src", "dst", "interface", "cookie", "recvq", "sendq")
    names += ("unacked", "lost", "rtt", "rttvar", "total_retrans", "bytes_acked")
    names += ("bytes_received", "notsent", "min_rtt", "busy", "rwnd", "sndbuf")
    names += ("bytes_retrans", "reord_seen", "cong")
    rows = {}
    for index in range(len(found)):
        row = {name: found.columns[at][index] for at, name in enumerate(names)}
        columns = n_details.columns([found.place(index)])
        details = dict(zip(n_details.NAMES, [column[0] for column in columns], strict=True))
        rows[row["cookie"]] = {**details, **row, "last_ack": found.last_acks[index]}
    return rows


def expect(row: dict[str, Any], **values: Any) -> None:
    assert {name: row[name] for name in values} == values


def test_ipv4(build: Any) -> None:
    rows = by_cookie(read(build, "ipv4", socket.AF_INET))
    assert sorted(rows) == list(range(0x2293E, 0x22946))
    lossy = rows[0x22942]  # the client that sent 400 000 bytes through the bucket
    expect(lossy, state=1, sport=HTONS(59744), dport=HTONS(21850), recvq=0, sendq=0, cong=b"bbr\0")
    expect(lossy, rto=212000, rtt=9257, rttvar=2146, mss=1448, pmtu=1500, cwnd=15, ssthresh=136)
    expect(lossy, bytes_sent=467240, bytes_retrans=64616, bytes_acked=400001, bytes_received=0)
    expect(lossy, segs_out=329, segs_in=185, retrans=0, total_retrans=45, min_rtt=12)
    expect(lossy, busy_time=848000, busy=848000, rwnd_limited=0, sndbuf_limited=0, inode=672952)
    expect(lossy, snd_wnd=76800, uid=0, unacked=0, lost=0, notsent=0)
    expect(lossy, pacing_rate=17427248 // 8, delivery_rate=1976960 // 8)
    assert 0 <= 3464 - lossy["last_ack"] < 30  # recorded some milliseconds before ss looked
    reader = rows[0x2293F]  # and the other end of it
    expect(reader, sport=HTONS(21850), dport=HTONS(59744), bytes_received=400000, bytes_acked=0)
    expect(reader, rtt=14, rttvar=7, min_rtt=14, segs_out=185, segs_in=282, ssthresh=None)
    expect(rows[0x22943], cong=b"reno\0", rtt=101, bytes_acked=1)
    expect(rows[0x22940], inode=0)  # not accepted yet


def test_ipv6(build: Any) -> None:
    rows = by_cookie(read(build, "ipv6", socket.AF_INET6))
    assert sorted(rows) == list(range(0x22947, 0x2294B))
    lossy = rows[0x22948]
    expect(lossy, rtt=9007, rttvar=2400, total_retrans=61, bytes_retrans=87108, busy=436000)
    expect(lossy, bytes_sent=498540, cwnd=16, mss=1428, snd_wnd=79872, min_rtt=13)
    assert socket.inet_ntop(socket.AF_INET6, lossy["dst"]) == "::1"


def test_listeners(build: Any) -> None:
    (one,) = n_diag.Reader(build.Recorded("listeners-ipv4.bin")).listeners(socket.AF_INET)
    assert n_scan.endpoint(socket.AF_INET, one.address, one.port) == "127.0.0.1:21850"
    assert (one.queue, one.backlog, one.drops) == (2, 1, 0)  # full: one more than the backlog
    (one,) = n_diag.Reader(build.Recorded("listeners-ipv6.bin")).listeners(socket.AF_INET6)
    assert n_scan.endpoint(socket.AF_INET6, one.address, one.port) == "[::1]:21850"
    assert (one.queue, one.backlog) == (0, 1)


def test_a_token_bucket(build: Any) -> None:
    probe = n_qdisc.QdiscProbe(lambda protocol: build.Recorded("qdiscs.bin"), lambda: [(1, "lo")])
    assert probe.collect(0.0).values == {
        "qdisc.bytes": {"lo:tbf": 879438},
        "qdisc.packets": {"lo:tbf": 985},
        "qdisc.drops": {"lo:tbf": 116},
        "qdisc.overlimits": {"lo:tbf": 1332},
        "qdisc.requeues": {"lo:tbf": 0},
        "qdisc.qlen": {"lo:tbf": 0},
        "qdisc.backlog": {"lo:tbf": 0},
    }


# Two CPUs; columns of Linux 6.18, whose order differs from that of 5.10 below.
NEW = """\
entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop \
icmp_error  expect_new expect_create expect_delete search_restart
0000000a  00000000 00000003 00000000 00000011 00000000 00000000 00000000 00000000 00000001 \
00000002 00000004 00000000  00000000 00000000 00000000 000000ff
0000000a  00000000 00000001 00000000 00000001 00000000 00000000 00000000 00000000 00000000 \
00000001 00000000 00000000  00000000 00000000 00000000 00000001
"""
OLD = """\
entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop \
icmp_error  expect_new expect_create expect_delete search_restart
00000005  00000009 00000002 00000000 00000003 00000007 00000000 00000000 00000000 00000004 \
00000005 00000006 00000000  00000000 00000000 00000000 00000008
"""


def test_conntrack_s_columns_are_found_by_name() -> None:
    assert n_conntrack.statistics(NEW) == {
        "found": 4,
        "invalid": 18,
        "insert_failed": 1,
        "drop": 3,
        "early_drop": 4,
        "search_restart": 256,
    }
    assert n_conntrack.statistics(OLD) == {
        "found": 2,
        "invalid": 3,
        "insert_failed": 4,
        "drop": 5,
        "early_drop": 6,
        "search_restart": 8,
    }
    assert n_conntrack.statistics("entries found\n1 2\n") == {"found": 2}
    for wrong in ("", "entries found\n1\n", "found\nxyz\n"):
        with pytest.raises(ValueError):
            n_conntrack.statistics(wrong)


def test_conntrack(tmp_path: Any) -> None:
    probe = n_conntrack.ConntrackProbe(vfiles.World(str(tmp_path)))
    with pytest.raises(vcollect.Unavailable, match="not in use"):
        probe.collect(0.0)
    (tmp_path / "proc/sys/net/netfilter").mkdir(parents=True)
    (tmp_path / "proc/sys/net/netfilter/nf_conntrack_count").write_text("16384\n")
    (tmp_path / "proc/sys/net/netfilter/nf_conntrack_max").write_text("65536\n")
    reading = probe.collect(0.0)
    assert reading.values == {
        "conntrack.count": 16384,
        "conntrack.max": 65536,
        "conntrack.utilisation": 0.25,
    }
    assert reading.note.startswith("no failures, since they can't be read")
    (tmp_path / "proc/net/stat").mkdir(parents=True)
    (tmp_path / "proc/net/stat/nf_conntrack").write_text(OLD)
    reading = probe.collect(0.0)
    assert reading.values["conntrack.drop"] == 5
    assert reading.note == ""
