"""A team's accounts at the provider: added, changed, removed.

A token is believed only once the provider has answered it with a balance.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.audit import record
from accounts.models import Action, Membership, ProviderAccount, Team, User
from accounts.operations.balances import explain, record_balance
from accounts.operations.errors import StillInUse, TokenNotAccepted
from accounts.provider import client_with
from smsbus import Balance, SmsBusError

logger = logging.getLogger(__name__)
State = ProviderAccount.State


@sensitive_variables("token", "refer_id")
def add_provider_account(
    *, team: Team, actor: User, name: str, token: str, refer_id: str = "", private: bool = False
) -> ProviderAccount:
    """Check ``token`` against the provider and save it as an account of ``team``.

    A ``private`` one is seen and used by the actor alone.

    Raises ``TokenNotAccepted``: the provider refuses it or cannot be reached, or the team has it
    already (the database decides when it is sent twice at once).
    """
    asked_at = timezone.now()
    balance = _confirm(token)
    account = ProviderAccount(team=team, name=name, private_to=actor if private else None)
    account.set_token(token)
    account.set_refer_id(refer_id)
    with _token_once(), transaction.atomic():
        account.save(force_insert=True)
        record_balance(account=account, balance=balance, asked_at=asked_at)
        record(
            action=Action.ACCOUNT_ADDED,
            team=team,
            actor=actor,
            obj=account,
            after={
                **_end_of_token(account),
                "referral ID": account.has_refer_id,
                "private": private,
            },
        )
    logger.info("provider account %s was added by user %s", account.pk, actor.pk)
    return account


@sensitive_variables("token")
def replace_token(*, account: ProviderAccount, actor: User, token: str) -> None:
    """Check ``token`` and put it in place of the one that ``account`` has; a suspension is over.

    Raises ``TokenNotAccepted`` as ``add_provider_account`` does; the old token then stays.
    """
    asked_at = timezone.now()
    balance = _confirm(token)
    fresh = ProviderAccount(
        pk=account.pk, team_id=account.team_id, private_to_id=account.private_to_id
    )
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
        record(
            action=Action.TOKEN_REPLACED,
            team=account.team,
            actor=actor,
            obj=account,
            before=_end_of_token(account),
            after=_end_of_token(fresh),
        )
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
    with transaction.atomic():
        row = ProviderAccount.objects.kept().select_for_update().filter(pk=account.pk).first()
        if row is None:
            return
        if row.name != name:
            _rename(row, actor, name)
        if refer_id is not None:
            _set_refer_id(row, actor, refer_id)


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
    wipe_account(row, actor=actor)


def wipe_account(account: ProviderAccount, *, actor: User | None) -> None:
    """Forget the secrets of ``account``, in the transaction of who found nothing open on it."""
    ProviderAccount.objects.filter(pk=account.pk).update(
        state=State.REMOVED,
        token_sealed=b"",
        token_last4="",
        token_fingerprint="",
        refer_id_sealed=b"",
        suspended_code=None,
        suspended_at=None,
    )
    record(
        action=Action.ACCOUNT_REMOVED,
        team=account.team,
        actor=actor,
        obj=account,
        before=_end_of_token(account),
    )
    logger.info("provider account %s was removed by %s", account.pk, actor and actor.pk)


def close_private_accounts() -> int:
    """Close the private accounts of those who have left, once nothing is open on them any more.

    Until then nobody can buy with them, and what is open on them goes on to its end. Returns how many.
    """
    at_work = Membership.objects.filter(team=OuterRef("team"), user=OuterRef("private_to"))
    left = ProviderAccount.objects.kept().exclude(private_to=None).exclude(Exists(at_work))
    closed = 0
    for account_id in left.values_list("pk", flat=True):
        with transaction.atomic():
            row = left.select_for_update(of=("self",)).filter(pk=account_id).first()
            if row is not None and not row.purchases.unsettled().exists():
                wipe_account(row, actor=None)
                closed += 1
    return closed


def _end_of_token(account: ProviderAccount) -> dict[str, str]:
    # Who reads the trail may know how a token of the team ends, and not one of a member's own.
    return {} if account.private_to_id else {"token": f"…{account.token_last4}"}


def _rename(account: ProviderAccount, actor: User, name: str) -> None:
    before, account.name = account.name, name
    account.save(update_fields=["name"])
    record(
        action=Action.ACCOUNT_RENAMED,
        team=account.team,
        actor=actor,
        obj=account,
        before={"name": before},
        after={"name": name},
    )


@sensitive_variables("refer_id")
def _set_refer_id(account: ProviderAccount, actor: User, refer_id: str) -> None:
    before = account.has_refer_id
    account.set_refer_id(refer_id)
    account.save(update_fields=["refer_id_sealed"])
    record(
        action=Action.REFERRAL_CHANGED,
        team=account.team,
        actor=actor,
        obj=account,
        before={"referral ID": before},
        after={"referral ID": account.has_refer_id},
    )


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
