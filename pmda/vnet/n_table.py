"""What vnet exports: its instance domains, its metrics, and the options of its conf."""

from __future__ import annotations

import vconf
from vtable import (
    ALL,
    COUNTER,
    DISCRETE,
    DOUBLE,
    FLOAT,
    INSTANT,
    STRING,
    U32,
    U64,
    Indom,
    Table,
    group,
)

CONNECTIONS, REMOTES, PORTS = 500, 500, 500  # highest numbers that the conf may ask for

STATE = Indom(2, "state", "states of a TCP socket", 16)
RTT = Indom(3, "rtt", "ranges of a round trip's time in microseconds: lowest-highest", 40)
RETRANS = Indom(4, "retrans", "ranges of a number of segments: lowest-highest", 40)
CONG = Indom(5, "congestion", "algorithms of congestion control", 64)
PORT = Indom(
    6,
    "port",
    "services: in:PORT those of this host, out:PORT those that it uses elsewhere, @NAMESPACE where"
    " it is another network namespace, and other: the rest",
    PORTS + 1,
)
LISTENER = Indom(7, "listener", "listening sockets: address:port, @NAMESPACE", 1000)
REMOTE = Indom(8, "remote", "addresses of peers, and other: the rest", REMOTES + 1)
CONNECTION = Indom(9, "connection", "connections: local:port>remote:port, @NAMESPACE", CONNECTIONS)
QDISC = Indom(10, "qdisc", "queueing disciplines: interface:kind, :PARENT below another", 1000)

_TCP = (
    "From INET_DIAG, over the TCP sockets of all network namespaces that can be seen\n"
    "(vnet.netns.scanned), once a second, or less often to stay within the budget of vnet.conf."
)
_SINCE = (
    "Counted from the agent's start, as increases of each connection between two looks. What\n"
    "a connection did between the last look at it and its end is not seen. "
)
_NOW = "Over the connections that are there now. "

