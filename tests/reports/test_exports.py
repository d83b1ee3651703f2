"""History taken away: what is in the files, as CSV and in a workbook."""

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, Team, User
from rentals.history import Wanted
from rentals.models import Purchase
from rentals.operations.activation import store_sms
from rentals.states import PurchaseState
from reports import sheets
from reports.models import Export, ExportState
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_offer,
    make_provider_account,
    make_purchase,
    make_team,
)
from tests.reports.exporting import ask, post, sheet_of, table, written

ClientOf = Callable[[User], Client]
State = ExportState

pytestmark = pytest.mark.django_db


def test_a_row_has_everything_and_runs_nothing(
    client_of: ClientOf, alice: User, team: Team, bought: Purchase
) -> None:
    response = post(client_of(alice), "export_csv", team)

    header, row = table(response)
    assert dict(zip(header, row, strict=True)) == {
        "Bought (UTC)": "2026-03-04 12:00:05",
        "Service": "'=1+1",
        "Country or area": "France",
        "Months": "",
        "Number": "447700900123",
        "State": "received",
        "Member": "Alice",
        "Provider account": bought.account.name,
        "Spent, USD": "0.1400",
        "Reserved, USD": "0.0000",
        "First SMS (UTC)": "2026-03-04 12:00:26",
        "Waited, seconds": "20",
        "Codes": "429916 551177",
        "Tags": "'+QA",
        "Note": "'@SUM(A1)",
        "Purchase": str(bought.code),
    }
    assert response.headers["Content-Disposition"].startswith('attachment; filename="history-')


def test_leases_are_in_it(client_of: ClientOf, alice: User, team: Team) -> None:
    lease = make_lease(team)
    _header, row = table(post(client_of(alice), "export_csv", team))
    assert row[1:6] == ["Lease, 2 months", "Canada", "2", lease.number, "leased"]
    assert row[8] == "4.0000"


def test_only_what_the_filters_leave_is_in_it(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    make_purchase(team, alice)
    mine = make_purchase(team, bob)
    make_purchase(make_team())

    rows = table(post(client_of(alice), "export_csv", team, member=bob.pk, before="x"))

    assert [row[-1] for row in rows[1:]] == [str(mine.code)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_country_that_was_searched_for_means_the_same_to_each_reader(
    client_of: ClientOf, alice: User, team: Team, language: str
) -> None:
    """The lines are written after the page's language is put away."""
    there = make_purchase(team, offer=make_offer(country=make_country("Spain", "ES")))
    make_purchase(team)
    User.objects.filter(pk=alice.pk).update(language=language)
    client = client_of(alice)
    for text in ("spain", "Spanien"):
        _head, row = table(post(client, "export_csv", team, q=text))
        assert row[-1] == str(there.code)
        assert len(sheet_of(written(ask(client, team, q=text)).path)) == 2


@pytest.mark.parametrize("kind", ["export_csv", "export_workbook"])
def test_filters_that_make_no_sense_are_refused(
    client_of: ClientOf, alice: User, team: Team, kind: str
) -> None:
    make_purchase(team)
    address = reverse(f"reports:{kind}", args=[team.slug])
    wrong = {"state": "watiing", "from": "2026-02-01", "csrfmiddlewaretoken": "x"}
    answer = client_of(alice).post(address, wrong, follow=True)
    history = reverse("rentals:history", args=[team.slug])
    assert answer.redirect_chain == [(f"{history}?state=watiing&from=2026-02-01", 302)]
    assert "Nothing was exported" in answer.text
    assert "state=watiing" in answer.text
    assert not Export.objects.exists()
    assert not AuditEntry.objects.filter(action="purchase.exported").exists()


def test_every_row_is_there_once_batch_by_batch(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "BATCH", 3)
    made = [str(make_purchase(team).code) for _ in range(7)]
    same = Purchase.objects.latest("pk").created
    Purchase.objects.update(created=same)  # time alone does not order them

    found = list(sheets.batches(team.memberships.get(), Wanted()))

    assert [len(batch) for batch in found] == [3, 3, 1]
    assert [row[-1] for batch in found for row in batch] == made[::-1]


def test_a_batch_takes_the_same_few_queries_however_large(
    team: Team, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    offer, account = make_offer(), make_provider_account(team)
    for _ in range(12):
        purchase = make_purchase(team, offer=offer, account=account, state=PurchaseState.BOUGHT)
        number = make_activation(team, purchase=purchase)
        store_sms(activation_id=number.pk, text="429916", by="poller")
    with django_assert_max_num_queries(7):
        assert len(next(sheets.batches(team.memberships.get(), Wanted()))) == 12


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Twenty times the rows, written by twenty times the batches, in as much memory."""
    row = [datetime.now(UTC), "Telegram", "France", None, "447700900123", "received", "Alice"]
    row += ["Main", Decimal("0.14"), Decimal(0), datetime.now(UTC), 20, "429916", "", "", "x" * 36]

    def peak(batches: int) -> int:
        tracemalloc.start()
        try:
            rows: Iterator[list[list[Any]]] = (
                [list(row) for _ in range(100)] for _ in range(batches)
            )
            sheets.write_workbook(tmp_path / f"{batches}.xlsx", rows, lambda _rows: None)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is imported and compiled once
    small, large = peak(3), peak(60)
    assert large < small * 1.5


def test_what_does_not_fit_into_a_sheet_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS", 2)
    path = tmp_path / "three.xlsx"
    rows = [[["a"], ["b"]], [["c"]]]
    assert sheets.write_workbook(path, rows, lambda _rows: None) == 3
    assert [row[0] for row in sheet_of(path, 1)] == ["Bought (UTC)", "a", "b"]
    assert [row[0] for row in sheet_of(path, 2)] == ["Bought (UTC)", "c"]


def test_a_colleagues_codes_are_not_in_it_where_messages_are_private(
    client_of: ClientOf, alice: User, bob: User, team: Team, bought: Purchase
) -> None:
    Team.objects.update(private_messages=True)
    codes = sheets.COLUMNS.index("Codes")
    assert table(post(client_of(bob), "export_csv", team))[1][codes] == ""
    assert table(post(client_of(alice), "export_csv", team))[1][codes] == "429916 551177"
    assert table(post(client_of(bob), "export_csv", team, q="429916"))[1:] == []
