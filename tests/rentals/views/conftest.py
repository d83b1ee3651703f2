"""A catalogue that was just read, so that no page asks for another one."""

import pytest
from django.utils import timezone

from catalog.models import Feed, Offer
from tests.cast import *  # noqa: F403
from tests.factories import make_country, make_offer, make_service
from tests.rentals.operations.conftest import canada, lease, shop

__all__ = ["canada", "lease", "shop"]


@pytest.fixture(autouse=True)
def fresh_catalogue(db: None) -> None:
    """Every list was read a moment ago."""
    for key in ("countries", "services", "areas"):
        Feed.objects.create(key=key, fetched_at=timezone.now())


@pytest.fixture
def offer(db: None) -> Offer:
    """Telegram in the United Kingdom, for 14 cents."""
    telegram = make_service("Telegram", code="tg")
    return make_offer(telegram, make_country("United Kingdom", "GB"), cost="0.14", stock=680)
