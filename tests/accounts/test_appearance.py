"""POST /appearance/: language and theme of who is not signed in."""

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

pytestmark = pytest.mark.django_db


def choose(client: Client, **fields: str) -> HttpResponse:
    return client.post("/appearance/", fields)  # type: ignore[return-value]


def test_the_next_page_has_them_from_the_server(client: Client) -> None:
    response = choose(client, language="de", theme="dark", next="/terms/")

    assert response["Location"] == "/terms/"
    page = client.get("/terms/")
    assert '<html lang="de" data-bs-theme="dark">' in page.text
    assert page["Content-Language"] == "de"


def test_the_system_decides_again_once_nothing_is_chosen(client: Client) -> None:
    choose(client, theme="dark")
    choose(client, theme="")

    page = client.get("/").text
    assert "data-bs-theme" not in page
    assert 'content="light dark"' in page


@pytest.mark.parametrize("next_page", ["https://elsewhere.example/", "//elsewhere.example", ""])
def test_it_leads_nowhere_else(client: Client, next_page: str) -> None:
    assert choose(client, theme="dark", next=next_page)["Location"] == "/"


def test_what_is_no_choice_changes_nothing(client: Client) -> None:
    response = choose(client, theme='"><script>', language="../..")

    assert not response.cookies
    client.cookies["theme"] = "pink"
    assert "data-bs-theme" not in client.get("/").text


def test_the_footer_offers_each_language_by_its_own_name(client: Client) -> None:
    page = client.get("/").text
    assert '<option value="de" lang="de">Deutsch</option>' in page


@override_settings(HTTPS=True, THEME_COOKIE_NAME="__Host-theme")
def test_on_https_the_cookies_are_bound_to_the_host(client: Client) -> None:
    for theme in ("dark", ""):
        cookie = choose(client, theme=theme).cookies["__Host-theme"]
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
