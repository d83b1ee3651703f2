"""manage.py check_ledger: finds whatever does not add up, and nothing where all does."""

from collections.abc import Callable
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from rentals import audit
from rentals.demo import tell_past
from rentals.models import Activation, Event, LedgerEntry, MemberDay, Purchase
from rentals.operations.activation import request_cancel, send_cancel, store_sms
from rentals.operations.purchase import abandon_purchase
from rentals.operations.unknown import declare_not_bought, write_off
from tests.factories import make_country, make_offer, make_provider_account, make_service, make_team
from tests.plugins.append_only import tampering
from tests.rentals.operations.conftest import Shop
from tests.rentals.operations.conftest import shop as shop

pytestmark = pytest.mark.django_db
PAST = 40
TABLES = ("rentals_ledgerentry", "rentals_event")


@pytest.fixture
def past(team: Team, alice: User, bob: User) -> Team:
    """A team with a past of forty purchases, that all add up."""
    make_offer(make_service(code="tg"), make_country(iso_code="FR"))
    tell_past(make_provider_account(team), [alice, bob], purchases=PAST)
    return team


def check(*options: str) -> str:
    """What the command prints; its last line is the error's where it ends with one."""
    out = StringIO()
    try:
        call_command("check_ledger", *options, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}, exit status {error.returncode}"
    return out.getvalue()


def received() -> Purchase:
    return Purchase.objects.filter(activation__state="received").earliest("pk")


def test_the_past_of_the_demo_team_adds_up(past: Team) -> None:
    assert check() == f"{PAST} purchases, {2 * PAST} entries: all add up\n"


def test_an_empty_ledger_adds_up() -> None:
    assert check() == "0 purchases, 0 entries: all add up\n"


def test_whatever_the_operations_do_adds_up(shop: Shop) -> None:
    shop.number()  # waits
    store_sms(activation_id=shop.number().pk, text="429916", by="poller")
    cancelled = shop.number()
    request_cancel(activation=cancelled, actor=shop.alice)
    send_cancel(activation_id=cancelled.pk)
    abandon_purchase(purchase=shop.ask(), actor=shop.alice)
    shop.ask()
    shop.sandbox.fault("get/number", "unknown_code", code=50002)
    shop.buy()
    for decide in (declare_not_bought, write_off, None):
        shop.sandbox.fault("get/number", "reset")
        lost = shop.buy()
        if decide is not None:
            decide(purchase=lost, actor=shop.alice)
    assert set(Purchase.objects.values_list("state", flat=True)) == {
        *("held", "bought", "abandoned", "refused", "unknown", "not_bought", "lost")
    }
    assert check().endswith(": all add up\n")


def settle_by_release() -> None:
    LedgerEntry.objects.filter(purchase=received(), kind="charge").update(kind="release")


def charge_more() -> None:
    LedgerEntry.objects.filter(purchase=received(), kind="charge").update(amount=Decimal("9"))


def hold_less() -> None:
    LedgerEntry.objects.filter(purchase=received(), kind="hold").update(amount=Decimal("0.01"))


def lose_the_hold() -> None:
    LedgerEntry.objects.filter(purchase=received(), kind="hold").delete()


def lose_the_settlement() -> None:
    LedgerEntry.objects.filter(purchase=received(), kind="charge").delete()


def refund_what_was_not_paid() -> None:
    refused = Purchase.objects.filter(state="refused").earliest("pk")
    entry = LedgerEntry.objects.get(purchase=refused, kind="hold")
    entry.pk, entry.kind = None, LedgerEntry.Kind.REFUND
    entry.save(force_insert=True)


def book_on_another_team() -> None:
    LedgerEntry.objects.filter(purchase=received(), kind="charge").update(team=make_team())


def reserve_again() -> None:
    Purchase.objects.filter(pk=received().pk).update(settled_at=None)


def lose_the_purchase_at_the_provider() -> None:
    Purchase.objects.filter(pk=received().pk).update(state="lost")


def say_that_the_number_expired() -> None:
    Activation.objects.filter(purchase=received()).update(state="expired")


