"""The work lists: what waits for a person, how much of it, and what staff do about it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Action, AuditEntry, ProviderAccount, Team, User
from notify.models import Delivery, Kind, Notification
from rentals import stuck
from rentals.admin.work import LISTS, count_work
from rentals.models import BalanceSnapshot, BuyingStop, LedgerEntry, Purchase
from rentals.operations.queueing import QUEUED
from rentals.states import ActivationState, LeaseState, PurchaseState
from tests.factories import (
    make_activation,
    make_lease,
    make_lease_purchase,
    make_provider_account,
    make_purchase,
    make_snapshot,
    make_user,
)

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
LONG_AGO = timedelta(hours=2)


@pytest.fixture
def unknown(team: Team) -> Purchase:
    """A purchase of which nobody knows what came."""
    return make_purchase(team, state=PurchaseState.UNKNOWN)


def failed_delivery(team: Team) -> Delivery:
    told = Notification.objects.create(
        team=team, user=make_user(), kind=Kind.DRIFT_FOUND, key="drift:1", title="Drift", url="/"
    )
    return Delivery.objects.create(notification=told, state=Delivery.State.FAILED, attempts=10)


def page_of(row: Any, deed: str = "") -> str:
    below = f"do/{deed}/" if deed else "change/"
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{below}"


def deeds(team: Team | None, action: Action) -> list[AuditEntry]:
    entries = AuditEntry.objects.filter(action=action)
    return list(entries if team is None else entries.filter(chain=f"team-{team.pk}"))


# The lists


def test_when_all_is_well_every_list_is_empty(team: Team) -> None:
    make_activation(team)
    make_lease(team)
    make_purchase(team)
    make_purchase(team, state=PurchaseState.SENDING)
    make_snapshot(make_provider_account(team))
    assert set(count_work().values()) == {0}


def test_each_list_counts_and_shows_what_waits(
    client_of: Browser, sam: User, team: Team, unknown: Purchase
) -> None:
    ago = timezone.now() - LONG_AGO
    account = make_provider_account(team, state=ProviderAccount.State.SUSPENDED)
    rows = {
        "unknown": unknown,
        "drift": make_snapshot(account, drift=Decimal("-0.14")),
        "suspended": account,
        "queued": make_purchase(team, reason=QUEUED),
        "stuck": make_purchase(team, created=ago),
        "numbers": make_activation(team, expires_at=ago),
        "leases": make_lease(team, state=LeaseState.CANCELLING, cancel_asked_at=ago),
        "deliveries": failed_delivery(team),
    }
    assert count_work() == dict.fromkeys(rows, 1)
    browser = client_of(sam)
    for work in LISTS:
        answer = browser.get(work.link)
        assert list(answer.context["cl"].result_list) == [rows[work.key]], work.key
        assert f'href="{work.link}"' in answer.text
    assert browser.get("/admin/").text.count("staff-tile is-due") == len(rows)


def test_the_counts_cost_one_query(team: Team, unknown: Purchase) -> None:
    with CaptureQueriesContext(connection) as queries:
        count_work()
    assert len(queries) == 1


def test_who_may_not_see_a_list_sees_no_link_to_it(client_of: Browser, unknown: Purchase) -> None:
    page = client_of(make_user("Clerk", is_staff=True)).get("/admin/")
    assert page.status_code == 200
    assert "Unknown outcomes" not in page.text
    assert "staff-chart" not in page.text


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "held", "created": LONG_AGO},
        {"state": "held", "created": LONG_AGO, "reason": QUEUED},
        {"state": "sending", "claim_until": LONG_AGO},
        {"state": "refused", "ended_at": LONG_AGO},
        {"state": "lost", "ended_at": LONG_AGO},
    ],
)
def test_what_the_sweep_should_have_found_is_stuck(team: Team, fields: dict[str, Any]) -> None:
    purchase = make_purchase(team, state=fields["state"])
    now = timezone.now()
    moved = {
        name: now - value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    assert not stuck.stuck_purchases().exists()
    Purchase.objects.filter(pk=purchase.pk).update(**moved)
    assert stuck.stuck_purchases().get() == purchase
    Purchase.objects.filter(pk=purchase.pk).update(state="bought", settled_at=now)
    assert not stuck.stuck_purchases().exists()


def test_numbers_and_leases_that_do_not_end_are_stuck(team: Team) -> None:
    ago = timezone.now() - LONG_AGO
    number = make_activation(team, state=ActivationState.CANCELLING, cancel_asked_at=ago)
    make_activation(team, state=ActivationState.EXPIRED, expires_at=ago, watched=False)
    assert stuck.stuck_numbers().get() == number
    make_lease(team, state=LeaseState.CANCELLING, cancel_asked_at=timezone.now())
    assert not stuck.stuck_leases().exists()


# A purchase of unknown outcome


def test_its_page_offers_what_can_be_decided(
    client_of: Browser, sam: User, team: Team, unknown: Purchase
) -> None:
    page = client_of(sam).get(page_of(unknown)).text
    for deed in ("adopt", "not-bought", "write-off"):
        assert page_of(unknown, deed) in page
    assert page_of(unknown, "adopt-order") not in page
    lease = make_lease_purchase(team, state=PurchaseState.UNKNOWN)
    page = client_of(sam).get(page_of(lease)).text
    assert page_of(lease, "adopt-order") in page
    assert page_of(lease, "adopt") not in page
    decided = make_purchase(team, state=PurchaseState.REFUSED)
    assert "/do/" not in client_of(sam).get(page_of(decided)).text


def test_staff_adopt_a_number(client_of: Browser, sam: User, team: Team, unknown: Purchase) -> None:
    browser, form = client_of(sam), {"request_id": "778899", "number": "+1 754 800 3793"}
    page = page_of(unknown, "adopt")
    assert browser.post(page, form).status_code == 422
    assert browser.post(page, {"confirmed": "on"}).status_code == 422
    unknown.refresh_from_db()
    assert unknown.state == PurchaseState.UNKNOWN
    assert browser.post(page, {**form, "confirmed": "on"}).status_code == 302
    unknown.refresh_from_db()
    assert (unknown.state, unknown.activation.number) == (PurchaseState.BOUGHT, "17548003793")
    (entry,) = deeds(team, Action.PURCHASE_ADOPTED)
    assert (entry.actor_email, entry.after["request id"]) == (sam.email, "778899")


def test_a_number_that_is_anothers_is_not_adopted(
    client_of: Browser, sam: User, team: Team, unknown: Purchase
) -> None:
    other = make_activation(team)
    form = {"request_id": other.request_id, "number": "17548003793", "confirmed": "on"}
    answer = client_of(sam).post(page_of(unknown, "adopt"), form)
    assert answer.status_code == 422
    assert "with another purchase" in answer.text
    unknown.refresh_from_db()
    assert unknown.state == PurchaseState.UNKNOWN


@pytest.mark.parametrize(
    ("deed", "state", "kind", "action"),
    [
        ("not-bought", PurchaseState.NOT_BOUGHT, "release", Action.PURCHASE_NOT_BOUGHT),
        ("write-off", PurchaseState.LOST, "loss", Action.PURCHASE_WRITTEN_OFF),
    ],
)
def test_staff_decide_it_with_a_tick(
    client_of: Browser,
    sam: User,
    team: Team,
    unknown: Purchase,
    deed: str,
    state: PurchaseState,
    kind: str,
    action: Action,
) -> None:
    browser, page = client_of(sam), page_of(unknown, deed)
    asked = browser.get(page)
    assert "$0.14" in asked.text
    assert "Tick the box first" in browser.post(page, {}).text
    assert not LedgerEntry.objects.exclude(kind="hold").exists()
    assert browser.post(page, {"confirmed": "on"}).status_code == 302
    unknown.refresh_from_db()
    assert unknown.state == state
    assert LedgerEntry.objects.exclude(kind="hold").get().kind == kind
    assert [entry.actor_email for entry in deeds(team, action)] == [sam.email]
    again = browser.post(page, {"confirmed": "on"}, follow=True)
    assert "no longer be done" in again.text
    assert LedgerEntry.objects.exclude(kind="hold").count() == 1


def test_a_permission_to_look_is_none_to_decide(client_of: Browser, unknown: Purchase) -> None:
    from django.contrib.auth.models import Permission

    clerk = make_user("Clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_purchase"))
    browser = client_of(clerk)
    assert "/do/" not in browser.get(page_of(unknown)).text
    for deed in ("adopt", "not-bought", "write-off"):
        assert browser.get(page_of(unknown, deed)).status_code == 403
        assert browser.post(page_of(unknown, deed), {"confirmed": "on"}).status_code == 403
    assert browser.post(page_of(unknown, "nonsense")).status_code == 404
    unknown.refresh_from_db()
    assert unknown.state == PurchaseState.UNKNOWN


# Drift, accounts, teams


def test_staff_explain_a_drift(client_of: Browser, sam: User, team: Team) -> None:
    snapshot = make_snapshot(make_provider_account(team), drift=Decimal("-0.5"))
    browser, page = client_of(sam), page_of(snapshot, "explain")
    assert browser.post(page, {"explanation": " "}).status_code == 422
    assert browser.post(page, {"explanation": "Bought by hand."}).status_code == 302
    snapshot.refresh_from_db()
    assert (snapshot.explanation, snapshot.explained_by) == ("Bought by hand.", sam)
    assert not BalanceSnapshot.objects.unexplained().exists()
    assert len(deeds(team, Action.DRIFT_EXPLAINED)) == 1


def test_staff_stop_and_resume_buying_of_a_team_and_of_an_account(
    client_of: Browser, sam: User, team: Team
) -> None:
    browser = client_of(sam)
    for row in (team, make_provider_account(team)):
        assert browser.post(page_of(row, "stop-buying"), {"reason": "Review."}).status_code == 422
        assert not BuyingStop.objects.exists()
        browser.post(page_of(row, "stop-buying"), {"reason": "Review.", "confirmed": "on"})
        stop = BuyingStop.objects.get()
        assert (stop.team or stop.account, stop.stopped_by) == (row, sam)
        assert page_of(row, "stop-buying") not in browser.get(page_of(row)).text
        browser.post(page_of(row, "resume-buying"), {"confirmed": "on"})
        assert not BuyingStop.objects.exists()
    assert len(deeds(team, Action.BUYING_STOPPED)) == 2
    assert len(deeds(team, Action.BUYING_RESUMED)) == 2


def test_staff_check_a_token(
    client_of: Browser, sam: User, team: Team, account: ProviderAccount
) -> None:
    told = client_of(sam).post(page_of(account, "check"), follow=True).text
    assert "takes the token. Balance: $10.00" in told
    assert len(deeds(team, Action.TOKEN_CHECKED)) == 1
    refused = make_provider_account(team)
    assert client_of(sam).post(page_of(refused, "check")).status_code == 422
    assert len(deeds(team, Action.TOKEN_CHECKED)) == 1
