"""Names of containers, by the paths of their control groups.

A path tells engine and id; the name stands in files of the engine, which only
root may read as a rule. Where it can't be had the short id stands for it, with
the pod's uid where it is one of Kubernetes.
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
# containerd's and CRI-O's containers: files as runc reads them, with what Kubernetes calls them.
CONTAINERD = "/run/containerd/io.containerd.runtime.v2.task"  # /NAMESPACE/ID/config.json
CRIO = "/run/containers/storage/overlay-containers/%s/userdata/config.json"
_KUBERNETES = (  # annotations of the two: namespace, pod, container
    (
        "io.kubernetes.cri.sandbox-namespace",
        "io.kubernetes.cri.sandbox-name",
        "io.kubernetes.cri.container-name",
    ),
    ("io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.container.name"),
)
_SANDBOX = "io.kubernetes.cri.container-type"
_PLAIN_NAME = "nerdctl/name"
BYTES = 4 << 20
SHORT = 12
_ID = re.compile(r"(?:^|[-:])([0-9a-f]{64})(?:\.scope)?\Z")
_POD = re.compile(r"pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?=[./:]|\Z)")
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


def runtime_name(text: str) -> Optional[str]:
    """The name in a container's config.json: namespace/pod/container of Kubernetes, or its own."""
    try:
        told = json.loads(text)["annotations"]
        told = {key: value for key, value in told.items() if isinstance(value, str) and value}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    for keys in _KUBERNETES:
        parts = [told.get(key) for key in keys]
        if parts[1] and told.get(_SANDBOX) == "sandbox":
            parts[2] = "pause"  # what holds the pod's namespaces
        known = [part for part in parts if part]
        if parts[2]:
            return "/".join(known)
    return told.get(_PLAIN_NAME)


def pod(path: str) -> Optional[str]:
    """The uid of the pod of Kubernetes that a group belongs to."""
    found = _POD.search(path)
    return found.group(1).replace("_", "-") if found else None


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
    spaces = _folders(world, CONTAINERD)
    for identity_ in ids:
        places = ["%s/%s/%s/config.json" % (CONTAINERD, space, identity_) for space in spaces]
        readers = [(DOCKER % identity_, docker_name), (CRIO % identity_, runtime_name)]
        readers += [(place, runtime_name) for place in places]
        for place, read in readers if identity_ not in found else ():
            try:
                name = read(world.text(place, BYTES))
            except OSError:
                continue
            if name:
                found[identity_] = name
                break
    return {identity_: found[identity_] for identity_ in ids if identity_ in found}


def _folders(world: vfiles.World, place: str) -> List[str]:
    try:
        return world.names(place)[:100]
    except OSError:
        return []


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
        names = {
            path: self._known.get(found) or _unnamed(path, found) for path, found in ids.items()
        }
        for path in paths:
            other = _NAMED.search(path)
            if path not in names and other and path.count("/") < 4:
                names[path] = other.group(1).replace("\\x2d", "-")
        return names


def _unnamed(path: str, identity_: str) -> str:
    """What stands for a name: the short id, and the pod's uid, by which kubectl finds it."""
    uid = pod(path)
    return "pod-%s/%s" % (uid, identity_[:SHORT]) if uid else identity_[:SHORT]
