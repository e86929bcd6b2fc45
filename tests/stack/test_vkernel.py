"""The agent vkernel under a real pmcd and a real load: what the kernel did is what is told."""

from __future__ import annotations

import ctypes
import mmap
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(os.geteuid() != 0, reason="eBPF needs root at start"),
]

PMDA = Path(__file__).resolve().parents[2] / "pmda" / "vkernel"
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
PATIENCE = 30.0
CONF = """[vkernel]
blk_devices = yes
blk_processes = yes
syscalls = yes
fsync = yes
starts = yes
start_rows = 256
connections = yes
connection_rows = 256
kmsg_lines = yes
"""


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.05)
    return value


def fresh(agent: Any) -> None:
    """Wait until all that has happened by now is in what a fetch gets."""
    now = time.monotonic()

    def collected() -> bool:
        """Whether the newest collection began after `now`; one fetch tells its age and length."""
        asked = time.monotonic()
        text = agent.ask("-f", "vkernel.control.heartbeat_age", "vkernel.control.collect_seconds")
        told = [float(number) for number in re.findall(r"value (\S+)$", text, re.M)]
        return len(told) == 2 and asked - sum(told) > now

    until(collected, "a collection")


@pytest.fixture(scope="module")
def agent(one_agent: Callable[..., Any]) -> Any:
    made = one_agent("vkernel", domain=400, names="root {\n\tvkernel\t400:*:*\n}\n", conf=CONF)
    until(lambda: made.values("runq.count"), "the agent's start")
    return made


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder on a real file system on a disk, else the test is skipped."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        major = os.major(os.stat(folder).st_dev)
        if major == 0:
            pytest.skip("/var/tmp is on no disk")
        yield Path(folder)


def test_every_probe_runs_or_says_why(agent: Any) -> None:
    status = agent.values("probe.status")
    running = {name for name, text in status.items() if text.startswith("ok")}
    assert running >= {
        *("runq", "offcpu", "blk", "blk_processes", "syscall", "retransmits", "connections"),
        *("starts", "perf_software", "tracepoints", "rundelay", "kmsg", "switches"),
    }, status
    for name in set(status) - running:
        assert len(status[name]) > 20, name
    assert agent.one("control.errors") == 0


def test_the_agent_has_given_root_up(agent: Any) -> None:
    text = Path(f"/proc/{agent.pid()}/status").read_text()
    pcp = pwd.getpwnam("pcp")
    assert set(re.search(r"^Uid:\s(.*)$", text, re.M)[1].split()) == {str(pcp.pw_uid)}
    assert set(re.search(r"^Gid:\s(.*)$", text, re.M)[1].split()) == {str(pcp.pw_gid)}
    assert re.search(r"^Groups:\s(.*)$", text, re.M)[1].split() == [str(pcp.pw_gid)]
    for kind, expected in (
        ("CapInh", 0),
        ("CapPrm", 1 << 38 | 1 << 39),
        ("CapEff", 1 << 38 | 1 << 39),
        ("CapBnd", 1 << 38 | 1 << 39),
        ("CapAmb", 0),
    ):
        assert int(re.search(rf"^{kind}:\s(\w+)$", text, re.M)[1], 16) == expected, kind
    assert re.search(r"^NoNewPrivs:\s(\d)$", text, re.M)[1] == "1"
    assert os.getpriority(os.PRIO_PROCESS, agent.pid()) == -10


def test_the_host_s_mounts_are_as_they_were(agent: Any) -> None:
    mounts = Path(f"/proc/{agent.pid()}/mountinfo").read_text()
    assert mounts == Path("/proc/self/mountinfo").read_text()
    assert " - tracefs " not in mounts or "/sys/kernel/" in mounts


def burn(cpu: int, seconds: float) -> subprocess.Popen[str]:
    code = (
        f"import os, time\nos.sched_setaffinity(0, {{{cpu}}})\nend = time.monotonic() + {seconds}\n"
        "while time.monotonic() < end: pass\n"
        "print(open('/proc/self/schedstat').read().split()[1])"
    )
    return subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, text=True)


