"""A purchase of unknown outcome: what its page says, and what an owner or admin makes of it."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Team, User
from catalog.models import Area
from rentals import journal
from rentals.models import Activation, Lease, Purchase
from rentals.states import PurchaseState
from tests.factories import add_member, make_activation, make_purchase
from tests.rentals.operations.conftest import Shop
from tests.rentals.operations.leasing import ask, books, renew, send

ClientOf = Callable[[User], Client]

CHOICES = ("adopt", "not_bought", "write_off")
FOUND = {"request_id": "267702625210000003000", "number": "+44 7700 900-123"}
FORMS = {"adopt": FOUND, "not_bought": {}, "write_off": {"confirmed": "on"}}


def url(name: str, purchase: Purchase) -> str:
    return reverse(f"rentals:{name}", args=[purchase.team.slug, purchase.code])


def kinds(purchase: Purchase) -> list[str]:
    return list(purchase.entries.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def lost_answer(team: Team) -> Purchase:
    """Sent, and nothing came back."""
    purchase = make_purchase(
        team,
        state=PurchaseState.SENDING,
        sent_at=timezone.now(),
        cost="0.12",
        baseline_frozen="0.28",
    )
    with transaction.atomic():
        journal.move(
            purchase, PurchaseState.UNKNOWN, reason="answer_lost", data={"error": "TimedOut"}
        )
    return purchase


def test_the_page_says_what_is_known(
    client_of: ClientOf, alice: User, lost_answer: Purchase
) -> None:
    html = client_of(alice).get(url("purchase", lost_answer)).text

    assert "its answer did not arrive" in html
    assert "TimedOut" in html
    assert "$0.12 if a number was sold" in html
    assert "The provider held $0.28 for other numbers" in html
    assert "a person has to decide" in html
    assert "none came" in html
    assert "never guess" in html


def test_it_says_when_it_is_looked_into_by_itself(
    client_of: ClientOf, alice: User, lost_answer: Purchase
) -> None:
    Purchase.objects.filter(pk=lost_answer.pk).update(look_again_at=timezone.now())

    assert "looked into at <time" in client_of(alice).get(url("purchase", lost_answer)).text


def test_admins_decide_and_others_only_read(
    client_of: ClientOf, alice: User, bob: User, vera: User, charlie: User, lost_answer: Purchase
) -> None:
    add_member(lost_answer.team, charlie, Role.ADMIN)
    for user, may_decide in ((alice, True), (charlie, True), (bob, False), (vera, False)):
        html = client_of(user).get(url("purchase", lost_answer)).text
        assert "What an unknown outcome means" in html
        assert ("An owner or admin of the team decides" in html) is not may_decide
        for choice in CHOICES:
            assert (url(choice, lost_answer) in html) is may_decide


def test_a_decided_purchase_has_no_forms(client_of: ClientOf, alice: User, team: Team) -> None:
    ended = make_purchase(team, state=PurchaseState.NOT_BOUGHT)

    assert url("adopt", ended) not in client_of(alice).get(url("purchase", ended)).text


def test_alice_adopts_what_she_found(
    client_of: ClientOf, alice: User, lost_answer: Purchase
) -> None:
    response = client_of(alice).post(url("adopt", lost_answer), FOUND, follow=True)

    number = Activation.objects.get(purchase=lost_answer)
    assert (number.request_id, number.number) == (FOUND["request_id"], "447700900123")
    assert "+44 7700 900123" in response.text
    assert "adopted" in response.text
    assert kinds(lost_answer) == ["hold"]


def test_alice_says_that_nothing_was_sold(
    client_of: ClientOf, alice: User, lost_answer: Purchase
) -> None:
    response = client_of(alice).post(url("not_bought", lost_answer), follow=True)

    assert "the provider sold nothing" in response.text
    assert kinds(lost_answer) == ["hold", "release"]


def test_alice_writes_it_off(client_of: ClientOf, alice: User, lost_answer: Purchase) -> None:
    response = client_of(alice).post(
        url("write_off", lost_answer), {"confirmed": "on"}, follow=True
    )

    assert "it counts as spent" in response.text
    assert kinds(lost_answer) == ["hold", "loss"]


def test_writing_off_takes_a_tick(client_of: ClientOf, alice: User, lost_answer: Purchase) -> None:
    response = client_of(alice).post(url("write_off", lost_answer))

    assert response.status_code == 422
    assert "Tick the box first" in response.text
    assert kinds(lost_answer) == ["hold"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"request_id": "000"},
        {"request_id": "12 34"},
        {"request_id": "<b>"},
        {"request_id": "1" * 500},
        {"number": "44x"},
        {"number": "٤٤٧٧٠٠٩٠٠١٢٣"},
        {"number": "\x00447700900123"},
    ],
)
def test_what_cannot_be_a_number_is_refused_in_place(
    client_of: ClientOf, alice: User, lost_answer: Purchase, fields: dict[str, str]
) -> None:
    typed = {**FOUND, **fields} if fields else {}

    response = client_of(alice).post(url("adopt", lost_answer), typed)

    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert not Activation.objects.exists()


def test_a_request_id_of_another_purchase_is_refused_in_place(
    client_of: ClientOf, alice: User, team: Team, lost_answer: Purchase
) -> None:
    make_activation(team, request_id=FOUND["request_id"])

    response = client_of(alice).post(url("adopt", lost_answer), FOUND)

    assert response.status_code == 422
    assert "We have this request id already" in response.text
    assert f'value="{FOUND["request_id"]}"' in response.text


@pytest.mark.parametrize("choice", CHOICES)
def test_deciding_twice_changes_nothing(
    client_of: ClientOf, alice: User, lost_answer: Purchase, choice: str
) -> None:
    client = client_of(alice)
    client.post(url("not_bought", lost_answer))

    response = client.post(url(choice, lost_answer), FORMS[choice], follow=True)

    assert "has decided this already" in response.text
    assert kinds(lost_answer) == ["hold", "release"]


@pytest.mark.parametrize("choice", CHOICES)
def test_only_those_who_manage_may_decide(
    client: Client,
    client_of: ClientOf,
    alice: User,
    bob: User,
    vera: User,
    charlie: User,
    lost_answer: Purchase,
    choice: str,
) -> None:
    address = url(choice, lost_answer)

    assert client_of(alice).get(address).status_code == 405
    for user, status in ((bob, 403), (vera, 403), (charlie, 404)):
        assert client_of(user).post(address, FORMS[choice]).status_code == status
    assert client.post(address).headers["Location"].startswith("/accounts/login/")
    assert kinds(lost_answer) == ["hold"]


# Leases and renewals: found by their order


@pytest.fixture
def lost_order(shop: Shop, canada: Area) -> Purchase:
    """A lease that was sold, and whose answer was lost."""
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    return send(ask(shop, canada))


def test_the_page_of_a_lost_lease_asks_for_its_order(
    client_of: ClientOf, alice: User, bob: User, lost_order: Purchase
) -> None:
    html = client_of(alice).get(url("purchase", lost_order)).text

    assert "the provider lists its orders" in html
    assert "$4.00 if it was carried out, otherwise nothing" in html
    assert "0 like it were in the provider's list" in html
    assert 'name="order"' in html
    assert 'name="request_id"' not in html
    assert "Adopt this order" in html
    assert url("adopt", lost_order) not in client_of(bob).get(url("purchase", lost_order)).text


@pytest.mark.parametrize("by", ["order", "number"])
def test_alice_adopts_the_order_she_found(
    client_of: ClientOf, alice: User, shop: Shop, lost_order: Purchase, by: str
) -> None:
    sold = books(shop)[-1]
    typed = sold.id if by == "order" else f"+1{sold.number}"

    response = client_of(alice).post(url("adopt", lost_order), {"order": typed}, follow=True)

    lease = Lease.objects.get(purchase=lost_order)
    assert lease.mobile_number == sold.number
    assert lease.get_absolute_url() in response.text
    assert kinds(lost_order) == ["hold", "charge"]
    assert shop.sends("rent/get/number") == 1


@pytest.mark.parametrize("order", ["", "<b>", "1 2 3", "1" * 129, "\x001", "2667702625210009999"])
def test_an_order_that_is_none_is_refused_in_place(
    client_of: ClientOf, alice: User, lost_order: Purchase, order: str
) -> None:
    response = client_of(alice).post(url("adopt", lost_order), {"order": order})

    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert kinds(lost_order) == ["hold"]


def test_a_list_of_orders_that_cannot_be_read_is_said(
    client_of: ClientOf, alice: User, shop: Shop, lost_order: Purchase
) -> None:
    shop.sandbox.fault("rent/list/order", "http_error")

    response = client_of(alice).post(url("adopt", lost_order), {"order": books(shop)[-1].id})

    assert response.status_code == 422
    assert "list of orders could not be read. Nothing was changed; try again." in response.text


def test_a_lost_renewal_is_found_by_its_order_too(
    client_of: ClientOf, alice: User, shop: Shop, canada: Area, lease: Lease
) -> None:
    shop.sandbox.fault("rent/renew/number", "reset", applied=True)
    lost = send(renew(shop, canada, lease))
    client = client_of(alice)
    assert lease.get_absolute_url() in client.get(url("purchase", lost)).text

    client.post(url("adopt", lost), {"order": books(shop)[-1].id})

    until = lease.expire_at
    lease.refresh_from_db()
    assert lease.expire_at > until
    assert kinds(lost) == ["hold", "charge"]
