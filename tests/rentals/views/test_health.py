"""The page of health, and the same for Prometheus."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import User
from core.health import store
from rentals.health.metrics import METRICS, PREFIX
from tests.plugins.site import PROJECT

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
TOKEN = "a-token-for-prometheus"


@pytest.fixture
def with_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def test_the_page_says_each_level_in_a_word(client_of: ClientOf, sam: User) -> None:
    page = client_of(sam).get(reverse("admin:health"))
    assert page.status_code == 200
    assert '<span class="health-level health-bad">wrong</span> Pollers' in page.text
    assert "Nobody polls it" in page.text
    assert f'data-refresh="{reverse("admin:health")}?fragment"' in page.text
    assert "<noscript><meta http-equiv" in page.text


def test_the_fragment_is_the_page_without_what_is_around_it(client_of: ClientOf, sam: User) -> None:
    browser = client_of(sam)
    fragment = browser.get(reverse("admin:health"), {"fragment": ""}).text
    assert "<html" not in fragment
    headings = re.findall(r"</span> ([^<]+)</h2>", fragment)
    assert headings == re.findall(r"</span> ([^<]+)</h2>", browser.get("/admin/health/").text)
    assert len(headings) == 6


def test_only_staff_see_it(client_of: ClientOf, alice: User) -> None:
    answer = client_of(alice).get(reverse("admin:health"))
    assert answer.status_code == 302
    assert reverse("admin:login") in answer["Location"]


def test_a_name_of_a_process_is_text(client_of: ClientOf, sam: User, valkey: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "process_name", lambda: "<script>alert(1)</script>:1")
        store.report("web", streams=1)
    page = client_of(sam).get(reverse("admin:health")).text
    assert "&lt;script&gt;alert(1)" in page
    store._try(lambda client: client.delete(store.PROCESSES))


def test_metrics_are_off_without_a_token(client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": "Bearer "})
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer é{TOKEN}"],
)
def test_metrics_are_for_who_bears_the_token(client: Client, with_token: None, header: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": header})
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_metrics_are_what_prometheus_reads(client: Client, with_token: None) -> None:
    store.add_calls(
        {"get/sms|answered": 3, "get/sms|0": 2, "get/sms|9": 1, "get/sms|µs": 30_100_000}
    )
    # By address and plain HTTP, as Prometheus asks.
    answer = client.get(
        "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8000"}
    )
    assert answer.status_code == 200
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples["busstop_health", "pollers"] == 2
    assert samples["busstop_shard_held", "0"] == 0
    assert families["busstop_provider_calls"].type == "counter"
    assert samples["busstop_provider_calls_total", "get/sms", "answered"] >= 3
    buckets = [
        sample.value
        for sample in families["busstop_provider_call_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["call"] == "get/sms"
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == samples["busstop_provider_call_seconds_count", "get/sms"]


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    page = (Path(PROJECT) / "docs" / "monitoring.md").read_text()
    assert set(re.findall(rf"^\| `{PREFIX}(\w+)`", page, re.MULTILINE)) == set(METRICS)
