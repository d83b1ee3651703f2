"""Asking for a number: one purchase for each key, the money held before anything is sent."""

import threading
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, connections

from accounts.models import ProviderAccount
from rentals.models import LedgerEntry, MemberDay, Purchase
from rentals.operations.errors import Refusal
from rentals.operations.purchase import abandon_purchase, put_away, request_number, request_reuse
from rentals.operations.sending import send_purchase
from rentals.states import PurchaseState
from tests.factories import make_offer, make_provider_account, make_team
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

Kinds = Callable[[Purchase], list[str]]


def test_the_price_is_held_before_anything_is_sent(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.ask()
    assert purchase.state == PurchaseState.HELD
    assert kinds(purchase) == ["hold"]
    assert shop.team.purchases.reserved() == COST
    assert shop.sandbox.calls == []
    day = MemberDay.objects.get(team=shop.team)
    assert (day.purchases, day.held, day.charged) == (1, COST, 0)


def test_the_worker_is_woken_on_commit(
    shop: Shop, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        shop.ask()
    assert any("send_purchase" in repr(callback) for callback in callbacks)


def test_the_same_key_again_is_the_same_purchase(shop: Shop) -> None:
    key = uuid.uuid4()
    assert shop.ask(client_key=key) == shop.ask(client_key=key)
    assert LedgerEntry.objects.count() == 1


def test_the_same_key_still_counts_when_the_price_has_risen_meanwhile(shop: Shop) -> None:
    key = uuid.uuid4()
    first = shop.ask(client_key=key)
    shop.offer.cost = Decimal("9")
    assert shop.ask(client_key=key, quoted=COST) == first


def test_the_same_key_with_other_contents_is_refused(shop: Shop) -> None:
    key = uuid.uuid4()
    shop.ask(client_key=key)
    with pytest.raises(Refusal, match="already sent with other contents"):
        shop.ask(client_key=key, offer=make_offer(cost=COST))
    assert Purchase.objects.count() == 1


def test_another_team_may_use_the_same_key(shop: Shop) -> None:
    key = uuid.uuid4()
    shop.ask(client_key=key)
    elsewhere = make_team()
    other = shop.ask(client_key=key, team=elsewhere, account=make_provider_account(elsewhere))
    assert other.team == elsewhere


def test_a_price_above_the_button_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal, match=r"now \$0\.14, not \$0\.13. Nothing was bought"):
        shop.ask(quoted=Decimal("0.13"))
    assert not Purchase.objects.exists()


def test_what_is_no_longer_listed_is_refused(shop: Shop) -> None:
    shop.offer.listed = False
    with pytest.raises(Refusal, match="no longer offered"):
        shop.ask()


@pytest.mark.parametrize("state", [ProviderAccount.State.SUSPENDED, ProviderAccount.State.REMOVED])
def test_an_account_that_cannot_buy_is_refused(shop: Shop, state: str) -> None:
    shop.account.state = state
    with pytest.raises(Refusal, match="cannot buy"):
        shop.ask()


def test_another_teams_account_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal, match="cannot buy"):
        shop.ask(account=make_provider_account(make_team()))


def test_giving_up_before_the_send_gives_the_money_back(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.ask()
    assert abandon_purchase(purchase=purchase, actor=shop.alice)
    assert purchase.state == PurchaseState.ABANDONED
    assert kinds(purchase) == ["hold", "release"]
    assert shop.team.purchases.reserved() == 0
    send_purchase(purchase_id=purchase.pk)
    assert shop.sends() == 0


def test_giving_up_is_too_late_once_a_worker_sends(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.ask()
    send_purchase(purchase_id=purchase.pk)
    assert not abandon_purchase(purchase=purchase, actor=shop.alice)
    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.BOUGHT
    assert kinds(purchase) == ["hold"]


def test_only_what_is_finished_can_be_put_away(shop: Shop) -> None:
    waiting = shop.buy()
    assert not put_away(purchase=waiting)
    given_up = shop.ask()
    abandon_purchase(purchase=given_up, actor=shop.alice)
    assert put_away(purchase=given_up)
    assert list(shop.team.purchases.on_board()) == [waiting]


def test_a_number_that_got_nothing_cannot_be_used_again(shop: Shop) -> None:
    activation = shop.number()
    with pytest.raises(Refusal, match="Only a number that has received"):
        request_reuse(activation=activation, buyer=shop.alice, quoted=COST, client_key=uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_twenty_clicks_at_once_with_one_key_are_one_purchase(shop: Shop) -> None:
    key = uuid.uuid4()
    found: list[int] = []
    start = threading.Barrier(20)

    def click() -> None:
        start.wait()
        try:
            purchase = request_number(
                team=shop.team,
                buyer=shop.alice,
                account=shop.account,
                offer=shop.offer,
                quoted=COST,
                client_key=key,
            )
            found.append(purchase.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(set(found)) == 1
    assert LedgerEntry.objects.count() == 1, connection.vendor
