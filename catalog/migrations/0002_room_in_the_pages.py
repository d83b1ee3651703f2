"""Room in PostgreSQL's pages for the next stock.

A third of each page of offers stays free, so that an update finds room beside its old row and touches
no index unless the price itself moved.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE catalog_offer SET (fillfactor = 70)")


def leave_none(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE catalog_offer RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(leave_room, leave_none)]
