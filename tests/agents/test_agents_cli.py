"""The command line of agents: arguments in, words and exit codes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from vectorpy.agents import command
from vectorpy.cli import main
from vectorpy.errors import Unavailable


@pytest.mark.parametrize(("good", "code"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("verb", ["install", "remove"])
def test_names_go_in_and_words_come_out(
    monkeypatch: pytest.MonkeyPatch, verb: str, good: bool, code: int
) -> None:
    def act(names: Any, world: Any, tell: Callable[..., None], complain: Any) -> bool:
        tell(f"{verb} {names}")
        complain("one: it failed.")
        assert world.again.endswith(("vectorpy", "-m vectorpy.cli"))
        return good

    monkeypatch.setattr(command, verb, act)
    result = CliRunner().invoke(main, ["agents", verb, "one", "two"])
    assert result.exit_code == code
    assert result.stdout == f"{verb} ('one', 'two')\n"
    assert result.stderr == "vectorpy: one: it failed.\n"


@pytest.mark.parametrize(("good", "code"), [(True, 0), (False, 1)])
def test_status_has_an_exit_code_for_scripts(
    monkeypatch: pytest.MonkeyPatch, good: bool, code: int
) -> None:
    monkeypatch.setattr(command, "status", lambda names, world, tell: tell(str(names)) or good)
    result = CliRunner().invoke(main, ["agents", "status"])
    assert (result.exit_code, result.stdout) == (code, "()\n")


def test_what_can_t_be_begun_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> bool:
        raise Unavailable("pmcd does not run on this system.", hint="Start it.")

    monkeypatch.setattr(command, "install", refuse)
    result = CliRunner().invoke(main, ["agents", "install"])
    assert result.exit_code == 1
    assert result.stderr == "vectorpy: pmcd does not run on this system. Start it.\n"
    assert result.stdout == ""


def test_help_names_the_three() -> None:
    text = CliRunner().invoke(main, ["agents", "--help"]).stdout
    for word in ("install", "remove", "status", "vkernel, vnet and vjvm"):
        assert word in text
