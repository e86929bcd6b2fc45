"""What is read of a system's PCP: its folders, pmcd.conf, pmcd's answers, an agent's process."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectorpy.agents.process import Process, find
from vectorpy.agents.system import System, read
from vectorpy.agents.world import Done, World, run, user_name
from vectorpy.errors import Unavailable


def test_folders_come_from_pcp_s_own_conf(system: System, pcp) -> None:
    assert system.pmdas == pcp.root / "var/lib/pcp/pmdas"
    assert system.pmcd_conf == pcp.root / "etc/pcp/pmcd/pmcd.conf"
    assert system.socket == pcp.root / "run/pcp/pmcd.socket"
    assert system.logs == pcp.root / "var/log/pcp/pmcd"


def test_no_pcp_is_said_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="PCP is not installed") as caught:
        read(World(root=tmp_path))
    assert "apt install pcp python3-pcp" in caught.value.hint


def test_half_a_pcp_is_said(world: World, pcp) -> None:
    pcp.pmdas.rmdir()
    with pytest.raises(Unavailable, match="pmdas is missing"):
        read(world)
    (pcp.root / "etc/pcp.conf").write_text("PCP_PMDAS_DIR=/var\n")
    with pytest.raises(Unavailable, match="has no PCP_PMCDCONF_PATH"):
        read(world)


def test_agents_of_pmcd_conf(system: System, pcp) -> None:
    pcp.conf.write_text(
        "# one 901 pipe\nroot\t1\tpipe\tbinary\tx\n\n  kvm 95 dso a b\nnonsense\nx y z\n"
        "[ access ]\nallow 7 local\n"
    )
    assert [(line.name, line.domain) for line in system.lines()] == [("root", 1), ("kvm", 95)]
    assert system.listed("kvm")
    assert not system.listed("one")


def test_answers_of_pmcd_as_text(world: World, pcp) -> None:
    text = (
        "\nvnet.probe.status\n"
        '    inst [0 or "tcp"] value "ok: "all" of them"\n'
        '    inst [3 or "a b"] value "needs root"\n'
        '\nvnet.control.errors\n    inst [0 or "all"] value 12\n'
        "\npmcd.numagents\n    value 9\n"
        '\npmcd.version\n    value "6.0.3"\n'
        "\nvnet.late\nNo value(s) available!\n"
        "\nvnet.bad: pmLookupDesc: Try again\n"
    )
    world = World(root=pcp.root, run=lambda argv, cwd, seconds: Done(1, text, "Error: x: Unknown"))
    assert read(world).ask("any") == {
        "vnet.probe.status": {"tcp": 'ok: "all" of them', "a b": "needs root"},
        "vnet.control.errors": {"all": "12"},
        "pmcd.numagents": {"": "9"},
        "pmcd.version": {"": "6.0.3"},
    }


def test_a_pmcd_that_is_down_is_known_by_its_socket(system: System, pcp) -> None:
    system.require_pmcd()
    pcp.running = False
    assert system.ask("pmcd.version") is None
    (pcp.root / "run/pcp/pmcd.socket").unlink()
    assert system.ask("pmcd.version") is None
    with pytest.raises(Unavailable, match="pmcd does not run") as caught:
        system.require_pmcd()
    assert caught.value.hint == f"Start it: sudo {pcp.root}/etc/init.d/pmcd start."
    (pcp.root / "run/systemd/system").mkdir(parents=True)
    assert system.how_to_start() == "Start it: sudo systemctl enable --now pmcd."


def test_python_without_pcp_s_bindings_is_said(system: System, pcp) -> None:
    system.require_python()
    pcp.python = False
    with pytest.raises(Unavailable, match="has no Python bindings of PCP") as caught:
        system.require_python()
    assert "python3-pcp" in caught.value.hint


def test_programs_get_pcp_s_path_and_no_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PCP_CONF", "/elsewhere")
    script = "cat; echo $PATH $PCP_CONF $PCP_PYTHON_PROG; echo no >&2; exit 3"
    assert run(["/bin/sh", "-c", script], tmp_path, 10.0) == Done(
        3, "/usr/bin:/bin:/usr/sbin:/sbin /usr/bin/python3\n", "no\n"
    )
    assert run(["/no/such/program"], tmp_path, 1.0).code == 127
    late = run(["/bin/sh", "-c", "read x < /dev/zero"], tmp_path, 0.1)
    assert (late.code, late.err) == (124, "/bin/sh did not end within 0.1 s")


def process(proc: Path, pid: int, argv: str, ppid: int = 1, nspid: str = "", caps: int = 0) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "cmdline").write_bytes(argv.replace(" ", "\0").encode() + b"\0")
    (folder / "status").write_text(
        f"Name:\tx\nPPid:\t{ppid}\nNSpid:\t{nspid or pid}\nUid:\t0\t990\t0\t0\n"
        f"CapEff:\t{caps:016x}\n"
    )
    (folder / "stat").write_text(f"{pid} (a ) b) S {ppid} {'0 ' * 17}250 0 0\n")


def test_the_agent_s_process_is_told_from_its_children_and_from_containers(tmp_path: Path) -> None:
    script, line = Path("/v/pmdavnet.python"), "/usr/bin/python3 /v/pmdavnet.python"
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1000\n")
    process(tmp_path, 20, line, ppid=10, caps=1 << 21)
    process(tmp_path, 21, line, ppid=20)
    process(tmp_path, 30, line, nspid="30\t7")
    process(tmp_path, 40, "vi /v/pmdavnet.python.orig")
    (tmp_path / "50").mkdir()
    assert find(script, tmp_path) == Process(20, 990, 1 << 21, 1002.5)
    assert find(Path("/v/other"), tmp_path) is None


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (0, "user pcp without capabilities, pid 7"),
        (0xC000000000, "user pcp with CAP_PERFMON, CAP_BPF, pid 7"),
        (0x80004, "user pcp with CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, pid 7"),
        (1 << 50, "user pcp with capability 50, pid 7"),
        (0x1FFFFFFFFFF, "user pcp with 41 capabilities (root's own powers), pid 7"),
    ],
)
def test_rights_in_words(mask: int, words: str) -> None:
    assert Process(7, 990, mask, 0.0).words({990: "pcp"}.__getitem__) == words


def test_a_user_without_a_name_is_a_number() -> None:
    assert user_name(0) == "root"
    assert user_name(4_000_000_000) == "4000000000"
