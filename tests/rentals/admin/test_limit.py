"""Limits in the admin: staff may change them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rentals.models import Limit
from tests.factories import add_member, make_limit, make_team, make_user

pytestmark = pytest.mark.django_db

LIST = "admin:rentals_limit_changelist"
ADD = "admin:rentals_limit_add"


def test_staff_set_change_and_take_away_a_limit(client_of, sam, team, bob):
    browser = client_of(sam)
    browser.post(reverse(ADD), {"team": team.pk, "member": bob.pk, "per_day": "5"})
    limit = Limit.objects.get()
    assert (limit.member, limit.per_day, limit.per_month) == (bob, 5, None)
    page = reverse("admin:rentals_limit_change", args=[limit.pk])
    browser.post(page, {"team": team.pk, "member": bob.pk, "open_at_once": "0"})
    limit.refresh_from_db()
    assert (limit.per_day, limit.open_at_once) == (None, 0)
    browser.post(reverse("admin:rentals_limit_delete", args=[limit.pk]), {"post": "yes"})
    assert not Limit.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"per_day": "-1"}, "greater than or equal to 0"),
        ({"open_at_once": "-1"}, "greater than or equal to 0"),
        ({"member": "outsider"}, "not a member of this team"),
        ({}, "limits exist already"),
    ],
)
def test_what_makes_no_sense_is_refused(client_of, sam, team, charlie, fields, words):
    make_limit(team)
    fields = {"team": team.pk, **fields}
    if "member" in fields:
        fields["member"] = charlie.pk
    response = client_of(sam).post(reverse(ADD), fields)
    assert words in response.text
    assert Limit.objects.count() == 1


def test_owners_of_a_team_are_no_staff(client_of, alice):
    assert client_of(alice).get(reverse(LIST)).status_code == 302


def test_the_list_costs_the_same_for_any_number_of_rows(
    client_of, sam, team, django_assert_num_queries
):
    browser = client_of(sam)
    make_limit(team)
    browser.get(reverse(LIST))
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse(LIST))
    for _ in range(8):
        other = make_team()
        make_limit(other, add_member(other, make_user()).user)
    with django_assert_num_queries(len(few)):
        browser.get(reverse(LIST))
