"""Who may buy what at all: terms, the deny-list, and the switch that stops buying."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import Action, AuditEntry, Team
from rentals.models import BuyingStop, Purchase
from rentals.operations import fairuse
from rentals.operations.errors import Refusal, TermsOpen
from rentals.operations.sending import send_purchase
from rentals.states import PurchaseState
from tests.factories import make_provider_account, make_purchase, make_team
from tests.rentals.operations.conftest import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def sold(shop: Shop) -> int:
    """How much the provider has sold to the account of the shop."""
    return len(shop.sandbox.books(shop.token))


# --- terms


def test_nothing_is_bought_before_the_terms_are_accepted(shop: Shop) -> None:
    Team.objects.update(terms_version="")
    with pytest.raises(TermsOpen, match="accepts the terms"):
        shop.buy()
    Team.objects.update(terms_version="1999-01")  # older terms are no longer enough
    with pytest.raises(TermsOpen):
        shop.buy()
    assert not Purchase.objects.exists()


# --- the deny-list


def test_what_the_site_does_not_allow_is_refused_with_the_reason(shop: Shop) -> None:
    shop.offer.service.denied = "Banks are not allowed"
    shop.offer.service.save()
    with pytest.raises(Refusal, match=r"no numbers for .*: Banks are not allowed\. Nothing was"):
        shop.buy()
    assert not Purchase.objects.exists()


# --- the switch


@pytest.mark.parametrize("scope", ["site", "team", "account"])
def test_a_stop_refuses_what_is_asked_for_and_its_end_lets_it_go_on(shop: Shop, scope: str) -> None:
    stop = BuyingStop(
        reason="Under review",
        team=shop.team if scope == "team" else None,
        account=shop.account if scope == "account" else None,
    )
    fairuse.begin_stop(stop)
    with pytest.raises(Refusal, match=r"stopped at the moment: Under review\. Nothing was"):
        shop.buy()
    assert not Purchase.objects.exists()
    fairuse.end_stop(stop)
    shop.buy()
    assert Purchase.objects.count() == 1


def test_a_stop_for_others_stops_nobody_else(shop: Shop) -> None:
    other = make_team()
    fairuse.begin_stop(BuyingStop(reason="x", team=other))
    fairuse.begin_stop(BuyingStop(reason="x", account=make_provider_account(other)))
    fairuse.begin_stop(BuyingStop(reason="x", account=make_provider_account(shop.team)))
    shop.buy()
    assert Purchase.objects.count() == 1


def test_what_was_asked_for_before_a_stop_is_not_sent_and_its_money_released(shop: Shop) -> None:
    purchase = make_purchase(shop.team, account=shop.account, offer=shop.offer)
    fairuse.begin_stop(BuyingStop(reason="Under review"))
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (PurchaseState.ABANDONED, "buying_stopped")
    assert purchase.settled_at is not None
    assert sold(shop) == 0


def test_a_stop_between_the_price_and_the_send_is_in_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    purchase = make_purchase(shop.team, account=shop.account, offer=shop.offer)
    from rentals.operations import numbers

    read_price = numbers.read_price

    def stop_meanwhile(*args: object) -> object:
        fairuse.begin_stop(BuyingStop(reason="Under review"))
        return read_price(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(numbers, "read_price", stop_meanwhile)
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (PurchaseState.ABANDONED, "buying_stopped")
    assert sold(shop) == 0


@pytest.mark.parametrize("scope", ["site", "team", "account"])
def test_there_is_one_stop_for_each(shop: Shop, scope: str) -> None:
    where = {"site": {}, "team": {"team": shop.team}, "account": {"account": shop.account}}[scope]
    fairuse.begin_stop(BuyingStop(reason="x", **where))
    with pytest.raises(IntegrityError), transaction.atomic():
        fairuse.begin_stop(BuyingStop(reason="y", **where))


# --- the command


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("buying", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_stops_and_lets_go_on_and_writes_it_down(shop: Shop) -> None:
    assert run() == "buying is not stopped anywhere\n"
    assert "stopped: the whole site since" in run("stop", "--reason", "Fire drill")
    assert "stopped: Departures since" in run("stop", "--team", shop.team.slug, "--reason", "Why")
    with pytest.raises(Refusal, match="Fire drill"):
        shop.buy()
    run("resume")
    assert "whole site" not in run()
    run("resume", "--team", shop.team.slug)
    shop.buy()
    actions = AuditEntry.objects.filter(action__startswith="buying.").order_by("at")
    assert list(actions.values_list("action", "chain_id")) == [
        (Action.BUYING_STOPPED, "site"),
        (Action.BUYING_STOPPED, f"team-{shop.team.pk}"),
        (Action.BUYING_RESUMED, "site"),
        (Action.BUYING_RESUMED, f"team-{shop.team.pk}"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stop"], "say why"),
        (["resume"], "not stopped there"),
        (["stop", "--reason", "x", "--team", "nobody"], "no team has the address"),
        (["stop", "--reason", "x", "--account", "nothing"], "no provider account"),
    ],
)
def test_what_makes_no_sense_is_said(shop: Shop, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)


def test_stopped_twice_is_said(shop: Shop) -> None:
    run("stop", "--reason", "x")
    with pytest.raises(CommandError, match="stopped there already"):
        run("stop", "--reason", "y")
