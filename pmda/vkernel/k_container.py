"""Names of containers, by the paths of their control groups.

A path tells engine and id; the name stands in files of the engine, which only
root may read as a rule. Where it can't be had the short id stands for it.
"""

from __future__ import annotations

import json
import re
from typing import Callable, Dict, Iterable, List, Optional

import vfiles

DOCKER = "/var/lib/docker/containers/%s/config.v2.json"
PODMAN = (
    "/var/lib/containers/storage/overlay-containers/containers.json",
    "/run/containers/storage/overlay-containers/containers.json",
)
KUBERNETES = "/var/log/containers"  # pod_namespace_container-id.log, links that all may list
BYTES = 4 << 20
SHORT = 12
_ID = re.compile(r"(?:^|-)([0-9a-f]{64})(?:\.scope)?\Z")
_NAMED = re.compile(r"(?:lxc\.payload\.|lxc/|machine-)([\w.@\\-]+?)(?:\.scope)?\Z")
_LOG = re.compile(r"(.+)-([0-9a-f]{64})\.log\Z")


def identity(path: str) -> Optional[str]:
    """The id of the container whose group this is; None for other groups."""
    last = path.rpartition("/")[2]
    if "conmon" in last:  # podman's watchman, not the container
        return None
    found = _ID.search(last)
    return found.group(1) if found else None


def docker_name(text: str) -> Optional[str]:
    """The name in docker's config of a container."""
    try:
        name = json.loads(text)["Name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return name.lstrip("/") or None if isinstance(name, str) else None


def podman_names(text: str) -> Dict[str, str]:
    """Id -> name in podman's list of containers."""
    found: Dict[str, str] = {}
    try:
        listed = json.loads(text)
        for entry in listed:
            names = entry.get("names")
            if isinstance(names, list) and names and isinstance(names[0], str):
                found[str(entry.get("id"))] = names[0]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return found
    return found


def kubernetes_names(files: Iterable[str]) -> Dict[str, str]:
    """Id -> namespace/pod/container by the names of log files."""
    found: Dict[str, str] = {}
    for file in files:
        match = _LOG.match(file)
        parts = match.group(1).split("_") if match else []
        if match and len(parts) == 3:
            found[match.group(2)] = "%s/%s/%s" % (parts[1], parts[0], parts[2])
    return found


def known(world: vfiles.World, ids: List[str]) -> Dict[str, str]:
    """Id -> name of those that can be found in the engines' files."""
    found: Dict[str, str] = {}
    try:
        found.update(kubernetes_names(world.names(KUBERNETES)))
    except OSError:
        pass
    for place in PODMAN:
        try:
            found.update(podman_names(world.text(place, BYTES)))
        except OSError:
            continue
    for identity_ in ids:
        if identity_ not in found:
            try:
                name = docker_name(world.text(DOCKER % identity_, BYTES))
            except OSError:
                continue
            if name:
                found[identity_] = name
    return {identity_: found[identity_] for identity_ in ids if identity_ in found}


class Names:
    """Path -> name, remembered: what `look_up` (ids -> names) found is not asked again."""

    def __init__(self, look_up: Callable[[List[str]], Dict[str, str]]) -> None:
        self._look_up = look_up
        self._known: Dict[str, str] = {}

    def __call__(self, paths: List[str]) -> Dict[str, str]:
        ids = {path: found for path in paths for found in (identity(path),) if found}
        self._known = {key: name for key, name in self._known.items() if key in ids.values()}
        missing = sorted(set(ids.values()) - set(self._known))
        if missing:
            self._known.update(self._look_up(missing))
        names = {path: self._known.get(found, found[:SHORT]) for path, found in ids.items()}
        for path in paths:
            other = _NAMED.search(path)
            if path not in names and other and path.count("/") < 4:
                names[path] = other.group(1).replace("\\x2d", "-")
        return names
