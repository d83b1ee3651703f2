"""The cards of the board, and what a member can do with them."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team, User
from rentals import ledger
from rentals.models import Activation, Message, Purchase
from rentals.states import ActivationState, PurchaseState
from tests.factories import make_activation, make_purchase, make_team

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ settings.SECRET_KEY }}{% load x %}",
    "javascript:alert(1) https://evil.example/?a=<b>",
    "\u202etxet desrever\u202c \u200b\ufeff",
    "' onmouseover='alert(1)",
    "</li></ol><form action=//evil.example><button>",
    "line one\nline two\r\n\ttab",
    "a" * 5000,
]


def url(name: str, purchase: Purchase) -> str:
    return reverse(f"rentals:{name}", args=[purchase.team.slug, purchase.code])


def with_sms(team: Team, text: str, code: str = "") -> Activation:
    number = make_activation(team, state=ActivationState.RECEIVED, received_at=timezone.now())
    Message.objects.create(activation=number, team=team, text=text, code=code, digest=text[:64])
    with transaction.atomic():
        ledger.charge(number.purchase)
    return number


def test_a_waiting_number_counts_down_and_can_be_given_back(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    number = make_activation(team, number="447700900123")

    html = client_of(alice).get(url("card", number.purchase), headers=HTMX).text

    assert "+44 7700 900123" in html
    assert "19 minutes" in html.replace("\xa0", " ")
    assert "waiting for the SMS" in html
    assert "Cancel, $0.14 back" in html
    assert f'hx-trigger="live:purchase:{number.purchase.code} from:body"' in html


def test_the_code_stands_large_with_the_whole_text_below(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    number = with_sms(team, "Your code is 048213.", "048213")

    html = client_of(alice).get(url("card", number.purchase), headers=HTMX).text

    assert '<span class="code" dir="ltr">048213</span>' in html
    assert 'data-copy="048213"' in html
    assert '<p class="line-text" dir="auto">Your code is 048213.</p>' in html
    assert "the code is 048213" in html
    assert "Put away" in html


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["card", "purchase"])
def test_hostile_text_is_inert(
    client_of: ClientOf, alice: User, team: Team, name: str, text: str
) -> None:
    number = with_sms(team, text)

    html = client_of(alice).get(url(name, number.purchase), headers=HTMX).text

    assert "<script" not in html
    assert "<img src=x" not in html
    assert "onmouseover='" not in html
    assert "evil.example>" not in html
    assert 'href="javascript' not in html
    assert 'href="https://evil' not in html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": PurchaseState.HELD}, "Buying… $0.14 is reserved."),
        (
            {"state": PurchaseState.HELD, "reason": "queued"},
            "nothing was sent yet. $0.14 is reserved.",
        ),
        (
            {"state": PurchaseState.REFUSED, "reason": "refused", "provider_code": "50002"},
            "Nothing was bought and no money moved.",
        ),
        ({"state": PurchaseState.UNKNOWN, "reason": "answer_lost"}, "the money stays reserved"),
    ],
)
def test_each_state_says_what_happened_to_the_money(
    client_of: ClientOf, alice: User, team: Team, fields: dict[str, str], words: str
) -> None:
    purchase = make_purchase(team, **fields)

    assert words in client_of(alice).get(url("card", purchase), headers=HTMX).text


def test_an_unknown_outcome_leads_to_its_page_and_offers_no_purchase(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    purchase = make_purchase(team, state=PurchaseState.UNKNOWN, reason="answer_lost")

    html = client_of(alice).get(url("card", purchase), headers=HTMX).text

    assert url("purchase", purchase) in html
    assert "Another for" not in html
    assert "Put away" not in html


def test_bob_cancels(client_of: ClientOf, bob: User, team: Team) -> None:
    number = make_activation(team)

    html = client_of(bob).post(url("cancel", number.purchase), headers=HTMX).text

    number.refresh_from_db()
    assert number.state == ActivationState.CANCELLING
    assert "An SMS that arrives first is kept" in html
    assert "Cancel, $0.14 back" not in html


def test_a_cancel_that_comes_too_late_says_so(client_of: ClientOf, alice: User, team: Team) -> None:
    number = with_sms(team, "123456", "123456")

    html = client_of(alice).post(url("cancel", number.purchase), headers=HTMX).text

    assert "There was nothing to cancel any more" in html
    assert "123456" in html


def test_a_purchase_that_was_not_sent_is_given_up(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    purchase = make_purchase(team)
    client = client_of(alice)

    first = client.post(url("abandon", purchase), headers=HTMX).text
    second = client.post(url("abandon", purchase), headers=HTMX)

    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.ABANDONED
    assert "Given up before it was sent." in first
    assert second.status_code == 200


def test_a_purchase_on_its_way_cannot_be_given_up(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    purchase = make_purchase(team, state=PurchaseState.SENDING)

    html = client_of(alice).post(url("abandon", purchase), headers=HTMX).text

    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.SENDING
    assert "Too late to give up" in html


def test_a_finished_card_is_put_away_and_stays_in_history(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    number = with_sms(team, "123456", "123456")
    client = client_of(alice)

    board = client.post(url("put_away", number.purchase), headers=HTMX).text

    assert "Nothing is open." in board
    assert (
        str(number.purchase.code) in client.get(reverse("rentals:history", args=[team.slug])).text
    )


def test_an_open_card_stays(client_of: ClientOf, alice: User, team: Team) -> None:
    number = make_activation(team)

    html = client_of(alice).post(url("put_away", number.purchase), headers=HTMX).text

    number.purchase.refresh_from_db()
    assert number.purchase.put_away_at is None
    assert "It is not finished yet" in html


def test_without_javascript_each_button_leads_back(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    client, desk = client_of(alice), reverse("rentals:desk", args=[team.slug])
    number = make_activation(team)

    assert client.post(url("cancel", number.purchase)).headers["Location"] == desk
    back = client.post(url("cancel", number.purchase), {"back": "purchase"})
    assert back.headers["Location"] == url("purchase", number.purchase)
    assert "nothing to cancel" in client.get(desk).text
    assert client.post(url("abandon", make_purchase(team))).headers["Location"] == desk
    finished = with_sms(team, "123456")
    assert client.post(url("put_away", finished.purchase)).headers["Location"] == desk


@pytest.mark.parametrize("name", ["cancel", "abandon", "put_away"])
def test_only_members_act(
    client: Client, client_of: ClientOf, vera: User, charlie: User, team: Team, name: str
) -> None:
    purchase = make_activation(team).purchase

    assert client_of(vera).post(url(name, purchase)).status_code == 403
    assert client_of(charlie).post(url(name, purchase)).status_code == 404
    assert client.post(url(name, purchase)).headers["Location"].startswith("/accounts/login/")
    assert client_of(vera).get(url(name, purchase)).status_code == 405


def test_a_card_of_another_team_is_not_found_in_ones_own(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    foreign = make_activation(make_team()).purchase

    for name in ("card", "purchase"):
        address = reverse(f"rentals:{name}", args=[team.slug, foreign.code])
        assert client_of(alice).get(address).status_code == 404
    for name in ("cancel", "abandon", "put_away", "again"):
        address = reverse(f"rentals:{name}", args=[team.slug, foreign.code])
        assert client_of(alice).post(address).status_code == 404


def test_a_viewer_sees_the_card_without_buttons(
    client_of: ClientOf, vera: User, charlie: User, team: Team
) -> None:
    purchase = with_sms(team, "123456", "123456").purchase

    html = client_of(vera).get(url("card", purchase), headers=HTMX).text

    assert "123456" in html
    assert "<form" not in html
    assert client_of(charlie).get(url("card", purchase)).status_code == 404
    assert client_of(vera).post(url("card", purchase)).status_code == 405


def test_the_price_of_going_on_is_as_exact_as_the_form_wants_it(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    purchase = make_activation(team, state=ActivationState.EXPIRED, watched=False).purchase

    html = client_of(alice).get(url("card", purchase), headers=HTMX).text

    assert 'name="quoted" value="0.1400"' in html
