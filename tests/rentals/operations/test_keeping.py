"""Notes, tags and whose a number is: written by members who buy, seen by all, never over another's."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Action, AuditEntry, Membership, Role, Team, User
from accounts.operations.leaving import delete_user
from rentals.models import Event, Purchase, Tag
from rentals.operations.errors import Refusal
from rentals.operations.keeping import MOST_TAGS, hand_over, tags_in, write_note
from rentals.wording import explain_event
from tests.factories import make_purchase, make_tag, make_team


@pytest.fixture
def purchase(team: Team, alice: User) -> Purchase:
    return make_purchase(team, alice)


def member(team: Team, user: User) -> Membership:
    return team.memberships.select_related("user", "team").get(user=user)


def names(purchase: Purchase) -> list[str]:
    return list(purchase.tags.by_name().values_list("name", flat=True))


def test_a_note_and_tags_are_written(purchase: Purchase, team: Team, bob: User) -> None:
    write_note(
        purchase=purchase, note="for QA", was="", tags=["nightly", "shop"], actor=member(team, bob)
    )

    purchase.refresh_from_db()
    assert purchase.note == "for QA"
    assert names(purchase) == ["nightly", "shop"]


def test_a_tag_in_other_letters_is_the_same_tag(purchase: Purchase, team: Team, bob: User) -> None:
    make_tag(team, "Ärger")

    write_note(purchase=purchase, note="", was="", tags=["ÄRGER"], actor=member(team, bob))

    assert names(purchase) == ["Ärger"]
    assert team.tags.count() == 1


def test_a_tag_goes_with_the_last_purchase_that_has_it(
    purchase: Purchase, team: Team, bob: User
) -> None:
    other = make_purchase(team)
    bob_in_team = member(team, bob)
    for each in (purchase, other):
        write_note(purchase=each, note="", was="", tags=["both"], actor=bob_in_team)

    write_note(purchase=purchase, note="", was="", tags=[], actor=bob_in_team)
    assert Tag.objects.filter(name="both").exists()
    write_note(purchase=other, note="", was="", tags=["new"], actor=bob_in_team)
    assert not Tag.objects.filter(name="both").exists()


def test_a_note_that_changed_meanwhile_is_not_overwritten(
    purchase: Purchase, team: Team, alice: User, bob: User
) -> None:
    write_note(purchase=purchase, note="mine", was="", tags=["a"], actor=member(team, alice))

    with pytest.raises(Refusal, match="changed the note meanwhile"):
        write_note(purchase=purchase, note="his", was="", tags=["b"], actor=member(team, bob))

    purchase.refresh_from_db()
    assert purchase.note == "mine"
    assert names(purchase) == ["a"]


def test_the_same_form_sent_twice_is_fine(purchase: Purchase, team: Team, bob: User) -> None:
    for _again in range(2):
        write_note(purchase=purchase, note="x", was="", tags=["t"], actor=member(team, bob))

    assert names(purchase) == ["t"]


def test_too_many_tags_are_refused_and_nothing_is_changed(
    purchase: Purchase, team: Team, bob: User
) -> None:
    many = [f"tag {n}" for n in range(MOST_TAGS + 1)]

    with pytest.raises(Refusal, match="10 tags"):
        write_note(purchase=purchase, note="x", was="", tags=many, actor=member(team, bob))

    purchase.refresh_from_db()
    assert purchase.note == ""
    assert not Tag.objects.exists()


def test_the_tags_of_another_team_are_its_own(purchase: Purchase, team: Team, bob: User) -> None:
    foreign = make_tag(make_team(), "shop")

    write_note(purchase=purchase, note="", was="", tags=["Shop"], actor=member(team, bob))

    assert names(purchase) == ["Shop"]
    assert purchase.tags.get() != foreign


def test_viewers_and_outsiders_write_nothing(
    purchase: Purchase, team: Team, vera: User, charlie: User
) -> None:
    elsewhere = charlie.memberships.select_related("user", "team").get()
    for actor in (member(team, vera), elsewhere):
        with pytest.raises(PermissionDenied):
            write_note(purchase=purchase, note="x", was="", tags=[], actor=actor)
        with pytest.raises(PermissionDenied):
            hand_over(purchase=purchase, to=actor, actor=actor)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", []),
        (" , ,", []),
        ("a, b ,c", ["a", "b", "c"]),
        ("two  words,\ttwo words", ["two words"]),
        ("QA, qa", ["QA"]),
    ],
)
def test_tags_are_read_between_commas(text: str, tags: list[str]) -> None:
    assert tags_in(text) == tags


def test_a_number_is_handed_over_and_back(
    purchase: Purchase, team: Team, alice: User, bob: User
) -> None:
    assert hand_over(purchase=purchase, to=member(team, bob), actor=member(team, alice))

    purchase.refresh_from_db()
    assert purchase.whose == bob
    assert purchase.buyer == alice
    event = Event.objects.get(purchase=purchase)
    assert event.actor == alice
    assert explain_event(event) == "Handed to a colleague. Now it is Bob's."
    entry = AuditEntry.objects.get(action=Action.PURCHASE_HANDED_OVER)
    assert entry.changes == [("whose", "Alice", "Bob")]

    assert hand_over(purchase=purchase, to=member(team, alice), actor=member(team, bob))
    purchase.refresh_from_db()
    assert purchase.holder is None
    assert purchase.whose == alice


def test_the_timeline_does_not_keep_the_name_of_who_is_gone(
    purchase: Purchase, team: Team, alice: User, bob: User
) -> None:
    hand_over(purchase=purchase, to=member(team, bob), actor=member(team, alice))
    delete_user(user=bob)

    event = Event.objects.get(purchase=purchase)
    assert "Bob" not in str(Event.objects.values())
    assert explain_event(event) == (f"Handed to a colleague. Now it is deleted member #{bob.pk}'s.")


def test_whoever_hands_it_on_second_changes_nothing(
    purchase: Purchase, team: Team, alice: User, bob: User
) -> None:
    stale = Purchase.objects.get(pk=purchase.pk)
    hand_over(purchase=purchase, to=member(team, bob), actor=member(team, alice))

    assert not hand_over(purchase=purchase, to=member(team, bob), actor=member(team, alice))
    assert not hand_over(purchase=stale, to=member(team, bob), actor=member(team, alice))
    assert Event.objects.filter(purchase=purchase).count() == 1


def test_nobody_who_cannot_buy_is_handed_a_number(
    purchase: Purchase, team: Team, alice: User, vera: User, charlie: User
) -> None:
    elsewhere = charlie.memberships.select_related("user", "team").get()
    assert elsewhere.role == Role.OWNER
    for to in (member(team, vera), elsewhere):
        with pytest.raises(Refusal, match="cannot buy in this team"):
            hand_over(purchase=purchase, to=to, actor=member(team, alice))

    purchase.refresh_from_db()
    assert purchase.holder is None
