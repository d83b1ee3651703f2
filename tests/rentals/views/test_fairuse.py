"""What the pages say where nothing may be bought, and how the terms are accepted."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Action, AuditEntry, Team, User
from accounts.models.team import TERMS_VERSION
from catalog.models import Offer
from rentals.models import BuyingStop
from tests.factories import make_provider_account

ClientOf = Callable[[User], Client]


@pytest.fixture
def fresh(team: Team) -> Team:
    """A team that has accepted nothing yet."""
    make_provider_account(team)
    team.terms_version = team.purpose = ""
    team.save()
    return team


def offers(client: Client, team: Team, offer: Offer) -> str:
    desk = reverse("rentals:desk", args=[team.slug])
    page = client.get(f"{desk}?service={offer.service.pk}").text
    part = client.get(
        reverse("rentals:offers", args=[team.slug]) + f"?service={offer.service.pk}",
        headers={"HX-Request": "true"},
    ).text
    assert ("Buy for" in page) == ("Buy for" in part)
    return page


def test_an_owner_accepts_the_terms_and_says_what_the_numbers_are_for(
    client_of: ClientOf, alice: User, fresh: Team, offer: Offer
) -> None:
    browser = client_of(alice)
    terms = reverse("accounts:team_terms", args=[fresh.slug])
    assert terms in offers(browser, fresh, offer)
    assert "Buy for" not in offers(browser, fresh, offer)
    assert "No bulk sign-ups" in browser.get(terms).text

    accept = reverse("accounts:accept_terms", args=[fresh.slug])
    browser.post(accept, {"purpose": "Our own app", "accepted": "on"})

    fresh.refresh_from_db()
    assert (fresh.purpose, fresh.terms_version) == ("Our own app", TERMS_VERSION)
    assert fresh.terms_accepted_by == alice
    assert "Buy for $0.14" in offers(browser, fresh, offer)
    entry = AuditEntry.objects.get(action=Action.TERMS_ACCEPTED)
    assert (entry.actor_id, entry.after["purpose"]) == (alice.pk, "Our own app")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"purpose": "Our own app"}, "Tick the box"),
        ({"purpose": "", "accepted": "on"}, "required"),
        ({"purpose": "x" * 301, "accepted": "on"}, "at most 300"),
    ],
)
def test_half_a_form_accepts_nothing(
    client_of: ClientOf, alice: User, fresh: Team, form: dict[str, str], words: str
) -> None:
    response = client_of(alice).post(reverse("accounts:accept_terms", args=[fresh.slug]), form)
    assert response.status_code == 422
    assert words in response.text
    fresh.refresh_from_db()
    assert not fresh.has_accepted_terms


def test_a_member_reads_them_and_cannot_accept(client_of: ClientOf, bob: User, fresh: Team) -> None:
    browser = client_of(bob)
    page = browser.get(reverse("accounts:team_terms", args=[fresh.slug])).text
    assert "an owner or admin of the team accepts" in page
    assert "Accept for the team" not in page
    accept = reverse("accounts:accept_terms", args=[fresh.slug])
    assert browser.post(accept, {"purpose": "x", "accepted": "on"}).status_code == 403


def test_anyone_reads_the_terms(client: Client, db: None) -> None:
    assert "No bulk sign-ups" in client.get(reverse("accounts:terms")).text


def test_what_is_not_allowed_here_is_not_offered(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team)
    offer.service.denied = "Banks are not allowed."
    offer.service.save()
    browser = client_of(alice)
    services = reverse("rentals:services", args=[team.slug])
    assert "Telegram" not in browser.get(services, headers={"HX-Request": "true"}).text
    page = offers(browser, team, offer)
    assert "This site sells no numbers for Telegram: Banks are not allowed." in page
    assert "Buy for" not in page


def test_the_desk_says_that_buying_is_stopped(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team)
    BuyingStop.objects.create(reason="Under review.")
    page = offers(client_of(alice), team, offer)
    assert "Buying is stopped at the moment: Under review. Open numbers go on." in page
    assert "Buy for" not in page


def test_staff_stop_buying_and_let_it_go_on(
    client_of: ClientOf, sam: User, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team)
    browser = client_of(sam)
    page = reverse("admin:rentals_buyingstop_add")
    assert "Tick the box first" in browser.post(page, {"reason": "Under review."}).text
    assert not BuyingStop.objects.exists()
    browser.post(page, {"reason": "Under review.", "confirmed": "on"})
    stop = BuyingStop.objects.get()
    assert (stop.stopped_by, stop.team, stop.account) == (sam, None, None)
    assert "Buy for" not in offers(client_of(alice), team, offer)
    again = browser.post(page, {"reason": "Twice.", "confirmed": "on"})
    assert "already" in again.text
    browser.post(reverse("admin:rentals_buyingstop_delete", args=[stop.pk]), {"post": "yes"})
    assert "Buy for $0.14" in offers(client_of(alice), team, offer)
    told = AuditEntry.objects.filter(object_type="rentals.BuyingStop").order_by("sequence")
    assert [entry.action for entry in told] == [Action.STAFF_ADDED, Action.STAFF_DELETED]


def test_staff_put_a_service_on_the_deny_list(client_of: ClientOf, sam: User, offer: Offer) -> None:
    page = reverse("admin:catalog_service_change", args=[offer.service.pk])
    client_of(sam).post(page, {"denied": "Banks are not allowed.", "title": "Renamed"})
    offer.service.refresh_from_db()
    assert (offer.service.denied, offer.service.title) == ("Banks are not allowed.", "Telegram")
    assert AuditEntry.objects.get(action=Action.STAFF_CHANGED).after == {
        "denied": "Banks are not allowed."
    }
