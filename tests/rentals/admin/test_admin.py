"""Purchases, money and messages in the admin: everything to see, nothing to change."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Action, AuditEntry
from rentals import journal
from rentals.models import (
    Activation,
    BalanceSnapshot,
    Event,
    LedgerEntry,
    MemberDay,
    Message,
    PollShard,
    Purchase,
    TripDay,
)
from rentals.operations import activation as operations
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_country,
    make_offer,
    make_provider_account,
    make_purchase,
    make_snapshot,
    make_team,
    make_token,
    make_user,
)

pytestmark = pytest.mark.django_db
TEXT = "<b>Your code</b> is 048213"
MODELS = [
    *(Activation, BalanceSnapshot, Event, LedgerEntry),
    *(Message, PollShard, Purchase, MemberDay, TripDay),
]


@pytest.fixture
def canary() -> str:
    return make_token()


@pytest.fixture
def activation(team, alice, canary) -> Activation:
    """A number with its SMS, bought with a token that must not be seen."""
    account = make_provider_account(team, canary, refer_id="refer-canary-77")
    purchase = make_purchase(team, alice, account=account, state=PurchaseState.BOUGHT)
    activation = make_activation(team, purchase=purchase, number="17548003793")
    operations.store_sms(activation_id=activation.pk, text=TEXT, by="poller")
    purchase.keep_answer('{"request_id": "raw-answer-canary"}')
    purchase.save()
    PollShard.objects.create(number=0)
    make_snapshot(account)
    return activation


def address(model: type, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def clerk(*models: type) -> object:
    """Staff who may view ``models``, and are no superusers."""
    user = make_user(f"clerk{timezone.now().timestamp()}", is_staff=True)
    names = [f"view_{model._meta.model_name}" for model in models]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_everything_can_be_seen_and_nothing_changed(client_of, sam, activation, model):
    browser = client_of(sam)
    pk = model.objects.order_by("pk").first().pk
    assert browser.get(address(model)).status_code == 200
    page = browser.get(address(model, "change", pk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.text
    before = list(model.objects.values())
    assert browser.get(address(model, "add")).status_code == 403
    assert browser.post(address(model, "add"), {}).status_code == 403
    assert browser.post(address(model, "change", pk), {"state": "lost"}).status_code == 403
    assert browser.post(address(model, "delete", pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    browser.post(address(model), chosen)
    assert list(model.objects.values()) == before


def test_every_model_of_the_app_is_registered():
    for model in apps.get_app_config("rentals").get_models():
        assert model in admin.site._registry


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_owners_of_a_team_are_no_staff(client_of, alice, activation, model):
    assert client_of(alice).get(address(model)).status_code == 302


# Finding


@pytest.mark.parametrize(
    "text",
    [
        "17548003793",
        "+1 754-800-3793",
        "+1 (754) 800 3793",
        "request id",
        "alice@example.org",
        "code",
    ],
)
def test_a_purchase_is_found_by_what_support_is_told(client_of, sam, bob, team, activation, text):
    other = make_activation(team, bob)
    text = {"request id": activation.request_id, "code": str(activation.purchase.code)}.get(
        text, text
    )
    page = client_of(sam).get(address(Purchase), {"q": text}).text
    assert address(Purchase, "change", activation.purchase_id) in page
    assert address(Purchase, "change", other.purchase_id) not in page


@pytest.mark.parametrize("text", ["spai", "Spanien"])
def test_a_purchase_is_found_by_its_country_in_any_language(client_of, sam, team, text):
    there = make_purchase(team, offer=make_offer(country=make_country("Spain", iso_code="ES")))
    other = make_purchase(team, offer=make_offer(country=make_country("Peru", iso_code="PE")))
    page = client_of(sam).get(address(Purchase), {"q": text}).text
    assert address(Purchase, "change", there.pk) in page
    assert address(Purchase, "change", other.pk) not in page


@pytest.mark.parametrize(
    "model", [Activation, Event, LedgerEntry, Message, MemberDay], ids=lambda model: model.__name__
)
def test_the_other_lists_are_searched_too(client_of, sam, activation, model):
    for text in (activation.number, activation.request_id, "alice@example.org", "nonsense"):
        assert client_of(sam).get(address(model), {"q": text}).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_costs_the_same_for_any_number_of_rows(
    client_of, sam, team, activation, model, django_assert_num_queries
):
    browser = client_of(sam)
    browser.get(address(model))
    with CaptureQueriesContext(connection) as few:
        browser.get(address(model))
    for number in range(1, 12):
        more = make_activation(team)
        operations.store_sms(activation_id=more.pk, text=f"{number}0000", by="poller")
        PollShard.objects.create(number=number)
        make_snapshot(make_provider_account(make_team()))
        MemberDay.objects.create(
            team=team,
            member=team.members.first(),
            day=(timezone.now() - timedelta(days=number)).date(),
        )
    with django_assert_num_queries(len(few)):
        browser.get(address(model))


# A purchase


def test_its_page_tells_the_whole_story(client_of, sam, alice, activation):
    with transaction.atomic():
        journal.note(activation.purchase, reason="late_answer", actor=alice)
    page = client_of(sam).get(address(Purchase, "change", activation.purchase_id)).text
    assert "The SMS arrived; the price is spent." in page
    assert "came late, but it came" in page
    assert "alice@example.org" in page
    assert "reserved" in page
    assert "spent" in page
    assert address(Activation, "change", activation.pk) in page


def test_its_page_costs_the_same_for_any_number_of_events(
    client_of, sam, alice, bob, activation, django_assert_num_queries
):
    browser, page = client_of(sam), address(Purchase, "change", activation.purchase_id)
    browser.get(page)
    with CaptureQueriesContext(connection) as few:
        browser.get(page)
    with transaction.atomic():
        for actor in (alice, bob) * 10:
            journal.note(activation.purchase, reason="late_answer", actor=actor)
    with django_assert_num_queries(len(few)):
        browser.get(page)


def test_a_purchase_without_a_number_is_a_page_too(client_of, sam, team):
    purchase = make_purchase(team)
    assert client_of(sam).get(address(Purchase, "change", purchase.pk)).status_code == 200


# Drift


def test_drift_is_found_by_what_is_still_to_do(client_of, sam, team):
    account = make_provider_account(team)
    rows = {
        "none": make_snapshot(account),
        "unexplained": make_snapshot(account, drift="-5"),
        "explained": make_snapshot(account, drift="5", explained_at=timezone.now()),
        "open": make_snapshot(account, drift=None),
    }
    shown = {"any": {"unexplained", "explained"}, "unexplained": {"unexplained"}, "open": {"open"}}
    for choice, expected in {**shown, "": set(rows)}.items():
        page = client_of(sam).get(address(BalanceSnapshot), {"drift": choice} if choice else {})
        found = {
            name
            for name, row in rows.items()
            if address(BalanceSnapshot, "change", row.pk) in page.text
        }
        assert found == expected


# What is not for everybody


def reveal(message: Message) -> str:
    return address(Message, "do", message.pk, "reveal")


def test_no_page_shows_an_sms_not_even_to_superusers(client_of, sam, activation):
    browser, message = client_of(sam), activation.messages.get()
    for page in (
        address(Activation, "change", activation.pk),
        address(Message),
        address(Message, "change", message.pk),
        address(Message, "history", message.pk),
        reveal(message),
    ):
        text = browser.get(page).text
        assert "048213" not in text
        assert "Your code" not in text


def test_an_sms_is_revealed_for_a_reason_that_is_written_down(client_of, sam, team, activation):
    browser, message = client_of(sam), activation.messages.get()
    for reason in ("", "why not"):
        refused = browser.post(reveal(message), {"reason": reason})
        assert refused.status_code == 422
        assert "048213" not in refused.text
    assert not AuditEntry.objects.filter(action=Action.MESSAGE_REVEALED).exists()
    shown = browser.post(reveal(message), {"reason": "Alice asked us to."}).text
    assert "&lt;b&gt;Your code&lt;/b&gt; is 048213" in shown
    entry = AuditEntry.objects.of_team(team).get(action=Action.MESSAGE_REVEALED)
    assert entry.actor_email == sam.email
    assert entry.after["reason"] == "Alice asked us to."
    assert "048213" not in str(entry.after)


def test_an_sms_that_is_gone_is_not_revealed(client_of, sam, activation):
    message = activation.messages.get()
    Message.objects.update(text="", code="", text_removed_at=timezone.now())
    answer = client_of(sam).post(reveal(message), {"reason": "Alice asked us to."})
    assert answer.status_code == 302
    assert not AuditEntry.objects.filter(action=Action.MESSAGE_REVEALED).exists()


def test_sms_are_for_superusers_alone(client_of, sam, activation):
    page = address(Activation, "change", activation.pk)
    browser = client_of(clerk(Activation, Message, Purchase))
    assert browser.get(page).status_code == 200
    assert browser.get(address(Message)).status_code == 403
    message = activation.messages.get()
    assert browser.get(address(Message, "change", message.pk)).status_code in (302, 403)
    assert browser.post(reveal(message), {"reason": "Curious, that is all."}).status_code == 403
    assert "048213" not in browser.get(address(Purchase, "change", activation.purchase_id)).text


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_page_shows_a_token_a_referral_or_a_raw_answer(
    client_of, sam, activation, canary, model
):
    browser = client_of(sam)
    pk = model.objects.order_by("pk").first().pk
    for page in (address(model), address(model, "change", pk)):
        text = browser.get(page).text
        assert canary not in text
        assert "refer-canary" not in text
        assert "raw-answer-canary" not in text
        assert "answer_sealed" not in text
