"""Mails: sent once, tried again with growing pauses, given up, dropped."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from notify import tasks
from notify.models import Delivery
from notify.operations.delivering import TRIES, deliver
from tests.factories import make_notification

pytestmark = pytest.mark.django_db
State = Delivery.State


class MailServerIsDown(BaseEmailBackend):
    def send_messages(self, messages: object) -> int:
        raise ConnectionRefusedError("nobody there")


@pytest.fixture
def no_server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.MailServerIsDown"


@pytest.fixture
def delivery(team, alice) -> Delivery:
    told = make_notification(
        team, alice, title="Half\nis <b>used</b>", body="Of 5 & more", url=f"/t/{team.slug}/limits/"
    )
    return Delivery.objects.create(notification=told)


def test_a_mail_is_sent_once(delivery, alice, team, settings):
    assert deliver(delivery_id=delivery.pk)
    assert not deliver(delivery_id=delivery.pk)
    (sent,) = mail.outbox
    assert sent.to == [alice.email]
    assert sent.subject == "Half is <b>used</b> · Departures"
    assert f"{settings.SITE_URL}/t/{team.slug}/limits/" in sent.body
    assert "Of 5 & more" in sent.body
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_error) == (State.SENT, 1, "")


def test_its_html_is_inert(delivery):
    deliver(delivery_id=delivery.pk)
    html, kind = mail.outbox[0].alternatives[0]
    assert kind == "text/html"
    assert "<b>used" not in html
    assert "&lt;b&gt;used" in html
    assert "<script" not in html
    assert "<img" not in html


def test_a_server_that_is_away_is_tried_again_later_and_later(delivery, no_server):
    pauses = []
    for attempt in range(1, 4):
        assert not deliver(delivery_id=delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (State.WAITING, attempt)
        pauses.append(round((delivery.next_try - timezone.now()).total_seconds() / 60))
        assert not deliver(delivery_id=delivery.pk)  # not yet
        Delivery.objects.update(next_try=timezone.now())
    assert pauses == [1, 2, 4]
    assert delivery.last_error == "ConnectionRefusedError: nobody there"


def test_it_is_given_up_in_the_end(delivery, no_server):
    Delivery.objects.update(attempts=TRIES - 1)
    deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.FAILED, TRIES)


def test_a_worker_that_died_is_followed_by_another(delivery, queued):
    Delivery.objects.update(attempts=1, next_try=timezone.now() - timedelta(seconds=1))
    assert deliver(delivery_id=delivery.pk)


def test_who_is_being_served_is_left_alone(delivery):
    Delivery.objects.update(attempts=1, next_try=timezone.now() + timedelta(minutes=1))
    assert not deliver(delivery_id=delivery.pk)
    assert not mail.outbox


@pytest.mark.parametrize("gone", ["left", "inactive"])
def test_who_is_no_longer_there_gets_no_mail(delivery, alice, team, gone):
    if gone == "left":
        team.memberships.all().delete()
    else:
        alice.is_active = False
        alice.save()
    assert not deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == State.DROPPED
    assert not mail.outbox


def test_what_is_gone_is_not_sent():
    assert not deliver(delivery_id=4711)


def test_the_sweep_finds_what_is_due(delivery, team, queued, django_capture_on_commit_callbacks):
    later = Delivery.objects.create(
        notification=make_notification(team), next_try=timezone.now() + timedelta(minutes=1)
    )
    Delivery.objects.create(notification=make_notification(team), state=State.SENT)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep()
    found = [arguments for name, arguments in queued() if name == "notify.tasks.deliver"]
    assert found == [[delivery.pk]]
    assert later.pk not in found[0]
