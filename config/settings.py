"""Django's settings, read from the environment; docs/configuration.md describes each variable."""

from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from core.env import (
    BadSetting,
    Env,
    is_loopback,
    kept_secret,
    new_keys,
    new_secret_key,
)

# Lets Django's generic classes be written as such: ModelAdmin[Team].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# Where it runs
DATA_DIR = Path(env.text("BUSSTOP_DATA", str(BASE_DIR / "var"))).resolve()
DEBUG = env.flag("DEBUG", default=False)
SITE_URL = env.url("SITE_URL", "http://127.0.0.1:8000", schemes=("https", "http"))
HTTPS = SITE_URL.startswith("https://")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", LOOPBACK_HOSTS if is_loopback(SITE_URL) else [SITE_HOST])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, minimum=0, maximum=10)

# Who asks /metrics sends it; without one there is no such page.
METRICS_TOKEN = env.raw("METRICS_TOKEN") or ""
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise BadSetting("METRICS_TOKEN", "at least 16 characters, or nothing")

# Where it keeps things
DEFAULT_DATABASE = f"sqlite:///{DATA_DIR / 'busstop.sqlite3'}"
DATABASES = {"default": env.database("DATABASE_URL", DEFAULT_DATABASE)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that starts by reading cannot wait for the write lock later; this takes it
        # at once.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: the purchase journal is on the disk before the first byte leaves for the provider.
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
        # What was removed, a text or a token, is not left behind in the file.
        "PRAGMA secure_delete=FAST",
    }
    # A local install keeps its keys beside its database; with a database server they must be given.
    SECRET_KEY = env.raw("SECRET_KEY") or kept_secret(DATA_DIR / "secret-key", new_secret_key)
    token_keys: str | None = None
    if not env.raw("TOKEN_KEYS"):
        token_keys = kept_secret(DATA_DIR / "token-keys", new_keys)
    audit_keys: str | None = None
    if not env.raw("AUDIT_KEYS"):
        audit_keys = kept_secret(DATA_DIR / "audit-keys", new_keys)
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    SECRET_KEY = env.text("SECRET_KEY", expected="at least 50 random characters")
    token_keys = audit_keys = None
if len(SECRET_KEY) < 32:
    raise BadSetting("SECRET_KEY", "at least 50 random characters")
