"""The inbox: every SMS of a team, newest first, searched, and added to as they come."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from live import bus
from rentals.models import Activation, Message
from rentals.operations.activation import store_sms
from rentals.operations.reading import store_messages
from smsbus.types import LeaseSms
from tests.factories import make_activation, make_lease, make_lease_message, make_team

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


def address(team: Team) -> str:
    return reverse("reports:inbox", args=[team.slug])


def ids(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="message-(\d+)"', html)]


def receive(team: Team, text: str = "Your code is 429916", number: Activation | None = None) -> int:
    number = number or make_activation(team)
    store_sms(activation_id=number.pk, text=text, by="poller")
    return Message.objects.latest("pk").pk


def test_messages_of_numbers_and_leases_come_newest_first(
    client_of: ClientOf, vera: User, team: Team
) -> None:
    number, lease = make_activation(team, number="447700900123"), make_lease(team)
    first = receive(team, number=number)
    second = make_lease_message(lease, "Code: K7PQ2", code="K7PQ2").pk

    html = client_of(vera).get(address(team)).text

    assert ids(html) == [second, first]
    assert 'data-copy="429916"' in html
    assert 'data-copy="+447700900123"' in html
    assert "+44 7700 900123" in html
    assert number.purchase.get_absolute_url() in html
    assert lease.get_absolute_url() in html


def test_what_an_sms_hides_is_spelt_out(client_of: ClientOf, alice: User, team: Team) -> None:
    receive(team, "<script>alert(1)</script> pay \u202e4321")
    html = client_of(alice).get(address(team)).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; pay [U+202E]4321" in html
    assert "<script>alert" not in html


def test_every_message_is_reached_once_page_by_page(
    client_of: ClientOf, alice: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.views.inbox.PAGE", 2)
    number = make_activation(team)
    expected = [receive(team, f"text {n}", number) for n in range(5)][::-1]
    client = client_of(alice)

    first = client.get(address(team)).text
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', first)
    assert older
    second = client.get(address(team) + older[1].replace("&amp;", "&"), headers=HTMX).text
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', second)
    assert older
    third = client.get(address(team) + older[1].replace("&amp;", "&")).text

    assert ids(first) + ids(second) + ids(third) == expected
    assert "<html" not in second
    assert 'id="newer"' not in second + third
    assert "Show older ones" not in third


def test_only_what_came_since_is_added(client_of: ClientOf, alice: User, team: Team) -> None:
    old = receive(team)
    client = client_of(alice)
    page = client.get(address(team)).text
    assert f"after={old}" in page
    assert "data-announce" not in page

    nothing = client.get(address(team), {"after": old}, headers=HTMX).text
    assert ids(nothing) == []
    assert f"after={old}" in nothing

    new = receive(team, "551177")
    fresh = client.get(address(team), {"after": old}, headers=HTMX).text
    assert ids(fresh) == [new]
    assert f"after={new}" in fresh
    assert "the code is 551177" in fresh


def test_an_empty_inbox_is_filled_too(client_of: ClientOf, alice: User, team: Team) -> None:
    client = client_of(alice)
    page = client.get(address(team)).text
    assert "No SMS yet." in page
    assert "after=0" in page
    new = receive(team)
    assert ids(client.get(address(team), {"after": 0}, headers=HTMX).text) == [new]


def test_an_sms_signals_the_inbox(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(bus, "publish", lambda *, team_id, topic: told.append(topic))
    number, lease = make_activation(team), make_lease(team)

    receive(team, number=number)
    assert told.count("inbox") == 1
    receive(team, number=number)
    assert told.count("inbox") == 1  # it is there already
    sms = LeaseSms(content="551177", receive_at=lease.begin_at)
    store_messages(lease=lease, found=[sms])
    assert told.count("inbox") == 2
    store_messages(lease=lease, found=[sms])
    assert told.count("inbox") == 2


def test_search_by_code_number_or_words(client_of: ClientOf, alice: User, team: Team) -> None:
    one = receive(team, "Your code is 429-916", make_activation(team, number="447700900123"))
    other = make_lease_message(make_lease(team, number="34600111222"), "Ihr Paket", code="").pk
    client = client_of(alice)

    def found(text: str) -> list[int]:
        return ids(client.get(address(team), {"q": text}).text)

    assert found("429916") == found("429-916") == found("7700 900") == [one]
    assert found("600111") == found("paket") == [other]
    assert found("zz") == []
    assert "No message matches." in client.get(address(team), {"q": "zz"}).text


def test_a_removed_text_is_found_by_its_code_only(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    pk = receive(team, "Your code is 429916")
    message = Message.objects.get()
    message.remove_text()
    message.save()
    client = client_of(alice)

    found = client.get(address(team), {"q": "429916"}).text
    assert ids(found) == [pk]
    assert "Text removed" in found
    assert ids(client.get(address(team), {"q": "code is"}).text) == []


@pytest.mark.parametrize("place", ["x", "-1", "٣", str(10**30), ""])
def test_a_place_that_is_none_is_ignored(
    client_of: ClientOf, alice: User, team: Team, place: str
) -> None:
    pk = receive(team)
    for name in ("before", "after"):
        assert ids(client_of(alice).get(address(team), {name: place, "q": "\0"}).text) == [pk]


def test_a_colleagues_message_is_concealed_where_messages_are_private(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    Team.objects.update(private_messages=True)
    mine = receive(team, "Your code is 429916")  # Alice bought the number
    client = client_of(bob)

    page = client.get(address(team)).text
    assert ids(page) == [mine]
    fresh = client.get(address(team), {"after": 0}, headers=HTMX).text
    assert ids(fresh) == [mine]
    assert "429916" not in page + fresh
    for text in ("429916", "code is"):
        assert ids(client.get(address(team), {"q": text}).text) == []
        assert ids(client_of(alice).get(address(team), {"q": text}).text) == [mine]


def test_nobody_reads_what_came_to_another_team(
    client_of: ClientOf, alice: User, charlie: User, team: Team
) -> None:
    receive(make_team())
    assert ids(client_of(alice).get(address(team)).text) == []
    assert client_of(charlie).get(address(team)).status_code == 404


@pytest.mark.parametrize("rows", [1, 20])
def test_the_number_of_queries_does_not_grow(
    client_of: ClientOf,
    alice: User,
    team: Team,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(rows):
        receive(team, f"text {number}")
    make_lease_message(make_lease(team), "Paket")
    client = client_of(alice)
    client.get(address(team))

    with django_assert_max_num_queries(6):
        assert len(ids(client.get(address(team)).text)) == rows + 1
