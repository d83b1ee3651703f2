"""GET /t/<team>/provider/notice/: the notice of a provider that is down comes to open pages, and goes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

import smsbus
from accounts.models import Team, User
from catalog import feeds
from catalog.models import AREAS, Feed
from live import bus
from tests.factories import fail_to_read

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
NOT_IN_TIME = "The provider did not answer in time."


def notice(team: Team) -> str:
    return reverse("rentals:provider_notice", args=[team.slug])


def mark(feed: Feed) -> str:
    return str(Feed.objects.get(pk=feed.pk).failed_at)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | None, str]]:
    """(team, topic) of what open pages are told."""
    found: list[tuple[int | None, str]] = []
    monkeypatch.setattr(bus, "publish", lambda *, team_id, topic: found.append((team_id, topic)))
    return found


@pytest.mark.parametrize("page", ["rentals:desk", "catalog:prices"])
def test_a_page_has_a_place_for_it_while_all_is_well(
    client_of: ClientOf, vera: User, team: Team, page: str
) -> None:
    html = client_of(vera).get(reverse(page, args=[team.slug])).text
    place = html.partition('<div id="provider-notice" role="status"')[2].partition("</div>")[0]
    assert f'hx-get="{notice(team)}"' in place
    assert "live:provider from:body" in place
    assert 'class="provider-down"' not in html


def test_it_comes_and_goes_and_the_same_is_not_said_twice(
    client_of: ClientOf, vera: User, team: Team
) -> None:
    browser = client_of(vera)
    assert browser.get(notice(team)).status_code == 204
    failed = fail_to_read()

    came = browser.get(notice(team))
    assert came.status_code == 200
    assert NOT_IN_TIME in came.text
    assert "<html" not in came.text
    seen = {"seen": mark(failed)}
    assert f'name="seen" value="{seen["seen"]}"' in came.text
    assert browser.get(notice(team), seen).status_code == 204
    once_more = fail_to_read(failed_at=timezone.now() + timedelta(seconds=1))
    assert f'value="{mark(once_more)}"' in browser.get(notice(team), seen).text

    Feed.objects.update(failed_at=None, error="", fetched_at=timezone.now())
    gone = browser.get(notice(team), seen)
    assert (gone.status_code, gone.text.strip()) == (200, "")


@pytest.mark.parametrize("page", ["rentals:desk", "catalog:prices", "rentals:provider_notice"])
def test_a_list_of_areas_alone_is_none_of_it(
    client_of: ClientOf, vera: User, team: Team, page: str
) -> None:
    fail_to_read(AREAS)
    assert NOT_IN_TIME not in client_of(vera).get(reverse(page, args=[team.slug])).text


def test_it_costs_little_while_all_is_well(
    client_of: ClientOf,
    vera: User,
    team: Team,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    browser = client_of(vera)
    browser.get(notice(team))
    with django_assert_max_num_queries(5):
        browser.get(notice(team))


# What has pages ask for it


def read(key: str) -> None:
    feed = feeds.claim(key)
    assert feed is not None
    feeds.finish(feed, body_hash="x")


def miss(key: str, error: smsbus.SmsBusError) -> None:
    feed = feeds.claim(key)
    assert feed is not None
    feeds.fail(feed, error)


def test_pages_of_all_teams_hear_that_it_fails_and_that_it_is_back(
    told: list[tuple[int | None, str]],
) -> None:
    read(feeds.COUNTRIES)
    read(feeds.SERVICES)
    assert told == []

    miss(feeds.COUNTRIES, smsbus.AnswerLost("list/countries"))
    assert told == [(None, "provider")]
    miss(feeds.COUNTRIES, smsbus.AnswerLost("list/countries"))
    assert told == [(None, "provider")] * 2  # that it was tried once more

    read(feeds.SERVICES)
    assert told == [(None, "provider")] * 3
    read(feeds.COUNTRIES)
    assert told == [(None, "provider")] * 3


def test_a_refused_token_says_nothing(told: list[tuple[int | None, str]]) -> None:
    miss(feeds.COUNTRIES, smsbus.WrongToken("list/countries"))
    assert told == []


def test_who_lost_the_claim_says_nothing(told: list[tuple[int | None, str]]) -> None:
    feed = feeds.claim(feeds.COUNTRIES)
    assert feed is not None
    Feed.objects.update(claimed_until=timezone.now() + timedelta(hours=1))
    feeds.fail(feed, smsbus.AnswerLost("list/countries"))
    assert told == []
