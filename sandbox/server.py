"""The sandbox as a running server: a thread with an event loop of its own."""

import asyncio
import socket
import ssl
import subprocess
import tempfile
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType

from sandbox.calls import OTP_BASE, Shape
from sandbox.connection import Connection
from sandbox.control import Control
from sandbox.faults import Faults
from sandbox.panel import Panel
from sandbox.service import Service
from sandbox.store import Store
from sandbox.world import SMALL, World

SELF_SIGNED = "self-signed"
START_WITHIN = 10.0
BACKLOG = 4096


class Sandbox(Control):
    """A provider that listens while the ``with`` block runs (or from ``start`` to ``stop``).

    >>> with Sandbox(seed=1) as sandbox:
    ...     account = sandbox.add_account("token-of-alice", balance="10")
    ...     sandbox.api_url.endswith("/api/control")
    True

    ``port`` 0 takes a free one. ``ids`` is ``small`` or ``long``. ``state`` is a file in which the
    world lives on. ``tls="self-signed"`` speaks HTTPS with a certificate nobody trusts (its file is
    ``certificate``). ``shape`` holds the options of ``calls.Shape``. Raises ``OSError`` for a busy
    port, ``sqlite3.OperationalError`` for a state file in use, ``ValueError`` for one of another
    seed.
    """

    def __init__(
        self,
        seed: int = 1,
        ids: str = SMALL,
        demo_seconds: float | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: str | Path | None = None,
        tls: str | None = None,
        shape: Shape | None = None,
    ) -> None:
        if tls not in (None, SELF_SIGNED):
            raise ValueError(f"tls is None or {SELF_SIGNED!r}")
        with ExitStack() as resources:
            self._socket = resources.enter_context(
                socket.create_server((host, port), backlog=BACKLOG)
            )
            store = resources.enter_context(closing(Store(state))) if state is not None else None
            self.world = World(seed, ids, demo_seconds, store)
            folder = tempfile.TemporaryDirectory(prefix="sandbox-") if tls else None
            self._folder = Path(resources.enter_context(folder)) if folder else None
            self._resources = resources.pop_all()  # kept until stop, unless something failed
        self.faults = Faults()
        self.port: int = self._socket.getsockname()[1]
        scheme = "https" if tls else "http"
        self.rent_url = f"{scheme}://{host}:{self.port}"
        self.api_url = self.rent_url + OTP_BASE.rstrip("/")
        self.control_url = self.rent_url + "/_sandbox"
        self.service = Service(
            self.world, self.faults, shape or Shape(), self.rent_url, Panel(self).respond
        )
        self._connections: set[Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._listening = threading.Event()

    @property
    def certificate(self) -> Path:
        """The PEM file of the self-signed certificate, for a client that is to trust it."""
        if self._folder is None:
            raise ValueError("only with tls")
        return self._folder / "certificate.pem"

    def start(self) -> "Sandbox":
        context = self._make_tls_context() if self._folder is not None else None
        self._thread = threading.Thread(target=self._run, args=(context,), name="sandbox")
        self._thread.daemon = True
        self._thread.start()
        if not self._listening.wait(START_WITHIN):
            raise RuntimeError("the sandbox did not start")
        return self

    def stop(self) -> None:
        """Close every connection and the state file. Harmless the second time."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._thread = None
        self._resources.close()

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, context: ssl.SSLContext | None) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(
            loop.create_server(
                lambda: Connection(self.service.respond, self._connections),
                sock=self._socket,
                ssl=context,
                backlog=BACKLOG,
            )
        )
        self._listening.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(self.service.stop())
        for connection in list(self._connections):
            connection.abort()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def _make_tls_context(self) -> ssl.SSLContext:
        key = self.certificate.with_name("key.pem")
        command = [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(self.certificate)),
        ]
        subprocess.run(command, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        return context
