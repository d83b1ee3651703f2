"""The world on disk: one SQLite file, written before each answer leaves.

Every thing (an account, a request, an order ...) is one row of JSON. A turn of the world writes all
that it changed in one transaction, so a kill -9 leaves the world as some turn left it.
"""

import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

LOCK_WITHIN = 0.5
SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID
"""


class Store:
    """Not thread-safe by itself: the world's lock guards it.

    Raises ``sqlite3.OperationalError`` when another process has the file open.
    """

    def __init__(self, path: str | Path) -> None:
        self._database = sqlite3.connect(
            path, timeout=LOCK_WITHIN, check_same_thread=False, isolation_level=None
        )
        # One process at a time; the system drops the lock of a killed one.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        # The process may be killed, the machine is assumed to stay up: no fsync for each turn.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(SCHEMA)

    def load(self, kind: str) -> dict[str, Any]:
        rows = self._database.execute("SELECT key, body FROM thing WHERE kind = ?", (kind,))
        return {key: json.loads(body) for key, body in rows}

    def write(self, things: Iterable[tuple[str, str, Any]]) -> None:
        """Insert or replace ``(kind, key, body)`` rows in one transaction."""
        rows = [(kind, key, json.dumps(body, default=_encode)) for kind, key, body in things]
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT INTO thing (kind, key, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                rows,
            )

    def close(self) -> None:
        self._database.close()


def _encode(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"cannot be stored: {type(value).__name__}")