def move_the_number_to_a_refused_purchase() -> None:
    refused = Purchase.objects.filter(state="refused").earliest("pk")
    Activation.objects.filter(purchase=received()).update(purchase=refused)


def lose_an_event() -> None:
    Event.objects.filter(purchase=received(), to_state="sending").delete()


def lose_all_events() -> None:
    Event.objects.filter(purchase=received()).delete()


def tell_another_story() -> None:
    Event.objects.filter(purchase=received(), to_state="received").update(to_state="cancelled")


def reopen_what_has_ended() -> None:
    told = Event.objects.filter(purchase=received(), subject="purchase").latest("pk")
    told.pk, told.from_state, told.to_state = None, "bought", "sending"
    told.save(force_insert=True)


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (settle_by_release, "settled by a release of"),
        (charge_more, "settled by a charge of $9.0000, its state asks for a charge of $0.14"),
        (hold_less, "held $0.0100, quoted $0.14"),
        (lose_the_hold, "held nothing, quoted $0.14"),
        (lose_the_settlement, "settled by nothing, its state asks for a charge of $0.14"),
        (refund_what_was_not_paid, "charged nothing"),
        (book_on_another_team, "an entry is booked on another team or account"),
        (reserve_again, "marked as reserved, settled by a charge of $0.14"),
        (lose_the_purchase_at_the_provider, "it is lost, its events say bought"),
        (say_that_the_number_expired, "its number is expired, its events say received"),
        (move_the_number_to_a_refused_purchase, "it is bought and has no number"),
        (lose_an_event, "an event takes it from sending to bought, but it was held"),
        (lose_all_events, "it is bought, its events say nothing"),
        (tell_another_story, "its number is received, its events say cancelled"),
        (reopen_what_has_ended, "an event takes it from bought to sending"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_every_kind_of_tampering_with_a_purchase_is_found(
    past: Team, tamper: Callable[[], None], line: str
) -> None:
    code = str(received().code)
    with tampering(*TABLES):
        tamper()
    found = check()
    assert line in found
    assert "differences in 40 purchases" in found
    assert found.endswith("exit status 1")
    assert f"purchase {code}: " in found or tamper is refund_what_was_not_paid


@pytest.mark.parametrize("column", ["purchases", "held", "charged", "released", "refunded", "lost"])
def test_a_wrong_roll_up_is_found_and_only_fixed_when_asked_to(past: Team, column: str) -> None:
    day = MemberDay.objects.latest("pk")
    right = getattr(day, column)
    MemberDay.objects.filter(pk=day.pk).update(**{column: F(column) + 1})
    assert f"{day.day}: {column} {right + 1}, its entries say {right}" in check()
    assert f"{day.day}: {column} {right + 1}" in check("--fix-days")
    assert check().endswith("all add up\n")
    day.refresh_from_db()
    assert getattr(day, column) == right


def test_missing_and_invented_days_are_found_and_fixed(past: Team, alice: User) -> None:
    count = MemberDay.objects.count()
    MemberDay.objects.earliest("pk").delete()
    MemberDay.objects.create(team=past, member=alice, day=timezone.now(), charged=Decimal("5"))
    assert "charged 5.0000, its entries say 0.0000" in check("--fix-days")
    assert check().endswith("all add up\n")
    assert MemberDay.objects.count() == count + 1  # what was invented stays, and says nothing


def test_fixing_days_touches_nothing_else(past: Team) -> None:
    with tampering(*TABLES):
        charge_more()
    before = list(LedgerEntry.objects.order_by("pk").values())
    assert "settled by a charge of $9.0000" in check("--fix-days")
    assert "settled by a charge of $9.0000" in check()
    assert list(LedgerEntry.objects.order_by("pk").values()) == before


def test_it_reads_in_batches(
    past: Team,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(audit, "BATCH", 10)
    with django_assert_max_num_queries(5 * 3):  # purchases, entries, events; the last one is empty
        assert list(audit.check_purchases()) == []
    with tampering(*TABLES):
        last = Purchase.objects.latest("pk")
        LedgerEntry.objects.filter(purchase=last).delete()
    assert str(last.code) in check()
