"""A team's accounts at the provider: added, changed, removed.

A token is believed only once the provider has answered it with a balance.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.models import ProviderAccount, Team, User
from accounts.operations.balances import explain, record_balance
from accounts.operations.errors import StillInUse, TokenNotAccepted
from accounts.provider import client_with
from smsbus import Balance, SmsBusError

logger = logging.getLogger(__name__)
State = ProviderAccount.State


@sensitive_variables("token", "refer_id")
def add_provider_account(
    *, team: Team, actor: User, name: str, token: str, refer_id: str = ""
) -> ProviderAccount:
    """Check ``token`` against the provider and save it as an account of ``team``.

    Raises ``TokenNotAccepted``: the provider refuses it or cannot be reached, or the team has it
    already (the database decides when it is sent twice at once).
    """
    asked_at = timezone.now()
    balance = _confirm(token)
    account = ProviderAccount(team=team, name=name)
    account.set_token(token)
    account.set_refer_id(refer_id)
    with _token_once(), transaction.atomic():
        account.save(force_insert=True)
        record_balance(account=account, balance=balance, asked_at=asked_at)
    logger.info("provider account %s was added by user %s", account.pk, actor.pk)
    return account


@sensitive_variables("token")
def replace_token(*, account: ProviderAccount, actor: User, token: str) -> None:
    """Check ``token`` and put it in place of the one that ``account`` has; a suspension is over.

    Raises ``TokenNotAccepted`` as ``add_provider_account`` does; the old token then stays.
    """
    asked_at = timezone.now()
    balance = _confirm(token)
    fresh = ProviderAccount(pk=account.pk, team_id=account.team_id)
    fresh.set_token(token)
    with _token_once(), transaction.atomic():
        replaced = (
            ProviderAccount.objects.kept()
            .filter(pk=account.pk)
            .update(
                token_sealed=fresh.token_sealed,
                token_last4=fresh.token_last4,
                token_fingerprint=fresh.token_fingerprint,
                state=State.ACTIVE,
                suspended_code=None,
                suspended_at=None,
                owners_told_at=None,
            )
        )
        if not replaced:
            raise TokenNotAccepted(_("This account was removed in the meantime."))
        record_balance(account=fresh, balance=balance, asked_at=asked_at)
    account.refresh_from_db()
    logger.info("the token of provider account %s was replaced by user %s", account.pk, actor.pk)


@sensitive_variables("token", "refer_id")
def edit_provider_account(
    *,
    account: ProviderAccount,
    actor: User,
    name: str,
    token: str = "",
    refer_id: str | None = None,
) -> None:
    """Change what is given: an empty ``token`` and a ``refer_id`` of None stay, "" takes it away.

    Raises ``TokenNotAccepted``, and changes nothing then.
    """
    if token:
        replace_token(account=account, actor=actor, token=token)
    changes: dict[str, object] = {"name": name}
    if refer_id is not None:
        account.set_refer_id(refer_id)
        changes["refer_id_sealed"] = account.refer_id_sealed
    ProviderAccount.objects.kept().filter(pk=account.pk).update(**changes)


@transaction.atomic
def remove_provider_account(*, account: ProviderAccount, actor: User) -> None:
    """Wipe the secrets of ``account`` and take it off the team's list; its row keeps the books.

    Raises ``StillInUse`` while money is reserved on it. A purchase that slips in at the same moment
    waits for this lock and then finds no token to be sent with.
    """
    row = ProviderAccount.objects.kept().select_for_update().filter(pk=account.pk).first()
    if row is None:
        return
    # Purchases live on a floor above; their way back to this row is all that is used here.
    unsettled = row.purchases.unsettled().count()
    if unsettled:
        raise StillInUse(
            ngettext(
                "%(count)s purchase on this account is not settled yet, so it was not removed. "
                "Wait for its SMS or cancel it, then try again.",
                "%(count)s purchases on this account are not settled yet, so it was not removed. "
                "Wait for their SMS or cancel them, then try again.",
                unsettled,
            )
            % {"count": unsettled}
        )
    ProviderAccount.objects.filter(pk=row.pk).update(
        state=State.REMOVED,
        token_sealed=b"",
        token_last4="",
        token_fingerprint="",
        refer_id_sealed=b"",
        suspended_code=None,
        suspended_at=None,
    )
    logger.info("provider account %s was removed by user %s", row.pk, actor.pk)


@sensitive_variables("token")
def _confirm(token: str) -> Balance:
    try:
        return client_with(token).get_balance()
    except SmsBusError as error:
        raise TokenNotAccepted(explain(error)) from None


@contextmanager
def _token_once() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise TokenNotAccepted(
            _("This team has an account with this token already. Nothing was changed.")
        ) from None
