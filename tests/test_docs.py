"""The documentation says what the code does: settings, commands, links between pages.

docs/widgets.md is checked in tests/catalog; figures of speed are nobody's test.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from vectorpy.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()  # as TOML has it
    if isinstance(default, tuple):
        return ", ".join(map(str, default)) or "none"
    return str(default) if default != "" else "empty"


def test_each_setting_stands_in_its_page_with_its_default_and_sentence():
    """docs/settings.md has one row a setting, the same words as the code, and no other row."""
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = {
        match[1]: (match[2], match[3])
        for match in re.finditer(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", page, re.M)
    }
    expected = {
        f.name: (_shown(f.default), f.metadata["help"]) for f in dataclasses.fields(Settings)
    }

    assert rows == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path):
    """A relative link names a file that is there."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_commands_of_the_readme_exist():
    """Each `vectorpy WORD` in README is a command, and each command is in README."""
    from vectorpy import cli

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shell = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
    said = set(re.findall(r"`vectorpy ([a-z]+)", text)) - {"is"}
    said |= set(re.findall(r"^vectorpy ([a-z]+)", shell, re.M))

    assert said == set(cli.main.commands)
