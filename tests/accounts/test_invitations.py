"""Invitations: the posts on the team page, the mail, and the page behind its link"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import operations
from accounts.models import Action, AuditEntry, Invitation, Role, Team, User
from tests.accounts.conftest import Visit, is_sign_in, text_of
from tests.factories import PASSWORD, add_member, make_invitation, make_user

Mails = list[EmailMessage]
Browser = Callable[[User], Client]


def role_of(user: User, team: Team) -> str | None:
    return team.memberships.filter(user=user).values_list("role", flat=True).first()


def link_in(mail: EmailMessage) -> str:
    return re.search(r"http://127\.0\.0\.1:8000(/invitations/\S+/)", mail.body)[1]


@pytest.fixture
def page(team: Team) -> str:
    return f"/t/{team.slug}/team/invitations/"


# --- inviting


def test_who_is_invited_gets_a_link_joins_and_all_of_it_is_audited(
    page: str, team: Team, charlie: User, visit: Visit, mailoutbox: Mails
) -> None:
    visit("alice", page, {"email": "Charlie@Example.org", "role": "viewer"})
    (mail,) = mailoutbox
    assert mail.to == ["charlie@example.org"]
    assert mail.subject == "Alice invites you to Departures on Busstop"
    assert "Alice (alice@example.org) invites you to the team Departures" in mail.body
    assert "charlie@example.org" in text_of(visit("alice", f"/t/{team.slug}/team/"))
    link = link_in(mail)
    assert "Join the team" in text_of(visit("charlie", link))
    assert role_of(charlie, team) is None, "a GET changes nothing"
    assert visit("charlie", link, {})["Location"] == f"/t/{team.slug}/"
    assert role_of(charlie, team) == Role.VIEWER
    trail = AuditEntry.objects.of_team(team).values_list("action", "actor_name")
    assert list(trail) == [(Action.MEMBER_JOINED, "Charlie"), (Action.MEMBER_INVITED, "Alice")]


def test_the_token_is_not_in_the_database(
    page: str, alice: User, visit: Visit, mailoutbox: Mails
) -> None:
    visit("alice", page, {"email": "new@example.org", "role": "member"})
    token = link_in(mailoutbox[0]).split("/")[2]
    assert len(token) >= 43, "256 bits"
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert token not in str(cursor.fetchall()), table


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404), ("sam", 404)]
)
def test_only_who_manages_invites_resends_and_withdraws(
    who: str, status: int, page: str, team: Team, visit: Visit, mailoutbox: Mails
) -> None:
    invitation, _token = make_invitation(team)
    assert visit(who, page, {"email": "new@example.org", "role": "viewer"}).status_code == status
    for act in ("resend", "revoke"):
        assert visit(who, f"{page}{invitation.pk}/{act}/", {}).status_code == status
        assert visit("alice", f"{page}{invitation.pk}/{act}/").status_code == 405
        assert is_sign_in(visit("anonymous", f"{page}{invitation.pk}/{act}/", {}))
    assert list(Invitation.objects.all()) == [invitation]
    assert mailoutbox == []


def test_only_owners_invite_owners_and_touch_their_invitations(
    page: str, team: Team, bob: User, visit: Visit, mailoutbox: Mails
) -> None:
    team.memberships.filter(user=bob).update(role=Role.ADMIN)
    refused = visit("bob", page, {"email": "new@example.org", "role": "owner"})
    assert refused.status_code == 422
    with pytest.raises(PermissionDenied):
        operations.invite(
            actor=team.memberships.get(user=bob), email="new@example.org", role=Role.OWNER
        )
    ours, _token = make_invitation(team, role=Role.OWNER)
    for act in ("resend", "revoke"):
        assert visit("bob", f"{page}{ours.pk}/{act}/", {}).status_code == 403
    assert visit("bob", page, {"email": "new@example.org", "role": "admin"}).status_code == 302
    assert visit("alice", page, {"email": "boss@example.org", "role": "owner"}).status_code == 302
    assert [mail.to for mail in mailoutbox] == [["new@example.org"], ["boss@example.org"]]


def test_what_cannot_be_sent_is_said_in_the_form(
    page: str, team: Team, bob: User, visit: Visit, mailoutbox: Mails
) -> None:
    make_invitation(team, "guest@example.org")
    for email, words in (
        ("no address", "Enter a valid email address"),
        ("BOB@example.org", "This address is a member’s already"),
        ("guest@example.org", "This address is invited already"),
    ):
        answer = visit("alice", page, {"email": email, "role": "member"})
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert mailoutbox == []


def test_a_mail_server_that_fails_is_said_and_the_invitation_stays(
    page: str, team: Team, alice: User, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", fail)
    answer = client_of(alice).post(
        page, {"email": "new@example.org", "role": "member"}, follow=True
    )
    assert "The mail server did not take the invitation" in text_of(answer)
    assert team.invitations.count() == 1


def test_a_name_cannot_forge_headers_or_turn_the_text_about(
    team: Team, alice: User, mailoutbox: Mails
) -> None:
    team.name = "Night\nBcc: all@example.org \u202eshift"
    team.save()
    operations.invite(
        actor=team.memberships.get(user=alice), email="new@example.org", role=Role.MEMBER
    )
    assert "\n" not in mailoutbox[0].subject
    assert "[U+202E]" in mailoutbox[0].subject
    assert mailoutbox[0].recipients() == ["new@example.org"]


def test_sending_is_limited_for_each_address_and_each_sender(
    page: str, team: Team, alice: User, client_of: Browser, mailoutbox: Mails
) -> None:
    invitation, _token = make_invitation(team, "guest@example.org")
    browser = client_of(alice)
    again = f"{page}{invitation.pk}/resend/"
    assert [browser.post(again).status_code for _ in range(4)] == [302, 302, 302, 429]
    sent = [
        browser.post(page, {"email": f"g{n}@example.org", "role": "member"}).status_code
        for n in range(20)
    ]
    assert sent[-1] == 429
    assert len(mailoutbox) == 3 + sent.count(302) <= 20


# --- resending and withdrawing


def test_a_link_that_was_sent_again_kills_the_old_one(
    page: str, team: Team, bob: User, charlie: User, visit: Visit, mailoutbox: Mails
) -> None:
    team.memberships.filter(user=bob).update(role=Role.ADMIN)
    invitation, old = make_invitation(
        team, charlie.email, expires_at=timezone.now() - timedelta(days=1)
    )
    assert visit("bob", f"{page}{invitation.pk}/resend/", {}).status_code == 302
    assert visit("charlie", f"/invitations/{old}/", {}).status_code == 404
    assert role_of(charlie, team) is None
    invitation.refresh_from_db()
    assert invitation.invited_by == bob
    assert timezone.now() + timedelta(days=6) < invitation.expires_at
    assert visit("charlie", link_in(mailoutbox[0]), {}).status_code == 302
    assert role_of(charlie, team) == Role.MEMBER


def test_a_withdrawn_invitation_is_gone(page: str, team: Team, charlie: User, visit: Visit) -> None:
    invitation, token = make_invitation(team, charlie.email)
    visit("alice", f"{page}{invitation.pk}/revoke/", {})
    assert not Invitation.objects.exists()
    for data in (None, {}):
        answer = visit("charlie", f"/invitations/{token}/", data)
        assert answer.status_code == 404
        assert "This invitation is no longer valid" in text_of(answer)
    assert AuditEntry.objects.of_team(team)[0].action == Action.INVITATION_REVOKED
    assert visit("alice", f"{page}{invitation.pk}/revoke/", {}).status_code == 404


# --- accepting


def expire(invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now())


def demote_the_inviter(invitation: Invitation) -> None:
    invitation.team.memberships.filter(user=invitation.invited_by).update(role=Role.MEMBER)


def remove_the_inviter(invitation: Invitation) -> None:
    invitation.team.memberships.filter(user=invitation.invited_by).delete()


def deactivate_the_inviter(invitation: Invitation) -> None:
    User.objects.filter(pk=invitation.invited_by_id).update(is_active=False)


def promise_more_than_the_inviter_may(invitation: Invitation) -> None:
    invitation.team.memberships.filter(user=invitation.invited_by).update(role=Role.ADMIN)
    Invitation.objects.update(role=Role.OWNER)


@pytest.mark.parametrize(
    "spoil",
    [
        expire,
        demote_the_inviter,
        remove_the_inviter,
        deactivate_the_inviter,
        promise_more_than_the_inviter_may,
    ],
)
def test_a_link_ends_with_its_week_and_with_the_right_of_who_sent_it(
    spoil: Callable[[Invitation], None], team: Team, bob: User, charlie: User, visit: Visit
) -> None:
    team.memberships.filter(user=bob).update(role=Role.OWNER)
    invitation, token = make_invitation(team, charlie.email, invited_by=bob)
    spoil(invitation)
    for data in (None, {}):
        assert visit("charlie", f"/invitations/{token}/", data).status_code == 404
    with pytest.raises(operations.InvitationOver):
        operations.accept_invitation(invitation=invitation, user=charlie)
    assert role_of(charlie, team) is None
    page = text_of(visit("alice", f"/t/{team.slug}/team/"))
    assert "Has run out" in page or "Not good any more" in page


def test_a_wrong_address_is_said_and_the_right_one_is_not(
    team: Team, charlie: User, visit: Visit
) -> None:
    _invitation, token = make_invitation(team, "secret@example.org")
    for data, status in ((None, 200), ({}, 403)):
        answer = visit("charlie", f"/invitations/{token}/", data)
        assert answer.status_code == status
        assert "You are signed in as charlie@example.org" in text_of(answer)
        assert "secret" not in text_of(answer)
    assert role_of(charlie, team) is None
    assert "secret" not in text_of(visit("anonymous", f"/invitations/{token}/"))


def test_where_addresses_are_confirmed_only_those_count(
    team: Team, charlie: User, visit: Visit, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    _invitation, token = make_invitation(team, "work@example.org")
    link = f"/invitations/{token}/"
    mine = EmailAddress.objects.create(user=charlie, email="work@example.org", verified=False)
    assert "add that address to this account, confirm it" in text_of(visit("charlie", link))
    assert visit("charlie", link, {}).status_code == 403
    mine.verified = True
    mine.save()
    assert visit("charlie", link, {}).status_code == 302
    assert role_of(charlie, team) == Role.MEMBER


def test_who_has_no_account_is_led_through_making_one(
    team: Team, client: Client, settings: Settings, mailoutbox: Mails
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    _invitation, token = make_invitation(team, "new@example.org")
    link = f"/invitations/{token}/"
    assert "Make an account" in text_of(client.get(link))
    form = client.post(link)["Location"]
    assert form == f"/accounts/signup/?next=%2Finvitations%2F{token}%2F"
    assert "new@example.org" not in text_of(client.get(form)), "the link does not tell whose it is"
    fields = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    done = client.post(form, fields | {"next": link})
    assert done["Location"] == link, "signed in: the link has shown whose the address is"
    assert mailoutbox == []
    assert client.post(link)["Location"] == f"/t/{team.slug}/"
    assert role_of(User.objects.get(email="new@example.org"), team) == Role.MEMBER


def test_the_link_confirms_its_own_address_and_no_other(
    team: Team, client: Client, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    _invitation, token = make_invitation(team, "new@example.org")
    form = client.post(f"/invitations/{token}/")["Location"]
    client.post(form, {"email": "other@example.org", "password1": PASSWORD, "password2": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.get(email="other@example.org").verified


def test_a_link_is_used_once(team: Team, charlie: User, visit: Visit) -> None:
    _invitation, token = make_invitation(team, charlie.email)
    link = f"/invitations/{token}/"
    assert visit("charlie", link, {}).status_code == 302
    assert visit("charlie", link, {}).status_code == 302, "a second click leads to the desk"
    assert "You are in this team already" in text_of(visit("charlie", link))
    assert visit("sam", link, {}).status_code == 404
    team.memberships.filter(user=charlie).delete()
    assert visit("charlie", link, {}).status_code == 404, "it lets nobody back in"
    assert role_of(charlie, team) is None


def test_a_member_who_accepts_keeps_their_role(team: Team, visit: Visit) -> None:
    carol = add_member(team, make_user("Carol"), Role.VIEWER).user
    invitation, _token = make_invitation(team, carol.email, role=Role.OWNER)
    operations.accept_invitation(invitation=invitation, user=carol)
    assert role_of(carol, team) == Role.VIEWER
    assert not Invitation.objects.open().exists()
