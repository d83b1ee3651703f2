"""The page of the limits, and the warning on the desk."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, Team, User
from catalog.models import Offer
from rentals.models import Limit, Purchase
from tests.factories import (
    add_member,
    make_activation,
    make_limit,
    make_provider_account,
    make_purchase,
    make_team,
    make_user,
)

ClientOf = Callable[[User], Client]

FIELDS = {"per_purchase": "", "per_day": "", "per_month": "", "open_at_once": ""}


def limits(team: Team) -> str:
    return reverse("rentals:limits", args=[team.slug])


def form_of(team: Team, member: User | None = None) -> str:
    if member is None:
        return reverse("rentals:set_team_limits", args=[team.slug])
    return reverse("rentals:set_member_limits", args=[team.slug, member.pk])


def test_the_owner_sets_the_limits_of_the_team_and_of_a_member(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    browser = client_of(alice)
    response = browser.post(form_of(team), FIELDS | {"per_month": "50", "open_at_once": "3"})
    assert response.url == limits(team)
    browser.post(form_of(team, bob), FIELDS | {"per_day": "1.5"})

    of_team, of_bob = Limit.objects.order_by("pk")
    assert (of_team.member, of_team.per_month, of_team.open_at_once) == (None, 50, 3)
    assert (of_bob.member, of_bob.per_day, of_bob.per_month) == (bob, Decimal("1.5"), None)
    page = browser.get(limits(team)).text
    assert "$0.00 of $50.00" in page
    assert "$0.00 of $1.50" in page
    assert "0 of 3" in page
    assert 'value="1.5"' in page  # what is set stands in the form


def test_an_empty_form_takes_the_limits_away(client_of: ClientOf, alice: User, team: Team) -> None:
    make_limit(team, per_day=Decimal(1))
    client_of(alice).post(form_of(team), FIELDS)
    assert Limit.objects.get().per_day is None
    assert "No limit is set." in client_of(alice).get(limits(team)).text


def test_a_bar_changes_its_colour_with_the_warning(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    make_limit(team, per_day=Decimal("0.175"))
    make_activation(team, buyer=alice)  # for 0.14: 80 %

    page = client_of(alice).get(limits(team)).text

    # A browser draws all up to `low` as good.
    assert 'low="79" high="99" optimum="0" value="80">80 %</meter>' in page


def test_the_bars_say_what_is_used(client_of: ClientOf, alice: User, team: Team) -> None:
    make_limit(team, per_day=Decimal("0.28"), open_at_once=1, per_purchase=Decimal(1))
    make_activation(team, buyer=alice)

    page = client_of(alice).get(limits(team)).text

    assert "$0.14 of $0.28" in page
    assert "$0.14 left. $0.00 spent, $0.14 reserved." in page
    assert 'value="50">50 %</meter>' in page
    assert "Nothing more is bought." in page  # one is open, and no more may be
    assert "at most $1.00" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("per_day", "-1", "greater than or equal to 0"),
        ("per_day", "a lot", "Enter a number."),
        ("per_purchase", "NaN", "Enter a number."),
        ("per_month", "1.00001", "no more than 4 decimal places"),
        ("per_month", "9" * 13, "no more than"),
        ("open_at_once", "1.5", "Enter a whole number."),
        ("open_at_once", str(2**31), "less than or equal to"),
    ],
)
def test_what_makes_no_sense_comes_back_with_what_was_typed(
    client_of: ClientOf, alice: User, bob: User, team: Team, field: str, value: str, words: str
) -> None:
    response = client_of(alice).post(form_of(team, bob), FIELDS | {field: value})
    assert response.status_code == 422
    assert words in response.text
    assert f'value="{value}"' in response.text
    assert response.text.count('<details class="panel mb-2" open>') == 1
    assert not Limit.objects.exists()


def test_members_and_viewers_see_the_teams_and_their_own_and_set_none(
    client_of: ClientOf, alice: User, bob: User, vera: User, team: Team
) -> None:
    make_limit(team, per_month=Decimal(50))
    make_limit(team, alice, per_month=Decimal(30))
    make_limit(team, bob, per_month=Decimal(20))
    for somebody, own in ((bob, True), (vera, False)):
        browser = client_of(somebody)
        page = browser.get(limits(team)).text
        assert "of $50.00" in page
        assert "of $30.00" not in page
        assert ("of $20.00" in page) == own
        assert "Set the limits" not in page
        for target in (None, somebody):
            assert browser.post(form_of(team, target), FIELDS).status_code == 403
    assert Limit.objects.filter(per_month=None).count() == 0


def test_an_outsider_finds_nothing(
    client_of: ClientOf, charlie: User, alice: User, team: Team
) -> None:
    browser = client_of(charlie)
    assert browser.get(limits(team)).status_code == 404
    assert browser.post(form_of(team), FIELDS).status_code == 404
    assert browser.post(form_of(team, alice), FIELDS).status_code == 404


def test_nobody_gets_limits_in_a_team_that_they_are_not_in(
    client_of: ClientOf, alice: User, charlie: User, team: Team
) -> None:
    assert client_of(alice).post(form_of(team, charlie), FIELDS).status_code == 404
    assert not Limit.objects.exists()


def test_the_page_costs_the_same_for_any_number_of_members(
    client_of: ClientOf,
    alice: User,
    team: Team,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(9):
        member = add_member(team, make_user(), Role.MEMBER).user
        make_limit(team, member, per_day=Decimal(1))
        make_purchase(team, buyer=member)
    browser = client_of(alice)
    browser.get(limits(team))
    with django_assert_max_num_queries(10):
        assert browser.get(limits(team)).text.count("<meter") == 9


# The desk


def test_the_desk_warns_from_eighty_percent(
    client_of: ClientOf, alice: User, bob: User, team: Team, offer: Offer
) -> None:
    make_limit(team, per_month=Decimal(100))
    limit = make_limit(team, bob, per_day=Decimal("0.18"))
    make_activation(team, buyer=bob)
    desk = reverse("rentals:desk", args=[team.slug])
    assert "That is 77 %" not in client_of(bob).get(desk).text

    limit.per_day = Decimal("0.175")
    limit.save()

    page = client_of(bob).get(desk).text
    assert "You have used $0.14 of your own limit of $0.175 for today. That is 80 %" in page
    assert limits(team) in page
    assert "That is 80 %" not in client_of(alice).get(desk).text  # it is Bob's limit


@pytest.mark.parametrize("htmx", [True, False])
def test_a_refusal_leads_to_the_limits(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, htmx: bool
) -> None:
    account = make_provider_account(team)
    make_limit(team, per_purchase=Decimal("0.1"))
    response = client_of(alice).post(
        reverse("rentals:buy", args=[team.slug]),
        {
            "offer": offer.pk,
            "account": account.pk,
            "quoted": "0.14",
            "client_key": "6ac7e0e4-56a1-4bd9-9a44-6dbf3a0ae1c5",
        },
        headers={"HX-Request": "true"} if htmx else None,
        follow=True,
    )
    assert "The team&#x27;s limit for one purchase is $0.10" in response.text
    assert f'<a href="{limits(team)}">Limits</a>' in response.text
    assert not Purchase.objects.exists()


def test_a_team_without_limits_has_none(client_of: ClientOf, charlie: User) -> None:
    browser = client_of(charlie)
    team = make_team(charlie)
    assert "No limit is set." in browser.get(limits(team)).text
    assert "strip-warning" not in browser.get(reverse("rentals:desk", args=[team.slug])).text
