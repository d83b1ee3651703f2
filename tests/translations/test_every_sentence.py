"""Every sentence on every page goes through gettext.

A pretended language puts each translated string in brackets; what a page shows outside of them is data, or was
forgotten.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.db.models import CharField, TextField
from django.utils.translation import override, trans_real
from pytest_django import Settings

from catalog.models import Country
from tests.e2e.pages import EXCUSED, FRAGMENT, PAGES
from tests.factories import fail_to_read
from tests.security.matrix import MATRIX
from tests.security.world import World, make_world

LANGUAGE = "de"
SILENT = ("script", "style", "code", "datalist", "kbd")
SHOWN_ATTRIBUTES = {
    "alt",
    "title",
    "placeholder",
    "aria-label",
    "data-lost",
    "data-ended",
    "data-copied",
    "data-unanswered",
    "data-again",
    "data-safely",
    "data-failed",
}
# Names, what is the same in every language, the secret of an authenticator app, and the one label that
# allauth does not translate: that of a passkey.
ALLOWED = re.compile(
    r"Busstop|SMS-BUS|English|Deutsch|\b(UTC|SMS|CSV|XLSX|JSON|API|URL|[A-Z]{2}|[A-Z2-7]{32}|Name)\b"
)


class Pretended:
    """A translation that puts brackets round everything it is asked for."""

    def gettext(self, message: str) -> str:
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)

    def language(self) -> str:
        return LANGUAGE

    def to_language(self) -> str:
        return LANGUAGE


class Reader(HTMLParser):
    """Collects what a reader of the page sees outside of brackets."""

    def __init__(self, data: re.Pattern[str]) -> None:
        super().__init__()
        self.data = data
        self.depth = 0
        self.silent = 0
        self.names: list[str] = []  # the tags of what says itself that it is not to be translated
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        named = dict(attributes)
        if named.get("translate") == "no":
            self.names.append(tag)
        for name in SHOWN_ATTRIBUTES & named.keys():
            self._note(_outside(named[name] or ""))
        if tag == "input" and named.get("type") in ("submit", "button"):
            self._note(_outside(named.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT
        if self.names and self.names[-1] == tag:
            self.names.pop()

    def handle_data(self, text: str) -> None:
        if self.silent or self.names:
            return
        kept, self.depth = _split(text, self.depth)
        self._note(kept)

    def _note(self, text: str) -> None:
        rest = self.data.sub(" ", ALLOWED.sub(" ", text))
        if re.search(r"[^\W\d_]{2,}", rest):
            self.outside.append(" ".join(text.split()))


def _split(text: str, depth: int) -> tuple[str, int]:
    """What stands outside of brackets, and how deep the end of ``text`` is in them."""
    kept = []
    for sign in text:
        depth += (sign == "⟦") - (sign == "⟧")
        kept.append(sign if depth == 0 and sign != "⟧" else " ")
    return "".join(kept), depth


def _outside(text: str) -> str:
    return _split(text, 0)[0]


@pytest.fixture
def world(db: None, sandbox: object, settings: Settings) -> World:
    return make_world()


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(trans_real._translations, LANGUAGE, Pretended())
    yield
    trans_real._active.__dict__.pop("value", None)


def data_of_the_site() -> re.Pattern[str]:
    """Whatever stands in the database: names, titles, texts, addresses; countries by their reader's names."""
    with override(LANGUAGE):
        texts = {country.name for country in Country.objects.all()}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, CharField | TextField) and not field.choices:
                texts |= {
                    str(text) for text in model._default_manager.values_list(field.name, flat=True)
                }
    whole = {text for text in texts if len(text) > 1 and re.search(r"[^\W\d_]", text)}
    parts = {text.partition("@")[0] for text in whole if "@" in text}
    longest_first = sorted(whole | parts, key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def routes_to_read() -> list[tuple[str, bool]]:
    """The pages of the list and the fragments of them; whether one has to be signed in."""
    pages = [(page.route, page.signed_in) for page in PAGES if page.route != "no-such-page/"]
    fragments = [(route, True) for route, reason in EXCUSED.items() if reason == FRAGMENT]
    return list(dict.fromkeys(pages + fragments))


@pytest.mark.usefixtures("pretended")
def test_no_page_shows_a_sentence_that_cannot_be_translated(world: World) -> None:
    owner, stranger = world.browser_of("owner"), world.browser_of("anonymous")
    fail_to_read()  # what is said of it is a fragment too
    data = data_of_the_site()
    outside: dict[str, list[str]] = {}

    for route, signed_in in routes_to_read():
        assert route in MATRIX
        browser = owner if signed_in else stranger
        address, headers = world.address(route), {"accept-language": LANGUAGE}
        page = browser.get(address, headers=headers, follow=True)
        reader = Reader(data)
        reader.feed(page.text)
        assert "⟦" in page.text, route
        if reader.outside:
            outside[route] = reader.outside

    assert outside == {}


def test_a_sentence_in_plain_english_is_noticed() -> None:
    reader = Reader(re.compile("Alice"))
    reader.feed('<p>⟦Hello⟧ Alice, <b title="⟦x⟧">⟦you⟧</b> 12</p><p title="Not so">Nor this</p>')
    assert reader.outside == ["Not so", "Nor this"]
