"""Where a provider account becomes a client: the only place that opens a token to make calls."""

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from accounts.models import ProviderAccount
from core import redaction
from smsbus import Client


def client_for(account: ProviderAccount) -> Client:
    """Return a client that speaks for ``account``. All of a process share their connections.

    Raises ``core.crypto.CannotUnseal`` when the account's token cannot be opened.
    """
    return client_with(account.token(), refer_id=account.refer_id())


@sensitive_variables()
def client_with(token: str, *, refer_id: str | None = None) -> Client:
    """Return a client for a bare ``token``: one that is being checked, or the site's own.

    No log line of this process will show the token.
    """
    redaction.register(token)
    return Client(
        token,
        api_url=settings.SMSBUS_API_URL,
        rent_url=settings.SMSBUS_RENT_URL,
        refer_id=refer_id,
        deadline=settings.SMSBUS_DEADLINE,
    )
