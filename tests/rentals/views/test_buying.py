"""Pressing a button with a price on it, and going on from a finished purchase."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProviderAccount, Team, User
from catalog.models import Offer
from rentals import ledger
from rentals.models import Activation, Purchase
from rentals.states import ActivationState, PurchaseState
from tests.factories import make_activation, make_provider_account, make_purchase, make_team

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def account(team: Team) -> ProviderAccount:
    return make_provider_account(team, name="Main")


@pytest.fixture
def form(offer: Offer, account: ProviderAccount) -> dict[str, Any]:
    """What the button of the offer sends."""
    return {
        "offer": offer.pk,
        "account": str(account.pk),
        "quoted": "0.1400",
        "client_key": str(uuid.uuid4()),
    }


def buy(team: Team) -> str:
    return reverse("rentals:buy", args=[team.slug])


def again(purchase: Purchase) -> str:
    return reverse("rentals:again", args=[purchase.team.slug, purchase.code])


def quote(price: str = "0.14") -> dict[str, str]:
    return {"quoted": price, "client_key": str(uuid.uuid4())}


def test_bob_buys_and_comes_back_to_the_desk_as_it_was(
    client_of: ClientOf, bob: User, team: Team, offer: Offer, form: dict[str, Any]
) -> None:
    response = client_of(bob).post(buy(team), form)

    bought = Purchase.objects.get()
    assert (bought.buyer, bought.quoted, bought.state) == (bob, Decimal("0.14"), PurchaseState.HELD)
    assert response.status_code == 302
    assert response.headers["Location"] == (
        reverse("rentals:desk", args=[team.slug])
        + f"?service={offer.service.pk}&account={form['account']}#board"
    )


def test_htmx_gets_the_row_with_a_new_key_and_the_board_and_the_money(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, form: dict[str, Any]
) -> None:
    response = client_of(alice).post(buy(team), form, headers=HTMX)

    html = response.content.decode()
    assert "<html" not in html
    assert f'id="offer-{offer.pk}"' in html
    assert form["client_key"] not in html
    assert 'id="board"' in html
    assert 'id="money"' in html
    assert html.count('hx-swap-oob="true"') == 2
    assert "Buying… $0.14 is reserved." in html
    assert response.headers["HX-Trigger-After-Settle"] == '{"bought": {}}'


def test_the_same_form_twice_buys_once(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any]
) -> None:
    client = client_of(alice)

    first = client.post(buy(team), form, headers=HTMX)
    second = client.post(buy(team), form, headers=HTMX)

    assert first.status_code == second.status_code == 200
    assert Purchase.objects.count() == 1


def test_a_price_that_rose_is_refused_in_place_and_needs_a_second_click(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, form: dict[str, Any]
) -> None:
    Offer.objects.update(cost=Decimal("0.16"))

    html = client_of(alice).post(buy(team), form, headers=HTMX).content.decode()

    assert not Purchase.objects.exists()
    assert 'role="alert"' in html
    assert "Nothing was bought" in html
    assert "Buy for $0.16" in html
    assert 'id="board"' not in html


def test_without_javascript_a_refusal_is_a_message_on_the_desk(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any]
) -> None:
    Offer.objects.update(listed=False)

    response = client_of(alice).post(buy(team), form, follow=True)

    assert not Purchase.objects.exists()
    assert "Nothing was bought" in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offer", "x"),
        ("quoted", "NaN"),
        ("quoted", "-1"),
        ("quoted", "0.12345"),
        ("client_key", "1"),
        ("account", ""),
    ],
)
def test_a_spoilt_form_buys_nothing(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any], field: str, value: str
) -> None:
    client = client_of(alice)

    response = client.post(buy(team), form | {field: value}, headers=HTMX)

    assert response.headers["HX-Redirect"] == reverse("rentals:desk", args=[team.slug])
    assert "The form was not complete." in client.get(response.headers["HX-Redirect"]).text
    assert not Purchase.objects.exists()


def test_another_teams_account_is_not_found(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any]
) -> None:
    foreign = make_provider_account(make_team())

    response = client_of(alice).post(buy(team), form | {"account": str(foreign.pk)})

    assert response.status_code == 404
    assert not Purchase.objects.exists()


def test_fields_nobody_asked_for_are_ignored(
    client_of: ClientOf, alice: User, bob: User, team: Team, form: dict[str, Any]
) -> None:
    extra = {"buyer": bob.pk, "team": 99, "state": "bought", "cost": "0.01"}

    client_of(alice).post(buy(team), form | extra)

    bought = Purchase.objects.get()
    assert (bought.buyer, bought.team, bought.cost) == (alice, team, None)
    assert bought.state == PurchaseState.HELD


def test_only_reusable_numbers_when_asked_for(
    client_of: ClientOf, alice: User, team: Team, form: dict[str, Any]
) -> None:
    client_of(alice).post(buy(team), form | {"reusable_only": "on"})

    assert Purchase.objects.get().reusable_only


def test_buying_is_for_members_only(
    client: Client,
    client_of: ClientOf,
    vera: User,
    charlie: User,
    team: Team,
    form: dict[str, Any],
) -> None:
    earlier = make_purchase(team, state=PurchaseState.REFUSED)
    for address in (buy(team), again(earlier)):
        assert client_of(vera).post(address, form).status_code == 403
        assert client_of(charlie).post(address, form).status_code == 404
        assert client.post(address, form).headers["Location"].startswith("/accounts/login/")
        assert client_of(vera).get(address).status_code == 405
    assert Purchase.objects.count() == 1


def test_a_post_without_a_csrf_token_is_refused(
    alice: User, team: Team, form: dict[str, Any]
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")

    response = strict.post(buy(team), form, headers=HTMX)

    assert response.status_code == 403
    assert "This form has expired" in response.text
    assert not Purchase.objects.exists()


def received(team: Team, offer: Offer) -> Activation:
    purchase = make_purchase(team, offer=offer, state=PurchaseState.BOUGHT)
    with transaction.atomic():
        ledger.charge(purchase)
    return make_activation(
        team, purchase=purchase, state=ActivationState.RECEIVED, received_at=timezone.now()
    )


def test_a_number_that_had_its_sms_is_used_again(
    client_of: ClientOf, bob: User, team: Team, offer: Offer, account: ProviderAccount
) -> None:
    number = received(team, offer)

    response = client_of(bob).post(again(number.purchase), quote(), headers=HTMX)

    reuse = Purchase.objects.get(kind=Purchase.Kind.REUSE)
    assert reuse.reuse_of == number
    assert response.text.count('id="board"') == 1  # which the form has as its target
    assert f'id="card-{reuse.code}"' in response.text


def test_after_a_price_rise_the_second_click_buys_at_the_new_price(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, account: ProviderAccount
) -> None:
    refused = make_purchase(
        team,
        offer=offer,
        state=PurchaseState.ABANDONED,
        reason="price_rose",
        newer_quote=Decimal("0.16"),
    )
    with transaction.atomic():
        ledger.release(refused)
    client = client_of(alice)

    card = client.get(reverse("rentals:card", args=[team.slug, refused.code]), headers=HTMX).text
    response = client.post(again(refused), quote("0.16"))

    assert "The price is now $0.16; the button said $0.14." in card
    assert "Nothing was bought" in card
    assert "Buy for $0.16" in card
    assert response.headers["Location"].endswith("#board")
    assert Purchase.objects.latest("pk").quoted == Decimal("0.16")


def test_going_on_is_refused_in_the_card(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, account: ProviderAccount
) -> None:
    number = received(team, offer)
    ProviderAccount.objects.update(state=ProviderAccount.State.SUSPENDED)

    html = client_of(alice).post(again(number.purchase), quote(), headers=HTMX).text

    assert f'id="card-{number.purchase.code}"' in html
    assert 'role="alert"' in html
    assert "cannot buy at the moment" in html
    assert Purchase.objects.count() == 1


def test_a_number_whose_time_is_up_offers_no_reuse(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, account: ProviderAccount
) -> None:
    number = received(team, offer)
    client, card = client_of(alice), reverse("rentals:card", args=[team.slug, number.purchase.code])
    assert "Use again for $0.14" in client.get(card, headers=HTMX).text

    Activation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert "Use again" not in client.get(card, headers=HTMX).text
