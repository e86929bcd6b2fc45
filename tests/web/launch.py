"""Runs the web process as its module does, with a page folder of the test's own.

Constants named in VECTORPY_TEST_HURRY (JSON: "module.NAME" to a number) are in
force instead of those that are shipped: waits of half a minute, told in seconds.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from vectorpy import aio, paths
from vectorpy.web import serve

page = Path(sys.argv[1])
paths.static_root = lambda package=page: page  # type: ignore[assignment]


def start(mode: str, really=aio.start) -> None:  # type: ignore[no-untyped-def]
    really(mode)
    # Only now: what these import must find the patched library.
    for place, value in json.loads(os.environ.pop("VECTORPY_TEST_HURRY", "{}")).items():
        module, _, name = place.rpartition(".")
        found = importlib.import_module(f"vectorpy.web.{module}")
        assert hasattr(found, name), place
        setattr(found, name, value)


aio.start = start
code = serve._run()
sys.stderr.flush()
os._exit(code)
