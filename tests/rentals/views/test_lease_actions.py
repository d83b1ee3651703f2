"""What a member does with a long-term number: renew it, give it back, share its SMS."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProviderAccount, Team, User
from catalog.models import Area
from rentals.models import Lease
from rentals.operations.lease import send_cancel
from rentals.operations.reading import read_leases
from rentals.operations.sending import send_purchase
from rentals.states import LeaseState
from tests.factories import (
    make_lease,
    make_lease_message,
    make_renewal,
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


# Renewing


def test_the_button_has_the_price_of_the_months(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    lease = make_lease(team)
    client = client_of(alice)

    assert "Renew 1 month for $2.00" in page(client, lease)
    html = client.get(url("renewal", lease) + "?months=3", headers=HTMX).text
    assert html.strip().startswith('<div id="renewal">')
    assert "Renew 3 months for $6.00" in html
    assert client.get(url("renewal", lease)).headers["Location"] == lease.get_absolute_url()


def test_bob_renews_and_a_second_click_renews_no_more(
    client_of: ClientOf, bob: User, team: Team, canada: Area
) -> None:
    lease, wish = make_lease(team), order()
    client = client_of(bob)

    for _ in range(2):
        response = client.post(url("renew_lease", lease), wish)
        assert response.headers["Location"] == lease.get_absolute_url()

    renewal = lease.renewals.get()
    assert (renewal.buyer, renewal.months, renewal.quoted) == (bob, 3, Decimal(6))
    html = page(client, lease)
    assert "Another renewal is on its way" in html
    assert "$6.00" in html
    assert url("renew_lease", lease) not in html


def test_more_months_than_the_button_said_need_a_second_click(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    """Without JavaScript the price on the button is that of the months before."""
    lease = make_lease(team)
    client = client_of(alice)

    response = client.post(url("renew_lease", lease), order(12, "2.00"))

    assert response.status_code == 422
    assert "The price of Canada is now $24.00, not $2.00. Nothing was bought" in response.text
    assert "Renew 12 months for $24.00" in response.text
    assert 'value="12"' in response.text
    assert not lease.renewals.exists()
    assert client.post(url("renew_lease", lease), order(12, "24.00")).status_code == 302


@pytest.mark.parametrize("months", ["", "0", "-1", "37", "x", "9" * 5000])
def test_months_that_make_no_sense_are_refused_in_place(
    client_of: ClientOf, alice: User, team: Team, canada: Area, months: str
) -> None:
    lease = make_lease(team)

    response = client_of(alice).post(url("renew_lease", lease), order() | {"months": months})

    assert response.status_code == 422
    assert 'id="renew-months-error" role="alert"' in response.text
    assert "Renew 1 month for $2.00" in response.text
    assert 'http-equiv="refresh"' not in response.text  # which would take the words away
    assert not lease.renewals.exists()


def test_a_lease_that_renews_itself_warns_and_takes_a_tick(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    lease = make_lease(team, auto_renew=True)
    client = client_of(alice)
    assert "Renewing it here as well may pay twice." in page(client, lease)

    response = client.post(url("renew_lease", lease), order())

    assert response.status_code == 422
    assert "Tick the box first. Nothing was bought." in response.text
    assert not lease.renewals.exists()
    client.post(url("renew_lease", lease), order(although="on"))
    assert lease.renewals.count() == 1


def test_an_area_that_is_not_offered_renews_nothing(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    lease = make_lease(team)
    Area.objects.update(listed=False)
    client = client_of(alice)

    assert "does not offer this area at the moment" in page(client, lease)
    response = client.post(url("renew_lease", lease), order())
    assert response.status_code == 422
    assert not lease.renewals.exists()


# Giving back, with the sandbox


def test_alice_gives_it_back_and_all_of_the_price_returns(
    client_of: ClientOf, alice: User, shop: Shop, lease: Lease
) -> None:
    client = client_of(alice)
    html = page(client, lease)
    assert "all $4.00 comes back" in html
    assert "Cancel, $4.00 back" in html
    assert "three times at most" in html

    client.post(url("cancel_lease", lease), {"confirmed": "on"})
    assert "Being given back." in page(client, lease)
    send_cancel(lease_id=lease.pk)

    html = page(client, lease)
    assert "Cancelled; $4.00 came back." in html
    assert url("renew_lease", lease) not in html
    assert shop.sandbox.world.account(shop.token).balance == 10


def test_giving_back_takes_a_tick(client_of: ClientOf, alice: User, team: Team) -> None:
    lease = make_lease(team)

    response = client_of(alice).post(url("cancel_lease", lease))

    assert response.status_code == 422
    assert "Tick the box first. Nothing was changed." in response.text
    lease.refresh_from_db()
    assert lease.state == LeaseState.ACTIVE


def test_what_cannot_be_given_back_says_why_and_changes_nothing(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    late = make_lease(team, begin_at=timezone.now() - timedelta(minutes=21))
    used, renewed = make_lease(team), make_lease(team)
    make_lease_message(used, "Your code is 1234", "1234")
    make_renewal(renewed)
    client = client_of(alice)

    for lease, words in (
        (late, "takes a number back within 20 minutes"),
        (used, "An SMS has come, so SMS-BUS does not take the number back"),
        (renewed, "not after it was renewed"),
    ):
        html = page(client, lease)
        assert words in html
        assert url("cancel_lease", lease) not in html
        for data in ({}, {"confirmed": "on"}):
            response = client.post(url("cancel_lease", lease), data, follow=True)
            assert "can no longer be given back; nothing was changed" in response.text
        lease.refresh_from_db()
        assert lease.state == LeaseState.ACTIVE


def test_a_renewal_that_is_bought_lengthens_it_on_the_page(
    client_of: ClientOf, alice: User, shop: Shop, canada: Area, lease: Lease
) -> None:
    client = client_of(alice)
    client.post(url("renew_lease", lease), order())
    send_purchase(purchase_id=lease.renewals.get().pk)

    html = page(client, lease)

    assert "Renewal, 3 months" in html
    assert "$10.00" in html  # four for the lease, six for the renewal
    lease.refresh_from_db()
    assert lease.expire_at > timezone.now() + timedelta(days=149)
    listed = client.get(reverse("rentals:leases", args=[shop.team.slug])).text
    assert "5 months" in listed


# The public link


def test_the_public_link_is_switched_on_shown_to_members_and_off(
    client_of: ClientOf, alice: User, vera: User, shop: Shop, lease: Lease
) -> None:
    client = client_of(alice)
    assert "Off: only the team reads its SMS." in page(client, lease)

    client.post(url("lease_link", lease), {"is_public": "on"})
    read_leases(account_id=str(shop.account.pk))

    lease.refresh_from_db()
    html = page(client, lease)
    assert "without signing in" in html
    assert f'data-copy="{lease.public_link}"' in html
    assert lease.public_link
    assert lease.public_link not in page(client_of(vera), lease)
    client.post(url("lease_link", lease))
    lease.refresh_from_db()
    assert not lease.is_public


def test_a_provider_that_does_not_answer_leaves_the_link_as_it_was(
    client_of: ClientOf, alice: User, shop: Shop, lease: Lease
) -> None:
    shop.sandbox.fault("rent/change/link/status", "reset", applied=False)

    response = client_of(alice).post(url("lease_link", lease), {"is_public": "on"}, follow=True)

    assert "so the link may be as it was" in response.text
    assert "Off: only the team reads its SMS." in response.text


@pytest.mark.parametrize("trouble", ["suspended", "released"])
def test_the_provider_is_not_asked_where_it_cannot_answer(
    client_of: ClientOf, alice: User, shop: Shop, lease: Lease, trouble: str
) -> None:
    if trouble == "suspended":
        ProviderAccount.objects.update(state=ProviderAccount.State.SUSPENDED)
    else:
        Lease.objects.update(state=LeaseState.RELEASED)

    response = client_of(alice).post(url("lease_link", lease), {"is_public": "on"}, follow=True)

    assert "cannot be asked about this number" in response.text
    assert shop.sends("rent/change/link/status") == 0