_SCAN = group(
    1,
    "tcp",
    ALL,
    _TCP,
    (
        (0, "scanned", U32, INSTANT, "count", "sockets read at the last look"),
        (1, "truncated", U32, INSTANT, "none", "1 if there were more than max_sockets, else 0"),
        (2, "scan_time", U64, INSTANT, "microsec", "CPU time of the last look"),
        (3, "skipped", U64, COUNTER, "count", "looks left out to stay within the budget"),
    ),
)
_STATES = group(
    2,
    "tcp",
    STATE,
    _TCP + "\nThose in TIME_WAIT as the kernel counts them itself.",
    ((0, "sockets", U32, INSTANT, "count", "sockets by state"),),
)
_RTT = group(
    3,
    "tcp",
    ALL,
    _NOW + _TCP,
    (
        (0, "rtt.p50", FLOAT, INSTANT, "microsec", "smoothed round trip time: median"),
        (1, "rtt.p95", FLOAT, INSTANT, "microsec", "smoothed round trip time: 95th percentile"),
        (2, "rtt.p99", FLOAT, INSTANT, "microsec", "smoothed round trip time: 99th percentile"),
        (3, "rtt.max", FLOAT, INSTANT, "microsec", "smoothed round trip time: highest"),
        (4, "rtt.mean", FLOAT, INSTANT, "microsec", "smoothed round trip time: mean"),
        (5, "minrtt.p50", FLOAT, INSTANT, "microsec", "least round trip time: median"),
        (6, "rttvar.p95", FLOAT, INSTANT, "microsec", "variation of it (jitter): 95th percentile"),
        (7, "unacked", U64, INSTANT, "count", "segments sent and not acknowledged yet"),
        (8, "notsent", U64, INSTANT, "byte", "written by programs, not sent yet"),
        (9, "lost", U64, INSTANT, "count", "segments that are taken for lost"),
        (10, "reordering", U64, INSTANT, "count", "connections that saw reordered segments"),
    ),
)
_RTT_HIST = group(
    4,
    "tcp.rtt",
    RTT,
    "Not a counter: how many connections stand in each range at this moment. " + _TCP,
    ((0, "hist", U32, INSTANT, "count", "connections by smoothed round trip time"),),
)
_RETRANS = group(
    5,
    "tcp",
    ALL,
    _SINCE + _TCP,
    (
        (0, "retrans.segs", U64, COUNTER, "count", "segments retransmitted"),
        (1, "retrans.bytes", U64, COUNTER, "byte", "bytes retransmitted"),
        (2, "limited.busy", U64, COUNTER, "microsec", "time with something to send"),
        (3, "limited.rwnd", U64, COUNTER, "microsec", "time held back by the receiver's window"),
        (4, "limited.sndbuf", U64, COUNTER, "microsec", "time held back by the send buffer"),
    ),
) + group(
    6,
    "tcp.retrans",
    ALL,
    _NOW + _TCP,
    ((0, "conns", U32, INSTANT, "count", "connections that retransmitted since the last look"),),
)
_RETRANS_HIST = group(
    7,
    "tcp.retrans",
    RETRANS,
    "Each over its whole life. Not a counter. " + _NOW + _TCP,
    ((0, "hist", U32, INSTANT, "count", "connections by segments that they retransmitted"),),
)
_CONG = group(
    8,
    "tcp",
    CONG,
    _NOW + _TCP,
    ((0, "cong", U32, INSTANT, "count", "connections by congestion control"),),
)
_PORT = group(
    9,
    "port",
    PORT,
    "Connections whose local port has a listener count for that port, all others for their\n"
    "peer's. The busiest services and the rest together. " + _SINCE + _TCP,
    (
        (0, "conns", U32, INSTANT, "count", "connections of a service"),
        (1, "rtt_mean", FLOAT, INSTANT, "microsec", "smoothed round trip time: mean"),
        (2, "rtt_p95", FLOAT, INSTANT, "microsec", "smoothed round trip time: 95th percentile"),
        (3, "retrans", U64, COUNTER, "count", "segments retransmitted"),
        (4, "bytes_in", U64, COUNTER, "byte", "bytes received"),
        (5, "bytes_out", U64, COUNTER, "byte", "bytes sent and acknowledged"),
        (6, "recvq", U64, INSTANT, "byte", "received, not read by programs yet"),
        (7, "sendq", U64, INSTANT, "byte", "written by programs, not acknowledged yet"),
    ),
)
_LISTEN = group(
    10,
    "listen",
    LISTENER,
    "Sockets that share address and port count as one; utilisation is then the fullest's. " + _TCP,
    (
        (0, "queue", U32, INSTANT, "count", "connections that wait to be accepted"),
        (1, "backlog", U32, INSTANT, "count", "limit of the queue as listen(2) set it"),
        (2, "utilisation", FLOAT, INSTANT, "none", "queue / (backlog + 1): 1 is full"),
        (3, "max_queue", U32, INSTANT, "count", "longest queue seen since the agent's start"),
        (4, "drops", U32, COUNTER, "count", "connections refused, mostly for a full queue"),
    ),
)
_REMOTE = group(
    11,
    "remote",
    REMOTE,
    "The busiest peers and the rest together. " + _SINCE + _TCP,
    (
        (0, "conns", U32, INSTANT, "count", "connections with a peer"),
        (1, "rtt_mean", FLOAT, INSTANT, "microsec", "smoothed round trip time: mean"),
        (2, "rtt_min", FLOAT, INSTANT, "microsec", "least round trip time"),
        (3, "retrans", U64, COUNTER, "count", "segments retransmitted"),
        (4, "bytes_in", U64, COUNTER, "byte", "bytes received"),
        (5, "bytes_out", U64, COUNTER, "byte", "bytes sent and acknowledged"),
        (6, "unacked", U64, INSTANT, "count", "segments sent and not acknowledged yet"),
    ),
)
_CONNECTION = group(
    12,
    "conn",
    CONNECTION,
    "Of the connections that move most bytes, retransmit most, or have the longest round\n"
    "trips (option connections). A connection is its socket's cookie: a port that is used\n"
    "again is another instance. A client's bytes_acked counts its SYN, either side's its FIN. "
    + _TCP,
    (
        (0, "state", STRING, INSTANT, "none", "state of the socket"),
        (1, "rtt", U32, INSTANT, "microsec", "smoothed round trip time"),
        (2, "rttvar", U32, INSTANT, "microsec", "variation of the round trip time"),
        (3, "min_rtt", U32, INSTANT, "microsec", "least round trip time of the last minutes"),
        (4, "rto", U32, INSTANT, "microsec", "retransmission timeout"),
        (5, "cwnd", U32, INSTANT, "count", "congestion window in segments"),
        (6, "ssthresh", U32, INSTANT, "count", "slow start threshold; no value: none yet"),
        (7, "snd_wnd", U32, INSTANT, "byte", "the window that the peer offers"),
        (8, "unacked", U32, INSTANT, "count", "segments sent and not acknowledged yet"),
        (9, "lost", U32, INSTANT, "count", "segments that are taken for lost"),
        (10, "retrans", U32, INSTANT, "count", "retransmitted segments under way"),
        (11, "total_retrans", U32, COUNTER, "count", "segments retransmitted"),
        (12, "bytes_acked", U64, COUNTER, "byte", "bytes sent and acknowledged"),
        (13, "bytes_received", U64, COUNTER, "byte", "bytes received in order"),
        (14, "bytes_sent", U64, COUNTER, "byte", "bytes sent, retransmissions too"),
        (15, "bytes_retrans", U64, COUNTER, "byte", "bytes retransmitted"),
        (16, "recvq", U32, INSTANT, "byte", "received, not read by the program yet"),
        (17, "sendq", U32, INSTANT, "byte", "written by the program, not acknowledged yet"),
        (18, "pacing_rate", U64, INSTANT, "byte / sec", "pacing rate; no value: unlimited"),
        (19, "delivery_rate", U64, INSTANT, "byte / sec", "measured delivery rate"),
        (20, "notsent", U32, INSTANT, "byte", "written by the program, not sent yet"),
        (21, "mss", U32, INSTANT, "byte", "largest segment sent"),
        (22, "pmtu", U32, INSTANT, "byte", "MTU of the path"),
        (23, "segs_in", U32, COUNTER, "count", "segments received"),
        (24, "segs_out", U32, COUNTER, "count", "segments sent"),
        (25, "busy_time", U64, COUNTER, "microsec", "time with something to send"),
        (26, "rwnd_limited", U64, COUNTER, "microsec", "time held back by the peer's window"),
        (27, "sndbuf_limited", U64, COUNTER, "microsec", "time held back by the send buffer"),
        (28, "last_rcv", U32, INSTANT, "millisec", "time since data came"),
        (29, "cong", STRING, INSTANT, "none", "algorithm of congestion control"),
        (30, "uid", U32, DISCRETE, "none", "user id of the socket's owner"),
        (31, "inode", U32, DISCRETE, "none", "inode of the socket, as /proc/PID/fd shows it"),
    ),
)
_QDISC = group(
    13,
    "qdisc",
    QDISC,
    "From rtnetlink, for the agent's own network namespace. What hangs below a root that\n"
    "sums up (mq) is counted in both.",
    (
        (0, "bytes", U64, COUNTER, "byte", "bytes sent"),
        (1, "packets", U64, COUNTER, "count", "packets sent"),
        (2, "drops", U32, COUNTER, "count", "packets dropped"),
        (3, "overlimits", U32, COUNTER, "count", "times that a limit held packets back"),
        (4, "requeues", U32, COUNTER, "count", "packets put back as the device was busy"),
        (5, "qlen", U32, INSTANT, "count", "packets that wait"),
        (6, "backlog", U32, INSTANT, "byte", "bytes that wait"),
    ),
)
_CONNTRACK = group(
    14,
    "conntrack",
    ALL,
    "Of the agent's own network namespace, from /proc/sys/net/netfilter and\n"
    "/proc/net/stat/nf_conntrack, summed over CPUs.",
    (
        (0, "count", U32, INSTANT, "count", "connections tracked"),
        (1, "max", U32, INSTANT, "count", "most that the table takes"),
        (2, "utilisation", DOUBLE, INSTANT, "none", "count / max: at 1 new connections fail"),
        (3, "found", U64, COUNTER, "count", "look-ups that found their connection"),
        (4, "invalid", U64, COUNTER, "count", "packets that could not be tracked"),
        (5, "insert_failed", U64, COUNTER, "count", "connections that could not be entered"),
        (6, "drop", U64, COUNTER, "count", "packets dropped as tracking failed"),
        (7, "early_drop", U64, COUNTER, "count", "entries given up to make room"),
        (8, "search_restart", U64, COUNTER, "count", "look-ups begun anew as the table changed"),
    ),
)
_NETNS = group(
    15,
    "netns",
    ALL,
    "The agent's own, and others that it may enter; vnet.probe.status says what is missing.",
    ((0, "scanned", U32, INSTANT, "count", "network namespaces seen at the last look"),),
)

