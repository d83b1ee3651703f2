"""Takes the append-only triggers away for who has to: a flush between tests, and who tampers.

SQLite can only DELETE, which ours refuse; so its flush takes the triggers away and puts them back.
PostgreSQL would TRUNCATE, which no row trigger sees, but that makes each of a hundred tables and their
indexes anew: to DELETE from the few that a test has filled takes a fraction of the time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection


@pytest.fixture(scope="session", autouse=True)
def flushable_tables() -> Iterator[None]:
    """Have each flush done as this database does it best, past the append-only triggers."""
    operations = type(connection.ops)
    flush = operations.sql_flush
    way = {"sqlite": without_triggers, "postgresql": of_what_is_filled}[connection.vendor]

    def sql_flush(self: Any, style: Any, tables: list[str], **options: bool) -> list[str]:
        return way(tables, flush(self, style, tables, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush)
        yield


def without_triggers(_tables: list[str], statements: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
    return [
        *(f"DROP TRIGGER {name}" for name, _sql in triggers),
        *statements,
        *(sql for _name, sql in triggers),
    ]


def of_what_is_filled(tables: list[str], statements: list[str]) -> list[str]:
    if any("RESTART IDENTITY" in statement for statement in statements):
        return statements
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'EXISTS (SELECT FROM "{table}")' for table in tables))
        filled = [
            table for table, has_rows in zip(tables, cursor.fetchone(), strict=True) if has_rows
        ]
    # For the transaction of the flush: no triggers, those of foreign keys included.
    return [
        "SET LOCAL session_replication_role = replica",
        *(f'DELETE FROM "{table}"' for table in filled),
    ]


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
