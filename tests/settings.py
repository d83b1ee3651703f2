"""Settings of the tests: the site's own, with every variable chosen here and nothing from outside.

TEST_DATABASE_URL names a PostgreSQL server (script/test starts one); without it SQLite is used.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Short, because the path of a Unix socket is limited to about 104 bytes.
FOLDER = Path(tempfile.mkdtemp(prefix="busstop-", dir="/tmp"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

for name in (
    *("DEBUG", "TRUSTED_PROXIES", "SITE_TOKEN", "EMAIL_URL", "DEFAULT_FROM_EMAIL"),
    *("POLL_SHARDS", "POLL_SLICE_SECONDS", "PURCHASE_CLAIM_SECONDS", "HELD_SECONDS"),
    *("CATALOG_REFRESH_SECONDS", "SMSBUS_DEADLINE", "METRICS_TOKEN"),
):
    os.environ.pop(name, None)
    os.environ.pop(f"{name}_FILE", None)
os.environ |= {
    "BUSSTOP_DATA": str(FOLDER),
    "SITE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SECRET_KEY": "a key for tests only, long enough to be accepted by the settings",
    "TOKEN_KEYS": "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AUDIT_KEYS": "test:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{FOLDER}/site.sqlite3",
    "REDIS_URL": f"unix://{FOLDER}/valkey.sock",
    # Nobody listens there: a test that calls the provider asks for the sandbox fixture.
    "SMSBUS_API_URL": "http://127.0.0.1:9/api/control",
    "SMSBUS_RENT_URL": "http://127.0.0.1:9",
    "DEMO": "1",
    "LOG_LEVEL": "INFO",
}

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that worker processes see it too; not synced, because no test cuts the power.
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF"
    )
