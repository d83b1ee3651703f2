"""The secrets of second factors at rest: sealed, and bound to whose they are.

allauth keeps its authenticators' secrets in a JSON column and passes them through ``encrypt`` and
``decrypt`` without saying whose they are. So each row gives its secret its context as it is made or
read (``bind_secret``), and a secret that is copied into the row of somebody else does not open there.
"""

from base64 import b64decode, b64encode
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import post_init

from core import crypto

UNBOUND = "mfa_authenticator:none"
SECRETS = {
    str(Authenticator.Type.TOTP): "secret",
    str(Authenticator.Type.RECOVERY_CODES): "seed",
}


class BoundText(str):
    """A sealed secret as text that knows what it is bound to."""

    __slots__ = ("context",)
    context: str


class SecondFactor(Authenticator):
    """allauth's authenticator, for ``manage.py rotate_keys``. A passkey has no secret on our side."""

    class Meta:
        proxy = True

    def sealed_columns(self) -> dict[str, str]:
        """Name the sealed keys of the JSON column, and the context of each."""
        name = SECRETS.get(self.type)
        return {f"data__{name}": _context(self)} if name else {}


def seal_unbound(secret: str) -> str:
    """Seal a secret of nobody yet; the row that it is put into binds it at once."""
    return b64encode(crypto.seal(secret, context=UNBOUND)).decode()


def unseal_bound(sealed: str) -> str:
    """Open the secret of a row. Raises ``core.crypto.CannotUnseal`` in any other row."""
    return crypto.unseal(b64decode(sealed), context=getattr(sealed, "context", UNBOUND))


def bind_secret(*, instance: Authenticator, **_: object) -> None:
    """Bind the secret of a row that is made; say of one that is read what it is bound to."""
    columns: dict[str, Any] = instance.__dict__  # what is deferred stays so
    name = SECRETS.get(columns.get("type", ""))
    data = columns.get("data")
    if name is None or not isinstance(data, dict) or name not in data:
        return
    context = _context(instance)
    sealed = data[name]
    if instance.pk is None:
        secret = unseal_bound(sealed)
        sealed = b64encode(crypto.seal(secret, context=context)).decode()
    bound = data[name] = BoundText(sealed)
    bound.context = context


def connect() -> None:
    """Bind from now on."""
    post_init.connect(bind_secret, sender=Authenticator, dispatch_uid="second-factor")


def _context(row: Authenticator) -> str:
    # A person has at most one of each kind that keeps a secret.
    return f"mfa_authenticator:{row.user_id}:{row.type}"
