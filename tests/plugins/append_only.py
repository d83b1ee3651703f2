"""Takes the append-only triggers away for who has to: the flush of SQLite, and who tampers.

PostgreSQL empties tables by TRUNCATE, which row triggers do not see. SQLite can only DELETE, which
ours refuse; so the flush takes the triggers away and puts them back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection


@pytest.fixture(scope="session", autouse=True)
def flushable_tables() -> Iterator[None]:
    """Wrap the statements of each flush in dropping and making the append-only triggers."""
    if connection.vendor != "sqlite":
        yield
        return
    # Here, because on its own the module imports itself in a circle.
    from django.db.backends.sqlite3.operations import DatabaseOperations

    flush = DatabaseOperations.sql_flush

    def flush_without_triggers(self, style, tables, **options):  # type: ignore[no-untyped-def]
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        return [
            *(f"DROP TRIGGER {name}" for name, _sql in triggers),
            *flush(self, style, tables, **options),
            *(sql for _name, sql in triggers),
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush_without_triggers)
        yield


@contextmanager
def tampering(*tables: str) -> Iterator[None]:
    """The append-only triggers are gone, as for somebody with the password of the database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table changes with checks to come
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            for _name, sql in triggers:
                cursor.execute(sql)
