"""The worker that buys: one send at most, and no answer is taken for what it is not."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection, connections
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

import smsbus
from accounts.operations import suspend_account
from rentals.models import Activation, Event, Purchase
from rentals.operations.purchase import abandon_purchase
from rentals.operations.sending import MAX_SENDS, send_purchase
from rentals.operations.sweep import sweep
from rentals.states import PurchaseState
from rentals.wording import explain_purchase
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

Kinds = Callable[[Purchase], list[str]]
State = PurchaseState


def test_a_number_is_bought(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.buy()
    assert purchase.state == State.BOUGHT
    activation = purchase.activation
    [sold] = shop.sandbox.books(shop.token)
    assert activation.request_id == str(sold.id)
    assert activation.is_open
    assert timedelta(minutes=19) < activation.expires_at - timezone.now() <= timedelta(minutes=20)
    assert kinds(purchase) == ["hold"]
    assert shop.team.purchases.reserved() == shop.frozen() == COST
    assert '"request_id"' in (purchase.answer() or "")


def test_the_timeline_tells_each_step(shop: Shop) -> None:
    purchase = shop.buy()
    steps = list(Event.objects.values_list("subject", "from_state", "to_state", "by"))
    assert steps == [
        ("purchase", "", "held", ""),
        ("purchase", "held", "sending", "worker"),
        ("purchase", "sending", "bought", "worker"),
        ("activation", "", "waiting", "worker"),
    ]
    assert purchase.events.first().actor == shop.alice


def test_request_ids_of_21_digits_and_leading_zeros_stay_text(shop: Shop) -> None:
    for number, request_id in enumerate(("100000000000000000124", "0077")):
        body = f'{{"code": 200, "data": {{"request_id": "{request_id}", "number": "1{number}"}}}}'
        shop.sandbox.fault("get/number", "body", text=body)
        assert shop.number().request_id == request_id


def test_the_referral_id_goes_with_the_purchase(shop: Shop) -> None:
    shop.account.set_refer_id("4711")
    shop.account.save()
    shop.buy()
    [sent] = [call for call in shop.sandbox.calls if call.name == "get/number"]
    assert sent.params["refer_id"] == "4711"


def test_the_task_delivered_ten_times_buys_once(shop: Shop) -> None:
    purchase = shop.ask()
    for _ in range(10):
        send_purchase(purchase_id=purchase.pk)
    assert shop.sends() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_workers_at_once_buy_once(shop: Shop) -> None:
    purchase = shop.ask()
    start = threading.Barrier(10)

    def work() -> None:
        start.wait()
        try:
            send_purchase(purchase_id=purchase.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.sends() == 1
    assert Activation.objects.count() == 1


def test_a_price_that_rose_since_the_click_needs_a_second_click(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.ask()
    shop.sandbox.set_price(5, 3, cost=Decimal("0.16"))
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == State.ABANDONED
    assert purchase.newer_quote == Decimal("0.16")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0
    assert explain_purchase(purchase) == (
        "The price is now $0.16; the button said $0.14. Nothing was bought and no money moved."
    )


def test_a_price_that_fell_is_what_is_paid(shop: Shop) -> None:
    purchase = shop.ask()
    shop.sandbox.set_price(5, 3, cost=Decimal("0.12"))
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.quoted, purchase.cost) == (COST, Decimal("0.12"))


def say_prices(shop: Shop, *rows: object) -> None:
    body = json.dumps({"code": 200, "data": rows})
    shop.sandbox.fault("list/prices", "body", text=body)


def price(cost: object, country: int = 5, service: int = 3) -> dict[str, object]:
    return {"country_id": country, "project_id": service, "cost": cost, "total_count": 9}


def test_bad_prices_of_other_services_are_in_nobodys_way(shop: Shop) -> None:
    say_prices(shop, price("free", service=4), price(0.14), None)
    assert shop.buy().state == State.BOUGHT


def test_a_price_that_may_be_one_of_the_bad_rows_is_asked_for_again(
    shop: Shop, kinds: Kinds
) -> None:
    say_prices(shop, price("free"), price(0.14, service=4))
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.HELD, "price_unreadable")
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == State.BOUGHT
    assert kinds(purchase) == ["hold"]


@pytest.mark.parametrize("cost", [0, "0.0000", 0.00001])
def test_a_price_of_nothing_is_not_believed(shop: Shop, kinds: Kinds, cost: object) -> None:
    say_prices(shop, price(cost))
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "price_zero")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0
    assert "cannot be right" in explain_purchase(purchase)


def test_a_negative_price_is_none(shop: Shop, kinds: Kinds) -> None:
    say_prices(shop, price(-0.14))
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.HELD, "price_unreadable")
    assert shop.sends() == 0


def test_a_price_in_another_country_is_no_price(shop: Shop) -> None:
    say_prices(shop, price(0.01, country=6))
    assert shop.buy().reason == "not_offered"


def refuse_nothing_left(shop: Shop) -> None:
    shop.sandbox.set_price(5, 3, stock=0)


def refuse_poor(shop: Shop) -> None:
    shop.sandbox.top_up(shop.token, Decimal("-9.99"))


def refuse_not_activated(shop: Shop) -> None:
    shop.sandbox.update_account(shop.token, activated=False)


def refuse_blocked(shop: Shop) -> None:
    shop.sandbox.block(shop.token, 3)


def refuse_waiting_limit(shop: Shop) -> None:
    shop.sandbox.update_account(shop.token, waiting_limit=0)


@pytest.mark.parametrize(
    ("arrange", "code", "words"),
    [
        (refuse_nothing_left, "50002", "no number left"),
        (refuse_poor, "50201", "Top it up"),
        (refuse_not_activated, "50208", "activation link"),
        (refuse_blocked, "50214", "24 hours"),
        (refuse_waiting_limit, "50104", "Too many of your numbers"),
    ],
)
def test_a_documented_refusal_gives_the_money_back_and_says_why(
    shop: Shop, kinds: Kinds, arrange: Callable[[Shop], None], code: str, words: str
) -> None:
    arrange(shop)
    purchase = shop.buy()
    assert (purchase.state, purchase.provider_code) == (State.REFUSED, code)
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sandbox.books(shop.token) == []
    said = explain_purchase(purchase)
    assert words in said
    assert "no money moved" in said


def test_a_wrong_token_suspends_the_account_and_buys_nothing(
    shop: Shop, kinds: Kinds, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    shop.sandbox.update_account(shop.token, revoked=True)
    purchase = shop.buy()
    shop.account.refresh_from_db()
    assert shop.account.state == shop.account.State.SUSPENDED
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "account_suspended")
    assert kinds(purchase) == ["hold", "release"]
    assert mail.outbox == []  # the owners are told after the commit, by a worker


def test_not_activated_suspends_the_account(shop: Shop) -> None:
    refuse_not_activated(shop)
    shop.buy()
    shop.account.refresh_from_db()
    assert shop.account.suspended_code == 50208


# kind of fault, its options: whatever leaves it open whether a number was sold
UNCLEAR = [
    ("reset", {"applied": True}),
    ("reset", {"applied": False}),
    ("drop", {"applied": True}),
    ("truncate", {}),
    ("http_error", {"status": 502}),
    ("http_error", {"status": 429, "retry_after": 3}),
    ("redirect", {}),
    ("unknown_code", {"code": 59999}),
    ("body", {"text": "<html>Bad gateway</html>"}),
    ("body", {"text": '{"code": 50101, "message": "of another call"}'}),
    ("malformed", {}),
    ("deep", {}),
    ("enormous", {}),
    ("nan", {}),
    ("missing", {"field": "request_id"}),
    ("missing", {"field": "number"}),
    ("mistyped", {"field": "request_id"}),
    ("no_data", {}),
]


@pytest.mark.parametrize(("kind", "options"), UNCLEAR)
def test_anything_else_is_honestly_unknown_and_never_sent_again(
    shop: Shop, kinds: Kinds, kind: str, options: dict[str, object]
) -> None:
    shop.sandbox.fault("get/number", kind, **options)
    purchase = shop.buy()
    assert purchase.state == State.UNKNOWN
    assert kinds(purchase) == ["hold"], "the money stays reserved"
    assert "stays reserved" in explain_purchase(purchase)
    send_purchase(purchase_id=purchase.pk)
    sweep()
    assert shop.sends() == 1


@pytest.mark.parametrize("kind", ["hang", "slow", "endless"])
def test_an_answer_that_does_not_end_is_unknown_at_the_deadline(
    shop: Shop, settings: Settings, kind: str
) -> None:
    settings.SMSBUS_DEADLINE = 1.2
    shop.sandbox.fault("get/number", kind)
    assert shop.buy().state == State.UNKNOWN


def test_an_unreachable_provider_moves_no_money(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.ask()
    shop.sandbox.stop()
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.HELD, "price_unreadable")
    Purchase.objects.update(created=timezone.now() - timedelta(minutes=5))
    sweep()
    purchase.refresh_from_db()
    assert purchase.state == State.ABANDONED
    assert kinds(purchase) == ["hold", "release"]


def test_what_was_proved_unsent_is_tried_three_times(
    shop: Shop, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider goes away between the price and the send."""
    purchase = shop.ask()

    send = smsbus.Client.send

    def unplug(client: smsbus.Client, call: smsbus.Call[object]) -> smsbus.Answer:
        if call.effect:
            raise smsbus.NotSent("connection refused")
        return send(client, call)

    monkeypatch.setattr(smsbus.Client, "send", unplug)
    for attempt in range(1, MAX_SENDS + 1):
        send_purchase(purchase_id=purchase.pk)
        purchase.refresh_from_db()
        assert purchase.sends == attempt
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "unreachable")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0


