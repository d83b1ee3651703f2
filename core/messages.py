"""Where a notice waits for the page that shows it."""

from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookieStorage(CookieStorage):
    """A signed cookie that no other host of the domain can set: for https only."""

    cookie_name = "__Host-messages"


class HostFallbackStorage(FallbackStorage):
    """Django's own choice, the cookie and else the session, with that cookie."""

    storage_classes = (HostCookieStorage, SessionStorage)
