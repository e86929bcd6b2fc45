"""The page and its files: `/`, `/embed`, `/static`, `/vendor`.

Only files are served here, with types, ETags and ages; what the page shows is
its own doing. The page is one HTML file in which Plotly's URL is filled in.
"""

from __future__ import annotations

import mimetypes
import threading
from pathlib import Path

from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import NotFound

from vectorpy import aio
from vectorpy.settings import Settings
from vectorpy.web import plotly

PLACEHOLDER = "__PLOTLY__"
_YEAR = 31_536_000
# Some systems' tables call it text/plain, and browsers then refuse modules.
for _ending in (".js", ".mjs"):
    mimetypes.add_type("text/javascript", _ending)


class Page:
    """index.html with its placeholder filled in, read anew when the file changes."""

    def __init__(self, path: Path, plotly_url: str) -> None:
        self._path = path
        self._url = plotly_url
        self._lock = threading.Lock()
        self._read: tuple[int, str] | None = None

    def text(self) -> str:
        """The page's HTML."""
        stamp = self._path.stat().st_mtime_ns
        with self._lock:
            if self._read is None or self._read[0] != stamp:
                text = self._path.read_text(encoding="utf-8")
                self._read = (stamp, text.replace(PLACEHOLDER, self._url))
            return self._read[1]


class Vendor:
    """Plotly's file, packed once beside the serving; raw until then."""

    def __init__(self, settings: Settings) -> None:
        self.file = plotly.find()
        self._folder = plotly.cache_folder(settings)
        self._packed: Path | None = None

    def pack(self) -> None:
        """Have the packed file at hand (about half a second once per version)."""
        self._packed = aio.offload(plotly.packed, self.file, self._folder)

    def answer(self) -> Response:
        """The file, gzip-ed where the browser takes that, to be kept for a year."""
        packed = self._packed
        zipped = packed is not None and request.accept_encodings.quality("gzip") > 0
        path = packed if zipped and packed is not None else self.file.path
        found = send_file(
            path,
            mimetype="text/javascript",
            download_name=self.file.name,
            etag=f"{self.file.version}{'-gzip' if zipped else ''}",
            max_age=_YEAR,
            conditional=True,
        )
        if zipped:
            found.headers["Content-Encoding"] = "gzip"
        found.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        found.headers["Vary"] = "Accept-Encoding"
        return found


def blueprint(static: Path, vendor: Vendor) -> Blueprint:
    """Routes of the page. `static` is the folder with index.html."""
    routes = Blueprint("pages", __name__)
    page = Page(static / "index.html", vendor.file.url)

    def show() -> Response:
        found = Response(page.text(), mimetype="text/html")
        found.headers["Cache-Control"] = "no-cache"
        found.add_etag()
        return found.make_conditional(request)  # type: ignore[return-value]

    routes.add_url_rule("/", "index", show)
    routes.add_url_rule("/embed", "embed", show)

    @routes.get("/vendor/<name>")
    def vendored(name: str) -> Response:
        if name != vendor.file.name:
            raise NotFound
        return vendor.answer()

    @routes.get("/favicon.ico")
    def icon() -> Response:
        for name in ("favicon.ico", "favicon.svg", "img/favicon.svg"):
            if (static / name).is_file():
                return send_file(static / name, max_age=86_400)
        return Response(status=204)

    return routes
