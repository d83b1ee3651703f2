"""History as a table: its columns, its rows batch by batch, and a workbook of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from django.db.models import prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from core.spreadsheet import neutralise
from core.text import spell_out
from rentals.history import Wanted, page_of, place_of
from rentals.models import Message, Purchase
from rentals.views.history import row_of
from rentals.visibility import may_read

BATCH = 500  # purchases in memory at a time
SHEET_ROWS = 1_000_000  # of the 1,048,576 that a sheet holds, its header among them

COLUMNS: tuple[str | Promise, ...] = (
    *(_("Bought (UTC)"), _("Service"), _("Country or area"), _("Months"), _("Number")),
    *(_("State"), _("Member"), _("Provider account"), _("Spent, USD"), _("Reserved, USD")),
    *(_("First SMS (UTC)"), _("Waited, seconds"), _("Codes"), _("Tags"), _("Note"), _("Purchase")),
)

Cells = list[Any]


def batches(membership: Membership, wanted: Wanted) -> Iterator[list[Cells]]:
    """Yield the rows of what is ``wanted``, newest first, ``BATCH`` at a time by place in the list.

    Codes are there as far as the member may read them.

    Each batch is a query of its own: nothing is kept open for as long as somebody's line is slow.
    """
    place = ""
    while found := page_of(wanted.of(membership), place, BATCH):
        prefetch_related_objects(found, "tags", "activation__messages", "lease__messages")
        yield [_cells(purchase, membership) for purchase in found]
        if len(found) < BATCH:
            return
        place = place_of(found[-1])


def _cells(purchase: Purchase, membership: Membership) -> Cells:
    money = row_of(purchase)
    number = getattr(purchase, "activation", None)
    received = number.received_at if number else None
    waited = round((received - number.created).total_seconds()) if number and received else None
    return [
        purchase.created,
        purchase.title,
        purchase.place_as_sold,
        purchase.months,
        purchase.number,
        purchase.stands,
        spell_out(purchase.buyer.short_name),
        purchase.account.name,
        money.spent,
        money.reserved,
        received,
        waited,
        " ".join(_codes(purchase)) if may_read(membership, purchase) else "",
        ", ".join(tag.name for tag in purchase.tags.all()),
        spell_out(purchase.note),
        str(purchase.code),
    ]


def _codes(purchase: Purchase) -> list[str]:
    found: Iterable[Message] = purchase.goods.messages.all() if purchase.goods else ()
    return [message.code for message in sorted(found, key=lambda one: one.pk) if message.code]


def as_text(cells: Cells) -> list[str]:
    """The cells of a row for a CSV file: times as ISO 8601 says, amounts with a point."""
    return [
        cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(cell, datetime)
        else ""
        if cell is None
        else str(cell)
        for cell in cells
    ]


def write_workbook(
    path: Path, rows: Iterable[Sequence[Cells]], progress: Callable[[int], None]
) -> int:
    """Write batches of rows into a workbook at ``path``; return how many rows there were.

    ``progress`` hears the number of rows so far after each batch, and may raise to end it. Memory
    does not grow with the rows: each goes to a file as soon as the next one begins.
    """
    written = 0
    with TemporaryDirectory(dir=path.parent) as folder:
        options = {"constant_memory": True, "tmpdir": folder, "remove_timezone": True}
        book = xlsxwriter.Workbook(str(path), options)
        sheet = _Sheet(book)
        for batch in rows:
            for cells in batch:
                if sheet.rows == SHEET_ROWS:
                    sheet = _Sheet(book)
                sheet.write(cells)
            written += len(batch)
            progress(written)
        book.close()  # puts it together: not for one that was ended
    return written


class _Sheet:
    """A sheet with its header, which stays in sight."""

    def __init__(self, book: Any) -> None:
        number = len(book.worksheets()) + 1
        self.sheet = book.add_worksheet("History" if number == 1 else f"History {number}")
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.amount = book.add_format({"num_format": "0.00##"})
        bold = book.add_format({"bold": True})
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_column(0, len(COLUMNS) - 1, 18)
        for column, title in enumerate(COLUMNS):
            self.sheet.write_string(0, column, str(title), bold)
        self.rows = 0

    def write(self, cells: Cells) -> None:
        """Add a row. Text is only ever text: no formula, no link."""
        self.rows += 1
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                self.sheet.write_datetime(self.rows, column, cell.astimezone(UTC), self.moment)
            elif isinstance(cell, Decimal):
                self.sheet.write_number(self.rows, column, float(cell), self.amount)
            elif isinstance(cell, int):
                self.sheet.write_number(self.rows, column, cell)
            elif cell:
                self.sheet.write_string(self.rows, column, neutralise(cell))
