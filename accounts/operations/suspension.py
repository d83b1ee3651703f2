"""Provider accounts that the provider turned away: set aside, told to the owners, taken back."""

import logging
import uuid
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Action, ProviderAccount, Role, User
from accounts.models.provider_account import ProviderAccountQuerySet
from accounts.signals import money_changed, news
from core.letters import make_letter
from core.queue import enqueue_on_commit

logger = logging.getLogger(__name__)
State = ProviderAccount.State


def suspend_account(*, account: ProviderAccount, code: int | str) -> None:
    """Set ``account`` aside, as the provider answered ``code`` (401, 50208); tell the owners.

    Does nothing unless the account is active with the very token that ``account`` was read with: an
    answer to an old token says nothing about the one that has replaced it. The mail goes out after
    the commit, from a worker; should that wake-up be lost, the next round of balances sends it.
    """
    from accounts.tasks import mail_suspension  # the tasks import the operations

    now = timezone.now()
    with transaction.atomic():
        suspended = (
            _with_same_token(account)
            .filter(state=State.ACTIVE)
            .update(
                state=State.SUSPENDED,
                suspended_code=int(code),
                suspended_at=now,
                owners_told_at=None,
            )
        )
        if not suspended:
            return
        money_changed.send(ProviderAccount, team_id=account.team_id)
        enqueue_on_commit(mail_suspension, str(account.pk))
        _tell_on_the_site(account, now)
        record(
            action=Action.ACCOUNT_SUSPENDED,
            team=account.team,
            obj=account,
            after={"provider code": int(code)},
        )
    account.state, account.suspended_code, account.suspended_at = State.SUSPENDED, int(code), now
    logger.warning("provider account %s is suspended: code %s", account.pk, code)


def resume_account(*, account: ProviderAccount, actor: User | None = None) -> None:
    """Take ``account`` back into use: the provider has just taken its token again.

    ``actor`` is who had it asked, None where the site did by itself.
    """
    with transaction.atomic():
        resumed = (
            _with_same_token(account)
            .filter(state=State.SUSPENDED)
            .update(state=State.ACTIVE, suspended_code=None, suspended_at=None, owners_told_at=None)
        )
        if not resumed:
            return
        money_changed.send(ProviderAccount, team_id=account.team_id)
        record(action=Action.ACCOUNT_RESUMED, team=account.team, actor=actor, obj=account)
    account.state, account.suspended_code, account.suspended_at = State.ACTIVE, None, None
    logger.info("provider account %s is in use again", account.pk)


def tell_owners(*, account_id: uuid.UUID) -> bool:
    """Mail the owners of a suspended account's team, or the member whose private one it is.

    False where there was nothing to tell.

    Claimed before it is sent, so that each suspension is told once however often this runs; given
    back when the mail server fails, for the next round of balances to try again.
    """
    untold = ProviderAccount.objects.untold().filter(pk=account_id)
    if not untold.update(owners_told_at=timezone.now()):
        return False
    account = ProviderAccount.objects.select_related("team").get(pk=account_id)
    owners = User.objects.filter(is_active=True, memberships__team=account.team)
    if account.private_to_id is None:
        owners = owners.filter(memberships__team=account.team, memberships__role=Role.OWNER)
    else:
        owners = owners.filter(pk=account.private_to_id)
    context = {"account": account, "team": account.team, "url": _address(account)}
    try:
        # One mail each: owners need not learn each other's addresses from us.
        get_connection().send_messages([_letter_to(owner, context) for owner in owners])
    except OSError:  # smtplib's errors are OSErrors too
        ProviderAccount.objects.filter(pk=account_id).update(owners_told_at=None)
        raise
    return True


def _letter_to(owner: User, context: dict[str, object]) -> EmailMultiAlternatives:
    """The mail in the language of who reads it."""
    with translation.override(owner.language or settings.LANGUAGE_CODE):
        subject = render_to_string("emails/account_suspended_subject.txt", context).strip()
        text = render_to_string("emails/account_suspended.txt", context)
        return make_letter(subject=subject, text=text, to=[owner.email])


def _tell_on_the_site(account: ProviderAccount, at: datetime) -> None:
    """Owners and admins see it in their notifications too."""
    managers = account.team.memberships.filter(role__in=(Role.OWNER, Role.ADMIN))
    news.send(
        ProviderAccount,
        team_id=account.team_id,
        user_ids=list(managers.values_list("user", flat=True)),
        kind="account_suspended",
        key=f"suspended:{account.pk}:{at.isoformat()}",
        title=lambda: (
            _("SMS-BUS turned away the provider account %(name)s") % {"name": account.name}
        ),
        body=lambda: _(
            "Nothing is bought on it until somebody has checked it. Its page says what to do. "
            "No money moved, and open numbers stay open."
        ),
        url=reverse("accounts:edit_provider_account", args=[account.team.slug, account.pk]),
    )


def _with_same_token(account: ProviderAccount) -> ProviderAccountQuerySet:
    return ProviderAccount.objects.filter(
        pk=account.pk, token_fingerprint=account.token_fingerprint
    )


def _address(account: ProviderAccount) -> str:
    page = reverse("accounts:edit_provider_account", args=[account.team.slug, account.pk])
    return settings.SITE_URL + page
