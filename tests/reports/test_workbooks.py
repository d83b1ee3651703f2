"""A workbook of the history: asked for, written in the background, taken by its member, swept away."""

import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Team, User
from notify.models import Notification
from rentals.history import Wanted
from rentals.models import Purchase
from reports import operations, sheets
from reports.models import Export, ExportState
from tests.factories import (
    make_lease,
    make_purchase,
)
from tests.reports.exporting import ask, post, sheet_of, written

ClientOf = Callable[[User], Client]
State = ExportState

pytestmark = pytest.mark.django_db


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
