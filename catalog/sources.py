"""Whose token reads the catalogue: the site's own where one is set, else a team's."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.conf import settings

from accounts import operations as accounts
from accounts.models import ProviderAccount
from accounts.provider import client_for, client_with
from core.crypto import CannotUnseal
from smsbus import Client, WrongToken

logger = logging.getLogger(__name__)

TRIED = 3  # accounts, when the provider turns one token away after the other


@dataclass(frozen=True, slots=True)
class Source:
    """A client that may read, and the account it speaks for; none for the site's own token."""

    client: Client
    account: ProviderAccount | None = None

    def turn_away(self, error: WrongToken) -> None:
        """The provider does not know its token: the account is set aside and its owners told."""
        if self.account is not None:
            accounts.suspend_account(account=self.account, code=error.code)
        else:
            logger.error("catalogue: the provider does not accept SITE_TOKEN")


def find_sources(team_id: int | None = None) -> Iterator[Source]:
    """Yield whom to read with, one after the other until one is accepted.

    With ``SITE_TOKEN`` nobody else's. Without it the accounts that can buy: those of the team that
    asks first, the others in a new order each time, so that no team's account does it for all. Private ones never.
    """
    if settings.SITE_TOKEN:
        yield Source(client_with(settings.SITE_TOKEN))
        return
    usable = list(ProviderAccount.objects.usable().shared().order_by("?"))
    usable.sort(key=lambda account: account.team_id != team_id)
    yield from islice(_opened(usable), TRIED)


def has_any() -> bool:
    """Whether there is anybody to read with."""
    return bool(settings.SITE_TOKEN) or ProviderAccount.objects.usable().shared().exists()


def _opened(usable: list[ProviderAccount]) -> Iterator[Source]:
    for account in usable:
        try:
            yield Source(client_for(account), account)
        except CannotUnseal as error:
            logger.error("catalogue: provider account %s: %s", account.pk, error)