def test_two_tasks_on_one_cpu_wait_for_each_other(agent: Any) -> None:
    fresh(agent)
    before, total = agent.values("runq.latency"), agent.one("runq.total")
    cpu = min(os.sched_getaffinity(0))
    tasks = [burn(cpu, 2.0) for _ in range(2)]
    waited = sum(int(task.communicate()[0]) for task in tasks) // 1000  # the kernel's own count
    fresh(agent)
    after = agent.values("runq.latency")
    assert waited > 1_500_000
    assert agent.one("runq.total") - total > 0.95 * waited
    # They take turns of some milliseconds: that many waits, and long ones.
    long = [b for b in after if int(b.split("-")[0]) >= 1024]
    grown = {bucket: after[bucket] - before.get(bucket, 0) for bucket in long}
    turns = sum(grown.values())
    assert 2 * waited / 1e6 > 0.001 * turns > 0, grown
    middle = sum(
        count * 1.5 * int(bucket.split("-")[0]) for bucket, count in grown.items() if count
    )
    assert middle > 0.7 * waited


def test_a_sleep_is_off_the_cpu(agent: Any) -> None:
    fresh(agent)
    before = agent.values("offcpu.latency")["131072-262143"]
    for _ in range(10):
        time.sleep(0.2)
    fresh(agent)
    assert agent.values("offcpu.latency")["131072-262143"] - before >= 10


def test_direct_writes_are_counted_by_size(agent: Any, disk: Path) -> None:
    fresh(agent)
    bucket, lost = "65536-131071", agent.values("probe.lost")["blk"]
    before = agent.values("blk.write.size").get(bucket, 0)
    times = agent.one("blk.write.count")
    page = mmap.mmap(-1, 65536)  # aligned
    page.write(os.urandom(65536))
    fd = os.open(disk / "file", os.O_CREAT | os.O_WRONLY | os.O_DIRECT, 0o600)
    for _ in range(300):
        os.write(fd, page)
    os.close(fd)
    fresh(agent)
    after = agent.values("blk.write.size")
    # None is missing but those that the kernel says it skipped; others write too.
    lost = agent.values("probe.lost")["blk"] - lost
    assert 300 - lost <= after[bucket] - before <= 345
    assert lost < 150
    assert agent.one("blk.write.count") - times >= 300 - lost
    assert sum(after.values()) == sum(agent.values("blk.write.latency").values())
    device = os.stat(disk).st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    whole = name.parent.name if (name / "partition").exists() else name.name
    of_disk = agent.values("blk.dev.write.latency")
    assert sum(v for k, v in of_disk.items() if k.startswith(f"{whole}::")) >= 270


def test_system_calls_are_counted_by_name(agent: Any) -> None:
    libc = ctypes.CDLL(None)
    fresh(agent)
    calls, errors = agent.values("syscall.calls"), agent.values("syscall.errors")
    name, wrong = "sched_get_priority_max", "sched_rr_get_interval"  # hardly anybody's
    spent, lost = agent.values("syscall.time").get(name, 0), agent.values("probe.lost")["syscall"]
    for _ in range(20_000):
        libc.sched_get_priority_max(1)
    for _ in range(500):
        libc.sched_rr_get_interval(-1, None)  # EINVAL
    fresh(agent)
    lost = agent.values("probe.lost")["syscall"] - lost
    after, failed = agent.values("syscall.calls"), agent.values("syscall.errors")
    assert 20_000 - lost <= after[name] - calls.get(name, 0) <= 20_020
    assert 500 - lost <= after[wrong] - calls.get(wrong, 0) <= 510
    assert 500 - lost <= failed[wrong] - errors.get(wrong, 0) <= 510
    assert failed[name] == errors.get(name, 0)
    assert lost < 1000
    # Nanoseconds: between next to nothing and a tenth of a millisecond each.
    assert 20_000 * 50 < agent.values("syscall.time")[name] - spent < 20_000 * 100_000


def look(agent: Any, prefix: str, columns: tuple[str, ...], **wanted: Any) -> dict[str, Any] | None:
    """The newest row of a table that has these values; None where there is none."""
    table = {column: agent.values(f"{prefix}.{column}") for column in columns}
    numbers = [
        number
        for number in table[next(iter(wanted))]
        if all(table[name].get(number) == value for name, value in wanted.items())
    ]
    newest = max(numbers, key=int, default=None)
    return {name: table[name].get(newest) for name in columns} if newest else None


