"""Our agents as they are shipped: name, domain, files. Installed ones stand in `folder`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vectorpy import paths
from vectorpy.errors import Unavailable, UnknownName

# What people change after the install; everything else is code.
_EDITABLE = (".conf", ".map")
_DOMAIN = re.compile(r"^\s*(\w+)\s+(\d+):\*:\*\s*$", re.MULTILINE)


def editable(name: str) -> bool:
    """Whether a file of an agent is there to be changed by people."""
    return name.endswith(_EDITABLE)


def digest(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Shipped:
    """One agent of ours: `folder` holds its files, some of them links to common ones."""

    name: str
    domain: int
    folder: Path

    def files(self) -> dict[str, Path]:
        """Name below the folder -> ordinary file, links followed.

        Raises Unavailable where a link leads out of our agents: root would copy
        whatever it names for everybody to read.
        """
        top = self.folder.resolve().parent
        found = {}
        for path in _walk(self.folder):
            real = path.resolve()
            if not real.is_relative_to(top) or not real.is_file():
                raise Unavailable(f"{path} leads to {real}, which is no file of our agents.")
            found[path.relative_to(self.folder).as_posix()] = real
        return found


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, without what tools leave there; linked folders are not entered."""
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if n != "__pycache__" and not n.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith((".pyc", ".log")):
                yield Path(base, name)


def ours(root: Path | None = None) -> dict[str, Shipped]:
    """All of our agents by name, in the order of their domains.

    Raises Unavailable where our own files are not whole.
    """
    try:
        top = root or paths.pmda_root()
        found = [_read(path.parent) for path in top.glob("*/Install")]
    except OSError as error:
        raise Unavailable(f"Our agents can't be read: {error}.") from error
    return {agent.name: agent for agent in sorted(found, key=lambda agent: agent.domain)}


def _read(folder: Path) -> Shipped:
    name = folder.name
    text = (folder / f"root_{name}").read_text(encoding="utf-8")
    domains = [int(number) for word, number in _DOMAIN.findall(text) if word == name]
    if len(domains) != 1:
        raise Unavailable(f"{folder}/root_{name} does not say the domain of {name}.")
    return Shipped(name, domains[0], folder)


def chosen(names: Iterable[str], agents: dict[str, Shipped]) -> list[Shipped]:
    """The agents of these names, each once; all where none is named. Raises UnknownName."""
    wanted = list(dict.fromkeys(names)) or list(agents)
    for name in wanted:
        if name not in agents:
            raise UnknownName(
                f"There is no agent called {name}.", hint=f"There are: {', '.join(agents)}."
            )
    return [agents[name] for name in wanted]
