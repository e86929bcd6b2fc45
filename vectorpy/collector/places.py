"""Where an instance keeps its files: the state folder and the runtime folder.

Each instance has two folders of its own, named by its port, so that two never
clash; a setting that names a folder is taken as it is. Folders that root makes
belong to root, and only those below that a process must write belong to its
user. What lies in them is `layout`'s.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vectorpy.collector.users import Account, Roles
from vectorpy.errors import ConfigError, Unavailable

SOCKET_PATH_MAX = 107  # bytes of sun_path, the closing zero left out
_LONGEST_SOCKET = "pmcd.sock"


@dataclass(frozen=True)
class Places:
    """The two folders of one instance.

    `state` survives (logs, PMNS, data); `runtime` (mode 0700, the stack's user)
    holds pmcd.sock, bus.sock and health.json. `bases` are the folders above
    them that are vectorpy's own as well.
    """

    state: Path
    runtime: Path
    bases: tuple[Path, ...] = ()

    @property
    def data(self) -> Path:
        """Folder of sampler and web for what must survive; settings call it state_dir."""
        return self.state / "data"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def pmcd_socket(self) -> Path:
        return self.runtime / "pmcd.sock"

    @property
    def bus_socket(self) -> Path:
        return self.runtime / "bus.sock"

    @property
    def health(self) -> Path:
        return self.runtime / "health.json"


def places(
    instance: str,
    roles: Roles,
    environ: Mapping[str, str],
    state_dir: str = "",
    runtime_dir: str = "",
    root: Path = Path("/"),
) -> Places:
    """The folders of `instance` (for example "8044"), nothing made yet.

    Explicit `state_dir` and `runtime_dir` are taken as they are. Raises
    ConfigError where a socket's path would be too long for the kernel.
    """
    bases = []
    if state_dir:
        state = Path(state_dir).absolute()
    else:
        bases.append(_state_base(roles, environ, root))
        state = bases[-1] / instance
    if runtime_dir:
        runtime = Path(runtime_dir).absolute()
    else:
        bases.append(_runtime_base(roles, environ, root))
        runtime = bases[-1] / instance
    found = Places(state, runtime, tuple(bases))
    if len(os.fsencode(found.runtime / _LONGEST_SOCKET)) > SOCKET_PATH_MAX:
        raise ConfigError(
            f"The runtime folder {found.runtime} has too long a path for sockets.",
            hint="Name a shorter one with VECTORPY_RUNTIME_DIR.",
        )
    return found


def _state_base(roles: Roles, environ: Mapping[str, str], root: Path) -> Path:
    if roles.drops:
        return root / "var/lib/vectorpy"
    given = environ.get("XDG_STATE_HOME", "")
    if given.startswith("/"):
        return Path(given) / "vectorpy"
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise ConfigError(
            "Neither HOME nor XDG_STATE_HOME says where files may be kept.",
            hint="Name a folder with VECTORPY_STATE_DIR.",
        )
    return Path(home) / ".local/state/vectorpy"


def _runtime_base(roles: Roles, environ: Mapping[str, str], root: Path) -> Path:
    if roles.drops:
        return root / "run/vectorpy"
    given = Path(environ.get("XDG_RUNTIME_DIR", ""))
    # An inherited XDG_RUNTIME_DIR may be another user's (su, sudo) or gone.
    if given.is_absolute() and given.is_dir() and given.stat().st_uid == roles.stack.uid:
        return given / "vectorpy"
    return Path(tempfile.gettempdir()) / f"vectorpy-{roles.stack.uid}"


def make_folder(path: Path, mode: int, owner: Account | None) -> None:
    """Make `path` with its parents and set its mode, and its owner where `owner` is given.

    Raises Unavailable where it is no folder, a link, or another user's: the
    names under /tmp are anybody's to take.
    """
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise Unavailable(
            f"The folder {path} can't be made: {error.strerror}.",
            hint="Name others with VECTORPY_STATE_DIR and VECTORPY_RUNTIME_DIR.",
        ) from error
    owners = {os.geteuid()} | ({owner.uid} if owner is not None else set())
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        raise Unavailable(
            f"{path} is not a folder of ours.", hint="Remove it, or name another folder."
        )
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    path.chmod(mode)


class Lock:
    """Holds folders for one instance while it lives; the kernel frees them at its end."""

    def __init__(self) -> None:
        self._fds: list[int] = []

    def take(self, folder: Path) -> None:
        """Lock `folder` or raise Unavailable: another instance has it."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise Unavailable(
                f"Another vectorpy uses the folder {folder}.",
                hint="Stop it, or take another --port: each port has folders of its own.",
            ) from error
        self._fds.append(fd)

    def release(self) -> None:
        """Free all; done again it does nothing."""
        while self._fds:
            os.close(self._fds.pop())
