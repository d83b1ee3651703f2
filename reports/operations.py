"""What happens to an export: asked for, written by a worker, taken away, removed after a day."""

import logging
import shutil
import time
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Action, Membership, Team, User
from accounts.signals import news
from core.queue import enqueue_on_commit
from live import bus
from rentals.history import Wanted
from rentals.models import TripDay
from reports import sheets
from reports.models import Export, ExportState

logger = logging.getLogger(__name__)

State = ExportState
KEEP = timedelta(days=1)
SILENT = timedelta(minutes=10)  # a worker that said nothing for so long is dead
TELL_SECONDS = 1.0


class Taken(Exception):
    """The export is no longer this worker's: cancelled, or somebody else writes it."""


def note_export(*, membership: Membership, wanted: Wanted, kind: str) -> None:
    """Write down that a member takes history away, in the caller's transaction."""
    record(
        action=Action.HISTORY_EXPORTED,
        team=membership.team,
        actor=membership.user,
        obj=membership.team,
        after={"as": kind, **wanted.parameters},
    )


def request_export(*, membership: Membership, wanted: Wanted) -> Export | None:
    """Have a workbook of what is ``wanted`` written; None while another one is, for this member."""
    from reports import tasks  # the tasks import the operations

    try:
        with transaction.atomic():
            export = Export.objects.create(
                team=membership.team,
                member=membership.user,
                wanted=wanted.parameters,
                expected=estimate(membership.team, wanted),
                expires_at=timezone.now() + KEEP,
            )
            note_export(membership=membership, wanted=wanted, kind="XLSX")
            enqueue_on_commit(tasks.write_export, str(export.pk))
    except IntegrityError:
        return None
    return export


def estimate(team: Team, wanted: Wanted) -> int | None:
    """Return how many rows there will be, from the roll-up; None where it does not know."""
    if wanted.text or wanted.state or wanted.tag:
        return None
    trips = TripDay.objects.filter(team=team)
    columns = {
        "service": wanted.service,
        "country": wanted.country,
        "buyer": wanted.member,
        "account": wanted.account,
        "day__gte": wanted.first,
        "day__lte": wanted.last,
    }
    asked = {column: value for column, value in columns.items() if value is not None}
    return int(trips.filter(**asked).aggregate(sum=Sum("purchases", default=0))["sum"])


def cancel_export(*, export: Export) -> bool:
    """Give up an export that is not ready; its worker notices within a batch. False when it is late."""
    with transaction.atomic():
        given_up = Export.objects.open().filter(pk=export.pk).update(state=State.CANCELLED)
        if given_up:
            _tell(export)
    return bool(given_up)


def write_export(*, export_id: str) -> None:
    """Write the workbook, unless somebody does or another export is being written: then it waits.

    May be called at any time and any number of times. A member who has lost the right to see the
    history gets nothing, whenever that happens.
    """
    export = Export.objects.select_related("team", "member").get(pk=export_id)
    if not _claim(export):
        return
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f"{export.pk}.{export.claim}.part"
    try:
        batches = sheets.batches(_membership_of(export), export.looks_for)
        rows = sheets.write_workbook(part, batches, _Progress(export))
        _finish(export, part, rows)
    except Taken:
        logger.info("export %s: given up", export.pk)
    except Exception:
        logger.exception("export %s", export.pk)
        _swap(export, State.FAILED)
    finally:
        part.unlink(missing_ok=True)
        start_next()


def _membership_of(export: Export) -> Membership:
    members = Membership.objects.select_related("team", "user")
    found = members.filter(team=export.team, user=export.member).first()
    if found is None:
        _swap(export, State.CANCELLED)
        raise Taken
    return found


def _claim(export: Export) -> bool:
    """Whether it is ours to write now. The database lets one of all exports be running."""
    claim, now = uuid.uuid4(), timezone.now()
    try:
        with transaction.atomic():
            claimed = Export.objects.filter(pk=export.pk, state=State.QUEUED).update(
                state=State.RUNNING, claim=claim, seen_at=now, rows=0
            )
            if claimed:
                _tell(export)
    except IntegrityError:
        return False
    export.claim = claim
    return bool(claimed)


class _Progress:
    """Notes how far a worker is, about once a second, and ends it when it has lost its right to write."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self.due = time.monotonic()

    def __call__(self, rows: int) -> None:
        """Raise ``Taken`` when the export was cancelled, or its member may no longer see the history."""
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + TELL_SECONDS
        if not may_see(self.export.team, self.export.member):
            _swap(self.export, State.CANCELLED)
            raise Taken
        if not _swap(self.export, State.RUNNING, rows=rows):
            raise Taken


def may_see(team: Team, user: User) -> bool:
    """Whether ``user`` is in ``team``, now, and may sign in at all."""
    return Membership.objects.filter(team=team, user=user, user__is_active=True).exists()


def _finish(export: Export, part: Path, rows: int) -> None:
    if not may_see(export.team, export.member):
        _swap(export, State.CANCELLED)
        raise Taken
    part.replace(export.path)
    now = timezone.now()
    with transaction.atomic():
        done = _swap(export, State.DONE, rows=rows, expires_at=now + KEEP)
        if done:
            _send_news(export)
    if not done:
        export.path.unlink(missing_ok=True)


def _send_news(export: Export) -> None:
    news.send(
        Export,
        team_id=export.team_id,
        user_ids=[export.member_id],
        kind="export_ready",
        key=f"export:{export.pk}",
        title=lambda: _("Your file is ready"),
        body=lambda: _("The history as a workbook. It is kept for a day."),
        url=reverse("reports:exports", args=[export.team.slug]),
    )


def _swap(export: Export, to: ExportState, **changes: object) -> bool:
    """Change an export that this worker writes; False when it is no longer its own."""
    mine = Export.objects.filter(pk=export.pk, state=State.RUNNING, claim=export.claim)
    with transaction.atomic():
        swapped = mine.update(state=to, seen_at=timezone.now(), **changes)
        if swapped:
            _tell(export)
    return bool(swapped)


def _tell(export: Export) -> None:
    bus.publish(team_id=export.team_id, topic=f"export:{export.pk}")


def start_next() -> None:
    """Enqueue the export that has waited longest."""
    from reports import tasks  # the tasks import the operations

    waiting = Export.objects.filter(state=State.QUEUED).order_by("created", "pk").first()
    if waiting is not None:
        enqueue_on_commit(tasks.write_export, str(waiting.pk))


def sweep_exports() -> None:
    """Find what was lost: exports of dead workers, lost wake-ups, and files whose day is over."""
    now = timezone.now()
    dead = Export.objects.filter(state=State.RUNNING, seen_at__lt=now - SILENT)
    dead.update(state=State.QUEUED, claim=None)
    rights = Membership.objects.filter(
        team=OuterRef("team"), user=OuterRef("member"), user__is_active=True
    )
    over = Export.objects.filter(Q(expires_at__lt=now) | ~Exists(rights))
    for export in over.exclude(state=State.RUNNING):  # that one's worker notices
        export.path.unlink(missing_ok=True)
        export.delete()
    _remove_strays(now.timestamp() - (KEEP + SILENT).total_seconds())
    start_next()


def _remove_strays(before: float) -> None:
    """Files that no row knows: of a worker that was killed, of a member who is gone."""
    folder = Path(settings.EXPORT_DIR)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.stat().st_mtime >= before:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
