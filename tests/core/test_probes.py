"""The two probes: alive says nothing about others, ready names what is missing and no more."""

import tempfile
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from core.valkey import socket_url

PROBES = ["/healthz", "/readyz"]


@pytest.fixture
def no_redis(settings: Settings) -> str:
    with tempfile.TemporaryDirectory(prefix="busstop-", dir="/tmp") as folder:
        settings.REDIS_URL = socket_url(Path(folder) / "secret-place.sock")
    return settings.REDIS_URL


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("could not connect to secret-host.example")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", away)


def test_alive_asks_nobody(client: Client, no_redis: str, no_database: None) -> None:
    # Without the mark `django_db` a query would fail the test.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_ready_with_everything_there(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(2):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_not_ready_without_redis(client: Client, no_redis: str) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "missing": ["redis"]}
    assert "secret" not in answer.text


@pytest.mark.django_db
def test_not_ready_without_a_database(client: Client, no_database: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])
    assert "secret" not in answer.text


@pytest.mark.django_db
def test_not_ready_before_the_newest_migration(client: Client) -> None:
    newest = max(
        name for app, name in MigrationRecorder(connection).applied_migrations() if app == "rentals"
    )
    MigrationRecorder(connection).record_unapplied("rentals", newest)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["migrations"])


@pytest.mark.django_db
@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_knows_an_address_and_not_the_name_of_the_site(
    client: Client, settings: Settings, probe: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["busstop.example.org"]
    answer = client.get(probe, headers={"Host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert "10.0.0.7" not in answer.text
    assert client.head(probe, headers={"Host": "10.0.0.7:8000"}).status_code == 200
    # Whatever else comes to such a host is refused as ever.
    assert client.post(probe, headers={"Host": "10.0.0.7:8000"}).status_code in (301, 400)


@pytest.mark.django_db
@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_leaves_no_session_behind(client: Client, probe: str) -> None:
    answer = client.get(probe)
    assert not answer.cookies
    assert "no-store" in answer["Cache-Control"]
