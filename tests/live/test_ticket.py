"""Where a page gets its right to listen."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from live import tickets


def address(team: Team) -> str:
    return reverse("live:ticket", args=[team.slug])


def test_every_member_gets_a_ticket_of_their_own_for_the_team(
    client_of: Callable[[User], Client], team: Team, alice: User, bob: User, vera: User
) -> None:
    for user in (alice, bob, vera):
        answer = client_of(user).get(address(team))
        assert answer.headers["Cache-Control"] == "no-store"
        url = urlsplit(answer.json()["url"])
        assert url.path == "/live"
        ticket = tickets.read(parse_qs(url.query)["ticket"][0])
        assert (ticket.team_id, ticket.user_id) == (team.pk, user.pk)


def test_outsiders_get_none(
    client_of: Callable[[User], Client], team: Team, charlie: User, sam: User
) -> None:
    for user in (charlie, sam):
        assert client_of(user).get(address(team)).status_code == 404


def test_who_is_not_signed_in_is_sent_to_sign_in(client: Client, team: Team) -> None:
    answer = client.get(address(team))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


def test_a_ticket_is_only_read(
    client_of: Callable[[User], Client], team: Team, alice: User
) -> None:
    assert client_of(alice).post(address(team)).status_code == 405


def test_a_ticket_cannot_be_changed() -> None:
    ticket = tickets.make(team_id=1, user_id=2)
    assert tickets.read(ticket).user_id == 2
    for forged in (ticket.replace("1.2.", "1.3.", 1), ticket + "x", ticket[:-1], "", "::", "\x00"):
        with pytest.raises(tickets.InvalidTicket):
            tickets.read(forged)


def test_a_signature_made_for_something_else_is_no_ticket() -> None:
    from django.core import signing

    with pytest.raises(tickets.InvalidTicket):
        tickets.read(signing.TimestampSigner().sign("1.2"))


def test_a_ticket_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = tickets.make(team_id=1, user_id=2)
    monkeypatch.setattr(tickets, "TICKET_SECONDS", -1)
    with pytest.raises(tickets.ExpiredTicket):
        tickets.read(ticket)