# {id: 32 bytes}; the first key encrypts, all of them decrypt.
TOKEN_KEYS = env.keys("TOKEN_KEYS", token_keys)
# As above; the first key signs the audit trail, all of them prove it.
AUDIT_KEYS = env.keys("AUDIT_KEYS", audit_keys)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "core.cache.PatientRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "busstop",
        "OPTIONS": {"socket_timeout": 1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# The provider
SMSBUS_API_URL = env.url(
    "SMSBUS_API_URL", "https://sms-bus.com/api/control", schemes=("https", "http")
)
SMSBUS_RENT_URL = env.url("SMSBUS_RENT_URL", "https://api.sms-bus.com", schemes=("https", "http"))
SMSBUS_DEADLINE = env.integer("SMSBUS_DEADLINE", 20, minimum=1, maximum=120)
for name, address in (("SMSBUS_API_URL", SMSBUS_API_URL), ("SMSBUS_RENT_URL", SMSBUS_RENT_URL)):
    if address.startswith("http://") and not is_loopback(address):
        raise BadSetting(name, "an https:// address (http:// only on this machine)")
SITE_TOKEN = env.raw("SITE_TOKEN") or ""
DEMO = env.flag("DEMO", default=False)
if DEMO and not (is_loopback(SMSBUS_API_URL) and is_loopback(SMSBUS_RENT_URL)):
    raise BadSetting(
        "DEMO", "0 unless SMSBUS_API_URL and SMSBUS_RENT_URL are the sandbox on this machine"
    )

# Its pace, in seconds but for the first two: processes, and polls a second
POLL_SHARDS = env.integer("POLL_SHARDS", 1, minimum=1, maximum=64)
POLL_RATE_PER_ACCOUNT = env.integer("POLL_RATE_PER_ACCOUNT", 50, minimum=1, maximum=10_000)
POLL_SLICE_SECONDS = env.integer("POLL_SLICE_SECONDS", 20, minimum=1, maximum=300)
PURCHASE_CLAIM_SECONDS = env.integer("PURCHASE_CLAIM_SECONDS", 60, minimum=30, maximum=3600)
if PURCHASE_CLAIM_SECONDS <= SMSBUS_DEADLINE:
    raise BadSetting("PURCHASE_CLAIM_SECONDS", "more than SMSBUS_DEADLINE")
HELD_SECONDS = env.integer("HELD_SECONDS", 120, minimum=10, maximum=3600)
QUEUE_SECONDS = env.integer("QUEUE_SECONDS", 1800, minimum=60, maximum=86400)
UNKNOWN_QUIET_SECONDS = env.integer("UNKNOWN_QUIET_SECONDS", 90, minimum=1, maximum=3600)
CATALOG_REFRESH_SECONDS = env.integer("CATALOG_REFRESH_SECONDS", 900, minimum=10, maximum=86400)
LEASE_REFRESH_SECONDS = env.integer("LEASE_REFRESH_SECONDS", 30, minimum=5, maximum=3600)
# Open tabs that listen to /live, for each user in each web process
LIVE_STREAMS_PER_USER = env.integer("LIVE_STREAMS_PER_USER", 20, minimum=1, maximum=1000)

# Celery. The database is the queue and Redis only wakes people up (a sweep finds whatever was
# lost), so a task is acknowledged when it starts: none runs again because its worker died.
CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix://"):
    socket = urlsplit(REDIS_URL)
    database_number = dict(p.partition("=")[::2] for p in socket.query.split("&")).get("db", "0")
    CELERY_BROKER_URL = f"redis+socket://{socket.path}?virtual_host={database_number}"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # Whoever enqueues does not wait for a Redis that is away: the sweep comes back to it.
    "socket_connect_timeout": 1,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A pool process that a busy machine starts slowly would be killed after Celery's four seconds, and so
# would the next one.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60.0
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "rentals.tasks.poll_shard": {"queue": "poll"},
    "rentals.tasks.send_*": {"queue": "buy"},
}
CELERY_TIMEZONE = "UTC"
EXPORT_DIR = DATA_DIR / "exports"  # web and worker share it
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# The site
INSTALLED_APPS = [
    "core",
    "accounts",
    "catalog",
    "live",
    "rentals",
    "notify",
    "reports",
    # Before the admin, whose templates it replaces; the site itself is ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.StaffSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
MIDDLEWARE = [
    # First, so that what the others answer by themselves (a hostile host's 400) has the policy too.
    "csp.middleware.CSPMiddleware",
    "core.probes.straight_to_the_probe",
    "accounts.audit.origin.remember_request",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.signed_in_pages",
    "accounts.middleware.second_factor_page",
    "accounts.devices.remember_browser",
    "core.ratelimit.say_when",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.appearance.appearance",
                "accounts.access.keep_the_way_back",
            ],
        },
    },
]
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "staticfiles" if HTTPS else None
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # Hashed names need `manage.py collectstatic`, which a local run can do without.
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if HTTPS
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not HTTPS
WHITENOISE_AUTOREFRESH = DEBUG

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
EMAIL = env.email("EMAIL_URL", "console:")
globals().update(EMAIL)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Busstop <busstop@{SITE_HOST}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Without a mail server nobody could confirm an address.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if "EMAIL_HOST" in EMAIL else "none"
# Beside allauth's own: mails that invite, by who sends, by team, and by who gets them.
ACCOUNT_RATE_LIMITS = {
    "invite": "20/h/user,60/d/user",
    "invite_team": "60/d/key",
    "invite_address": "3/h/key,10/d/key",
}
# Mails about another password or address, and about second factors added and removed
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Changes of password, address and second factor, and ours of `accounts.fresh_sign_in`, ask again after
# so many seconds.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Busstop"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
# Whoever signs in has a confirmed address wherever one can be confirmed, and may add another.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# What the browser is told
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# The admin's pages alone get what its theme needs besides (accounts.staff_site).
# Not no-referrer: browsers then send `Origin: null` with a form, which the CSRF check must refuse.
# With this one, too, no other site is told anything.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 31_536_000
THEME_COOKIE_NAME = "theme"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# What a browser is known again by, so that a sign-in from a new one is told by mail
DEVICE_COOKIE_NAME = "device"
if HTTPS:
    DEVICE_COOKIE_NAME = "__Host-device"
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
    THEME_COOKIE_NAME = "__Host-theme"
    MESSAGE_STORAGE = "core.messages.HostFallbackStorage"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The admin: our sign and yellow on django-unfold
SHADES = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
SIGNAL = "#fff9e0 #fff1b8 #ffe480 #ffd633 #ffc800 #ffc800 #8a6400 #6e5000 #523c00 #3a2b00 #241a00"
INK = "#faf9f5 #f0eee6 #dddad0 #c3c7cb #a3abb3 #57606a #424a52 #33383d #23272b #15181b #0c0e10"
UNFOLD = {
    "SITE_TITLE": "Busstop",
    "SITE_HEADER": "Busstop",
    "SITE_SUBHEADER": _("for staff"),
    "SITE_URL": "/",
    "SITE_ICON": "core.staff_theme.sign",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "core.staff_theme.sign"},
    ],
    "STYLES": ["core.staff_theme.style"],
    "SHOW_VIEW_ON_SITE": True,
    "COLORS": {
        "base": dict(zip(SHADES, INK.split(), strict=True)),
        "primary": dict(zip(SHADES, SIGNAL.split(), strict=True)),
    },
    "DASHBOARD_CALLBACK": "rentals.admin.overview.dashboard",
    "SIDEBAR": {"navigation": "rentals.admin.navigation.sidebar"},
}

# Words and times
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
# What is translated, and the same as gettext reads it: made by `manage.py prepare`.
LOCALE_PATHS = [BASE_DIR / "locale", DATA_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "core.redaction.RedactTokens"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["redact"],
        },
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # These have handlers of their own by default, which would go round the filter.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # At INFO whatever the level: the supervisor waits for its words.
        "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
        "celery": {"level": LOG_LEVEL},
        # A line for every task, several a second, would bury the others.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # The addresses that these two log at DEBUG and INFO hold the token.
        "urllib3": {"level": "WARNING"},
        "aiohttp": {"level": "WARNING"},
    },
}