def row(agent: Any, prefix: str, columns: tuple[str, ...], **wanted: Any) -> dict[str, Any]:
    """As `look`, once there is one."""
    return until(lambda: look(agent, prefix, columns, **wanted), f"a row with {wanted}")


def talk(to: int) -> int:
    """70,000 bytes one way, 5,000 the other, over 0.3 s; the server closes first. Client's port."""
    with socket.create_server(("127.0.0.1", to)) as server:
        client = socket.create_connection(("127.0.0.1", to))
        port = int(client.getsockname()[1])
        served, _ = server.accept()
        client.sendall(b"x" * 70_000)
        got = 0
        while got < 70_000:
            got += len(served.recv(65536))
        served.sendall(b"y" * 5000)
        time.sleep(0.3)
        served.close()
        while client.recv(65536):
            pass
        client.close()
    return port


def undisturbed(agent: Any, probe: str, act: Callable[[], Any]) -> Any:
    """What `act` gave, if anything, when the kernel skipped no program of the probe meanwhile.

    On a machine where other tools read maps by bpf(2) it skips some.
    """
    for _ in range(10):
        fresh(agent)
        lost = agent.values("probe.lost")[probe]
        result = act()
        fresh(agent)
        if result is not None and agent.values("probe.lost")[probe] == lost:
            return result
    pytest.skip(f"{probe}: too many programs of others run on this machine")


def test_ended_connections_are_told_with_bytes_and_owner(
    agent: Any, free_port: Callable[[], int]
) -> None:
    to = free_port()
    began, port = undisturbed(agent, "connections", lambda: (time.time(), talk(to)))
    columns = ("time", "pid", "command", "local", "local_port", "remote", "remote_port")
    columns += ("sent", "received", "resent", "duration", "state")
    ours = row(agent, "connection", columns, local_port=port, remote_port=to)
    theirs = row(agent, "connection", columns, local_port=to, remote_port=port)
    for seen, sent, received in ((ours, 70_000, 5000), (theirs, 5000, 70_000)):
        assert (seen["sent"], seen["received"]) == (sent, received)
        assert seen["local"] == seen["remote"] == "127.0.0.1"
        assert seen["pid"] == os.getpid()
        assert 300 < seen["duration"] < 3000
        assert began < seen["time"] < time.time() + 0.1
    assert ours["state"] == "LAST_ACK"


def test_a_refused_connection_is_told_as_such(agent: Any, free_port: Callable[[], int]) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            sock.connect(("127.0.0.1", free_port()))
    seen = row(agent, "connection", ("local_port", "state", "duration"), local_port=port)
    assert seen["state"] == "SYN_SENT"
    assert seen["duration"] is None


def test_program_starts_are_told_with_parent_and_result(agent: Any) -> None:
    missing = f"/nowhere/{os.getpid()}"
    columns = ("pid", "ppid", "uid", "command", "path", "result")

    def start() -> Any:
        done = subprocess.Popen(["/usr/bin/true"])
        done.wait()
        with pytest.raises(FileNotFoundError):
            subprocess.run([missing], check=False)
        fresh(agent)
        good = look(agent, "start", columns, pid=done.pid)
        bad = look(agent, "start", columns, path=missing)
        # Others' starts may have pushed ours out of the ring already.
        return (done.pid, good, bad) if good and bad else None

    pid, good, bad = undisturbed(agent, "starts", start)
    assert good == {
        "pid": pid,
        "ppid": os.getpid(),
        "uid": 0,
        "command": "true",
        "path": "/usr/bin/true",
        "result": "ok",
    }
    assert (bad["ppid"], bad["result"]) == (os.getpid(), "ENOENT")


