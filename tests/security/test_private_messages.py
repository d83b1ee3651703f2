"""Fair use: in a team that says so, members see only their own messages; a reveal is audited."""

import re
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.models import Action, AuditEntry, Role, Team, User
from rentals.models import Activation, Lease, Message, Purchase
from rentals.operations.activation import store_sms
from rentals.operations.keeping import hand_over
from rentals.operations.revealing import reveal_message, set_private_messages
from rentals.states import PurchaseState
from rentals.visibility import may_read, readable, shown
from tests.factories import (
    add_member,
    make_activation,
    make_lease,
    make_lease_message,
    make_provider_account,
    make_purchase,
    make_user,
)

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]
TEXT = "Kestrel: 429916 is your code"


@pytest.fixture
def private(team: Team) -> Team:
    team.private_messages = True
    team.save()
    return team


@pytest.fixture
def of_bob(private: Team, bob: User) -> Message:
    """An SMS on a number that Bob bought."""
    number = make_activation(private, bob)
    store_sms(activation_id=number.pk, text=TEXT, by="poller")
    return number.messages.get()


@pytest.fixture
def of_bobs_lease(private: Team, bob: User) -> Message:
    return make_lease_message(make_lease(private, bob), TEXT, "429916")


def pages_of(team: Team) -> list[str]:
    """Every page of a team that shows messages."""
    pages = [reverse(f"rentals:{name}", args=[team.slug]) for name in ("desk", "board", "leases")]
    pages += [reverse("rentals:history", args=[team.slug])]
    for purchase in Purchase.objects.filter(team=team):
        pages += [
            reverse(f"rentals:{name}", args=[team.slug, purchase.code])
            for name in ("purchase", "card")
        ]
    return pages + [lease.get_absolute_url() for lease in Lease.objects.filter(team=team)]


def admin_of(team: Team) -> User:
    return add_member(team, make_user("Ada"), Role.ADMIN).user


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_nobody_else_finds_it_on_any_page(
    private: Team,
    alice: User,
    bob: User,
    vera: User,
    of_bob: Message,
    of_bobs_lease: Message,
    client_of: Browser,
    role: str,
) -> None:
    who = {"owner": alice, "viewer": vera}.get(role)
    who = who or add_member(private, make_user("Ada"), Role(role)).user
    for page in pages_of(private):
        text = client_of(who).get(page).text
        assert "429916" not in text, page
        assert "Kestrel" not in text, page
    button = reverse("rentals:reveal", args=[private.slug, of_bob.pk])
    may = role in ("owner", "admin")
    assert (button in client_of(who).get(of_bob.purchase.get_absolute_url()).text) is may


def test_the_buyer_reads_it_everywhere(
    private: Team, bob: User, of_bob: Message, of_bobs_lease: Message, client_of: Browser
) -> None:
    shown = [client_of(bob).get(page).text for page in pages_of(private)]
    assert not any("colleague’s message" in text for text in shown)
    # The desk, the board, the leases, the number's page and card, the lease, history.
    assert sum("429916" in text for text in shown) == 7


def test_whom_it_was_handed_to_reads_it_too(
    private: Team, alice: User, of_bob: Message, client_of: Browser
) -> None:
    Purchase.objects.update(holder=alice)
    assert "429916" in client_of(alice).get(of_bob.purchase.get_absolute_url()).text


def test_without_the_setting_everybody_in_the_team_reads_it(
    private: Team, alice: User, of_bob: Message, client_of: Browser
) -> None:
    Team.objects.update(private_messages=False)
    assert "429916" in client_of(alice).get(of_bob.purchase.get_absolute_url()).text


def test_lists_and_searches_follow_the_same_rule(
    private: Team, alice: User, bob: User, of_bob: Message, of_bobs_lease: Message
) -> None:
    as_alice, as_bob = (private.memberships.get(user=user) for user in (alice, bob))
    found = Message.objects.with_code(private, "429916")
    assert set(readable(found, as_bob)) == {of_bob, of_bobs_lease}
    assert not readable(found, as_alice).exists()
    assert [m.code for m in shown(as_bob, found)] == ["429916", "429916"]
    assert [(m.code, m.text, m.is_hidden) for m in shown(as_alice, found)] == [("", "", True)] * 2


