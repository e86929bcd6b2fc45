"""A private pmcd and pmproxy for the tests of sources, in a folder of their own.

Nothing of a system PCP is touched: own conf, PMNS, sockets and ports. The stack
runs as whoever runs the tests. `vtest` is a small agent whose values are known.
"""

import getpass
import grp
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PCP_BIN = Path("/usr/lib/pcp/bin")
PMDAS = Path("/var/lib/pcp/pmdas")
PMNS = Path("/var/lib/pcp/pmns")
AGENT = Path(__file__).with_name("vtest_agent.py")
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def free_port(low=21200, high=21300):
    """A TCP port that is free on loopback, below the kernel's own range."""
    for port in range(low, high):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def wait_until(condition, seconds=10.0, what="condition"):
    """The first true result of `condition()`; fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


@pytest.fixture(name="wait_until", scope="session")
def wait_until_fixture():
    return wait_until


@pytest.fixture(name="free_port", scope="session")
def free_port_fixture():
    return free_port


@dataclass
class Stack:
    """The running stack: where it listens, and handles to hurt it."""

    root: Path
    restart_agents: bool = False
    pmcd_port: int = 0
    web_port: int = 0
    env: dict = field(default_factory=dict)
    pmcd: subprocess.Popen | None = None
    pmproxy: subprocess.Popen | None = None

    @property
    def socket_path(self):
        return self.root / "run" / "pmcd.socket"

    def start(self):
        self.pmcd_port, self.web_port = free_port(), free_port(21250)
        self.start_pmcd()
        self.start_pmproxy()

    def start_pmcd(self):
        self.socket_path.unlink(missing_ok=True)
        self.pmcd = subprocess.Popen(
            [
                *(PCP_BIN / "pmcd", "-f", "-A", "-i", "127.0.0.1", "-p", str(self.pmcd_port)),
                *("-s", self.socket_path, "-c", self.root / "etc/pmcd/pmcd.conf"),
                *("-n", self.root / "var/pmns/root", "-l", self.root / "log/pmcd/pmcd.log"),
                *("-x", self.root / "log/pmcd/fatal.log", "-q", "10"),
            ],
            cwd=self.root / "log/pmcd",
            env=self.env | {"PMCD_RESTART_AGENTS": "1" if self.restart_agents else "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: self.agents() is not None, 20, "pmcd with its agents")

    def start_pmproxy(self):
        self.pmproxy = subprocess.Popen(
            [
                *(PCP_BIN / "pmproxy", "-f", "-A", "-i", "127.0.0.1", "-p", str(self.web_port)),
                *("-s", self.root / "run/pmproxy.socket", "-c", self.root / "etc/pmproxy.conf"),
                *("-l", self.root / "log/pmproxy/pmproxy.log", "-x", self.root / "log/fatal.log"),
            ],
            cwd=self.root / "log/pmproxy",
            env=self.env | {"PMCD_PORT": str(self.pmcd_port), "UV_THREADPOOL_SIZE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: answers(self.web_port), 10, "pmproxy")

    def ask(self, *names):
        """`pminfo -f` of the names, as text, over pmcd's TCP port."""
        done = subprocess.run(
            ["/usr/bin/pminfo", "-h", f"127.0.0.1:{self.pmcd_port}", "-f", *names],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout if done.returncode == 0 else ""

    def agents(self):
        """Agent statuses by name, or None while pmcd does not answer."""
        found = re.findall(r'or "(\w+)"\] value (-?\d+)', self.ask("pmcd.agent.status"))
        return {name: int(status) for name, status in found} or None

    def agent_pid(self, text):
        """Pid of pmcd's child whose command line has `text`."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                ppid = int(stat.read_text().rpartition(")")[2].split()[1])
                line = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            if ppid == self.pmcd.pid and text in line:
                return int(stat.parent.name)
        return None

    def stop_pmcd(self, how=signal.SIGTERM):
        stop(self.pmcd, how)

    def stop(self):
        stop(self.pmproxy)
        stop(self.pmcd)


def stop(child, how=signal.SIGTERM):
    if child is None or child.poll() is not None:
        return
    child.send_signal(how)
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def lay_out(root):
    """Folders, pcp.conf, PMNS, pmcd.conf and pmproxy.conf of a private stack."""
    user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    for folder in ("etc/pmcd", "run", "log/pmcd", "log/pmproxy", "tmp", "var/pmns"):
        (root / folder).mkdir(parents=True)
    (root / "var/config/pmda").mkdir(parents=True)
    places = {
        "PCP_RUN_DIR": root / "run",
        "PCP_LOG_DIR": root / "log",
        "PCP_TMP_DIR": root / "tmp",
        "PCP_TMPFILE_DIR": root / "tmp",
        "PCP_VAR_DIR": root / "var",
        "PCP_PMCDCONF_PATH": root / "etc/pmcd/pmcd.conf",
        "PCP_USER": user,
        "PCP_GROUP": group,
    }
    text = Path("/etc/pcp.conf").read_text()
    for name, value in places.items():
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.M)
    (root / "etc/pcp.conf").write_text(text)
    lay_out_names(root)
    lay_out_services(root, user)
    return environment(root)


def environment(root):
    return {"PATH": SYSTEM_PATH, "PCP_CONF": str(root / "etc/pcp.conf"), "HOME": str(root)}


def lay_out_names(root):
    (root / "var/pmns/root.in").write_text(
        "#define SAMPLE 29\nroot {\n    sample\n    vtest\t146:*:*\n}\n"
        f'#include "{PMDAS}/sample/pmns"\n'
    )
    subprocess.run(
        [
            *(PCP_BIN / "pmnsmerge", "root.in"),
            *(PMNS / f"root_{name}" for name in ("linux", "proc", "pmcd")),
            "root",
        ],
        cwd=root / "var/pmns",
        env=environment(root),
        check=True,
        capture_output=True,
    )


def lay_out_services(root, user):
    lines = [
        f"pmcd\t2\tdso\tpmcd_init\t{PMDAS}/pmcd/pmda_pmcd.so",
        f"proc\t3\tpipe\tbinary\t{PMDAS}/proc/pmdaproc -d 3 -U {user}",
        f"linux\t60\tpipe\tbinary\t{PMDAS}/linux/pmdalinux -U {user}",
        f"sample\t29\tpipe\tbinary\t{PMDAS}/sample/pmdasample -d 29",
        f"vtest\t146\tpipe\tbinary\t/usr/bin/python3 {AGENT}",
    ]
    access = '\n\n[access]\ndisallow "local:*" : store;\n'
    (root / "etc/pmcd/pmcd.conf").write_text("\n".join(lines) + access)
    (root / "etc/pmproxy.conf").write_text(
        "[pmproxy]\npcp.enabled = true\nhttp.enabled = true\nredis.enabled = false\n"
        "secure.enabled = false\n[redis]\nenabled = false\n[discover]\nenabled = false\n"
        "[pmsearch]\nenabled = false\n[pmseries]\nenabled = false\n"
    )


def make_stack(root, restart_agents):
    if not (PCP_BIN / "pmcd").exists():
        pytest.fail("PCP is not installed: the stack tests need the packages pcp and python3-pcp")
    root.chmod(0o755)
    stack = Stack(root, restart_agents)
    stack.env = lay_out(root)
    try:
        stack.start()
    except BaseException:
        stack.stop()
        raise
    return stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """A stack that tests only read."""
    made = make_stack(tmp_path_factory.mktemp("stack"), restart_agents=True)
    yield made
    made.stop()


@pytest.fixture
def own_stack(tmp_path):
    """A stack of the test's own, to be hurt; pmcd does not restart dead agents."""
    root = tmp_path / "stack"
    root.mkdir()
    made = make_stack(root, restart_agents=False)
    yield made
    made.stop()
