"""Goals 1 and 2: who hears a team, and that a stream ends within five seconds of the right to it."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from rentals.models import Activation, Purchase
from rentals.states import ActivationState
from tests.factories import PASSWORD
from tests.live.conftest import streams  # noqa: F401
from tests.live.listening import Page, StreamServer, eventually
from tests.security.world import VISITORS, World, make_world
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 5.0


def deactivate(world: World, member: User, _browser: Client) -> None:
    member.is_active = False
    member.save()


def leave_by_the_back_door(world: World, member: User, _browser: Client) -> None:
    world.ours.memberships.get(user=member).delete()


def sign_out(_world: World, _member: User, browser: Client) -> None:
    assert browser.post("/accounts/logout/").status_code == 302


def get_another_role(world: World, member: User, _browser: Client) -> None:
    post_by_owner(world, f"team/{member.pk}/role/", {"role": "viewer"})


def be_removed(world: World, member: User, _browser: Client) -> None:
    post_by_owner(world, f"team/{member.pk}/remove/", {})


def be_given_another_role_by_staff(world: World, member: User, _browser: Client) -> None:
    membership = world.ours.memberships.get(user=member)
    membership.role = Role.VIEWER
    membership.save()


def end_the_session_from_another_browser(_world: World, member: User, browser: Client) -> None:
    key = browser.session.session_key
    UserSession.objects.create(user=member, session_key=key, ip="127.0.0.1", user_agent="lost")
    other = Client()
    sign_in(other, member)
    assert other.post("/accounts/sessions/").status_code == 302
    assert browser.get("/me/").status_code == 302, "signed out there"


def change_the_password_elsewhere(_world: World, member: User, browser: Client) -> None:
    other = Client()
    sign_in(other, member)
    new = "another horse, another staple"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert other.post("/accounts/password/change/", fields).status_code == 302
    assert browser.get("/me/").status_code == 302, "signed out there"


def post_by_owner(world: World, page: str, fields: dict[str, str]) -> None:
    answer = world.browser_of("owner").post(f"/t/{world.ours.slug}/{page}", fields)
    assert answer.status_code == 302


def require_a_second_factor(world: World, _member: User, _browser: Client) -> None:
    owner = Client()
    sign_in(owner, world.visitors["owner"], second_factor=True)
    url = world.address("t/<slug:team>/team/second-factor/")
    assert owner.post(url, {"required": "1"}).status_code == 302


def require_a_second_factor_in_the_admin(world: World, _member: User, _browser: Client) -> None:
    world.ours.needs_second_factor = True
    world.ours.save()


def hand_the_team_on(world: World, _member: User, _browser: Client) -> None:
    post_by_owner(world, "team/transfer/", {"user_id": f"{world.visitors['member'].pk}"})


def delete_the_team(world: World, _member: User, _browser: Client) -> None:
    Purchase.objects.update(settled_at=timezone.now())
    Activation.objects.update(state=ActivationState.EXPIRED)
    fields = {"name": world.ours.name, "give_up_leases": "on"}
    post_by_owner(world, "team/delete/", fields)


@pytest.mark.parametrize(
    "end",
    [
        require_a_second_factor,
        require_a_second_factor_in_the_admin,
        hand_the_team_on,
        delete_the_team,
    ],
)
def test_goal_2_the_streams_of_all_whom_it_concerns_end_within_five_seconds(
    end: Callable[[World, User, Client], None],
    streams: StreamServer,  # noqa: F811
    valkey: str,
) -> None:
    world = make_world()
    member, browser = world.visitors["member"], world.browser_of("member")
    pages = [listen(streams, world, asking) for asking in (browser, world.browser_of("owner"))]
    for page in pages:
        assert page.next() == ("sync", "")
        page.connection.sock.settimeout(SECONDS)

    end(world, member, browser)

    for page in pages:
        while page.next():  # TimeoutError after five seconds in which nothing came
            pass


@pytest.mark.parametrize(
    "end",
    [
        *(sign_out, deactivate, be_removed, get_another_role, leave_by_the_back_door),
        *(be_given_another_role_by_staff, end_the_session_from_another_browser),
        change_the_password_elsewhere,
    ],
)
def test_goal_2_a_stream_ends_within_five_seconds_of_the_right_to_it(
    end: Callable[[World, User, Client], None],
    streams: StreamServer,  # noqa: F811
    valkey: str,
) -> None:
    world = make_world()
    member, browser = world.visitors["member"], world.browser_of("member")
    page, neighbour = (
        listen(streams, world, asking) for asking in (browser, world.browser_of("owner"))
    )
    assert page.next() == neighbour.next() == ("sync", "")
    page.connection.sock.settimeout(SECONDS)

    end(world, member, browser)

    while page.next():  # TimeoutError after five seconds in which nothing came
        pass
    eventually(lambda: len(streams.hub) == 1)  # the owner's goes on


def test_goal_1_members_hear_their_team_and_nobody_else_does(
    streams: StreamServer,  # noqa: F811
    valkey: str,
) -> None:
    world = make_world()
    ticket = world.address("t/<slug:team>/live-ticket/")
    hearing = []
    for visitor in VISITORS:
        browser = world.browser_of(visitor)
        if browser.get(ticket).status_code == 200:
            assert listen(streams, world, browser).next() == ("sync", "")
            hearing.append(visitor)
    assert hearing == ["viewer", "member", "admin", "owner"]


def listen(streams: StreamServer, world: World, browser: Client) -> Page:  # noqa: F811
    url = browser.get(world.address("t/<slug:team>/live-ticket/")).json()["url"]
    return Page(streams.port, unquote(url.partition("ticket=")[2]))
