"""Tables that people take away and open in a spreadsheet."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.http import FileResponse, StreamingHttpResponse
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from core.text import spell_out

# What spreadsheets take for the start of a formula (OWASP: CSV injection); tabs and line ends
# before it are skipped by some of them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_ROWS = 1_048_575  # that a sheet has below its header
LONGEST_CELL = 32_767
MOMENT = "yyyy-mm-dd hh:mm:ss"


def neutralise(cell: object) -> str:
    """Return ``cell`` as text that no spreadsheet runs: an apostrophe before what looks like a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


class _Echo:
    """A file for ``csv.writer`` that gives back what is written."""

    def write(self, line: str) -> str:
        return line


def stream_csv(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Answer ``rows`` as the file ``name``.csv, line by line: memory does not grow with them.

    With a byte order mark, without which Excel takes UTF-8 for the local code page.
    """
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow([neutralise(cell) for cell in header])
        for row in rows:
            yield writer.writerow([neutralise(cell) for cell in row])

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def send_xlsx(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> FileResponse:
    """Answer ``rows`` as the file ``name``.xlsx, written to a temporary file: memory does not grow.

    Text is written as text: a spreadsheet runs no formula of a cell that is one. Decimals are numbers
    to reckon with, dates stay dates (in UTC, which the format does not say), all else is text.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it when it is sent
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, {**options, "strings_to_numbers": False, "remove_timezone": True}) as book:
        sheet = book.add_worksheet()
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": MOMENT})
        for column, cell in enumerate(header):
            sheet.write_string(0, column, str(cell), bold)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                _write_cell(sheet, number, column, cell, moment)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def _write_cell(sheet: Worksheet, row: int, column: int, cell: object, moment: Format) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, Decimal | int) and not isinstance(cell, bool):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell.astimezone(UTC).replace(tzinfo=None), moment)
    else:
        sheet.write_string(row, column, spell_out(str(cell))[:LONGEST_CELL])
