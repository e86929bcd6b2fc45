"""Who runs as what: an agent's process as /proc shows it, in words."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# By number, include/uapi/linux/capability.h.
# fmt: off
_CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID",
    "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO",
    "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
    "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
    "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)
# fmt: on
_HERTZ = os.sysconf("SC_CLK_TCK")
_MANY = 10  # capabilities: above, names say less than their number


@dataclass(frozen=True)
class Process:
    """A running agent: effective `capabilities` as a bit mask, `started` in Unix seconds."""

    pid: int
    uid: int
    capabilities: int
    started: float

    def words(self, user_name: Callable[[int], str]) -> str:
        """For people: "user pcp with CAP_BPF, CAP_PERFMON, pid 812"."""
        return f"user {user_name(self.uid)} {_powers(self.capabilities)}, pid {self.pid}"


def _powers(mask: int) -> str:
    numbers = [number for number in range(64) if mask >> number & 1]
    if not numbers:
        return "without capabilities"
    if len(numbers) > _MANY:
        return f"with {len(numbers)} capabilities (root's own powers)"
    known = len(_CAPABILITIES)
    names = ("CAP_" + _CAPABILITIES[n] if n < known else f"capability {n}" for n in numbers)
    return "with " + ", ".join(names)


def find(script: Path, proc: Path) -> Process | None:
    """The process that runs the agent `script`, None where there is none to be seen.

    Its children, and agents of containers (whose pids are others inside), are
    not meant.
    """
    wanted, boot = os.fsencode(script), _boot(proc)
    found = []
    for folder in proc.glob("[0-9]*"):
        try:
            if wanted not in (folder / "cmdline").read_bytes().split(b"\0"):
                continue
            fields = _fields((folder / "status").read_text(errors="replace"))
            if len(fields["NSpid"].split()) != 1:
                continue
            seen = Process(
                int(folder.name),
                int(fields["Uid"].split()[1]),
                int(fields["CapEff"], 16),
                boot + _ticks((folder / "stat").read_text(errors="replace")) / _HERTZ,
            )
            found.append((seen, int(fields["PPid"])))
        except (OSError, KeyError, ValueError, IndexError):
            continue  # it ended meanwhile, or is hidden from us
    pids = {process.pid for process, _ in found}
    parents = sorted((p for p, parent in found if parent not in pids), key=lambda p: p.pid)
    return parents[-1] if parents else None


def _boot(proc: Path) -> float:
    """When the system started, Unix seconds; 0 where it isn't said."""
    try:
        lines = (proc / "stat").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), 0.0)


def _ticks(stat: str) -> int:
    """Start of a process in ticks after the system's, field 22 of proc_pid_stat(5)."""
    return int(stat.rpartition(")")[2].split()[19])


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}
