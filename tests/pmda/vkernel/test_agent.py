"""The whole agent under dbpmda, without pmcd: on a recorded world, and with a wrong conf."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

WEB = "a1" * 32
FILES = {
    "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "/proc/1/schedstat": "5000 100 3\n",
    "/proc/1/comm": "init\n",
    f"/sys/fs/cgroup/docker-{WEB}.scope/cpu.max": "150000 100000\n",
    f"/sys/fs/cgroup/docker-{WEB}.scope/cpu.stat": "usage_usec 5\nnr_throttled 7\n",
    f"/var/lib/docker/containers/{WEB}/config.v2.json": '{"Name": "/web"}',
}


@pytest.fixture
def fetched(dbpmda, pmda_root, world):
    """What dbpmda prints of a fetch of these metrics in the recorded world."""

    def run(*metrics, conf=""):
        made = world({**FILES, "/vkernel.conf": conf})
        # Started by root it reads as user pcp, who must get through pytest's folders.
        for folder in (Path(made.root), *Path(made.root).parents):
            if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
        commands = ["wait 2", *(f"fetch vkernel.{metric}" for metric in metrics)]
        script = pmda_root / "vkernel" / "pmdavkernel.python"
        return dbpmda(script, 400, commands, "-r", made.root, "-c", made.path("/vkernel.conf"))

    return run


def test_a_recorded_world_gives_its_values(fetched):
    text = fetched("cgroup.cpu.limit", "cgroup.cpu.throttled_periods", "rundelay.processes")
    assert re.search(r"400\.15\.4 .*numval: 1 .*\n.*value 1\.5\b", text), text
    assert re.search(r"400\.15\.2 .*numval: 1 .*\n.*value 7\b", text), text
    assert re.search(r"400\.12\.1 .*numval: 1 .*\n.*value 1\b", text), text


def test_what_a_recorded_world_lacks_is_told_and_has_no_value(fetched):
    text = fetched("probe.status", "runq.count", "kmsg.count", "control.errors")
    assert text.count('"a recorded world runs no programs"') == 12
    assert '"/dev/kmsg can\'t be opened: No such file or directory"' in text
    for metric in ("1\\.2", "16\\.0"):
        assert re.search(rf"400\.{metric} .*: numval: 0|400\.{metric} .*: [A-Z]", text), text
    assert re.search(r"400\.0\.2 .*numval: 1 .*\n.*value 0\b", text), text


def test_an_unknown_option_ends_it(fetched):
    text = fetched("runq.count", conf="[vkernel]\nrunque = yes\n")
    assert "unknown key runque" in text
