"""Workers that are held up, or die, around the send: nothing is sent late, no kept answer is lost."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from rentals.models import Event, Purchase
from rentals.operations import sending
from rentals.operations.sending import MAX_SENDS, send_purchase
from rentals.operations.sweep import _orphan, sweep
from rentals.operations.unknown import write_off
from rentals.states import PurchaseState
from rentals.wording import explain_purchase
from tests.rentals.operations.conftest import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]

Kinds = Callable[[Purchase], list[str]]
State = PurchaseState


class Killed(BaseException):
    """The worker is gone: nothing of it catches this."""


@pytest.fixture
def between_claim_and_send(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something happen when a claim is committed and nothing was sent yet."""

    def install(happen: Callable[[], None]) -> None:
        send = sending._send

        def held_up(purchase: Purchase, client: object) -> None:
            happen()
            send(purchase, client)  # type: ignore[arg-type]

        monkeypatch.setattr(sending, "_send", held_up)

    return install


@pytest.fixture
def dies_with_the_answer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next worker is killed when it has kept the answer and not read it."""
    keep = sending._keep_answer

    def keep_and_die(*args: object) -> None:
        keep(*args)  # type: ignore[arg-type]
        monkeypatch.undo()
        raise Killed

    monkeypatch.setattr(sending, "_keep_answer", keep_and_die)


def let_claims_end(*, in_seconds: float = -1) -> None:
    Purchase.objects.filter(state=State.SENDING).update(
        claim_until=timezone.now() + timedelta(seconds=in_seconds)
    )


# Held up before the first byte


@pytest.mark.parametrize("left", [-1, 10], ids=["run out", "too short for a call"])
def test_a_claim_that_does_not_last_sends_nothing(
    shop: Shop,
    kinds: Kinds,
    between_claim_and_send: Callable[[Callable[[], None]], None],
    left: float,
) -> None:
    between_claim_and_send(lambda: let_claims_end(in_seconds=left))
    purchase = shop.buy()
    assert (purchase.state, purchase.reason, purchase.claim) == (State.HELD, "held_up", None)
    assert shop.sends() == 0
    assert kinds(purchase) == ["hold"]


def test_a_worker_that_is_always_held_up_gives_up(
    shop: Shop, kinds: Kinds, between_claim_and_send: Callable[[Callable[[], None]], None]
) -> None:
    between_claim_and_send(let_claims_end)
    purchase = shop.ask()
    for _ in range(MAX_SENDS):
        send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "held_up")
    assert kinds(purchase) == ["hold", "release"]
    assert "no money moved" in explain_purchase(purchase)
    assert shop.sends() == 0


def test_what_was_called_unknown_meanwhile_is_not_sent_but_not_bought(
    shop: Shop, kinds: Kinds, between_claim_and_send: Callable[[Callable[[], None]], None]
) -> None:
    """The sweep has given the worker up, perhaps by another clock."""

    def given_up() -> None:
        let_claims_end()
        sweep()
        Purchase.objects.update(claim_until=timezone.now() + timedelta(hours=1))

    between_claim_and_send(given_up)
    purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (State.NOT_BOUGHT, "held_up")
    assert kinds(purchase) == ["hold", "release"]
    assert purchase.ended_at is not None
    assert shop.sends() == 0


def test_what_a_person_has_written_off_meanwhile_is_not_sent(
    shop: Shop, kinds: Kinds, between_claim_and_send: Callable[[Callable[[], None]], None]
) -> None:
    def decided() -> None:
        let_claims_end()
        sweep()
        write_off(purchase=Purchase.objects.get(), actor=shop.alice)

    between_claim_and_send(decided)
    purchase = shop.buy()
    assert purchase.state == State.LOST
    assert kinds(purchase) == ["hold", "loss"]
    assert shop.sends() == 0


# Dead with the answer kept


def die_buying(shop: Shop) -> Purchase:
    purchase = shop.ask()
    with pytest.raises(Killed):
        send_purchase(purchase_id=purchase.pk)
    let_claims_end()
    return purchase


@pytest.mark.usefixtures("dies_with_the_answer_kept")
def test_a_kept_answer_that_sold_a_number_is_read(shop: Shop, kinds: Kinds) -> None:
    purchase = die_buying(shop)
    sweep()
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.BOUGHT, "late_answer")
    [sold] = shop.sandbox.books(shop.token)
    assert purchase.activation.request_id == str(sold.id)
    assert purchase.activation.is_open
    assert kinds(purchase) == ["hold"]
    assert shop.sends() == 1


@pytest.mark.usefixtures("dies_with_the_answer_kept")
def test_a_kept_refusal_gives_the_money_back(shop: Shop, kinds: Kinds) -> None:
    shop.sandbox.set_price(5, 3, stock=0)
    purchase = die_buying(shop)
    sweep()
    purchase.refresh_from_db()
    assert (purchase.state, purchase.provider_code) == (State.NOT_BOUGHT, "50002")
    assert kinds(purchase) == ["hold", "release"]


UNCLEAR = {
    "an unknown code": {"code": 59999, "message": "?"},
    "a code of another call": {"code": 50101, "message": ""},
    "half a success": {"code": 200, "data": {"request_id": 7}},
}


@pytest.mark.usefixtures("dies_with_the_answer_kept")
@pytest.mark.parametrize("said", UNCLEAR.values(), ids=UNCLEAR)
def test_a_kept_answer_that_says_nothing_is_read_once(
    shop: Shop, kinds: Kinds, said: dict[str, object]
) -> None:
    shop.sandbox.fault("get/number", "body", text=json.dumps(said))
    purchase = die_buying(shop)
    sweep()
    events = Event.objects.count()
    sweep()
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.UNKNOWN, "answer_unclear")
    assert kinds(purchase) == ["hold"]
    assert Event.objects.count() == events
    assert shop.sends() == 1


@pytest.mark.usefixtures("dies_with_the_answer_kept")
def test_a_kept_answer_never_overrules_a_person(shop: Shop, kinds: Kinds) -> None:
    purchase = die_buying(shop)
    purchase.refresh_from_db()
    _orphan(purchase)
    write_off(purchase=purchase, actor=shop.alice)
    sending.settle_by_kept_answer(purchase_id=purchase.pk)
    sweep()
    purchase.refresh_from_db()
    assert purchase.state == State.LOST
    assert kinds(purchase) == ["hold", "loss"]


@pytest.mark.usefixtures("dies_with_the_answer_kept")
def test_a_kept_answer_that_cannot_be_opened_leaves_it_unknown(shop: Shop) -> None:
    purchase = die_buying(shop)
    Purchase.objects.update(answer_sealed=b"\x01broken")
    sweep()
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.UNKNOWN, "worker_died")


@pytest.mark.usefixtures("dies_with_the_answer_kept")
def test_a_request_id_that_we_have_already_is_not_taken_from_a_kept_answer(shop: Shop) -> None:
    purchase = die_buying(shop)
    [sold] = shop.sandbox.books(shop.token)
    shop.sandbox.fault(
        "get/number",
        "body",
        text=json.dumps({"code": 200, "data": {"request_id": sold.id, "number": "1"}}),
    )
    shop.buy()
    sweep()
    sweep()
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.UNKNOWN, "request_id_again")
    assert purchase.events.filter(reason="request_id_again").count() == 1
