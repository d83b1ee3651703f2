"""Carrying notifications to people by mail: tried again with growing pauses, given up in the end.

At least once: a worker that dies between the mail server's yes and our note of it has the mail sent
again. A mail says no more than the page does, and never an SMS.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import Membership
from core.letters import make_letter
from core.queue import enqueue_on_commit
from notify.models import Delivery
from notify.operations.telling import language_of

logger = logging.getLogger(__name__)
State = Delivery.State

CLAIM = timedelta(minutes=2)  # what one try may take
FIRST_PAUSE = timedelta(minutes=1)  # doubled after each try
TRIES = 10  # over about 17 hours
BATCH = 200


def deliver(*, delivery_id: int) -> bool:
    """Try to send one mail; False where there was nothing to send or it did not work.

    Claimed by compare-and-swap before the server is called: of two who try at once, one does. No
    transaction is open meanwhile.
    """
    now = timezone.now()
    delivery = (
        Delivery.objects.select_related("notification__user", "notification__team")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None or delivery.state != State.WAITING or delivery.next_try > now:
        return False
    claim = now + CLAIM
    ours = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING, next_try=delivery.next_try)
    if not ours.update(next_try=claim, attempts=delivery.attempts + 1):
        return False
    delivery.next_try, delivery.attempts = claim, delivery.attempts + 1
    if not _is_wanted(delivery):
        return not _finish(delivery, state=State.DROPPED)
    try:
        _mail_of(delivery).send()
    except OSError as error:  # smtplib's errors are OSErrors too
        _try_later(delivery, error)
        return False
    return _finish(delivery, state=State.SENT, sent_at=timezone.now(), last_error="")


def sweep_deliveries() -> None:
    """Wake up what is due: lost wake-ups, tries after a pause, claims of workers that died."""
    from notify import tasks  # the tasks import the operations

    due = Delivery.objects.due(timezone.now()).order_by("next_try")
    for pk in due.values_list("pk", flat=True)[:BATCH]:
        enqueue_on_commit(tasks.deliver, pk)


def _is_wanted(delivery: Delivery) -> bool:
    """Whether its reader is still an active member of the team."""
    told = delivery.notification
    return Membership.objects.filter(
        team=told.team_id, user=told.user_id, user__is_active=True
    ).exists()


def _mail_of(delivery: Delivery) -> EmailMultiAlternatives:
    told = delivery.notification
    context = {
        "notification": told,
        "team": told.team,
        "url": settings.SITE_URL + told.url,
        "site_url": settings.SITE_URL,
    }
    with language_of(told.user):
        subject = render_to_string("emails/notification_subject.txt", context)
        text = render_to_string("emails/notification.txt", context)
        # A line break in a subject would begin another header.
        return make_letter(subject=" ".join(subject.split()), text=text, to=[told.user.email])


def _try_later(delivery: Delivery, error: OSError) -> None:
    logger.warning("delivery %s: %s", delivery.pk, type(error).__name__)
    said = f"{type(error).__name__}: {error}"[:200]
    if delivery.attempts >= TRIES:
        _finish(delivery, state=State.FAILED, last_error=said)
        return
    pause = FIRST_PAUSE * 2 ** (delivery.attempts - 1)
    _finish(delivery, next_try=timezone.now() + pause, last_error=said)


def _finish(delivery: Delivery, **changes: object) -> bool:
    """Write what came of it, while our claim still stands."""
    ours = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING, next_try=delivery.next_try)
    return bool(ours.update(**changes))
