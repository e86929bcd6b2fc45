"""Private pmcds, in folders of their own: with pmproxy for sources, with one agent of ours alone.

Nothing of a system PCP is touched: own conf, PMNS, sockets and ports. They
run as whoever runs the tests. `vtest` is a small agent whose values are known.
"""

import getpass
import grp
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PCP_BIN = Path("/usr/lib/pcp/bin")
PMDAS = Path("/var/lib/pcp/pmdas")
PMNS = Path("/var/lib/pcp/pmns")
AGENT = Path(__file__).with_name("vtest_agent.py")
AGENTS = Path(__file__).resolve().parents[2] / "pmda"
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


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


@dataclass
class Stack:
    """The running stack: where it listens, and handles to hurt it."""

    root: Path
    pmcd_port: int
    web_port: int
    ports: str
    restart_agents: bool = False
    env: dict = field(default_factory=dict)
    pmcd: subprocess.Popen | None = None
    pmproxy: subprocess.Popen | None = None

    @property
    def socket_path(self):
        return self.root / "run" / "pmcd.socket"

    def start(self):
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
    for folder in ("etc/pmcd", "log/pmcd", "log/pmproxy", "var/pmns"):
        (root / folder).mkdir(parents=True)
    lay_out_places(root, PCP_PMCDCONF_PATH=root / "etc/pmcd/pmcd.conf")
    lay_out_names(root)
    lay_out_services(root, getpass.getuser())
    return environment(root)


def lay_out_places(root, **more):
    """Folders that every pmcd needs, and a pcp.conf that names them and our user."""
    for folder in ("etc", "run", "log", "tmp", "var/config/pmda"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    places = {
        "PCP_RUN_DIR": root / "run",
        "PCP_LOG_DIR": root / "log",
        "PCP_TMP_DIR": root / "tmp",
        "PCP_TMPFILE_DIR": root / "tmp",
        "PCP_VAR_DIR": root / "var",
        "PCP_USER": getpass.getuser(),
        "PCP_GROUP": grp.getgrgid(os.getgid()).gr_name,
        **more,
    }
    text = Path("/etc/pcp.conf").read_text()
    for name, value in places.items():
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.M)
    (root / "etc/pcp.conf").write_text(text)


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


def make_stack(root, free_port, restart_agents):
    if not (PCP_BIN / "pmcd").exists():
        pytest.fail("PCP is not installed: the stack tests need the packages pcp and python3-pcp")
    root.chmod(0o755)
    stack = Stack(root, free_port(), free_port(), free_port.range, restart_agents)
    stack.env = lay_out(root)
    try:
        stack.start()
    except BaseException:
        stack.stop()
        raise
    return stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory, free_port):
    """A stack that tests only read."""
    made = make_stack(tmp_path_factory.mktemp("stack"), free_port, restart_agents=True)
    yield made
    made.stop()


@pytest.fixture
def own_stack(tmp_path, free_port):
    """A stack of the test's own, to be hurt; pmcd does not restart dead agents."""
    root = tmp_path / "stack"
    root.mkdir()
    made = make_stack(root, free_port, restart_agents=False)
    yield made
    made.stop()


class OneAgent:
    """A pmcd with one agent of ours alone; started by root the agent is root's at first."""

    def __init__(self, root, port, name, *, domain, names, conf, restarts):
        self.name, self.port = name, port
        lay_out_places(root)
        (root / "pmns").write_text(names)
        command = f"/usr/bin/python3 {AGENTS}/{name}/pmda{name}.python"
        if conf is not None:
            (root / f"{name}.conf").write_text(conf)
            command += f" -c {root}/{name}.conf"
        (root / "pmcd.conf").write_text(f"{name}\t{domain}\tpipe\tbinary\t{command}\n")
        self.env = environment(root) | ({"PMCD_RESTART_AGENTS": "1"} if restarts else {})
        self.pmcd = subprocess.Popen(
            [
                *(PCP_BIN / "pmcd", "-f", "-A", "-i", "127.0.0.1", "-p", str(port)),
                *("-s", root / "run/pmcd.socket", "-c", root / "pmcd.conf", "-n", root / "pmns"),
                *("-l", root / "log/pmcd.log", "-x", root / "log/fatal.log", "-q", "10"),
            ],
            cwd=root / "log",
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, *names):
        """What pminfo says of them, asked over pmcd's port."""
        argv = ["/usr/bin/pminfo", "-h", f"127.0.0.1:{self.port}", *names]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)
        return done.stdout

    def values(self, metric):
        """Instance -> value of a metric of the agent; numbers as such."""
        found = {}
        for line in self.ask("-f", f"{self.name}.{metric}").splitlines():
            match = re.match(r'\s+inst \[\d+ or "(.*)"\] value (.*)$', line)
            if match:
                text = match.group(2)
                found[match.group(1)] = text[1:-1] if text[0] == '"' else float(text)
        return found

    def one(self, metric):
        """The value of a metric of the agent's own, None where there is none."""
        return self.values(metric).get("all")

    def pid(self):
        """The agent's process, None where pmcd has none."""
        for task in Path(f"/proc/{self.pmcd.pid}/task").glob("*/children"):
            for child in task.read_text().split():
                if f"pmda{self.name}".encode() in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        return None

    def status(self, word):
        """One line of the agent's /proc/PID/status."""
        text = Path(f"/proc/{self.pid()}/status").read_text()
        return re.search(rf"^{word}:\s*(.*)$", text, re.M).group(1)

    def stop(self):
        stop(self.pmcd)  # pmcd misses a signal now and then


@pytest.fixture(scope="module")
def one_agent(free_port):
    """Starts pmcds with one agent: `one_agent("vnet")`; it may take some time until it answers.

    Given may be `domain`, `names` (its part of the PMNS), `conf` (the text of its
    conf; without one it has its defaults) and `restarts`: pmcd starts it again.
    """
    made, folders = [], []

    def start(name, *, domain, names=None, conf=None, restarts=False):
        folders.append(tempfile.TemporaryDirectory(prefix=f"{name}-", dir="/var/tmp"))
        root = Path(folders[-1].name)
        root.chmod(0o755)
        names = names or (AGENTS / name / f"root_{name}").read_text()
        given = {"domain": domain, "names": names, "conf": conf, "restarts": restarts}
        made.append(OneAgent(root, free_port(), name, **given))
        return made[-1]

    yield start
    for one in made:
        one.stop()
    for folder in folders:
        folder.cleanup()
