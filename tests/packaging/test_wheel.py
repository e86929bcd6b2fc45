"""What the wheel carries, and that the page comes out of it without Node."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email.parser import Parser
from pathlib import Path

import pytest

Run = Callable[..., str]

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def _carried(path: str) -> str | None:
    """Where the wheel carries a file of the checkout; None for what stays outside."""
    if path.startswith("vectorpy/"):
        return path
    if path.startswith(("static/", "pmda/")):
        return f"vectorpy/{path}"
    return None


def test_carries_every_file_of_the_program(clone: Path, names: frozenset[str], run: Run) -> None:
    tracked = run("git", "ls-files", cwd=clone).splitlines()
    wanted = {place for path in tracked if (place := _carried(path)) is not None}
    wanted = {place for place in wanted if not Path(place).name.startswith(".")}
    assert wanted - names == set()


def test_carries_the_fetched_browser_packages(names: frozenset[str]) -> None:
    assert "vectorpy/static/vendor/socket.io.esm.min.js" in names
    assert "vectorpy/static/vendor/socket.io.LICENSE" in names
    assert "vectorpy/static/vendor/gridstack-all.js" in names
    assert "vectorpy/static/vendor/gridstack.min.css" in names
    assert "vectorpy/static/vendor/gridstack.LICENSE" in names
    assert "vectorpy/static/vendor/SHA256SUMS" in names


def test_carries_nothing_else(names: frozenset[str]) -> None:
    strangers = [
        name
        for name in names
        if not re.match(r"vectorpy/|vectorpy-[\d.]+\.dist-info/", name)
        or re.search(r"__pycache__|_cache/|\.pyc$|\.(?:js|css)\.map$|node_modules|/tests/", name)
    ]
    assert strangers == []


def test_says_licence_and_needs(wheel: Path, names: frozenset[str]) -> None:
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        fields = Parser().parsestr(archive.read(metadata).decode())
    assert fields["Name"] == "vectorpy"
    assert fields["Requires-Python"] == ">=3.11"
    assert fields.get_all("License-File") == ["LICENSE"]
    needs = {re.split(r"[ ><=;(]", need)[0] for need in fields.get_all("Requires-Dist") or []}
    assert {"Flask", "flask"} & needs
    plain = [need for need in fields.get_all("Requires-Dist") or [] if "extra ==" not in need]
    assert not any(need.startswith("pcp") for need in plain)


def test_build_leaves_the_checkout_alone(clone: Path, wheel: Path, run: Run) -> None:
    assert run("git", "status", "--short", cwd=clone) == ""


def test_commands_answer(installed: Path, no_node: str, run: Run) -> None:
    assert run(installed, "--version", path=no_node).startswith("vectorpy")
    assert "triage" in run(installed, "presets", path=no_node)
    assert "disk-latency" in run(installed, "widgets", path=no_node)


@contextmanager
def _serving(installed: Path, workshop: Path, path: str, port: int) -> Iterator[str]:
    """`vectorpy serve` from an empty folder; yields its URL once all is well."""
    home = workshop / "home"
    home.mkdir()
    log = (workshop / "serve.log").open("w+")
    folders = {"HOME": home, "VECTORPY_STATE_DIR": home / "s", "VECTORPY_RUNTIME_DIR": home / "r"}
    process = subprocess.Popen(
        [installed, "serve", "--port", str(port)],
        cwd=home,
        env={"PATH": path, "LANG": "C.UTF-8", **{key: str(folders[key]) for key in folders}},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _well(url):
            said = (workshop / "serve.log").read_text()
            assert process.poll() is None, f"serve ended:\n{said}"
            assert time.monotonic() < deadline, f"serve does not answer:\n{said}"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _well(url: str) -> bool:
    """Whether /healthz finds nothing amiss."""
    try:
        with closing(urllib.request.urlopen(f"{url}/healthz", timeout=5)):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


def _get(url: str) -> tuple[str, str]:
    """Media type and text of the answer; HTTPError where it is refused."""
    with closing(urllib.request.urlopen(url, timeout=10)) as answer:
        return answer.headers.get_content_type(), answer.read().decode("utf-8", "replace")


def test_serves_the_page(
    installed: Path, workshop: Path, no_node: str, free_port: Callable[[], int]
) -> None:
    with _serving(installed, workshop, no_node, free_port()) as url:
        kind, page = _get(f"{url}/")
        assert kind == "text/html"
        places = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        assert any(place.startswith("/vendor/plotly-") for place in places)
        assert any(place.endswith("/main.js") for place in places)
        for place in places:
            _get(url + place)
        kind, _ = _get(f"{url}/static/vendor/socket.io.esm.min.js")
        assert kind == "text/javascript"
