"""The codes in history: the newest of each number, to be copied, for who may read it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from rentals.models import Message
from rentals.operations.activation import store_sms
from tests.factories import (
    make_activation,
    make_lease,
    make_lease_message,
    make_offer,
    make_provider_account,
    make_purchase,
)

ClientOf = Callable[[User], Client]


def rows(client: Client, team: Team) -> list[str]:
    html = client.get(reverse("rentals:history", args=[team.slug])).text
    return re.findall(r'<tr class="leads".*?</tr>', html, re.DOTALL)


def test_the_newest_code_of_a_number_is_there_to_copy(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    number = make_activation(team)
    for text in ("Your code is 429916", "Your code is 551177", "Welcome!"):
        store_sms(activation_id=number.pk, text=text, by="poller")

    (row,) = rows(client_of(alice), team)

    assert 'data-copy="551177"' in row
    assert row.count("551177") == 2  # to be read, and to be copied
    assert "429916" not in row


def test_of_a_lease_too_and_nothing_where_none_came(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    lease = make_lease(team)
    now = timezone.now()
    for minutes, code in ((1, "K7PQ2"), (2, "Z9XW1"), (0, "")):
        at = now - timedelta(minutes=minutes)
        make_lease_message(lease, f"{code} {minutes}", code=code, received_at=at)
    make_lease_message(make_lease(team), "Ihr Paket", code="")
    make_activation(team)
    make_purchase(team)

    shown = rows(client_of(alice), team)

    assert ["data-copy" in row for row in shown] == [False, False, False, True]
    assert 'data-copy="K7PQ2"' in shown[-1]


def test_a_removed_text_says_so(client_of: ClientOf, alice: User, team: Team) -> None:
    number = make_activation(team)
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    message = Message.objects.get()
    message.remove_text()
    message.save()

    (row,) = rows(client_of(alice), team)

    assert "text removed" in row
    assert "data-copy" not in row


def test_a_colleagues_code_is_concealed_where_messages_are_private(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    number = make_activation(team)  # Alice's
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    Team.objects.update(private_messages=True)

    assert 'data-copy="429916"' in rows(client_of(alice), team)[0]
    (row,) = rows(client_of(bob), team)
    assert "429916" not in row
    assert "A colleague’s message" in row
    assert Message.objects.get().code == "429916"


@pytest.mark.parametrize("count", [2, 40])
def test_codes_take_one_query_for_any_number_of_rows(
    client_of: ClientOf,
    alice: User,
    team: Team,
    count: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    offer, account = make_offer(), make_provider_account(team)
    for _ in range(count):
        number = make_activation(team, purchase=make_purchase(team, offer=offer, account=account))
        store_sms(activation_id=number.pk, text="429916", by="poller")
    lease = make_lease(team)
    for n in range(count):
        make_lease_message(lease, f"{n}", code="K7PQ2")
    client = client_of(alice)
    rows(client, team)

    with django_assert_max_num_queries(12):
        shown = rows(client, team)
    assert sum("data-copy" in row for row in shown) == count + 1


def test_a_row_has_one_link_that_the_whole_of_it_follows(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    purchase = make_activation(team).purchase
    (row,) = rows(client_of(alice), team)
    assert re.findall(r"<a [^>]*>", row) == [
        f'<a class="stretched-link" href="{purchase.get_absolute_url()}">'
    ]
