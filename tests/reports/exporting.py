"""Asking for files of the history, and reading what is in them."""

import csv
import io
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

from django.test import Client
from django.urls import reverse

from accounts.models import Team
from reports import operations, sheets
from reports.models import Export

NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


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
