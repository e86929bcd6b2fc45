"""What probes that run programs in the kernel have in common: loading, refusals, switching off.

The outside world comes in as `Tools`. What the probes measure stands in
`k_latency`, `k_flow`, `k_starts`.
"""

from __future__ import annotations

import errno
import struct
from typing import Callable, List, NamedTuple

import k_bpf
import k_code
import k_hist
import k_trace
import vcollect
import vfiles
import vsnap

_NUMBER = struct.Struct("<Q")
NEEDS = "needs CAP_BPF and CAP_PERFMON: let root start this agent"


class Tools(NamedTuple):
    """The outside world: the kernel's calls, the tracepoints, files, and the agent's log."""

    kernel: k_bpf.Kernel
    events: k_trace.Events
    world: vfiles.World
    log: Callable[[str], None]


def reason(refused: k_bpf.Refused) -> str:
    """Why a program does not run, in words."""
    if refused.errno in (errno.EPERM, errno.EACCES) and not refused.log:
        return NEEDS
    if refused.errno == errno.ENOSYS:
        return "this kernel has no eBPF, or the machine is of a type we don't know"
    words = [line for line in refused.log.splitlines() if line and not line.startswith("processed")]
    return "the kernel refused %s%s" % (refused.strerror, ": " + words[-1] if words else "")


class Program(vcollect.Probe):
    """A probe that runs programs in the kernel. Subclasses write `attach` and `read`.

    Programs are loaded at the first reading, and tried again after `retry`
    seconds where that fails.
    """

    retry = 60.0

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.kernel = tools.kernel
        self.running = False
        self.lost = 0  # events of which one half was not seen, since start
        self._open: List[int] = []
        self._programs: List[int] = []

    def attach(self) -> None:
        """Create maps, load programs, attach them."""
        raise NotImplementedError

    def read(self, now: float) -> vsnap.Reading:
        """What the maps hold."""
        raise NotImplementedError

    def collect(self, now: float) -> vsnap.Reading:
        if not self.running:
            self._start()
        return self.read(now)

    def _start(self) -> None:
        try:
            self.attach()
        except k_trace.Missing as missing:
            self.close()
            raise vcollect.Unavailable(str(missing)) from None
        except k_bpf.Refused as refused:
            self.close()
            for line in refused.log.splitlines()[-40:]:
                self.tools.log("%s: %s" % (self.name, line))
            raise vcollect.Unavailable(reason(refused)) from None
        except BaseException:
            self.close()
            raise
        self.running = True

    def map(self, type_: int, key: int, value: int, entries: int, name: str) -> k_bpf.Map:
        """A map that is closed with this probe."""
        made = self.kernel.create(type_, key, value, entries, "vk_" + name)
        self._open.append(made.fd)
        return made

    def histograms(self, number: int, name: str) -> k_code.Histograms:
        """So many histograms, and `reader` for them."""
        made = k_hist.create(self.kernel, number, "vk_" + name)
        self._open.append(made.map.fd)
        self.reader = k_hist.Reader(self.kernel, made)
        return made

    def counters(self, *names: str) -> k_bpf.Map:
        """Numbers that programs count; `number` reads them by their names."""
        made = self.map(k_bpf.ARRAY, 4, 8, len(names), self.name)
        self._numbers = dict(zip(names, range(len(names))))
        self._memory = self.kernel.memory(made)
        return made

    def number(self, name: str) -> int:
        found: int = _NUMBER.unpack_from(self._memory, 8 * self._numbers[name])[0]
        return found

    def run(self, event: k_trace.Event, code: bytes) -> None:
        """Run a program at a tracepoint until this probe is closed."""
        program = self.kernel.load("vk_" + event.name.rpartition("/")[2], code)
        self._open.append(program)
        self._programs.append(program)
        self._open.append(self.kernel.attach(event.id, program))

    def missed(self) -> int:
        """Events that could not be measured, since start."""
        return self.lost + sum(self.kernel.misses(program) for program in self._programs)

    def close(self) -> None:
        self.running = False
        self._programs.clear()
        while self._open:
            self.kernel.close(self._open.pop())


class Still(vcollect.Probe):
    """A probe that does not run here; its status says why."""

    retry = 3600.0

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._text = text

    def collect(self, now: float) -> vsnap.Reading:
        raise vcollect.Unavailable(self._text)


class Off(Still):
    """A probe that the conf switches off; its status says how to switch it on."""

    def __init__(self, name: str, option: str) -> None:
        super().__init__(name, "off: switch it on in vkernel.conf (%s = yes)" % option)


class Switches(vcollect.Probe):
    """Which probes are switched on, and what those with programs have lost."""

    name = "switches"

    def __init__(self, probes: List[vcollect.Probe]) -> None:
        self._probes = probes

    def collect(self, now: float) -> vsnap.Reading:
        enabled = {probe.name: int(not isinstance(probe, Off)) for probe in self._probes}
        lost = {
            probe.name: probe.missed()
            for probe in self._probes
            if isinstance(probe, Program) and probe.running
        }
        return vsnap.Reading({"probe.enabled": enabled, "probe.lost": lost})
