"""`vectorpy check HOST`: what answers there, in steps, by the same code as the page's.

Only the gathering of what the check needs belongs here: settings, catalog, and
the socket of a vectorpy that runs on this machine, which is what `local` means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vectorpy.catalog.loader import load
from vectorpy.collector.places import places
from vectorpy.collector.users import roles
from vectorpy.errors import VectorpyError
from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.sources.check import Step, check
from vectorpy.sources.dial import Dialler


def inspect(host: str, settings: Settings, environ: Mapping[str, str]) -> list[Step]:
    """The steps of checking `host`. Raises BadHost for text that names no host."""
    hid = hostspec.parse(host)
    if not settings.pmcd_socket:
        settings = replace(settings, pmcd_socket=local_socket(settings, environ))
    catalog = load(Path(settings.catalog_dir) if settings.catalog_dir else None)
    widgets = [(widget.id, widget.metrics) for widget in catalog.widgets.values()]
    return check(hid, Dialler(settings), widgets)


def local_socket(settings: Settings, environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """pmcd's socket of the `up` that runs on the settings' port for this user; "" if none does."""
    try:
        found = places(
            str(settings.port),
            roles(needs_pcp=False),
            environ,
            settings.state_dir,
            settings.runtime_dir,
            root,
        ).pmcd_socket
        return str(found) if found.is_socket() else ""
    except (VectorpyError, OSError):
        return ""
