"""A bad value is refused at start, with its name and what was expected, and never with the value."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.env import BadSetting
from tests.plugins.site import OURS, PROJECT

KEY = "A" * 43 + "="
# What a real installation sets at least.
PRODUCTION = {
    "SITE_URL": "https://busstop.example.org",
    "DATABASE_URL": "postgres://busstop:secret@db.example.org/busstop",
    "REDIS_URL": "redis://redis.example.org:6379/0",
    "SECRET_KEY": "k" * 50,
    "TOKEN_KEYS": f"k1:{KEY}",
    "AUDIT_KEYS": f"a1:{KEY}",
}
READER = re.compile(
    r"\.(?:raw|text|flag|integer|choice|items|url|database|redis|email|keys)\(\s*\"([A-Z_]+)\""
)


class Settings:
    """Reads config/settings.py anew with an environment of the test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch = monkeypatch
        for name in filter(OURS.match, list(os.environ)):
            monkeypatch.delenv(name)
        monkeypatch.setenv("BUSSTOP_DATA", str(folder))

    def read(self, **env: str) -> SimpleNamespace:
        with self.monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            return SimpleNamespace(**runpy.run_path(str(PROJECT / "config" / "settings.py")))

    def refusal(self, **env: str) -> str:
        with pytest.raises(BadSetting) as refused:
            self.read(**env)
        return str(refused.value)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    return Settings(monkeypatch, tmp_path)


def manage(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "bad", "expected"),
    [
        ("DEBUG", "maybe", "1 or 0"),
        ("SITE_URL", "busstop.example.org", "https://host/path"),
        ("SITE_URL", "ftp://busstop.example.org", "https://host/path"),
        ("SITE_URL", "https://user:password@busstop.example.org", "https://host/path"),
        ("TRUSTED_PROXIES", "-1", "from 0 to 10"),
        ("DATABASE_URL", "mysql://localhost/busstop", "postgres://"),
        ("DATABASE_URL", "postgres://localhost:port/busstop", "postgres://"),
        ("DATABASE_URL", "postgres://localhost", "postgres://"),
        ("DATABASE_URL", "busstop.sqlite3", "sqlite:///"),
        ("SECRET_KEY", "short", "50 random characters"),
        ("TOKEN_KEYS", "k1", "32 random bytes"),
        ("TOKEN_KEYS", "k1:c2hvcnQ=", "32 random bytes"),
        ("TOKEN_KEYS", f"k1:{KEY},k1:{KEY}", "32 random bytes"),
        ("REDIS_URL", "localhost:6379", "redis://host:port/0"),
        ("SMSBUS_API_URL", "sms-bus.com", "https://host/path"),
        ("SMSBUS_API_URL", "https://sms-bus.com/api/control?token=1", "https://host/path"),
        ("SMSBUS_API_URL", "http://sms-bus.com/api/control", "https:// address"),
        ("SMSBUS_RENT_URL", "http://api.sms-bus.com", "https:// address"),
        ("SMSBUS_DEADLINE", "soon", "from 1 to 120"),
        ("DEMO", "1", "0 unless SMSBUS_API_URL"),
        ("POLL_SHARDS", "0", "from 1 to 64"),
        ("POLL_RATE_PER_ACCOUNT", "0", "from 1 to 10000"),
        ("POLL_SLICE_SECONDS", "1.5", "from 1 to 300"),
        ("PURCHASE_CLAIM_SECONDS", "5", "from 30 to 3600"),
        ("HELD_SECONDS", "5", "from 10 to 3600"),
        ("CATALOG_REFRESH_SECONDS", "1", "from 10 to 86400"),
        ("LIVE_STREAMS_PER_USER", "0", "from 1 to 1000"),
        ("EMAIL_URL", "pigeon://loft", "smtp://"),
        ("METRICS_TOKEN", "too-short", "16 characters"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO"),
    ],
)
def test_a_bad_value_is_refused_by_name(
    fresh: Settings, name: str, bad: str, expected: str
) -> None:
    refusal = fresh.refusal(**{name: bad})

    assert refusal.startswith(f"{name}: expected ")
    assert expected in refusal
    # It may be a secret that went to the wrong place.
    assert len(bad) < 6 or bad not in refusal


def test_the_command_line_says_it_in_one_line(tmp_path: Path) -> None:
    answer = manage("check", BUSSTOP_DATA=str(tmp_path), POLL_SHARDS="many")

    assert answer.returncode == 1
    assert answer.stderr == "manage.py: POLL_SHARDS: expected a whole number from 1 to 64\n"


def test_a_claim_outlives_the_deadline_of_a_call(fresh: Settings) -> None:
    refusal = fresh.refusal(SMSBUS_DEADLINE="60", PURCHASE_CLAIM_SECONDS="60")

    assert refusal == "PURCHASE_CLAIM_SECONDS: expected more than SMSBUS_DEADLINE"