def test_a_request_id_that_we_have_already_is_not_taken_for_a_new_number(shop: Shop) -> None:
    first = shop.number()
    body = f'{{"code": 200, "data": {{"request_id": {first.request_id}, "number": "1"}}}}'
    shop.sandbox.fault("get/number", "body", text=body)
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.UNKNOWN, "request_id_again")


def test_an_answer_after_the_claim_ran_out_still_counts(
    shop: Shop, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker stalls after the answer; the sweep calls it unknown; then it goes on."""
    from rentals.operations import sending

    keep = sending._keep_answer

    def stall(purchase: Purchase, answer: object) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Purchase.objects.filter(pk=purchase.pk).update(claim_until=past)
        sweep()
        keep(purchase, answer)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "_keep_answer", stall)
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.BOUGHT, "late_answer")
    assert purchase.activation.is_open
    assert kinds(purchase) == ["hold"]


def test_the_token_is_nowhere_in_what_is_kept(shop: Shop) -> None:
    text = '{"code": 59999, "message": "token ' + shop.token + ' is odd"}'
    shop.sandbox.fault("get/number", "body", text=text)
    purchase = shop.buy()
    assert shop.token not in (purchase.answer() or "")
    assert shop.token not in str(list(Event.objects.values()))
    assert shop.token not in purchase.provider_message


def test_the_raw_answer_is_kept_sealed(shop: Shop) -> None:
    purchase = shop.buy()
    assert purchase.activation.number in (purchase.answer() or "")
    assert purchase.activation.number.encode() not in bytes(purchase.answer_sealed or b"")


def test_an_account_that_was_set_aside_since_the_click_sends_nothing(
    shop: Shop, kinds: Kinds
) -> None:
    purchase = shop.ask()
    suspend_account(account=shop.account, code=401)
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "account_suspended")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sandbox.calls == []


@pytest.mark.django_db(transaction=True)
def test_the_send_is_committed_before_the_first_byte_leaves(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks from elsewhere while the provider is asked sees where the purchase stands."""
    purchase = shop.ask()
    send = smsbus.Client.send
    seen: dict[str, str] = {}

    def state_elsewhere() -> str:
        try:
            return Purchase.objects.get(pk=purchase.pk).state
        finally:
            connections.close_all()

    def look(client: smsbus.Client, call: smsbus.Call[object]) -> smsbus.Answer:
        assert not connection.in_atomic_block, f"{call.name} inside a transaction"
        with ThreadPoolExecutor(1) as elsewhere:
            seen[call.name] = elsewhere.submit(state_elsewhere).result()
        return send(client, call)

    monkeypatch.setattr(smsbus.Client, "send", look)
    send_purchase(purchase_id=purchase.pk)
    assert seen["list/prices"] == State.HELD
    assert seen["get/number"] == State.SENDING


def test_a_worker_whose_claim_is_gone_writes_nothing(
    shop: Shop, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stalled, and when its answer comes somebody else holds the purchase."""
    send = smsbus.Client.send

    def stall(client: smsbus.Client, call: smsbus.Call[object]) -> smsbus.Answer:
        answer = send(client, call)
        if call.effect:
            Purchase.objects.update(claim=uuid.uuid4())
        return answer

    monkeypatch.setattr(smsbus.Client, "send", stall)
    purchase = shop.buy()
    assert purchase.state == State.SENDING
    assert purchase.answer() is None
    assert not Activation.objects.exists()
    assert kinds(purchase) == ["hold"]
    assert purchase.events.last().reason == "answer_after_end"


def test_what_is_given_up_while_the_price_is_read_is_not_sent(
    shop: Shop, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = smsbus.Client.send

    def give_up(client: smsbus.Client, call: smsbus.Call[object]) -> smsbus.Answer:
        if call.name == "list/prices":
            abandon_purchase(purchase=Purchase.objects.get(), actor=shop.alice)
        return send(client, call)

    monkeypatch.setattr(smsbus.Client, "send", give_up)
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "given_up")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0
