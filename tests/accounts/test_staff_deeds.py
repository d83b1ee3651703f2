"""What staff do to people and teams: sessions ended, terms asked for again, no team without an owner."""

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.models import Action, AuditEntry, Membership, Role, Team, User

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


def signed_in(browser: Client) -> bool:
    return browser.get("/me/").status_code == 200


def with_session(browser: Client, user: User) -> UserSession:
    """The session of a browser as allauth keeps it."""
    key = browser.session.session_key
    return UserSession.objects.get_or_create(
        session_key=key, defaults={"user": user, "ip": "127.0.0.1", "user_agent": "a browser"}
    )[0]


def test_ending_one_session_leaves_the_others(client_of: Browser, sam: User, alice: User) -> None:
    one, other = client_of(alice), client_of(alice)
    session = with_session(one, alice)
    with_session(other, alice)
    page = f"/admin/usersessions/usersession/{session.pk}/do/end/"
    assert client_of(sam).post(page, {}).status_code == 422
    assert signed_in(one)
    assert client_of(sam).post(page, {"confirmed": "on"}).status_code == 302
    assert not signed_in(one)
    assert signed_in(other)


def test_ending_all_sessions_signs_out_everywhere(
    client_of: Browser, sam: User, alice: User, bob: User
) -> None:
    browsers, bobs = [client_of(alice) for _ in range(3)], client_of(bob)
    for browser in browsers:
        with_session(browser, alice)
    with_session(bobs, bob)
    page = f"/admin/accounts/user/{alice.pk}/do/end-sessions/"
    told = client_of(sam).post(page, {"confirmed": "on"}, follow=True)
    assert "3 sessions ended." in told.text
    assert not any(signed_in(browser) for browser in browsers)
    assert signed_in(bobs)
    entry = AuditEntry.objects.get(action=Action.SESSIONS_ENDED)
    assert (entry.actor_email, entry.object_id) == (sam.email, str(alice.pk))
    assert entry.after == {"sessions": 3}


def test_no_page_shows_the_key_of_a_session(client_of: Browser, sam: User, alice: User) -> None:
    session = with_session(client_of(alice), alice)
    for page in ("", f"{session.pk}/change/", f"{session.pk}/do/end/"):
        text = client_of(sam).get(f"/admin/usersessions/usersession/{page}").text
        assert "127.0.0.1" in text
        assert session.session_key not in text


def test_terms_are_asked_for_again(client_of: Browser, sam: User, team: Team) -> None:
    page = f"/admin/accounts/team/{team.pk}/do/withdraw-terms/"
    assert client_of(sam).post(page, {}).status_code == 422
    assert client_of(sam).post(page, {"confirmed": "on"}).status_code == 302
    team.refresh_from_db()
    assert not team.has_accepted_terms
    entry = AuditEntry.objects.of_team(team).get(action=Action.TERMS_WITHDRAWN)
    assert entry.actor_email == sam.email
    assert page not in client_of(sam).get(f"/admin/accounts/team/{team.pk}/change/").text


def test_no_team_is_left_without_an_owner(
    client_of: Browser, sam: User, team: Team, alice: User, bob: User
) -> None:
    browser, owner = client_of(sam), team.memberships.get(user=alice)
    page = f"/admin/accounts/membership/{owner.pk}/"
    form = {"team": team.pk, "user": alice.pk, "role": "viewer"}
    assert "needs an owner" in browser.post(f"{page}change/", form).text
    assert browser.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"}
    browser.post("/admin/accounts/membership/", chosen)
    inline = {
        "name": team.name,
        "purpose": team.purpose,
        "retention_days": team.retention_days,
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": owner.pk,
        "memberships-0-team": team.pk,
        "memberships-0-user": alice.pk,
        "memberships-0-role": "owner",
        "memberships-0-DELETE": "on",
    }
    refused = browser.post(f"/admin/accounts/team/{team.pk}/change/", inline)
    assert "needs an owner" in refused.text
    owner.refresh_from_db()
    assert owner.role == Role.OWNER
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert browser.post(f"{page}change/", form).status_code == 302
    owner.refresh_from_db()
    assert owner.role == Role.VIEWER
