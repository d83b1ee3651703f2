"""/teams/new/, /t/…/team/ and the posts on it"""

import pytest
from django.core.exceptions import PermissionDenied

from accounts import operations
from accounts.models import Membership, Role, Team, User
from accounts.signals import access_changed
from tests.accounts.conftest import Visit, is_sign_in, text_of
from tests.factories import add_member, make_user


def role_of(user: User, team: Team) -> str | None:
    return team.memberships.filter(user=user).values_list("role", flat=True).first()


# --- making one


def test_who_makes_a_team_owns_it(alice: User, visit: Visit) -> None:
    response = visit("alice", "/teams/new/", {"name": "Night shift"})
    team = Team.objects.get(name="Night shift")
    assert role_of(alice, team) == Role.OWNER
    assert not team.is_personal
    assert response["Location"] == f"/t/{team.slug}/terms/"


def test_a_team_needs_a_name(alice: User, visit: Visit) -> None:
    assert visit("alice", "/teams/new/", {"name": " "}).status_code == 200
    assert not Team.objects.exists()


def test_making_a_team_takes_signing_in(alice: User, visit: Visit) -> None:
    assert is_sign_in(visit("anonymous", "/teams/new/"))
    assert visit("alice", "/teams/new/").status_code == 200
    assert visit("alice", "/teams/new/", method="put").status_code == 405


# --- the page


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("vera", 200), ("charlie", 404), ("sam", 404)]
)
def test_members_see_the_team(who: str, status: int, team: Team, visit: Visit) -> None:
    assert visit(who, f"/t/{team.slug}/team/").status_code == status


def test_strangers_sign_in_first(team: Team, visit: Visit) -> None:
    assert is_sign_in(visit("anonymous", f"/t/{team.slug}/team/"))
    assert visit("alice", f"/t/{team.slug}/team/", {}).status_code == 405


def test_only_who_may_change_something_sees_how(
    alice: User, bob: User, vera: User, team: Team, visit: Visit
) -> None:
    change = f"/t/{team.slug}/team/{vera.pk}/role/"
    assert change in text_of(visit("alice", f"/t/{team.slug}/team/"))
    assert change not in text_of(visit("bob", f"/t/{team.slug}/team/"))


def test_viewers_do_not_see_addresses(bob: User, vera: User, team: Team, visit: Visit) -> None:
    assert bob.email not in text_of(visit("vera", f"/t/{team.slug}/team/"))
    assert vera.email in text_of(visit("bob", f"/t/{team.slug}/team/"))


# --- roles


