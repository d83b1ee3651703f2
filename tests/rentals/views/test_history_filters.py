"""What history can be narrowed by, alone and together, as it stands in the address."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team, User
from rentals.history import Wanted
from rentals.models import Message, Purchase, Tag
from rentals.operations.activation import store_sms
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_lease_message,
    make_offer,
    make_provider_account,
    make_purchase,
    make_team,
)

ClientOf = Callable[[User], Client]
Found = Callable[..., list[str]]


@pytest.fixture
def found(client_of: ClientOf, alice: User, team: Team) -> Found:
    """The purchases that the page lists for some parameters."""
    client = client_of(alice)
    address = reverse("rentals:history", args=[team.slug])

    def ask(**parameters: object) -> list[str]:
        html = client.get(address, {k.removesuffix("_"): v for k, v in parameters.items()}).text
        return re.findall(r"/purchases/([0-9a-f-]{36})/", html)

    return ask


def codes(*purchases: Purchase) -> list[str]:
    return [str(purchase.code) for purchase in purchases]


def test_each_filter_leaves_what_it_names(team: Team, alice: User, bob: User, found: Found) -> None:
    main, other = make_provider_account(team), make_provider_account(team)
    offer, elsewhere = make_offer(), make_offer()
    first = make_purchase(team, alice, offer=offer, account=main)
    second = make_purchase(team, bob, offer=elsewhere, account=other)
    tag = Tag.objects.create(team=team, name="QA")
    second.tags.add(tag, Tag.objects.create(team=team, name="more"))

    assert found(service=offer.service_id) == codes(first)
    assert found(country=elsewhere.country_id) == codes(second)
    assert found(member=bob.pk) == codes(second)
    assert found(account=main.pk) == codes(first)
    assert found(tag=tag.pk) == codes(second)
    assert found(service=offer.service_id, member=bob.pk) == []
    assert found(service=offer.service_id, member=alice.pk, account=main.pk) == codes(first)


def test_days_are_utc_and_both_counted(team: Team, found: Found) -> None:
    moments = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((3, 23), (4, 0), (5, 23))]
    before, first, last = [make_purchase(team) for _ in moments]
    for purchase, moment in zip((before, first, last), moments, strict=True):
        Purchase.objects.filter(pk=purchase.pk).update(created=moment)

    assert found(from_="2026-03-04", to="2026-03-05") == codes(last, first)
    assert found(from_="2026-03-04") == codes(last, first)
    assert found(to="2026-03-04") == codes(first, before)
    assert found(from_="2026-03-06", to="2026-03-01") == []


def test_search_by_country_means_the_same_to_each_reader(
    team: Team, alice: User, found: Found
) -> None:
    offer = make_offer(country=make_country("Spain", iso_code="ES"))
    there, _elsewhere = make_purchase(team, offer=offer), make_purchase(team)

    for language in ("en", "de"):
        User.objects.filter(pk=alice.pk).update(language=language)
        assert found(q="spai") == found(q="SPANIEN") == codes(there)
    assert found(q="Spanienland") == []


def test_search_by_code_finds_the_number_it_came_to(team: Team, found: Found) -> None:
    number = make_activation(team)
    store_sms(activation_id=number.pk, text="Your code is 429-916", by="poller")
    lease = make_lease(team)
    make_lease_message(lease, "Code: K7PQ2", code="K7PQ2")

    assert found(q="429-916") == codes(number.purchase)
    assert found(q="429 916") == codes(number.purchase)
    assert found(q="K7PQ2") == codes(lease.purchase)
    assert found(q="42991") == []


def test_a_code_is_found_when_its_text_was_removed(team: Team, found: Found) -> None:
    number = make_activation(team)
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    message = Message.objects.get()
    message.remove_text()
    message.save()

    assert found(q="429916") == codes(number.purchase)


def test_nobody_finds_by_its_code_what_they_may_not_read(
    client_of: ClientOf, team: Team, bob: User, found: Found
) -> None:
    number = make_activation(team)  # Alice's
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    Team.objects.update(private_messages=True)

    assert found(q="429916") == codes(number.purchase)
    address = reverse("rentals:history", args=[team.slug])
    assert "Nothing matches." in client_of(bob).get(address, {"q": "429916"}).text


def test_no_code_of_another_team_is_found(team: Team, found: Found) -> None:
    number = make_activation(make_team())
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    assert found(q="429916") == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"service": "x"},
        {"service": str(10**30)},
        {"service": "-1"},
        {"service": "٣"},
        {"account": "not-a-uuid"},
        {"from_": "2026-02-30"},
        {"to": "9999-12-31"},
        {"from_": "x\0"},
        {"state": "no such state"},
        {"q": "\0"},
    ],
)
def test_what_makes_no_sense_is_dropped(
    team: Team, found: Found, parameters: dict[str, str]
) -> None:
    purchase = make_purchase(team)
    assert found(**parameters) == codes(purchase)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=watiing", "This filter was not understood and counts for nothing: state=watiing."),
        ("from=2026-02-30", "counts for nothing: from=2026-02-30."),
        (
            "to=x&member=y&q=a",
            "These filters were not understood and count for nothing: member=y, to=x.",
        ),
        ("state=%3Cb%3E", "state=&lt;b&gt;"),
    ],
)
def test_what_makes_no_sense_is_said(
    client_of: ClientOf, alice: User, team: Team, query: str, said: str
) -> None:
    make_purchase(team)
    address = reverse("rentals:history", args=[team.slug])
    page = client_of(alice).get(f"{address}?{query}").text
    assert said in page
    assert "exports/csv" not in page  # nor is a file offered of what was not meant
    assert "not understood" not in client_of(alice).get(f"{address}?state=waiting&q=%00").text


def test_empty_fields_of_the_form_are_not_in_the_address(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    address = reverse("rentals:history", args=[team.slug])
    client = client_of(alice)
    unused = "q=&state=&service=&country=&member=&account=&tag=&from=&to=+"
    assert client.get(f"{address}?{unused}").headers["Location"] == address
    some = client.get(f"{address}?q=a+b&state=&from=2026-01-01&to=")
    assert some.headers["Location"] == f"{address}?q=a+b&from=2026-01-01"
    assert client.get(some.headers["Location"]).status_code == 200


def test_somebody_elses_things_find_nothing(team: Team, found: Found) -> None:
    other = make_team()
    make_purchase(team)
    theirs = make_purchase(other)
    assert found(account=theirs.account_id) == []
    assert found(member=theirs.buyer_id) == []
    assert found(tag=Tag.objects.create(team=other, name="QA").pk) == []


def test_filters_stay_when_older_ones_are_shown(
    client_of: ClientOf, alice: User, bob: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rentals.views.history.PAGE", 2)
    mine = [make_purchase(team, bob) for _ in range(5)]
    make_purchase(team, alice)
    client, address = client_of(alice), reverse("rentals:history", args=[team.slug])

    seen, query = [], f"?member={bob.pk}&from={timezone.now() - timedelta(days=1):%Y-%m-%d}"
    while query:
        html = client.get(address + query).text
        seen += re.findall(r"/purchases/([0-9a-f-]{36})/", html)
        older = re.search(r'href="(\?[^"]*before=[^"]*)"', html)
        query = older[1].replace("&amp;", "&") if older else ""

    assert seen == codes(*reversed(mine))


def test_each_filter_can_be_taken_away_alone(client_of: ClientOf, alice: User, team: Team) -> None:
    offer = make_offer()
    make_purchase(team, offer=offer)
    address = reverse("rentals:history", args=[team.slug])

    html = (
        client_of(alice)
        .get(address, {"q": "nothing", "service": offer.service_id, "from": "2026-01-01"})
        .text
    )

    assert "All filters hold at once" in html
    links = re.findall(r'<li><a href="([^"]+)"><bdi>([^<]+)</bdi>', html)
    assert [(label, link.replace("&amp;", "&").partition("?")[2]) for link, label in links] == [
        ("“nothing”", f"service={offer.service_id}&from=2026-01-01"),
        (offer.service.title, "q=nothing&from=2026-01-01"),
        ("from 1 Jan 2026", f"q=nothing&service={offer.service_id}"),
    ]


def test_an_address_is_read_back_as_it_was_written() -> None:
    wanted = Wanted(text="a&b", state="expired", service=7, tag=3, first=date(2026, 1, 2))
    assert Wanted.read(wanted.parameters) == wanted
    assert wanted.query == "q=a%26b&state=expired&service=7&tag=3&from=2026-01-02"
