"""What workers run: thin, idempotent, given ids only. The work is in ``rentals.operations``."""

from celery import shared_task

from rentals import poller
from rentals.operations import activation, evidence, sending, unknown
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
def sweep() -> None:
    """Find what was lost; every few seconds."""
    sweeping.sweep()


@shared_task
def poll_shard(shard: int) -> None:
    """Poll a shard's numbers for one slice, then enqueue the next."""
    poller.run_slice(shard)


@shared_task
def watch_pollers() -> None:
    """Start the pollers of shards that nobody holds."""
    poller.watch()
