"""990 malformed answers to the site: no page fails, no task raises, no money moves by mistake.

An answer to a buying call that cannot be understood leaves its hold; everything else leaves all as
it was. What can still be read is believed, however odd: then the pages must bear it.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

import smsbus
from accounts.models import ProviderAccount, User
from accounts.provider import client_for
from catalog import tasks as catalog
from catalog.models import Feed, Offer
from rentals import tasks
from rentals.models import Activation, Purchase, ServiceBlock
from rentals.operations.activation import Finding, store_findings, store_sms
from rentals.operations.purchase import request_reuse
from tests.contract.documented import DOCUMENTED
from tests.contract.matrix import CALLS
from tests.factories import make_activation, make_country, make_purchase, make_service
from tests.malformed import test_client
from tests.malformed.mutations import Spoilt, spoilt
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

ANSWERS: Final = {
    "a purchase": 80,
    "using again": 50,
    "a price": 70,
    "a cancel": 50,
    "a last look": 60,
    "a poll": 420,
    "a check": 60,
    "countries": 60,
    "projects": 60,
    "prices": 80,
}
SETTLED = {"refused": "release", "abandoned": "release", "cancelled": "release"} | {
    "expired": "release",
    "received": "charge",
}


@pytest.fixture
def browser(shop: Shop, client_of: Callable[[User], Client]) -> Client:
    """Alice's, in a shop that never runs out; a page that fails raises here."""
    shop.sandbox.set_price(5, 3, stock=10_000)
    shop.sandbox.top_up(shop.token, 10_000)
    shop.sandbox.update_account(shop.token, waiting_limit=10_000)
    for key in ("countries", "services", Feed.prices_key(shop.offer.country)):
        Feed.objects.create(key=key)
    return client_of(shop.alice)


def good_answer(shop: Shop, call: str) -> dict[str, Any]:
    client = client_for(shop.account)
    answer: dict[str, Any] = json.loads(client.send(CALLS[call].make(shop.sandbox, client)).body)
    data = answer.get("data")
    if isinstance(data, dict) and len(data) > 4:
        answer["data"] = dict(islice(data.items(), 4))
    return answer


def each_answer(shop: Shop, call: str, to: str) -> Iterator[Spoilt]:
    """Yield each answer when ``call`` is about to be given it, with what the last one taught gone."""
    for answer in islice(spoilt(good_answer(shop, call), f"site {call}"), ANSWERS[to]):
        ServiceBlock.objects.all().delete()
        ProviderAccount.objects.update(state="active", suspended_code=None, slots=None)
        shop.sandbox.fault(call, "body", **answer.as_fault())
        yield answer
        assert shop.sandbox.faults.take(call) is None, "it was asked for and given"


