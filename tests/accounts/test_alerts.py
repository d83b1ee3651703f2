"""What happens when a code arrives: switches of one's own, kept on the server."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from accounts.models import Team, User

ClientOf = Callable[[User], Client]
ALERTS = reverse("accounts:alerts")


def switches(user: User) -> tuple[bool, bool, bool]:
    user.refresh_from_db()
    return user.copies_codes, user.plays_sound, user.shows_notices


def test_switches_are_remembered_and_shown(client_of: ClientOf, alice: User, team: Team) -> None:
    client = client_of(alice)
    assert switches(alice) == (False, False, False)

    answer = client.post(ALERTS, {"plays_sound": "on"}, headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert switches(alice) == (False, True, False)
    html = client.get(reverse("rentals:desk", args=[team.slug])).text
    assert 'name="plays_sound" checked' in html
    assert 'name="copies_codes" checked' not in html
    client.post(ALERTS, {"copies_codes": "on", "shows_notices": "on"})
    assert switches(alice) == (True, False, True)


def test_nothing_else_can_be_changed_with_them(client_of: ClientOf, alice: User) -> None:
    client_of(alice).post(ALERTS, {"plays_sound": "on", "is_staff": "on", "email": "x@example.org"})

    alice.refresh_from_db()
    assert not alice.is_staff
    assert alice.email == "alice@example.org"


def test_everybody_has_their_own(client_of: ClientOf, alice: User, bob: User) -> None:
    client_of(bob).post(ALERTS, {"copies_codes": "on"})

    assert switches(alice) == (False, False, False)


def test_only_who_is_signed_in_and_only_by_post(
    client: Client, client_of: ClientOf, alice: User
) -> None:
    assert client.post(ALERTS).headers["Location"].startswith("/accounts/login/")
    assert client_of(alice).get(ALERTS).status_code == 405
