"""Reading one list over HTTP: every shape it comes in, and everything that can go wrong with it."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

import smsbus
from catalog import feeds
from catalog.lists import Outcome, refresh_countries, refresh_prices, refresh_services
from catalog.models import Country, Feed, Offer, PricePoint, Service
from sandbox.server import Sandbox
from smsbus import Client
from tests.catalog.conftest import Saying, row
from tests.factories import make_offer

LONG_ID = "260206123456789012345"


def feed_of(country: Country) -> Feed:
    return Feed.objects.get(key=Feed.prices_key(country))


def calls(sandbox: Sandbox, name: str) -> int:
    return sum(call.name == name for call in sandbox.calls)


# What comes


def test_countries_and_services_are_read(provider):
    assert refresh_countries(provider) is Outcome.READ
    assert refresh_services(provider) is Outcome.READ
    assert Country.objects.filter(listed=True).count() == 48
    assert Service.objects.get(code="tg").title == "Telegram"
    assert Feed.objects.get(key="countries").age < timedelta(seconds=10)


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"lists": True},
        {"prices_keyed_by": "country"},
        {"lists": True, "prices_keyed_by": "country"},
        {"string_codes": True},
    ],
    ids=str,
)
def test_every_shape_gives_the_same_offers(
    provider_shaped: Callable[..., AbstractContextManager[Client]], shape: dict[str, Any]
):
    with provider_shaped(**shape) as client:
        refresh_countries(client)
        refresh_services(client)
        russia = Country.objects.get(provider_id="1")
        assert refresh_prices(russia, client) is Outcome.READ
        expected = {str(price.project_id): price for price in client.list_prices("1")}
    assert len(expected) > 200
    written = {
        offer.service.provider_id: offer for offer in russia.offers.select_related("service")
    }
    assert written.keys() == expected.keys()
    assert {key: offer.cost for key, offer in written.items()} == {
        key: price.cost for key, price in expected.items()
    }


def test_ids_of_21_digits_are_kept_to_the_last_one(provider, say: Saying):
    say("list/countries", [{"id": LONG_ID, "title": "Far away", "code": "zz"}])
    say("list/projects", {"x": {"id": int(LONG_ID) + 1, "title": "Long", "code": "lo"}})
    refresh_countries(provider)
    refresh_services(provider)
    country, service = Country.objects.get(), Service.objects.get()
    assert (country.provider_id, service.provider_id) == (LONG_ID, str(int(LONG_ID) + 1))
    say("list/prices", {"1": row(service, country)})
    assert refresh_prices(country, provider) is Outcome.READ
    assert Offer.objects.get(country=country, service=service).cost == Decimal("0.14")


def test_an_id_longer_than_the_column_is_left_out_and_never_cut(provider, say: Saying):
    say("list/countries", [{"id": "9" * 65, "title": "?"}, {"id": 1, "title": "Russia"}])
    assert refresh_countries(provider) is Outcome.READ
    assert [country.provider_id for country in Country.objects.all()] == ["1"]


def test_a_title_is_cut_and_a_missing_one_made_up_for(provider, say: Saying):
    say("list/projects", [{"id": 1, "title": "a" * 500}, {"id": 2, "code": "tg"}, {"id": 3}])
    refresh_services(provider)
    titles = dict(Service.objects.values_list("provider_id", "title"))
    assert titles == {"1": "a" * 120, "2": "tg", "3": "3"}


def test_a_price_is_a_decimal_from_its_text(provider, say: Saying, germany, telegram):
    say("list/prices", {"3": row(telegram, germany, cost="0.1005")})
    refresh_prices(germany, provider)
    assert Offer.objects.get().cost == Decimal("0.1005")


def test_of_several_prices_for_one_service_the_first_counts(provider, say, germany, telegram):
    say("list/prices", [row(telegram, germany, 0.2), row(telegram, germany, 0.1)])
    assert refresh_prices(germany, provider) is Outcome.READ
    assert Offer.objects.get().cost == Decimal("0.2")


def test_the_fields_of_a_row_count_and_not_its_key(provider, say, germany, telegram, paypal):
    other = Country.objects.create(provider_id="5", title="Elsewhere")
    say("list/prices", {"10": row(telegram, germany), "3": row(paypal, other)})
    refresh_prices(germany, provider)
    assert [(offer.service, offer.country) for offer in Offer.objects.all()] == [
        (telegram, germany)
    ]


# What changes


def test_a_renamed_country_keeps_its_row(provider, say: Saying, germany):
    say("list/countries", {"48": {"id": 48, "title": "Deutschland", "code": "de"}})
    refresh_countries(provider)
    renamed = Country.objects.get()
    assert (renamed.pk, renamed.title, renamed.iso_code) == (germany.pk, "Deutschland", "de")


def test_a_country_that_vanishes_takes_its_offers_off_sale_and_brings_them_back(
    provider, say, germany, telegram
):
    prices = {"3": row(telegram, germany)}
    both = [{"id": 1, "title": "Russia"}, {"id": 48, "title": "Germany"}]
    say("list/prices", prices)
    refresh_prices(germany, provider)
    say("list/countries", both[:1])
    refresh_countries(provider)
    germany.refresh_from_db()
    assert not germany.listed
    assert not Offer.objects.get().listed
    say("list/countries", both)
    refresh_countries(provider)
    say("list/prices", prices)
    assert refresh_prices(germany, provider) is Outcome.READ  # though the body is the same
    germany.refresh_from_db()
    assert germany.listed
    assert Offer.objects.get().listed
    assert list(PricePoint.objects.order_by("pk").values_list("stock", flat=True)) == [680, 0, 680]


def test_a_service_that_vanishes_keeps_its_offers(provider, say: Saying, telegram):
    offer = make_offer(telegram)
    say("list/projects", [{"id": 1, "title": "Google"}])
    refresh_services(provider)
    telegram.refresh_from_db()
    offer.refresh_from_db()
    assert (telegram.listed, offer.listed) == (False, True)


def test_no_service_for_this_country_is_believed(provider, say: Saying, germany, telegram):
    make_offer(telegram, germany)
    say("list/prices", None, code=50001)
    assert refresh_prices(germany, provider) is Outcome.READ
    assert not Offer.objects.get().listed
    assert feed_of(germany).error == ""


def test_prices_of_a_service_not_known_yet_have_the_services_read_first(provider, germany, say):
    missing = Service(provider_id="3", title="Telegram")
    say("list/prices", {"3": row(missing, germany)})
    assert refresh_prices(germany, provider) is Outcome.READ
    assert Offer.objects.get().service.title == "Telegram"


def test_a_service_that_no_list_has_is_left_out_until_one_does(provider, say, germany, telegram):
    unlisted = Service(provider_id="987654", title="")
    prices = [row(telegram, germany), row(unlisted, germany)]
    say("list/prices", prices, times=2)
    assert refresh_prices(germany, provider) is Outcome.READ
    assert [offer.service for offer in Offer.objects.all()] == [telegram]
    Service.objects.create(provider_id="987654", title="New")
    assert refresh_prices(germany, provider) is Outcome.READ  # though the body is the same
    assert Offer.objects.count() == 2


def test_unknown_services_do_not_have_their_list_read_over_and_over(
    provider, sandbox, say, germany
):
    for cost in (0.1, 0.2, 0.3):
        say("list/prices", [row(Service(provider_id="987654"), germany, cost)])
        refresh_prices(germany, provider)
    assert calls(sandbox, "list/projects") == 1


# What does not change


def test_the_same_body_is_skipped(
    provider, sandbox, say, germany, telegram, django_assert_num_queries
):
    say("list/prices", {"3": row(telegram, germany)}, times=2)
    refresh_prices(germany, provider)
    before = feed_of(germany)
    with django_assert_num_queries(
        4
    ):  # the feed, its claim, whether the provider answered, its new age
        assert refresh_prices(germany, provider) is Outcome.UNCHANGED
    after = feed_of(germany)
    assert after.fetched_at > before.fetched_at
    assert after.changed_at == before.changed_at


def test_a_reading_costs_the_same_whatever_the_number_of_rows(
    provider, say, germany, django_assert_num_queries
):
    services = Service.objects.bulk_create(
        Service(provider_id=str(n), title=f"Service {n}") for n in range(1, 4001)
    )
    say("list/prices", {service.provider_id: row(service, germany) for service in services})
    Feed.objects.create(key=Feed.prices_key(germany))
    writing = 1 if connection.vendor == "postgresql" else 4
    # The feed, its claim, the services; the transaction's two ends, whether the provider answered,
    # the claim's end, the writing.
    with django_assert_num_queries(7 + writing):
        assert refresh_prices(germany, provider) is Outcome.READ
    assert germany.offers.count() == PricePoint.objects.count() == 4000


def test_the_same_body_with_an_error_status_is_no_success(
    provider, sandbox, say, germany, telegram
):
    say("list/prices", {"3": row(telegram, germany)})
    refresh_prices(germany, provider)
    sandbox.fault("list/prices", "http_error", status=503)
    assert refresh_prices(germany, provider) is Outcome.FAILED


# What goes wrong

FAULTS = [
    ("reset", {}),
    ("drop", {}),
    ("truncate", {}),
    ("hang", {"seconds": 5}),
    ("slow", {"interval": 0.05}),
    ("endless", {}),
    ("http_error", {"status": 502}),
    ("http_error", {"status": 429, "retry_after": "30"}),
    ("redirect", {}),
    ("unknown_code", {}),
    ("malformed", {}),
    ("deep", {}),
    ("enormous", {}),
    ("nan", {}),
    ("infinity", {}),
    ("no_data", {}),
    ("missing", {"field": "cost"}),
    ("missing", {"field": "project_id"}),
    ("mistyped", {"field": "cost"}),
    ("mistyped", {"field": "total_count", "value": -1}),
    ("mistyped", {"field": "cost", "value": -0.5}),
]


@pytest.mark.parametrize(("fault", "options"), FAULTS, ids=str)
def test_a_failure_leaves_everything_as_it_was(
    provider, sandbox, settings, say, germany, telegram, fault, options
):
    say("list/prices", {"3": row(telegram, germany)})
    refresh_prices(germany, provider)
    before = feed_of(germany)
    provider.deadline = 0.3
    sandbox.set_price(48, 3, cost="0.5", stock=9)
    sandbox.fault("list/prices", fault, **options)
    assert refresh_prices(germany, provider) is Outcome.FAILED
    offer, feed = Offer.objects.get(), feed_of(germany)
    assert (offer.cost, offer.stock, offer.listed) == (Decimal("0.14"), 680, True)
    assert feed.fetched_at == before.fetched_at
    assert feed.failed_at
    assert feed.error in {sentence for _, sentence in feeds.FAILURES}
    assert feed.claimed_until is None


@pytest.mark.parametrize("call", ["list/countries", "list/projects"])
@pytest.mark.parametrize("fault", ["http_error", "reset", "no_data", "malformed", "nan"])
def test_a_failure_leaves_the_lists_as_they_were(provider, sandbox, germany, telegram, call, fault):
    sandbox.fault(call, fault)
    read = refresh_countries if call == "list/countries" else refresh_services
    assert read(provider) is Outcome.FAILED
    assert list(Country.objects.filter(listed=True)) == [germany]
    assert list(Service.objects.filter(listed=True)) == [telegram]


def test_nobody_there_at_all(settings, germany, telegram):
    make_offer(telegram, germany)
    client = Client(
        "no such place", api_url="http://127.0.0.1:9/api", rent_url="http://127.0.0.1:9"
    )
    assert refresh_prices(germany, client) is Outcome.FAILED
    assert feed_of(germany).error == "The provider could not be reached."
    assert Offer.objects.get().listed


def test_what_failed_once_is_forgotten_after_a_success(provider, sandbox, germany):
    sandbox.fault("list/prices", "http_error")
    refresh_prices(germany, provider)
    assert refresh_prices(germany, provider) is not Outcome.FAILED
    feed = feed_of(germany)
    assert (feed.failed_at, feed.error) == (None, "")


BAD_ROWS = [None, "?", [], {}, {"country_id": 48, "project_id": 10, "cost": "much"}]


@pytest.mark.parametrize("bad", BAD_ROWS, ids=str)
def test_a_row_that_cannot_be_read_hides_no_other_and_ends_nothing(
    provider, say, germany, telegram, paypal, caplog, bad
):
    say("list/prices", [row(telegram, germany), row(paypal, germany)])
    refresh_prices(germany, provider)
    say("list/prices", [row(telegram, germany, 0.5), bad], times=2)
    for _ in range(2):  # its hash is not kept: a reader that understands more reads it in full
        assert refresh_prices(germany, provider) is Outcome.READ
    costs = dict(germany.offers.filter(listed=True).values_list("service__code", "cost"))
    assert costs == {"tg": Decimal("0.5"), "pp": Decimal("0.14")}
    assert "list/prices: 1 rows cannot be read" in caplog.text
    say("list/prices", [row(telegram, germany, 0.5)])
    refresh_prices(germany, provider)
    assert not germany.offers.get(service=paypal).listed


def test_a_country_or_service_that_cannot_be_read_is_not_gone(
    provider, say, germany, telegram, caplog
):
    say("list/countries", [{"id": 1, "title": "Russia"}, {"id": None, "title": "Germany"}])
    say("list/projects", {"1": {"id": 1, "title": "Google"}, "3": {"id": [3]}})
    assert refresh_countries(provider) is Outcome.READ
    assert refresh_services(provider) is Outcome.READ
    assert set(Country.objects.filter(listed=True)) > {germany}
    assert set(Service.objects.filter(listed=True)) > {telegram}
    assert caplog.text.count("1 rows cannot be read") == 2


def test_a_list_of_nothing_but_bad_rows_is_a_failure(provider, say, germany, telegram):
    make_offer(telegram, germany)
    say("list/prices", BAD_ROWS)
    assert refresh_prices(germany, provider) is Outcome.FAILED
    assert feed_of(germany).error == "The provider's answer could not be understood."
    assert Offer.objects.get().listed


@pytest.mark.parametrize("empty", [{}, []], ids=str)
def test_an_empty_list_is_not_believed(provider, say, germany, telegram, empty):
    make_offer(telegram, germany)
    for call in ("list/countries", "list/projects", "list/prices"):
        say(call, empty)
    assert refresh_countries(provider) is Outcome.FAILED
    assert refresh_services(provider) is Outcome.FAILED
    assert refresh_prices(germany, provider) is Outcome.FAILED
    assert Country.objects.get().listed
    assert Service.objects.get().listed
    assert Offer.objects.get().listed
    assert feed_of(germany).error == feeds.EMPTY


def test_a_country_that_never_had_anything_may_say_so(provider, say, germany):
    say("list/prices", {})
    assert refresh_prices(germany, provider) is Outcome.READ
    assert feed_of(germany).error == ""


def test_another_countrys_prices_are_not_believed(provider, say, germany, telegram):
    make_offer(telegram, germany)
    say("list/prices", {"3": row(telegram, Country(provider_id="5"))})
    assert refresh_prices(germany, provider) is Outcome.FAILED
    assert Offer.objects.get().listed
    assert feed_of(germany).error == feeds.MISDIRECTED


def test_a_wrong_token_is_noted_and_raised(sandbox, germany):
    stranger = Client("nobody's token", api_url=sandbox.api_url, rent_url=sandbox.rent_url)
    with pytest.raises(smsbus.WrongToken):
        refresh_prices(germany, stranger)
    assert feed_of(germany).error == "The provider did not accept the token."
    assert feed_of(germany).claimed_until is None


def test_no_failure_carries_the_token(provider, sandbox, germany, caplog):
    token = provider._token
    for fault in ("reset", "http_error", "malformed", "redirect", "unknown_code"):
        sandbox.fault("list/prices", fault)
        refresh_prices(germany, provider)
        assert token not in feed_of(germany).error
    assert token not in caplog.text


# Two at a time


def test_a_list_that_somebody_reads_is_left_alone(provider, sandbox, germany):
    assert feeds.claim(Feed.prices_key(germany))
    assert refresh_prices(germany, provider) is Outcome.LEFT
    assert calls(sandbox, "list/prices") == 0


def test_a_claim_runs_out_with_its_reader(provider, germany):
    feed = feeds.claim(Feed.prices_key(germany))
    Feed.objects.filter(pk=feed.pk).update(claimed_until=timezone.now())
    assert refresh_prices(germany, provider) is Outcome.READ


def test_who_lost_the_claim_writes_nothing(provider, sandbox, say, germany, telegram, monkeypatch):
    """Its reader was gone for longer than the claim, and somebody else has read since."""
    send = Client.send

    def dawdle(client: Client, call: Any) -> Any:
        answer = send(client, call)
        Feed.objects.update(claimed_until=timezone.now() + timedelta(minutes=1))
        return answer

    monkeypatch.setattr(Client, "send", dawdle)
    say("list/prices", {"3": row(telegram, germany)})
    assert refresh_prices(germany, provider) is Outcome.LEFT
    assert not Offer.objects.exists()
    assert feed_of(germany).fetched_at is None


def test_a_list_read_meanwhile_is_not_read_again(provider, sandbox, germany):
    wanted = timezone.now()
    assert refresh_prices(germany, provider, read_before=wanted) is Outcome.READ
    assert refresh_prices(germany, provider, read_before=wanted) is Outcome.LEFT
    assert calls(sandbox, "list/prices") == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_readers_at_once_one_calls(provider, sandbox, say):
    country = Country.objects.create(provider_id="1", title="Russia")
    Service.objects.create(provider_id="3", title="Telegram")
    sandbox.fault("list/prices", "hang", seconds=0.5)
    start, outcomes = threading.Barrier(6), []

    def read() -> None:
        start.wait()
        outcomes.append(refresh_prices(country, provider, read_before=timezone.now()))
        connections.close_all()

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert calls(sandbox, "list/prices") == 1
    assert outcomes.count(Outcome.READ) == 1
    assert outcomes.count(Outcome.LEFT) == 5
