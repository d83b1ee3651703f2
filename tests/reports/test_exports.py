"""History taken away: what is in the files, who gets them, and how a workbook is written."""

import csv
import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEntry, Team, User
from notify.models import Notification
from rentals.history import Wanted
from rentals.models import Purchase, Tag
from rentals.operations.activation import store_sms
from rentals.states import PurchaseState
from reports import operations, sheets
from reports.models import Export, ExportState
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_offer,
    make_provider_account,
    make_purchase,
    make_service,
    make_team,
)

ClientOf = Callable[[User], Client]
State = ExportState
NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where the files of this test are."""
    settings.EXPORT_DIR = tmp_path / "exports"
    return settings.EXPORT_DIR


@pytest.fixture
def bought(team: Team, alice: User) -> Purchase:
    """A number with two SMS, a note and tags that spreadsheets would take for formulas."""
    purchase = make_purchase(
        team,
        offer=make_offer(make_service("=1+1"), make_country("France", "FR"), cost="0.1400"),
        state=PurchaseState.BOUGHT,
        created=datetime(2026, 3, 4, 12, 0, 5, tzinfo=UTC),
        note="@SUM(A1)",
    )
    start = datetime(2026, 3, 4, 12, 0, 6, tzinfo=UTC)
    number = make_activation(team, purchase=purchase, number="447700900123", created=start)
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    type(number).objects.update(received_at=start + timedelta(seconds=20))
    store_sms(activation_id=number.pk, text="551177", by="poller")
    purchase.tags.add(Tag.objects.create(team=team, name="+QA"))
    return purchase


def post(client: Client, name: str, team: Team, *args: Any, **data: Any) -> Any:
    return client.post(reverse(f"reports:{name}", args=[team.slug, *args]), data)


def table(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def sheet_of(file: Any, number: int = 1) -> list[list[str]]:
    """The cells of a sheet, as the file has them."""
    with zipfile.ZipFile(file) as book:
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    assert root.findall(".//x:f", NS) == []  # not one formula
    return [_cells(row) for row in root.iterfind(".//x:row", NS)]


def _cells(row: Any) -> list[str]:
    """By column: those that are empty are not in the file."""
    cells = [""] * len(sheets.COLUMNS)
    for cell in row:
        value = cell.find("x:v", NS)
        place = ord(cell.attrib["r"].rstrip("0123456789")) - ord("A")
        cells[place] = "".join(cell.itertext()) if value is None else value.text or ""
    return cells


def ask(client: Client, team: Team, **wanted: Any) -> Export:
    assert post(client, "export_workbook", team, **wanted).status_code == 302
    return Export.objects.latest("created")


def written(export: Export) -> Export:
    operations.write_export(export_id=str(export.pk))
    export.refresh_from_db()
    return export


# The rows


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


# The workbook


def test_a_workbook_is_asked_for_written_and_taken(
    client_of: ClientOf, alice: User, team: Team, bought: Purchase, folder: Path
) -> None:
    client = client_of(alice)
    export = ask(client, team, q="447700")
    assert (export.state, export.wanted, export.expected) == (State.QUEUED, {"q": "447700"}, None)
    page = client.get(reverse("reports:exports", args=[team.slug]))
    assert f"live:export:{export.pk} from:body" in page.text

    export = written(export)

    assert (export.state, export.rows) == (State.DONE, 1)
    assert [path.name for path in folder.iterdir()] == [f"{export.pk}.xlsx"]
    told = Notification.objects.get()
    assert (told.user, told.title) == (alice, "Your file is ready")
    assert told.url == reverse("reports:exports", args=[team.slug])
    response = client.get(reverse("reports:download_export", args=[team.slug, export.pk]))
    assert f'filename="{export.file_name}"' in response.headers["Content-Disposition"]
    header, row = sheet_of(io.BytesIO(b"".join(response.streaming_content)))
    assert header == [str(title) for title in sheets.COLUMNS]
    found = dict(zip(header, row, strict=True))
    assert found["Service"] == "'=1+1"
    assert Decimal(found["Spent, USD"]) == Decimal("0.14")
    assert bought.note not in row
    assert f"'{bought.note}" in row


def test_how_much_there_will_be_is_known_from_the_roll_up(team: Team, bob: User) -> None:
    first, second = make_purchase(team), make_purchase(team, bob)
    make_lease(team)
    today = timezone.now().date()

    def expected(**wanted: Any) -> int | None:
        return operations.estimate(team, Wanted(**wanted))

    assert expected() == 3
    assert expected(member=bob.pk) == 1
    assert expected(service=first.service_id, country=first.country_id) == 1
    assert expected(account=second.account_id, first=today, last=today) == 3
    assert expected(last=today - timedelta(days=1)) == 0
    assert expected(text="x") is expected(state="held") is expected(tag=1) is None


def test_progress_is_told_and_seen(
    client_of: ClientOf, alice: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "BATCH", 2)
    monkeypatch.setattr(operations, "TELL_SECONDS", 0)
    for _ in range(6):
        make_purchase(team)
    told: list[str] = []
    monkeypatch.setattr(operations.bus, "publish", lambda *, team_id, topic: told.append(topic))
    client = client_of(alice)
    export = ask(client, team)
    seen: list[str] = []
    swap = operations._swap

    def look(row: Export, to: ExportState, **changes: Any) -> bool:
        done = swap(row, to, **changes)
        seen.append(client.get(reverse("reports:exports", args=[team.slug])).text)
        return done

    monkeypatch.setattr(operations, "_swap", look)
    written(export)

    assert "2 rows written, 33 %." in seen[0]
    assert "4 rows written, 66 %." in seen[1]
    assert "6 rows written, 99 %." in seen[2]
    assert "Download" in seen[-1]
    assert set(told) == {f"export:{export.pk}", f"notifications:{export.member_id}"}
    assert told.count(f"export:{export.pk}") == 1 + 3 + 1
    assert len(told) == 1 + 3 + 1 + 1, "the bell once"


def test_one_waits_or_is_written_for_each_member(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    client = client_of(alice)
    ask(client, team)
    again = client.post(reverse("reports:export_workbook", args=[team.slug]), follow=True)
    assert "One of your workbooks is being written already." in again.text
    assert Export.objects.count() == 1
    ask(client_of(bob), team)
    assert Export.objects.count() == 2
    assert AuditEntry.objects.filter(action="purchase.exported").count() == 2


def test_one_is_written_at_a_time_and_the_next_follows(
    client_of: ClientOf, alice: User, bob: User, team: Team, queued: Any
) -> None:
    first, second = ask(client_of(alice), team), ask(client_of(bob), team)
    Export.objects.filter(pk=first.pk).update(state=State.RUNNING, seen_at=timezone.now())

    assert written(second).state == State.QUEUED
    with pytest.raises(IntegrityError), transaction.atomic():
        Export.objects.filter(pk=second.pk).update(state=State.RUNNING)

    Export.objects.filter(pk=first.pk).update(state=State.QUEUED)
    queued()
    assert written(first).state == State.DONE
    assert written(second).state == State.DONE


def test_the_same_task_twice_writes_once(client_of: ClientOf, alice: User, team: Team) -> None:
    export = written(ask(client_of(alice), team))
    before = export.path.stat().st_mtime_ns
    assert written(export).state == State.DONE
    assert export.path.stat().st_mtime_ns == before


def end_membership(team: Team, user: User) -> None:
    team.memberships.filter(user=user).delete()


def deactivate(team: Team, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def cancel(team: Team, user: User) -> None:
    assert operations.cancel_export(export=Export.objects.get())


@pytest.mark.parametrize("end", [end_membership, deactivate, cancel])
def test_it_ends_midway_when_its_right_does(
    client_of: ClientOf,
    bob: User,
    team: Team,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Team, User], None],
) -> None:
    monkeypatch.setattr(sheets, "BATCH", 1)
    monkeypatch.setattr(operations, "TELL_SECONDS", 0)
    for _ in range(4):
        make_purchase(team)
    export = ask(client_of(bob), team)
    batches, read = sheets.batches, []

    def one_by_one(*args: Any) -> Iterator[Any]:
        for batch in batches(*args):
            read.append(batch)
            if len(read) == 2:
                end(team, bob)
            yield batch

    monkeypatch.setattr(sheets, "batches", one_by_one)

    assert written(export).state == State.CANCELLED
    assert len(read) == 2
    assert list(folder.iterdir()) == []


def test_a_csv_file_ends_midway_too(
    client_of: ClientOf, bob: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "BATCH", 1)
    for _ in range(4):
        make_purchase(team)
    lines = post(client_of(bob), "export_csv", team).streaming_content
    start = [next(lines) for _ in range(4)]  # the mark, the header and two rows
    end_membership(team, bob)
    assert (len(start), list(lines)) == (4, [])


def test_one_that_fails_says_so_and_leaves_nothing(
    client_of: ClientOf, alice: User, team: Team, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> Any:
        raise OSError("no room left")

    monkeypatch.setattr(sheets, "batches", fail)
    client = client_of(alice)
    assert written(ask(client, team)).state == State.FAILED
    assert list(folder.iterdir()) == []
    page = client.get(reverse("reports:exports", args=[team.slug])).text
    assert "It could not be written." in page
    assert ask(client, team).state == State.QUEUED


def test_cancelling_by_the_button(client_of: ClientOf, alice: User, team: Team) -> None:
    client = client_of(alice)
    export = ask(client, team)
    post(client, "cancel_export", team, export.pk)
    assert written(export).state == State.CANCELLED
    again = client.post(reverse("reports:cancel_export", args=[team.slug, export.pk]), follow=True)
    assert "It was ready, or given up, already." in again.text


def test_a_file_is_its_members_alone(
    client_of: ClientOf, alice: User, bob: User, charlie: User, team: Team
) -> None:
    export = written(ask(client_of(bob), team))
    address = reverse("reports:download_export", args=[team.slug, export.pk])

    assert client_of(bob).get(address).status_code == 200
    assert client_of(alice).get(address).status_code == 404
    assert client_of(charlie).get(address).status_code == 404
    assert "history-" not in client_of(alice).get(reverse("reports:exports", args=[team.slug])).text
    end_membership(team, bob)
    assert client_of(bob).get(address).status_code == 404


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.CANCELLED, State.FAILED])
def test_what_is_not_ready_cannot_be_taken(
    client_of: ClientOf, alice: User, team: Team, state: ExportState
) -> None:
    client = client_of(alice)
    export = ask(client, team)
    Export.objects.update(state=state)
    address = reverse("reports:download_export", args=[team.slug, export.pk])
    assert client.get(address).status_code == 404


def test_who_takes_what_is_in_the_audit_trail(
    client_of: ClientOf, vera: User, team: Team, bought: Purchase
) -> None:
    client = client_of(vera)
    post(client, "export_csv", team, state="received")
    ask(client, team)

    entries = AuditEntry.objects.filter(action="purchase.exported").order_by("sequence")
    assert [entry.after for entry in entries] == [
        {"as": "CSV", "state": "received"},
        {"as": "XLSX"},
    ]
    assert {entry.actor_id for entry in entries} == {vera.pk}


# The sweep


def test_after_a_day_nothing_is_left(
    client_of: ClientOf, alice: User, team: Team, folder: Path
) -> None:
    export = written(ask(client_of(alice), team))
    operations.sweep_exports()
    assert export.path.exists()

    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    operations.sweep_exports()
    assert list(folder.iterdir()) == []
    assert not Export.objects.exists()


def test_the_file_of_somebody_who_left_goes_at_once(
    client_of: ClientOf, bob: User, team: Team, folder: Path
) -> None:
    written(ask(client_of(bob), team))
    end_membership(team, bob)
    operations.sweep_exports()
    assert list(folder.iterdir()) == []


def test_files_that_no_row_knows_go_after_a_day(folder: Path) -> None:
    folder.mkdir()
    old, new = folder / "old.part", folder / "new.part"
    left = folder / "tmp1"
    left.mkdir()
    for path in (old, new):
        path.write_bytes(b"x")
    for path in (old, left):
        os.utime(path, (0, 0))
    operations.sweep_exports()
    assert list(folder.iterdir()) == [new]


def test_the_export_of_a_dead_worker_is_written_anew(
    client_of: ClientOf, alice: User, team: Team, bought: Purchase
) -> None:
    export = ask(client_of(alice), team)
    Export.objects.update(state=State.RUNNING, seen_at=timezone.now(), rows=7)
    operations.sweep_exports()
    export.refresh_from_db()
    assert export.state == State.RUNNING  # it may be alive

    Export.objects.update(seen_at=timezone.now() - operations.SILENT - timedelta(seconds=1))
    operations.sweep_exports()
    assert written(export).state == State.DONE
    assert export.rows == 1
