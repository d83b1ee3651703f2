"""What is due, by whose token, and who may ask."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import ProviderAccount
from catalog import feeds, sync, tasks, upsert
from catalog.models import Country, Feed, Offer, Service
from sandbox.server import Sandbox
from tests.factories import make_country, make_offer, make_provider_account, make_team, make_token

INTERVAL = 900  # seconds
COUNTRIES = [{"id": n, "title": f"Country {n}"} for n in (1, 4, 5, 6, 7)]


@pytest.fixture(autouse=True)
def interval(settings):
    settings.CATALOG_REFRESH_SECONDS = INTERVAL


@pytest.fixture
def five_countries(say):
    """A world that is read quickly."""
    say("list/countries", COUNTRIES, times=20)


def calls(sandbox: Sandbox, name: str = "") -> list[str]:
    return [call.params.get("country_id", "") for call in sandbox.calls if call.name == name]


def make_older(seconds: float, **which: object) -> None:
    for feed in Feed.objects.filter(**which).exclude(fetched_at=None):
        feed.fetched_at -= timedelta(seconds=seconds)
        feed.save()


# Rounds


def test_the_first_round_reads_everything(account, sandbox):
    tasks.refresh_catalogue()
    assert Country.objects.count() == 48
    assert len(calls(sandbox, "list/prices")) == 48
    assert Offer.objects.count() > 10_000
    assert Feed.objects.count() == 51
    freshness = Feed.objects.freshness()
    assert not freshness.is_stale
    assert not freshness.failing


def test_a_round_notes_in_how_many_countries_each_service_is_in_stock(
    account, sandbox, five_countries
):
    tasks.refresh_catalogue()
    for service in Service.objects.all():
        assert service.reach == service.offers.in_stock().count()
    telegram = Service.objects.get(code="tg")
    assert telegram.reach == 5
    telegram.offers.update(stock=0)
    upsert.write_reach()
    telegram.refresh_from_db()
    assert telegram.reach == 0


def test_a_second_round_at_once_calls_nobody(account, sandbox, five_countries):
    tasks.refresh_catalogue()
    before = len(sandbox.calls)
    tasks.refresh_catalogue()
    assert len(sandbox.calls) == before


def test_beat_finds_due_what_was_read_a_little_after_its_last_visit(
    account, sandbox, five_countries
):
    tasks.refresh_catalogue()
    make_older(INTERVAL - 60)
    tasks.refresh_catalogue()
    assert len(calls(sandbox, "list/prices")) == 10


def test_only_what_is_due_is_read(account, sandbox, five_countries):
    tasks.refresh_catalogue()
    make_older(INTERVAL, key="prices:5")
    tasks.refresh_catalogue()
    assert calls(sandbox, "list/prices")[5:] == ["5"]


def test_one_country_that_fails_stops_no_other(account, sandbox, five_countries):
    sandbox.fault("list/prices", "malformed")
    tasks.refresh_catalogue()
    assert Feed.objects.exclude(failed_at=None).count() == 1
    assert Country.objects.filter(offers__listed=True).distinct().count() == 4
    tasks.refresh_catalogue()
    assert Country.objects.filter(offers__listed=True).distinct().count() == 5


def test_one_country_that_cannot_be_written_stops_no_other(
    account, sandbox, five_countries, monkeypatch
):
    write = upsert.write_offers

    def stumble(country, quotes, at):
        if country.provider_id == "5":
            raise RuntimeError("no room")
        write(country, quotes, at)

    monkeypatch.setattr(upsert, "write_offers", stumble)
    tasks.refresh_catalogue()
    assert Country.objects.filter(offers__listed=True).distinct().count() == 4


def test_a_provider_that_is_down_is_asked_little_and_empties_nothing(
    account, sandbox, five_countries
):
    tasks.refresh_catalogue()
    offers = Offer.objects.filter(listed=True).count()
    make_older(INTERVAL + 1)
    before = len(sandbox.calls)
    sandbox.clear_faults()
    sandbox.fault("*", "http_error", times=None, status=503)
    tasks.refresh_catalogue()
    assert len(sandbox.calls) - before == 3 + sync.GIVE_UP_AFTER
    assert Offer.objects.filter(listed=True).count() == offers
    freshness = Feed.objects.freshness()
    assert freshness.is_stale
    assert freshness.failing
    assert freshness.as_of < timezone.now() - timedelta(seconds=INTERVAL)


def test_those_that_fail_do_not_keep_the_others_waiting(account, sandbox, five_countries):
    """Three that always fail end the round; the next one begins with the others."""
    tasks.refresh_catalogue()
    make_older(INTERVAL + 1)
    sandbox.fault("list/prices", "malformed", times=3)
    tasks.refresh_catalogue()
    failed = calls(sandbox, "list/prices")[5:]
    assert len(failed) == 3
    tasks.refresh_catalogue()
    again = calls(sandbox, "list/prices")[8:]
    assert set(again[:2]).isdisjoint(failed)
    assert set(again[2:]) == set(failed)


def test_one_country_on_demand(account, sandbox, five_countries):
    tasks.refresh_catalogue()
    sandbox.set_price(5, 3, cost="0.77", stock=4)
    country = Country.objects.get(provider_id="5")
    make_older(11, key="prices:5")
    tasks.refresh_country(country.pk)
    assert country.offers.get(service__code="tg").cost == Decimal("0.77")
    tasks.refresh_country(country.pk)  # ten purchases found the same
    assert len(calls(sandbox, "list/prices")) == 6


def test_what_was_just_read_is_read_again_where_a_purchase_found_it_wrong(
    account, sandbox, five_countries
):
    tasks.refresh_catalogue()
    sandbox.set_price(5, 3, cost="0.77", stock=4)
    country = Country.objects.get(provider_id="5")
    found = [time.time() + n / 1000 for n in range(3)]
    tasks.refresh_country(country.pk, found[0])
    assert country.offers.get(service__code="tg").cost == Decimal("0.77")
    assert len(calls(sandbox, "list/prices")) == 6
    Feed.objects.filter(key="prices:5").update(fetched_at=timezone.now() + timedelta(seconds=1))
    for moment in found:  # they found the same while it was read
        tasks.refresh_country(country.pk, moment)
    assert len(calls(sandbox, "list/prices")) == 6


def test_a_country_that_is_gone_is_not_asked_for(account, sandbox):
    tasks.refresh_country(make_country().pk + 1)
    Country.objects.update(listed=False)
    tasks.refresh_country(Country.objects.get().pk)
    assert sandbox.calls == []


# Whose token


def test_the_sites_token_reads_where_there_is_one(sandbox, settings, account, five_countries):
    settings.SITE_TOKEN = make_token()
    sandbox.add_account(settings.SITE_TOKEN)
    tasks.refresh_catalogue()
    assert {call.account for call in sandbox.calls} == {1}


def test_the_site_falls_back_on_nobody(sandbox, settings, account, caplog):
    settings.SITE_TOKEN = make_token()
    tasks.refresh_catalogue()
    assert {call.account for call in sandbox.calls} == {None}
    account.refresh_from_db()
    assert account.is_active
    assert "SITE_TOKEN" in caplog.text
    assert settings.SITE_TOKEN not in caplog.text


def test_a_team_that_asks_reads_with_its_own_account(sandbox, team, account, five_countries):
    for _ in range(5):
        token = make_token()
        sandbox.add_account(token)
        make_provider_account(make_team(), token)
    tasks.refresh_catalogue(team.pk)
    assert {call.account for call in sandbox.calls} == {0}


def test_a_token_that_is_refused_suspends_its_account_and_another_reads(
    sandbox, team, account, five_countries
):
    bad = make_provider_account(make_team(), make_token())
    tasks.refresh_catalogue(bad.team_id)
    bad.refresh_from_db()
    assert (bad.state, bad.suspended_code) == (ProviderAccount.State.SUSPENDED, 401)
    account.refresh_from_db()
    assert account.is_active
    assert Offer.objects.exists()
    assert not Feed.objects.freshness().failing


def test_not_every_account_is_tried_when_none_is_accepted(sandbox, db):
    for _ in range(5):
        make_provider_account(make_team(), make_token())
    tasks.refresh_catalogue()
    assert len(sandbox.calls) == 3
    assert ProviderAccount.objects.usable().count() == 2


def test_a_token_that_cannot_be_opened_is_passed_over(sandbox, team, account, five_countries):
    broken = make_provider_account(make_team(), make_token())
    ProviderAccount.objects.filter(pk=broken.pk).update(token_sealed=b"\x01")
    tasks.refresh_catalogue(broken.team_id)
    assert Offer.objects.exists()


def test_suspended_accounts_do_not_read(sandbox, account):
    ProviderAccount.objects.update(state=ProviderAccount.State.SUSPENDED)
    tasks.refresh_catalogue()
    assert sandbox.calls == []


# Asking


def test_a_fresh_catalogue_costs_a_page_one_query(
    account, five_countries, django_assert_num_queries
):
    tasks.refresh_catalogue()
    with django_assert_num_queries(1):
        freshness = sync.refresh_if_stale()
    assert not freshness.is_stale
    assert timezone.now() - freshness.as_of < timedelta(seconds=30)


def test_a_stale_one_is_shown_and_read_behind_the_page_once(
    team, account, queued, five_countries, django_capture_on_commit_callbacks
):
    tasks.refresh_catalogue()
    make_older(INTERVAL + 1)
    with django_capture_on_commit_callbacks(execute=True):
        first = sync.refresh_if_stale(team)
        second = sync.refresh_if_stale()
    assert (first.is_stale, first.is_being_read) == (True, True)
    assert (second.is_stale, second.is_being_read) == (True, True)
    assert queued() == [("catalog.tasks.refresh_catalogue", [team.pk, None])]


def test_once_it_is_read_nobody_says_that_it_is_being_read(team, account, five_countries):
    assert sync.ask_for_refresh(team)
    assert Feed.objects.freshness().is_being_read
    tasks.refresh_catalogue(team.pk)
    assert not Feed.objects.freshness().is_being_read


def test_asking_again_counts_after_a_minute(account):
    assert sync.ask_for_refresh()
    assert not sync.ask_for_refresh()
    Feed.objects.update(asked_at=timezone.now() - timedelta(seconds=61))
    assert sync.ask_for_refresh()


def test_without_anybody_to_read_with_nothing_is_asked(
    db, queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        freshness = sync.refresh_if_stale()
    assert freshness.as_of is None
    assert not freshness.is_being_read
    assert queued() == []


def test_a_broker_that_is_down_breaks_no_page(
    account, django_capture_on_commit_callbacks, monkeypatch
):
    def down(**options: object) -> None:
        raise OperationalError("down")

    monkeypatch.setattr(tasks.refresh_catalogue, "apply_async", down)
    with django_capture_on_commit_callbacks(execute=True):
        assert sync.refresh_if_stale().is_stale


def test_a_country_never_read_makes_it_stale(account, five_countries):
    tasks.refresh_catalogue()
    Feed.objects.filter(key="prices:5").update(fetched_at=None)
    assert Feed.objects.freshness().is_stale


def test_one_failing_country_does_not_make_all_look_old(account, five_countries):
    tasks.refresh_catalogue()
    make_older(86400, key="prices:5")
    Feed.objects.filter(key="prices:5").update(failed_at=timezone.now())
    freshness = Feed.objects.freshness()
    assert freshness.failing
    assert timezone.now() - freshness.as_of < timedelta(minutes=1)


def test_a_dead_readers_claim_is_not_taken_for_reading(db):
    feed = feeds.claim(feeds.COUNTRIES)
    assert Feed.objects.freshness().is_being_read
    Feed.objects.filter(pk=feed.pk).update(claimed_until=timezone.now())
    assert not Feed.objects.freshness().is_being_read


def test_forgetting_makes_the_next_reading_a_full_one(account, five_countries):
    tasks.refresh_catalogue()
    offer = Offer.objects.filter(country__provider_id="5", stock__gt=0).first()
    Offer.objects.filter(pk=offer.pk).update(cost=Decimal("9.99"))
    make_older(INTERVAL)
    tasks.refresh_catalogue()
    offer.refresh_from_db()
    assert offer.cost == Decimal("9.99")  # the body was the same
    feeds.forget(["prices:5"])
    make_older(INTERVAL)
    tasks.refresh_catalogue()
    offer.refresh_from_db()
    assert offer.cost != Decimal("9.99")


def test_the_lists_on_demand(account, sandbox):
    make_offer()
    tasks.refresh_lists()
    assert Service.objects.filter(listed=True).count() > 300
    assert calls(sandbox, "list/prices") == []
