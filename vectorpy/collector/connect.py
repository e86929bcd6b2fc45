"""What pmcd starts in the place of an agent that needs root: see `starter`.

A program of its own, run by its path with nothing imported of ours:

    connect.py FOLDER NAME

It hands pmcd's pipes and a log file, NAME.log in its folder, to the starter
that listens in FOLDER, lets go of them, and ends when the agent ends.
"""

from __future__ import annotations

import os
import socket
import sys

SOCKET = "starter.sock"  # as in `starter`


def main(folder: str, name: str) -> int:
    """Exit status: 1 where the starter refused or the agent ended."""
    log = os.open(f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    os.chdir(folder)  # a path may be too long for a socket's name
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(SOCKET)
            socket.send_fds(connection, [name.encode("ascii")], [0, 1, log])
        except OSError as error:
            os.write(log, f"no starter in {folder}: {error}\n".encode())
            return 1
        # pmcd must see the end of the pipe when the agent closes it.
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, log):
            os.dup2(null, descriptor)
        connection.recv(1)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
