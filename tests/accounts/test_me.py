"""GET, POST /me/, and what the time zone does."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory

from accounts.forms import time_zones
from accounts.middleware import signed_in_pages
from accounts.models import Team, User
from tests.accounts.conftest import Visit, is_sign_in, text_of

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_name_and_time_zone_are_saved(alice: User, visit: Visit) -> None:
    response = visit("alice", "/me/", {"name": "Alice L.", "time_zone": "Asia/Tokyo"})
    assert response["Location"] == "/me/"
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Alice L.", "Asia/Tokyo")


def test_nothing_else_can_be_set(alice: User, visit: Visit) -> None:
    fields = {"email": "x@example.org", "is_staff": "1", "is_superuser": "1"}
    visit("alice", "/me/", {"name": "A", "time_zone": "UTC", **fields})
    alice.refresh_from_db()
    assert (alice.email, alice.is_staff, alice.is_superuser) == ("alice@example.org", False, False)


def test_an_unknown_time_zone_is_refused(alice: User, visit: Visit) -> None:
    assert visit("alice", "/me/", {"time_zone": "Mars/Olympus"}).status_code == 200
    alice.refresh_from_db()
    assert alice.time_zone == "UTC"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("tokyo", "Asia/Tokyo"), ("new york", "America/New_York"), ("EUROPE/berlin", "Europe/Berlin")],
)
def test_a_zone_is_found_by_its_place(alice: User, visit: Visit, typed: str, kept: str) -> None:
    visit("alice", "/me/", {"time_zone": typed})
    alice.refresh_from_db()
    assert alice.time_zone == kept


def test_language_and_theme_are_saved_and_known_before_the_next_sign_in(
    alice: User, visit: Visit
) -> None:
    response = visit("alice", "/me/", {"time_zone": "UTC", "language": "de", "theme": "dark"})
    alice.refresh_from_db()
    assert (alice.language, alice.theme) == ("de", "dark")
    assert response.cookies["django_language"].value == "de"
    assert response.cookies["theme"].value == "dark"
    assert response.cookies["theme"]["httponly"]

    page = text_of(visit("alice", "/me/"))
    assert '<html lang="de" data-bs-theme="dark">' in page
    assert '<meta name="color-scheme" content="dark">' in page

    response = visit("alice", "/me/", {"time_zone": "UTC", "language": "", "theme": ""})
    assert response.cookies["theme"].value == ""
    assert '<html lang="en">' in text_of(visit("alice", "/me/"))


@pytest.mark.parametrize("wrong", [{"language": "xx"}, {"theme": "pink"}])
def test_a_language_or_theme_that_we_do_not_have_is_refused(
    alice: User, visit: Visit, wrong: dict[str, str]
) -> None:
    assert visit("alice", "/me/", {"time_zone": "UTC", **wrong}).status_code == 200
    alice.refresh_from_db()
    assert (alice.language, alice.theme) == ("", "")


def test_it_lists_ones_teams(team: Team, visit: Visit) -> None:
    page = text_of(visit("alice", "/me/"))
    assert f'href="/t/{team.slug}/"' in page
    assert "Departures" in page


def test_strangers_sign_in_first_and_other_methods_are_refused(alice: User, visit: Visit) -> None:
    assert is_sign_in(visit("anonymous", "/me/"))
    assert visit("alice", "/me/", method="delete").status_code == 405


def test_the_zones_on_offer_are_all_real() -> None:
    assert {ZoneInfo(name).key for name, _ in time_zones()} >= {"UTC", "Europe/Paris"}


def show_noon(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Template("{{ noon|date:'H:i' }}").render(Context({"noon": NOON})))


@pytest.mark.parametrize(
    ("zone", "shown"), [("UTC", "12:00"), ("Asia/Tokyo", "21:00"), ("No/Such", "12:00")]
)
def test_times_are_shown_in_the_readers_zone(zone: str, shown: str) -> None:
    request = RequestFactory().get("/")
    request.user = User(email="alice@example.org", time_zone=zone)
    response = signed_in_pages(show_noon)(request)
    assert response.content.decode() == shown
    assert "no-store" in response["Cache-Control"]


def test_one_readers_zone_does_not_leak_into_the_next_page() -> None:
    request = RequestFactory().get("/")
    request.user = User(time_zone="Asia/Tokyo")
    signed_in_pages(show_noon)(request)
    request.user = AnonymousUser()
    response = signed_in_pages(show_noon)(request)
    assert response.content == b"12:00"
    assert "no-store" in response["Cache-Control"]
