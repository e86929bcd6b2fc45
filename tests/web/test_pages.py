"""The page and its files: Plotly's URL, types, ETags, gzip."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from vectorpy.settings import Settings
from vectorpy.web import plotly

VENDOR = re.compile(rb'src="(/vendor/plotly-(\d+\.\d+\.\d+)\.min\.js)"')


def _plotly_url(server: Any) -> str:
    _, _, body = server.get("/")
    found = VENDOR.search(body)
    assert found is not None
    return found[1].decode()


@pytest.mark.parametrize("path", ["/", "/embed", "/?host=web-01&w=cpu"])
def test_the_page_has_plotly_s_url_filled_in(server: Any, path: str) -> None:
    status, headers, body = server.get(path)
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert b"__PLOTLY__" not in body
    assert VENDOR.search(body) is not None


def test_the_page_is_asked_for_again_and_costs_nothing_unchanged(server: Any) -> None:
    _, headers, _ = server.get("/")
    assert headers["cache-control"] == "no-cache"
    status, _, body = server.get("/", {"If-None-Match": headers["etag"]})
    assert (status, body) == (304, b"")


def test_modules_are_javascript_with_an_etag(server: Any) -> None:
    status, headers, body = server.get("/static/js/main.js")
    assert (status, body) == (200, b"export {};\n")
    assert headers["content-type"].startswith("text/javascript")
    assert server.get("/static/js/main.js", {"If-None-Match": headers["etag"]})[0] == 304


@pytest.mark.parametrize(
    "path", ["/static/../settings.py", "/static/%2e%2e/conftest.py", "/static/js/", "/vendor/x.js"]
)
def test_nothing_else_is_served(server: Any, path: str) -> None:
    status, headers, _ = server.get(path)
    assert status == 404
    assert headers["content-type"] == "application/problem+json"


def test_plotly_travels_packed_and_is_kept_for_a_year(server: Any, wait_until: Any) -> None:
    url = _plotly_url(server)
    zipped = {"Accept-Encoding": "gzip, br"}
    wait_until(
        lambda: server.get(url, zipped, "HEAD")[1].get("content-encoding") == "gzip",
        "the packed file",
    )
    _, headers, packed = server.get(url, zipped)
    assert headers["content-type"].startswith("text/javascript")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["vary"] == "Accept-Encoding"
    assert len(packed) < 1_700_000
    _, plain_headers, plain = server.get(url)
    assert "content-encoding" not in plain_headers
    assert gzip.decompress(packed) == plain
    assert b"plotly.js v" in plain[:4096]
    assert plain_headers["etag"] != headers["etag"]
    for etag, given in ((headers["etag"], zipped), (plain_headers["etag"], {})):
        status, _, body = server.get(url, {"If-None-Match": etag, **given})
        assert (status, body) == (304, b"")


def test_another_version_s_url_is_not_found(server: Any) -> None:
    assert server.get("/vendor/plotly-0.0.0.min.js")[0] == 404


def test_the_packed_file_is_made_once_per_version(tmp_path: Path) -> None:
    source = tmp_path / "plotly.min.js"
    source.write_bytes(b"/** plotly.js v9.8.7 */" * 100)
    file = plotly.PlotlyFile(source, "9.8.7")
    made = plotly.packed(file, tmp_path / "cache")
    assert made is not None
    assert gzip.decompress(made.read_bytes()) == source.read_bytes()
    stamp = made.stat().st_mtime_ns
    assert plotly.packed(file, tmp_path / "cache") == made
    assert made.stat().st_mtime_ns == stamp
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [made.name]


def test_where_nothing_can_be_written_the_file_is_served_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "plotly.min.js"
    source.write_bytes(b"x")
    (tmp_path / "cache").write_text("a file is in the way")
    assert plotly.packed(plotly.PlotlyFile(source, "1.0.0"), tmp_path / "cache") is None


def test_the_cache_lies_below_the_state_folder(tmp_path: Path) -> None:
    chosen = Settings(state_dir=str(tmp_path / "s"), runtime_dir=str(tmp_path / "r"))
    assert plotly.cache_folder(chosen) == tmp_path / "s" / "cache"
    assert plotly.cache_folder(Settings(runtime_dir=str(tmp_path))) == tmp_path / "cache"
