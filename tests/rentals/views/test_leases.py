"""The leases of a team: what it has, and what ends when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from catalog.models import Area
from rentals.models import Lease
from rentals.states import LeaseState, PurchaseState
from tests.factories import (
    make_lease,
    make_lease_message,
    make_lease_purchase,
)

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def leases(team: Team, query: str = "") -> str:
    return reverse("rentals:leases", args=[team.slug]) + query


def new(team: Team) -> str:
    return reverse("rentals:lease_number", args=[team.slug])


# What the team has


def test_a_lease_shows_its_number_its_place_its_end_and_its_newest_sms(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    until = datetime.fromisoformat("2031-03-09T12:00:00+00:00")
    lease = make_lease(team, number="15143080170", expire_at=until)
    make_lease_message(lease, "first 1111", received_at=timezone.now() - timedelta(hours=2))
    make_lease_message(lease, "Your code is 429916", "429916")

    html = client_of(alice).get(leases(team)).text

    assert "+1 514-308-0170" in html
    assert 'data-copy="+15143080170"' in html
    assert "Canada" in html
    assert "2 months" in html
    assert "9 Mar 2031" in html
    assert '<span class="code" dir="ltr">429916</span>' in html
    assert "first 1111" not in html
    assert 'data-announce="+1 514-308-0170: the code is 429916"' in html


def test_a_code_from_yesterday_no_longer_lights_up(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    make_lease_message(make_lease(team), "Your code is 429916", "429916", received_at=yesterday)

    html = client_of(alice).get(leases(team)).text

    assert "Your code is 429916" in html
    assert "has-code" not in html


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LeaseState.ACTIVE, "leased"),
        (LeaseState.CANCELLING, "cancelling"),
        (LeaseState.GRACE, "ended, can be renewed"),
        (LeaseState.RELEASED, "released"),
        (LeaseState.CANCELLED, "cancelled"),
    ],
)
def test_the_state_is_said_in_words(
    client_of: ClientOf, alice: User, team: Team, state: str, words: str
) -> None:
    closed = None if state in ("active", "cancelling", "grace") else timezone.now()
    make_lease(team, state=state, closed_at=closed)

    html = client_of(alice).get(leases(team)).text

    assert words in html
    assert ("Ended</h2>" in html) is bool(closed)


def test_the_empty_page_says_what_a_lease_is(client_of: ClientOf, alice: User, team: Team) -> None:
    html = client_of(alice).get(leases(team)).text

    assert "No long-term numbers yet." in html
    assert "receives the SMS of every service" in html
    assert "within 20 minutes" in html


def test_htmx_gets_what_the_team_has_alone_and_hears_of_leases(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    html = client_of(alice).get(leases(team), headers=HTMX).text

    assert html.strip().startswith('<div id="leases"')
    assert 'hx-trigger="live:leases from:body, live:sync from:body"' in html
    assert "Lease a number" not in html


def test_looking_at_it_has_the_inboxes_read(
    client_of: ClientOf,
    alice: User,
    team: Team,
    queued: Callable[[], list[tuple[str, list[Any]]]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    lease = make_lease(team)
    with django_capture_on_commit_callbacks(execute=True):
        client_of(alice).get(leases(team))

    assert ("rentals.tasks.read_inboxes", [str(lease.account_id)]) in queued()


def test_a_number_that_comes_while_the_page_is_read_is_on_it(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    purchase = make_lease_purchase(team, state=PurchaseState.BOUGHT)
    arrived: list[Lease] = []

    def deliver(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Right after the first of the two questions, whichever it is."""
        answer = execute(sql, *rest)
        if not arrived and "put_away_at" in sql and "expire_at" in sql:
            arrived.append(make_lease(team, purchase=purchase))
        return answer

    client = client_of(alice)
    with connection.execute_wrapper(deliver):
        html = client.get(leases(team)).text

    assert f'id="lease-{arrived[0].code}"' in html
    assert html.count('class="departure') == 1


@pytest.mark.parametrize("rows", [2, 40])
def test_the_page_needs_sixteen_queries_however_many_leases(
    client_of: ClientOf,
    alice: User,
    team: Team,
    canada: Area,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for index in range(rows):
        lease = make_lease(team, state=LeaseState.RELEASED if index % 2 else LeaseState.ACTIVE)
        for text in ("one", "two"):
            make_lease_message(lease, text)
        make_lease_purchase(team, renews=lease, state=PurchaseState.BOUGHT)
        make_lease_purchase(team)
    client = client_of(alice)
    client.get(leases(team))  # what is read once and then cached

    with django_assert_max_num_queries(16):
        html = client.get(leases(team)).text

    assert html.count('class="departure') == rows + rows // 2


# The calendar


def test_the_calendar_has_the_dates_to_come_in_the_readers_zone(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Pacific/Auckland")
    with time_machine.travel("2031-01-05T12:00:00Z", tick=False):
        make_lease(
            team,
            expire_at=datetime.fromisoformat("2031-01-31T23:30:00+00:00"),
            keep_at=datetime.fromisoformat("2031-02-07T23:30:00+00:00"),
        )
        html = client_of(alice).get(leases(team)).text

    assert "January 2031" not in html  # there it is February already
    assert html.index("February 2031") < html.index("1 Feb 2031, 12:30")
    assert html.index("ends; no more SMS") < html.index("8 Feb 2031, 12:30")


def test_the_calendar_tells_what_renews_itself_and_leaves_out_what_is_over(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    make_lease(team, auto_renew=True)
    make_lease(team, state=LeaseState.CANCELLING)
    past = timezone.now() - timedelta(days=1)
    make_lease(team, state=LeaseState.GRACE, expire_at=past)

    html = (
        client_of(alice).get(leases(team)).text.split("agenda-title", 2)[2].split("</section>")[0]
    )

    assert html.count("<li>") == 2
    assert "renews itself" in html
    assert "the last moment to renew it" in html
    assert "ends;" not in html
