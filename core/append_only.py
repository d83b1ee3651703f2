"""Tables that are only ever added to: the database itself refuses to change or delete their rows.

A later migration that alters such a table needs ``append_only`` once more after it: SQLite makes the
table anew for that, without its triggers. Of PostgreSQL's ways to lose rows ``TRUNCATE`` is left, which
row triggers do not see.
"""

from typing import Any

from django.db import migrations


def append_only(*tables: str) -> migrations.RunPython:
    """Return the migration operation after which an UPDATE or DELETE of a row of ``tables`` raises.

    On both engines, whoever sends it. Undone it takes the triggers away again.
    """

    def create_triggers(apps: Any, schema_editor: Any) -> None:
        for table in tables:
            for statement in _create(table, schema_editor.connection.vendor):
                schema_editor.execute(statement)

    def drop_triggers(apps: Any, schema_editor: Any) -> None:
        for table in tables:
            for statement in _drop(table, schema_editor.connection.vendor):
                schema_editor.execute(statement)

    return migrations.RunPython(create_triggers, drop_triggers)


def _create(table: str, vendor: str) -> list[str]:
    if vendor == "postgresql":
        return [
            f"""
            CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation';
            END $$
            """,
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete")
    ]


def _drop(table: str, vendor: str) -> list[str]:
    if vendor == "postgresql":
        return [
            f"DROP TRIGGER {table}_append_only ON {table}",
            f"DROP FUNCTION IF EXISTS {table}_append_only()",
        ]
    return [f"DROP TRIGGER {table}_no_{verb}" for verb in ("update", "delete")]
