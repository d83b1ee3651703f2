"""What Celery runs for the catalogue; each task may run twice."""

from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.utils import timezone

from catalog import sync, thinning
from catalog.models import Country


@shared_task
def refresh_catalogue(team_id: int | None = None, older_than_seconds: float | None = None) -> None:
    """Read all that is due: beat's turn, or a page's that found the catalogue stale."""
    older_than = None if older_than_seconds is None else timedelta(seconds=older_than_seconds)
    sync.refresh_catalogue(team_id, older_than=older_than)


@shared_task
def refresh_country(country_id: int, found_at: float | None = None) -> None:
    """Read the prices of one country: a purchase found them wrong ``found_at`` (Unix time), or somebody asks."""
    country = Country.objects.filter(pk=country_id, listed=True).first()
    if country is not None:
        found = None if found_at is None else datetime.fromtimestamp(found_at, UTC)
        sync.refresh_country(country, read_before=found)


@shared_task
def refresh_lists() -> None:
    """Read the countries, the services and the areas now."""
    sync.refresh_lists()


@shared_task
def thin_history() -> None:
    """Take out of the price history what is older than it is kept."""
    thinning.thin_history(timezone.now())
