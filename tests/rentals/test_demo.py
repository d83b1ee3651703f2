"""The demo team's past obeys the rules that the present does."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import override_settings

from accounts.models import Team, User
from accounts.operations import ensure_demo_user, read_balance
from rentals.models import Activation, BalanceSnapshot, LedgerEntry, MemberDay, Message, Purchase
from rentals.operations import drift
from sandbox.server import Sandbox
from tests.factories import make_area, make_country, make_offer, make_service, make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(sandbox: Sandbox) -> Team:
    token = make_token()
    sandbox.add_account(token, 100)
    for code in ("tg", "wa", "go"):  # what is there is left alone: reading it all takes seconds
        make_offer(make_service(code=code), make_country(iso_code="FR"))
    make_area()
    call_command("demo", token=token, purchases=60, stdout=StringIO())
    call_command("demo", token=token, purchases=60, stdout=StringIO())
    return Team.objects.of(ensure_demo_user()).get()


def test_the_team_is_furnished_once(demo: Team) -> None:
    assert demo.purchases.of_numbers().count() == 60
    assert demo.provider_accounts.get().has_refer_id
    assert User.objects.filter(memberships__team=demo).count() == 3


def test_every_purchase_is_held_and_settled_once(demo: Team) -> None:
    for purchase in Purchase.objects.of_numbers().prefetch_related("entries"):
        kinds = sorted(entry.kind for entry in purchase.entries.all())
        received = purchase.state == "bought" and purchase.activation.state == "received"
        assert kinds == (["charge", "hold"] if received else ["hold", "release"])
        assert purchase.created < purchase.settled_at


def test_the_days_add_up_to_the_ledger(demo: Team) -> None:
    charged = LedgerEntry.objects.filter(kind="charge").aggregate(sum=Sum("amount"))["sum"]
    assert MemberDay.objects.aggregate(sum=Sum("charged"))["sum"] == charged
    assert MemberDay.objects.aggregate(sum=Sum("purchases"))["sum"] == 61


def test_each_received_number_has_its_code(demo: Team) -> None:
    received = Activation.objects.filter(state="received").count()
    assert Message.objects.exclude(code="").count() == received > 0


def test_one_number_is_really_leased(demo: Team, sandbox: Sandbox) -> None:
    lease = demo.leases.get()
    assert (lease.state, lease.area_code) == ("active", "CA")
    assert [held.mobile_number for held in sandbox.world.leases.held()] == [lease.mobile_number]


def test_the_past_that_nobody_was_paid_for_is_no_drift(
    demo: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "SETTLED_FOR", timedelta(0))  # the lease was paid a moment ago
    for _ in range(2):
        read_balance(account=demo.provider_accounts.get())
    assert [snapshot.drift for snapshot in BalanceSnapshot.objects.all()] == [0]


@override_settings(DEMO=False)
def test_without_the_sandbox_there_is_no_demo(db: None) -> None:
    with pytest.raises(CommandError, match="only with the sandbox"):
        call_command("demo")
