"""Whether the provider answers, and when it is asked next, from what its feeds say."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from catalog.contact import Contact, read_contact
from catalog.feeds import COUNTRIES, FAILURES, SERVICES
from catalog.models import ASK_AGAIN_AFTER, Feed
from tests.factories import fail_to_read

pytestmark = pytest.mark.django_db


@pytest.fixture
def usual(settings: Settings) -> timedelta:
    """How often the clock has lists read."""
    return timedelta(seconds=settings.CATALOG_REFRESH_SECONDS)


def minutes_ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def test_nothing_was_ever_asked() -> None:
    assert read_contact() == Contact(
        failed=None, answered_at=None, is_being_asked=False, next_by=None
    )


def test_it_answers() -> None:
    read_at = minutes_ago(1)
    Feed.objects.create(key=SERVICES, fetched_at=read_at)
    fail_to_read(failed_at=minutes_ago(2))

    contact = read_contact()

    assert (contact.failed, contact.answered_at, contact.next_by) == (None, read_at, None)


def test_a_refused_token_is_an_answer() -> None:
    Feed.objects.create(key=COUNTRIES, failed_at=timezone.now(), error=FAILURES[4][1])
    assert read_contact().failed is None


def test_it_is_asked_again_when_the_clock_comes(usual: timedelta) -> None:
    Feed.objects.create(key=SERVICES, fetched_at=minutes_ago(10))
    failed = fail_to_read(failed_at=minutes_ago(1))

    contact = read_contact()

    assert contact.failed == failed
    assert contact.answered_at is not None
    assert failed.failed_at is not None
    assert contact.next_by == failed.failed_at + usual


def test_a_list_that_was_just_read_is_not_due_at_the_next_visit(usual: timedelta) -> None:
    read_at = minutes_ago(2)
    fail_to_read(failed_at=minutes_ago(1), fetched_at=read_at)
    assert read_contact().next_by == read_at + usual / 2 + usual


def test_a_visit_that_did_not_come_is_foretold_no_more(usual: timedelta) -> None:
    fail_to_read(failed_at=timezone.now() - usual)
    assert read_contact().next_by is None


def test_a_claim_is_a_try_until_it_runs_out() -> None:
    feed = fail_to_read(claimed_until=timezone.now() + timedelta(seconds=5))
    assert read_contact().is_being_asked
    feed.claimed_until = timezone.now()
    feed.save()
    assert not read_contact().is_being_asked


def test_what_was_asked_for_is_a_try_until_it_ends() -> None:
    fail_to_read(failed_at=minutes_ago(1))
    Feed.objects.update(asked_at=minutes_ago(0.5))
    assert read_contact().is_being_asked

    fail_to_read(SERVICES)
    assert not read_contact().is_being_asked


def test_what_was_asked_for_and_never_began_is_lost() -> None:
    Feed.objects.create(key=COUNTRIES, asked_at=timezone.now() - ASK_AGAIN_AFTER)
    assert not read_contact().is_being_asked


def test_more_lists_cost_no_more(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        fail_to_read(f"prices:{number}")
    with django_assert_max_num_queries(3):
        read_contact()
