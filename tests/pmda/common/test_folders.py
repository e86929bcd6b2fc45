"""Each agent's folder is whole by itself, and keeps to what agents of ours promise."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import vconf
import vtable

from vectorpy.collector.agents import OURS

PMDA = Path(__file__).resolve().parents[3] / "pmda"
AGENTS = sorted(path.parent.name for path in PMDA.glob("*/pmda*.python"))
COMMON = sorted(path.name for path in (PMDA / "common").glob("*.py"))
# cpmapi, cpmda and pcp are PCP's own bindings.
ALLOWED = set(sys.stdlib_module_names) | {"cpmapi", "pcp"}


def sources(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.py"), *folder.glob("*.python")])


def table_module(agent: str) -> ModuleType:
    (path,) = (PMDA / agent).glob("?_table.py")
    return importlib.import_module(path.stem)


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_agent_is_started_by_the_private_collector() -> None:
    assert set(AGENTS) >= {"vnet"}
    assert set(OURS) <= set(AGENTS)
    for name, domain in OURS.items():
        assert table_module(name).TABLE.domain == domain


def test_domains_are_our_own_and_not_pcp_s() -> None:
    domains = {name: table_module(name).TABLE.domain for name in AGENTS}
    assert domains == {
        name: number
        for name, number in (("vjvm", 402), ("vkernel", 400), ("vnet", 401))
        if name in AGENTS
    }


def test_it_is_whole(agent: str) -> None:
    folder = PMDA / agent
    for name in (f"pmda{agent}.python", "Install", "Remove"):
        assert os.access(folder / name, os.X_OK), name
    for name in (f"{agent}.conf", f"pmda{agent}.1", "README.md", f"root_{agent}"):
        assert (folder / name).is_file(), name
    assert not (folder / "help").exists(), "its text would hide that of the table"


def test_what_is_shared_is_linked_and_no_link_leads_elsewhere(agent: str) -> None:
    links = {path.name: os.readlink(path) for path in (PMDA / agent).iterdir() if path.is_symlink()}
    assert links == {name: f"../common/{name}" for name in COMMON}


def test_its_own_modules_have_names_of_their_own(agent: str) -> None:
    own = {path.name for path in (PMDA / agent).glob("*.py") if not path.is_symlink()}
    assert len({name[0] for name in own}) == 1
    for other in set(AGENTS) - {agent}:
        assert own.isdisjoint(path.name for path in (PMDA / other).glob("*.py"))
    assert own.isdisjoint(COMMON)


def test_its_syntax_is_python_3_9_s(agent: str) -> None:
    for path in sources(PMDA / agent):
        ast.parse(path.read_text(), feature_version=(3, 9))


def test_it_imports_the_standard_library_pcp_and_its_own_folder_only(agent: str) -> None:
    own = {path.stem for path in (PMDA / agent).glob("*.py")}
    for path in sources(PMDA / agent):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] in ALLOWED | own, f"{path.name}: {name}"


def test_nobody_can_store_and_no_shell_is_run(agent: str) -> None:
    for path in sources(PMDA / agent):
        text = path.read_text()
        assert "store_callback" not in text, path.name
        assert not re.search(r"shell\s*=\s*True|os\.system|os\.popen", text), path.name


def test_its_conf_is_that_of_its_options_and_sets_nothing(agent: str) -> None:
    module, path = table_module(agent), PMDA / agent / f"{agent}.conf"
    assert path.read_text() == vconf.template(agent, module.OPTIONS, module.CONF_HEAD)
    read = vconf.read(str(path), agent, module.OPTIONS)
    assert vars(read) == {option.name: option.default for option in module.OPTIONS}


def test_its_readme_has_its_table(agent: str) -> None:
    assert vtable.markdown(table_module(agent).TABLE) in (PMDA / agent / "README.md").read_text()


def test_its_part_of_the_name_space_and_its_scripts_name_it(agent: str) -> None:
    domain = table_module(agent).TABLE.domain
    assert (PMDA / agent / f"root_{agent}").read_text() == (
        f"root {{\n\t{agent}\t{domain}:*:*\n}}\n"
    )
    for name, ends in (("Install", "pmdaInstall"), ("Remove", "pmdaRemove")):
        text = (PMDA / agent / name).read_text()
        assert f"\niam={agent}\n" in text and "\npython_opt=true\n" in text
        assert text.splitlines()[-2:] == [ends, "exit"]


def test_every_metric_has_help_in_sentences_of_its_own(agent: str) -> None:
    table = table_module(agent).TABLE
    for metric in table.metrics:
        assert metric.text.startswith(metric.oneline)
        assert len(metric.text) > len(metric.oneline) + 20, metric.name
    assert agent in (PMDA / agent / f"pmda{agent}.1").read_text()