def settled(purchase: Purchase) -> str:
    """The state of a purchase or of its number, after a look at its entries and its claim."""
    purchase = Purchase.objects.get(pk=purchase.pk)
    number = getattr(purchase, "activation", None)
    state = number.state if number else purchase.state
    kinds = list(purchase.entries.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["hold", SETTLED[state]] if state in SETTLED else kinds == ["hold"], state
    assert state != "received" or number.messages.exists()
    return str(state)


def press_buy(shop: Shop, browser: Client) -> Purchase:
    key = uuid.uuid4()
    fields = {
        "offer": shop.offer.pk,
        "account": shop.account.pk,
        "quoted": COST,
        "client_key": key,
    }
    assert browser.post(reverse("rentals:buy", args=[shop.team.slug]), fields).status_code == 302
    return Purchase.objects.get(client_key=key)


def assert_bought_or_in_doubt(purchase: Purchase, answer: Spoilt) -> None:
    """Bought with an id of the answer's, refused by a documented code, else unknown."""
    state = settled(purchase)
    purchase.refresh_from_db()
    assert state in ("waiting", "unknown", "refused")
    if state == "waiting":
        assert purchase.activation.request_id
    if state == "refused":
        call = "reuse" if purchase.reuse_of_id else "get/number"
        assert int(purchase.provider_code) in DOCUMENTED[call]
        assert purchase.provider_code.encode() in answer.body


def assert_pages_bear_it(shop: Shop, browser: Client) -> None:
    team = [shop.team.slug]
    for name in ("rentals:desk", "rentals:board", "rentals:history", "catalog:prices"):
        assert browser.get(reverse(name, args=team)).status_code == 200
    assert browser.get(reverse("accounts:provider_accounts", args=team)).status_code == 200
    for purchase in Purchase.objects.order_by("-pk")[:10]:
        assert browser.get(purchase.get_absolute_url()).status_code == 200


def test_answers_to_a_purchase(shop: Shop, browser: Client) -> None:
    for answer in each_answer(shop, "get/number", "a purchase"):
        before = shop.sends()
        purchase = press_buy(shop, browser)
        tasks.send_purchase(purchase.pk)
        tasks.send_purchase(purchase.pk)
        assert shop.sends() == before + 1
        assert_bought_or_in_doubt(purchase, answer)
    assert_pages_bear_it(shop, browser)


def test_answers_to_using_a_number_again(shop: Shop, browser: Client) -> None:
    number = shop.number()
    shop.sandbox.deliver(number.request_id, "077866")
    store_sms(activation_id=number.pk, text="077866", by="poller")
    number.refresh_from_db()
    for answer in each_answer(shop, "reuse", "using again"):
        purchase = request_reuse(
            activation=number, buyer=shop.alice, quoted=COST, client_key=uuid.uuid4()
        )
        tasks.send_purchase(purchase.pk)
        assert_bought_or_in_doubt(purchase, answer)
    assert_pages_bear_it(shop, browser)


def test_answers_to_the_price_before_a_purchase(shop: Shop, browser: Client) -> None:
    for _answer in each_answer(shop, "list/prices", "a price"):
        before = shop.sends()
        purchase = press_buy(shop, browser)
        tasks.send_purchase(purchase.pk)
        state = settled(purchase)
        assert state in ("held", "abandoned", "waiting")
        assert shop.sends() == before + (state == "waiting")
    assert_pages_bear_it(shop, browser)


def open_number(shop: Shop, client: smsbus.Client) -> Activation:
    """A number bought at the provider, and its rows; the way there is another test's."""
    bought = client.get_number("5", "3")
    purchase = make_purchase(
        shop.team, shop.alice, offer=shop.offer, account=shop.account, state="bought"
    )
    return make_activation(
        shop.team, purchase=purchase, request_id=bought.request_id, number=bought.number
    )


@pytest.mark.parametrize(("call", "to"), [("cancel", "a cancel"), ("get/sms", "a last look")])
def test_answers_to_a_cancel_and_its_last_look(
    shop: Shop, browser: Client, call: str, to: str
) -> None:
    client = client_for(shop.account)
    numbers = [open_number(shop, client) for _ in range(ANSWERS[to])]
    for number, _answer in zip(numbers, each_answer(shop, call, to), strict=True):
        address = reverse("rentals:cancel", args=[shop.team.slug, number.purchase.code])
        assert browser.post(address).status_code == 302
        tasks.send_cancel(number.pk)
        state = settled(number.purchase)
        assert state in ("cancelling", "cancelled", "received")
        assert state != "received" or call == "get/sms"
    assert_pages_bear_it(shop, browser)


def test_answers_to_a_poll(shop: Shop, browser: Client) -> None:
    client, number = client_for(shop.account), shop.number()
    for _answer in each_answer(shop, "get/sms", "a poll"):
        try:
            text = client.get_sms(number.request_id)
        except smsbus.SmsBusError:
            continue
        store_findings([Finding(number.pk, text)], by="poller")
        assert number.messages.filter(text=text).exists()
        assert settled(number.purchase) == "received"
    assert_pages_bear_it(shop, browser)


def test_answers_to_the_check_of_an_account(shop: Shop, browser: Client) -> None:
    purchase = shop.buy()
    place = [shop.team.slug, shop.account.pk]
    for _answer in each_answer(shop, "get/balance", "a check"):
        checked = browser.post(reverse("accounts:check_provider_account", args=place))
        assert checked.status_code == 302
        assert browser.get(checked["Location"]).status_code == 200
        assert settled(purchase) == "waiting"


@pytest.mark.parametrize("to", ["countries", "projects", "prices"])
def test_answers_to_the_catalogue(shop: Shop, browser: Client, to: str) -> None:
    call = f"list/{to}"
    purchase = shop.buy()
    make_service("Paypal", "pp", provider_id="10")
    make_country("Elsewhere", "EL", provider_id="1")
    for _answer in each_answer(shop, call, to):
        Feed.objects.update(fetched_at=None, claimed_until=None, body_hash="")
        if call == "list/prices":
            catalog.refresh_country(shop.offer.country_id)
        else:
            catalog.refresh_lists()
        assert not Feed.objects.exclude(claimed_until=None).exists()
    assert settled(purchase) == "waiting"
    assert Offer.objects.filter(pk=shop.offer.pk).exists()
    assert_pages_bear_it(shop, browser)


def test_ten_thousand_answers_are_tried() -> None:
    assert sum(test_client.ANSWERS.values()) + sum(ANSWERS.values()) == 10_000
