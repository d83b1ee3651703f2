"""GET /t/<team>/provider/: whether the provider answers, what goes on without it, how its accounts stand."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ProviderAccount, Role, Team, User
from catalog import feeds
from catalog.models import Feed
from core.health import store
from rentals.models import BuyingStop
from rentals.states import PurchaseState
from tests.factories import (
    add_member,
    fail_to_read,
    make_activation,
    make_country,
    make_provider_account,
    make_purchase,
    make_team,
    make_user,
)

ClientOf = Callable[[User], Client]

ANSWERS = "The provider answers."
DOES_NOT = "The provider does not answer."
TRY_NOW = "Try now"


@pytest.fixture(autouse=True)
def empty_store(settings: Settings, valkey: str) -> Iterator[None]:
    """Nothing is known of the calls of the last minutes."""
    client = redis.Redis.from_url(settings.REDIS_URL)

    def empty() -> None:
        client.delete(*(client.keys(f"{store.CALLS}*") or ["none"]))

    empty()
    yield
    empty()


@pytest.fixture
def main(team: Team) -> ProviderAccount:
    """The team's account, with a balance."""
    return make_provider_account(team, name="Main", balance="92.20", balance_at=timezone.now())


def address(team: Team) -> str:
    return reverse("rentals:provider", args=[team.slug])


def read(client: Client, team: Team) -> str:
    """The page as its reader sees it, on one line."""
    response = client.get(address(team))
    assert response.status_code == 200
    return " ".join(response.text.split())


def words(html: str) -> str:
    """What is left without the tags."""
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


# Whether it answers


def test_it_answers(client_of: ClientOf, bob: User, team: Team, main: ProviderAccount) -> None:
    html = read(client_of(bob), team)

    assert ANSWERS in html
    assert "prices are read every 15 min" in html
    assert DOES_NOT not in html
    assert "provider-down" not in html.partition("<main")[2].replace("#provider-down", "")
    assert "<noscript><meta" not in html
    assert "every 30s" in html