def test_a_concealed_message_is_never_saved(of_bob: Message) -> None:
    of_bob.conceal()
    with pytest.raises(TypeError):
        of_bob.save()
    assert Message.objects.get(pk=of_bob.pk).text == TEXT


def test_a_new_message_is_not_announced_with_its_code(
    private: Team, alice: User, of_bob: Message, client_of: Browser
) -> None:
    page = client_of(alice).get(reverse("rentals:board", args=[private.slug])).text
    assert "an SMS has arrived" in page


def test_a_colleagues_number_is_not_used_again_for_what_comes_next(
    private: Team, alice: User, of_bob: Message, client_of: Browser
) -> None:
    code = of_bob.purchase.code
    form = {"quoted": "0.14", "client_key": str(code)}
    answer = client_of(alice).post(reverse("rentals:again", args=[private.slug, code]), form)
    assert answer.status_code == 403
    assert Purchase.objects.count() == 1


def test_a_colleagues_number_is_not_handed_to_oneself(
    private: Team, alice: User, of_bob: Message
) -> None:
    owner = private.memberships.get(user=alice)
    with pytest.raises(PermissionDenied):
        hand_over(purchase=of_bob.purchase, to=owner, actor=owner)


def test_the_public_link_of_a_colleagues_lease_is_neither_shown_nor_switched_on(
    private: Team, alice: User, of_bobs_lease: Message, client_of: Browser
) -> None:
    Lease.objects.update(is_public=True, public_link="https://sms.example/the-key")
    lease = Lease.objects.get()
    assert "the-key" not in client_of(alice).get(lease.get_absolute_url()).text
    switch = reverse("rentals:lease_link", args=[private.slug, lease.code])
    assert client_of(alice).post(switch, {"is_public": "on"}).status_code == 403


# --- private accounts


def test_what_comes_to_a_private_account_is_its_members_alone(
    team: Team, alice: User, bob: User, client_of: Browser
) -> None:
    account = make_provider_account(team, private_to=bob)
    purchase = make_purchase(team, bob, account=account, state=PurchaseState.BOUGHT)
    number = make_activation(team, purchase=purchase)
    store_sms(activation_id=number.pk, text=TEXT, by="poller")
    message = number.messages.get()
    assert not team.private_messages
    assert "429916" in client_of(bob).get(purchase.get_absolute_url()).text
    assert "429916" not in client_of(alice).get(purchase.get_absolute_url()).text
    found = Message.objects.with_code(team, "429916")
    assert not readable(found, team.memberships.get(user=alice)).exists()
    assert set(readable(found, team.memberships.get(user=bob))) == {message}
    answer = client_of(alice).post(reveal(team, message), {"reason": "Bob is ill"})
    assert "429916" in answer.text
    assert AuditEntry.objects.filter(action=Action.MESSAGE_REVEALED).count() == 1


# --- the reveal


def reveal(team: Team, message: Message) -> str:
    return reverse("rentals:reveal", args=[team.slug, message.pk])


