"""Where the wire differs from its documentation: the forms an answer can take."""

import pytest

from sandbox.calls import Shape
from sandbox.catalogue import load_catalogue
from sandbox.server import Sandbox
from tests.sandbox.client import TELEGRAM, TOKEN, UNITED_STATES, Client


def test_long_ids_are_strings_of_21_digits_with_an_area_code() -> None:
    with Sandbox(ids="long") as sandbox:
        sandbox.add_account(TOKEN)
        alice = Client(sandbox)
        sold = alice.buy()
        assert isinstance(sold["request_id"], str)
        assert len(sold["request_id"]) == 21
        assert int(sold["request_id"]) >= 2**64
        assert sold["area_code"] == "1"
        sandbox.deliver(sold["request_id"], "1")
        assert alice.otp("get/sms", request_id=sold["request_id"])["data"] == "1"


def test_codes_as_strings_and_maps_as_lists() -> None:
    with Sandbox(shape=Shape(string_codes=True, lists=True)) as sandbox:
        sandbox.add_account(TOKEN)
        alice = Client(sandbox)
        for call in ("list/countries", "list/projects"):
            answer = alice.otp(call)
            assert answer["code"] == "200"
            assert {"id", "title", "code"} == set(answer["data"][0])
        assert isinstance(alice.otp("list/prices", country_id=UNITED_STATES)["data"], list)
        assert alice.otp("cancel", request_id=1)["code"] == "50103"


def test_prices_under_keys_that_are_no_projects() -> None:
    with Sandbox(shape=Shape(prices_keyed_by="country")) as sandbox:
        sandbox.add_account(TOKEN)
        prices = Client(sandbox).otp("list/prices", country_id=UNITED_STATES)["data"]
        assert prices[str(UNITED_STATES)]["project_id"] != UNITED_STATES
        assert TELEGRAM in {row["project_id"] for row in prices.values()}


def test_a_balance_that_includes_what_is_frozen() -> None:
    with Sandbox(shape=Shape(balance_includes_frozen=True)) as sandbox:
        sandbox.add_account(TOKEN)
        alice = Client(sandbox)
        alice.buy()
        balance, frozen = alice.money()
        assert balance == 10
        assert frozen > 0


@pytest.mark.parametrize("wrong", [{"prices_keyed_by": "row"}, {"no_lease_sms": 500}])
def test_a_shape_that_does_not_exist(wrong: dict) -> None:
    with pytest.raises(ValueError):
        Shape(**wrong)


def test_the_same_seed_makes_the_same_catalogue() -> None:
    load_catalogue.cache_clear()
    first = load_catalogue(7)
    load_catalogue.cache_clear()
    assert load_catalogue(7) == first
    assert load_catalogue(8) != first


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_known_services_are_always_to_be_had(seed: int) -> None:
    catalogue = load_catalogue(seed)
    for country_id in catalogue.countries:
        assert catalogue.offers[country_id, TELEGRAM].stock > 0
