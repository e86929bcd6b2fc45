"""Errors as RFC 9457 problem documents: fixed words, nothing of the request echoed as HTML.

Only turning errors into answers belongs here. Every error, also Flask's own
404 or 405 and a fault of ours, leaves as application/problem+json.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from vectorpy.errors import VectorpyError
from vectorpy.model import wire

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
_TEXTS = {
    400: "The request can't be read.",
    404: "There is nothing at this address.",
    405: "This method is not allowed here.",
    413: "The request is too long.",
    414: "The address is too long.",
    415: "The request must be JSON.",
}


class CrossSite(VectorpyError):
    """A request that another site's page may have caused; it starts no host."""

    status = 403
    hint = "Open this host on the page of this server first, or ask with a tool such as curl."


def answer(problem: dict[str, Any], status: int) -> Response:
    """A problem document as a Flask answer."""
    return Response(_dump(problem), status=status, mimetype=PROBLEM)


def _dump(problem: dict[str, Any]) -> str:
    """JSON without angle brackets: typed text stays text, whatever reads it."""
    return json.dumps(problem).replace("<", "\\u003c").replace(">", "\\u003e")


def named(status: int, detail: str | None = None, hint: str = "") -> dict[str, Any]:
    """The problem document of an HTTP status, with fixed words where no `detail` is given."""
    text = detail or _TEXTS.get(status, "The request could not be answered.")
    title = {403: "Forbidden", 404: "Not found", 421: "Wrong host name"}.get(status, "Bad request")
    if status >= 500:
        title = "Server error"
    return wire.problem("about:blank", title, detail=text, hint=hint, status=status)


def wsgi_answer(start_response: Any, status: str, problem: dict[str, Any]) -> Iterable[bytes]:
    """A problem document as a bare WSGI answer, for what never reaches Flask."""
    text = _dump(problem).encode()
    headers = [("Content-Type", PROBLEM), ("Content-Length", str(len(text)))]
    start_response(status, headers)
    return [text]


def install(app: Flask) -> None:
    """Answer every error of `app` as a problem document."""

    @app.errorhandler(VectorpyError)
    def known(error: VectorpyError) -> Response:
        return answer(wire.problem_of(error), error.status)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return Response(status=status, headers=dict(error.get_headers()))
        found = answer(named(status), status)
        for name, value in error.get_headers():
            if name.lower() == "allow":
                found.headers[name] = value
        return found

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        logger.error("a request failed", exc_info=error)
        text = "This server failed at it; its log says why."
        return answer(named(500, text), 500)
