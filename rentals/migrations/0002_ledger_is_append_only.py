"""The database itself refuses to change or delete what the ledger and the timeline say."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = (("rentals", "0001_initial"),)
    operations = (append_only("rentals_ledgerentry", "rentals_event"),)
