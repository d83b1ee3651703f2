"""Which parts the site is made of here, from the environment.

Whatever is named there (REDIS_URL, DATABASE_URL, SMSBUS_API_URL) is used; what is not comes along:
a Valkey of our own, SQLite, the sandbox.
"""

import errno
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.env import BadSetting, Env
from core.supervisor.child import Part
from core.valkey import server_command

PROJECT = Path(__file__).resolve().parent.parent.parent
SANDBOX_READY = r"http://\S+"
TRY_PORTS = 20


@dataclass(frozen=True)
class Choices:
    """What the environment says about this run."""

    data: Path
    host: str
    port: int
    own_redis: bool
    own_provider: bool
    demo: bool  # said of our own provider only
    shards: int
    sms_seconds: int

    @classmethod
    def read(cls, env: Env) -> "Choices":
        """Raises BadSetting. The site's own settings are checked when the first part starts."""
        if env.raw("SMSBUS_RENT_URL") and not env.raw("SMSBUS_API_URL"):
            raise BadSetting("SMSBUS_API_URL", "an address as well, since SMSBUS_RENT_URL has one")
        return cls(
            data=Path(env.text("BUSSTOP_DATA", str(PROJECT / "var"))).resolve(),
            host=env.text("HOST", "127.0.0.1"),
            port=env.integer("PORT", 8000, minimum=1, maximum=65535),
            own_redis=env.raw("REDIS_URL") is None,
            own_provider=env.raw("SMSBUS_API_URL") is None,
            demo=env.flag("DEMO", default=True),
            shards=env.integer("POLL_SHARDS", 1, minimum=1, maximum=64),
            sms_seconds=env.integer("DEMO_SMS_SECONDS", 6, minimum=1, maximum=600),
        )


def valkey(socket_path: Path) -> Part:
    """Raises core.valkey.NoServer."""
    return Part(
        "valkey",
        server_command(socket_path),
        ready="(?i)ready to accept connections",
        needed_by_others=True,
        chatty=True,
    )


def sandbox(choices: Choices, port: int = 0) -> Part:
    """The provider of the demo. SMS come by themselves after some seconds."""
    state = str(choices.data / "sandbox.sqlite3")
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--state", state]
    return Part(
        "sandbox",
        [*command, "--demo", str(choices.sms_seconds)],
        ready=SANDBOX_READY,
        needed_by_others=True,
    )


def prepare(env: Mapping[str, str]) -> Part:
    """Migrations and the demo's data; runs to its end before the site starts."""
    return Part("prepare", [sys.executable, "manage.py", "prepare"], env)


def web(host: str, port: int, env: Mapping[str, str]) -> Part:
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application"]
    options = {
        "--host": host,
        "--port": str(port),
        "--lifespan": "on",
        "--log-level": "info",
        # Open event streams would keep it for ever.
        "--timeout-graceful-shutdown": "2",
    }
    flat = [word for pair in options.items() for word in pair]
    return Part(
        "web",
        # No access log: the addresses of the stream hold a ticket.
        [*command, *flat, "--no-access-log", "--no-server-header", "--no-proxy-headers"],
        env,
        ready="Application startup complete",
    )


def workers(shards: int, env: Mapping[str, str]) -> list[Part]:
    """Whoever works behind the pages."""
    celery = [sys.executable, "-m", "celery", "--app", "config", "--quiet"]
    # One worker of each kind: there is nobody to gossip with.
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = [*celery, "worker", *alone, "--hostname", "worker@%h", "--queues", "buy,default"]
    poller = [*celery, "worker", *alone, "--hostname", "poller@%h", "--queues", "poll"]
    return [
        # It may be buying: the answer is worth the provider's whole deadline of 20 s.
        Part("worker", [*worker, "--concurrency", "3"], env, grace=25),
        # A slice is cut short: what it has not written, the next one finds again.
        Part(
            "poller",
            [*poller, "--concurrency", str(shards), "--prefetch-multiplier", "1"],
            env,
            stop_signal=signal.SIGQUIT,
        ),
        Part("beat", [*celery, "beat", "--pidfile="], env),
    ]


def free_port(host: str, wanted: int) -> int:
    """`wanted`, or the next port that nobody listens on. Raises BadSetting for a wrong host."""
    for port in [*range(wanted, min(wanted + TRY_PORTS, 65536)), 0]:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                # As the server will: a port in TIME_WAIT is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
                return int(probe.getsockname()[1])
        except socket.gaierror:
            raise BadSetting("HOST", "an address of this machine") from None
        except PermissionError:
            raise BadSetting("PORT", "a port that you may use (from 1024)") from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise BadSetting("HOST", "an address of this machine") from None
    raise BadSetting("PORT", "a free port")  # pragma: no cover (port 0 is always free)