def test_it_does_not_answer(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    read_at = timezone.now() - timedelta(minutes=10)
    Feed.objects.update(fetched_at=read_at)
    failed = fail_to_read()

    html = read(client_of(bob), team)

    assert DOES_NOT in html
    said = words(html)
    assert ": the list of countries. The provider did not answer in time." in said
    assert failed.failed_at is not None
    for moment in (read_at, failed.failed_at, failed.failed_at + timedelta(minutes=15)):
        assert f'datetime="{moment.isoformat()}"' in html
    assert "at the latest, then every 15 min." in said
    assert "nothing can be bought until the provider answers" in said
    assert '<noscript><meta http-equiv="refresh" content="15">' in html
    assert "every 5s" in html


def test_a_try_that_did_not_come_is_due(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    long_ago = timezone.now() - timedelta(hours=2)
    Feed.objects.update(fetched_at=long_ago, asked_at=timezone.now() - timedelta(minutes=61))
    fail_to_read(failed_at=timezone.now() - timedelta(hours=1))
    # As somebody whose open page asks: a visit would have the lists read.
    html = client_of(bob).get(address(team), headers={"HX-Request": "true"}).text

    assert "The next try is due." in html
    assert "at the latest" not in html


def test_it_says_that_it_is_asked_at_this_moment(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    fail_to_read(claimed_until=timezone.now() + timedelta(seconds=60))
    assert "It is being asked again at this moment." in read(client_of(bob), team)


def test_the_list_that_failed_is_named(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    fail_to_read(Feed.prices_key(make_country("<Spain>")))
    assert "the prices of &lt;Spain&gt;. The provider" in read(client_of(bob), team)
    fail_to_read("areas", feeds.UNANSWERED[0])
    assert "the list of areas to lease in. The provider could not" in read(client_of(bob), team)


def test_a_refused_list_is_an_answer(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    fail_to_read(sentence=feeds.FAILURES[4][1])

    html = read(client_of(bob), team)

    assert ANSWERS in html
    assert "Some lists could not be read the last time." in html


def test_it_was_never_read_and_nobody_can(client_of: ClientOf, bob: User, team: Team) -> None:
    Feed.objects.all().delete()

    html = read(client_of(bob), team)

    assert "The provider was not asked for its prices yet." in html
    assert "That needs a provider account." in html
    assert reverse("accounts:add_provider_account", args=[team.slug]) in html
    assert "They were never read yet." in html
    assert TRY_NOW not in html


def test_a_visit_has_the_first_lists_read(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    Feed.objects.all().delete()
    assert "The provider is being asked for the first time." in read(client_of(bob), team)


def test_it_is_down_and_nobody_can_ask_again(client_of: ClientOf, bob: User, team: Team) -> None:
    fail_to_read()

    html = read(client_of(bob), team)

    assert "It is not asked again: no provider account can be used for that." in html
    assert TRY_NOW not in html


# The calls of the last minutes


def test_calls_are_told_without_their_number_or_their_names(
    client_of: ClientOf, vera: User, team: Team, main: ProviderAccount
) -> None:
    calls = {"answered": 977_000_977, "answer_lost": 3_000_003, "2": 980_000_980}
    store.add_calls({f"get/sms|{what}": count for what, count in calls.items()})

    html = read(client_of(vera), team)

    assert "calls of the last minutes took 250 ms or less. Up to 5 % of them failed." in html
    assert ANSWERS in html
    # Long numbers: a page holds the microseconds of a moment, a digit or two of which prove nothing.
    assert not re.search(r"977\D?000|980\D?000", html)
    assert "get/sms" not in html


def test_many_calls_that_failed_are_said_before_a_list_was_missed(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    store.add_calls({"get/sms|answered": 5, "get/sms|answer_lost": 5, "get/sms|9": 10})

    html = read(client_of(bob), team)

    assert "Many calls to the provider failed in the last minutes." in html
    assert "Half of this site's calls of the last minutes took longer than 20.0 s." in html
    assert "Up to 50 % of them failed." in html
    assert ANSWERS not in html


@pytest.mark.parametrize("few", [{}, {"get/sms|answered": 4, "get/sms|0": 4}])
def test_a_few_calls_say_nothing(
    client_of: ClientOf, bob: User, team: Team, few: dict[str, int]
) -> None:
    store.add_calls(few)
    assert "calls of the last minutes" not in read(client_of(bob), team)


def test_without_redis_the_rest_is_told(
    client_of: ClientOf, bob: User, team: Team, settings: Settings
) -> None:
    browser = client_of(bob)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    html = read(browser, team)
    assert ANSWERS in html
    assert "calls of the last minutes" not in html


# What works and what waits


def test_it_counts_what_waits(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    for state in (PurchaseState.HELD, PurchaseState.SENDING, PurchaseState.UNKNOWN):
        make_purchase(team, account=main, state=state)
    make_purchase(team, account=main)
    make_activation(team)
    make_activation(team)
    make_purchase(make_team(), state=PurchaseState.UNKNOWN)
    fail_to_read()

    html = read(client_of(bob), team)

    said = words(html)
    assert "2 numbers wait for their SMS. Open numbers are asked for again and again, with" in said
    assert "pauses of 1 min at most unless the provider wants longer ones" in said
    assert "2 wait to be sent. 1 is being sent." in said
    assert "is given up after 2 min, in the queue for a free slot after 30 min." in said
    assert "1 purchase. The answer was lost on the way." in said
    for state in ("held", "sending", "unknown"):
        assert f'href="{reverse("rentals:history", args=[team.slug])}?state={state}"' in html


def test_nothing_waits(client_of: ClientOf, bob: User, team: Team) -> None:
    said = words(read(client_of(bob), team))
    assert "No number waits for its SMS." in said
    assert "None is under way." in said
    assert "The staff have not stopped it." in said


def test_it_says_why_buying_is_stopped(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    other = make_provider_account(team, name="Other")
    BuyingStop.objects.create(account=other, reason="We look into <this>.")
    BuyingStop.objects.create(team=make_team(), reason="Not for us.")

    html = read(client_of(bob), team)

    assert html.count("Buying is stopped at the moment: We look into &lt;this&gt;.") == 1
    assert "The staff have not stopped it." in html
    assert "Not for us." not in html

    BuyingStop.objects.create(team=team, reason="For all of you.")
    html = read(client_of(bob), team)
    assert html.count("Buying is stopped at the moment: For all of you.") == 1
    assert "The staff have not stopped it" not in html


@pytest.mark.parametrize("page", ["rentals:desk", "rentals:history", "reports:inbox"])
def test_it_keeps_who_reads_it_going(
    client_of: ClientOf, vera: User, team: Team, page: str
) -> None:
    html = read(client_of(vera), team).partition("<main")[2]
    assert f'href="{reverse(page, args=[team.slug])}"' in html
    assert f'href="{reverse("rentals:help")}#provider-down"' in html


# Trying again


def test_try_now_asks_for_the_lists_and_leads_back(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    Feed.objects.update(fetched_at=timezone.now() - timedelta(minutes=5))
    fail_to_read()
    browser = client_of(bob)
    form = read(browser, team).partition(f'action="{reverse("catalog:refresh", args=[team.slug])}"')
    assert f'name="next" value="{address(team)}"' in form[2].partition("</form>")[0]

    page = browser.post(
        reverse("catalog:refresh", args=[team.slug]), {"next": address(team)}, follow=True
    )

    assert page.redirect_chain == [(address(team), 302)]
    assert "The prices are being read again." in page.text
    assert "It is being asked again at this moment." in page.text


def test_a_visit_asks_where_the_lists_are_old_and_an_open_page_does_not(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    Feed.objects.update(fetched_at=timezone.now() - timedelta(hours=1))
    browser = client_of(bob)
    asked = Feed.objects.filter(asked_at__isnull=False)

    browser.get(address(team), headers={"HX-Request": "true"})
    assert not asked.exists()
    browser.get(address(team))
    assert asked.exists()


# Live


def test_htmx_gets_the_content_once(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount
) -> None:
    browser = client_of(bob)
    fragment = browser.get(address(team), headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert ANSWERS in fragment
    found = re.search(r'hx-get="([^"]+\?seen=\w+)"', fragment)
    assert found

    again = browser.get(found[1], headers={"HX-Request": "true"})
    assert (again.status_code, again.content) == (204, b"")

    fail_to_read()
    changed = browser.get(found[1], headers={"HX-Request": "true"})
    assert changed.status_code == 200
    assert DOES_NOT in changed.text


def test_a_page_is_never_empty(client_of: ClientOf, bob: User, team: Team) -> None:
    browser = client_of(bob)
    found = re.search(r'hx-get="([^"]+\?seen=\w+)"', browser.get(address(team)).text)
    assert found
    assert browser.get(found[1]).status_code == 200


# Who may, what it costs, and the ways there


def test_who_may_see_it(
    client_of: ClientOf,
    client: Client,
    alice: User,
    bob: User,
    vera: User,
    charlie: User,
    team: Team,
) -> None:
    ada = add_member(team, make_user("Ada"), Role.ADMIN).user
    for user, status in ((alice, 200), (ada, 200), (bob, 200), (vera, 200), (charlie, 404)):
        assert client_of(user).get(address(team)).status_code == status
    assert client.get(address(team)).headers["Location"].startswith("/accounts/login/")
    assert client_of(bob).post(address(team)).status_code == 405


def test_more_of_everything_costs_no_more_queries(
    client_of: ClientOf,
    alice: User,
    team: Team,
    main: ProviderAccount,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    browser = client_of(alice)
    fail_to_read(Feed.prices_key(make_country()))
    browser.get(address(team))
    with CaptureQueriesContext(connection) as few:
        browser.get(address(team))
    assert len(few) <= 16
    for state in (PurchaseState.HELD, PurchaseState.SENDING, PurchaseState.UNKNOWN):
        account = make_provider_account(team, slots=3, slots_at=timezone.now())
        BuyingStop.objects.create(account=account, reason="Stopped.")
        make_purchase(team, account=account, state=state)
        make_activation(team)
        fail_to_read(Feed.prices_key(make_country()))
    with django_assert_num_queries(len(few)):
        browser.get(address(team))
