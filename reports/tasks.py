"""What workers run for reports: thin, given ids only."""

from celery import shared_task

from reports import operations


@shared_task
def write_export(export_id: str) -> None:
    """Write a workbook."""
    operations.write_export(export_id=export_id)


@shared_task
def sweep_exports() -> None:
    """Remove what is over, and go on with what was lost; every minute."""
    operations.sweep_exports()
