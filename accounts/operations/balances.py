"""Reading what a provider account holds; also how a token proves that it is good."""

import logging
import random
import time
import uuid
from contextlib import suppress
from datetime import datetime
from functools import partial

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from accounts.models import ProviderAccount, User
from accounts.operations.errors import TokenNotAccepted
from accounts.operations.suspension import resume_account, suspend_account, tell_owners
from accounts.provider import client_for
from accounts.signals import balance_read, money_changed
from core.crypto import CannotUnseal
from core.queue import enqueue_on_commit
from smsbus import Balance, ProviderError, RateLimited, SmsBusError, WrongToken

logger = logging.getLogger(__name__)

ROUND_SECONDS = 240  # shorter than the beat, so that rounds do not pile up
SETTLE_SECONDS = 2  # from the first movement of money to the reading that shows it
ASKED_SECONDS = 60  # after so long a reading that was asked for counts as lost
GIVE_UP_AFTER = 3  # unreachable in a row: it is the provider, not the account


def ask_for_balance(*, account_id: uuid.UUID) -> None:
    """Have the balance read soon after the commit, because money has moved on the account.

    Once for all who ask before that reading begins: a hundred settlements in a second are one call
    to the provider. Whoever asks later is not in it and gets another one. The claim lives beside the
    message, in Redis: without Redis neither is there, and the next round reads the balance.
    """
    transaction.on_commit(partial(_ask, account_id))


def _ask(account_id: uuid.UUID) -> None:
    from accounts.tasks import refresh_balance  # the tasks import the operations

    try:
        first = cache.add(_asked(account_id), 1, timeout=ASKED_SECONDS)
    except RedisError as error:
        logger.warning("the balance of %s waits: %s", account_id, type(error).__name__)
        return
    if first:
        enqueue_on_commit(refresh_balance, str(account_id), countdown=SETTLE_SECONDS)


def refresh_balance(*, account_id: uuid.UUID) -> None:
    """Read the balance that was asked for; money that moves from now on is asked for anew."""
    with suppress(RedisError):  # the claim then runs out by itself
        cache.delete(_asked(account_id))
    account = ProviderAccount.objects.usable().filter(pk=account_id).first()
    if account is None:
        return
    try:
        read_balance(account=account)
    except SmsBusError:
        return  # the next round reads it; a refused token has suspended the account by now


def _asked(account_id: uuid.UUID) -> str:
    return f"balance-asked:{account_id}"


def record_balance(*, account: ProviderAccount, balance: Balance, asked_at: datetime) -> None:
    """Keep ``balance`` as what ``account`` holds now, and tell who measures and the pages.

    ``asked_at`` is the moment before the provider was asked. Does nothing when the account's token
    was replaced since ``account`` was read (the balance may be another SMS-BUS account's), or when one
    that was asked for later is here already; a moment that lies ahead of our clock is not believed.
    """
    figures = {"balance": balance.balance, "frozen": balance.frozen, "balance_at": asked_at}
    not_later = Q(balance_at=None) | Q(balance_at__lte=asked_at) | Q(balance_at__gt=timezone.now())
    with transaction.atomic():
        same = ProviderAccount.objects.kept().filter(
            not_later, pk=account.pk, token_fingerprint=account.token_fingerprint
        )
        if not same.update(**figures):
            return
        balance_read.send(ProviderAccount, account=account, balance=balance, asked_at=asked_at)
        money_changed.send(ProviderAccount, team_id=account.team_id)
    for name, value in figures.items():
        setattr(account, name, value)


def read_balance(*, account: ProviderAccount) -> Balance:
    """Ask the provider for the balance of ``account``, and keep it.

    A token that it no longer knows suspends the account. Raises what ``smsbus`` raises, and
    ``core.crypto.CannotUnseal``.
    """
    asked_at = timezone.now()
    try:
        balance = client_for(account).get_balance()
    except WrongToken as error:
        suspend_account(account=account, code=error.code)
        raise
    record_balance(account=account, balance=balance, asked_at=asked_at)
    return balance


def check_provider_account(*, account: ProviderAccount, actor: User) -> Balance:
    """Ask for the balance now, because ``actor`` wants to know; what suspended it is forgiven.

    ``get/balance`` also answers an account that was never activated, so taking that one back is
    only as good as the word of who pressed the button: if it is still so, the next purchase is
    refused, costs nothing and suspends it again. Raises ``TokenNotAccepted``.
    """
    try:
        balance = read_balance(account=account)
    except SmsBusError as error:
        raise TokenNotAccepted(explain(error)) from None
    except CannotUnseal:
        raise TokenNotAccepted(
            _("The stored token cannot be opened any more. No money moved. Enter the token again.")
        ) from None
    resume_account(account=account, actor=actor)
    return balance


def read_due_balances() -> int:
    """Read the balances that are due, and send suspension mails that were missed.

    In a new order each time, so that slow accounts do not starve the others. One that fails waits
    for the next round; three in a row that do not get through end this round, as it is then the
    provider that is down. Returns how many balances were read.
    """
    for account_id in ProviderAccount.objects.untold().values_list("pk", flat=True):
        try:
            tell_owners(account_id=account_id)
        except OSError as error:
            logger.warning("the owners of %s could not be mailed: %r", account_id, error)
    due = list(ProviderAccount.objects.due())
    random.shuffle(due)
    until = time.monotonic() + ROUND_SECONDS
    read = unreachable = 0
    for account in due:
        if unreachable == GIVE_UP_AFTER or time.monotonic() > until:
            break
        try:
            read_balance(account=account)
        except ProviderError:
            unreachable = 0
        except SmsBusError as error:
            unreachable += 1
            logger.warning("the balance of %s could not be read: %s", account.pk, error)
        except Exception:
            logger.exception("the balance of %s could not be read", account.pk)
        else:
            read, unreachable = read + 1, 0
    return read


def explain(error: SmsBusError) -> str:
    """Say to a person why a token could not be checked."""
    if isinstance(error, WrongToken):
        return _(
            "SMS-BUS does not know this token. No money moved. "
            "Copy the token from your SMS-BUS profile once more and save it here."
        )
    if isinstance(error, RateLimited):
        return _("SMS-BUS is being asked too often. No money moved. Try again in a minute.")
    if isinstance(error, ProviderError):
        return _(
            "SMS-BUS answered with code %(code)s, which we do not know. No money moved. "
            "Try again later; if it stays, ask their support what the code means."
        ) % {"code": error.code}
    return _(
        "SMS-BUS could not be reached or gave no proper answer, so the token could not be checked. "
        "No money moved. Try again in a minute."
    )
