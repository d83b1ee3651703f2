"""Days and moments are written in one form on every page and in every mail."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import override

PROJECT = Path(__file__).resolve().parent.parent.parent
MOMENT = datetime(2026, 12, 7, 21, 53, 7, tzinfo=UTC)
# Forms that Django chooses, or that a page would have of its own: in English a clock of twelve hours.
ELSEWHERE = re.compile(
    r"DATE(?:TIME)?_FORMAT|\|date\s|\|date:[\"'](?![YcU]|[jDFMH]\b[\"']|F Y|H:i:s)"
)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "7 Dec 2026 | 7 Dec 2026, 22:53 | 7 December 2026, 22:53:07 CET | 7 Dec 2026"),
        ("de", "7. Dez 2026 | 7. Dez 2026, 22:53 | 7. Dezember 2026, 22:53:07 CET | 7. Dez 2026"),
    ],
)
def test_in_the_language_and_the_time_zone_of_the_reader(language: str, words: str) -> None:
    template = Template(
        "{% load busstop %}{{ at|as_day }} | {{ at|as_moment }} | {{ at|exactly }} | {{ on|as_day }}"
    )
    with override(language), timezone.override("Europe/Berlin"):
        assert template.render(Context({"at": MOMENT, "on": date(2026, 12, 7)})) == words


def test_what_never_was_is_a_dash() -> None:
    template = Template("{% load busstop %}{{ at|as_day }}{{ at|as_moment }}{{ at|exactly }}")
    assert template.render(Context({"at": None})) == "–––"


def test_no_page_and_no_mail_has_a_form_of_its_own() -> None:
    templates = [path for path in (PROJECT / "templates").rglob("*.*") if "admin" not in path.parts]
    assert len(templates) > 100
    found = [
        f"{path.relative_to(PROJECT)}: {match[0]}"
        for path in templates
        for match in ELSEWHERE.finditer(path.read_text())
    ]
    assert found == []


def test_no_code_of_a_page_does_either() -> None:
    found = [
        str(path.relative_to(PROJECT))
        for folder in ("accounts", "catalog", "notify", "rentals", "reports")
        for path in (PROJECT / folder).rglob("*.py")
        if "date_format(" in path.read_text() and "admin" not in path.parts
    ]
    assert found == []
