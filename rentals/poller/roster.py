"""Reading which numbers are to be watched, with which accounts. Runs in the poller's ORM thread."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import ProviderAccount
from core.crypto import CannotUnseal
from rentals.models import Activation
from rentals.states import ActivationState

logger = logging.getLogger(__name__)

# Ids are handed out before they are committed: a number may appear below one that was seen.
OVERLAP = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A watched number: ``age`` in seconds since it was bought, ``left`` until it expires."""

    id: int
    request_id: str
    account_id: UUID
    age: float
    left: float
    received: bool


def watched(shard: int, shards: int, *, above: int = 0) -> list[Row]:
    """Read a shard's watched numbers; if given only those with an id ``above``, less the overlap."""
    rows = Activation.objects.watched()
    if shards > 1:
        rows = rows.annotate(part=F("poll_slot") % shards).filter(part=shard)
    if above:
        rows = rows.filter(pk__gt=above - OVERLAP)
    now = timezone.now()
    return [
        Row(
            id=pk,
            request_id=request_id,
            account_id=account_id,
            age=(now - created).total_seconds(),
            left=(expires_at - now).total_seconds(),
            received=state == ActivationState.RECEIVED,
        )
        for pk, request_id, account_id, created, expires_at, state in rows.order_by(
            "pk"
        ).values_list("pk", "request_id", "account_id", "created", "expires_at", "state")
    ]


def accounts(ids: Collection[UUID]) -> list[tuple[ProviderAccount, str | None]]:
    """Read accounts with their opened tokens; None for one that was removed or cannot be opened."""
    return [
        (account, _token(account))
        for account in ProviderAccount.objects.in_bulk(list(ids)).values()
    ]


def _token(account: ProviderAccount) -> str | None:
    try:
        return account.token()
    except CannotUnseal as error:
        logger.error("provider account %s cannot be polled: %s", account.pk, error)
        return None
