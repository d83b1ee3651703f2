"""What workers run: thin, idempotent, given ids only. The work is in ``rentals.operations``."""

from celery import shared_task

from core.queue import enqueue_on_commit
from rentals import poller
from rentals.operations import activation, evidence, lease, reading, retention, sending, unknown
from rentals.operations import sweep as sweeping


@shared_task
def send_purchase(purchase_id: int) -> None:
    """Buy what a held purchase asks for, at most once."""
    sending.send_purchase(purchase_id=purchase_id)


@shared_task
def calibrate(purchase_id: int) -> None:
    """Check on a purchase that the provider's ``frozen`` moves as we assume."""
    evidence.calibrate(purchase_id=purchase_id)


@shared_task
def find_out(purchase_id: int) -> None:
    """Look for evidence of what became of an unknown purchase."""
    unknown.find_out(purchase_id=purchase_id)


@shared_task
def send_cancel(activation_id: int) -> None:
    """Give a number back."""
    activation.send_cancel(activation_id=activation_id)


@shared_task
def send_lease_cancel(lease_id: int) -> None:
    """Give a long-term number back."""
    lease.send_cancel(lease_id=lease_id)


@shared_task
def read_leases(account_id: str) -> None:
    """Read the dates and orders of an account's leases."""
    reading.read_leases(account_id=account_id)


@shared_task
def read_inboxes(account_id: str) -> None:
    """Read the SMS of an account's leases."""
    reading.read_inboxes(account_id=account_id)


@shared_task
def read_all_leases() -> None:
    """Have the leases of every account read."""
    for account_id in reading.find_accounts():
        enqueue_on_commit(read_leases, account_id)


@shared_task
def read_all_inboxes() -> None:
    """Have the inboxes of every account read."""
    for account_id in reading.find_accounts():
        enqueue_on_commit(read_inboxes, account_id)


@shared_task
def sweep() -> None:
    """Find what was lost; every few seconds."""
    sweeping.sweep()


@shared_task
def remove_texts() -> None:
    """Remove texts and raw answers that were kept for as long as their team keeps them."""
    retention.remove_old_texts()


@shared_task
def poll_shard(shard: int) -> None:
    """Poll a shard's numbers for one slice, then enqueue the next."""
    poller.run_slice(shard)


@shared_task
def watch_pollers() -> None:
    """Start the pollers of shards that nobody holds."""
    poller.watch()
