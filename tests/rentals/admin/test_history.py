"""The history of all teams: found by whatever support is told, narrowed, taken away."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Action, AuditEntry, Team, User
from core.admin import MOST_LISTED, BoundedPaginator
from rentals import ledger
from rentals.models import Purchase
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_offer,
    make_provider_account,
    make_purchase,
    make_renewal,
    make_service,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/rentals/purchase/"
Browser = Callable[[User], Client]


def found(browser: Client, **query: Any) -> set[int]:
    """The purchases that the list shows, by key."""
    answer = browser.get(LIST, query)
    assert answer.status_code == 200, answer.headers.get("Location")
    return {purchase.pk for purchase in answer.context["cl"].result_list}


# Searching


@pytest.mark.parametrize(
    "text",
    [
        *("17548003793", "+1 (754) 800-3793", "754 800 3793", "8003793"),
        *("99887766554433221100", "bob@example.org", "BOB@example.org", "Bus Depot", "TeleApp"),
    ],
)
def test_a_purchase_is_found_by_what_support_is_told(
    client_of: Browser, sam: User, text: str
) -> None:
    depot = make_team(make_user("Bob"), "Bus Depot")
    offer = make_offer(make_service("TeleApp"))
    purchase = make_purchase(depot, offer=offer, state=PurchaseState.BOUGHT)
    make_activation(
        depot, purchase=purchase, number="17548003793", request_id="99887766554433221100"
    )
    make_activation(make_team())
    assert found(client_of(sam), q=text) == {purchase.pk}


def test_leases_and_renewals_are_found_by_their_number(
    client_of: Browser, sam: User, team: Team
) -> None:
    lease = make_lease(team)
    make_lease(team)
    renewal = make_renewal(lease)
    assert found(client_of(sam), q=lease.number) == {lease.purchase_id, renewal.pk}
    assert found(client_of(sam), q=lease.purchase.order_id) == {lease.purchase_id}
    assert found(client_of(sam), q=str(lease.code)) == {lease.purchase_id}


@pytest.mark.parametrize("text", ["nonsense", "%", "1" * 200, "x@y", "⑦⑦⑦⑦⑦⑦"])
def test_what_nobody_has_finds_nothing(
    client_of: Browser, sam: User, team: Team, text: str
) -> None:
    make_activation(team)
    assert found(client_of(sam), q=text) == set()


# Filters


def test_each_filter_narrows_the_list(client_of: Browser, sam: User, team: Team) -> None:
    browser = client_of(sam)
    other = make_team()
    offer = make_offer(make_service(), make_country())
    mine = make_purchase(other, offer=offer, state=PurchaseState.REFUSED)
    make_activation(team)
    for name, value in {
        "state__exact": "refused",
        "team__id__exact": other.pk,
        "buyer__id__exact": mine.buyer_id,
        "service__id__exact": offer.service_id,
        "country__id__exact": offer.country_id,
        "account__id__exact": mine.account_id,
    }.items():
        assert found(browser, **{name: value}) == {mine.pk}, name
    assert found(browser, kind__exact="lease") == set()
    assert found(browser, activation__state__exact="waiting") == set(
        Purchase.objects.exclude(pk=mine.pk).values_list("pk", flat=True)
    )


def test_dates_narrow_it_to_whole_utc_days(client_of: Browser, sam: User, team: Team) -> None:
    browser = client_of(sam)
    moments = [datetime(2026, 3, 1, 0, 0, tzinfo=UTC), datetime(2026, 3, 1, 23, 59, tzinfo=UTC)]
    days = [make_purchase(team, created=at).pk for at in moments]
    after = make_purchase(team, created=datetime(2026, 3, 2, 0, 0, tzinfo=UTC)).pk
    assert found(browser, created_from="2026-03-01", created_to="2026-03-01") == set(days)
    assert found(browser, created_from="2026-03-02") == {after}
    assert found(browser, created_to="2026-03-01") == set(days)
    assert found(browser, created_from="2026-02-31", created_to="soon") == {*days, after}
    assert found(browser, created__year=2026, created__month=3, created__day=2) == {after}


def test_the_days_lead_from_year_to_day_without_reading_the_table(
    client_of: Browser, sam: User, team: Team
) -> None:
    browser = client_of(sam)
    for at in (datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC)):
        make_purchase(team, created=at)
    assert "?created__year=2025" in browser.get(LIST).text
    year = browser.get(LIST, {"created__year": "2026"}).text
    assert "February 2026" in year
    assert "March 2026" not in year
    month = browser.get(LIST, {"created__year": "2025", "created__month": "11"}).text
    assert "created__day=30" in month
    assert "created__day=29" not in month
    with CaptureQueriesContext(connection) as queries:
        browser.get(LIST)
    assert not [
        query for query in queries if "DISTINCT" in query["sql"] and "trunc" in query["sql"]
    ]


def test_a_filter_never_loads_what_it_chooses_from(
    client_of: Browser, sam: User, team: Team
) -> None:
    make_purchase(team)
    service = make_service("Nobody bought this")
    page = client_of(sam).get(LIST)
    assert service.title not in page.text
    choices = {"app_label": "rentals", "model_name": "purchase", "field_name": "service"}
    browser = client_of(sam)
    answer = browser.get("/admin/autocomplete/", {**choices, "term": "Nobody"})
    assert [row["text"] for row in answer.json()["results"]] == [service.title]
    for field, found in {"team": 1, "buyer": 2, "country": 1, "account": 1}.items():
        answer = browser.get("/admin/autocomplete/", {**choices, "field_name": field})
        assert len(answer.json()["results"]) == found, field


def test_no_list_counts_a_whole_table() -> None:
    class Rows(list[int]):
        asked: slice | None = None

        def __getitem__(self, asked: Any) -> Any:
            Rows.asked = asked
            return super().__getitem__(asked)

    pages = BoundedPaginator(Rows(range(MOST_LISTED + 500)), 50)
    assert (pages.count, pages.is_cut, pages.num_pages) == (MOST_LISTED, True, MOST_LISTED // 50)
    assert Rows.asked == slice(MOST_LISTED + 1)
    few = BoundedPaginator(Rows(range(7)), 5)
    assert (few.count, few.is_cut, few.num_pages) == (7, False, 2)


# Taking it away


def export(browser: Client, kind: str, query: str = "") -> Any:
    return browser.post(f"{LIST}export/{kind}/{query}")


@pytest.fixture
def sold(team: Team) -> Purchase:
    """A number whose SMS came, of a team with a nasty name."""
    Team.objects.filter(pk=team.pk).update(name='=HYPERLINK("http://evil.example")')
    purchase = make_purchase(team, state=PurchaseState.BOUGHT, cost=Decimal("0.13"))
    make_activation(team, purchase=purchase, number="0017548003793", request_id="00012")
    with transaction.atomic():
        ledger.charge(purchase)
    return purchase


def test_the_filtered_list_is_taken_away_as_csv(
    client_of: Browser, sam: User, team: Team, sold: Purchase
) -> None:
    make_purchase(team, state=PurchaseState.REFUSED)
    answer = export(client_of(sam), "csv", "?state__exact=bought")
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = list(csv.DictReader(io.StringIO(text)))
    assert row["purchase"] == str(sold.code)
    assert row["team"] == """'=HYPERLINK("http://evil.example")"""
    assert (row["number"], row["request or order id"]) == ("0017548003793", "00012")
    assert (row["quoted"], row["cost"], row["spent"], row["reserved"]) == (
        *("0.1400", "0.1300", "0.1300"),
        "0",
    )


