"""Secrets at rest: AES-256-GCM, bound to the row they belong to. And signatures: HMAC-SHA-256.

A sealed secret is ``version (1) · key id length (1) · key id · nonce (12) · ciphertext and tag``.
The ``context`` (which field of which row) is authenticated with it, so that a sealed token that is
copied into another row does not open there. Keys come from ``TOKEN_KEYS`` (see
``docs/configuration.md``): the first one seals, each of them opens, which is what lets keys be
rotated while the site runs (``manage.py rotate_keys``). A model that keeps sealed columns says which,
and what they are bound to, in a method ``sealed_columns``.

Signatures have keys of their own, ``AUDIT_KEYS``: nothing is signed anew, so these are never taken out.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

VERSION = 1
NONCE_BYTES = 12


class CannotUnseal(Exception):
    """The key is gone, the context is another one, or the bytes were changed."""


@sensitive_variables()
def seal(plaintext: str, *, context: str) -> bytes:
    """Encrypt ``plaintext`` with the first of ``TOKEN_KEYS``, bound to ``context``."""
    key_id, key = next(iter(settings.TOKEN_KEYS.items()))
    name = key_id.encode()
    header = bytes([VERSION, len(name)]) + name
    nonce = os.urandom(NONCE_BYTES)
    associated = header + context.encode()
    return header + nonce + AESGCM(key).encrypt(nonce, plaintext.encode(), associated)


@sensitive_variables()
def unseal(sealed: bytes | memoryview, *, context: str) -> str:
    """Decrypt what ``seal`` made for the same ``context``.

    Raises ``CannotUnseal``, which never carries any part of the secret.
    """
    sealed = bytes(sealed)  # PostgreSQL hands back a memoryview
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise CannotUnseal("not a sealed secret")
    header_end = 2 + sealed[1]
    header = sealed[:header_end]
    key = settings.TOKEN_KEYS.get(header[2:].decode("ascii", "replace"))
    if key is None:
        raise CannotUnseal("the key it was sealed with is not in TOKEN_KEYS")
    nonce = sealed[header_end : header_end + NONCE_BYTES]
    ciphertext = sealed[header_end + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, header + context.encode()).decode()
    except (InvalidTag, ValueError):
        raise CannotUnseal("changed, or sealed for another row") from None


def sealed_with(sealed: bytes | memoryview) -> str:
    """Return the id of the key that ``sealed`` was made with, to find what rotation has left."""
    sealed = bytes(sealed)
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


@sensitive_variables()
def reseal(sealed: bytes | memoryview, *, context: str) -> bytes | None:
    """Return the same secret sealed with the first of ``TOKEN_KEYS``; None where it already is.

    Raises ``CannotUnseal``.
    """
    if sealed_with(sealed) == next(iter(settings.TOKEN_KEYS)):
        return None
    return seal(unseal(sealed, context=context), context=context)


def sign(message: bytes, *, purpose: str) -> str:
    """Return the signature of ``message``, made with the first of ``AUDIT_KEYS``: ``key id:HMAC``."""
    key_id, key = next(iter(settings.AUDIT_KEYS.items()))
    return f"{key_id}:{_digest(message, key, purpose)}"


def is_signed(message: bytes, signature: str, *, purpose: str) -> bool:
    """Whether ``signature`` is what ``sign`` made of ``message`` for the same ``purpose``.

    Raises ``CannotUnseal`` where the key that it names is not in ``AUDIT_KEYS``.
    """
    key_id, _, digest = signature.rpartition(":")
    key = settings.AUDIT_KEYS.get(key_id)
    if key is None:
        raise CannotUnseal("the key it was signed with is not in AUDIT_KEYS")
    return hmac.compare_digest(digest.encode(), _digest(message, key, purpose).encode())


def _digest(message: bytes, key: bytes, purpose: str) -> str:
    # A key of its own for each purpose: what is signed for one proves nothing for another.
    own = hmac.new(key, purpose.encode(), hashlib.sha256).digest()
    return hmac.new(own, message, hashlib.sha256).hexdigest()


@sensitive_variables()
def fingerprint(secret: str, *, purpose: str) -> str:
    """Return a keyed digest of ``secret``: tells two equal secrets without revealing either."""
    key = hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()
