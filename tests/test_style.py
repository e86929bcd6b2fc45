"""The house's own rules that no linter knows: sizes, heads of files, what a file may not say.

Rules about one language's syntax belong to ruff, mypy and eslint.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES, TEST_LINES, FUNCTION_LINES = 400, 600, 45

# May only shrink: what outgrew a limit, with its size on entry and the reason it is borne.
TOO_LONG_FILES: dict[str, int] = {}
TOO_LONG_FUNCTIONS: dict[str, int] = {}
MOST_EXCEPTIONS = 0

# Letters in brackets keep the patterns from finding themselves here.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.-])/(?:w[o]rk|r[o]ot)/[a-z]|/tmp/[b]rief"),
    "a registry's host name": re.compile(
        r"pypi\.[o]rg|pythonh[o]sted|npmjs\.(?:[o]rg|[c]om)|deb\.debian\.[o]rg"
    ),
}
TEXT = {".py", ".js", ".mjs", ".css", ".html", ".md", ".cfg", ".toml", ".json", ".txt", ".yml", ""}


def _files() -> list[Path]:
    """Files that git knows; where there is no git, all outside hidden and fetched folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        skip = ("vendor", "node_modules", "build", "dist", "__pycache__")
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(part in skip or part.startswith(".") for part in path.parts)
        ]
    return [path for path in paths if path.is_file() and path.suffix in TEXT]


FILES = _files()
PYTHON = [path for path in FILES if path.suffix == ".py"]
CODE = [path for path in FILES if path.suffix in (".py", ".js", ".mjs", ".css")]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _too_long(text: str, limit: int, allowed: int | None) -> bool:
    return len(text.splitlines()) > (allowed or limit)


def _functions(tree: ast.Module) -> dict[str, int]:
    """Name -> lines, decorators left out, of every function however deep."""
    return {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_files_are_short() -> None:
    found = {}
    for path in CODE:
        limit = TEST_LINES if path.parts[len(ROOT.parts)] == "tests" else FILE_LINES
        if _too_long(_text(path), limit, TOO_LONG_FILES.get(_name(path))):
            found[_name(path)] = len(_text(path).splitlines())
    assert found == {}


def test_functions_are_short() -> None:
    found = {}
    for path in PYTHON:
        for function, lines in _functions(ast.parse(_text(path))).items():
            name = f"{_name(path)}:{function}"
            if lines > TOO_LONG_FUNCTIONS.get(name, FUNCTION_LINES):
                found[name] = lines
    assert found == {}


def test_lists_of_exceptions_only_shrink() -> None:
    """What has become short again leaves the list."""
    for name in TOO_LONG_FILES:
        assert len(_text(ROOT / name).splitlines()) > FILE_LINES, name
    for name in TOO_LONG_FUNCTIONS:
        path, _, function = name.partition(":")
        assert _functions(ast.parse(_text(ROOT / path)))[function] > FUNCTION_LINES, name
    assert len(TOO_LONG_FILES) + len(TOO_LONG_FUNCTIONS) <= MOST_EXCEPTIONS


def test_python_files_say_what_belongs_in_them() -> None:
    silent = [
        _name(path)
        for path in PYTHON
        if _text(path).strip() and ast.get_docstring(ast.parse(_text(path))) is None
    ]
    assert silent == []


def test_page_files_say_what_belongs_in_them() -> None:
    pages = [path for path in FILES if path.suffix in (".js", ".mjs", ".css")]
    silent = [_name(path) for path in pages if not re.match(r"\s*(/\*|//)", _text(path))]
    assert silent == []


def test_scripts_say_what_belongs_in_them() -> None:
    scripts = [path for path in FILES if _text(path).startswith("#!/bin/sh\n")]
    assert scripts
    silent = [_name(path) for path in scripts if not _text(path).splitlines()[1].startswith("# ")]
    assert silent == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{_name(path)}: {match.group()}"
        for path in FILES
        for match in FORBIDDEN[what].finditer(_text(path))
    ]
    assert found == []
