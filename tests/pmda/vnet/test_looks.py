"""Looks at a fake kernel: what is told of it, to exact numbers."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import n_netlink
import n_netns
import n_probes
import n_table
import pytest
import vcollect
import vconf
import vfiles
import vsnap


class Host:
    """A fake kernel, a recorded /proc and the probe that looks at them."""

    def __init__(self, build: Any, world: Path, **options: Any) -> None:
        self.kernel = build.Kernel()
        self.others: dict[str, Any] = {}  # path of a namespace's file -> its kernel
        self.entered: list[str] = []
        self.cpu = 0.0
        self.cost = 0.0
        self.conf = vconf.defaults(n_table.OPTIONS, **options)
        most = self.conf.max_namespaces if self.conf.namespaces else 0
        self.namespaces = n_probes.Namespaces(
            vfiles.World(str(world)), self.kernel.open, self.enter, most
        )
        hidden = frozenset(map(int, self.conf.hide_ports))
        self.probe = n_probes.TcpProbe(self.namespaces, self.conf, hidden, self.spent)

    def enter(self, path: str, protocol: int) -> Any:
        self.entered.append(path)
        if path not in self.others:
            raise PermissionError(errno.EPERM, "setns")
        return self.others[path].open(protocol)

    def spent(self) -> float:
        self.cpu += self.cost
        return self.cpu

    def look(self, now: float) -> vsnap.Reading:
        return self.probe.collect(now)

    def told(self, now: float, *names: str) -> list[Any]:
        values = self.look(now).values
        return [values.get(name) for name in names]


@pytest.fixture
def host(build: Any, proc: Callable[..., Path], tmp_path: Path) -> Callable[..., Host]:
    def make(**options: Any) -> Host:
        if not (tmp_path / "world/proc/self").exists():
            proc("self", 100, tw=7)
        return Host(build, tmp_path / "world", **options)

    return make


def named(reading: vsnap.Reading, metric: str, domain: str) -> dict[str, Any]:
    """Instance name -> value."""
    names = reading.names.get(domain, {})
    return {names.get(key, str(key)): value for key, value in reading.values[metric].items()}


def test_states(host: Callable[..., Host], build: Any) -> None:
    made = host()
    made.kernel.v4 += [build.connection(cookie=n, state=1) for n in range(5)]
    made.kernel.v4 += [build.connection(cookie=9, state=8), build.diag(cookie=10, state=3)]
    made.kernel.v4 += [build.diag(cookie=11, state=5)]  # in FIN_WAIT2 without a socket
    made.kernel.listeners += [build.listener(80, 0, 5), build.listener(81, 0, 5)]
    made.kernel.v6 += [build.connection(src="::1", dst="::2", cookie=12, state=2)]
    states, scanned, truncated = made.told(0.0, "tcp.sockets", "tcp.scanned", "tcp.truncated")
    assert states == {
        "established": 5,
        "syn_sent": 1,
        "syn_recv": 1,
        "fin_wait1": 0,
        "fin_wait2": 1,
        "time_wait": 6,  # the kernel's 7 have the one in FIN_WAIT2 among them
        "close": 0,
        "close_wait": 1,
        "last_ack": 0,
        "listen": 2,
        "closing": 0,
    }
    assert (scanned, truncated) == (9, 0)


def test_without_sockstat_time_wait_has_no_value(
    host: Callable[..., Host], proc: Callable[..., Path]
) -> None:
    proc("self", 100, tw=None)
    (states,) = host().told(0.0, "tcp.sockets")
    assert states["time_wait"] is None
    assert states["established"] == 0


def test_round_trips_and_what_is_under_way(host: Callable[..., Host], build: Any) -> None:
    made = host()
    for n, rtt in enumerate((100, 200, 300, 400, 1000)):
        info = {"rtt": rtt, "rttvar": n, "min_rtt": rtt // 2, "unacked": n, "lost": 1}
        info |= {"notsent": 10, "reord_seen": n // 3, "total_retrans": n}
        made.kernel.v4.append(build.connection(cookie=n, info=info))
    made.kernel.v4.append(build.connection("bbr", cookie=9, info={"min_rtt": 0xFFFFFFFF}))
    values = made.look(0.0).values
    expected = {
        "tcp.rtt.p50": 300,
        "tcp.rtt.p95": 880.0,  # of five values the 3.8th: 400 + 0.8 * 600
        "tcp.rtt.p99": 976.0,
        "tcp.rtt.max": 1000,
        "tcp.rtt.mean": 400.0,
        "tcp.minrtt.p50": 150,
        "tcp.rttvar.p95": 3.8,
        "tcp.unacked": 10,
        "tcp.notsent": 50,
        "tcp.lost": 5,
        "tcp.reordering": 2,
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected)
    names = ["0-1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128-255", "256-511"]
    counts = [0, 0, 0, 0, 0, 0, 1, 1, 2, 1]
    assert values["tcp.rtt.hist"] == dict(zip([*names, "512-1023"], counts, strict=True))
    assert values["tcp.retrans.hist"] == {"0-0": 2, "1-1": 1, "2-3": 2, "4-7": 1}
    assert values["tcp.cong"] == {"cubic": 5, "bbr": 1}


def test_of_no_connection_there_is_no_round_trip(host: Callable[..., Host]) -> None:
    values = host().look(0.0).values
    for name in ("p50", "p95", "p99", "max", "mean"):
        assert values[f"tcp.rtt.{name}"] is None
    assert values["tcp.rtt.hist"] == {}
    assert values["tcp.unacked"] == 0


def test_counters_go_on_when_connections_end(host: Callable[..., Host], build: Any) -> None:
    made = host()

    def now(**resent: int) -> None:
        made.kernel.v4[:] = [
            build.connection(
                cookie=int(name[1:]),
                info={
                    **{"total_retrans": count, "bytes_retrans": count * 1448},
                    **{"busy_time": count * 10, "rwnd_limited": count, "sndbuf_limited": 2 * count},
                },
            )
            for name, count in resent.items()
        ]

    names = ("tcp.retrans.segs", "tcp.retrans.bytes", "tcp.retrans.conns")
    names += ("tcp.limited.busy", "tcp.limited.rwnd", "tcp.limited.sndbuf")
    now(c1=100, c2=5)
    assert made.told(0.0, *names) == [0, 0, 0, 0, 0, 0]
    now(c1=103, c2=5, c3=2)
    assert made.told(1.0, *names) == [5, 5 * 1448, 2, 50, 5, 10]
    now(c2=5)
    assert made.told(2.0, *names) == [5, 5 * 1448, 0, 50, 5, 10]
    now(c2=6, c3=2)  # seen again with nothing new
    assert made.told(3.0, *names)[0] == 8  # c3 is unknown by then: its cookie never comes again


def test_ports(host: Callable[..., Host], build: Any) -> None:
    made = host()
    made.kernel.listeners.append(build.listener(443, 0, 5))
    made.kernel.listeners6.append(build.listener(8080, 0, 5, src="::"))

    def now(*rows: tuple[int, int, int, int]) -> None:
        made.kernel.v4[:] = [
            build.connection(
                sport=sport,
                dport=dport,
                cookie=n,
                recvq=3,
                sendq=n,
                info={"rtt": rtt, "bytes_received": size, "bytes_acked": 2 * size},
            )
            for n, (sport, dport, rtt, size) in enumerate(rows)
        ]

    now((443, 50000, 100, 0), (443, 50001, 300, 0), (8080, 50002, 0, 0), (50003, 5432, 70, 0))
    made.look(0.0)
    now((443, 50000, 100, 10), (443, 50001, 300, 20), (8080, 50002, 0, 0), (50003, 5432, 70, 7))
    reading = made.look(1.0)
    assert named(reading, "port.conns", "port") == {"in:443": 2, "in:8080": 1, "out:5432": 1}
    assert named(reading, "port.rtt_mean", "port") == {
        "in:443": 200,
        "in:8080": None,
        "out:5432": 70,
    }
    assert named(reading, "port.rtt_p95", "port")["in:443"] == pytest.approx(290)
    assert named(reading, "port.bytes_in", "port") == {"in:443": 30, "in:8080": 0, "out:5432": 7}
    assert named(reading, "port.bytes_out", "port") == {"in:443": 60, "in:8080": 0, "out:5432": 14}
    assert named(reading, "port.recvq", "port") == {"in:443": 6, "in:8080": 3, "out:5432": 3}
    assert named(reading, "port.sendq", "port") == {"in:443": 1, "in:8080": 2, "out:5432": 3}


def test_a_service_that_stopped_listening_is_still_a_service(
    host: Callable[..., Host], build: Any
) -> None:
    made = host()
    made.kernel.listeners.append(build.listener(443, 0, 5))
    made.kernel.v4.append(build.connection(sport=443, dport=50000))
    made.look(0.0)
    made.kernel.listeners.clear()
    assert named(made.look(1.0), "port.conns", "port") == {"in:443": 1}
    assert named(made.look(4000.0), "port.conns", "port")["out:50000"] == 1


def test_remotes_over_both_families_and_the_rest(host: Callable[..., Host], build: Any) -> None:
    made = host(remotes=2)
    size = {"bytes_received": 0}

    def now() -> None:
        made.kernel.v4[:] = [
            build.connection(dst="10.0.0.9", cookie=1, info={"rtt": 10, "min_rtt": 4} | size),
            build.connection(dst="10.0.0.7", cookie=2, info={"rtt": 90, "min_rtt": 5}),
            build.connection(dst="10.0.0.8", cookie=3, info={"rtt": 70, "unacked": 6}),
        ]
        made.kernel.v6[:] = [
            build.connection(
                src="::ffff:10.0.0.1",
                dst="::ffff:10.0.0.9",
                cookie=4,
                info={"rtt": 30, "min_rtt": 3, "unacked": 1} | size,
            ),
            build.connection(src="fe80::1", dst="fe80::2", cookie=5, info={"rtt": 50} | size),
        ]

    now()
    made.look(0.0)
    size["bytes_received"] = 1000
    now()
    reading = made.look(1.0)
    assert named(reading, "remote.conns", "remote") == {"10.0.0.9": 2, "fe80::2": 1, "other": 2}
    assert named(reading, "remote.bytes_in", "remote") == {
        "10.0.0.9": 2000,
        "fe80::2": 1000,
        "other": 0,
    }
    assert named(reading, "remote.rtt_mean", "remote") == {
        "10.0.0.9": 20,
        "fe80::2": 50,
        "other": 80,
    }
    assert named(reading, "remote.rtt_min", "remote")["10.0.0.9"] == 3
    assert named(reading, "remote.unacked", "remote") == {"10.0.0.9": 1, "fe80::2": 0, "other": 6}


def test_an_ipv6_address_is_never_taken_for_an_ipv4_one(
    host: Callable[..., Host], build: Any
) -> None:
    made = host()
    made.kernel.v4.append(build.connection(dst="32.1.13.184", cookie=1))
    made.kernel.v6.append(build.connection(src="::1", dst="2001:db8::", cookie=2))
    assert named(made.look(0.0), "remote.conns", "remote") == {"32.1.13.184": 1, "2001:db8::": 1}


def test_listeners(host: Callable[..., Host], build: Any) -> None:
    made = host()
    made.kernel.listeners[:] = [
        build.listener(80, 3, 5, 1),
        build.listener(80, 6, 5, 2),  # shares address and port, and is full
        build.listener(81, 0, 0, None, src="127.0.0.1"),
    ]
    made.kernel.listeners6.append(build.listener(80, 1, 127, src="::"))
    values = made.look(0.0).values
    assert values["listen.queue"] == {"0.0.0.0:80": 9, "127.0.0.1:81": 0, "[::]:80": 1}
    assert values["listen.backlog"] == {"0.0.0.0:80": 10, "127.0.0.1:81": 0, "[::]:80": 127}
    assert values["listen.utilisation"] == {
        "0.0.0.0:80": 1.0,
        "127.0.0.1:81": 0.0,
        "[::]:80": 1 / 128,
    }
    assert values["listen.drops"] == {"0.0.0.0:80": 3, "127.0.0.1:81": None, "[::]:80": 0}
    made.kernel.listeners[:] = [build.listener(80, 2, 5)]
    values = made.look(1.0).values
    assert values["listen.queue"]["0.0.0.0:80"] == 2
    assert values["listen.max_queue"]["0.0.0.0:80"] == 9
    assert "127.0.0.1:81" not in values["listen.queue"]


def test_connections_have_their_own_values(host: Callable[..., Host], build: Any) -> None:
    made = host()
    info = {"rtt": 2000, "cwnd": 10, "ssthresh": 0x7FFFFFFF, "bytes_acked": 5, "segs_in": 4}
    made.kernel.v4.append(
        build.connection("bbr", sport=22, dport=50000, cookie=77, info=info, recvq=1, uid=1000)
    )
    made.kernel.v6.append(build.connection(src="fe80::1", dst="fe80::2", cookie=78, state=8))
    reading = made.look(0.0)
    assert reading.names["connection"] == {
        77: "10.0.0.1:22>10.0.0.2:50000",
        78: "[fe80::1]:1000>[fe80::2]:2000",
    }
    expected = {"rtt": 2000, "cwnd": 10, "ssthresh": None, "bytes_acked": 5, "segs_in": 4}
    expected |= {"recvq": 1, "uid": 1000, "cong": "bbr", "state": "established"}
    assert {name: reading.values[f"conn.{name}"][77] for name in expected} == expected
    assert reading.values["conn.state"][78] == "close_wait"


def test_every_metric_of_a_look_is_in_the_table_and_fits_its_type(
    host: Callable[..., Host], build: Any
) -> None:
    made = host()
    made.kernel.v4.append(build.connection(cookie=1, info={"rtt": 5, "min_rtt": 3}))
    made.kernel.listeners.append(build.listener(80, 0, 5))
    reading = made.look(0.0)
    snapshot = vsnap.Assembler(n_table.TABLE).snapshot([reading], 0.0)
    assert snapshot.faults == 0
    not_here = {"control", "probe", "qdisc", "conntrack"}
    told = {name for name in n_table.TABLE.by_name if name.partition(".")[0] not in not_here}
    assert set(reading.values) == told


def test_the_busiest_resending_and_slowest_connections_are_shown(
    host: Callable[..., Host], build: Any
) -> None:
    made = host(connections=8)
    moved: dict[int, dict[str, int]] = {}

    def now() -> None:
        made.kernel.v4[:] = [
            build.connection(cookie=n, info={"rtt": n, "last_ack": 0} | moved.get(n, {}))
            for n in range(1, 101)
        ]
        made.kernel.v4.append(
            build.connection(cookie=500, info={"rtt": 9999, "last_ack": 60001})  # idle
        )

    now()
    made.look(0.0)
    moved |= {n: {"bytes_acked": 1000 * n} for n in range(10, 20)}
    moved |= {30: {"total_retrans": 1}, 31: {"total_retrans": 9}, 32: {"total_retrans": 5}}
    now()
    shown = list(made.look(1.0).names["connection"])
    assert set(shown) == {93, 94, 95, 96} | {97, 98, 99, 100}  # a choice holds for three seconds
    shown = list(made.look(3.0).names["connection"])
    assert set(shown) == {31, 32} | {19, 18, 17, 16} | {100, 99}
    moved[40] = {"bytes_acked": 10**9}
    now()
    made.look(4.0)
    shown = list(made.look(6.0).names["connection"])
    assert {40, 31, 32, 19, 18, 17} <= set(shown)  # remembered for some seconds
    del made.kernel.v4[30:32]  # of those that are shown some end: others take their places
    assert {31, 32}.isdisjoint(shown := set(made.look(7.0).names["connection"]))
    assert len(shown) == 8


def test_hidden_ports_are_counted_and_not_shown(host: Callable[..., Host], build: Any) -> None:
    made = host(hide_ports=("22", "5432"))
    made.kernel.v4 += [
        build.connection(sport=22, cookie=1),
        build.connection(dport=5432, cookie=2),
        build.connection(cookie=3),
    ]
    reading = made.look(0.0)
    assert list(reading.names["connection"]) == [3]
    assert reading.values["tcp.sockets"]["established"] == 3


def test_no_connections_shown_when_none_are_wanted(host: Callable[..., Host], build: Any) -> None:
    made = host(connections=0)
    made.kernel.v4.append(build.connection())
    assert made.look(0.0).names["connection"] == {}


@pytest.mark.parametrize("word", ["ssh", "70000", "-1"])
def test_hidden_ports_are_numbers(word: str) -> None:
    conf = vconf.defaults(n_table.OPTIONS, hide_ports=("22", word))
    with pytest.raises(vconf.ConfError, match="hide_ports has port numbers"):
        n_probes.build(conf, "/", print)


def test_an_old_kernel_s_fields_are_absent_and_not_zero(
    host: Callable[..., Host], build: Any
) -> None:
    made = host()
    made.kernel.v4.append(build.connection(length=104, info={"rtt": 5}))
    values = made.look(0.0).values
    for name in ("retrans.bytes", "limited.busy", "minrtt.p50", "notsent", "reordering"):
        assert f"tcp.{name}" not in values
    assert (values["tcp.rtt.p50"], values["tcp.retrans.segs"]) == (5, 0)


def test_a_kernel_without_ipv6_and_one_without_inet_diag(host: Callable[..., Host]) -> None:
    made = host()
    made.kernel.v6 = made.kernel.listeners6 = errno.ENOENT
    assert made.told(0.0, "tcp.scanned") == [0]
    made = host()
    made.kernel.listeners = errno.ENOENT
    with pytest.raises(vcollect.Unavailable, match="tcp_diag"):
        made.look(0.0)
    made.kernel.listeners = errno.EPERM
    with pytest.raises(n_netlink.NetlinkError):
        made.look(1.0)
    assert made.kernel.channels[-1].closed


def test_a_family_without_connections_is_not_walked(
    host: Callable[..., Host], build: Any, tmp_path: Path
) -> None:
    made = host()
    made.kernel.v4.append(build.connection())
    made.kernel.listeners6.append(build.listener(80, 0, 5, src="::"))
    (tmp_path / "world/proc/self/net/sockstat6").write_text("TCP6: inuse 1\nUDP6: inuse 9\n")
    assert made.told(0.0, "tcp.scanned") == [1]
    asked = [family for family, states in made.kernel.channels[0].asked if states != 1 << 10]
    assert asked == [socket.AF_INET]
    (tmp_path / "world/proc/self/net/sockstat6").write_text("TCP6: inuse 2\n")
    made.look(1.0)
    asked = [family for family, states in made.kernel.channels[0].asked if states != 1 << 10]
    assert asked == [socket.AF_INET, socket.AF_INET, socket.AF_INET6]


def test_looks_are_spaced_out_to_stay_within_the_budget(
    host: Callable[..., Host], build: Any
) -> None:
    made = host(budget=10.0)
    made.cost = 0.3  # seconds of CPU per look: at 10 % one each three seconds
    made.kernel.v4.append(build.connection())
    skipped, times, notes = [], [], []
    for second in range(7):
        reading = made.look(float(second))
        skipped.append(reading.values["tcp.skipped"])
        times.append(reading.values["tcp.scan_time"])
        notes.append(reading.note)
    assert skipped == [0, 1, 2, 2, 3, 4, 4]
    assert times == [300000] * 7
    assert notes[1] == "looks are 3 s apart, to cost at most 10 % of a CPU"
    assert notes[3] == ""


def test_more_sockets_than_allowed_are_cut_and_said_so(
    host: Callable[..., Host], build: Any
) -> None:
    made = host(max_sockets=100)
    made.kernel.v4 += [build.connection(cookie=n) for n in range(500)]
    truncated, scanned = made.told(0.0, "tcp.truncated", "tcp.scanned")
    assert truncated == 1
    assert 100 <= scanned < 200
    assert made.kernel.channels[0].closed  # the rest of the answer is never read as another's
    made.look(1.0)
    assert len(made.kernel.channels) == 2


def test_other_namespaces(
    host: Callable[..., Host], build: Any, proc: Callable[..., Path], tmp_path: Path
) -> None:
    made = host()
    proc("1", 100)
    proc("50", 200, f"0::/docker/{'ab12' * 16}", tw=3)
    proc("51", 200)
    proc("60", 300)
    proc("70", None)  # a process that is gone
    container, locked = build.Kernel(), tmp_path / "world/proc/60/ns/net"
    made.others[str(tmp_path / "world/proc/50/ns/net")] = container
    container.listeners.append(build.listener(80, 0, 5))
    container.v4.append(build.connection(sport=80, dport=50000, cookie=5))
    made.kernel.v4.append(build.connection(sport=80, dport=50000, cookie=6))
    reading = made.look(0.0)
    assert reading.values["netns.scanned"] == 2
    assert reading.values["tcp.sockets"]["time_wait"] == 10
    assert named(reading, "port.conns", "port") == {"in:80@ab12ab12ab12": 1, "out:50000": 1}
    assert list(reading.values["listen.queue"]) == ["0.0.0.0:80@ab12ab12ab12"]
    assert set(reading.names["connection"].values()) == {
        "10.0.0.1:80>10.0.0.2:50000@ab12ab12ab12",
        "10.0.0.1:80>10.0.0.2:50000",
    }
    assert made.namespaces.note() == "2 seen, 1 can't be entered (needs CAP_SYS_ADMIN)"
    made.look(1.0)
    assert made.entered.count(str(locked)) == 1  # not tried each second
    made.look(10.0)
    assert made.entered.count(str(locked)) == 2


def test_a_namespace_that_ends_is_let_go(
    host: Callable[..., Host], build: Any, proc: Callable[..., Path], tmp_path: Path
) -> None:
    made = host()
    folder = proc("50", 200)
    container = made.others[str(folder / "ns/net")] = build.Kernel()
    assert made.told(0.0, "netns.scanned") == [2]
    (folder / "ns/net").unlink()
    assert made.told(5.0, "netns.scanned") == [2]
    assert made.told(10.0, "netns.scanned") == [1]
    assert container.channels[0].closed


def test_namespaces_can_be_left_alone_or_bounded(
    host: Callable[..., Host], build: Any, proc: Callable[..., Path]
) -> None:
    for pid, inode in (("50", 200), ("60", 300)):
        proc(pid, inode)
    made = host(namespaces=False)
    made.look(0.0)
    assert made.entered == []
    probe = n_probes.NetnsProbe(made.namespaces, wanted=False)
    with pytest.raises(vcollect.Unavailable, match="off: namespaces = no"):
        probe.collect(0.0)
    made = host(max_namespaces=1)
    made.look(0.0)
    assert len(made.entered) == 1
    assert "1 above max_namespaces" in made.namespaces.note()


def test_a_namespace_has_the_name_that_ip_gave_it(tmp_path: Path, proc: Any) -> None:
    (tmp_path / "world/run/netns").mkdir(parents=True)
    (tmp_path / "world/run/netns/blue").write_text("")
    inode = (tmp_path / "world/run/netns/blue").stat().st_ino
    proc("50", inode)
    proc("60", 300)
    found, hidden = n_netns.search(vfiles.World(str(tmp_path / "world")), 100)
    assert [one.label for one in found] == ["blue", "net-300"]
    assert hidden == 0


def test_the_end_closes_every_channel(
    host: Callable[..., Host], build: Any, proc: Callable[..., Path]
) -> None:
    made = host()
    folder = proc("50", 200)
    made.others[str(folder / "ns/net")] = build.Kernel()
    made.look(0.0)
    made.probe.close()
    assert all(channel.closed for channel in made.kernel.channels)
    assert all(channel.closed for channel in made.others[str(folder / "ns/net")].channels)
