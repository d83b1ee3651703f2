"""Typed readers of the environment.

A bad value is refused at start with its name and with what was expected, never with the value
itself (it may be a secret). Any variable may come from a file instead: with
`NAME_FILE=/run/secrets/name` and no `NAME` the file is read, without its final newline. An empty
value counts as unset.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class BadSetting(Exception):
    """A variable is missing or wrong; the message names it and says what was expected."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")
        self.name = name


class Env:
    """Reads `environ`. Every method raises BadSetting; a default of None means required."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.environ = os.environ if environ is None else environ

    def raw(self, name: str) -> str | None:
        """The value of NAME, else the contents of the file NAME_FILE, else None."""
        if value := self.environ.get(name, "").strip():
            return value
        path = self.environ.get(f"{name}_FILE", "").strip()
        if not path:
            return None
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadSetting(f"{name}_FILE", "the path of a readable text file") from None
        if not value:
            raise BadSetting(f"{name}_FILE", "a file that is not empty")
        return value

    def text(self, name: str, default: str | None = None, *, expected: str = "a value") -> str:
        value = self.raw(name)
        if value is not None:
            return value
        if default is None:
            raise BadSetting(name, f"{expected} (it is not set)")
        return default

    def flag(self, name: str, default: bool) -> bool:
        value = self.raw(name)
        if value is None:
            return default
        if value.lower() in TRUE:
            return True
        if value.lower() in FALSE:
            return False
        raise BadSetting(name, "1 or 0, true or false, yes or no, on or off")

    def integer(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        value = self.raw(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise BadSetting(name, f"a whole number from {minimum} to {maximum}")
        return number

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise BadSetting(name, "one of " + ", ".join(choices))
        return value

    def items(self, name: str, default: list[str]) -> list[str]:
        """A list separated by commas."""
        value = self.raw(name)
        if value is None:
            return default
        return [item.strip() for item in value.split(",") if item.strip()]

    def url(self, name: str, default: str | None, *, schemes: tuple[str, ...]) -> str:
        """An address with a host and one of `schemes`; no credentials, query or final slash."""
        value = self.text(name, default, expected=f"an address ({'://, '.join(schemes)}://)")
        parts = split_url(value)
        plain = parts is not None and not (parts.username or parts.query or parts.fragment)
        if parts is None or not plain or parts.scheme not in schemes or not parts.hostname:
            raise BadSetting(name, f"an address such as {schemes[0]}://host/path")
        return value.rstrip("/")

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's ENGINE, NAME … from sqlite:///path or postgres://user:password@host:port/name."""
        parts = split_url(self.text(name, default))
        expected = "sqlite:///path/to/file or postgres://user:password@host:port/name"
        if parts is None or len(parts.path) < 2:
            raise BadSetting(name, expected)
        if parts.scheme == "sqlite" and not parts.netloc:
            # sqlite:////absolute/path has four slashes, sqlite:///relative/path three.
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path[1:])}
        if parts.scheme not in ("postgres", "postgresql"):
            raise BadSetting(name, expected)
        options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            # A socket folder has slashes, so it comes as ?host=/run/postgresql.
            "HOST": unquote(options.pop("host", parts.hostname or "")),
            "PORT": str(parts.port or ""),
            "OPTIONS": {key: unquote(value) for key, value in options.items()},
        }

    def redis(self, name: str, default: str | None) -> str:
        expected = "redis://host:port/0, rediss://host:port/0 or unix:///path/to/socket?db=0"
        value = self.text(name, default, expected=expected)
        parts = split_url(value)
        if parts is not None and parts.scheme in ("redis", "rediss") and parts.hostname:
            return value
        if parts is not None and parts.scheme == "unix" and len(parts.path) > 1:
            return value
        raise BadSetting(name, expected)

    def email(self, name: str, default: str) -> dict[str, Any]:
        """Django's EMAIL_* settings from console:, smtp://user:password@host:port or smtps://…"""
        parts = split_url(self.text(name, default))
        expected = (
            "console:, smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465"
        )
        if parts is not None and parts.scheme == "console":
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        if parts is None or parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise BadSetting(name, expected)
        secure = parts.scheme == "smtps"
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or (465 if secure else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": secure,
            "EMAIL_USE_TLS": not secure and parts.hostname not in LOOPBACK,
            "EMAIL_TIMEOUT": 20,
        }

    def keys(self, name: str, default: str | None) -> dict[str, bytes]:
        """`id:key,id:key` → {id: 32 bytes}, in order. Each key is 32 bytes in (URL-safe) base64."""
        expected = "id:key,id:key with each key 32 random bytes in base64"
        found: dict[str, bytes] = {}
        for item in self.text(name, default, expected=expected).split(","):
            key_id, _, encoded = item.strip().partition(":")
            try:
                key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if not key_id or key_id in found or len(key) != 32:
                raise BadSetting(name, expected)
            found[key_id] = key
        return found


def split_url(value: str) -> SplitResult | None:
    """urlsplit, or None for what it (or its port) cannot read."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  (the property raises ValueError)
    except ValueError:
        return None
    return parts


def is_loopback(url: str) -> bool:
    parts = split_url(url)
    return parts is not None and parts.hostname in LOOPBACK


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`; made there first if missing, readable by its owner only.

    Safe when several processes start at once: the file appears whole, and the first one wins.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def new_secret_key() -> str:
    return secrets.token_urlsafe(50)


def new_keys() -> str:
    return "k1:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
