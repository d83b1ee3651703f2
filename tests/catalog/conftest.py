"""The provider that the catalogue is read from, and what it is made to say."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from pytest_django import Settings

from accounts.provider import client_with
from catalog.models import Country, Service
from sandbox.calls import Shape
from sandbox.server import Sandbox
from smsbus import Client
from tests.factories import make_country, make_service, make_token

Saying = Callable[..., None]


@pytest.fixture
def provider(sandbox: Sandbox, db: None) -> Client:
    """A client of the sandbox."""
    token = make_token()
    sandbox.add_account(token)
    return client_with(token)


@pytest.fixture
def provider_shaped(settings: Settings, db: None) -> Callable[..., AbstractContextManager[Client]]:
    """``with provider_shaped(lists=True) as client``: a provider that spells its answers otherwise."""

    @contextmanager
    def run(**shape: Any) -> Iterator[Client]:
        with Sandbox(seed=1, shape=Shape(**shape)) as sandbox:
            settings.SMSBUS_API_URL, settings.SMSBUS_RENT_URL = sandbox.api_url, sandbox.rent_url
            token = make_token()
            sandbox.add_account(token)
            yield client_with(token)

    return run


@pytest.fixture
def say(sandbox: Sandbox) -> Saying:
    """``say("list/prices", data)``: the next answers to this call carry ``data``, word for word."""

    def answer(call: str, data: Any, *, times: int = 1, code: int = 200) -> None:
        text = json.dumps({"code": code, "message": "Operation Success", "data": data})
        sandbox.fault(call, "body", times, text=text)

    return answer


@pytest.fixture
def germany(db: None) -> Country:
    return make_country("Germany", "DE", provider_id="48")


@pytest.fixture
def telegram(db: None) -> Service:
    return make_service("Telegram", "tg", provider_id="3")


@pytest.fixture
def paypal(db: None) -> Service:
    return make_service("Paypal", "pp", provider_id="10")


def row(service: Service, country: Country, cost: Any = 0.14, stock: Any = 680) -> dict[str, Any]:
    """One row of a price list."""
    return {
        "country_id": int(country.provider_id),
        "project_id": int(service.provider_id),
        "cost": cost,
        "total_count": stock,
        "title": country.title,
        "code": country.iso_code,
    }
