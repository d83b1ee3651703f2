"""Goal 15: texts and raw answers go after a team's time; the code's hash and the money stay."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import smsbus
from accounts.models import Action, AuditEntry, Team, User
from rentals import tasks
from rentals.demo import tell_past
from rentals.models import (
    Activation,
    Event,
    Lease,
    LedgerEntry,
    MemberDay,
    Message,
    Purchase,
)
from rentals.operations import retention
from rentals.operations.activation import store_sms
from rentals.operations.reading import store_messages
from rentals.operations.retention import remove_old_texts, set_retention
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_lease_message,
    make_offer,
    make_provider_account,
    make_purchase,
    make_service,
    make_team,
)

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]
SECRET = "Kestrel: 429916 is your code"


def received(team: Team, *, days: float, text: str = SECRET) -> Message:
    """An SMS on a number of ``team`` that came so many days ago, settled and with its raw answer."""
    number = make_activation(team)
    store_sms(activation_id=number.pk, text=text, by="poller")
    at = timezone.now() - timedelta(days=days)
    number.messages.update(received_at=at)
    number.purchase.keep_answer('{"request_id": 1}')
    Purchase.objects.filter(pk=number.purchase_id).update(
        answer_sealed=number.purchase.answer_sealed, settled_at=at
    )
    return number.messages.get()


def everything_of(message: Message) -> str:
    return repr(Message.objects.filter(pk=message.pk).values().get())


def test_goal_15_the_text_and_the_code_go_and_their_hash_stays(team: Team) -> None:
    old, young = received(team, days=30.1), received(team, days=29.9)
    assert remove_old_texts() == 2  # the text and the answer
    old.refresh_from_db()
    assert (old.text, old.code) == ("", "")
    assert old.text_removed_at is not None
    assert "429916" not in everything_of(old)
    assert Message.digest_of(SECRET) not in everything_of(old), "it could be guessed from"
    assert old.code_hash == Message.hash_code(team.pk, "429916")
    assert set(Message.objects.with_code(team, "429916")) == {old, young}
    assert not Message.objects.with_code(make_team(), "429916").exists()
    young.refresh_from_db()
    assert young.text == SECRET


def test_goal_15_each_team_has_its_own_time(team: Team) -> None:
    other = make_team()
    Team.objects.filter(pk=other.pk).update(retention_days=1)
    ours, theirs = received(team, days=2), received(other, days=2)
    remove_old_texts()
    assert [message.text_removed_at is None for message in Message.objects.order_by("pk")] == [
        True,
        False,
    ]
    assert (ours.team, theirs.team) == (team, other)


def test_goal_15_messages_of_leases_go_too(team: Team) -> None:
    lease = make_lease(team)
    at = timezone.now() - timedelta(days=31)
    message = make_lease_message(lease, SECRET, "429916", received_at=at)
    remove_old_texts()
    assert "429916" not in everything_of(message)


def test_goal_15_raw_answers_go_but_for_those_in_dispute(team: Team) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    disputed = make_purchase(team, state=PurchaseState.UNKNOWN)
    lost = make_purchase(team, state=PurchaseState.LOST)
    for purchase in (disputed, lost):
        purchase.keep_answer("<html>502</html>")
        purchase.created = long_ago
        purchase.save()
    Purchase.objects.filter(pk=lost.pk).update(settled_at=long_ago)
    assert remove_old_texts() == 1
    disputed.refresh_from_db()
    lost.refresh_from_db()
    assert disputed.answer() == "<html>502</html>"
    assert disputed.answer_removed_at is None
    assert lost.answer() is None
    assert lost.answer_removed_at is not None
    Purchase.objects.filter(pk=disputed.pk).update(settled_at=long_ago)
    assert remove_old_texts() == 1, "settled long ago: no dispute any more"


def test_goal_15_the_money_the_timeline_and_the_states_stay(
    team: Team, alice: User, bob: User
) -> None:
    make_offer(make_service(code="tg"), make_country(iso_code="FR"))
    tell_past(make_provider_account(team), [alice, bob], purchases=40)
    Message.objects.update(received_at=timezone.now() - timedelta(days=31))
    received_count = Message.objects.count()
    books = books_now()
    assert remove_old_texts() == received_count > 0
    assert books_now() == books
    assert Message.objects.count() == received_count
    out = StringIO()
    call_command("check_ledger", stdout=out)  # raises where anything differs
    assert "all add up" in out.getvalue()


def books_now() -> list[list[Any]]:
    tables = (Event, LedgerEntry, MemberDay, Activation, Purchase)
    return [list(table.objects.order_by("pk").values()) for table in tables]  # type: ignore[attr-defined]


def test_the_same_sms_is_not_stored_again_once_its_text_is_gone(team: Team) -> None:
    message = received(team, days=31)
    lease = make_lease(team)
    at = (timezone.now() - timedelta(days=31)).replace(microsecond=0)
    sms = smsbus.LeaseSms(content=SECRET, receive_at=at)
    assert store_messages(lease=lease, found=[sms]) == 1
    remove_old_texts()
    assert message.activation is not None
    assert not store_sms(activation_id=message.activation.pk, text=SECRET, by="poller")
    assert store_messages(lease=Lease.objects.get(), found=[sms]) == 0
    assert Message.objects.count() == 2


def test_it_is_idempotent(team: Team) -> None:
    message = received(team, days=31)
    assert tasks.remove_texts() is None
    removed = everything_of(message)
    assert remove_old_texts() == 0
    assert everything_of(message) == removed


def test_a_run_is_bounded_and_the_next_goes_on(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    number = make_activation(team)
    at = timezone.now() - timedelta(days=31)
    Message.objects.bulk_create(
        Message(team=team, activation=number, text=f"{n}", digest=f"{n}", received_at=at)
        for n in range(5)
    )
    assert [remove_old_texts(), remove_old_texts(), remove_old_texts()] == [4, 1, 0]


def test_a_batch_that_fails_leaves_what_was_done_before_it(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    first, second = received(team, days=32), received(team, days=31)
    remove_text = Message.remove_text

    def killed(self: Message) -> None:
        if self.pk == second.pk:
            raise KeyboardInterrupt
        remove_text(self)

    with monkeypatch.context() as patch:
        patch.setattr(Message, "remove_text", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_old_texts()
    assert Message.objects.get(pk=first.pk).text_removed_at is not None
    remove_old_texts()
    assert not Message.objects.with_text().exists()


def test_it_asks_as_often_however_many_teams_there_are(
    team: Team, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        make_team()
    with django_assert_num_queries(7):  # the times, then a savepoint's three for each of both
        remove_old_texts()


# --- the page


def page_of(team: Team) -> str:
    return reverse("rentals:retention", args=[team.slug])


def test_owners_and_admins_set_it_and_it_is_written_down(
    team: Team, alice: User, client_of: Browser
) -> None:
    received(team, days=8)
    browser = client_of(alice)
    answer = browser.post(page_of(team), {"days": "7"}, follow=True)
    assert "1 text is older and will be removed within minutes." in answer.text
    assert "after 7 days" in answer.text
    entry = AuditEntry.objects.get(action=Action.RETENTION_SET)
    assert (entry.before, entry.after) == ({"days": 30}, {"days": 7})
    browser.post(page_of(team), {"days": "7"})
    assert AuditEntry.objects.filter(action=Action.RETENTION_SET).count() == 1


@pytest.mark.parametrize("days", ["0", "366", "-1", "", "many", "1.5"])
def test_what_is_no_number_of_days_changes_nothing(
    team: Team, alice: User, client_of: Browser, days: str
) -> None:
    assert client_of(alice).post(page_of(team), {"days": days}).status_code == 422
    assert Team.objects.get(pk=team.pk).retention_days == 30


def test_members_read_it_and_cannot_change_it(team: Team, bob: User, client_of: Browser) -> None:
    page = client_of(bob).get(page_of(team))
    assert "after 30 days" in page.text
    assert 'name="days"' not in page.text
    assert client_of(bob).post(page_of(team), {"days": "1"}).status_code == 403


def test_who_was_an_admin_a_moment_ago_sets_nothing(team: Team, bob: User) -> None:
    membership = team.memberships.get(user=bob)
    membership.role = "admin"  # as the page had read it
    with pytest.raises(PermissionDenied):
        set_retention(actor=membership, days=1)


def test_pages_say_that_the_text_is_gone(team: Team, alice: User, client_of: Browser) -> None:
    message = received(team, days=31)
    lease = make_lease(team)
    at = timezone.now() - timedelta(days=31)
    make_lease_message(lease, SECRET, "429916", received_at=at)
    remove_old_texts()
    assert message.activation is not None
    purchase = message.activation.purchase
    pages = [
        reverse("rentals:desk", args=[team.slug]),
        purchase.get_absolute_url(),
        lease.get_absolute_url(),
        reverse("rentals:leases", args=[team.slug]),
    ]
    for page in pages:
        shown = client_of(alice).get(page).text
        assert "this team keeps texts for 30 days" in shown, page
        assert "429916" not in shown
    assert "raw answer was removed" in client_of(alice).get(pages[1]).text