TABLE = Table(
    "vnet",
    401,
    _SCAN
    + _STATES
    + _RTT
    + _RTT_HIST
    + _RETRANS
    + _RETRANS_HIST
    + _CONG
    + _PORT
    + _LISTEN
    + _REMOTE
    + _CONNECTION
    + _QDISC
    + _CONNTRACK
    + _NETNS,
)

CONF_HEAD = """
vnet.conf: the options of PCP's agent vnet, see pmdavnet(1).
What is commented out shows the default. The agent reads this file when it
starts; an unknown key ends it.
"""

OPTIONS = (
    vconf.Option("connections", 50, "How many connections are shown one by one.", 0, CONNECTIONS),
    vconf.Option("remotes", 50, "How many peers are shown; the rest is one.", 1, REMOTES),
    vconf.Option("ports", 100, "How many services are shown; the rest is one.", 1, PORTS),
    vconf.Option(
        "hide_ports", (), "Ports whose connections are never shown one by one (blanks between)."
    ),
    vconf.Option("namespaces", True, "Look into other network namespaces too (needs root)."),
    vconf.Option("max_namespaces", 64, "How many of them at most.", 0, 10000),
    vconf.Option(
        "budget", 10.0, "Percent of one CPU: looks are spaced out to cost no more.", 0.1, 100
    ),
    vconf.Option("max_sockets", 50000, "How many sockets are read at a look.", 100, 10000000),
)
