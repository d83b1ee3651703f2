"""What Celery runs for accounts; each task may run twice."""

from uuid import UUID

from celery import shared_task

from accounts import operations
from accounts.models import ProviderAccount
from smsbus import SmsBusError


@shared_task
def refresh_balances() -> None:
    """Read every balance that is due."""
    operations.read_due_balances()


@shared_task
def refresh_balance(account_id: str) -> None:
    """Read one balance now: money has just moved there."""
    account = ProviderAccount.objects.usable().filter(pk=account_id).first()
    if account is None:
        return
    try:
        operations.read_balance(account=account)
    except SmsBusError:
        return  # the next round reads it; a refused token has suspended the account by now


@shared_task
def mail_suspension(account_id: str) -> None:
    """Tell a team's owners that the provider turned their account away."""
    operations.tell_owners(account_id=UUID(account_id))
