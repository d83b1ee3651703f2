"""GET /help/: from the same sentences as the pages, for everybody."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts.models import Team, User
from catalog import feeds
from catalog.models import Feed
from rentals.states import ActivationState, LeaseState, PurchaseState
from rentals.wording import REFUSALS

ClientOf = Callable[[User], Client]


@pytest.mark.django_db
def test_it_explains_each_state_and_each_refusal_to_who_is_not_signed_in(client: Client) -> None:
    page = client.get("/help/").text

    for states in (PurchaseState, ActivationState, LeaseState):
        for state in states:
            assert f"<dt>{escape(str(state.label))}</dt>" in page
    for code, sentence in REFUSALS.items():
        assert f'id="code-{code}"' in page
        assert escape(sentence) in page


def test_every_page_leads_there(client_of: ClientOf, alice: User, team: Team) -> None:
    assert 'href="/help/"' in client_of(alice).get(reverse("rentals:desk", args=[team.slug])).text


@pytest.mark.parametrize("page", ["rentals:desk", "catalog:prices"])
def test_a_provider_that_does_not_answer_is_told_with_what_still_works(
    client_of: ClientOf, alice: User, team: Team, page: str
) -> None:
    down = Feed.objects.get(key=feeds.COUNTRIES)
    down.failed_at, down.error = timezone.now(), feeds.UNANSWERED[1]
    down.save()
    address = reverse(page, args=[team.slug])

    html = client_of(alice).get(address).text
    assert "The provider did not answer in time." in html
    assert "What still works" in html

    Feed.objects.create(key="prices:1", fetched_at=down.failed_at + timedelta(seconds=1))
    assert "What still works" not in client_of(alice).get(address).text


def test_a_refused_token_does_not_mean_that_the_provider_is_down(team: Team) -> None:
    refused = {"failed_at": timezone.now(), "error": feeds.FAILURES[4][1]}
    Feed.objects.filter(key=feeds.COUNTRIES).update(**refused)
    assert feeds.last_unanswered() is None