def test_an_owner_gives_any_role(bob: User, team: Team, visit: Visit) -> None:
    for role in (Role.ADMIN, Role.VIEWER, Role.OWNER):
        response = visit("alice", f"/t/{team.slug}/team/{bob.pk}/role/", {"role": role})
        assert response["Location"] == f"/t/{team.slug}/team/"
        assert role_of(bob, team) == role


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404), ("sam", 404)]
)
def test_others_give_no_role_not_even_to_themselves(
    who: str, status: int, team: Team, visit: Visit, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    before = role_of(user, team)
    response = visit(who, f"/t/{team.slug}/team/{user.pk}/role/", {"role": "owner"})
    assert response.status_code == status
    assert role_of(user, team) == before


def test_a_role_takes_a_post_by_someone_signed_in(bob: User, team: Team, visit: Visit) -> None:
    url = f"/t/{team.slug}/team/{bob.pk}/role/"
    assert visit("alice", url).status_code == 405
    assert is_sign_in(visit("anonymous", url, {"role": "admin"}))


def test_an_admin_neither_makes_nor_touches_owners(
    alice: User, bob: User, vera: User, team: Team, visit: Visit
) -> None:
    team.memberships.filter(user=bob).update(role=Role.ADMIN)
    page = f"/t/{team.slug}/team"
    assert visit("bob", f"{page}/{vera.pk}/role/", {"role": "member"}).status_code == 302
    assert visit("bob", f"{page}/{vera.pk}/role/", {"role": "owner"}).status_code == 403
    assert visit("bob", f"{page}/{alice.pk}/role/", {"role": "viewer"}).status_code == 403
    assert visit("bob", f"{page}/{alice.pk}/remove/", {}).status_code == 403
    assert (role_of(alice, team), role_of(vera, team)) == (Role.OWNER, Role.MEMBER)


def test_an_unknown_role_or_member_changes_nothing(
    bob: User, charlie: User, team: Team, visit: Visit
) -> None:
    page = f"/t/{team.slug}/team"
    assert visit("alice", f"{page}/{bob.pk}/role/", {"role": "king"}).status_code == 302
    assert role_of(bob, team) == Role.MEMBER
    assert visit("alice", f"{page}/{charlie.pk}/role/", {"role": "viewer"}).status_code == 404
    assert visit("alice", f"{page}/{charlie.pk}/remove/", {}).status_code == 404


def test_the_last_owner_stays_owner(alice: User, bob: User, team: Team, visit: Visit) -> None:
    page = f"/t/{team.slug}/team"
    for url, data in (
        (f"{page}/{alice.pk}/role/", {"role": "viewer"}),
        (f"{page}/{alice.pk}/remove/", {}),
    ):
        response = visit("alice", url, data)
        assert response["Location"] == f"{page}/"
        assert role_of(alice, team) == Role.OWNER
    with pytest.raises(operations.LastOwner, match="Make another member an owner first"):
        operations.remove_member(actor=team.memberships.get(user=alice), user_id=alice.pk)


def test_with_a_second_owner_the_first_may_go(
    alice: User, bob: User, team: Team, visit: Visit
) -> None:
    team.memberships.filter(user=bob).update(role=Role.OWNER)
    response = visit("alice", f"/t/{team.slug}/team/{alice.pk}/remove/", {})
    assert response["Location"] == "/"
    assert role_of(alice, team) is None


# --- leaving


def test_a_member_is_removed_and_sees_nothing_more(bob: User, team: Team, visit: Visit) -> None:
    visit("alice", f"/t/{team.slug}/team/{bob.pk}/remove/", {})
    assert visit("bob", f"/t/{team.slug}/team/").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_others_remove_nobody(
    who: str, status: int, alice: User, bob: User, vera: User, team: Team, visit: Visit
) -> None:
    for user in {alice.pk, bob.pk, vera.pk}:
        if who == "charlie" or user != {"bob": bob.pk, "vera": vera.pk}[who]:
            response = visit(who, f"/t/{team.slug}/team/{user}/remove/", {})
            assert response.status_code == status
    assert team.memberships.count() == 3


def test_everyone_may_leave(vera: User, team: Team, visit: Visit) -> None:
    assert visit("vera", f"/t/{team.slug}/team/{vera.pk}/remove/", {})["Location"] == "/"
    assert role_of(vera, team) is None


def test_removing_takes_a_post_by_someone_signed_in(bob: User, team: Team, visit: Visit) -> None:
    url = f"/t/{team.slug}/team/{bob.pk}/remove/"
    assert "Remove <bdi>Bob</bdi>" in text_of(visit("alice", url))
    assert is_sign_in(visit("anonymous", url, {}))
    assert role_of(bob, team) == Role.MEMBER


# --- the operations


def test_a_right_that_was_lost_meanwhile_does_not_count(alice: User, bob: User, team: Team) -> None:
    stale = Membership(team=team, user=alice, role=Role.OWNER)
    add_member(team, make_user(), Role.OWNER)
    team.memberships.filter(user=alice).update(role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        operations.change_role(actor=stale, user_id=bob.pk, role=Role.VIEWER)


def test_a_lost_right_is_announced_to_the_open_pages(alice: User, bob: User, team: Team) -> None:
    heard = []

    def hear(team_id: int, user_id: int, **_: object) -> None:
        heard.append((team_id, user_id))

    access_changed.connect(hear)
    try:
        owner = team.memberships.get(user=alice)
        operations.change_role(actor=owner, user_id=bob.pk, role=Role.VIEWER)
        operations.change_role(actor=owner, user_id=bob.pk, role=Role.VIEWER)
        operations.remove_member(actor=owner, user_id=bob.pk)
    finally:
        access_changed.disconnect(hear)
    assert heard == [(team.pk, bob.pk)] * 2
