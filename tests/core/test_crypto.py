"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from core import crypto

HERE = "accounts.ProviderAccount.token:1"
THERE = "accounts.ProviderAccount.token:2"
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@given(secret=st.text(), context=st.text())
def test_what_is_sealed_opens_in_its_place(secret: str, context: str) -> None:
    if secret.encode(errors="replace") == secret.encode(errors="ignore"):
        assert crypto.unseal(crypto.seal(secret, context=context), context=context) == secret


def test_it_opens_from_a_memoryview_as_postgresql_gives_it() -> None:
    assert crypto.unseal(memoryview(crypto.seal("secret", context=HERE)), context=HERE) == "secret"


def test_two_seals_of_one_secret_tell_nothing_of_each_other() -> None:
    assert crypto.seal("secret", context=HERE) != crypto.seal("secret", context=HERE)


def test_it_does_not_open_in_another_row() -> None:
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(crypto.seal("secret", context=HERE), context=THERE)


def test_no_byte_can_be_changed() -> None:
    sealed = crypto.seal("secret", context=HERE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(crypto.CannotUnseal):
            crypto.unseal(bytes(changed), context=HERE)


@given(st.binary(max_size=80))
def test_any_other_bytes_are_refused_in_the_same_way(noise: bytes) -> None:
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(noise, context=HERE)


def test_a_cut_secret_is_refused() -> None:
    sealed = crypto.seal("secret", context=HERE)
    for length in range(len(sealed)):
        with pytest.raises(crypto.CannotUnseal):
            crypto.unseal(sealed[:length], context=HERE)


def test_keys_are_rotated_while_the_site_runs(settings: Settings) -> None:
    settings.TOKEN_KEYS = {"old": OLD}
    before = crypto.seal("secret", context=HERE)
    settings.TOKEN_KEYS = {"new": NEW, "old": OLD}
    after = crypto.seal("secret", context=HERE)
    assert [crypto.sealed_with(sealed) for sealed in (before, after)] == ["old", "new"]
    assert [crypto.unseal(sealed, context=HERE) for sealed in (before, after)] == ["secret"] * 2


def test_without_its_key_it_stays_shut(settings: Settings) -> None:
    settings.TOKEN_KEYS = {"old": OLD}
    sealed = crypto.seal("secret", context=HERE)
    settings.TOKEN_KEYS = {"new": NEW}
    with pytest.raises(crypto.CannotUnseal, match="not in TOKEN_KEYS"):
        crypto.unseal(sealed, context=HERE)
    settings.TOKEN_KEYS = {"old": NEW}
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(sealed, context=HERE)


def test_the_error_carries_nothing_of_the_secret() -> None:
    sealed = crypto.seal("canary-secret", context=HERE)
    with pytest.raises(crypto.CannotUnseal) as caught:
        crypto.unseal(sealed, context=THERE)
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_fingerprint_tells_equal_from_different_and_nothing_else(settings: Settings) -> None:
    one = crypto.fingerprint("secret", purpose="provider-token")
    assert one == crypto.fingerprint("secret", purpose="provider-token")
    assert one != crypto.fingerprint("Secret", purpose="provider-token")
    assert one != crypto.fingerprint("secret", purpose="something-else")
    settings.SECRET_KEY = "another key that is long enough for anyone"
    assert one != crypto.fingerprint("secret", purpose="provider-token")


# --- signatures


def test_a_signature_is_for_one_message_and_one_purpose() -> None:
    signature = crypto.sign(b"message", purpose="one")
    assert crypto.is_signed(b"message", signature, purpose="one")
    assert not crypto.is_signed(b"another", signature, purpose="one")
    assert not crypto.is_signed(b"message", signature, purpose="other")
    assert not crypto.is_signed(b"message", signature[:-1], purpose="one")
    assert not crypto.is_signed(b"message", signature[:-1] + "ä", purpose="one")


def test_a_signature_is_proved_by_the_key_it_names(settings: Settings) -> None:
    settings.AUDIT_KEYS = {"old": OLD}
    signature = crypto.sign(b"message", purpose="one")
    settings.AUDIT_KEYS = {"new": NEW, "old": OLD}
    assert crypto.is_signed(b"message", signature, purpose="one")
    settings.AUDIT_KEYS = {"old": NEW}
    assert not crypto.is_signed(b"message", signature, purpose="one")
    settings.AUDIT_KEYS = {"new": NEW}
    with pytest.raises(crypto.CannotUnseal, match="not in AUDIT_KEYS"):
        crypto.is_signed(b"message", signature, purpose="one")