@pytest.mark.parametrize("leased", [False, True])
def test_an_owner_or_admin_reads_it_once_with_a_reason_that_is_written_down(
    private: Team,
    bob: User,
    of_bob: Message,
    of_bobs_lease: Message,
    client_of: Browser,
    leased: bool,
) -> None:
    message = of_bobs_lease if leased else of_bob
    ada = admin_of(private)
    answer = client_of(ada).post(reveal(private, message), {"reason": "Bob is ill"})
    assert answer.status_code == 200
    assert "429916" in answer.text
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.get(action=Action.MESSAGE_REVEALED)
    assert (entry.actor_id, entry.object_id) == (ada.pk, str(message.purchase.pk))
    assert (entry.after["why"], entry.after["whose"]) == ("Bob is ill", "Bob")
    assert "429916" not in repr(entry.__dict__), "the trail does not tell the code"
    page = client_of(ada).get(message.purchase.get_absolute_url())
    assert "429916" not in page.text, "for that one page alone"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_without_a_reason_nothing_is_shown(
    private: Team, alice: User, of_bob: Message, client_of: Browser, reason: str
) -> None:
    answer = client_of(alice).post(reveal(private, of_bob), {"reason": reason})
    assert answer.status_code == 422
    assert "429916" not in answer.text
    assert not AuditEntry.objects.filter(action=Action.MESSAGE_REVEALED).exists()


def test_a_get_shows_nothing(
    private: Team, alice: User, of_bob: Message, client_of: Browser
) -> None:
    assert client_of(alice).get(reveal(private, of_bob), {"reason": "x"}).status_code == 405


def test_viewers_members_and_outsiders_cannot(
    private: Team, vera: User, charlie: User, of_bob: Message, client_of: Browser
) -> None:
    other = add_member(private, make_user("Mel"), Role.MEMBER).user
    codes = [
        client_of(user).post(reveal(private, of_bob), {"reason": "curious"}).status_code
        for user in (vera, other, charlie)
    ]
    assert codes == [403, 403, 404]


def test_who_was_an_admin_a_moment_ago_reveals_nothing(
    private: Team, vera: User, of_bob: Message
) -> None:
    membership = private.memberships.get(user=vera)
    membership.role = Role.ADMIN  # as the page had read it
    with pytest.raises(PermissionDenied):
        reveal_message(message=of_bob, actor=membership, reason="curious")
    with pytest.raises(PermissionDenied):
        set_private_messages(actor=membership, private=False)


# --- the setting


def test_owners_and_admins_switch_it_and_it_is_written_down(
    team: Team, alice: User, bob: User, client_of: Browser
) -> None:
    switch = reverse("rentals:set_private_messages", args=[team.slug])
    assert client_of(bob).post(switch, {"private": "on"}).status_code == 403
    page = client_of(alice).post(switch, {"private": "on"}, follow=True).text
    assert "everybody sees only their own messages" in page
    assert Team.objects.get(pk=team.pk).private_messages
    entry = AuditEntry.objects.get(action=Action.PRIVACY_SET)
    assert (entry.before, entry.after) == ({"only their own": False}, {"only their own": True})
    client_of(alice).post(switch, {})
    assert not Team.objects.get(pk=team.pk).private_messages


def test_open_pages_read_themselves_anew(
    team: Team, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from live import bus

    closed: list[int] = []
    monkeypatch.setattr(
        bus, "close_streams", lambda *, user_id, team_id=None: closed.append(user_id)
    )
    set_private_messages(actor=team.memberships.get(user=alice), private=True)
    assert set(closed) == {alice.pk, bob.pk}


def test_a_number_of_nobody_here_is_nobodys(private: Team, alice: User, of_bob: Message) -> None:
    """Bob has left: an owner still needs the reveal."""
    private.memberships.filter(user=of_bob.purchase.buyer).delete()
    assert not may_read(private.memberships.get(user=alice), of_bob.purchase)


def test_every_template_that_shows_a_text_also_says_why_there_is_none() -> None:
    """A new page of messages must include the note, or it shows concealed ones as empty."""
    from pathlib import Path

    shows = re.compile(r"message\.text\|spell_out")
    for path in Path("templates/rentals").glob("*.html"):
        text = path.read_text()
        if shows.search(text) and path.name != "reveal.html":
            assert "_message_note.html" in text, path


def test_numbers_stay_visible(
    private: Team, alice: User, of_bob: Message, client_of: Browser
) -> None:
    number = Activation.objects.get()
    page = client_of(alice).get(reverse("rentals:history", args=[private.slug])).text
    assert number.number[-4:] in page.replace("-", "").replace(" ", "")
