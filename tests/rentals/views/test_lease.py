"""One long-term number: its inbox, its dates, its money, and who may see it."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from catalog.models import Area
from rentals.models import Lease, Message
from rentals.operations.reading import read_inboxes
from rentals.states import LeaseState
from tests.factories import (
    make_lease,
    make_lease_message,
    make_renewal,
    make_team,
)
from tests.rentals.operations.conftest import Shop

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def url(name: str, lease: Lease) -> str:
    return reverse(f"rentals:{name}", args=[lease.team.slug, lease.code])


def page(client: Client, lease: Lease, query: str = "") -> str:
    response = client.get(lease.get_absolute_url() + query)
    assert response.status_code == 200
    return response.text


def order(months: int = 3, quoted: str = "6.00", **fields: str) -> dict[str, Any]:
    return {"months": months, "quoted": quoted, "client_key": str(uuid.uuid4()), **fields}


# What it shows


def test_its_inbox_its_dates_and_its_money(client_of: ClientOf, vera: User, team: Team) -> None:
    lease = make_lease(team, number="15143080170")
    make_lease_message(lease, "first 1111", "1111", received_at=timezone.now() - timedelta(days=2))
    make_lease_message(lease, "<b>second</b> 2222", "2222")
    renewal = make_renewal(lease)

    html = page(client_of(vera), lease)

    assert "+1 514-308-0170" in html
    assert html.index("&lt;b&gt;second&lt;/b&gt; 2222") < html.index("first 1111")
    assert 'data-copy="2222"' in html
    assert 'data-announce="+1 514-308-0170: the code is 2222"' in html
    for fact in ("Runs until", "Renewable until", "$10.00", "$6.00", "$4.00"):
        assert fact in html
    for purchase in (lease.purchase, renewal):
        assert purchase.get_absolute_url() in html


def test_an_empty_inbox_says_what_to_do(client_of: ClientOf, alice: User, team: Team) -> None:
    assert "appears here by itself" in page(client_of(alice), make_lease(team))


def test_an_inbox_has_pages_and_bears_nonsense(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    lease = make_lease(team)
    for number in range(51):
        at = timezone.now() - timedelta(minutes=number)
        make_lease_message(lease, f"text number {number:02d}.", received_at=at)
    client = client_of(alice)

    first, last = page(client, lease), page(client, lease, "?page=2")

    assert "text number 49." in first
    assert "text number 50." not in first
    assert "?page=2" in first
    assert "text number 50." in last
    assert "data-announce" not in last  # what is announced is what is new
    for nonsense in ("0", "-1", "x", "9" * 5000, "²"):
        assert "text number" in page(client, lease, f"?page={nonsense}")


def test_htmx_gets_the_content_alone_and_hears_of_leases(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    html = client_of(alice).get(make_lease(team).get_absolute_url(), headers=HTMX).text

    assert html.strip().startswith('<div id="lease"')
    assert 'hx-trigger="live:leases from:body, live:sync from:body"' in html


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LeaseState.CANCELLING, "Being given back. $4.00 comes back as soon as"),
        (LeaseState.GRACE, "The lease has ended and receives no SMS."),
        (LeaseState.RELEASED, "not renewed in time and is gone"),
    ],
)
def test_it_says_where_it_stands(
    client_of: ClientOf, alice: User, team: Team, state: str, words: str
) -> None:
    lease = make_lease(team, state=state)

    html = page(client_of(alice), lease)

    assert words in html
    assert (url("renew_lease", lease) in html) is False  # no area is on offer
    assert url("cancel_lease", lease) not in html


def test_it_refreshes_itself_without_javascript_while_it_is_ours(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    lease, over = make_lease(team), make_lease(team, state=LeaseState.RELEASED)

    refresh = f'<noscript><meta http-equiv="refresh" content="30; url={lease.get_absolute_url()}">'
    assert refresh in page(client_of(alice), lease)
    assert 'http-equiv="refresh"' not in page(client_of(alice), over)


@pytest.mark.parametrize("rows", [2, 30])
def test_the_page_needs_thirteen_queries_however_many_sms_and_renewals(
    client_of: ClientOf,
    alice: User,
    team: Team,
    canada: Area,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    lease = make_lease(team)
    for number in range(rows):
        make_renewal(lease)
        make_lease_message(lease, f"text number {number}.")
    client = client_of(alice)
    page(client, lease)

    with django_assert_max_num_queries(13):
        html = page(client, lease)

    assert html.count("text number") == rows


# Who may


ACTIONS = ("renew_lease", "cancel_lease", "lease_link")


@pytest.mark.parametrize("name", ACTIONS)
def test_viewers_and_outsiders_change_nothing(
    client: Client,
    client_of: ClientOf,
    vera: User,
    charlie: User,
    team: Team,
    canada: Area,
    name: str,
) -> None:
    lease = make_lease(team)
    address, data = url(name, lease), order(confirmed="on", is_public="on")

    assert client_of(vera).post(address, data).status_code == 403
    assert client_of(charlie).post(address, data).status_code == 404
    assert client.post(address, data).headers["Location"].startswith("/accounts/login/")
    assert client_of(vera).get(address).status_code == 405
    assert address not in page(client_of(vera), lease)
    lease.refresh_from_db()
    assert (lease.state, lease.is_public, lease.renewals.count()) == ("active", False, 0)


def test_outsiders_find_no_page(
    client: Client, client_of: ClientOf, vera: User, charlie: User, alice: User, team: Team
) -> None:
    lease, elsewhere = make_lease(team), make_lease(make_team())

    assert client_of(charlie).get(lease.get_absolute_url()).status_code == 404
    assert client_of(charlie).get(url("renewal", lease)).status_code == 404
    assert client_of(vera).get(url("renewal", lease)).status_code == 403
    assert client.get(lease.get_absolute_url()).headers["Location"].startswith("/accounts/login/")
    stolen = reverse("rentals:lease", args=[team.slug, elsewhere.code])
    assert client_of(alice).get(stolen).status_code == 404


def test_an_sms_of_a_leased_number_stands_in_its_inbox(
    client_of: ClientOf, alice: User, shop: Shop, lease: Lease
) -> None:
    shop.sandbox.deliver_lease(lease.mobile_number, "Your code is 048213")
    read_inboxes(account_id=str(shop.account.pk))

    assert '<span class="code" dir="ltr">048213</span>' in page(client_of(alice), lease)
    assert Message.objects.count() == 1