@pytest.mark.parametrize("name", ["SECRET_KEY", "TOKEN_KEYS", "AUDIT_KEYS"])
def test_with_a_database_server_the_keys_must_be_given(fresh: Settings, name: str) -> None:
    refusal = fresh.refusal(**{**PRODUCTION, name: ""})

    assert refusal.startswith(f"{name}: expected")
    assert refusal.endswith("(it is not set)")


def test_a_local_install_makes_its_keys_once(fresh: Settings, tmp_path: Path) -> None:
    first, again = fresh.read(), fresh.read()

    assert first.SECRET_KEY == again.SECRET_KEY
    assert first.TOKEN_KEYS == again.TOKEN_KEYS
    assert first.AUDIT_KEYS == again.AUDIT_KEYS
    assert first.AUDIT_KEYS != first.TOKEN_KEYS
    for name in ("secret-key", "token-keys", "audit-keys"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_secret_may_come_from_a_file(fresh: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("f" * 50 + "\n")

    assert fresh.read(SECRET_KEY_FILE=str(secret)).SECRET_KEY == "f" * 50
    assert fresh.read(SECRET_KEY_FILE=str(secret), SECRET_KEY="v" * 50).SECRET_KEY == "v" * 50


def test_a_file_that_cannot_be_read_is_refused_by_name(fresh: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()

    missing = fresh.refusal(SECRET_KEY_FILE="/nowhere/key")
    assert missing == "SECRET_KEY_FILE: expected the path of a readable text file"
    assert fresh.refusal(TOKEN_KEYS_FILE=str(empty)).startswith("TOKEN_KEYS_FILE: expected a file")


def test_the_first_token_key_encrypts_and_all_are_known(fresh: Settings) -> None:
    assert list(fresh.read(TOKEN_KEYS=f"new:{KEY},old:{KEY}").TOKEN_KEYS) == ["new", "old"]


def test_production_has_host_cookies_and_https_only(fresh: Settings) -> None:
    site = fresh.read(**PRODUCTION)

    assert site.SESSION_COOKIE_NAME == "__Host-sessionid"
    assert site.CSRF_COOKIE_NAME == "__Host-csrftoken"
    assert site.SESSION_COOKIE_SECURE
    assert site.SECURE_SSL_REDIRECT
    assert site.SECURE_HSTS_SECONDS > 0
    assert site.ALLOWED_HOSTS == ["busstop.example.org"]
    assert not site.DEBUG
    assert not site.DEMO


def test_the_proxy_is_believed_only_when_there_is_one(fresh: Settings) -> None:
    assert not hasattr(fresh.read(**PRODUCTION), "SECURE_PROXY_SSL_HEADER")
    behind = fresh.read(**PRODUCTION, TRUSTED_PROXIES="1")
    assert behind.SECURE_PROXY_SSL_HEADER == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p%40ss@db:5433/b", ("b", "u", "p@ss", "db", "5433", {})),
        ("postgresql://u@/b?host=/run/pg", ("b", "u", "", "/run/pg", "", {})),
        ("postgres://db/b?sslmode=require", ("b", "", "", "db", "", {"sslmode": "require"})),
    ],
)
def test_a_database_address(fresh: Settings, url: str, expected: tuple[object, ...]) -> None:
    database = fresh.read(**{**PRODUCTION, "DATABASE_URL": url}).DATABASES["default"]

    keys = ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    assert tuple(database[key] for key in keys) == expected
    assert database["CONN_MAX_AGE"] > 0
    assert database["CONN_HEALTH_CHECKS"]


def test_celery_reaches_redis_on_a_socket(fresh: Settings) -> None:
    site = fresh.read(REDIS_URL="unix:///tmp/x.sock?db=3")

    assert site.CELERY_BROKER_URL == "redis+socket:///tmp/x.sock?virtual_host=3"


def test_sqlite_keeps_the_journal_on_the_disk(tmp_path: Path) -> None:
    answer = manage(
        "shell",
        "--no-imports",
        "--command",
        "from django.db import connection\n"
        "for name in ('journal_mode', 'synchronous', 'busy_timeout'):\n"
        "    print(connection.cursor().execute(f'PRAGMA {name}').fetchone()[0])",
        BUSSTOP_DATA=str(tmp_path),
    )

    assert answer.stdout.split() == ["wal", "2", "20000"]


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    packages = ("config", "core", "accounts", "catalog", "live", "rentals")
    sources = [path for package in packages for path in (PROJECT / package).rglob("*.py")]
    read = {name for path in sources for name in READER.findall(path.read_text())}
    page = (PROJECT / "docs" / "configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE))

    assert read == documented


def test_only_the_readers_touch_the_environment() -> None:
    readers = {"core/env.py", "core/supervisor/child.py"}
    packages = ("config", "core", "accounts", "catalog", "live", "rentals", "smsbus", "sandbox")
    touching = {
        str(path.relative_to(PROJECT))
        for package in packages
        for path in (PROJECT / package).rglob("*.py")
        if re.search(r"os\.(environ(?!\.setdefault)|getenv)", path.read_text())
    }

    assert touching == readers
