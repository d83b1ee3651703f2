"""When a page last asked for a new reading; and room in PostgreSQL's pages for the next price.

A third of each page of offers stays free, so that an update finds room beside its old row and touches
no index unless the price itself moved.
"""

from django.db import migrations, models
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

    operations = [
        migrations.AddField(
            model_name="feed",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last asked for"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="claimed_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="being read until"),
        ),
        migrations.RunPython(leave_room, leave_none),
    ]
