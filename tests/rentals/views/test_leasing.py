"""Leasing a number: the areas with their prices, the button, and what came to nothing."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import ProviderAccount, Team, User
from catalog.models import Area
from rentals import ledger
from rentals.models import Purchase
from rentals.states import PurchaseState
from tests.factories import (
    make_area,
    make_lease,
    make_lease_purchase,
    make_provider_account,
    make_team,
)

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def leases(team: Team, query: str = "") -> str:
    return reverse("rentals:leases", args=[team.slug]) + query


def new(team: Team) -> str:
    return reverse("rentals:lease_number", args=[team.slug])


@pytest.fixture
def form(team: Team, canada: Area) -> dict[str, Any]:
    """The button of Canada, for two months."""
    return {
        "area": canada.pk,
        "account": make_provider_account(team).pk,
        "months": "2",
        "quoted": "4.00",
        "client_key": str(uuid.uuid4()),
    }


# Leasing


def test_each_area_has_its_price_for_the_months_on_its_button(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    make_provider_account(team)
    make_area("BE", "Belgium", monthly_price=Decimal("5.20"), min_months=3)
    make_area("JP", "Japan", stock=0)

    html = client_of(alice).get(leases(team, "?months=2")).text

    assert "$2.00 a month" in html
    assert "2 months for $4.00" in html
    assert "at least 3 months" in html
    assert "3 months for $15.60" in html
    assert html.index("Belgium") < html.index("Canada") < html.index("Japan")
    assert html.count('name="client_key"') == 2


def test_while_somebody_chooses_only_the_areas_are_read_again(
    client_of: ClientOf, vera: User, team: Team, canada: Area
) -> None:
    make_provider_account(team)
    make_area("BE", "Belgium")

    html = client_of(vera).get(reverse("rentals:areas", args=[team.slug]) + "?q=cana&months=3").text

    assert "<html" not in html
    assert "Canada" in html
    assert "Belgium" not in html
    assert "$6.00" in html
    assert "leasing needs the role of a member" in html
    assert "<form" not in html


@pytest.mark.parametrize("months", ["0", "-1", "37", "x", "9" * 5000, "1.5"])
def test_months_that_make_no_sense_are_said_and_count_as_one(
    client_of: ClientOf, alice: User, team: Team, canada: Area, months: str
) -> None:
    make_provider_account(team)

    html = client_of(alice).get(leases(team, f"?months={months}")).text

    assert 'role="alert"' in html
    assert "1 month for $2.00" in html


def test_bob_leases_and_sees_it_being_bought(
    client_of: ClientOf, bob: User, team: Team, canada: Area, form: dict[str, Any]
) -> None:
    client = client_of(bob)
    response = client.post(new(team), form)

    bought = Purchase.objects.get()
    assert (bought.buyer, bought.kind, bought.state) == (bob, "lease", PurchaseState.HELD)
    assert (bought.months, bought.quoted, bought.area_code) == (2, Decimal(4), "CA")
    assert response.headers["Location"] == leases(team)
    html = client.get(leases(team)).text
    assert "Lease, 2 months" in html
    assert "Buying… $4.00 is reserved." in html
    assert "Give up" in html
    assert f'<meta http-equiv="refresh" content="5; url={leases(team)}">' in html


def test_htmx_is_sent_to_the_page(
    client_of: ClientOf, bob: User, team: Team, form: dict[str, Any]
) -> None:
    response = client_of(bob).post(new(team), form, headers=HTMX)

    assert response.headers["HX-Redirect"] == leases(team)


def test_the_same_form_twice_leases_once(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any]
) -> None:
    client = client_of(alice)

    assert client.post(new(team), form).status_code == 302
    Area.objects.update(monthly_price=Decimal(3))
    assert client.post(new(team), form).status_code == 302
    assert Purchase.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_price_that_rose_needs_a_second_click(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any], headers: dict[str, str]
) -> None:
    Area.objects.update(monthly_price=Decimal("2.50"))
    client = client_of(alice)

    response = client.post(new(team), form, headers=headers)

    assert response.status_code == (200 if headers else 422)
    assert "The price of Canada is now $5.00, not $4.00. Nothing was bought" in response.text
    assert response.text.count('role="alert"') == 1
    assert "2 months for $5.00" in response.text
    assert not Purchase.objects.exists()
    again = form | {"quoted": "5.00", "client_key": str(uuid.uuid4())}
    assert client.post(new(team), again).status_code == 302
    assert Purchase.objects.get().quoted == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("area", "x"),
        ("months", "0"),
        ("months", "400"),
        ("quoted", "NaN"),
        ("quoted", "-1"),
        ("client_key", "1"),
        ("account", ""),
    ],
)
def test_a_spoilt_form_leases_nothing(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any], field: str, value: str
) -> None:
    response = client_of(alice).post(new(team), form | {field: value})

    assert response.status_code == 422
    assert "The form was not complete. Nothing was bought" in response.text
    assert not Purchase.objects.exists()


def test_another_teams_account_is_not_found(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any]
) -> None:
    foreign = make_provider_account(make_team())

    assert client_of(alice).post(new(team), form | {"account": foreign.pk}).status_code == 404
    assert client_of(alice).post(new(team), form | {"area": 2**62}).status_code == 404
    assert not Purchase.objects.exists()


def test_viewers_look_and_others_do_not(
    client: Client,
    client_of: ClientOf,
    vera: User,
    charlie: User,
    team: Team,
    form: dict[str, Any],
) -> None:
    html = client_of(vera).get(leases(team)).text
    assert new(team) not in html
    assert client_of(vera).post(new(team), form).status_code == 403
    assert client_of(charlie).post(new(team), form).status_code == 404
    for name in ("leases", "areas"):
        address = reverse(f"rentals:{name}", args=[team.slug])
        assert client_of(vera).post(address).status_code == 405
        assert client_of(charlie).get(address).status_code == 404
        assert client.get(address).headers["Location"].startswith("/accounts/login/")
    assert not Purchase.objects.exists()


def test_without_an_account_it_says_what_is_missing(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    html = client_of(alice).get(leases(team)).text

    assert "Leasing needs a provider account." in html
    assert new(team) not in html


def test_the_account_to_pay_from_is_chosen(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    make_provider_account(team, name="Main")
    other = make_provider_account(team, name="Other")
    make_provider_account(team, name="Gone", state=ProviderAccount.State.SUSPENDED)

    html = client_of(alice).get(leases(team, f"?account={other.pk}")).text

    assert f'<option value="{other.pk}" selected>Other</option>' in html
    assert f'<input type="hidden" name="account" value="{other.pk}">' in html
    assert "Gone</option>" not in html


# What came to nothing


def came_to_nothing(team: Team, state: str, **fields: Any) -> Purchase:
    purchase = make_lease_purchase(team, state=state, **fields)
    with transaction.atomic():
        ledger.release(purchase)
    return purchase


def act(name: str, purchase: Purchase) -> str:
    return reverse(f"rentals:{name}", args=[purchase.team.slug, purchase.code])


def test_a_refused_lease_says_why_is_tried_again_and_put_away(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    refused = came_to_nothing(team, PurchaseState.REFUSED, reason="refused", provider_code="50004")
    client = client_of(alice)

    html = client.get(leases(team)).text
    assert "no number left to lease there" in html
    assert "Try again for $4.00" in html

    quote = {"quoted": "4.00", "client_key": str(uuid.uuid4()), "back": "leases"}
    assert client.post(act("again", refused), quote).headers["Location"] == leases(team)
    assert Purchase.objects.latest("pk").months == 2
    response = client.post(act("put_away", refused), {"back": "leases"})
    assert response.headers["Location"] == leases(team)
    assert "no number left to lease there" not in client.get(leases(team)).text


def test_after_a_price_rise_the_button_has_the_new_price(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    came_to_nothing(team, PurchaseState.ABANDONED, reason="price_rose", newer_quote=Decimal(6))

    html = client_of(alice).get(leases(team)).text

    assert "The price is now $6.00; the button said $4.00." in html
    assert "Buy for $6.00" in html


def test_trying_again_is_refused_on_the_page_it_came_from(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    refused = came_to_nothing(team, PurchaseState.REFUSED)
    Area.objects.update(listed=False)
    client = client_of(alice)

    for back, address in (("leases", leases(team)), ("purchase", refused.get_absolute_url())):
        quote = {"quoted": "4.00", "client_key": str(uuid.uuid4()), "back": back}
        response = client.post(act("again", refused), quote)
        assert response.headers["Location"] == address
        assert "Canada is no longer offered. Nothing was bought" in client.get(address).text
    assert Purchase.objects.count() == 1


def test_a_lease_that_was_not_sent_is_given_up(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    held = make_lease_purchase(team)

    response = client_of(alice).post(act("abandon", held), {"back": "leases"}, follow=True)

    assert response.request["PATH_INFO"] == leases(team)
    assert "Given up before it was sent. Nothing was bought" in response.text


def test_a_lease_whose_number_is_there_is_not_put_away_nor_tried_again(
    client_of: ClientOf, alice: User, team: Team, canada: Area
) -> None:
    lease = make_lease(team)

    html = client_of(alice).get(lease.purchase.get_absolute_url()).text

    assert lease.get_absolute_url() in html
    assert act("put_away", lease.purchase) not in html
    assert act("again", lease.purchase) not in html


def test_an_unknown_lease_leads_to_what_is_known_about_it(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    unknown = make_lease_purchase(team, state=PurchaseState.UNKNOWN, reason="answer_lost")

    html = client_of(alice).get(leases(team)).text

    assert "What is known about it" in html
    assert unknown.get_absolute_url() in html
