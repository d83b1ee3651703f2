"""A purchase with everything that is known about it."""

from collections.abc import Callable

from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Team, User
from rentals import journal, ledger
from rentals.models import Activation, Message, Purchase
from rentals.states import PurchaseState
from tests.factories import add_member, make_activation, make_purchase

ClientOf = Callable[[User], Client]


def url(purchase: Purchase) -> str:
    return reverse("rentals:purchase", args=[purchase.team.slug, purchase.code])


def number_with_a_past(team: Team, buyer: User) -> Activation:
    purchase = make_purchase(team, buyer)
    with transaction.atomic():
        journal.note(purchase, to_state=PurchaseState.HELD, actor=buyer)
        ledger.charge(purchase)
    purchase.state = PurchaseState.BOUGHT
    purchase.keep_answer('HTTP 200\n\n{"data": "<b>raw</b>"}')
    purchase.save()
    number = make_activation(team, purchase=purchase, request_id="267702625210000003000")
    for text in ("first 1111", "second 2222"):
        Message.objects.create(activation=number, team=team, text=text, digest=text)
    return number


def test_alice_sees_timeline_money_messages_and_request_id(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    number = number_with_a_past(team, bob)

    html = client_of(alice).get(url(number.purchase)).text

    assert "Asked for; the price is reserved." in html
    assert "Bob" in html
    assert "267702625210000003000" in html
    assert html.index("first 1111") < html.rindex("second 2222")
    for word in ("reserved", "spent", "$0.14"):
        assert word in html


def test_htmx_gets_the_content_alone(client_of: ClientOf, alice: User, team: Team) -> None:
    purchase = make_purchase(team)

    html = client_of(alice).get(url(purchase), headers={"HX-Request": "true"}).text

    assert html.strip().startswith('<div id="purchase"')
    assert f"live:purchase:{purchase.code} from:body, live:sync from:body" in html


def test_the_raw_answer_is_for_those_who_manage(
    client_of: ClientOf, alice: User, bob: User, sam: User, vera: User, team: Team
) -> None:
    number = number_with_a_past(team, alice)
    add_member(team, sam, Role.VIEWER)

    for reader in (alice, sam):
        assert "&lt;b&gt;raw&lt;/b&gt;" in client_of(reader).get(url(number.purchase)).text
    for reader in (bob, vera):
        assert "raw&lt;/b&gt;" not in client_of(reader).get(url(number.purchase)).text


def test_an_unknown_outcome_is_explained(client_of: ClientOf, alice: User, team: Team) -> None:
    purchase = make_purchase(team, state=PurchaseState.UNKNOWN, reason="answer_lost")

    html = client_of(alice).get(url(purchase)).text

    assert "What an unknown outcome means" in html
    assert "the money stays reserved" in html


def test_it_refreshes_itself_without_javascript_while_it_is_open(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    client = client_of(alice)

    assert 'http-equiv="refresh"' in client.get(url(make_activation(team).purchase)).text
    ended = make_purchase(team, state=PurchaseState.REFUSED)
    assert 'http-equiv="refresh"' not in client.get(url(ended)).text


def test_viewers_may_look_and_others_may_not(
    client: Client, client_of: ClientOf, vera: User, charlie: User, team: Team
) -> None:
    purchase = make_purchase(team)

    assert client_of(vera).get(url(purchase)).status_code == 200
    assert client_of(vera).post(url(purchase)).status_code == 405
    assert client_of(charlie).get(url(purchase)).status_code == 404
    assert client.get(url(purchase)).headers["Location"].startswith("/accounts/login/")
