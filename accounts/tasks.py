"""What Celery runs for accounts; each task may run twice."""

from uuid import UUID

from celery import shared_task

from accounts import operations


@shared_task
def refresh_balances() -> None:
    """Read every balance that is due; close what members who left had for themselves."""
    operations.close_private_accounts()
    operations.read_due_balances()


@shared_task
def refresh_balance(account_id: str) -> None:
    """Read one balance: money has just moved there."""
    operations.refresh_balance(account_id=UUID(account_id))


@shared_task
def mail_suspension(account_id: str) -> None:
    """Tell a team's owners that the provider turned their account away."""
    operations.tell_owners(account_id=UUID(account_id))