def test_and_as_a_sheet_in_which_nothing_runs(
    client_of: Browser, sam: User, sold: Purchase
) -> None:
    answer = export(client_of(sam), "xlsx")
    book = ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=HYPERLINK(" in sheet.replace("&quot;", '"')
    assert re.search("<v>0[.]130*</v>", sheet)
    assert ">0017548003793<" in sheet


def test_an_export_is_written_down_and_has_no_sms(
    client_of: Browser, sam: User, sold: Purchase
) -> None:
    export(client_of(sam), "csv", "?q=alice%40example.org")
    entry = AuditEntry.objects.get(action=Action.HISTORY_EXPORTED)
    assert entry.actor_email == sam.email
    assert entry.after == {"as": "csv", "filters": "q=alice%40example.org"}


def test_an_export_costs_the_same_number_of_queries_for_any_number_of_rows(
    client_of: Browser, sam: User, team: Team, sold: Purchase
) -> None:
    browser = client_of(sam)
    sizes = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            b"".join(export(browser, "csv").streaming_content)
        sizes.append(len(queries))
        for _number in range(10):
            make_activation(team)
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(("query", "status"), [("csv/?created__day=x", 404), ("pdf/", 404)])
def test_what_makes_no_sense_is_not_exported(
    client_of: Browser, sam: User, sold: Purchase, query: str, status: int
) -> None:
    assert client_of(sam).post(f"{LIST}export/{query}").status_code == status


def test_who_may_not_see_the_list_may_not_take_it_away(
    client_of: Browser, sam: User, sold: Purchase
) -> None:
    clerk = make_user("Clerk", is_staff=True)
    assert export(client_of(clerk), "csv").status_code == 403
    assert client_of(sam).get(f"{LIST}export/csv/").status_code == 405
    assert not AuditEntry.objects.filter(action=Action.HISTORY_EXPORTED).exists()


# Many


def test_the_list_costs_the_same_for_any_number_of_rows(
    client_of: Browser, sam: User, team: Team
) -> None:
    browser = client_of(sam)
    make_activation(team)
    browser.get(LIST)
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    for _ in range(8):
        make_activation(make_team())
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST, {"_facets": ""})  # Django's counts of every choice: not here
    assert len(many) == len(few) <= 14


def test_it_is_read_newest_first_by_an_index(team: Team) -> None:
    account = make_provider_account(team)
    now = timezone.now()
    late = make_purchase(team, account=account, created=now)
    early = make_purchase(team, account=account, created=now - timedelta(days=1))
    newest = Purchase.objects.order_by("-created", "-pk")
    assert list(newest) == [late, early]
    if connection.vendor == "sqlite":
        assert "purchase_created" in newest.explain()
    assert reverse("admin:rentals_purchase_changelist") == LIST
