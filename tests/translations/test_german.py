"""German is there as a whole: every sentence, with its figures, as a start makes it."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils.translation import gettext, ngettext, override

from core.translations import compile_translations
from tests.translations.wordlist import CATALOGUES, missing

FIGURE = re.compile(r"%\(\w+\)[sd]|%%|<[^>]+>")


def test_no_sentence_is_without_its_translation() -> None:
    assert [path.parent.parent.name for path in CATALOGUES] == [
        code for code, _name in settings.LANGUAGES if code != "en"
    ]
    for path in CATALOGUES:
        assert missing(path) == [], "script/words brings the catalogue up to date"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_each_translation_has_the_figures_and_the_tags_of_its_sentence(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id or message.pluralizable or not message.string:
            continue
        wanted, there = (sorted(FIGURE.findall(text)) for text in (message.id, message.string))
        assert wanted == there, message.id


def test_plurals_follow_the_language() -> None:
    with override("de"):
        one, many = (
            ngettext("%(count)d minute", "%(count)d minutes", n) % {"count": n} for n in (1, 2)
        )
    assert (one, many) == ("1 Minute", "2 Minuten")


@pytest.mark.django_db
def test_a_german_browser_reads_german(client: Client) -> None:
    page = client.get("/", headers={"accept-language": "de-AT,de;q=0.9,en;q=0.1"})

    assert '<html lang="de">' in page.text
    assert "Wo ein Team auf seine SMS wartet" in page.text


def test_only_what_changed_is_made_anew(tmp_path: Path) -> None:
    source, target = settings.LOCALE_PATHS[0], tmp_path / "locale"

    assert compile_translations(source, target) == len(CATALOGUES)
    assert compile_translations(source, target) == 0
    assert not list(target.rglob("*.[0-9]*"))
    with override("de"):
        assert gettext("No money moved.") == "Es ist kein Geld geflossen."
