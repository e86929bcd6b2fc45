"""Runs the web process as its module does, with a page folder of the test's own."""

import os
import sys
from pathlib import Path

from vectorpy import paths
from vectorpy.web import serve

page = Path(sys.argv[1])
paths.static_root = lambda package=page: page  # type: ignore[assignment]
code = serve._run()
sys.stderr.flush()
os._exit(code)
