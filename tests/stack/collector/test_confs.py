"""Confs of one's own for the agents of a private collector: taken, and refused in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.stack

PORTS = ("--port", "free", "--web-port", "free")


@pytest.mark.parametrize("user", [None, "nobody"])
def test_a_conf_is_taken_and_a_wrong_one_is_said_on_the_terminal(
    start: Callable[..., Any], user: str | None
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="vectorpy-"))
    folder.chmod(0o777 if user else 0o755)
    (folder / "conf").mkdir()
    (folder / "conf/vnet.conf").write_text("[vnet]\nnamespaces = no\n")
    (folder / "conf/vkernel.conf").write_text("[vkernel]\nrunk = yes\n")
    instance = start("collector", *PORTS, user=user, folder=folder)
    instance.wait_for("the collector answers")
    assert "without the agent vkernel: it did not start. It said last: " in instance.said
    assert f"{folder}/conf/vkernel.conf: unknown key runk; there are: " in instance.said
    seen = [process for process in instance.processes() if process.role == "vnet"]
    assert len(seen) == 1  # no child that enters namespaces
    assert seen[0].argv[-2:] == ("-c", f"{folder}/conf/vnet.conf")
    assert not [process for process in instance.processes() if process.role == "vkernel"]
    assert instance.end() == 0


def test_started_by_root_a_conf_that_others_could_change_is_refused(
    start: Callable[..., Any],
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="vectorpy-"))
    folder.chmod(0o755)
    (folder / "conf").mkdir()
    path = folder / "conf/vnet.conf"
    path.write_text("[vnet]\n")
    path.chmod(0o666)
    instance = start("collector", *PORTS, folder=folder)
    instance.wait_for("the collector answers")
    assert f"It said last: not started: {path} is not taken: others than root" in instance.said
    assert not [process for process in instance.processes() if process.role == "vnet"]
    assert instance.end() == 0