LOSSY = r"""
ip link set lo mtu 1500 up
tc qdisc add dev lo root tbf rate 8mbit burst 6000 limit 12000
exec python3 -S - <<'END'
import socket, threading
s = socket.create_server(("127.0.0.77", 5000))
c = socket.create_connection(("127.0.0.77", 5000))
a, _ = s.accept()
t = threading.Thread(target=lambda: c.sendall(b"x" * 2_000_000))
t.start()
n = 0
while n < 2_000_000: n += len(a.recv(65536))
t.join()
heads, values = [l.split() for l in open("/proc/net/snmp") if l.startswith("Tcp:")]
print(dict(zip(heads, values))["RetransSegs"])
END
"""


def test_retransmits_are_counted_by_remote(agent: Any) -> None:
    fresh(agent)
    before = agent.values("retransmit.remote").get("127.0.0.77", 0)
    total = agent.one("retransmit.total")
    done = subprocess.run(
        ["/usr/bin/unshare", "-n", "/bin/sh", "-c", LOSSY],
        env={"PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"no private network with loss here: {done.stderr[-200:]}")
    sent_again = int(done.stdout)
    assert sent_again > 10
    fresh(agent)
    # The kernel counts segments, of which one call may send several.
    ours = agent.values("retransmit.remote")["127.0.0.77"] - before
    assert 0.3 * sent_again <= ours <= sent_again
    assert agent.one("retransmit.total") - total >= ours


def test_fsync_is_measured(agent: Any, disk: Path) -> None:
    if not agent.values("probe.status")["fs"].startswith("ok"):
        pytest.skip(agent.values("probe.status")["fs"])
    before = agent.one("fs.sync.count")
    with (disk / "file").open("wb") as file:
        for _ in range(20):
            file.write(b"x")
            file.flush()
            os.fsync(file)
    fresh(agent)
    if agent.one("fs.sync.count") == before:
        pytest.skip("/var/tmp is not on ext4")
    assert agent.one("fs.sync.count") - before >= 20


def test_io_is_told_by_process(agent: Any, disk: Path) -> None:
    code = (
        "import mmap, os, sys\n"
        "page = mmap.mmap(-1, 4096)\n"
        "fd = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_DIRECT)\n"
        "while True:\n    os.pwrite(fd, page, 0)\n"
    )
    writer = subprocess.Popen([sys.executable, "-S", "-c", code, str(disk / "file")])
    try:
        name = until(
            lambda: [
                key
                for key, value in agent.values("blk.process.write.ops").items()
                if key.startswith(f"{writer.pid}:") and value > 100
            ],
            "the writer's row",
        )[0]
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert name.split(":")[1].startswith("python")


def test_run_delay_needs_no_ebpf(agent: Any) -> None:
    fresh(agent)
    before = agent.one("rundelay.total")
    cpu = min(os.sched_getaffinity(0))
    tasks = [burn(cpu, 2.0) for _ in range(2)]
    names = until(
        lambda: {
            key
            for task in tasks
            for key in agent.values("rundelay.top")
            if key.startswith(f"{task.pid}:")
        },
        "the tasks in the list",
    )
    for task in tasks:
        task.communicate()
    assert names
    fresh(agent)
    assert agent.one("rundelay.total") - before > 1_000_000_000


def test_the_kernel_s_log_is_counted(agent: Any) -> None:
    counts = agent.values("kmsg.count")
    assert set(counts) == {*("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")}
    assert sum(counts.values()) > 0
    assert agent.values("kmsg.line.text")


def test_an_ordinary_user_gets_what_it_may(tmp_path: Path) -> None:
    user = pwd.getpwnam("nobody")
    (tmp_path / "pmns").write_text("root {\n\tvkernel\t400:*:*\n}\n")
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    commands = (
        f"open pipe /usr/bin/python3 {PMDA}/pmdavkernel.python -l -\n"
        "wait 2\nfetch vkernel.probe.status\nfetch vkernel.rundelay.processes\nquit\n"
    )
    done = subprocess.run(
        ["/usr/bin/dbpmda", "-n", str(tmp_path / "pmns"), "-ie"],
        input=commands,
        env={"PATH": SYSTEM_PATH, "HOME": "/"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
    )
    text = done.stdout + done.stderr
    assert '"needs root at start, to read tracefs"' in text
    assert '"needs root at start, to open /dev/kmsg"' in text
    assert re.search(r"400\.12\.1 .*numval: 1", text), text
