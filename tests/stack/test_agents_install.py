"""Our agents in a system PCP: a real pmcd, PCP's own scripts, in namespaces of their own.

/etc/pcp, /var/lib/pcp and /var/log/pcp are copies there, /run is empty, and
there is no process of the host: PCP's scripts kill every pmcd that they see.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vectorpy import __version__

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces and PCP's scripts"),
    pytest.mark.timeout(300),
]

OURS = ("vkernel", "vnet", "vjvm")
COPIED = ("/etc/pcp", "/var/lib/pcp", "/var/log/pcp")
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
SETUP = """
set -e
for place in {copied}; do
    mkdir -p "$1$place"
    cp -a "$place/." "$1$place"
    mount --bind "$1$place" "$place"
done
mount -t tmpfs tmpfs /run
ip link set lo up
echo ready
while :; do sleep 1; done
"""


@dataclass
class Done:
    code: int
    out: str
    err: str


class Machine:
    """A machine that has PCP's files and nothing else, inside `pid`'s namespaces."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid, self.folder = pid, folder
        self.conf = folder / "etc/pcp/pmcd/pmcd.conf"
        self.pmdas = folder / "var/lib/pcp/pmdas"

    def run(self, *argv: str, seconds: float = 120) -> Done:
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "--mount", "--net", "--pid", *argv],
            env={"PATH": SYSTEM_PATH},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def agents(self, verb: str, *names: str) -> Done:
        return self.run(sys.executable, "-m", "vectorpy.cli", "agents", verb, *names)

    def pid_of(self, name: str) -> str:
        """Pid, as the machine sees it, of an agent of ours or of PCP's."""
        done = self.run("pgrep", "-o", "-f", f"pmdas/{name}/pmda{name}")
        return done.out.strip()

    def status_of(self, pid: str) -> dict[str, str]:
        """/proc/PID/status."""
        text = self.run("cat", f"/proc/{pid}/status").out
        pairs = (line.partition(":") for line in text.splitlines())
        return {name: value.strip() for name, _, value in pairs}

    def others(self) -> list[str]:
        """Lines of pmcd.conf that are not of our agents, blank ones left out."""
        lines = self.conf.read_bytes().decode().splitlines()
        return sorted(ln for ln in lines if ln.strip() and ln.split()[0] not in OURS)

    def values(self, metric: str) -> str:
        return self.run("pminfo", "-f", metric).out


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if not Path("/usr/lib/pcp/bin/pmcd").exists():
        pytest.fail("PCP is not installed: the stack tests need the packages pcp and python3-pcp")
    folder = tmp_path_factory.mktemp("machine")
    process = subprocess.Popen(
        [
            *("unshare", "--pid", "--mount", "--net", "--fork", "--mount-proc", "--kill-child"),
            *("sh", "-c", SETUP.format(copied=" ".join(COPIED)), "sh", str(folder)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        if "ready" not in said:
            pytest.skip(f"namespaces can't be made here: {said.strip()}")
        made = Machine(_child(process.pid), folder)
        (folder / "etc/pcp/is-a-copy").touch()
        assert made.run("test", "-e", "/etc/pcp/is-a-copy").code == 0
        started = made.run("/etc/init.d/pmcd", "start")
        assert started.code == 0, started
        yield made
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def running(machine: Machine) -> Machine:
    """The machine with a pmcd that runs."""
    if not machine.values("pmcd.version"):
        assert machine.run("/etc/init.d/pmcd", "start").code == 0
    return machine


@pytest.fixture
def vnet(running: Machine) -> Machine:
    """The machine with vnet installed as it is shipped."""
    conf = running.pmdas / "vnet/vnet.conf"
    if conf.exists() and "edited here: vnet.conf" in running.agents("status", "vnet").out:
        running.agents("remove", "vnet")
        conf.unlink()
    done = running.agents("install", "vnet")
    assert done.code == 0, done
    return running


def test_all_three_are_installed_answer_and_leave_others_alone(running: Machine) -> None:
    before, linux = running.others(), running.pid_of("linux")
    done = running.agents("install")
    assert (done.code, done.err) == (0, "")
    for name in OURS:
        assert f"{name}: installed, version {__version__}.\n" in done.out
        assert 'inst [0 or "all"] value' in running.values(f"{name}.control.heartbeat_age")
    assert running.others() == before
    assert running.pid_of("linux") == linux
    lines = running.conf.read_text()
    for name, domain in (("vkernel", 400), ("vnet", 401), ("vjvm", 402)):
        script = f"/var/lib/pcp/pmdas/{name}/pmda{name}.python"
        assert re.search(
            rf"^{name}\t{domain}\tpipe\tbinary\t\t/usr/bin/python3 {script}", lines, re.M
        )
        assert not [path for path in (running.pmdas / name).rglob("*") if path.is_symlink()]
    status = running.agents("status")
    assert status.code == 0
    assert (
        len(re.findall(rf"^v\w+: version {re.escape(__version__)}, answers$", status.out, re.M))
        == 3
    )


@pytest.mark.parametrize(
    ("name", "bits", "words"),
    [
        ("vkernel", 0xC000000000, "with CAP_PERFMON, CAP_BPF"),
        ("vnet", 0, "without capabilities"),
        ("vjvm", 0x80004, "with CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE"),
    ],
)
def test_started_by_root_they_keep_what_they_need(
    vnet: Machine, name: str, bits: int, words: str
) -> None:
    running = vnet
    assert running.agents("install", name).code == 0
    pid = running.pid_of(name)
    seen = running.status_of(pid)
    pcp = running.run("id", "-u", "pcp").out.strip()
    assert set(seen["Uid"].split()) == {pcp}
    assert int(seen["CapEff"], 16) == int(seen["CapPrm"], 16) == int(seen["CapBnd"], 16) == bits
    assert seen["NoNewPrivs"] == "1"
    parent = running.status_of(seen["PPid"])
    assert (parent["Name"], parent["Uid"].split()[1]) == ("pmdaroot", "0")
    said = running.agents("status", name).out
    assert f"  runs as user pcp {words}, pid {pid}\n" in said


def test_a_second_install_changes_nothing(vnet: Machine) -> None:
    pid, text = vnet.pid_of("vnet"), vnet.conf.read_bytes()
    done = vnet.agents("install", "vnet")
    assert (done.code, done.out) == (0, f"vnet: already there, version {__version__}.\n")
    assert vnet.pid_of("vnet") == pid
    assert vnet.conf.read_bytes() == text


def test_an_upgrade_runs_the_new_code_with_the_old_conf(vnet: Machine) -> None:
    folder = vnet.pmdas / "vnet"
    record = json.loads((folder / ".vectorpy.json").read_text())
    (folder / ".vectorpy.json").write_text(json.dumps({**record, "version": "0.0.1"}))
    (folder / "n_probes.py").write_text("raise SystemExit\n")
    (folder / "vnet.conf").write_text("[vnet]\nnamespaces = no\n")
    pid = vnet.pid_of("vnet")
    done = vnet.agents("install", "vnet")
    assert (done.code, done.err) == (0, "")
    assert f"vnet: version {__version__} put in place of 0.0.1.\n" in done.out
    assert "  kept vnet.conf, which was edited\n" in done.out
    assert "  netns: off: namespaces = no in vnet.conf\n" in done.out
    assert vnet.pid_of("vnet") not in ("", pid)


def test_a_wrong_conf_fails_with_the_agent_s_words_and_can_be_mended(vnet: Machine) -> None:
    conf = vnet.pmdas / "vnet/vnet.conf"
    conf.write_text("[vnet]\nconections = 5\n")
    os.utime(conf, (time.time() + 5,) * 2)
    assert "  its conf changed after it started (" in vnet.agents("status", "vnet").out
    done = vnet.agents("install", "vnet")
    assert (done.code, done.out) == (1, "")
    assert "does not answer pmcd" in done.err
    assert "unknown key conections; there are:" in done.err
    conf.write_text("[vnet]\nconnections = 5\n")
    mended = vnet.agents("install", "vnet")
    assert mended.code == 0
    assert f"vnet: repaired, version {__version__}.\n" in mended.out


def test_removal_leaves_no_trace_and_others_alone(vnet: Machine) -> None:
    running = vnet
    assert running.agents("install", *OURS).code == 0
    (running.pmdas / "vjvm/vjvm.conf").write_text("[vjvm]\nrescan = 7\n")
    before, linux = running.others(), running.pid_of("linux")
    done = running.agents("remove")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "vkernel: removed.\nvnet: removed.\nvjvm: removed.\n"
        "  left in /var/lib/pcp/pmdas/vjvm, since edited or added: vjvm.conf\n"
    )
    assert running.others() == before
    assert not [ln for ln in running.conf.read_text().splitlines() if ln.startswith(OURS)]
    assert running.pid_of("linux") == linux
    for name in OURS:
        assert running.pid_of(name) == ""
        assert running.values(name) == ""
        assert not (running.folder / f"var/lib/pcp/pmns/{name}").exists()
    assert [name for name in OURS if (running.pmdas / name).exists()] == ["vjvm"]
    (running.pmdas / "vjvm/vjvm.conf").unlink()
    status = running.agents("status")
    assert (status.code, status.out) == (
        0,
        "vkernel: not installed\nvnet: not installed\nvjvm: not installed\n",
    )


def test_without_pmcd_nothing_is_begun_but_removal_works(vnet: Machine) -> None:
    vnet.run("/etc/init.d/pmcd", "stop")
    refused = vnet.agents("install")
    assert refused.code == 1
    assert refused.err == (
        "vectorpy: pmcd does not run on this system. Start it: sudo /etc/init.d/pmcd start.\n"
    )
    assert vnet.run("pgrep", "pmcd").out == ""
    told = vnet.agents("status", "vnet")
    assert told.code == 1
    assert f"vnet: version {__version__}, waiting: pmcd does not run." in told.out
    assert vnet.agents("remove", "vnet").out.startswith("vnet: removed.\n")
    assert vnet.run("pgrep", "pmcd").out == ""
    assert not [ln for ln in vnet.conf.read_text().splitlines() if ln.startswith("vnet")]


def test_after_a_restart_of_pmcd_they_are_back(vnet: Machine) -> None:
    vnet.run("/etc/init.d/pmcd", "stop")
    assert vnet.run("/etc/init.d/pmcd", "start").code == 0
    done = vnet.agents("status", "vnet")
    assert done.code == 0, done


UNIT = Path("/lib/systemd/system/pmcd.service")


def test_pmcd_s_unit_confines_no_agent() -> None:
    """What else stood in its [Service] (capabilities, file systems, system calls that are allowed)
    would hold for agents too, and what the other tests prove would say nothing of systemd."""
    if not UNIT.exists():
        pytest.skip("PCP came without a unit of systemd")
    service = UNIT.read_text().split("[Service]")[1].split("[Install]")[0]
    keys = set(re.findall(r"^(\w+)=", service, re.M))
    assert keys <= {"Type", "NotifyAccess", "Restart", "ExecStart", "ExecStop", "PIDFile"}


def test_install_works_with_a_pmcd_that_was_started_as_systemd_does(running: Machine) -> None:
    """By the unit's own command lines, with a socket that hears what pmcd tells systemd. No
    systemctl works here: install must not need it."""
    if not UNIT.exists():
        pytest.skip("PCP came without a unit of systemd")
    command = dict(re.findall(r"^(Exec\w+)=(.+)$", UNIT.read_text(), re.M))
    running.agents("remove", "vnet")
    assert running.run("/etc/init.d/pmcd", "stop").code == 0
    assert running.run("mkdir", "-p", "/run/systemd/system").code == 0  # sd_booted(3) looks here
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.settimeout(30)
        notified.bind(os.path.join("/proc", str(running.pid), "root", "run/notify"))
        start = command["ExecStart"].split()
        assert running.run("env", "NOTIFY_SOCKET=/run/notify", *start).code == 0
        assert b"READY=1" in notified.recv(4096)
    pid = running.run("cat", "/run/pcp/pmcd.pid").out
    done = running.agents("install", "vnet")
    assert (done.code, done.err) == (0, "")
    assert f"vnet: installed, version {__version__}.\n" in done.out
    assert running.run("cat", "/run/pcp/pmcd.pid").out == pid  # not started anew
    seen = running.status_of(running.pid_of("vnet"))
    assert int(seen["CapEff"], 16) == 0
    assert running.agents("remove", "vnet").code == 0
    assert running.run(*command["ExecStop"].split()).code == 0
    said = running.agents("install", "vnet")
    assert said.code == 1 and "sudo systemctl enable --now pmcd" in said.err
    assert running.run("rmdir", "/run/systemd/system").code == 0
